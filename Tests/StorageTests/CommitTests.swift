import Glibc
import Storage
import SystemIO
import Testing
import Text
import Workspaces

/// Changes of a workspace: what they leave, and what they leave alone.
struct CommitTests {
  let folder: TemporaryZones
  let name: WorkspaceName

  init() throws {
    folder = try TemporaryZones()
    name = try workspace("acme")
    for file in ["workspace.json", "a.zone", "b.zone", "links/x.json", "notes/deep/n.txt", ".hidden"] {
      try folder.write("acme/\(file)", file)
    }
    try Files.symbolicLink(to: "a.zone", at: "\(folder.zones.path)/acme/current")
  }

  private func commit(_ changes: [String: String?]) throws {
    try folder.zones.withLock { lock in
      _ = try lock.commit(.texts(changes), to: folder.zones.contents(of: name))
    }
  }

  static let changes: [[String: String?]] = [
    ["a.zone": "new"],
    ["c.zone": "new"],
    ["a.zone": nil],
    ["links/x.json": nil],
    ["links/y.json": "new"],
    ["a.zone": "new", "b.zone": nil, "c.zone": "new", "links/y.json": "new", "links/x.json": nil],
    ["more/y.json": "new"],
    ["a.zone": "a.zone"],
    [:],
  ]

  @Test(arguments: changes) func onlyWhatIsChangedChanges(changes: [String: String?]) throws {
    var expected = try folder.listing()
    for (path, text) in changes { expected["acme/\(path)"] = text }
    if changes.keys.contains(where: { $0.hasPrefix("more/") }) { expected["acme/more/"] = "" }
    let unchanged = try Files.identity("\(folder.zones.path)/acme/notes/deep/n.txt")
    try commit(changes)
    #expect(try folder.listing() == expected)
    let after = try #require(try Files.identity("\(folder.zones.path)/acme/notes/deep/n.txt"))
    #expect(unchanged?.hasSameContent(as: after) == true, "what is not changed stays the very same file")
  }

  @Test func modesStay() throws {
    let acme = "\(folder.zones.path)/acme"
    for (path, mode) in [("", 0o2770), ("/links", 0o750), ("/a.zone", 0o640)] as [(String, mode_t)] {
      #expect(unsafe chmod(acme + path, mode) == 0)  // unsafe: the call reads the path.
    }
    let before = try ["", "/links", "/a.zone", "/b.zone"].map { try Files.access(acme + $0) }
    try commit(["a.zone": "new", "b.zone": "new", "c.zone": "new"])
    #expect(try ["", "/links", "/a.zone", "/b.zone"].map { try Files.access(acme + $0) } == before)
    try commit(["a.zone": "newer"])
    #expect(try ["", "/links", "/a.zone", "/b.zone"].map { try Files.access(acme + $0) } == before)
  }

  @Test func whatKilledProcessesLeftIsCleared() throws {
    let before = try folder.listing()
    try folder.write(".acme.staging-4194000/links/x.json", "old")
    try folder.write(".acme.staging-4194001", "old")
    try folder.write(".acme.staging-mine/x", "not ours")
    try folder.write(".acme-two.staging-7/x", "another's")
    try commit(["a.zone": "new", "b.zone": "new"])
    var expected = before.merging(["acme/a.zone": "new", "acme/b.zone": "new"]) { $1 }
    expected.merge([".acme.staging-mine/": "", ".acme.staging-mine/x": "not ours"]) { $1 }
    expected.merge([".acme-two.staging-7/": "", ".acme-two.staging-7/x": "another's"]) { $1 }
    #expect(try folder.listing() == expected)
  }

  /// As in a volume: the workspace is a link to a folder elsewhere beneath the zones folder.
  @Test(arguments: [["a.zone": "new", "b.zone": "new"], ["a.zone": "new"]])
  func aLinkedWorkspaceIsChangedWhereItIs(changes: [String: String?]) throws {
    try Files.makeFolder("\(folder.zones.path)/..v1")
    try Files.rename("\(folder.zones.path)/acme", to: "\(folder.zones.path)/..v1/acme-files")
    try Files.symbolicLink(to: "..v1", at: "\(folder.zones.path)/..data")
    try Files.symbolicLink(to: "..data/acme-files", at: "\(folder.zones.path)/acme")
    var expected = try folder.listing()
    for (path, text) in changes { expected["..v1/acme-files/\(path)"] = text }
    try commit(changes)
    #expect(try folder.listing() == expected)
  }

