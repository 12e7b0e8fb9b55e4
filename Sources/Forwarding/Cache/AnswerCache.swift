import Synchronization
import Wire

/// Answers by question, shared by all workers and bounded in octets.
///
/// The key is whose forwarding it is, name, type, DO and CD. Parts of the cache are locked by themselves, each for the
/// few dozen instructions of a look-up, so workers seldom meet.
public final class AnswerCache: Sendable {
  /// The most octets that answers, keys and the table take, about.
  public let capacityOctets: Int

  private let shards: [Shard]
  private let seed: UInt64

  private let flushes = Atomic<UInt64>(0)

  /// A lock and what it guards; a class, because a `Mutex` cannot be in an array.
  private final class Shard: Sendable {
    let entries: Mutex<CacheShard>
    init(capacity: Int) { entries = Mutex(CacheShard(capacityOctets: capacity)) }
  }

  /// What is known of a question.
  struct Found {
    /// In its TTL or not.
    var answer: UpstreamAnswer?
    /// A failure that is still remembered.
    var failure: ForwardFailure?
    /// True when it is asked for often and about to expire; true for one caller only.
    var isRefreshDue = false
  }

  /// - Parameters:
  ///   - capacityOctets: the bound.
  ///   - shards: how many parts are locked by themselves; made a power of two.
  ///   - seed: a random number, so that nobody can choose names that collide.
  public init(capacityOctets: Int = 64 << 20, shards: Int = 64, seed: UInt64) {
    self.capacityOctets = capacityOctets
    self.seed = seed
    var count = 1
    while count < shards { count *= 2 }
    let each = capacityOctets / count
    self.shards = (0..<count).map { _ in Shard(capacity: each) }
  }

  /// Moves when anything was taken out on somebody's word: what was made of an answer of another epoch is void.
  public var epoch: UInt64 { flushes.load(ordering: .acquiring) }

  /// Begins another epoch; to be called when entries have been taken out.
  func beginEpoch() { flushes.add(1, ordering: .releasing) }

  /// How many octets are used, about.
  public var usedOctets: Int { shards.reduce(0) { sum, shard in sum + shard.entries.withLock { $0.usedOctets } } }

  /// How many questions have an entry.
  public var count: Int { shards.reduce(0) { sum, shard in sum + shard.entries.withLock { $0.count } } }

  /// What a look-up is for.
  enum Purpose {
    /// To answer, and to ask anew what is about to expire.
    case refresh
    /// To answer.
    case use
    /// To tell of it: it leaves no trace.
    case look
  }

  func find(_ question: ForwardQuestion, now: Instant, _ purpose: Purpose = .refresh) -> Found {
    find(question.name.wire.span, CacheKey(question), now, purpose)
  }

  /// An NXDOMAIN of a name above the question's (RFC 8020), learned by the same rule.
  ///
  /// That it is the same rule keeps a cut from reaching under a more specific one. Not for DNSSEC, whose clients need
  /// the proof for the very name.
  func nameErrorAbove(_ question: ForwardQuestion, now: Instant, _ purpose: Purpose = .use) -> UpstreamAnswer? {
    guard !question.dnssecOK else { return nil }
    let key = CacheKey(cutBy: question)
    let name = question.name.wire.span
    var at = 0
    while name.count - at > question.rule.zone.wire.count {
      at += Int(name[at]) + 1
      if let answer = find(name.extracting(at..<name.count), key, now, purpose).answer,
        answer.isFresh(at: now)
      {
        return answer
      }
    }
    return nil
  }

  /// Keeps an answer, in place of whatever is there; nothing when its TTL is 0.
  ///
  /// - Parameter group: the workspace that brought it, on whose account its octets are; nil when nobody waited for it.
  func store(_ answer: UpstreamAnswer, for question: ForwardQuestion, of group: UInt32? = nil) {
    guard answer.ttlSeconds > 0 else { return }
    store(answer, question, CacheKey(question), group)
    // That there is no root cannot be true, whoever says it.
    if answer.ending == .nameError, answer.hopCount == 0, !question.dnssecOK, question.name != .root {
      store(answer, question, CacheKey(cutBy: question), group)
    }
  }

