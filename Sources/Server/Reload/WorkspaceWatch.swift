import Bounds
import Storage
import SystemIO
import Workspaces

/// Tells which workspaces' folders change: on inotify's word, and by looking at those in turn for which it gives none.
///
/// The kernel watches only so many folders for a user, and does not tell when a link on the way to a folder is
/// exchanged. Such folders are looked at a few at a time. A folder in which so much happens that its events would crowd out
/// those of others is not watched for a while, and its workspace is read at the end of it.
struct WorkspaceWatch: ~Copyable {
  private let folder: ZonesFolder
  /// Nothing is watched: whoever changes the folder tells of it.
  private let isOff: Bool
  private var watch: FolderWatch
  /// The zones folder's own watch, and what the folder was when it was added.
  private var rootID: FolderWatch.ID?
  private var rootIdentity: Files.Identity?
  /// A link leads to the zones folder.
  private var rootIsLinked = false
  /// The workspaces of a watched folder: several when links lead to the same.
  private var names: [FolderWatch.ID: Set<WorkspaceName>] = [:]
  private var ids: [WorkspaceName: FolderWatch.ID] = [:]
  /// The watches of the folders of their links.
  private var linkIDs: [WorkspaceName: FolderWatch.ID] = [:]
  /// The workspaces whose folders are links.
  private var linked: Set<WorkspaceName> = []
  /// The workspaces for whose folders the kernel had no watch.
  private(set) var unwatched: Set<WorkspaceName> = []
  /// Of the folders that are looked at in turn: how they were; nil of those that are too large for that, or take too long.
  private var stamps: [WorkspaceName: Int?] = [:]
  /// Those that are still to be looked at in this turn.
  private var turn: [WorkspaceName] = []
  private var nextLook: UInt64 = 0
  /// When folders that are read instead of looked at are read next.
  private var nextReading: UInt64 = 0
  private var storms = EventStorms()

