import Bounds
import Synchronization
import Wire

/// Which worker asks what, so that equal questions of several workers are asked once: the others follow the one that
/// asks, and are told what came of it.
///
/// Shared by all workers and looked at only on the way to an upstream, in parts that are locked by themselves. It holds a
/// question for each exchange of a worker at most, and so no more than those are bounded to.
public final class QuestionsInFlight: Sendable {
  /// What a worker that follows is told.
  struct Notice: Sendable {
    let question: ForwardQuestion
    /// Nil when whoever asked stopped before it came to an end: who still waits is to ask.
    let result: ForwardResult?
    /// How many queries it took.
    let queries: Int
  }

  /// An upstream that one worker found not to answer any more, or to answer again.
  struct Hint: Hashable, Sendable {
    let use: UpstreamUse
    /// What of it can be asked for.
    let zone: Name
  }

  /// How long after the moment at which it wanted to go on a worker counts as dead.
  ///
  /// Longer than a busy worker is ever late, and short enough that whoever takes over can still ask before its clients'
  /// time is up.
  static let lateness = Duration.milliseconds(500)

  /// Who asks.
  enum Claim {
    case thisWorker
    /// Another, which counts as dead after that moment unless it says that it goes on.
    case another(aliveUntil: Instant)
  }

  private struct Entry {
    var worker: Int
    var aliveUntil: Instant
    var followers = WorkerSet()
  }

  /// A lock and what it guards; a class, because a `Mutex` cannot be in an array.
  private final class Shard: Sendable {
    let entries = Mutex<[ForwardQuestion: Entry]>([:])
  }

  private final class Notices: Sendable {
    let all = Mutex<(notices: [Notice], hints: Set<Hint>)>(([], []))
  }

  private struct Prober {
    let worker: Int
    let next: Instant
  }

  /// Who probes the upstreams that are down.
  private let probers = Mutex<[UpstreamUse: Prober]>([:])
  /// The upstreams that a person was told to be down.
  private let toldDown = Mutex<Set<UpstreamUse>>([])
  private let shards: [Shard]
  private let notices: [Notices]

  /// - Parameter workers: how many there are; they are numbered from 0.
  public init(workers: Int, shards: Int = 16) {
    self.shards = (0..<max(1, shards)).map { _ in Shard() }
    notices = (0..<workers).map { _ in Notices() }
  }

  /// How many questions are being asked.
  public var count: Int { shards.reduce(0) { sum, shard in sum + shard.entries.withLock { $0.count } } }

  private func shard(of question: ForwardQuestion) -> Shard {
    shards[Int(UInt(bitPattern: question.hashValue) % UInt(shards.count))]
  }

  /// Makes a worker the one that asks a question, unless another does and shows that it lives.
  ///
  /// - Parameters:
  ///   - aliveUntil: until when the worker counts as alive without saying so again.
  ///   - follows: whether it wants to be told what comes of it when another asks.
  func claim(
    _ question: ForwardQuestion, by worker: Int, aliveUntil: Instant, follows: Bool, now: Instant
  ) -> Claim {
    shard(of: question).entries.withLock { entries in
      guard let entry = entries[question], entry.worker != worker, now < entry.aliveUntil else {
        var others = entries[question]?.followers ?? WorkerSet()
        others.remove(worker)
        entries[question] = Entry(worker: worker, aliveUntil: aliveUntil, followers: others)
        return .thisWorker
      }
      if follows { entries[question]?.followers.insert(worker) }
      return .another(aliveUntil: entry.aliveUntil)
    }
  }

  /// The worker that asks goes on with it.
  func renew(_ question: ForwardQuestion, by worker: Int, aliveUntil: Instant) {
    shard(of: question).entries.withLock { entries in
      guard entries[question]?.worker == worker else { return }
      entries[question]?.aliveUntil = aliveUntil
    }
  }

  /// True when another worker wants to know what comes of it.
  func isFollowed(_ question: ForwardQuestion, by worker: Int) -> Bool {
    shard(of: question).entries.withLock { entries in
      guard let entry = entries[question], entry.worker == worker else { return false }
      return !entry.followers.isEmpty
    }
  }

  /// A worker that follows wants to be told no more.
  func leave(_ question: ForwardQuestion, _ worker: Int) {
    shard(of: question).entries.withLock { entries in
      entries[question]?.followers.remove(worker)
    }
  }

  /// The worker that asked is done: leaves a notice for each that follows.
  ///
  /// - Returns: the workers that are to be woken; none when another took the question over.
  func end(_ question: ForwardQuestion, by worker: Int, _ result: ForwardResult?, queries: Int) -> [Int] {
    let followers: [Int] = shard(of: question).entries.withLock { entries in
      guard let entry = entries[question], entry.worker == worker else { return [] }
      entries[question] = nil
      return entry.followers.all
    }
    for follower in followers {
      notices[follower].all.withLock {
        if $0.notices.count < Limits.Forwarding.notices {
          $0.notices.append(Notice(question: question, result: result, queries: queries))
        }
      }
    }
    return followers
  }

  /// Makes a worker the one that probes an upstream, unless another does so no later than it would itself.
  ///
  /// - Parameter next: when it is going to send the next probe after this one.
  /// - Returns: false when it may leave this probe to the other.
  func claimProbing(_ use: UpstreamUse, by worker: Int, next: Instant, _ now: Instant) -> Bool {
    probers.withLock { probers in
      if let other = probers[use], other.worker != worker, other.next <= next, now <= other.next + Self.lateness {
        return false
      }
      if probers.count >= Limits.Forwarding.upstreams, probers[use] == nil {
        probers = probers.filter { now <= $0.value.next + Self.lateness }
        guard probers.count < Limits.Forwarding.upstreams else { return true }
      }
      probers[use] = Prober(worker: worker, next: next)
      return true
    }
  }

  /// A worker does not probe an upstream any more.
  func endProbing(_ use: UpstreamUse, by worker: Int) {
    probers.withLock { if $0[use]?.worker == worker { $0[use] = nil } }
  }

  /// True when no other worker has had this told before. What is kept for that is of upstreams that workers know.
  func isNews(_ news: UpstreamNews) -> Bool {
    toldDown.withLock { news.isDown ? $0.insert(news.use).inserted : $0.remove(news.use) != nil }
  }

  /// A worker knows an upstream no more.
  func forget(_ use: UpstreamUse) {
    toldDown.withLock { _ = $0.remove(use) }
  }

  /// Leaves a hint for all other workers.
  ///
  /// - Returns: the workers that are to be woken.
  func leave(_ hint: Hint, from worker: Int) -> [Int] {
    notices.indices.filter { $0 != worker }.filter { other in
      notices[other].all.withLock { $0.hints.count < Limits.Forwarding.upstreams && $0.hints.insert(hint).inserted }
    }
  }

  /// Takes what was left for a worker.
  func takeNotices(for worker: Int) -> (notices: [Notice], hints: [Hint]) {
    notices[worker].all.withLock { all in
      defer { all = ([], []) }
      return (all.notices, all.hints.sorted { $0.use == $1.use ? "\($0.zone)" < "\($1.zone)" : $0.use < $1.use })
    }
  }
}
