import Foundation
import Testing
import Text
import Wire
import Zones

/// Written files are loaded by the checkers of BIND and NSD, and what these print is read back.
@Suite struct OtherServersTests {
  static let records = """
    @ 300 SOA ns1 hostmaster.example.net. 2024010101 7200 900 1209600 300
    @ 300 NS ns1
    @ 300 NS ns.example.net.
    @ 300 MX 10 mail
    @ 300 TXT "v=spf1 -all" "a;b\\"c\\\\d\\009\\255"
    @ 300 CAA 0 issue "letsencrypt.org; x=y"
    @ 60 ALIAS vpce-0a1b2c-x1.vpce-svc-0d4e.us-east-1.vpce.amazonaws.com.
    ns1 300 A 192.0.2.1
    ns1 300 AAAA 2001:db8::1
    mail 0 A 192.0.2.25
    acme_prod 60 CNAME vpce-0a1b2c-x1.vpce-svc-0d4e.us-east-1.vpce.amazonaws.com.
    *.apps 60 CNAME www
    www 60 A 192.0.2.80
    www 60 A 192.0.2.81
    _sip._tcp 60 SRV 10 60 5060 mail
    1.2.0.192 60 PTR www
    old 60 DNAME new.example.net.
    e164 60 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
    sub 60 NS ns.sub
    ns.sub 60 A 192.0.2.53
    host 60 ALIAS www.example.net.
    host 60 TXT "beside an ALIAS"
    odd\\.na\\"me\\;\\(\\)\\@\\$\\000\\032 60 TXT ""
    unknown 60 TYPE65280 \\# 3 abcdef
    empty 60 TYPE65280 \\# 0
    mapped 60 AAAA ::ffff:192.0.2.1
    """

  /// The zone, and a new folder with its file.
  private func writeZone() throws -> (zone: Zone, folder: URL) {
    let (zone, problems) = check(Array(Self.records.utf8))
    #expect(problems.map(\.description) == [])
    let folder = FileManager.default.temporaryDirectory.appending(path: "ZonesTests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let checked = try #require(zone)
    let text = MasterFile.text(of: checked, header: ["Written by a test."])
    try Data(text.utf8).write(to: folder.appending(path: "example.com.zone"))
    return (checked, folder)
  }

  /// Runs a tool of Debian's; nil, and an issue, when it is not installed.
  private func run(_ tool: String, _ arguments: [String], package: String) throws -> (status: Int32, output: Data)? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin"]
    guard let found = folders.map({ "\($0)/\(tool)" }).first(where: FileManager.default.isExecutableFile) else {
      Issue.record("\(tool) is missing: apt-get install \(package)")
      return nil
    }
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: found)
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }

  @Test func bindLoadsWhatIsWritten() throws {
    let (zone, folder) = try writeZone()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "example.com.zone").path
    let dump = folder.appending(path: "dump").path
    // Without "-i local" it would ask the network for the names outside the zone.
    let arguments = ["-i", "local", "-k", "fail", "-D", "-o", dump, "example.com", file]
    guard let (status, output) = try run("named-checkzone", arguments, package: "bind9-utils") else { return }
    try #require(status == 0, "\(String(decoding: output, as: UTF8.self))")
    let parsed = MasterFile.parse([UInt8](try Data(contentsOf: URL(filePath: dump))), file: dump, origin: .root)
    let (again, problems) = Zone.check(parsed, apex: zone.apex)
    #expect(problems.map(\.description) == [])
    #expect(again?.records == zone.records)
  }

  @Test func nsdLoadsWhatIsWritten() throws {
    let (zone, folder) = try writeZone()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "example.com.zone").path
    guard let (status, output) = try run("nsd-checkzone", ["-p", "example.com", file], package: "nsd") else { return }
    try #require(status == 0, "\(String(decoding: output, as: UTF8.self))")
    // The tool ends with a comment of its own.
    let parsed = MasterFile.parse([UInt8](output), file: "nsd", origin: .root)
    let (again, problems) = Zone.check(parsed, apex: zone.apex)
    #expect(problems.map(\.description) == [])
    #expect(again?.records == zone.records)
  }
}
