import Bounds
import Synchronization
import SystemIO
import Workspaces

/// The threads that read, check and build workspaces, so that nobody waits for a building but whoever asked for it.
///
/// A few threads build what is small; one more builds what is middling, with the help of the first where that leaves one of
/// them free; and one builds what is large, one workspace after the other. A small workspace that takes long all the same,
/// and any whose files do not come, as from a mount that does not answer, is counted out: another thread takes the place of
/// the one that is at it.
final class Builders: Sendable {
  /// What came of a job.
  struct Result: Sendable {
    let name: WorkspaceName
    let outcome: WorkspaceOutcome
    /// On whose behalf it was done.
    let requests: [BuildQueue.Request]
  }

  private struct State {
    var queue: BuildQueue
    /// What of each workspace's files was read last, to see whether they have changed.
    var fingerprints: [WorkspaceName: Int] = [:]
    var done: [(name: WorkspaceName, outcome: WorkspaceOutcome)] = []
    /// The reloader is to be woken when something is done, because it found nothing when it came last.
    var isAwaited = true
    /// Threads by lane, those not counted that are held up.
    var threads = Lane.allCases.map { _ in 0 }
    /// How many threads of the quick lane wait, and how many are at something middling.
    var idleThreads = 0
    var helpers = 0
    /// Threads that took the place of others, by lane.
    var spares = Lane.allCases.map { _ in 0 }
    /// Threads let the workers go first.
    var givesWay = false
    var mustStop = false

    /// One more thread of the quick lane may do something middling.
    var mayHelp: Bool { helpers + 1 < threads[Lane.quick.rawValue] }
    var hasJobForQuickThread: Bool { queue.hasJob(in: .quick) || (mayHelp && queue.hasJob(in: .middle)) }
  }

  private let reader: any WorkspaceReading
  private let threads: Int
  private let state: Mutex<State>
  /// One a lane.
  private let wakers: [Bell]
  /// Woken when something is done.
  let finished: Waker

  private final class Bell: Sendable {
    let waker: Waker
    init() throws(SystemError) { waker = try Waker() }
  }

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - threads: how many build what is small.
  ///   - patience: how long a job may hold up its thread, by lane, in nanoseconds.
  init(
    _ reader: any WorkspaceReading, threads: Int = System.coreCount, patience: [UInt64] = BuildQueue.patience
  ) throws(SystemError) {
    self.reader = reader
    state = Mutex(State(queue: BuildQueue(patience: patience)))
    self.threads = max(1, min(threads, Limits.Building.threads))
    wakers = [try Bell(), try Bell(), try Bell()]
    finished = try Waker()
    for lane in Lane.allCases {
      for _ in 0..<count(of: lane) {
        state.withLock { $0.threads[lane.rawValue] += 1 }
        try startThread(lane)
      }
    }
  }

  /// Has the threads end, each when it is done with what it is at.
  func stop() {
    state.withLock { $0.mustStop = true }
    for bell in wakers { bell.waker.wake() }
  }

  /// Has the threads let others go first from now on, where there are fewer cores than threads.
  func giveWay() { state.withLock { $0.givesWay = true } }

  // MARK: Asking and taking

  /// Asks for workspaces to be read.
  ///
  /// - Parameter isNeeded: true when the request waits for every one of them; false to leave out those that are going to
  ///   be read anyway.
  /// - Returns: how many results will name the request.
  func ask(for names: some Sequence<WorkspaceName>, by request: BuildQueue.Request, isNeeded: Bool) -> Int {
    let now = System.monotonicNanoseconds()
    let count = state.withLock { state in
      var count = 0
      for name in names where isNeeded || !state.queue.isWaiting(name) {
        state.queue.ask(for: name, by: request, at: now)
        count += 1
      }
      return count
    }
    wakeThreads()
    return count
  }

  /// Ends a request for those of some workspaces whose reading has not begun; nil for all.
  ///
  /// - Returns: how many results will not name the request for that.
  func withdraw(_ request: BuildQueue.Request, of names: Set<WorkspaceName>?) -> Int {
    state.withLock { $0.queue.withdraw(request, of: names) }
  }

  /// Takes what was done since the last time; each workspace's next job may begin now. When nothing was, `finished` is
  /// woken with the next that is; until then the caller comes again by itself.
  func take() -> [Result] {
    let now = System.monotonicNanoseconds()
    let results = state.withLock { state in
      let done = state.done
      state.done = []
      state.isAwaited = done.isEmpty
      return done.map {
        Result(name: $0.name, outcome: $0.outcome, requests: state.queue.settle($0.name, at: now))
      }
    }
    if !results.isEmpty { wakeThreads() }
    return results
  }

  /// True when nothing is to be done in any lane up to this one, and all that was done has been taken.
  ///
  /// - Parameter nanoseconds: what has been going on for longer than this does not count.
  func isIdle(upTo lane: Lane, butFor nanoseconds: UInt64 = .max) -> Bool {
    let now = System.monotonicNanoseconds()
    return state.withLock { $0.queue.isIdle(upTo: lane, butForThoseBefore: now > nanoseconds ? now - nanoseconds : 0) }
  }

  /// The workspaces that are being read, or are going to be.
  var unread: [WorkspaceName] { state.withLock { $0.queue.unread } }

  /// Gives lanes other threads for those that are held up; to be called now and then while there is something to do.
  func relieve() {
    let now = System.monotonicNanoseconds()
    for _ in 0..<Limits.Building.sparesOfThreads {
      let lane = state.withLock { state -> Lane? in
        let lanes = Lane.allCases.filter { state.spares[$0.rawValue] < Limits.Building.sparesOfThreads }
        guard let held = state.queue.relieve(Set(lanes), at: now) else { return nil }
        state.spares[held.thread.rawValue] += 1
        if held.thread < held.lane { state.helpers -= 1 }
        return held.thread
      }
      guard let lane else { return }
      do throws(SystemError) {
        try startThread(lane)
      } catch {
        // No thread is to be had: the lane goes on with what it has, and gets those back that were held up.
        return state.withLock { $0.threads[lane.rawValue] -= 1 }
      }
    }
  }

