import Fleet
import Storage
import SystemIO
import Testing
import Text
import Workspaces

/// The folder in which a server has what its store has.
struct MirrorTests {
  let folder: TemporaryZones
  let store: StoreAddress
  let acme: WorkspaceName

  init() throws {
    folder = try TemporaryZones()
    store = try StoreAddress("etcd:http://127.0.0.1:2379/backroad")
    acme = try workspace("acme")
  }

  private func mirror() throws -> Mirror { try Mirror.open(folder.zones, of: store) }

  private func change(_ files: [String: String?], isWhole: Bool = false) -> WorkspaceChange {
    var change = WorkspaceChange()
    change.isWhole = isWhole
    change.files = files.mapValues { $0.map { Array($0.utf8) } }
    return change
  }

  /// What a server reads of a workspace.
  private func files(_ name: WorkspaceName) throws -> [String: String] {
    try folder.zones.source(of: name).files.mapValues { String(decoding: $0, as: UTF8.self) }
  }

  private let first = ["workspace.json": "{}", "a.zone": "a", "links/x.json": "x", "links/.undo": "u"]

  @Test func whatIsPutIsThere() throws {
    var mirror = try mirror()
    #expect(try mirror.put(change(first, isWhole: true), of: acme))
    #expect(try files(acme) == ["workspace.json": "{}", "a.zone": "a", "links/x.json": "x"])
    #expect(try mirror.put(change(["a.zone": "b", "links/x.json": nil, "links/y.json": "y"]), of: acme))
    #expect(try files(acme) == ["workspace.json": "{}", "a.zone": "b", "links/y.json": "y"])
    #expect(try mirror.put(change(["workspace.json": "{ }"], isWhole: true), of: acme))
    #expect(try files(acme) == ["workspace.json": "{ }"])
    #expect(try mirror.remove(acme))
    #expect(try folder.zones.workspaceNames().isEmpty)
    #expect(try !mirror.remove(acme))
  }

  /// A name may begin with anything that is no control character: a mark that joins the space before it, say.
  @Test func aNameThatBeginsWithAMarkIsAName() throws {
    var mirror = try mirror()
    let odd = "\u{301}x.zone"
    #expect(try mirror.put(change(["workspace.json": "{}", odd: "x"], isWhole: true), of: acme))
    #expect(try mirror.put(change(["workspace.json": "{ }"]), of: acme))
    #expect(try files(acme) == ["workspace.json": "{ }", odd: "x"])
  }

  @Test func whatIsAsItWasIsNotWritten() throws {
    var mirror = try mirror()
    _ = try mirror.put(change(first, isWhole: true), of: acme)
    let before = try Files.identity(folder.zones.path(of: acme))
    #expect(try !mirror.put(change(first, isWhole: true), of: acme))
    #expect(try !mirror.put(change(["a.zone": "a", "b.zone": nil]), of: acme))
    let after = try #require(try Files.identity(folder.zones.path(of: acme)))
    #expect(before?.isSame(as: after) == true)
  }

  /// Whoever reads has all of one state: what stays of the old is the very same file, and the folder is another.
  @Test func aChangeIsOneExchange() throws {
    var mirror = try mirror()
    _ = try mirror.put(change(first, isWhole: true), of: acme)
    let (old, zone) = (
      try Files.identity(folder.zones.path(of: acme)), try Files.identity("\(folder.zones.path(of: acme))/a.zone")
    )
    _ = try mirror.put(change(["links/x.json": "z"]), of: acme)
    let new = try #require(try Files.identity(folder.zones.path(of: acme)))
    #expect(old?.isSame(as: new) == false)
    let same = try #require(try Files.identity("\(folder.zones.path(of: acme))/a.zone"))
    #expect(zone?.hasSameContent(as: same) == true)
    #expect(try Files.list(folder.zones.path).filter { $0 != ".backroad" } == ["acme"], "nothing is left behind")
  }

