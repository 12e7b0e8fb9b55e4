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
  private let signals: SignalQueue
  private var watch: WorkspaceWatch
  private var poller: Poller
  private let crew: Crew.Mail
  private let leases: LeaseKeeper
  private let log: Log
  private var pending = PendingChanges()

  private static let signalToken: UInt64 = 0
  private static let watchToken: UInt64 = 1
  private static let returnsToken: UInt64 = 2

  init(
    store: WorkspaceStore, folder: ZonesFolder, signals: consuming SignalQueue, crew: Crew.Mail, leases: LeaseKeeper,
    log: Log
  )
    throws(SystemError)
  {
    let watch = try WorkspaceWatch(folder)
    let poller = try Poller()
    try poller.add(signals.descriptor.raw, .readable, token: Self.signalToken)
    try poller.add(watch.descriptor, .readable, token: Self.watchToken)
    try poller.add(crew.returns.waker.descriptor.raw, .readable, token: Self.returnsToken)
    self.store = store
    self.signals = signals
    self.crew = crew
    self.leases = leases
    self.log = log
    self.watch = watch
    self.poller = poller
  }

  /// Reads everything for the first time.
  mutating func start() throws(Problem) {
    // Before reading, so that no change falls between.
    watch.addAll()
    report(try store.refreshAll())
  }

  /// What is to be served, but for the leases.
  var snapshot: Snapshot { store.snapshot }

  /// Goes on until the process is told to end.
  mutating func run() throws(SystemError) {
    while true {
      let count = try poller.wait(timeoutMilliseconds: pending.milliseconds(from: System.monotonicNanoseconds()))
      let now = System.monotonicNanoseconds()
      for index in 0..<count {
        switch poller.ready(at: index).token {
        case Self.signalToken: if takeSignals(now) { return }
        case Self.watchToken: try takeChanges(now)
        default: crew.freeReturned()
        }
      }
      if let due = pending.takeDue(at: now) { reload(due) }
    }
  }

  /// True when the process is to end.
  private mutating func takeSignals(_ now: UInt64) -> Bool {
    while let signal = signals.next() {
      guard signal == SIGHUP else { return true }
      log.note("reloading, as SIGHUP asks")
      pending.noteEverything(at: now)
    }
    return false
  }

  private mutating func takeChanges(_ now: UInt64) throws(SystemError) {
    let changes = try watch.takeChanges()
    if changes.everything { pending.noteEverything(at: now) }
    for name in changes.workspaces { pending.note(name, at: now) }
  }

  /// Reads what changed, and publishes if anything is different.
  private mutating func reload(_ due: PendingChanges.Due) {
    do throws(Problem) {
      let changes: WorkspaceStore.Changes
      switch due {
      case .everything:
        watch.addAll()
        changes = try store.refreshAll()
      case .workspaces(let names):
        for name in names { watch.add(name) }
        changes = try store.refresh(names)
      }
      report(changes)
      guard !changes.changed.isEmpty else { return }
      leases.publish(store.snapshot)
      log.note("reloaded \(changes.changed.sorted().map(\.description).joined(separator: ", "))")
    } catch {
      // The folder itself is gone or unreadable: the last good state stays.
      log.problem(error)
    }
  }

  private func report(_ changes: WorkspaceStore.Changes) {
    for problem in changes.problems { log.problem(problem) }
  }
}
