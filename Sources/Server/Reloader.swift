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
  private let desk: ReloadDesk
  private let state: ServerState
  private let log: Log
  private var pending = PendingChanges()
  /// How many folders without a watch the log has told of.
  private var toldUnwatched = 0
  /// What was wrong with the zones folder the last time.
  private var toldOfFolder: Problem?

  private static let signalToken: UInt64 = 0
  private static let watchToken: UInt64 = 1
  private static let returnsToken: UInt64 = 2
  private static let deskToken: UInt64 = 3

  /// - Parameters:
  ///   - desk: where reloads are asked for.
  ///   - state: where what came of them is told.
  init(
    store: WorkspaceStore, folder: ZonesFolder, signals: consuming SignalQueue, crew: Crew.Mail, leases: LeaseKeeper,
    desk: ReloadDesk, state: ServerState, log: Log
  ) throws(SystemError) {
    let watch = try WorkspaceWatch(folder)
    let poller = try Poller()
    try poller.add(signals.descriptor.raw, .readable, token: Self.signalToken)
    try poller.add(watch.descriptor, .readable, token: Self.watchToken)
    try poller.add(desk.requested.descriptor.raw, .readable, token: Self.deskToken)
    try poller.add(crew.returns.waker.descriptor.raw, .readable, token: Self.returnsToken)
    self.store = store
    self.signals = signals
    self.crew = crew
    self.leases = leases
    self.desk = desk
    self.state = state
    self.log = log
    self.watch = watch
    self.poller = poller
  }

  /// Reads everything for the first time.
  mutating func start() throws(Problem) {
    // Before reading, so that no change falls between.
    watch.addAll()
    tellOfUnwatched()
    let start = System.monotonicNanoseconds()
    let changes = try store.refreshAll()
    for problem in changes.problems { log.problem(problem) }
    pending.noteRead(.everything, except: changes.unread, at: System.monotonicNanoseconds())
    tell(ReloadOutcome(changes), since: start)
  }

  /// Says once for each growth that the kernel watches no more folders.
  private mutating func tellOfUnwatched() {
    defer { toldUnwatched = watch.unwatched.count }
    guard watch.unwatched.count > toldUnwatched else { return }
    log.note(
      """
      the kernel watches no more folders (fs.inotify.max_user_watches is \(WorkspaceWatch.limit)), so \
      \(watch.unwatched.count) workspaces are looked at in turn, and their changes are live some seconds later; raise \
      the limit above the number of workspaces and send SIGHUP
      """)
  }

  /// What is to be served, but for the leases.
  var snapshot: Snapshot { store.snapshot }

  /// Goes on until the process is told to end.
  mutating func run() throws(SystemError) {
    // Where there are fewer cores than threads, queries do not wait for files to be read.
    Thread.giveWay()
    while true {
      let count = try poller.wait(timeoutMilliseconds: milliseconds(from: System.monotonicNanoseconds()))
      let now = System.monotonicNanoseconds()
      for index in 0..<count {
        switch poller.ready(at: index).token {
        case Self.signalToken: if takeSignals(now) { return }
        case Self.watchToken: try takeChanges(now)
        case Self.deskToken: reloadAsAsked()
        default: crew.freeReturned()
        }
      }
      note(watch.look(at: now), now)
      if let due = pending.takeDue(at: now) { _ = reload(due) }
    }
  }

  /// How long until there is something to do by itself; nil when there is nothing.
  private func milliseconds(from now: UInt64) -> Int32? {
    [pending.milliseconds(from: now), watch.milliseconds(from: now)].compactMap { $0 }.min()
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
    note(try watch.takeChanges(), now)
  }

  private mutating func note(_ changes: WorkspaceWatch.Changes, _ now: UInt64) {
    if changes.everything { pending.noteEverything(at: now) }
    for name in changes.workspaces { pending.note(name, at: now) }
  }

  /// Reads what the admin interface asks for, at once.
  private mutating func reloadAsAsked() {
    let asked = desk.takeAsked()
    guard !asked.tickets.isEmpty else { return }
    desk.finish(asked.tickets, reload(asked.everything ? .everything : .workspaces(asked.names)))
  }

  /// Reads what changed, and publishes if anything is different.
  private mutating func reload(_ due: PendingChanges.Due) -> ReloadOutcome {
    let start = System.monotonicNanoseconds()
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
      tellOfUnwatched()
      for problem in changes.problems where !changes.known.contains(problem) { log.problem(problem) }
      pending.noteRead(due, except: changes.unread, at: System.monotonicNanoseconds())
      toldOfFolder = nil
      if !changes.changed.isEmpty {
        leases.publish(store.snapshot)
        log.note("reloaded \(changes.changed.sorted().map(\.description).joined(separator: ", "))")
      }
      return tell(ReloadOutcome(changes), since: start)
    } catch {
      // The folder itself is gone or unreadable: the last good state stays, and it is looked at again.
      if error != toldOfFolder { log.problem(error) }
      toldOfFolder = error
      pending.noteUnreadFolder(at: System.monotonicNanoseconds())
      return tell(ReloadOutcome(problems: [error]), since: start)
    }
  }

  /// Tells whoever asks later what came of a reload.
  @discardableResult
  private func tell(_ outcome: ReloadOutcome, since start: UInt64) -> ReloadOutcome {
    var outcome = outcome
    outcome.nanoseconds = System.monotonicNanoseconds() - start
    state.reloaded(outcome, serving: store.snapshot, broken: store.brokenWorkspaces)
    return outcome
  }
}
