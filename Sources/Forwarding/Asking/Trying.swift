import Bounds
import Wire

// How a question is taken from one upstream to the next.
extension Forwarder {
  /// Sets when it is seen to again.
  func arm(_ exchange: Exchange) {
    guard exchanges.holds(exchange) else { return }
    timers.set(exchange, at: exchange.nextEvent)
    renew(exchange)
  }

  /// Does what an exchange's time has come for.
  func wake(_ exchange: Exchange, _ now: Instant) {
    for attempt in exchange.attempts
    where !attempt.hasTimedOut && attempt.exchange != nil && now >= attempt.timeoutAt { timedOut(attempt, now) }
    guard exchanges.holds(exchange) else { return }
    guard now < exchange.deadline, isWanted(exchange) else { return giveUp(exchange, now) }
    if let stale = exchange.staleAnswer, now >= exchange.staleAt, !exchange.waiters.isEmpty {
      // The upstreams are asked on, so that the cache is fresh again as soon as one answers (RFC 8767 §5).
      deliver(staleResult(stale, problem(exchange, now)), to: exchange)
      guard !exchange.isFollowing else { return end(exchange, nil, now) }
      exchange.isBackground = true
      settle(exchange, now)
    }
    if now >= exchange.nextTryAt {
      if exchange.isFollowing { return askOrFollow(exchange, now) }
      if exchange.isExhausted { return giveUp(exchange, now) }
      tryNextOrHedge(exchange, now)
    }
    arm(exchange)
  }

  private func timedOut(_ attempt: Attempt, _ now: Instant) {
    attempt.hasTimedOut = true
    if let exchange = attempt.exchange, let index = exchange.index(of: attempt.upstream) {
      exchange.targets[index].hadItsTime = true
    }
    noteFailure(of: attempt, now)
    // A connection on which nothing came since is dead, however long it will not say so.
    if let stream = attempt.stream, stream.lastReceived <= attempt.sentAt { drop(stream, now) }
  }

  private func tryNextOrHedge(_ exchange: Exchange, _ now: Instant) {
    if let last = exchange.attempts.last, !last.hasTimedOut, !exchange.isParked {
      // Slow, not late: another upstream may be quicker.
      guard hedgeBudget >= 1, let index = exchange.bestTarget(), exchange.targets[index].tries == 0,
        exchange.targets[index].state.isUp
      else {
        exchange.nextTryAt = last.timeoutAt
        return
      }
      hedgeBudget -= 1
      counters.hedges += 1
    }
    tryNext(exchange, now)
  }

  /// Sends the question to the next upstream; at the latest `nextTryAt` it is seen to again.
  func tryNext(_ exchange: Exchange, _ now: Instant) {
    guard let index = exchange.bestTarget() else {
      // Whoever said nothing yet may still answer in its time.
      let open = exchange.attempts.filter { !$0.hasTimedOut }.map(\.timeoutAt).max()
      guard let open else { return giveUp(exchange, now) }
      exchange.isExhausted = true
      exchange.nextTryAt = open
      return
    }
    guard exchange.tries < exchange.maximumTries else {
      exchange.nextTryAt = exchange.deadline
      return
    }
    send(exchange, to: index, now)
  }

  /// Sends the question to one of its upstreams, or parks it. The room for that may turn out to be its own: then it has
  /// ended.
  ///
  /// - Parameter former: the query whose case was lost, which is to be sent again in plain case and otherwise as it was.
  func send(_ exchange: Exchange, to index: Int, inPlaceOf former: Attempt? = nil, _ now: Instant) {
    let state = exchange.targets[index].state
    guard makeTryRoom(at: state, for: exchange, now) else { return park(exchange, now) }
    guard exchanges.holds(exchange) else { return }
    if exchange.usesStreams {
      guard let stream = stream(for: exchange, to: state, now) else {
        placeLine.enter(exchange)
        return park(exchange, now)
      }
      guard exchanges.holds(exchange) else { return idle(stream, now) }
      exchange.isParked = false
      send(exchange, to: index, on: stream, now)
    } else {
      while exchange.attempts.count >= settings.maximumOpenTries { close(exchange.attempts[0], now) }
      guard makeSocketRoom(for: exchange, now) else { return park(exchange, now) }
      guard exchanges.holds(exchange) else { return }
      exchange.isParked = false
      sendDatagram(exchange, to: index, inPlaceOf: former, now)
    }
  }

  /// Makes room for one more socket of a question: of whoever has most, or of its own.
  private func makeSocketRoom(for exchange: Exchange, _ now: Instant) -> Bool {
    while true {
      if makeSocketRoom(for: exchange.account, now) { return true }
      guard let own = exchange.attempts.first(where: { $0.token != nil }) else { return false }
      close(own, now)
    }
  }

  /// Makes room for one more socket on an account; false when that has the most itself.
  func makeSocketRoom(for account: Account, _ now: Instant) -> Bool {
    while true {
      switch sockets.admission(of: account) {
      case .room: return true
      case .none: return false
      case .inPlaceOf(let token):
        guard case .datagram(let attempt) = sockets[token] else { return false }
        if let exchange = attempt.exchange { displace(exchange, now) } else { close(attempt, now) }
      }
    }
  }

