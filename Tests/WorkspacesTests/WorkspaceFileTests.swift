import Bounds
import Forwarding
import Testing
import Text
import Wire
import Zones

@testable import Workspaces

@Suite("workspace.json")
struct WorkspaceFileTests {
  /// The problems of a text, as a person sees them.
  static func problems(_ text: String) -> [String] {
    do throws(Problems) {
      _ = try WorkspaceFile(Array(text.utf8), file: "w.json")
      return []
    } catch {
      return error.all.map(\.description)
    }
  }

  @Test("Everything that may stand in it, comments too")
  func complete() throws {
    let text = """
      // the pods
      { "clients": ["10.1.0.0/16", "fd00:1::/64", "10.9.9.9"],
        "forward": [{ "zone": "corp.example", "to": ["10.1.0.2", "10.1.0.3:5353", "[fd00::2]:53"] },
                    { "zone": "closed.example", "to": [] }],
        "zones": { "Corp.Example": { "miss": "forward" } },
        "cache": "own", }
      """
    let file = try WorkspaceFile(Array(text.utf8), file: "w.json")
    #expect(file.clients.map(\.prefix.description) == ["10.1.0.0/16", "fd00:1::/64", "10.9.9.9/32"])
    #expect(file.rules.map(\.zone.description) == ["corp.example.", "closed.example."])
    #expect(file.rules[0].upstreams.map(\.address.description) == ["10.1.0.2:53", "10.1.0.3:5353", "[fd00::2]:53"])
    #expect(file.rules[1].upstreams.isEmpty)
    #expect(file.zones.map(\.miss) == [.forward])
    #expect(file.hasOwnCache)
  }