  /// A refresh came to nothing: it is due again for whoever asks next.
  func refreshFailed(_ question: ForwardQuestion) {
    let key = CacheKey(question)
    let (shard, hash) = place(question.name.wire.span, key)
    shard.entries.withLock { $0.refreshFailed(question.name.wire.span, key, hash) }
  }

  /// Forgets the entries that `isMeant` says, by lower-case name and rule; how many went.
  func removeAll(where isMeant: ([UInt8], ForwardRule?) -> Bool) -> Int {
    shards.reduce(0) { sum, shard in sum + shard.entries.withLock { $0.removeAll(where: isMeant) } }
  }

  private func store(_ answer: UpstreamAnswer, _ question: ForwardQuestion, _ key: CacheKey, _ group: UInt32?) {
    let (shard, hash) = place(question.name.wire.span, key)
    shard.entries.withLock { $0.store(answer, question.name.wire, key, hash, of: group) }
  }

  /// Remembers that upstreams failed to answer (RFC 9520), beside the answer that may be there.
  func store(
    _ failure: ForwardFailure, for question: ForwardQuestion, of group: UInt32? = nil, now: Instant,
    settings: ForwardSettings
  ) {
    let key = CacheKey(question)
    let (shard, hash) = place(question.name.wire.span, key)
    shard.entries.withLock {
      $0.store(
        failure, question.name.wire, key, hash, of: group, now: now, first: settings.failureTime,
        longest: settings.maximumFailureTime)
    }
  }

  private func find(_ name: Span<UInt8>, _ key: CacheKey, _ now: Instant, _ purpose: Purpose) -> Found {
    let (shard, hash) = place(name, key)
    return shard.entries.withLock { $0.find(name, key, hash, now: now, purpose) }
  }

  private func place(_ name: Span<UInt8>, _ key: CacheKey) -> (Shard, UInt64) {
    let hash = key.hash(name, seed: seed)
    // The low bits choose the bucket inside the shard.
    return (shards[Int(truncatingIfNeeded: hash >> 40) & (shards.count - 1)], hash)
  }
}

/// All of a cache's key but the name.
struct CacheKey: Equatable {
  /// What stands under the key. No question can name a cut: it is a case of its own, and no number.
  enum Kind: Equatable {
    /// The answer to a question for a type, with or without DO.
    case answer(RecordType, dnssecOK: Bool)
    /// That there is nothing below the name either (RFC 8020).
    case cut
  }

  let kind: Kind
  let checkingDisabled: Bool
  let rule: ForwardRule

  init(_ kind: Kind, checkingDisabled: Bool, _ rule: ForwardRule) {
    self.kind = kind
    self.checkingDisabled = checkingDisabled
    self.rule = rule
  }

  /// Where the answer to a question stands.
  init(_ question: ForwardQuestion) {
    self.init(
      .answer(question.type, dnssecOK: question.dnssecOK), checkingDisabled: question.checkingDisabled, question.rule)
  }

  /// Where an NXDOMAIN stands for every name below.
  init(cutBy question: ForwardQuestion) {
    self.init(.cut, checkingDisabled: question.checkingDisabled, question.rule)
  }

  /// A number that no other kind has.
  private var kindNumber: UInt64 {
    switch kind {
    case .answer(let type, let dnssecOK): UInt64(type.rawValue) << 2 | (dnssecOK ? 2 : 0)
    case .cut: 1 << 32
    }
  }

  func hash(_ name: Span<UInt8>, seed: UInt64) -> UInt64 {
    KeyedHash.of(
      name, from: 0, seed: seed,
      start: UInt64(truncatingIfNeeded: rule.scopeHash) ^ kindNumber ^ (checkingDisabled ? 1 : 0))
  }
}