  /// How long between two readings of folders that are not looked at.
  private static let readingNanoseconds: UInt64 = 10_000_000_000
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
    /// What the kernel told was not to be had.
    var failure: SystemError?
  }

  init(_ folder: ZonesFolder, isOff: Bool = false) throws(SystemError) {
    self.folder = folder
    self.isOff = isOff
    watch = try FolderWatch()
  }

  /// What a poller waits for.
  var descriptor: Int32 { watch.descriptor.raw }

  /// Watches the zones folder, as it is now: before it is listed, so that nothing falls between.
  mutating func addRoot() {
    guard !isOff else { return }
    rootIsLinked = folder.isLinked
    rootIdentity = folder.identity
    let id = try? watch.add(folder.path)
    if let rootID, rootID != id { watch.remove(rootID) }
    rootID = id
  }

  /// Watches these workspaces' folders, and no others.
  mutating func add(all present: [WorkspaceName]) {
    for name in Set(ids.keys).union(stamps.keys).subtracting(present) { add(name) }
    for name in present { add(name) }
  }

  /// Watches a workspace's folder. The same name may be another folder than before, and a folder may be gone.
  mutating func add(_ name: WorkspaceName) {
    guard !isOff, !storms.isLeftAlone(name) else { return }
    var id: FolderWatch.ID?
    unwatched.remove(name)
    do throws(SystemError) {
      // By its path, links followed: a watch tells that something changed and nothing else, and what is read then is
      // opened beneath the zones folder.
      id = try watch.add(folder.path(of: name))
    } catch {
      if error.kind == .full { unwatched.insert(name) }
    }
    if let old = ids[name], old != id { forget(name, old) }
    ids[name] = id
    if let id { names[id, default: []].insert(name) }
    addLinks(of: name)
    if folder.isLinked(name) { linked.insert(name) } else { linked.remove(name) }
    stamps[name] = linked.contains(name) || unwatched.contains(name) ? .some(folder.stamp(of: name)) : nil
  }

  /// Watches the folder of a workspace's links, where there is one.
  private mutating func addLinks(of name: WorkspaceName) {
    var id: FolderWatch.ID?
    do throws(SystemError) {
      id = try watch.add("\(folder.path(of: name))/\(WorkspaceSource.linksFolder)")
    } catch {
      if error.kind == .full { unwatched.insert(name) }
    }
    // A link that leads back to the workspace's own folder: that is watched.
    if id == ids[name] { id = nil }
    if let old = linkIDs[name], old != id { forget(name, old) }
    linkIDs[name] = id
    if let id { names[id, default: []].insert(name) }
  }

  /// Ends the watch of a workspace, and the kernel's if it is no other's too.
  private mutating func forget(_ name: WorkspaceName, _ id: FolderWatch.ID) {
    names[id]?.remove(name)
    guard names[id]?.isEmpty != false else { return }
    watch.remove(id)
    names[id] = nil
  }

  /// Takes what the kernel has told.
  mutating func takeChanges(at now: UInt64) -> Changes {
    let told: FolderWatch.Changes
    do throws(SystemError) {
      told = try watch.takeChanges(namesOf: rootID)
    } catch {
      // Nobody knows what it was: all are looked at.
      return Changes(everything: true, failure: error)
    }
    var changes = Changes(everything: told.overflowed || told.entries[""] != nil)
    for (id, count) in told.counts where id != rootID {
      for name in names[id] ?? [] {
        changes.workspaces.insert(name)
        countEvents(count, of: name, at: now)
      }
    }
    for (entry, seen) in told.entries {
      if let name = WorkspaceName(entry), isHeard(seen, of: name) {
        changes.workspaces.insert(name)
        if !storms.isLeftAlone(name) { countEvents(seen.count, of: name, at: now) }
      }
      // The `..data` of a volume whose workspaces are links through it.
      if entry.hasPrefix("..") { changes.workspaces.formUnion(linked) }
    }
    return changes
  }

  /// False for what the zones folder's watch tells of a workspace's folder that is left alone, and which its owner can have
  /// it tell without end (chmod): it is read at the end of its storm.
  private func isHeard(_ entry: FolderWatch.Entry, of name: WorkspaceName) -> Bool {
    !entry.isOfAttributesAlone || !storms.isLeftAlone(name)
  }

  /// Counts events of a workspace's folder, and ends its watch for a while where they are too many.
  private mutating func countEvents(_ count: Int, of name: WorkspaceName, at now: UInt64) {
    guard storms.note(count, of: name, at: now) else { return }
    for id in [ids.removeValue(forKey: name), linkIDs.removeValue(forKey: name)] {
      if let id { forget(name, id) }
    }
  }

  /// How long until the next look at folders that the kernel tells nothing of; nil when it tells of all.
  func milliseconds(from now: UInt64) -> Int32? {
    let look = isLooking ? waitMilliseconds(until: nextLook, from: now) : nil
    return [look, storms.milliseconds(from: now)].compactMap { $0 }.min()
  }

  /// There is something that the kernel does not tell of.
  private var isLooking: Bool { !isOff && (rootIsLinked || rootID == nil || !stamps.isEmpty) }

  /// Looks at folders that the kernel tells nothing of, if it is time: at as many as take little time, the others later.
  mutating func look(at now: UInt64) -> Changes {
    var changes = Changes(workspaces: Set(storms.takeOver(at: now)))
    for name in changes.workspaces { add(name) }
    guard isLooking, nextLook <= now else { return changes }
    if rootIsLinked || rootID == nil { changes.everything = rootIsAnother }
    let isReadingDue = nextReading <= now
    if turn.isEmpty { turn = Array(stamps.keys) }
    if isReadingDue {
      changes.workspaces.formUnion(stamps.filter { $0.value == nil }.keys)
      nextReading = now &+ Self.readingNanoseconds
    }
    while let name = turn.popLast() {
      // Those that are read instead are looked at once they were.
      guard let known = stamps[name], let before = known else { continue }
      let stamp = folder.stamp(of: name)
      if before != stamp {
        stamps[name] = .some(stamp)
        changes.workspaces.insert(name)
      }
      if System.monotonicNanoseconds() > now &+ Self.lookNanoseconds { break }
    }
    nextLook = System.monotonicNanoseconds() &+ Self.pauseNanoseconds
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

/// Which folders have so many events that their watch ends for a while, each time a longer one while it goes on.
struct EventStorms {
  private struct Storm {
    var pause: UInt64
    var end: UInt64
  }

  /// How many events each workspace has had since `start`.
  private var counts: [WorkspaceName: Int] = [:]
  private var storms: [WorkspaceName: Storm] = [:]
  private var leftAlone = DueTimes<WorkspaceName>()
  /// When the counts of all were forgotten last.
  private var start: UInt64 = 0

  private static let second: UInt64 = 1_000_000_000
  /// How long the first pause is, and the longest.
  private static let pauses: (first: UInt64, last: UInt64) = (second / 2, 8 * second)

  /// True while a workspace's folder is not to be watched.
  func isLeftAlone(_ name: WorkspaceName) -> Bool { leftAlone[name] != nil }

  /// Counts events; true when there were too many, so that the watch ends now.
  mutating func note(_ events: Int, of name: WorkspaceName, at now: UInt64) -> Bool {
    if now >= start &+ Self.second {
      counts = [:]
      storms = storms.filter { $0.value.end &+ 2 * Self.pauses.last > now }
      start = now
    }
    // No overflow: one look takes a bounded number, and after the limit there is none.
    counts[name, default: 0] += events
    guard counts[name] ?? 0 > Limits.Building.eventsOfFolder else { return false }
    counts[name] = nil
    let pause = min(Self.pauses.last, storms[name].map { $0.pause * 2 } ?? Self.pauses.first)
    storms[name] = Storm(pause: pause, end: now &+ pause)
    leftAlone.set(name, at: now &+ pause)
    return true
  }

  func milliseconds(from now: UInt64) -> Int32? { leftAlone.milliseconds(from: now) }

  /// Takes the workspaces whose folders are to be watched again, and read.
  mutating func takeOver(at now: UInt64) -> [WorkspaceName] { leftAlone.takeDue(at: now) }
}
