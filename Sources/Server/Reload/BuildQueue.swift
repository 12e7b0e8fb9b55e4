import Bounds
import Workspaces

/// Which of the builders' threads a workspace is built on.
enum Lane: Int, CaseIterable, Sendable, Comparable {
  /// Small, and quickly done.
  case quick
  /// Neither.
  case middle
  /// Large, or long in the building: one at a time.
  case slow

  /// How many octets a workspace's files have at most in this lane.
  var octets: Int {
    switch self {
    case .quick: Limits.Building.smallOctets
    case .middle: Limits.Building.middlingOctets
    case .slow: Limits.Files.octetsOfWorkspace
    }
  }

  static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The first lane for which something is so; the last where it is for none.
  fileprivate static func first(_ isEnough: (Lane) -> Bool) -> Lane { allCases.first(where: isEnough) ?? .slow }
}

/// Which workspaces are to be read and built, and in what order: a value without threads or clock.
///
/// Each lane is a queue, and a workspace is in it once, so one that changes all the time waits behind the others each
/// time. A workspace has one job at a time: what is asked for while it is built is its next job, which is queued once what
/// came of this one was taken. So there is never more of a workspace than what is served, what is built and what has been
/// built.
struct BuildQueue {
  /// On whose behalf something is read.
  typealias Request = UInt64

  /// What a thread is to do.
  struct Job: Equatable {
    let name: WorkspaceName
    let lane: Lane
  }

  /// What building a workspace costs.
  struct Weight {
    /// The lane that its files' octets belong to.
    var lane: Lane
    /// How long the last building took, in nanoseconds.
    var last: UInt64
    /// How long all of them took together, those of ten seconds ago counted half.
    var effort: UInt64
    /// When that was so.
    var at: UInt64

    /// The longest building, and the most effort, of each lane but the last, in nanoseconds.
    private static let longest: [UInt64] = [50_000_000, 1_000_000_000]
    private static let mostEffort: [UInt64] = [200_000_000, 2_000_000_000]
    private static let halfLife: UInt64 = 10_000_000_000

    func effort(at now: UInt64) -> UInt64 { effort >> min(63, (now &- at) / Self.halfLife) }

    /// The lane of the next building.
    func lane(at now: UInt64) -> Lane {
      let effort = effort(at: now)
      let needed = Lane.first { lane in
        lane == .slow || (last <= Self.longest[lane.rawValue] && effort <= Self.mostEffort[lane.rawValue])
      }
      return max(needed, lane)
    }
  }

  private struct Run {
    let lane: Lane
    /// Whose thread is at it.
    let thread: Lane
    let start: UInt64
    /// How long it may hold up its thread, in nanoseconds.
    let patience: UInt64
    let requests: [Request]
    /// The files are being read: what takes long may come from a disk or mount that does not answer.
    var isReading = true
    /// What came of it is there to be taken.
    var isDone = false
    /// Another thread has taken the place of the one that is at it.
    var isRelieved = false

    /// True when another thread is to take the place of the one that is at it. Building what is not small takes its time.
    func isHeldUp(at now: UInt64) -> Bool {
      !isDone && !isRelieved && (isReading || lane == .quick) && now > start && now - start > patience
    }
  }

  /// What is asked for and not begun, with whose behalf it is.
  private var waiting: [WorkspaceName: [Request]] = [:]
  /// Those of them that can begin, by lane.
  private var lanes = Lane.allCases.map { _ in Fifo<WorkspaceName>() }
  /// What is being built, or was and has not been taken.
  private var running: [WorkspaceName: Run] = [:]
  /// Of workspaces that take time; all others are small.
  private var weights: [WorkspaceName: Weight] = [:]
  /// How many jobs are queued or running, by lane.
  private var counts = Lane.allCases.map { _ in 0 }
  /// What is built in the slow lane: never two at a time, whichever threads have read them.
  private var large: WorkspaceName?
  /// How long a job may hold up its thread, by lane, in nanoseconds.
  private let patience: [UInt64]

  /// How long a job may hold up its thread, by lane, in nanoseconds: far longer than reading so much takes. Where a disk is
  /// that slow, it is twice what the job took the last time, and eight times this at most.
  static let patience: [UInt64] = [250_000_000, 2_000_000_000, 20_000_000_000]

  init(patience: [UInt64] = Self.patience) { self.patience = patience }

  /// True when a job can begin in a lane.
  func hasJob(in lane: Lane) -> Bool { !lanes[lane.rawValue].isEmpty && !(lane == .slow && large != nil) }

  /// True when what is on the disk now is going to be read, because it was asked for and has not begun.
  func isWaiting(_ name: WorkspaceName) -> Bool { waiting[name] != nil }

  /// Asks for a workspace to be read; it is told of with the result whose behalf that was.
  mutating func ask(for name: WorkspaceName, by request: Request, at now: UInt64) {
    let isNew = waiting[name] == nil
    waiting[name, default: []].append(request)
    if isNew, running[name] == nil { enqueue(name, weights[name]?.lane(at: now) ?? .quick) }
  }

  /// Ends a request for what has not begun, which is read all the same.
  ///
  /// - Parameter names: those that were asked for; nil for all.
  /// - Returns: how many results will not name the request for that.
  mutating func withdraw(_ request: Request, of names: Set<WorkspaceName>?) -> Int {
    var count = 0
    for name in names.map({ Array($0) }) ?? Array(waiting.keys) {
      guard let place = waiting[name]?.firstIndex(of: request) else { continue }
      waiting[name]?.remove(at: place)
      count += 1
    }
    return count
  }