  @Test func anotherProcessFindsWhatIsThereAndHowFarItGoes() throws {
    do {
      var mirror = try mirror()
      _ = try mirror.put(change(first, isWhole: true), of: acme)
      try mirror.save(StoreIdentity(clusterID: .max, revision: 1 << 60, term: 7), heardAt: 1_790_000_000)
    }
    try folder.write(".globex.next/half", "what a killed process was at")
    let mirror = try mirror()
    #expect(mirror.names == [acme])
    #expect(mirror.cursor.identity == StoreIdentity(clusterID: .max, revision: 1 << 60, term: 7))
    #expect(mirror.cursor.heardAt == 1_790_000_000)
    #expect(mirror.warnings.isEmpty)
    #expect(try !Files.list(folder.zones.path).contains(".globex.next"))
  }

  /// A machine that crashed may have written anything of what was not on the disk yet.
  @Test(arguments: ["a.zone", "links/x.json", "workspace.json", ".mirror"]) func whatACrashToreIsNotServed(path: String)
    throws
  {
    let globex = try workspace("globex")
    do {
      var mirror = try mirror()
      for name in [acme, globex] { _ = try mirror.put(change(first, isWhole: true), of: name) }
    }
    try folder.write("acme/\(path)", "")
    let cursor = String(
      decoding: try Files.read("\(folder.zones.path)/.backroad/mirror.json", maximumSize: 4096), as: UTF8.self)
    let isKept = try mirror().names.contains(acme)
    #expect(isKept, "in the same start of the machine nobody reads all of it to compare")
    try folder.write(".backroad/mirror.json", cursor.replacing(System.bootID, with: "another"))
    let mirror = try mirror()
    #expect(mirror.names == [globex])
    #expect(try folder.zones.workspaceNames() == [globex])
    #expect(mirror.warnings.map(\.message).allSatisfy { $0.contains("was not what had been written") })
    #expect(mirror.warnings.count == 1)
  }

  @Test func aTornCursorSaysNothingOfTheStore() throws {
    do {
      var mirror = try mirror()
      _ = try mirror.put(change(first, isWhole: true), of: acme)
    }
    try folder.write(".backroad/mirror.json", "")
    let mirror = try mirror()
    #expect(mirror.names == [acme])
    #expect(mirror.cursor.identity == StoreIdentity())
    #expect(mirror.warnings.count == 1)
  }

  @Test func aFolderThatIsNoMirrorIsLeftAlone() throws {
    try folder.write("acme/workspace.json", "{}")
    let before = try folder.listing()
    #expect(problem { _ = try mirror() }.contains("is no mirror"))
    #expect(try folder.listing() == before)
  }

  @Test func anotherFleetsMirrorIsRefused() throws {
    do { _ = try mirror() }
    let other = try StoreAddress("etcd:http://127.0.0.1:2379/other")
    #expect(problem { _ = try Mirror.open(folder.zones, of: other) }.contains("another fleet"))
    let moved = try StoreAddress("etcd:http://127.0.0.2:2379,127.0.0.3:2379/backroad")
    _ = try Mirror.open(folder.zones, of: moved)
  }

  @Test func oneServerHasIt() throws {
    let mirror = try mirror()
    #expect(problem { _ = try self.mirror() }.contains("another server"))
    _ = consume mirror
    _ = try self.mirror()
  }

  @Test func nobodyElseChangesIt() throws {
    _ = try mirror()
    #expect(problem { try folder.zones.withLock { _ in } }.contains("--store"))
  }

  /// Somebody has put his hand into it: that is told, and nothing is made of it.
  @Test func aChangeOfWhatIsNotKnownIsRefused() throws {
    var mirror = try mirror()
    _ = try mirror.put(change(first, isWhole: true), of: acme)
    try folder.write("acme/.mirror", "nonsense")
    do throws(Problem) {
      _ = try mirror.put(change(["a.zone": "b"]), of: acme)
      Issue.record("it was put")
    } catch {
      #expect(error.message.contains("changed the mirror"))
    }
    #expect(try files(acme)["a.zone"] == "a")
    #expect(try mirror.put(change(first, isWhole: true), of: acme), "all of it mends it")
  }
}
