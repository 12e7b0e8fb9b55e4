import Foundation
import Links
import Testing
import Zones

/// BIND's and NSD's own checkers load what is generated.
@Suite struct OtherServersCheckers {
  static let checkers = ["/usr/bin/named-checkzone", "/usr/sbin/nsd-checkzone"]

  @Test(.enabled(if: checkers.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }))
  func loadEveryGeneratedZone() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backroad-zones-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var zones: [(name: String, bytes: [UInt8])] = []
    let hosts = try importHosts(["git.corp.example", "*.ghe.corp.example", "a_b.corp.example"])
    let inZone = try importHosts(
      ["git.corp.example", "corp.example"], endpoint: "\(vpce)=10.0.0.1,fd00::1", zone: ("corp.example", .forward))
    let kinds = [
      try importDatabricks("https://dbc-a1b2c3d4-e5f6.cloud.databricks.com/?o=12", endpoint: "\(vpce)=10.0.0.1"),
      try importDatabricks(backEnd: true), try importVCS(["ghe.corp.example"], subdomains: true),
      try importVCS(["gitlab.corp.example"], registry: "registry.gitlab.corp.example", pages: "pages.corp.example"),
    ]
    for plan in [hosts, inZone] + kinds {
      zones += plan.files.filter { $0.path.hasSuffix(".zone") }.map { (String($0.path.dropLast(5)), $0.content ?? []) }
    }
    let accepted = fixtures.appendingPathComponent("accepted")
    for name in listing(accepted) {
      let expected = accepted.appendingPathComponent(name).appendingPathComponent("expected")
      for file in listing(expected) where file.hasSuffix(".zone") {
        zones.append((String(file.dropLast(5)), [UInt8](try Data(contentsOf: expected.appendingPathComponent(file)))))
      }
    }
    #expect(zones.count > 15)
    for (index, zone) in zones.enumerated() {
      let file = folder.appendingPathComponent("\(index).zone")
      try Data(zone.bytes).write(to: file)
      for checker in Self.checkers {
        let (status, output) = try Self.run(checker, [zone.name, file.path])
        #expect(status == 0, "\(checker) \(zone.name): \(output)")
      }
    }
  }

  private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