  private func placeForTry(at state: UpstreamState, for account: Account, _ now: Instant) -> OpenTries.Place {
    guard !state.isUp else { return .room }
    let limit = state.isDown ? settings.maximumTriesWhileDown : settings.maximumTriesWhileSuspected
    return state.tries.place(for: account, limit: limit, settings: settings, now)
  }

  /// True when an account may have one more try at an upstream, which may be in doubt.
  func hasTryRoom(at state: UpstreamState, for account: Account, _ now: Instant) -> Bool {
    if case .none = placeForTry(at: state, for: account, now) { false } else { true }
  }

  private func makeTryRoom(at state: UpstreamState, for exchange: Exchange, _ now: Instant) -> Bool {
    switch placeForTry(at: state, for: exchange.payer, now) {
    case .room: return true
    case .none: return false
    case .inPlaceOf(let attempt):
      giveWay(attempt, now)
      return true
    }
  }

  /// Closes a try; its question looks for another way, or ends if nobody waits for it.
  private func giveWay(_ attempt: Attempt, _ now: Instant) {
    let exchange = attempt.exchange
    close(attempt, now)
    guard let exchange, exchanges.holds(exchange) else { return }
    exchange.lackedRoom = true
    guard exchange.passer == nil else { return end(exchange, nil, now) }
    guard exchange.attempts.allSatisfy(\.hasTimedOut) else { return }
    park(exchange, now)
    arm(exchange)
  }

  private func sendDatagram(_ exchange: Exchange, to index: Int, inPlaceOf former: Attempt?, _ now: Instant) {
    let state = exchange.targets[index].state
    let takesEDNS =
      !exchange.targets[index].lacksEDNS && state.quirks.takesEDNS(dnssecOK: exchange.question.dnssecOK, at: now)
    let query = query(
      exchange.question, to: state, plainCase: former != nil, hasEDNS: former?.query.hasEDNS ?? takesEDNS, now)
    let timeout = state.timeout(triesBefore: exchange.targets[index].tries, settings: settings)
    let attempt = Attempt(query, state, exchange, now: now, timeout: timeout, isPlainRepeat: former != nil)
    open(attempt, exchange.account)
    exchange.attempts.append(attempt)
    exchange.targets[index].tries += 1
    exchange.tries += 1
    exchange.nextTryAt = attempt.timeoutAt
    if settings.hedges, exchange.tries == 1, exchange.targets.count > 1, let usual = state.latency.percentile95 {
      // A little more, or every answer of an even upstream would come at that very moment.
      exchange.nextTryAt = min(attempt.timeoutAt, now + usual + usual / 8 + .milliseconds(2))
    }
    for target in exchange.targets where target.state !== state { target.state.age() }
  }

  /// Opens a socket for a query, and sends it.
  func open(_ attempt: Attempt, _ account: Account) {
    let token = sockets.open(attempt, account)
    attempt.token = token
    attempt.upstream.opened(attempt, attempt.exchange?.payer ?? account)
    if !attempt.isProbe { attempt.upstream.quirks.sent(hasEDNS: attempt.query.hasEDNS) }
    counters.datagramQueries += 1
    actions.append(.openDatagram(token, to: attempt.upstream.upstream))
    actions.append(.send(token, attempt.query.message))
  }

  /// The query for a question, with a random id and, unless the upstream does not keep it, a random case.
  func query(
    _ question: ForwardQuestion, to state: UpstreamState, plainCase: Bool, hasEDNS: Bool, id: UInt16? = nil,
    _ now: Instant
  ) -> UpstreamQuery {
    let mixes = settings.mixesCase && !plainCase && state.quirks.keepsCase(at: now)
    let cookie = settings.sendsCookies ? state.clientCookie + (state.quirks.serverCookie ?? []) : nil
    return UpstreamQuery(
      id: id ?? random.number16(),
      name: mixes ? random.mixedCase(question.name.wire) : question.name.wire, type: question.type,
      dnssecOK: question.dnssecOK, checkingDisabled: question.checkingDisabled, hasEDNS: hasEDNS,
      cookie: hasEDNS ? cookie : nil)
  }

  // MARK: Waiting for an upstream that can take it

  func park(_ exchange: Exchange, _ now: Instant) {
    guard exchanges.holds(exchange) else { return }
    (exchange.isParked, exchange.lackedRoom) = (true, true)
    exchange.nextTryAt = now + settings.firstProbeInterval
  }

  /// Sends what was waiting for this upstream, which can take it again.
  func resume(_ state: UpstreamState, _ now: Instant) {
    for exchange in state.concerned where exchange.isParked && exchanges.holds(exchange) {
      tryNext(exchange, now)
      arm(exchange)
    }
  }

  /// A place on a connection is free: the first in the line looks for one in its turn.
  func callToPlace(_ now: Instant) {
    guard let exchange = placeLine.next() else { return }
    exchange.nextTryAt = now
    arm(exchange)
  }

