import Forwarding
import Glibc
import Storage
import SystemIO
import Text
import Workspaces

/// Keeps the workers' snapshot as the files are: on inotify's word, and on SIGHUP. Ends with SIGTERM or SIGINT.
///
/// Runs on the process's first thread, beside the workers, which never wait for it.
struct Reloader: ~Copyable {
  private var store: WorkspaceStore
  private let folder: ZonesFolder
  private let signals: SignalQueue
  private var watch: FolderWatch
  private var poller: Poller
  private let log: Log
  /// The watched workspaces' numbers.
  private var watched: [FolderWatch.ID: WorkspaceName] = [:]
  private var rootID: FolderWatch.ID?

  /// How long the files must be quiet before they are read: a copy or a checkout writes many.
  private static let quietMilliseconds: UInt64 = 20
  /// How long reading is put off at most.
  private static let patienceMilliseconds: UInt64 = 250

  private static let signalToken: UInt64 = 0
  private static let watchToken: UInt64 = 1

  init(store: WorkspaceStore, folder: ZonesFolder, signals: consuming SignalQueue, log: Log) throws(SystemError) {
    let watch = try FolderWatch()
    let poller = try Poller()
    try poller.add(signals.descriptor.raw, .readable, token: Self.signalToken)
    try poller.add(watch.descriptor.raw, .readable, token: Self.watchToken)
    self.store = store
    self.folder = folder
    self.signals = signals
    self.log = log
    self.watch = watch
    self.poller = poller
  }

  /// Reads everything for the first time.
  mutating func start() throws(Problem) -> Snapshot {
    watchAll()
    report(try store.refreshAll())
    return makeSnapshot()
  }

  /// Goes on until the process is told to end.
  mutating func run(_ publish: (Snapshot) -> Void) throws(SystemError) {
    var dirty: Set<WorkspaceName> = []
    var everything = false
    var firstChange: UInt64?
    var lastChange: UInt64 = 0
    while true {
      let timeout = firstChange.map { Self.wait(first: $0, last: lastChange) }
      let count = try poller.wait(timeoutMilliseconds: timeout)
      for index in 0..<count where poller.ready(at: index).token == Self.signalToken {
        while let signal = signals.next() {
          guard signal == SIGHUP else { return }
          log.note("reloading, as SIGHUP asks")
          everything = true
          firstChange = firstChange ?? 0
        }
      }
      if try takeChanges(&dirty, &everything) {
        lastChange = System.monotonicNanoseconds()
        firstChange = firstChange ?? lastChange
      }
      guard let first = firstChange, Self.wait(first: first, last: lastChange) == 0 else { continue }
      reload(everything ? nil : dirty, publish)
      (dirty, everything, firstChange) = ([], false, nil)
    }
  }

  /// How many milliseconds are left until the files count as quiet.
  private static func wait(first: UInt64, last: UInt64) -> Int32 {
    let due = min(first + patienceMilliseconds * 1_000_000, last + quietMilliseconds * 1_000_000)
    let now = System.monotonicNanoseconds()
    return due <= now ? 0 : Int32(clamping: (due - now + 999_999) / 1_000_000)
  }

  /// Takes what the kernel has told; true when there was something.
  private mutating func takeChanges(_ dirty: inout Set<WorkspaceName>, _ everything: inout Bool) throws(SystemError)
    -> Bool
  {
    let changes = try watch.takeChanges()
    guard changes.overflowed || !changes.entries.isEmpty else { return false }
    everything = everything || changes.overflowed
    for (id, names) in changes.entries {
      if id == rootID {
        if names.contains("") { everything = true }
        dirty.formUnion(names.compactMap { WorkspaceName($0) })
      } else if let workspace = watched[id] {
        dirty.insert(workspace)
      }
    }
    return true
  }

  /// Reads what changed (everything for nil), and publishes if anything is different.
  private mutating func reload(_ names: Set<WorkspaceName>?, _ publish: (Snapshot) -> Void) {
    do throws(Problem) {
      let changes: WorkspaceStore.Changes
      if let names {
        for name in names { watchWorkspace(name) }
        changes = try store.refresh(names)
      } else {
        watchAll()
        changes = try store.refreshAll()
      }
      report(changes)
      guard !changes.changed.isEmpty else { return }
      publish(makeSnapshot())
      log.note("reloaded \(changes.changed.sorted().map(\.description).joined(separator: ", "))")
    } catch {
      // The folder itself is gone or unreadable: the last good state stays.
      log.problem(error)
    }
  }

  private func report(_ changes: WorkspaceStore.Changes) {
    for problem in changes.problems { log.problem(problem) }
  }

  private func makeSnapshot() -> Snapshot {
    let (snapshot, problems) = store.snapshot()
    for problem in problems { log.problem(problem) }
    return snapshot
  }

  private mutating func watchAll() {
    rootID = try? watch.add(folder.path)
    for name in (try? folder.workspaceNames()) ?? [] { watchWorkspace(name) }
  }

  /// Watches a workspace's folder. The same name may be another folder than before, and a folder may be gone.
  private mutating func watchWorkspace(_ name: WorkspaceName) {
    let id = try? watch.add(folder.path(of: name))
    for (old, watchedName) in watched where watchedName == name && old != id {
      watch.remove(old)
      watched[old] = nil
    }
    if let id { watched[id] = name }
  }
}