  /// Each is done by someone else after the state was read and before the change is made.
  static let disturbances: [(String, @Sendable (TemporaryZones) throws -> Void)] = [
    ("a file written in place", { try $0.overwrite("acme/a.zone", "theirs!") }),
    ("a file replaced", { try $0.write("acme/b.zone", "b.zone") }),
    ("a file added", { try $0.write("acme/c.zone", "theirs") }),
    ("a file removed", { try Files.removeFile("\($0.zones.path)/acme/b.zone") }),
    ("a file added below", { try $0.write("acme/notes/deep/more", "theirs") }),
    ("a link replaced", { try $0.write("acme/links/x.json", "theirs") }),
  ]

  @Test(arguments: disturbances.indices, [["a.zone": "mine"], ["a.zone": "mine", "b.zone": "mine"]])
  func whatSomeoneElseWroteStays(disturbance: Int, changes: [String: String?]) throws {
    let (_, disturb) = Self.disturbances[disturbance]
    let contents = try folder.zones.contents(of: name)
    try disturb(folder)
    let before = try folder.listing()
    let message = problem {
      try folder.zones.withLock { lock in _ = try lock.commit(.texts(changes), to: contents) }
    }
    #expect(message.hasPrefix("\(folder.zones.path)/acme: someone else changed the workspace"))
    #expect(try folder.listing() == before)
  }

  /// Without these checks a new file would be written through the link, into the live folder.
  @Test func linksAreNotWrittenThrough() throws {
    try Files.removeAll("\(folder.zones.path)/acme/links")
    try Files.symbolicLink(to: "notes/deep", at: "\(folder.zones.path)/acme/links")
    let before = try folder.listing()
    #expect(problem { try commit(["links/y.json": "new", "a.zone": "new"]) }.contains("/acme/links: a folder must be"))
    #expect(problem { try commit(["current": "new"]) }.contains("/acme/current: a file must be written here"))
    #expect(problem { try commit(["notes": "new"]) }.contains("/acme/notes: a file must be written here"))
    #expect(try folder.listing() == before)
  }

  @Test func workspacesAreAddedAndRemovedWhole() throws {
    let other = try workspace("globex")
    let before = try folder.listing()
    try folder.zones.withLock { lock in
      _ = try lock.addWorkspace(other, files: ["workspace.json": Array("{}".utf8), "links/x.json": []])
    }
    let added = ["globex/": "", "globex/workspace.json": "{}", "globex/links/": "", "globex/links/x.json": ""]
    #expect(try folder.listing() == before.merging(added) { $1 })
    let again = problem {
      try folder.zones.withLock { lock in _ = try lock.addWorkspace(other, files: [:]) }
    }
    #expect(again.hasSuffix("the workspace \"globex\" exists already"))
    #expect(try folder.listing() == before.merging(added) { $1 })
    try folder.zones.withLock { lock in _ = try lock.removeWorkspace(other) }
    #expect(try folder.listing() == before)
    let missing = problem { try folder.zones.withLock { lock in _ = try lock.removeWorkspace(other) } }
    #expect(missing.contains("there is no workspace \"globex\""))
  }

  @Test func ofALinkedWorkspaceOnlyTheLinkIsRemoved() throws {
    try Files.rename("\(folder.zones.path)/acme", to: "\(folder.path)/acme")
    try Files.symbolicLink(to: "../acme", at: "\(folder.zones.path)/acme")
    try folder.zones.withLock { lock in _ = try lock.removeWorkspace(name) }
    #expect(try folder.listing() == [:])
    #expect(try folder.listing("\(folder.path)/acme")["a.zone"] == "a.zone")
  }

  /// Two threads of changes that each need the other's result: the lock makes them take turns.
  @Test func changesTakeTurns() async throws {
    try folder.write("acme/count.zone", "0")
    let (zones, name) = (folder.zones, name)
    await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<25 {
            let message = problem {
              try zones.withLock { lock in
                let contents = try zones.contents(of: name)
                let count = Int(String(decoding: contents.files["count.zone"] ?? [], as: UTF8.self)) ?? 0
                let next = Array("\(count + 1)".utf8)
                try lock.commit(["count.zone": next, "b.zone": next], to: contents)
              }
            }
            #expect(message == "no problem")
          }
        }
      }
    }
    #expect(try folder.listing()["acme/count.zone"] == "100")
  }
}