  // MARK: Ending

  /// An upstream said no, or what it said is of no use: it is asked no more, and the next at once.
  func reject(_ attempt: Attempt, _ problem: String, _ now: Instant) {
    guard let exchange = attempt.exchange, let index = exchange.index(of: attempt.upstream) else { return }
    exchange.targets[index].isSpent = true
    exchange.lastProblem = "\(attempt.upstream.upstream) \(problem)"
    close(attempt, now)
    goOn(exchange, now)
  }

  /// Tries the next upstream at once.
  func goOn(_ exchange: Exchange, _ now: Instant) {
    guard exchanges.holds(exchange) else { return }
    guard isWanted(exchange) else { return giveUp(exchange, now) }
    tryNext(exchange, now)
    arm(exchange)
  }

  /// Ends an exchange with an answer.
  func finish(_ exchange: Exchange, _ answer: UpstreamAnswer, _ now: Instant) {
    cache.store(answer, for: exchange.question, of: exchange.payer.group)
    end(exchange, .answer(answer), now)
    deliver(.answer(answer), to: exchange)
  }

  /// Ends an exchange without an answer.
  func giveUp(_ exchange: Exchange, _ now: Instant) {
    guard exchanges.holds(exchange) else { return }
    // That nobody wanted to know any more says nothing about the upstreams.
    guard isWanted(exchange) else { return end(exchange, nil, now) }
    let text = problem(exchange, now)
    let saidNo = exchange.lastProblem != nil
    // While all are known to be down everything fails at once, and nothing may once one is back.
    // Nor is what a limit of those who asked has ended: whoever has more left asks for itself.
    let isLimited = exchange.isLimited(settings)
    let isRemembered = !exchange.isFollowing && !isLimited && (saidNo || !exchange.isHopeless)
    counters.failures += 1
    let failure = ForwardFailure(
      isLimited ? .overload : saidNo ? .upstreamFailure : .timeout,
      ExtendedError(saidNo ? .networkError : .noReachableAuthority, text))
    if isRemembered {
      cache.store(failure, for: exchange.question, of: exchange.payer.group, now: now, settings: settings)
    }
    end(exchange, isLimited ? nil : .failure(failure), now)
    guard !exchange.waiters.isEmpty else { return }
    let result = exchange.staleAnswer.map { staleResult($0, text) } ?? .failure(failure)
    deliver(result, to: exchange)
  }

  /// Closes all that an exchange has open, and forgets it.
  ///
  /// - Parameter result: for the workers that follow; nil when there is none, and they are to ask themselves.
  func end(_ exchange: Exchange, _ result: ForwardResult?, _ now: Instant) {
    for attempt in exchange.attempts { close(attempt, now) }
    exchange.isParked = false
    timers.remove(exchange)
    guard exchanges.holds(exchange) else { return }
    exchanges.remove(exchange)
    let isAnswered = if case .answer? = result { true } else { false }
    if exchange.isBackground, !isAnswered { cache.refreshFailed(exchange.question) }
    tellFollowers(of: exchange, result)
  }

  /// What happened, for a person at `dig`.
  private func problem(_ exchange: Exchange, _ now: Instant) -> String {
    if let problem = exchange.lastProblem { return problem }
    if exchange.isHopeless { return Self.hopelessness(exchange.targets.map(\.state), now) }
    let names = exchange.targets.prefix(3).map { "\($0.state.upstream)" }.joined(separator: ", ")
    let milliseconds = now.nanosecondsSince(exchange.startedAt) / 1_000_000
    let (seconds, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100)
    return "no answer from \(names) in \(seconds)\(tenths == 0 ? "" : ".\(tenths)") s"
  }

  /// What each of some upstreams does, all of which are known to be down.
  static func hopelessness(_ states: [UpstreamState], _ now: Instant) -> String {
    let troubles = states.prefix(3).map { "\($0.upstream) \($0.health.trouble(now)?.description ?? "is silent")" }
    return "no upstream answers: " + troubles.joined(separator: ", ")
  }

  /// Closes a query's socket, or takes it from its connection.
  func close(_ attempt: Attempt, _ now: Instant) {
    if let token = attempt.token {
      actions.append(.close(token))
      release(attempt, token)
    }
    if let stream = attempt.stream {
      attempt.upstream.connections.unseat(attempt, from: stream)
      release(attempt)
      if let account = stream.oldest?.exchange?.account { streams.charge(stream.token, to: account) }
      idle(stream, now)
      callToPlace(now)
    }
  }

  /// Forgets a query whose socket is closed.
  func release(_ attempt: Attempt, _ token: SocketToken) {
    sockets.close(token)
    attempt.token = nil
    release(attempt)
  }

  func release(_ attempt: Attempt) {
    attempt.stream = nil
    attempt.upstream.closed(attempt)
    attempt.exchange?.attempts.removeAll { $0 === attempt }
    attempt.exchange = nil
    if attempt.upstream.probe === attempt { attempt.upstream.probe = nil }
  }
}