  @Test(
    "Each mistake is named with its place and the remedy, and all of them at once",
    arguments: [
      (#"{ "cleints": [] }"#, [#"w.json:1:3: unknown key "cleints"; did you mean "clients"?"#]),
      (
        #"{ "clients": ["10.1.0.0/8"] }"#,
        [#"w.json:1:15: "10.1.0.0/8" has bits set after its length; write 10.0.0.0/8"#]
      ),
      (
        #"{ "clients": ["pod", 7] }"#,
        [
          #"w.json:1:15: "pod" is not an address or prefix; write one like 10.1.0.0/16 or fd00:1::/64"#,
          "w.json:1:22: a client prefix must be a string, not a number",
        ]
      ),
      (
        #"{ "clients": ["10.0.0.1", "10.0.0.1/32"] }"#,
        ["w.json:1:27: 10.0.0.1/32 stands here twice, first in line 1; remove one"]
      ),
      (
        #"{ "forward": [{ "zone": "a.example", "to": ["0.0.0.0"] }] }"#,
        [
          #"w.json:1:45: "0.0.0.0" is not an upstream's address; write one like 10.1.0.2, 10.1.0.2:5353 or [fd00::2]:53"#
        ]
      ),
      (
        #"{ "forward": [{ "zone": "a..example", "to": [] }] }"#,
        [#"w.json:1:25: "a..example" is not a zone's name: an empty label (two dots in a row, or a dot at the start)"#]
      ),
      (
        #"{ "zones": { "a.example": { "miss": "maybe" } } }"#,
        [#"w.json:1:37: "miss" is "nxdomain" or "forward", not "maybe""#]
      ),
      (#"{ "cache": "mine" }"#, [#"w.json:1:12: "cache" is "own" or "shared", not "mine""#]),
    ])
  func mistakes(text: String, expected: [String]) {
    #expect(Self.problems(text) == expected)
  }

  @Test("Two rules for one zone are refused, naming the first")
  func twoRules() {
    let text = #"{ "forward": [{ "zone": "a", "to": [] },"# + "\n" + #"{ "zone": "A.", "to": ["10.0.0.1"] }] }"#
    #expect(
      Self.problems(text) == ["w.json:2:1: a second rule for A., the first is in line 1; name all upstreams in one"])
  }
}

@Suite("Loading a workspace")
struct WorkspaceTests {
  static let soa = "@ 60 SOA ns.invalid. root.invalid. 1 3600 600 86400 60\n@ 60 NS ns.invalid.\n"

  static func load(_ files: [String: String]) throws -> (workspace: Workspace?, problems: [String]) {
    let name = try #require(WorkspaceName("acme"))
    let source = WorkspaceSource(name: name, folder: "zones/acme", files: files.mapValues { Array($0.utf8) })
    let (workspace, problems) = Workspace.load(source, serverRules: [])
    return (workspace, problems.map(\.description))
  }

  @Test("A good folder")
  func good() throws {
    let (workspace, problems) = try Self.load([
      "workspace.json": #"{ "clients": ["10.0.0.0/8"] }"#, "a.example.zone": Self.soa + "www 60 A 10.0.0.1\n",
    ])
    #expect(problems == [])
    #expect(workspace?.zoneCount == 1)
    #expect(workspace?.recordCount == 3)
  }

  @Test("One bad file makes the workspace bad, and every problem is told")
  func bad() throws {
    let (workspace, problems) = try Self.load([
      "workspace.json": #"{ "clients": ["x"] }"#, "a.example.zone": Self.soa + "www 60 A 10.0.0\n",
    ])
    #expect(workspace == nil)
    #expect(problems.count == 2)
    #expect(problems.contains { $0.hasPrefix("zones/acme/a.example.zone:3:") })
  }

  @Test("Without workspace.json nobody's client would be anybody's: the workspace is refused")
  func missingFile() throws {
    let (workspace, problems) = try Self.load([:])
    #expect(workspace == nil)
    #expect(problems.first?.hasPrefix("zones/acme/workspace.json: the file is missing") == true)
  }

  @Test("More zones than are served are an error, not a crash")
  func tooManyZones() throws {
    var files = ["workspace.json": "{}"]
    for number in 0...Limits.Zones.zonesOfWorkspace { files["z\(number).zone"] = "" }
    let (workspace, problems) = try Self.load(files)
    #expect(workspace == nil)
    #expect(problems == ["zones/acme: 65536 zones; a workspace has at most 65535: split it"])
  }

  /// Reading stops where a workspace's zones come to too much together: what follows is not taken into memory.
  ///
  /// Each has 301 octets of records and 94 names, most of them of one short line.
  @Test(
    "All zones together have one allowance",
    arguments: zip(
      [ZoneAllowance(octets: 2 * 301 + 100), ZoneAllowance(names: 2 * 94 + 50)],
      [
        "5:13: with this line the records of the workspace take more than 536870912 octets: split it",
        "3:188: with this line the workspace has more than 4000000 names: split it",
      ]))
  func allZonesTogether(_ allowance: ZoneAllowance, _ refusal: String) throws {
    let origin = Array(repeating: "a", count: 90).joined(separator: ".")
    let text = Array((Self.soa + "$ORIGIN \(origin)\n@ 60 A 10.0.0.1\nwww 60 PTR @\n").utf8)
    let files = ["a.example.zone": text, "b.example.zone": text, "c.example.zone": text]
    let source = WorkspaceSource(name: try #require(WorkspaceName("acme")), folder: "zones/acme", files: files)
    var problems: [Problem] = []
    #expect(Workspace.loadZones(source, &problems).count == 3 && problems == [])
    #expect(Workspace.loadZones(source, within: allowance, &problems).count == 2)
    #expect(problems.map(\.description) == ["zones/acme/c.example.zone:" + refusal])
  }

  @Test("Equal records count each while they are read: they are all in memory then")
  func equalRecordsCount() throws {
    // Three records, in twelve lines.
    let text = Array((Self.soa + String(repeating: "a 60 A 10.0.0.1\n", count: 10)).utf8)
    let files = ["a.example.zone": text, "b.example.zone": text, "c.example.zone": text]
    let source = WorkspaceSource(name: try #require(WorkspaceName("acme")), folder: "zones/acme", files: files)
    var problems: [Problem] = []
    let all = Workspace.loadZones(source, within: ZoneAllowance(records: 3 * 12), &problems)
    #expect(all.map(\.recordCount) == [3, 3, 3] && problems == [])
    #expect(Workspace.loadZones(source, within: ZoneAllowance(records: 2 * 12 + 5), &problems).count == 2)
    #expect(
      problems.map(\.description) == [
        "zones/acme/c.example.zone:6:16: with this line the workspace has more than 4000000 records: split it"
      ])
  }

  @Test("Two files of one zone are an error")
  func sameZoneTwice() throws {
    let (workspace, problems) = try Self.load([
      "workspace.json": "{}", "A.example.zone": Self.soa, "a.example.zone": Self.soa,
    ])
    #expect(workspace == nil)
    #expect(problems == ["zones/acme/a.example.zone: A.example.zone is the same zone, a.example.: remove one"])
  }

  @Test("A setting for a zone that is not there is a warning")
  func idleSetting() throws {
    let (workspace, problems) = try Self.load([
      "workspace.json": #"{ "zones": { "b.example": { "miss": "forward" } } }"#
    ])
    #expect(workspace != nil)
    #expect(problems.count == 1)
    #expect(problems.first?.contains("warning: there is no zone b.example.") == true)
  }

  @Test("A prefix that two workspaces claim is nobody's, and the problem names both")
  func tie() throws {
    let workspaces = try ["acme", "globex"].map { text in
      let name = try #require(WorkspaceName(text))
      let source = WorkspaceSource(
        name: name, folder: "zones/\(text)", files: ["workspace.json": Array(#"{ "clients": ["10.0.0.0/8"] }"#.utf8)])
      return try #require(Workspace.load(source, serverRules: []).workspace)
    }
    let (snapshot, problems) = Snapshot.make(workspaces)
    let entry = try #require(snapshot.clients.find(.v4(0x0a00_0001)))
    #expect(snapshot.clients.workspace(at: entry) == nil)
    #expect(problems.map(\.description).first?.hasPrefix("zones/globex/workspace.json:1:15: ") == true)
    #expect(problems.first?.message.contains("workspace acme") == true)
  }

  @Test(
    "A workspace's name",
    arguments: [
      ("a", true), ("a-1", true), ("0", true), ("-a", false), ("A", false), ("", false), ("a.b", false),
      (String(repeating: "a", count: 63), true), (String(repeating: "a", count: 64), false),
    ]
  )
  func names(text: String, isName: Bool) {
    #expect((WorkspaceName(text) != nil) == isName)
  }
}