  private mutating func enqueue(_ name: WorkspaceName, _ lane: Lane) {
    lanes[lane.rawValue].append(name)
    counts[lane.rawValue] += 1
  }

  /// The next job of a lane, which begins now; nil when there is none.
  ///
  /// - Parameter thread: the lane of the thread that does it, which may be another.
  mutating func begin(in lane: Lane, by thread: Lane? = nil, at now: UInt64) -> Job? {
    guard hasJob(in: lane), let name = lanes[lane.rawValue].popFirst() else { return nil }
    let least = patience[lane.rawValue]
    let last = min(weights[name]?.last ?? 0, 4 * least)
    running[name] = Run(
      lane: lane, thread: thread ?? lane, start: now, patience: max(least, 2 * last),
      requests: waiting.removeValue(forKey: name) ?? [])
    return Job(name: name, lane: lane)
  }

  /// A job's files are read, and it wants to build.
  ///
  /// - Returns: false where it has to be done again later, because of what is large one is built at a time, and another
  ///   has its turn by now.
  mutating func mayBuild(_ job: Job) -> Bool {
    guard let run = running[job.name] else { return false }
    if job.lane == .slow {
      let isTaken = run.isRelieved && running.contains { $1.lane == .slow && !$1.isDone && !$1.isRelieved }
      guard large == nil, !isTaken else { return false }
      large = job.name
    }
    running[job.name]?.isReading = false
    return true
  }

  /// A job that may not build is done again later, in its turn.
  mutating func postpone(_ job: Job, at now: UInt64) {
    guard let run = running.removeValue(forKey: job.name) else { return }
    counts[job.lane.rawValue] -= 1
    weights[job.name]?.last = now &- run.start
    waiting[job.name, default: []] += run.requests
    enqueue(job.name, job.lane)
  }

  /// A job turned out to be too large for its lane: it waits in the next one.
  mutating func moveOn(_ job: Job) {
    guard let run = running.removeValue(forKey: job.name), let next = Lane(rawValue: job.lane.rawValue + 1) else {
      return
    }
    counts[job.lane.rawValue] -= 1
    waiting[job.name, default: []] += run.requests
    enqueue(job.name, next)
  }

  /// A job is done; the workspace's next one begins once this was taken.
  ///
  /// - Parameter octets: how many octets its files have; nil when it has gone.
  mutating func end(_ job: Job, octets: Int?, at now: UInt64) {
    guard let run = running[job.name] else { return }
    running[job.name]?.isDone = true
    if large == job.name { large = nil }
    guard let octets else {
      weights[job.name] = nil
      return
    }
    let took = now &- run.start
    let effort = (weights[job.name]?.effort(at: now) ?? 0) &+ took
    let weight = Weight(lane: Lane.first { octets <= $0.octets }, last: took, effort: effort, at: now)
    // What is small and seldom built needs no memory.
    weights[job.name] = weight.lane(at: now) == .quick && effort < 5_000_000 ? nil : weight
  }

  /// What came of a workspace's job was taken.
  ///
  /// - Returns: on whose behalf it was done.
  mutating func settle(_ name: WorkspaceName, at now: UInt64) -> [Request] {
    guard let run = running.removeValue(forKey: name) else { return [] }
    counts[run.lane.rawValue] -= 1
    if waiting[name] != nil { enqueue(name, weights[name]?.lane(at: now) ?? .quick) }
    return run.requests
  }

  /// Marks a job that holds up others, and has not been marked; nil when there is none.
  ///
  /// - Parameter lanes: whose threads may have others take their place.
  /// - Returns: its lane, and that of its thread.
  mutating func relieve(_ lanes: Set<Lane>, at now: UInt64) -> (lane: Lane, thread: Lane)? {
    let held = running.first { _, run in
      lanes.contains(run.thread) && (hasJob(in: run.lane) || hasJob(in: run.thread)) && run.isHeldUp(at: now)
    }
    guard let (name, run) = held else { return nil }
    running[name]?.isRelieved = true
    return (run.lane, run.thread)
  }

  /// True when another thread has taken the place of the one that is at a job.
  func isRelieved(_ job: Job) -> Bool { running[job.name]?.isRelieved ?? false }

  /// True when nothing is queued, being done, or done and not taken, in any lane up to this one.
  ///
  /// - Parameter time: what is being done since before then does not count.
  func isIdle(upTo lane: Lane, butForThoseBefore time: UInt64) -> Bool {
    let count = counts[...lane.rawValue].reduce(0, +)
    guard count > 0, time > 0 else { return count == 0 }
    return count == running.values.count { $0.lane <= lane && !$0.isDone && $0.start < time }
  }

  /// The workspaces that are being read, or are going to be.
  var unread: [WorkspaceName] { Set(running.filter { !$0.value.isDone }.keys).union(waiting.keys).sorted() }
}

/// First in, first out.
private struct Fifo<Element> {
  private var elements: [Element] = []
  private var first = 0

  var isEmpty: Bool { first == elements.count }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func popFirst() -> Element? {
    guard first < elements.count else { return nil }
    defer {
      first += 1
      // Half of it is behind us, so that each element is moved once at most, taken all together.
      if first > 64, first * 2 > elements.count {
        elements.removeFirst(first)
        first = 0
      }
    }
    return elements[first]
  }
}
