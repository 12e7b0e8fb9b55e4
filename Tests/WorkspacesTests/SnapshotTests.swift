import Testing
import Text
import Wire
import Zones

@testable import Workspaces

@Suite("Snapshots made one of the other")
struct SnapshotTests {
  /// A workspace that answers `www.a.example` with an address of its own.
  static func workspace(_ name: String, clients: [String] = [], address: String = "10.0.0.1") throws -> Workspace {
    let name = try #require(WorkspaceName(name))
    let list = clients.map { "\"\($0)\"" }.joined(separator: ", ")
    let source = WorkspaceSource(
      name: name, folder: "zones/\(name)",
      files: [
        "workspace.json": Array("{ \"clients\": [\(list)] }".utf8),
        "a.example.zone": Array((WorkspaceTests.soa + "www 60 A \(address)\n").utf8),
      ])
    return try #require(Workspace.load(source, serverRules: []).workspace)
  }

  /// Whose client an address is, by name; nil when it is nobody's.
  static func owner(of text: String, in snapshot: Snapshot) throws -> String? {
    let entry = snapshot.clients.find(try #require(IPAddress(text)))
    return entry.flatMap { snapshot.clients.workspace(at: $0) }.map { snapshot.workspaces[$0].name.description }
  }

  /// The address that the image at a slot holds for `www.a.example`, as octets.
  static func address(at slot: Int, in snapshot: Snapshot) throws -> [UInt8]? {
    let name = try Name("www.a.example").wire
    var hashes = NameHashes()
    let images = snapshot.images
    let view = images.view(at: slot)
    hashes.fill(name.span, seed: view.seed)
    let found = view.lookup(name.span, hashes)
    guard found.outcome == .exact, let set = view.set(.a, at: found.node) else { return nil }
    return view.firstData(set).array
  }

  @Test("A slot does not move while the workspace is there, whoever comes and goes")
  func stable() throws {
    var builder = SnapshotBuilder()
    for name in ["b", "d", "f"] { builder.set(try Self.workspace(name)) }
    #expect(builder.build().isEmpty)
    let names = ["b", "d", "f"].compactMap { WorkspaceName($0) }
    let slots = names.map { builder.snapshot.workspaces.slot(of: $0) }
    for name in ["a", "c", "e"] { builder.set(try Self.workspace(name)) }
    builder.set(try Self.workspace("d", address: "10.0.0.9"))
    #expect(builder.build().isEmpty)
    #expect(names.map { builder.snapshot.workspaces.slot(of: $0) } == slots)
    let d = try #require(slots[1])
    #expect(try Self.address(at: d, in: builder.snapshot) == [10, 0, 0, 9])
    #expect(builder.snapshot.workspaces.count == 6)
    #expect(
      builder.snapshot.workspaces.all.sorted { $0.slot < $1.slot }.map(\.workspace.name.description)
        == ["b", "d", "f", "a", "c", "e"])
  }

  @Test("A slot goes to no other workspace while anybody may refer to it")
  func slotsDoNotCross() throws {
    var builder = SnapshotBuilder()
    let gone = try #require(WorkspaceName("gone"))
    builder.set(try Self.workspace("gone"))
    _ = builder.build()
    var old: Snapshot? = builder.snapshot
    var kept: WorkspaceSlot? = old?.workspaces.slot(0)
    builder.remove(gone)
    _ = builder.build()
    #expect(builder.snapshot.workspaces.slot(of: gone) == nil)
    #expect(try Self.address(at: 0, in: builder.snapshot) == nil, "nobody's slot answers nothing")

    builder.set(try Self.workspace("second"))
    _ = builder.build()
    #expect(
      try builder.snapshot.workspaces.slot(of: #require(WorkspaceName("second"))) == 1,
      "the old snapshot still has slot 0")
    #expect(try old.map { try Self.address(at: 0, in: $0) } == [10, 0, 0, 1], "and answers from it")
    old = nil
    builder.set(try Self.workspace("third"))
    _ = builder.build()
    #expect(
      try builder.snapshot.workspaces.slot(of: #require(WorkspaceName("third"))) == 2,
      "and then somebody holds the slot itself")
    #expect(try builder.snapshot.workspaces[#require(kept)] == nil)
    kept = nil
    builder.set(try Self.workspace("fourth"))
    _ = builder.build()
    #expect(
      try builder.snapshot.workspaces.slot(of: #require(WorkspaceName("fourth"))) == 0,
      "nobody does: the number is used again")
  }

