import Glibc
import Storage
import SystemIO
import Text
import Workspaces

/// Keeps the workers' snapshot as the files are: on inotify's word, and on SIGHUP. Ends with SIGTERM or SIGINT.
///
/// Runs on the process's first thread, beside the workers, which never wait for it. It watches, asks the builders for what
/// has changed, and publishes what they have built; it reads and builds nothing itself, so nothing that is in a file holds
/// up a signal or another workspace's change.
struct Reloader: ~Copyable {
  private let reader: any WorkspaceReading
  private let folder: ZonesFolder
  private let builders: Builders
  private var store: WorkspaceStore
  private let signals: SignalQueue
  private var watch: WorkspaceWatch
  private var poller: Poller
  private let crew: Crew.Mail
  private let leases: LeaseKeeper
  private let desk: ReloadDesk
  private let state: ServerState
  private let log: Log
  /// Called when a person confirms that what is there is all there is.
  private let confirm: @Sendable () -> Void
  /// When it ends.
  private var ending: Ending
  /// How many errors and warnings there were at the start.
  private(set) var found = (errors: 0, warnings: 0)
  private var told: ReloadLog
  private var pending = PendingChanges()
  private var requests = ReloadRequests()
  private var retries = Retries<ReloadLog.Subject>()
  /// The store has something that the last snapshot has not.
  private var hasChanges = false
  /// Snapshots are published.
  private var isServing = false
  /// When what was built is taken next, so that many results are put in place together.
  private var nextTaking: UInt64 = 0
  /// There may be something to take.
  private var hasResults = false
  /// What kept the zones folder from being read, or from counting, when it was tried last.
  private var folderProblem: Problem?
  /// Which zones folder counts.
  private var counting = CountingFolder()
  /// How many folders without a watch the log has told of.
  private var toldUnwatched = 0

  private static let signalToken: UInt64 = 0
  private static let watchToken: UInt64 = 1
  private static let returnsToken: UInt64 = 2
  private static let deskToken: UInt64 = 3
  private static let buildersToken: UInt64 = 4

  /// How long the start waits for workspaces that are large or take long, in nanoseconds.
  static let startPatience: UInt64 = 2_000_000_000
  /// How long it is at least from one taking of results to the next, in nanoseconds; at the start, when nobody waits for
  /// a single one, and later. Putting them in place takes a fifth of the time at most: after each, four times as long goes
  /// by as it took.
  private static let takingPauses: (start: UInt64, later: UInt64) = (10_000_000, 2_000_000)
  private static let takingShare: UInt64 = 4
  /// How often held up builders are looked for, in milliseconds.
  private static let relievingMilliseconds: Int32 = 250

  /// - Parameters:
  ///   - reader: reads and builds a workspace; called on the builders' threads.
  ///   - desk: where reloads are asked for.
  ///   - state: where what came of them is told.
  ///   - ending: how long it goes on once it is told to end.
  ///   - mirrors: the folder is a mirror, which nobody changes but one who tells `desk` of it.
  ///   - confirm: called when a person confirms that what is there is all there is.
  init(
    reader: any WorkspaceReading, store: WorkspaceStore, folder: ZonesFolder, signals: consuming SignalQueue,
    crew: Crew.Mail, leases: LeaseKeeper, desk: ReloadDesk, state: ServerState, ending: Ending, log: Log,
    mirrors: Bool = false, confirm: @escaping @Sendable () -> Void = {}
  ) throws(SystemError) {
    let watch = try WorkspaceWatch(folder, isOff: mirrors)
    let builders = try Builders(reader)
    let poller = try Poller()
    try poller.add(signals.descriptor.raw, .readable, token: Self.signalToken)
    try poller.add(watch.descriptor, .readable, token: Self.watchToken)
    try poller.add(desk.requested.descriptor.raw, .readable, token: Self.deskToken)
    try poller.add(crew.returns.waker.descriptor.raw, .readable, token: Self.returnsToken)
    try poller.add(builders.finished.descriptor.raw, .readable, token: Self.buildersToken)
    self.reader = reader
    self.folder = folder
    self.builders = builders
    self.store = store
    self.signals = signals
    self.crew = crew
    self.leases = leases
    self.desk = desk
    self.state = state
    self.log = log
    self.confirm = confirm
    self.ending = ending
    told = ReloadLog { log.note($0) }
    self.watch = watch
    self.poller = poller
  }

