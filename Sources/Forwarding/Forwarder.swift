import Wire

/// Asks upstreams: one worker's questions in flight, its sockets and what it knows of each upstream.
///
/// A state machine without input or output: the caller hands it the time, random octets and what arrives, and carries
/// out its actions. After every call, take the actions and look at `nextDeadline`. Used by one thread; only the cache
/// is shared.
///
/// A client's question may need several hops. Each result is to be kept by the caller until the client is answered,
/// because an answer with a TTL of 0, and a failure, is in no cache when the caller goes along the chain again.
public final class Forwarder {
  /// Its limits and times.
  public let settings: ForwardSettings
  /// The cache that it shares with the other workers.
  public let cache: AnswerCache
  /// What was counted.
  public internal(set) var counters = ForwardCounters()
  /// What other workers ask; nil when there are none.
  let shared: QuestionsInFlight?
  /// This worker's number there.
  let worker: Int

  var random: RandomPool
  var timers = TimerHeap()
  var sockets = SocketTable()
  var exchanges: [ForwardQuestion: Exchange] = [:]
  var upstreams: [Upstream: UpstreamState] = [:]
  /// What was counted of upstreams that were forgotten since.
  var formerUpstreams: [Upstream: UpstreamTally] = [:]
  /// Connections, to all upstreams, the oldest first.
  var streams: [UpstreamStream] = []
  /// Exchanges that wait until an upstream can take them.
  var parked: [Exchange] = []
  /// How many hedges may be sent: a share of the questions, so that hedging cannot double the load.
  var hedgeBudget = 1.0
  var actions: [ForwardAction] = []

  private var waits: [Ticket: (exchange: Exchange, number: UInt64, asker: Asker)] = [:]
  private var nextNumber: UInt64 = 0
  private var waitersOfWorkspace: [UInt32: Int] = [:]
  private var waitersOfClient: [Asker: Int] = [:]

  /// - Parameters:
  ///   - shared: what all workers ask, when there are several.
  ///   - worker: this one's number, from 0.
  ///   - random: gives that many octets from the kernel's generator; called for a few hundred at a time.
  public init(
    settings: ForwardSettings = ForwardSettings(), cache: AnswerCache, shared: QuestionsInFlight? = nil,
    worker: Int = 0, random: @escaping (_ count: Int) -> [UInt8]
  ) {
    self.settings = settings
    self.cache = cache
    self.shared = shared
    self.worker = worker
    self.random = RandomPool(random)
  }

  /// Asks for one hop.
  ///
  /// - Parameters:
  ///   - ticket: who waits when the outcome is `pending`. A ticket waits for one question at a time; asking again with
  ///     it cancels the former.
  ///   - asker: on whose account it waits.
  ///   - queries: how many queries to upstreams it may cost at most; joining an exchange that may cost more is free to.
  public func ask(
    _ question: ForwardQuestion, ticket: Ticket, asker: Asker, queries: Int = .max, now: Instant
  ) -> ForwardOutcome {
    cancel(ticket)
    if let result = HopKnowledge(question)?.result { return .done(result) }
    let found = cache.find(question, now: now)
    let known = HopKnowledge(found, settings, now) { cache.nameErrorAbove(question, now: now) }
    note(known)
    if case .fresh = known, found.isRefreshDue, found.failure == nil, settings.prefetches { prefetch(question, now) }
    if let result = known.result { return .done(result) }
    let stale = known.stale
    if let exchange = exchanges[question] {
      if let stale, now >= exchange.staleAt { return .done(staleResult(stale, "upstreams are slow")) }
      exchange.maximumTries = max(exchange.maximumTries, min(queries, settings.maximumTries))
      return join(exchange, ticket, asker, stale, isNew: false)
    }
    let states = question.rule.upstreams.map { state(of: $0, question.rule, now) }
    if let stale, states.allSatisfy(\.isDown) {
      return .done(staleResult(stale, "no upstream answers"))
    }
    guard exchanges.count < settings.maximumExchanges else { return .done(overloaded(stale, "questions in flight")) }
    let exchange = Exchange(
      question, targets: states, now: now, settings: settings, staleAnswer: stale, isBackground: false)
    exchange.maximumTries = min(queries, settings.maximumTries)
    let outcome = join(exchange, ticket, asker, stale, isNew: true)
    if case .pending = outcome { start(exchange, now) }
    return outcome
  }

  private func note(_ known: HopKnowledge) {
    switch known {
    case .fresh: counters.cacheHits += 1
    case .failedWithStale: counters.staleAnswers += 1
    case .failed: counters.cachedFailures += 1
    case .cut: counters.cutAnswers += 1
    case .closed, .notForwardable, .unknown: break
    }
  }

