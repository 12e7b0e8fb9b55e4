import Testing
import Text
import Wire
import Zones

@testable import Links

@Suite("What hosts are answered with")
struct AnswerTests {
  static let name = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"

  /// The records that an import of one host makes, as zone text.
  static func records(_ endpoint: String, _ answer: Link.Answer?, host: String = "git.corp.example") throws -> [String]
  {
    let folder = WorkspaceFolder(
      name: "acme", directory: "zones/acme", files: ["workspace.json": Array(#"{ "clients": [] }"#.utf8)])
    var options = HostsImport.Options(
      LinkRequest("git", endpoint: try Endpoint.read(endpoint, addresses: [], flag: "--endpoint").endpoint))
    options.link.answer = answer
    options.zone = (name: "corp.example", miss: .forward)
    let plan = try HostsImport.plan([HostsImport.Item(host)], file: nil, options: options, in: folder)
    let file = try #require(plan.files.first { $0.path == "corp.example.zone" }?.content)
    let parsed = MasterFile.parse(file, file: "corp.example.zone", origin: try Name("corp.example"))
    return parsed.records.map(\.record).filter { $0.type != .soa && $0.type != .ns }
      .map { "\($0.owner) \($0.type) \(RecordText.text(of: $0.data, type: $0.type))" }
  }

  @Test("A CNAME to the endpoint's name, unless something else is asked for")
  func nameIsTheDefault() throws {
    #expect(try Self.records(Self.name, nil) == ["git.corp.example. CNAME \(Self.name)."])
  }

  @Test("With addresses that are pinned, those stand at the host itself")
  func pinnedAddresses() throws {
    #expect(
      try Self.records(Self.name + "=10.1.2.3,fd00::3", .address).sorted() == [
        "git.corp.example. A 10.1.2.3", "git.corp.example. AAAA fd00::3",
      ])
  }

  @Test("Without, an ALIAS says to answer with the endpoint's")
  func alias() throws {
    let records = try Self.records(Self.name, .address)
    #expect(records.count == 1)
    #expect(records.first?.hasPrefix("git.corp.example. TYPE65401 ") == true)
  }

  @Test("The link's file keeps the choice, and a later import without the flag does too")
  func isKept() throws {
    let endpoint = try Endpoint.read(Self.name, addresses: [], flag: "--endpoint").endpoint
    let link = Link(name: "git", kind: "hosts", answer: .address, main: Link.Route(endpoint: endpoint, hosts: []))
    let read = try LinkFileReader.read(Array(link.fileText.utf8), name: "git", file: "links/git.json")
    #expect(read.answer == .address)
  }
}