  private func wakeThreads() {
    let wanted = state.withLock { state in Lane.allCases.filter { state.queue.hasJob(in: $0) } }
    for lane in wanted { wakers[lane.rawValue].waker.wake() }
    if wanted.contains(.middle), !wanted.contains(.quick) { wakers[Lane.quick.rawValue].waker.wake() }
  }

  // MARK: Threads

  /// Where a thread waits for its lane's bell.
  private final class Seat {
    private var poller: Poller
    private let bell: Bell

    init(_ bell: Bell) throws(SystemError) {
      let poller = try Poller()
      try poller.add(bell.waker.descriptor.raw, .readable, token: 0)
      self.poller = poller
      self.bell = bell
    }

    func wait() {
      // Should it fail, the thread looks for itself.
      _ = try? poller.wait(timeoutMilliseconds: nil)
      bell.waker.reset()
    }
  }

  /// Starts a thread for a lane.
  private func startThread(_ lane: Lane) throws(SystemError) {
    let seat = try Seat(wakers[lane.rawValue])
    let thread = try Thread(name: "builder-\(lane)") { self.run(lane, seat) }
    thread.detach()
  }

  /// How many threads a lane has, those not counted that are held up.
  private func count(of lane: Lane) -> Int { lane == .quick ? threads : 1 }

  /// Does one job after the other.
  private func run(_ lane: Lane, _ seat: Seat) {
    var hasGivenWay = lane == .slow
    if hasGivenWay { Thread.giveWay() }
    while true {
      let (job, fingerprint, wakesNext, givesWay, mustStop) = state.withLock { state in
        let job = Self.nextJob(lane, &state)
        if job == nil, lane == .quick { state.idleThreads += 1 }
        // The bell wakes one thread at least, and each that has something to do the next.
        let wakesNext = job != nil && lane == .quick && state.idleThreads > 0 && state.hasJobForQuickThread
        return (job, job.flatMap { state.fingerprints[$0.name] }, wakesNext, state.givesWay, state.mustStop)
      }
      if mustStop || wakesNext { wakers[lane.rawValue].waker.wake() }
      if mustStop { return }
      if givesWay, !hasGivenWay {
        Thread.giveWay()
        hasGivenWay = true
      }
      guard let job else {
        seat.wait()
        if lane == .quick { state.withLock { $0.idleThreads -= 1 } }
        continue
      }
      let outcome = reader.read(job.name, unlessIts: fingerprint, within: job.lane.octets) {
        state.withLock { $0.queue.mayBuild(job) }
      }
      let mustEnd = end(job, outcome, lane)
      if job.lane == .slow { System.returnFreedMemory() }
      if mustEnd { return }
    }
  }

  /// The next job of a thread; one for what is small may do what is middling, but not the last of them.
  private static func nextJob(_ lane: Lane, _ state: inout State) -> BuildQueue.Job? {
    let now = System.monotonicNanoseconds()
    if let job = state.queue.begin(in: lane, at: now) { return job }
    guard lane == .quick, state.mayHelp, let job = state.queue.begin(in: .middle, by: .quick, at: now) else {
      return nil
    }
    state.helpers += 1
    return job
  }

  /// Notes what came of a job.
  ///
  /// - Parameter outcome: nil for one that is to be done again.
  /// - Returns: true when the thread is one too many and is to end.
  private func end(_ job: BuildQueue.Job, _ outcome: WorkspaceOutcome?, _ lane: Lane) -> Bool {
    let now = System.monotonicNanoseconds()
    let (isFirst, isRelieved, mustEnd) = state.withLock { state in
      let isRelieved = state.queue.isRelieved(job)
      if lane < job.lane, !isRelieved { state.helpers -= 1 }
      let isFirst = Self.note(job, outcome, &state, at: now)
      return (isFirst, isRelieved, isRelieved && isSurplus(lane, &state))
    }
    if isFirst { finished.wake() }
    // What waits in another lane now, or waited for this one to be built.
    switch outcome {
    case nil, .larger: wakeThreads()
    default: if isRelieved { wakeThreads() }
    }
    return mustEnd
  }

  /// - Returns: true when the reloader is to be woken.
  private static func note(
    _ job: BuildQueue.Job, _ outcome: WorkspaceOutcome?, _ state: inout State, at now: UInt64
  ) -> Bool {
    guard let outcome else {
      state.queue.postpone(job, at: now)
      return false
    }
    if case .larger = outcome, job.lane != .slow {
      state.queue.moveOn(job)
      return false
    }
    state.queue.end(job, octets: outcome.octets(in: job.lane), at: now)
    switch outcome {
    case .same: break
    case .read(let contents, _, _): state.fingerprints[job.name] = contents.fingerprint
    // Whatever is read next is looked at again.
    case .gone, .noFolder, .unreadable, .larger: state.fingerprints[job.name] = nil
    }
    state.done.append((job.name, outcome))
    defer { state.isAwaited = false }
    return state.isAwaited
  }

  /// What becomes of a thread whose place another one has: it takes a place that is free, or ends.
  private func isSurplus(_ lane: Lane, _ state: inout State) -> Bool {
    state.spares[lane.rawValue] -= 1
    guard state.threads[lane.rawValue] < count(of: lane) else { return true }
    state.threads[lane.rawValue] += 1
    return false
  }
}
