import Bounds
import Wire

// Which upstreams answer, and how it is found out that one does again.
extension Forwarder {
  /// What is known of an upstream that a rule is about to use.
  func state(of upstream: Upstream, _ rule: ForwardRule, _ account: Account, _ now: Instant) -> UpstreamState {
    let state = known(UpstreamUse(upstream: upstream, owner: rule.owner), account, now)
    let probingEnded = state.want(for: rule.zone, by: account, now)
    if isOld(state, now) {
      // What cannot be probed now is taken for what it was: nobody waits for nothing.
      if probeAnew(state, waiting: state.probeTimeout(settings: settings), now) { state.health.becameDoubtful(now) }
    } else if probingEnded, state.health.isInQuestion {
      probe(state, now)
    }
    return state
  }

  /// True when an upstream was found to be down too long ago: probes became rare while nobody asked, or ended. Not while
  /// one is under way or due in its time, however late this worker is.
  private func isOld(_ state: UpstreamState, _ now: Instant) -> Bool {
    guard state.isDown, now > state.probedAt + settings.maximumProbeInterval else { return false }
    return !timers.holds(state) || state.probeInterval > settings.maximumProbeInterval
  }

  private func known(_ use: UpstreamUse, _ account: Account, _ now: Instant) -> UpstreamState {
    if let known = upstreams.find(use) { return known }
    let state = UpstreamState(
      use, clientCookie: random.octets(UpstreamQuery.clientCookieLength), account: account, settings: settings)
    for gone in upstreams.add(state) {
      gone.isForgotten = true
      timers.remove(gone)
      shared?.forget(gone.use)
      if let probe = gone.probe { close(probe, now) }
    }
    return state
  }

  /// A try came to nothing: the upstream was silent, or its machine refused.
  ///
  /// It is asked at once whether it answers at all, and so are the question's other upstreams that were not heard since:
  /// what is known of all of them decides how long clients wait.
  func noteFailure(of attempt: Attempt, wasRefused: Bool = false, exchange: Exchange? = nil, _ now: Instant) {
    apply(attempt.upstream.failed(attempt, wasRefused: wasRefused, settings: settings, now), attempt.upstream, now)
    if attempt.upstream.health.isInQuestion { check(attempt.upstream, now) }
    for target in (exchange ?? attempt.exchange)?.targets ?? [] where target.state !== attempt.upstream {
      if target.state.isUp, target.state.health.lastHeard.map({ $0 < attempt.sentAt }) ?? true {
        check(target.state, now)
      }
    }
  }

  /// Sends a probe, unless one is under way or will be.
  func check(_ state: UpstreamState, _ now: Instant) {
    guard state.probe == nil, !timers.holds(state), !state.isForgotten else { return }
    sendProbe(state, waiting: state.probeTimeout(settings: settings), now)
  }

  private func apply(_ change: UpstreamHealth.Change, _ state: UpstreamState, _ now: Instant) {
    switch change {
    case .none: return
    case .suspected: tellOthers(of: state)
    case .down, .stillDown:
      if change == .down {
        counters.upstreamsDown += 1
        tell(UpstreamNews(state.use, state.health.trouble(now), isDown: true))
      }
      state.probeInterval = settings.firstProbeInterval
      for exchange in state.concerned where exchange.isHopeless && exchanges.holds(exchange) { giveUp(exchange, now) }
    }
  }

  /// The time of a probe has come to nothing, or the next one is due.
  func probe(_ state: UpstreamState, _ now: Instant) {
    let wasDown = state.isDown
    if let former = state.probe {
      state.quirks.wasSilentToProbe(hadEDNS: former.query.hasEDNS)
      close(former, now)
      apply(state.failed(former, settings: settings, now), state, now)
    }
    guard state.health.isInQuestion || state.quirks.doubtsEDNS, state.isWanted(now), !state.isForgotten else {
      shared?.endProbing(state.use, by: worker)
      return
    }
    if !state.isDown {
      sendProbe(state, waiting: state.probeTimeout(settings: settings), now)
    } else if !wasDown {
      timers.set(state, at: now + state.probeInterval)
    } else {
      probeAgain(state, now)
    }
  }

  /// Probes on an upstream that is down: of several workers one does, and the others hear of it.
  private func probeAgain(_ state: UpstreamState, _ now: Instant) {
    state.probeInterval =
      state.wasWantedLately(now)
      ? min(state.probeInterval * 2, settings.maximumProbeInterval)
      : min(state.probeInterval * 4, UpstreamState.longestProbeInterval)
    let next = now + state.probeInterval
    guard state.isWanted(next) else {
      shared?.endProbing(state.use, by: worker)
      return
    }
    if shared?.claimProbing(state.use, by: worker, next: next, now) == false {
      state.probedAt = now
      timers.set(state, at: next)
    } else {
      sendProbe(state, waiting: state.probeInterval, now)
    }
  }

  /// Probes an upstream that is down at once, whatever was planned.
  ///
  /// - Returns: as `sendProbe`.
  @discardableResult
  private func probeAnew(_ state: UpstreamState, waiting: Duration, _ now: Instant) -> Bool {
    if let probe = state.probe { close(probe, now) }
    state.probeInterval = settings.firstProbeInterval
    return sendProbe(state, waiting: waiting, now)
  }

  /// Asks an upstream something that every server of the zone knows; any checked response makes it count as up.
  ///
  /// - Returns: false when there is no room for that now; it is tried again when the time of the probe would be over.
  @discardableResult
  private func sendProbe(_ state: UpstreamState, waiting: Duration, _ now: Instant) -> Bool {
    timers.set(state, at: now + waiting)
    state.probedAt = now
    guard probeBudget.take(state.use.owner, for: state.health, now) else { return false }
    // While there is room it is nobody's; when there is none, that of the workspace that wants the upstream.
    let account: Account
    if case .room = sockets.admission(of: .server) { account = .server } else { account = state.account }
    guard makeSocketRoom(for: account, now) else { return false }
    let rule = ForwardRule(owner: .server, zone: state.probeZone, upstreams: [])
    let question = ForwardQuestion(name: state.probeZone, type: .soa, rule: rule)
    let query = query(question, to: state, plainCase: true, hasEDNS: state.quirks.probeTakesEDNS(at: now), now)
    let attempt = Attempt(query, state, nil, now: now, timeout: waiting)
    state.probe = attempt
    counters.probes += 1
    open(attempt, account)
    return true
  }

  /// Has a person told, by the first of the workers that finds it.
  func tell(_ news: UpstreamNews) {
    if shared?.isNews(news) != false { actions.append(.tell(news)) }
  }

  // MARK: Other workers

  /// Has the other workers see for themselves whether an upstream answers.
  func tellOthers(of state: UpstreamState) {
    guard let shared else { return }
    let hint = QuestionsInFlight.Hint(use: state.use, zone: state.probeZone)
    for other in shared.leave(hint, from: worker) { actions.append(.wake(worker: other)) }
  }

  /// Another worker found that an upstream does not answer any more, or answers again: it is asked now.
  func take(_ hint: QuestionsInFlight.Hint, _ now: Instant) {
    let state = known(hint.use, .server, now)
    _ = state.want(for: hint.zone, by: state.account, now)
    if state.isDown { probeAnew(state, waiting: settings.firstProbeInterval, now) } else { check(state, now) }
  }
}
