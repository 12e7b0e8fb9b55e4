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

  // What is bounded, each with its own way of being shared.
  var waits: WaitingTickets
  var exchanges: ExchangeTable
  var sockets: SocketTable
  var streams: StreamPool
  var upstreams = UpstreamTable()
  var placeLine: PlaceLine
  var probeBudget = ProbeBudget()

  var random: RandomPool
  var timers = TimerHeap()
  var actions: [ForwardAction] = []
  /// How many hedges may be sent: a share of the questions, so that hedging cannot double the load.
  var hedgeBudget = 1.0
  private var lastNumber: UInt64 = 0

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
    waits = WaitingTickets(capacity: settings.maximumWaiters)
    exchanges = ExchangeTable(capacity: settings.maximumExchanges)
    sockets = SocketTable(datagrams: settings.maximumSockets)
    streams = StreamPool(capacity: settings.maximumStreams)
    placeLine = PlaceLine(questions: settings.maximumExchanges)
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
    // Whoever asks anew for what it waits for already joins itself before it leaves.
    let former = leave(ticket)
    defer { if let former { settle(former, now) } }
    if let result = HopKnowledge(question)?.result { return .done(result) }
    let found = cache.find(question, now: now, .use)
    let known = HopKnowledge(found, settings, now) { cache.nameErrorAbove(question, now: now) }
    note(known)
    let account = asker.account
    if case .fresh = known, found.isRefreshDue, found.failure == nil, settings.prefetches {
      prefetch(question, account, now)
    }
    if let result = known.result { return .done(result) }
    let stale = known.stale
    if let exchange = exchanges[question] {
      if exchange.isHopeless { return .done(failAtOnce(exchange.targets.map(\.state), stale, now)) }
      if let stale, now >= exchange.staleAt { return .done(staleResult(stale, "upstreams are slow")) }
      allow(exchange, queries, now)
      if let refusal = makeRoom(for: account, newExchange: false, now) { return .done(overloaded(stale, refusal)) }
      // Room may have been made of this very question.
      if exchanges.holds(exchange) {
        counters.coalesced += 1
        join(exchange, ticket, account, now)
        return .pending
      }
    }
    let states = question.rule.upstreams.map { state(of: $0, question.rule, account, now) }
    if states.allSatisfy(\.isDown) {
      askInPassing(question, states, account, now)
      return .done(failAtOnce(states, stale, now))
    }
    if let refusal = makeRoom(for: account, newExchange: true, now) { return .done(overloaded(stale, refusal)) }
    let exchange = newExchange(question, states, account, stale, isBackground: false, now)
    exchange.maximumTries = min(queries, settings.maximumTries)
    exchanges.insert(exchange)
    join(exchange, ticket, account, now)
    askOrFollow(exchange, now)
    return .pending
  }

  /// A question may cost as many queries as whoever has most left may spend.
  private func allow(_ exchange: Exchange, _ queries: Int, _ now: Instant) {
    let wasSpent = exchange.tries >= exchange.maximumTries
    exchange.maximumTries = max(exchange.maximumTries, min(queries, settings.maximumTries))
    guard wasSpent, exchange.tries < exchange.maximumTries else { return }
    exchange.nextTryAt = exchange.attempts.filter { !$0.hasTimedOut }.map(\.timeoutAt).max() ?? now
    arm(exchange)
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

  func newExchange(
    _ question: ForwardQuestion, _ states: [UpstreamState], _ account: Account, _ stale: UpstreamAnswer?,
    isBackground: Bool, passer: Account? = nil, _ now: Instant
  ) -> Exchange {
    lastNumber += 1
    return Exchange(
      question, number: lastNumber, targets: states, account: account, now: now, settings: settings,
      staleAnswer: stale, isBackground: isBackground, passer: passer)
  }

  /// Asks anew for what is about to expire.
  private func prefetch(_ question: ForwardQuestion, _ account: Account, _ now: Instant) {
    guard exchanges[question] == nil, exchanges.count < settings.maximumExchanges / 2 else { return }
    let states = question.rule.upstreams.map { state(of: $0, question.rule, account, now) }
    // One caller is told that it is due, so there must be a place before that is asked for.
    guard !states.allSatisfy(\.isDown), case .room = exchanges.place(for: .server),
      cache.find(question, now: now, .refresh).isRefreshDue
    else { return }
    counters.prefetches += 1
    startInBackground(newExchange(question, states, .server, nil, isBackground: true, now), now)
  }

  /// Asks upstreams that are known to be down, with nobody waiting for it, so that one that is silent to probes alone is
  /// found to answer.
  private func askInPassing(
    _ question: ForwardQuestion, _ states: [UpstreamState], _ account: Account, _ now: Instant
  ) {
    guard exchanges[question] == nil, exchanges.count < settings.maximumExchanges / 2,
      states.allSatisfy({ hasTryRoom(at: $0, for: account, now) })
    else { return }
    let exchange = newExchange(question, states, .server, nil, isBackground: true, passer: account, now)
    exchange.maximumTries = min(states.count, settings.maximumTries)
    startInBackground(exchange, now)
  }

  func startInBackground(_ exchange: Exchange, _ now: Instant) {
    guard case .room = exchanges.place(for: exchange.account) else { return }
    exchanges.insert(exchange)
    askOrFollow(exchange, now)
  }

  func staleResult(_ answer: UpstreamAnswer, _ why: String) -> ForwardResult {
    counters.staleAnswers += 1
    return .past(answer, why)
  }

  private func overloaded(_ stale: UpstreamAnswer?, _ failure: ForwardFailure) -> ForwardResult {
    counters.overloads += 1
    return stale.map { staleResult($0, failure.error.text) } ?? .failure(failure)
  }

  /// All upstreams are known to be down: nobody waits for them.
  private func failAtOnce(_ states: [UpstreamState], _ stale: UpstreamAnswer?, _ now: Instant) -> ForwardResult {
    counters.failedAtOnce += 1
    let text = Self.hopelessness(states, now)
    return stale.map { staleResult($0, text) }
      ?? .failure(ForwardFailure(.timeout, ExtendedError(.noReachableAuthority, text)))
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
      exchanges: exchanges.count, waiters: waits.count, sockets: sockets.datagramCount, streams: streams.count,
      timers: timers.count, upstreams: upstreams.count)
  }

  /// What is known of the upstreams that were ever asked.
  public func upstreamReports(now: Instant) -> [UpstreamReport] { upstreams.reports(now) }
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
