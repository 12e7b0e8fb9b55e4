import Storage
import SystemIO
import Workspaces

/// Tells which workspaces' folders change: on inotify's word, and by looking at those in turn for which it gives none.
///
/// The kernel watches only so many folders for a user, and does not tell when a link on the way to a folder is
/// exchanged. Such folders are looked at a few at a time.
struct WorkspaceWatch: ~Copyable {
  private let folder: ZonesFolder
  private var watch: FolderWatch
  /// The zones folder's own watch, and what the folder was when it was added.
  private var rootID: FolderWatch.ID?
  private var rootIdentity: Files.Identity?
  /// A link leads to the zones folder.
  private var rootIsLinked = false
  /// The workspaces of a watched folder: several when links lead to the same.
  private var names: [FolderWatch.ID: Set<WorkspaceName>] = [:]
  private var ids: [WorkspaceName: FolderWatch.ID] = [:]
  /// The workspaces whose folders are links.
  private var linked: Set<WorkspaceName> = []
  /// The workspaces for whose folders the kernel had no watch.
  private(set) var unwatched: Set<WorkspaceName> = []
  /// Of the folders that are looked at in turn: how they were.
  private var stamps: [WorkspaceName: Int] = [:]
  /// Those that are still to be looked at in this turn.
  private var turn: [WorkspaceName] = []
  private var nextLook: UInt64 = 0

  /// How long between two looks.
  private static let pauseNanoseconds: UInt64 = 100_000_000
  /// How long one look takes at most: a twentieth of the time in all.
  private static let lookNanoseconds: UInt64 = 5_000_000

  /// What has happened since the last look.
  struct Changes {
    /// Workspaces whose files have changed, or that came or went.
    var workspaces: Set<WorkspaceName> = []
    /// The kernel dropped some, or the zones folder is another: anything may have changed.
    var everything = false
  }

  init(_ folder: ZonesFolder) throws(SystemError) {
    self.folder = folder
    watch = try FolderWatch()
  }

  /// What a poller waits for.
  var descriptor: Int32 { watch.descriptor.raw }

  /// Watches the zones folder and all that is in it, as it is now.
  mutating func addAll() {
    rootIsLinked = folder.isLinked
    rootIdentity = folder.identity
    let id = try? watch.add(folder.path)
    if let rootID, rootID != id { watch.remove(rootID) }
    rootID = id
    guard let present = try? folder.workspaceNames() else { return }
    for name in Set(ids.keys).union(stamps.keys).subtracting(present) { add(name) }
    for name in present { add(name) }
  }

  /// Watches a workspace's folder. The same name may be another folder than before, and a folder may be gone.
  mutating func add(_ name: WorkspaceName) {
    var id: FolderWatch.ID?
    unwatched.remove(name)
    do throws(SystemError) {
      // By its path, links followed: a watch tells that something changed and nothing else, and what is read then is
      // opened beneath the zones folder.
      id = try watch.add(folder.path(of: name))
    } catch {
      if error.kind == .full { unwatched.insert(name) }
    }
    if let old = ids[name], old != id {
      names[old]?.remove(name)
      if names[old]?.isEmpty != false {
        watch.remove(old)
        names[old] = nil
      }
    }
    ids[name] = id
    if let id { names[id, default: []].insert(name) }
    if folder.isLinked(name) { linked.insert(name) } else { linked.remove(name) }
    stamps[name] = linked.contains(name) || unwatched.contains(name) ? folder.stamp(of: name) : nil
  }

  /// Takes what the kernel has told.
  mutating func takeChanges() throws(SystemError) -> Changes {
    let told = try watch.takeChanges()
    var changes = Changes(everything: told.overflowed)
    for (id, entries) in told.entries {
      guard id == rootID else {
        changes.workspaces.formUnion(names[id] ?? [])
        continue
      }
      if entries.contains("") { changes.everything = true }
      for entry in entries {
        if let name = WorkspaceName(entry) { changes.workspaces.insert(name) }
        // The `..data` of a volume whose workspaces are links through it.
        if entry.hasPrefix("..") { changes.workspaces.formUnion(linked) }
      }
    }
    return changes
  }

  /// How long until the next look at folders that the kernel tells nothing of; nil when it tells of all.
  func milliseconds(from now: UInt64) -> Int32? {
    guard rootIsLinked || rootID == nil || !stamps.isEmpty else { return nil }
    return nextLook <= now ? 0 : Int32(clamping: (nextLook - now + 999_999) / 1_000_000)
  }

  /// Looks at folders that the kernel tells nothing of, if it is time: at as many as take little time, the others later.
  mutating func look(at now: UInt64) -> Changes {
    var changes = Changes()
    guard milliseconds(from: now) == 0 else { return changes }
    if rootIsLinked || rootID == nil { changes.everything = rootIsAnother }
    if turn.isEmpty { turn = Array(stamps.keys) }
    while let name = turn.popLast() {
      let stamp = folder.stamp(of: name)
      if let before = stamps[name], before != stamp {
        stamps[name] = stamp
        changes.workspaces.insert(name)
      }
      if System.monotonicNanoseconds() > now + Self.lookNanoseconds { break }
    }
    nextLook = System.monotonicNanoseconds() + Self.pauseNanoseconds
    return changes
  }

  /// True when there is a zones folder and it is not the one that is watched; or, where none is, not as it was.
  private var rootIsAnother: Bool {
    guard let identity = folder.identity else { return false }
    return rootID == nil ? identity != rootIdentity : rootIdentity?.isSame(as: identity) != true
  }

  /// How many folders the kernel watches for one user, as it says itself.
  static var limit: String {
    let octets = (try? Files.read("/proc/sys/fs/inotify/max_user_watches", maximumSize: 64)) ?? []
    return String(decoding: octets.prefix { $0 != 0x0a }, as: UTF8.self)
  }
}
