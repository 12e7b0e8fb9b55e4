import Bounds
import Forwarding
import Testing
import Text
import Wire
import Zones

@testable import Workspaces

@Suite("Availability zones of clients")
struct ClientZoneTests {
  private static let list = #""clients": ["10.1.0.0/16", "10.1.0.8/29"]"#

  @Test(
    "Each mistake is named with its place",
    arguments: [
      (#"{ "us-east-1a": ["10.1.0.0/20"], "us-east-1b": ["10.1.16.0/20"] }"#, []),
      (#"{ "a": ["10.1.0.0/16"] }"#, []),
      (#"{ "a": ["10.1.0.10"] }"#, []),
      (
        #"{ "a": ["10.0.0.0/8"] }"#,
        [
          #"w.json:2:26: 10.0.0.0/8 lies in no prefix of "clients"; a zone says where clients are, and "clients" who they are"#
        ]
      ),
      (
        #"{ "a": ["10.1.0.0/20"], "b": ["10.1.64.0/20", "10.1.3.0/24"] }"#,
        ["w.json:2:64: 10.1.3.0/24 overlaps 10.1.0.0/20 in line 2; a client is in one zone"]
      ),
      (
        #"{ "a": ["10.1.3.0/24", "10.1.3.0/24"] }"#,
        ["w.json:2:41: 10.1.3.0/24 overlaps 10.1.3.0/24 in line 2; a client is in one zone"]
      ),
      (
        #"{ "US East": [] }"#,
        [#"w.json:2:20: "US East" is not the name of an availability zone; write one like us-east-1a"#]
      ),
      (
        #"{ "a": ["10.1.0.1/16"] }"#,
        [#"w.json:2:26: "10.1.0.1/16" has bits set after its length; write 10.1.0.0/16"#]
      ),
      (#"{ "a": "10.1.0.0/16" }"#, ["w.json:2:25: the zone a must be a list: [ … ], not a string"]),
    ])
  func mistakes(zones: String, expected: [String]) {
    #expect(WorkspaceFileTests.problems("{ \(Self.list),\n \"client-zones\": \(zones) }") == expected)
  }

  @Test("There are so many zones and networks at most")
  func bounded() {
    func problems(_ zones: Int, _ networks: Int) -> [String] {
      let members = (0..<zones).map { zone in
        "\"z\(zone)\": [" + (0..<networks).map { "\"10.1.\(zone).\($0)\"" }.joined(separator: ", ") + "]"
      }
      return WorkspaceFileTests.problems("{ \(Self.list), \"client-zones\": { \(members.joined(separator: ", ")) } }")
    }
    let (zones, networks) = (Limits.Workspaces.clientZones, Limits.Workspaces.clientZoneNetworks)
    #expect(problems(zones, networks / zones) == [])
    #expect(problems(zones + 1, 1).contains { $0.contains("more than \(zones) zones") })
    #expect(problems(zones, networks / zones + 1).contains { $0.contains("networks with those of the zones before") })
  }

  private static func workspace(
    _ name: String = "acme", zonal: [String: [String]] = ["a": ["10.9.0.2"], "b": ["10.9.0.3", "fd00::3"]]
  ) throws -> Workspace {
    try #require(load(name, zonal: zonal).workspace)
  }

  private static func load(
    _ name: String, zonal: [String: [String]], more: String = ""
  ) throws -> (workspace: Workspace?, problems: [Problem]) {
    let settings = """
      { "clients": ["10.1.0.0/16", "10.1.0.8/29", "10.2.0.0/16"],
        "client-zones": { "a": ["10.1.0.0/20"], "b": ["10.2.0.0/16"], "c": ["10.1.96.0/20"] } }
      """
    let zone = """
      \(WorkspaceTests.soa)www 60 A 10.9.0.1
      www 60 A 10.9.0.2
      www 60 A 10.9.0.3
      www 60 AAAA fd00::1
      www 60 AAAA fd00::3
      \(more)
      """
    let source = WorkspaceSource(
      name: try #require(WorkspaceName(name)), folder: "zones/\(name)",
      files: ["workspace.json": Array(settings.utf8), "a.example.zone": Array((zone + "\n").utf8)])
    var guards = LinkGuards()
    guards.zonal = zonal.mapValues { Set($0.compactMap { IPAddress($0) }) }
    return Workspace.load(source, guarding: guards, in: WorkspaceSetting())
  }

  /// Otherwise whoever names zones has all that is large built once more for each, while others' large changes wait.
  @Test("What is large is not built for each zone")
  func boundedImages() throws {
    let text = Array(repeating: "\"\(String(repeating: "x", count: 255))\"", count: 60).joined(separator: " ")
    let large = (0..<(Limits.Workspaces.octetsOfZonalImages / 2 / 15_000 + 1)).map { "t\($0) 60 TXT \(text)" }
    let more = large.joined(separator: "\n")
    #expect(try Self.load("acme", zonal: ["a": ["10.9.0.2"]], more: more).workspace != nil)
    let (workspace, problems) = try Self.load("acme", zonal: ["a": ["10.9.0.2"], "b": ["10.9.0.3"]], more: more)
    #expect(workspace == nil)
    #expect(
      problems.contains {
        $0.message.hasSuffix(
          "octets to answer from in each of 2 availability zones (\"client-zones\"), of which fewer may be named: split it"
        )
      }, "\(problems)")
  }

  /// The last octet of each address that a client is answered with, in order.
  private static func answer(
    _ client: String, _ type: RecordType = .a, in snapshot: Snapshot
  ) throws -> [UInt8] {
    let decision = try snapshot.decide(Asking(client: try #require(IPAddress(client)))).get()
    #expect(snapshot.workspaces[decision.workspace].name.description == "acme")
    let name = try Name("www.a.example")
    var hashes = NameHashes()
    let images = snapshot.images
    let view = images.view(at: decision.image)
    guard case .addresses(let addresses) = view.addresses(of: name, type, maximumHops: 0, &hashes) else { return [] }
    return addresses.compactMap(\.octets.last)
  }

  @Test("Clients of a zone have its addresses first, and lose none; others have them as they are written")
  func first() throws {
    let (snapshot, problems) = Snapshot.make([try Self.workspace()])
    #expect(problems.isEmpty)
    // Also where a client prefix is longer than the zone's network.
    for client in ["10.1.1.1", "10.1.15.255", "10.1.0.9"] {
      #expect(try Self.answer(client, in: snapshot) == [2, 1, 3], "\(client)")
      #expect(try Self.answer(client, .aaaa, in: snapshot) == [1, 3])
    }
    #expect(try Self.answer("10.2.0.1", in: snapshot) == [3, 1, 2])
    #expect(try Self.answer("10.2.0.1", .aaaa, in: snapshot) == [3, 1])
    // In no zone, and in one without addresses.
    for client in ["10.1.16.0", "10.1.96.1"] {
      #expect(try Self.answer(client, in: snapshot) == [1, 2, 3], "\(client)")
    }
  }

  @Test("What changes is followed, and what goes leaves nothing behind")
  func changes() throws {
    var builder = SnapshotBuilder()
    builder.set(try Self.workspace())
    builder.set(try SnapshotTests.workspace("globex", clients: ["10.7.0.0/16"]))
    #expect(builder.build().isEmpty)
    let before = builder.snapshot
    // The same prefixes, and other images.
    builder.set(try Self.workspace(zonal: ["a": ["10.9.0.3"], "b": ["10.9.0.3"]]))
    #expect(builder.build().isEmpty)
    #expect(try Self.answer("10.1.1.1", in: builder.snapshot) == [3, 1, 2])
    #expect(builder.snapshot.clients === before.clients, "the prefixes are laid out no second time")
    #expect(try Self.answer("10.1.1.1", in: before) == [2, 1, 3], "a snapshot does not change")
    builder.set(try Self.workspace(zonal: ["b": ["10.9.0.2"]]))
    #expect(builder.build().isEmpty)
    #expect(try Self.answer("10.1.1.1", in: builder.snapshot) == [1, 2, 3])
    #expect(try Self.answer("10.2.1.1", in: builder.snapshot) == [2, 1, 3])
    builder.set(try Self.workspace(zonal: [:]))
    builder.set(try SnapshotTests.workspace("umbrella", clients: ["10.8.0.0/16"]))
    #expect(builder.build().isEmpty)
    #expect(try Self.answer("10.2.1.1", in: builder.snapshot) == [1, 2, 3])
    builder.remove(try #require(WorkspaceName("acme")))
    _ = builder.build()
    #expect(throws: AskRefusal.nobodys) {
      try builder.snapshot.decide(Asking(client: try #require(IPAddress("10.1.1.1")))).get()
    }
    #expect(try SnapshotTests.owner(of: "10.8.0.1", in: builder.snapshot) == "umbrella")
  }

  @Test("A network of a zone counts as a client prefix where another workspace has the same")
  func disputed() throws {
    let rival = try SnapshotTests.workspace("globex", clients: ["10.1.0.0/20"])
    let (snapshot, problems) = Snapshot.make([try Self.workspace(), rival])
    #expect(problems.contains { $0.severity == .error && $0.message.contains("10.1.0.0/20") })
    #expect(throws: AskRefusal.disputed(.clients)) {
      try snapshot.decide(Asking(client: try #require(IPAddress("10.1.1.1")))).get()
    }
  }
}