  private func prefetch(_ question: ForwardQuestion, _ now: Instant) {
    guard exchanges[question] == nil, exchanges.count < settings.maximumExchanges / 2 else { return }
    counters.prefetches += 1
    let states = question.rule.upstreams.map { state(of: $0, question.rule, now) }
    start(
      Exchange(question, targets: states, now: now, settings: settings, staleAnswer: nil, isBackground: true), now)
  }

  func staleResult(_ answer: UpstreamAnswer, _ why: String) -> ForwardResult {
    counters.staleAnswers += 1
    return .past(answer, why)
  }

  private func overloaded(_ stale: UpstreamAnswer?, _ what: String) -> ForwardResult {
    counters.overloads += 1
    let text = "too many " + what
    if let stale { return staleResult(stale, "there are " + text) }
    return .failure(ForwardFailure(.overload, ExtendedError(.other, text)))
  }

  // MARK: Waiters

  private func join(
    _ exchange: Exchange, _ ticket: Ticket, _ asker: Asker, _ stale: UpstreamAnswer?, isNew: Bool
  ) -> ForwardOutcome {
    if exchange.waiters.count >= settings.maximumWaitersPerQuestion {
      exchange.waiters.removeAll { waits[$0.ticket]?.number != $0.number }
    }
    guard exchange.waiters.count < settings.maximumWaitersPerQuestion else {
      return .done(overloaded(stale, "clients wait for this name"))
    }
    guard waitersOfWorkspace[asker.workspace, default: 0] < settings.maximumWaitersPerWorkspace else {
      return .done(overloaded(stale, "questions of this workspace in flight"))
    }
    guard waitersOfClient[asker, default: 0] < settings.maximumWaitersPerClient else {
      return .done(overloaded(stale, "questions of this client in flight"))
    }
    if !isNew { counters.coalesced += 1 }
    nextNumber += 1
    exchange.waiters.append(Exchange.Waiter(ticket: ticket, asker: asker, number: nextNumber))
    exchange.waiting += 1
    waits[ticket] = (exchange, nextNumber, asker)
    waitersOfWorkspace[asker.workspace, default: 0] += 1
    waitersOfClient[asker, default: 0] += 1
    return .pending
  }

  /// The client gave up or was answered otherwise: the ticket gets no result.
  public func cancel(_ ticket: Ticket) {
    guard let wait = waits[ticket] else { return }
    release(ticket, wait.asker)
    wait.exchange.waiting -= 1
  }

  private func release(_ ticket: Ticket, _ asker: Asker) {
    waits[ticket] = nil
    Self.decrease(&waitersOfWorkspace, asker.workspace)
    Self.decrease(&waitersOfClient, asker)
  }

  private static func decrease<Key>(_ counts: inout [Key: Int], _ key: Key) {
    guard let count = counts[key] else { return }
    counts[key] = count > 1 ? count - 1 : nil
  }

  /// Gives everybody who waits the result.
  func deliver(_ result: ForwardResult, to exchange: Exchange) {
    for waiter in exchange.waiters where waits[waiter.ticket]?.number == waiter.number {
      release(waiter.ticket, waiter.asker)
      actions.append(.finished(waiter.ticket, result, queries: exchange.tries))
    }
    exchange.waiters.removeAll()
    exchange.waiting = 0
  }

  // MARK: Time and actions

  /// Does what is due at `now`.
  public func advance(to now: Instant) {
    while let item = timers.popDue(at: now) { item.wake(in: self, now: now) }
  }

  /// When `advance` is to be called next; nil when nothing is waited for.
  public var nextDeadline: Instant? { timers.first }

  /// Moves what is to be done to the end of `result`.
  public func takeActions(into result: inout [ForwardAction]) {
    result += actions
    actions.removeAll(keepingCapacity: true)
  }

  /// What is open and waited for; for watching bounds.
  public var usage: ForwardUsage {
    ForwardUsage(
      exchanges: exchanges.count, waiters: waits.count, sockets: sockets.count - streams.count, streams: streams.count,
      timers: timers.count, upstreams: upstreams.count)
  }
}

/// How much of what is bounded is used.
public struct ForwardUsage: Hashable, Sendable {
  /// Questions in flight.
  public var exchanges: Int
  /// Tickets without a result.
  public var waiters: Int
  /// Open UDP sockets.
  public var sockets: Int
  /// Open TCP connections.
  public var streams: Int
  /// Timers that are set.
  public var timers: Int
  /// Upstreams of which something is known.
  public var upstreams: Int
}