  @Test("A workspace that comes again under a number that was another's is not taken for it")
  func numbersUsedAgain() throws {
    var builder = SnapshotBuilder()
    builder.set(try Self.workspace("first"))
    _ = builder.build()
    let slot = builder.snapshot.workspaces.slot(0)
    builder.remove(slot.name)
    builder.set(try Self.workspace("second"))
    _ = builder.build()
    #expect(builder.snapshot.workspaces[slot] == nil)
    builder.set(try Self.workspace("first"))
    _ = builder.build()
    #expect(builder.snapshot.workspaces[slot] == nil, "a new slot: what was decided for the old one is over")
  }

  @Test("Queries are counted with the workspace through its changes, and never for the next with its number")
  func tallies() throws {
    var builder = SnapshotBuilder(countsQueries: true)
    builder.set(try Self.workspace("first"))
    _ = builder.build()
    builder.snapshot.workspaces.tally(of: 0)?.count(.refused)
    builder.set(try Self.workspace("first", address: "10.0.0.9"))
    _ = builder.build()
    #expect(builder.snapshot.workspaces.tally(of: 0)?[.refused] == 1)
    builder.remove(try #require(WorkspaceName("first")))
    _ = builder.build()
    #expect(builder.snapshot.workspaces.tally(of: 0) == nil)
    builder.set(try Self.workspace("second"))
    _ = builder.build()
    #expect(try builder.snapshot.workspaces.slot(of: #require(WorkspaceName("second"))) == 0)
    #expect(builder.snapshot.workspaces.tally(of: 0)?[.refused] == 0)
    #expect(try Snapshot.make([Self.workspace("other")]).snapshot.workspaces.tally(of: 0) == nil, "unless asked to")
  }

  @Test("What did not change is the same object in the next snapshot")
  func sharing() throws {
    var builder = SnapshotBuilder()
    for index in 0..<300 {
      builder.set(try Self.workspace("w\(index)", clients: ["10.0.\(index / 256).\(index % 256)"]))
    }
    #expect(builder.build().isEmpty)
    let before = builder.snapshot
    builder.set(try Self.workspace("w7", clients: ["10.0.0.7"], address: "10.9.9.9"))
    #expect(builder.build().isEmpty)
    let after = builder.snapshot
    #expect(after.clients === before.clients, "no claim has changed")
    let changed = zip(before.workspaces.all, after.workspaces.all).filter { $0.workspace !== $1.workspace }
    #expect(changed.map(\.0.workspace.name.description) == ["w7"])
    builder.set(try Self.workspace("w7", clients: ["10.0.0.7", "10.1.0.0/16"]))
    _ = builder.build()
    #expect(builder.snapshot.clients !== before.clients)
    #expect(try Self.owner(of: "10.1.2.3", in: builder.snapshot) == "w7")
    #expect(try Self.owner(of: "10.0.1.43", in: builder.snapshot) == "w299")
    #expect(builder.build().isEmpty)
  }

  @Test("A generation moves with its workspace alone, and comes once")
  func generations() throws {
    var builder = SnapshotBuilder()
    for name in ["a", "b"] { builder.set(try Self.workspace(name)) }
    _ = builder.build()
    func generations() -> [UInt64] { (0...1).map { builder.snapshot.images.generation(at: $0) } }
    var seen = Set(generations())
    #expect(seen.count == 2 && !seen.contains(0))
    let b = generations()[1]
    builder.set(try Self.workspace("a"))
    _ = builder.build()
    #expect(generations()[1] == b)
    #expect(seen.insert(generations()[0]).inserted)
    builder.remove(try #require(WorkspaceName("a")))
    _ = builder.build()
    #expect(seen.insert(generations()[0]).inserted)
  }

  @Test("A tie ends when one of the two gives way, and is told once more only where claims change")
  func ties() throws {
    var builder = SnapshotBuilder()
    for name in ["b", "a", "c"] { builder.set(try Self.workspace(name, clients: ["10.0.0.0/8"])) }
    #expect(
      builder.build().map(\.problem.description.prefixUpToColon)
        == ["zones/b/workspace.json", "zones/c/workspace.json"])
    #expect(try Self.owner(of: "10.1.1.1", in: builder.snapshot) == nil)
    builder.set(try Self.workspace("b", clients: ["10.0.0.0/8"], address: "10.2.2.2"))
    #expect(builder.build().isEmpty)
    for name in ["a", "c"] { builder.set(try Self.workspace(name)) }
    #expect(builder.build().isEmpty)
    #expect(try Self.owner(of: "10.1.1.1", in: builder.snapshot) == "b")
  }
}

extension String {
  fileprivate var prefixUpToColon: Substring { prefix { $0 != ":" } }
}
