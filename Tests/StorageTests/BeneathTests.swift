import Glibc
import SystemIO
import Testing
import Text
import Workspaces

@testable import Storage

/// A workspace's files are opened beneath its folder: what a link there leads to is read where it is inside, and nowhere
/// else.
struct BeneathTests {
  let folder: TemporaryZones
  let acme: WorkspaceName
  private var zones: String { folder.zones.path }

  init() throws {
    folder = try TemporaryZones()
    acme = try workspace("acme")
    try folder.write("acme/workspace.json", "{}")
    try folder.write("acme/a.zone", "a")
    try folder.write("acme/links/x.json", "x")
    try folder.write("globex/workspace.json", "secret")
    try folder.write("globex/links/y.json", "secret")
    try Files.makeFolder("\(folder.path)/root")
    try Files.create("\(folder.path)/root/secret", Array("secret".utf8))
  }

  /// One would be taken for the other: served from the wrong file, or removed with it.
  @Test func namesThatDifferInTheirUnicodeFormAloneAreAnError() throws {
    try folder.write("acme/caf\u{e9}.txt", "1")
    #expect(try folder.zones.source(of: acme).files.count == 3)
    try folder.write("acme/cafe\u{301}.txt", "2")
    for look in [{ _ = try folder.zones.source(of: acme) }, { _ = try folder.zones.contents(of: acme) }] {
      #expect(problem(look).hasPrefix("\(zones)/acme: cannot "))
      #expect(problem(look).hasSuffix("rename one"))
    }
    #expect(try folder.zones.source(of: workspace("globex")).files.count == 2)
  }

  /// What stands where, and what of the workspace cannot be read for it.
  static let escapes: [(place: String, target: String)] = [
    ("acme/workspace.json", "../globex/workspace.json"),
    ("acme/a.zone", "../../root/secret"),
    ("acme/b.zone", "links/../../globex/workspace.json"),
    ("acme/links/x.json", "../../globex/links/y.json"),
    ("acme/links", "../globex/links"),
    ("acme/b.zone", "/proc/self/environ"),
    ("acme/b.zone", "ABSOLUTE"),
    ("acme", "../root"),
    ("acme", "ABSOLUTE"),
  ]

  @Test(arguments: escapes.indices) func aLinkOutOfTheFolderIsAnErrorOfThatWorkspaceAlone(index: Int) throws {
    let (place, target) = Self.escapes[index]
    try Files.removeAll("\(zones)/\(place)")
    try Files.symbolicLink(to: target == "ABSOLUTE" ? "\(zones)/globex" : target, at: "\(zones)/\(place)")
    #expect(try folder.zones.workspaceNames().map(\.description) == ["acme", "globex"])
    let said = problem { _ = try folder.zones.contents(of: acme) }
    #expect(said.hasPrefix("\(zones)/\(place): a link on the way here leads out of the folder that it must stay in"))
    if !place.contains("links") {
      #expect(problem { _ = try folder.zones.source(of: acme) } == said)
    }
    let other = try folder.zones.contents(of: workspace("globex"))
    #expect(other.files["workspace.json"] == Array("secret".utf8))
    #expect(problem { try folder.zones.withLock { lock in _ = try lock.commit([:], to: other) } } == "no problem")
  }