  deinit { builders.stop() }

  // MARK: Start

  /// Reads everything for the first time: all that is small, and of what is large as much as is done in two seconds.
  ///
  /// - Returns: false when a signal came that ends the process.
  /// - Throws: when there is no zones folder.
  mutating func start() throws(Problem) -> Bool {
    let start = System.monotonicNanoseconds()
    let listing = try watchAll()
    _ = try isCounting(listing, isConfirmed: true)
    ask(for: listing.names, [], at: start)
    tellOfUnwatched()
    let deadline = start &+ Self.startPatience
    while !isReady(at: System.monotonicNanoseconds(), deadline) {
      do throws(SystemError) {
        if try turn(until: deadline) { return false }
      } catch {
        throw Problem("\(error)")
      }
    }
    publish(System.monotonicNanoseconds())
    tellOfUnread()
    isServing = true
    return true
  }

  /// Counts what is wrong at the start.
  private mutating func count(_ problems: [Problem]) {
    guard !isServing else { return }
    let errors = problems.count { $0.severity == .error }
    found = (found.errors + errors, found.warnings + problems.count - errors)
  }

  /// True when all was read; or, once that has taken long enough, all but what is large or holds up its thread.
  private func isReady(at now: UInt64, _ deadline: UInt64) -> Bool {
    now < deadline ? builders.isIdle(upTo: .slow) : builders.isIdle(upTo: .middle, butFor: Self.startPatience)
  }

  private func tellOfUnread() {
    let names = builders.unread
    guard let first = names.first else { return }
    let whose = names.count == 1 ? "workspace \(first) is" : "workspace \(first) and \(names.count - 1) more are"
    log.note("\(whose) still being read, and served when that is done; until then clients of theirs alone are refused")
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

  // MARK: Turns

  /// Goes on until the process is told to end.
  mutating func run() throws(SystemError) {
    // Where there are fewer cores than threads, queries do not wait for files to be read.
    Thread.giveWay()
    builders.giveWay()
    while try !turn(until: nil) {}
  }

  /// Waits until there is something to do, and does it; true when the process is to end.
  private mutating func turn(until deadline: UInt64?) throws(SystemError) -> Bool {
    let count = try poller.wait(timeoutMilliseconds: milliseconds(from: System.monotonicNanoseconds(), until: deadline))
    let now = System.monotonicNanoseconds()
    for index in 0..<count {
      switch poller.ready(at: index).token {
      case Self.signalToken: if takeSignals(now) { return true }
      case Self.watchToken: note(watch.takeChanges(at: now), now)
      case Self.deskToken: reloadAsAsked(now)
      case Self.buildersToken:
        builders.finished.reset()
        hasResults = true
      default: crew.freeReturned()
      }
    }
    note(watch.look(at: now), now)
    for subject in retries.takeDue(at: now) { retry(subject, now) }
    if let due = pending.takeDue(at: now) { reload(due, now) }
    if hasResults, nextTaking <= now { takeResults() }
    if isServing, requests.hasComplete { publish(now) }
    builders.relieve()
    told.goOn(at: now)
    return ending.isOver(at: now)
  }

  /// How long until there is something to do by itself; nil when there is nothing.
  private func milliseconds(from now: UInt64, until deadline: UInt64?) -> Int32? {
    [
      deadline.flatMap { $0 > now ? waitMilliseconds(until: $0, from: now) : nil },
      pending.milliseconds(from: now), watch.milliseconds(from: now), retries.milliseconds(from: now),
      ending.deadline.map { waitMilliseconds(until: $0, from: now) }, told.milliseconds(from: now),
      hasResults ? waitMilliseconds(until: nextTaking, from: now) : nil,
      builders.isIdle(upTo: .slow) ? nil : Self.relievingMilliseconds,
    ].compactMap { $0 }.min()
  }

  /// True when the process is to end.
  private mutating func takeSignals(_ now: UInt64) -> Bool {
    while let signal = signals.next() {
      if signal != SIGHUP {
        // Who has not begun to answer has nobody to answer on for.
        if ending.signal(signal, at: now) || !isServing { return true }
        log.note("told to end: not ready from now on, and answering for another \(ending.lameduckSeconds) s")
        continue
      }
      log.note("reloading, as SIGHUP asks")
      pending.noteEverything(at: now, isConfirmed: true)
    }
    return false
  }

  private mutating func note(_ changes: WorkspaceWatch.Changes, _ now: UInt64) {
    if changes.everything { pending.noteEverything(at: now) }
    for name in changes.workspaces { pending.note(name, at: now) }
    if let failure = changes.failure {
      told.tell([Problem("cannot tell which folders change, so all are looked at: \(failure)")], of: .watch, at: now)
    }
  }

  // MARK: Asking

  /// Asks for what changed.
  private mutating func reload(_ due: PendingChanges.Due, _ now: UInt64) {
    switch due {
    case .everything(let isConfirmed): reloadEverything([], isConfirmed: isConfirmed, now)
    case .workspaces(let names):
      for name in names { watch.add(name) }
      ask(for: names, [], at: now)
    }
    tellOfUnwatched()
  }

  /// Asks for all that is there, and all that was: what is not there any more is found out by looking at it, so that a
  /// list which cannot be had, or not whole, unloads nothing.
  ///
  /// - Parameter isConfirmed: true when a person says that the folder which stands there counts.
  private mutating func reloadEverything(_ tickets: [ReloadDesk.Ticket], isConfirmed: Bool, _ now: UInt64) {
    if isConfirmed { confirm() }
    do throws(Problem) {
      let listing = try watchAll()
      let problem = try isCounting(listing, isConfirmed: isConfirmed) ? nil : folder.isAnother
      if let problem { folderFailed(problem, now) } else { folderIsGood(now, isConfirmed: isConfirmed) }
      ask(for: store.names.union(listing.names), tickets, problems: problem.map { [$0] } ?? [], at: now)
    } catch {
      folderFailed(error, now)
      requests.open(requests.next(), tickets, count: 0, problems: [error], at: now)
    }
  }

  /// Watches all that is there, before it is read, so that no change falls between; gives what that is.
  private mutating func watchAll() throws(Problem) -> ZonesFolder.Listing {
    watch.addRoot()
    let listing = try reader.list(lookingAtEach: false)
    watch.add(all: listing.names)
    return listing
  }

  /// True when what is missing in the folder that stands there has gone. Each entry of another folder is looked at: links
  /// that lead nowhere are no workspaces.
  private mutating func isCounting(_ listing: ZonesFolder.Listing, isConfirmed: Bool) throws(Problem) -> Bool {
    let isKnown = isConfirmed || counting.isCounting(listing.folder)
    let found = isKnown ? listing : try reader.list(lookingAtEach: true)
    return counting.judge(found, served: store.served, isConfirmed: isConfirmed)
  }

  /// Asks for workspaces to be read.
  ///
  /// - Parameters:
  ///   - tickets: who waits for all of them.
  ///   - few: the same, unless they are all.
  ///   - problems: what is wrong already.
  private mutating func ask(
    for names: some Sequence<WorkspaceName>, _ tickets: [ReloadDesk.Ticket], few: Set<WorkspaceName>? = nil,
    problems: [Problem] = [], at now: UInt64
  ) {
    let request = requests.next()
    let count = builders.ask(for: names, by: request, isNeeded: !tickets.isEmpty)
    requests.open(request, tickets, of: few, count: count, problems: problems, at: now)
  }

  /// Asks for what the admin interface wants, at once; what nobody waits for any more makes room.
  private mutating func reloadAsAsked(_ now: UInt64) {
    let asked = desk.takeAsked()
    for abandoned in requests.withdraw(asked.withdrawn) {
      requests.leave(abandoned.request, builders.withdraw(abandoned.request, of: abandoned.names))
    }
    if !asked.rebuilt.isEmpty { ask(for: asked.rebuilt, [], at: now) }
    guard !asked.tickets.isEmpty else { return }
    guard !requests.isFull else {
      let problem = Problem("too many reloads are going on; ask again when one of them has ended")
      return desk.finish(asked.tickets, ReloadOutcome(problems: [problem]))
    }
    if asked.everything {
      reloadEverything(asked.tickets, isConfirmed: true, now)
    } else {
      for name in asked.names { watch.add(name) }
      ask(for: asked.names, asked.tickets, few: asked.names, at: now)
    }
    tellOfUnwatched()
  }

  /// What cannot be read stays as it was, is told of once, and is tried again later.
  private mutating func failed(_ problem: Problem, of subject: ReloadLog.Subject, _ now: UInt64) {
    told.tell([problem], of: subject, at: now)
    retries.failed(subject, at: now)
  }

  private mutating func folderFailed(_ problem: Problem, _ now: UInt64) {
    let problem = problem == folder.isMissing ? folder.hasGone : problem
    folderProblem = problem
    state.folderHas(problem)
    failed(problem, of: .folder, now)
  }

  private mutating func folderIsGood(_ now: UInt64, isConfirmed: Bool) {
    retries.succeeded(.folder)
    guard let problem = folderProblem else { return }
    folderProblem = nil
    state.folderHas(nil)
    told.tell([], of: .folder, at: now)
    let isNew = isConfirmed && problem == folder.isAnother
    log.note("\(folder.path): \(isNew ? "this zones folder counts now" : "the zones folder is there again"), and read")
  }

  private mutating func retry(_ subject: ReloadLog.Subject, _ now: UInt64) {
    switch subject {
    case .workspace(let name): pending.note(name, at: now)
    case .folder, .claims, .watch: pending.noteEverything(at: now)
    }
  }

  // MARK: Taking

  /// Takes what the builders have built, and publishes it.
  private mutating func takeResults() {
    let start = System.monotonicNanoseconds()
    var changed: [WorkspaceName] = []
    let results = builders.take()
    hasResults = !results.isEmpty
    guard hasResults else { return }
    for result in results {
      if isKept(result, start) {
        requests.note(result.name, isChanged: false, [folder.isAnother], for: result.requests)
        continue
      }
      let isChanged = store.take(result.outcome, of: result.name)
      if isChanged { changed.append(result.name) }
      requests.note(
        result.name, isChanged: isChanged, problems(of: result, start), for: result.requests)
    }
    hasChanges = hasChanges || !changed.isEmpty
    if isServing {
      publish(start)
      told.tellReloaded(changed, at: start)
    }
    let end = System.monotonicNanoseconds()
    let pause = isServing ? Self.takingPauses.later : Self.takingPauses.start
    nextTaking = max(start &+ pause, end &+ (end &- start) &* Self.takingShare)
  }

  /// True for a workspace that is missing in a folder which does not count. One that was not judged yet is, soon; not at
  /// once, or a file system that gives its folders other numbers each time would have everything read without end.
  private mutating func isKept(_ result: Builders.Result, _ now: UInt64) -> Bool {
    guard case .gone(let missing) = result.outcome, store.knows(result.name), !counting.isCounting(missing) else {
      return false
    }
    if !counting.isLacking(missing), !retries.isDue(.folder) { retries.failed(.folder, at: now) }
    return true
  }

  /// What is wrong with a workspace now; the log is told of it.
  private mutating func problems(of result: Builders.Result, _ now: UInt64) -> [Problem] {
    let subject = ReloadLog.Subject.workspace(result.name)
    switch result.outcome {
    case .unreadable(let problem):
      failed(problem, of: subject, now)
      return [problem]
    case .noFolder(let problem):
      folderFailed(problem, now)
      return [problem]
    case .read(_, _, let problems):
      count(problems)
      retries.succeeded(subject)
      told.tell(problems, of: subject, at: now)
      return problems
    case .gone:
      retries.succeeded(subject)
      told.tell([], of: subject, at: now)
      told.tell([], of: .claims(result.name), at: now)
      return []
    // Whoever asks for a reload is told of what is still wrong.
    case .same, .larger: return store.broken[result.name]?.problems ?? []
    }
  }

  /// Hands out the next snapshot if anything is different, and tells those whose request is done.
  private mutating func publish(_ now: UInt64) {
    if hasChanges {
      hasChanges = false
      let problems = store.build()
      count(problems.map(\.problem))
      // Each by itself: one that claims something else each time is not to take the lines of another's.
      for (name, own) in Dictionary(grouping: problems, by: \.claimant).sorted(by: { $0.key < $1.key }) {
        told.tellMore(own.map(\.problem), of: .claims(name), at: now)
      }
      requests.note(problems.map(\.problem))
      if isServing { leases.publish(store.snapshot) }
    }
    state.serves(store.snapshot, broken: store.broken)
    for complete in requests.takeComplete(at: System.monotonicNanoseconds()) {
      state.reloaded(complete.outcome)
      desk.finish(complete.tickets, complete.outcome)
    }
  }
}