  /// A volume in the workspace's folder, a volume that is the zones folder, and a link to the zones folder's folder.
  @Test func linksInsideAreFollowed() throws {
    try folder.write("acme/..v1/b.zone", "b")
    try Files.symbolicLink(to: "..v1", at: "\(zones)/acme/..data")
    try Files.symbolicLink(to: "..data/b.zone", at: "\(zones)/acme/b.zone")
    try Files.symbolicLink(to: "links/../a.zone", at: "\(zones)/acme/c.zone")
    try folder.write("..v1/initech/workspace.json", "i")
    try Files.symbolicLink(to: "..v1", at: "\(zones)/..data")
    try Files.symbolicLink(to: "..data/initech", at: "\(zones)/initech")
    try Files.symbolicLink(to: "zones", at: "\(folder.path)/current")
    let files = try folder.zones.source(of: acme).files.mapValues { String(decoding: $0, as: UTF8.self) }
    #expect(
      files == ["workspace.json": "{}", "a.zone": "a", "b.zone": "b", "c.zone": "a", "links/x.json": "x"])
    let current = ZonesFolder(path: "\(folder.path)/current")
    #expect(try current.workspaceNames().map(\.description) == ["acme", "globex", "initech"])
    #expect(try current.source(of: workspace("initech")).files == ["workspace.json": [UInt8(ascii: "i")]])
  }

  /// Neither waits for a writer, nor is opened at all.
  @Test func whatIsNoFileIsNotRead() throws {
    #expect(unsafe mkfifo("\(zones)/acme/b.zone", 0o644) == 0)  // unsafe: the call reads the path.
    let said = problem { _ = try folder.zones.source(of: acme) }
    #expect(said == "\(zones)/acme/b.zone: this is not a file; rename or remove it")
    #if DEBUG
      // Looked at once, and not opened for reading after.
      let plan = FaultPlan()
      _ = problem { try plan.run { _ = try folder.zones.source(of: acme) } }
      #expect(plan.calls.count { $0 == "openat2 \(zones)/acme/b.zone" } == 1)
    #endif
  }

  @Test func aListThatIsTooLongIsNotReadToItsEnd() throws {
    let open = try Folder(opening: "\(zones)/acme")
    #expect(try open.list(maximumCount: 3).count == 3)
    #expect(throws: SystemError.self) { try open.list(maximumCount: 2) }
  }

  #if DEBUG
    /// Without openat2 the way is gone here, to the same end: for every path, and with the same refusals.
    @Test func theWayGoneByHandIsTheKernels() throws {
      let links = [
        "in": "a.zone", "chain": "in", "up": "links/../a.zone", "folder": "links", "dot": ".",
        "through": "folder/x.json",
        "out": "../globex/workspace.json", "absolute": "\(zones)/acme/a.zone", "gone": "nothing", "loop": "loop2",
        "loop2": "loop", "back": "links/../../acme/a.zone", "magic": "/proc/self/root", "file": "a.zone/..",
      ]
      for (name, target) in links { try Files.symbolicLink(to: target, at: "\(zones)/acme/\(name)") }
      let open = try Folder(opening: "\(zones)/acme")
      var paths = links.keys.sorted() + ["", ".", "a.zone", "links", "links/x.json", "..", "links/..", "links/../.."]
      paths +=
        links.keys.sorted().flatMap { ["\($0)/x.json", "links/../\($0)"] } + ["a.zone/x", "none", "none/x", "/etc"]
      let unknown = FaultPlan(failingEvery: "openat2", code: ENOSYS)
      for path in paths {
        for kept in [Folder.Links.inside, .refused] {
          let byKernel = Self.outcome { try open.identity(path, links: kept) }
          let byHand = Self.outcome { try unknown.run { try open.identity(path, links: kept) } }
          #expect(byKernel == byHand, "\(path), links \(kept)")
        }
      }
      #expect(unknown.calls.contains { $0.hasPrefix("readlinkat") })
    }

    /// Nor is a way gone that links make thousands of components long.
    @Test func aLongWayIsNotGoneByHand() throws {
      let steps = String(repeating: "links/../", count: 400)
      for number in 0..<30 {
        try Files.symbolicLink(to: steps + (number == 29 ? "a.zone" : "l\(number + 1)"), at: "\(zones)/acme/l\(number)")
      }
      let open = try Folder(opening: "\(zones)/acme")
      #expect(try open.identity("l29")?.kind == .file)
      let unknown = FaultPlan(failingEvery: "openat2", code: ENOSYS)
      #expect(try unknown.run { try open.identity("l29")?.kind } == .file)
      #expect(try unknown.run { try open.identity("./././links/./../a.zone")?.kind } == .file)
      let before = unknown.calls.count
      #expect(Self.outcome { try unknown.run { try open.identity("l0") } } == "link")
      #expect(unknown.calls.count - before < 3000, "the kernel goes 24,000 components")
    }
  #endif

  private static func outcome(_ body: () throws -> Files.Identity?) -> String {
    do {
      return try body().map { "\($0)" } ?? "nothing"
    } catch let error as SystemError {
      return "\(error.kind)"
    } catch {
      return "\(error)"
    }
  }
}
