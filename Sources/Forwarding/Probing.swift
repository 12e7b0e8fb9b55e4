import Bounds
import Wire

// Which upstreams answer, and how it is found out that one does again.
extension Forwarder {

  /// What is known of an upstream that a rule is about to use.
  func state(of upstream: Upstream, _ rule: ForwardRule, _ now: Instant) -> UpstreamState {
    let state: UpstreamState
    if let known = upstreams[upstream] {
      state = known
    } else {
      if upstreams.count >= Limits.Forwarding.upstreams { forgetUnused(now) }
      state = UpstreamState(upstream, clientCookie: random.octets(UpstreamQuery.clientCookieLength))
      upstreams[upstream] = state
    }
    let wasForgotten = now > state.lastWanted + UpstreamState.probedFor
    state.lastWanted = now
    state.probeZone = rule.zone
    // Probing stopped while nobody wanted it.
    if state.isDown, wasForgotten { startProbing(state, now) }
    return state
  }

  private func forgetUnused(_ now: Instant) {
    let limit = UpstreamState.probedFor
    for (upstream, state) in upstreams where state.openTries == 0 && state.streams.isEmpty {
      guard now > state.lastWanted + limit else { continue }
      timers.remove(state)
      retire(state)
      upstreams[upstream] = nil
    }
  }

  /// A try came to nothing.
  func noteFailure(of state: UpstreamState, sentAt: Instant, _ now: Instant) {
    guard state.failed(sentAt: sentAt, settings: settings) else { return }
    counters.upstreamsDown += 1
    startProbing(state, now)
  }

  /// A datagram was not answered in its time.
  func noteSilence(_ attempt: Attempt) {
    if attempt.token != nil, attempt.query.hasEDNS { attempt.upstream.droppedEDNS() }
  }

  private func startProbing(_ state: UpstreamState, _ now: Instant) {
    state.probeInterval = settings.firstProbeInterval
    timers.set(state, at: now + state.probeInterval)
  }

  /// Asks a down upstream something that every server of the zone knows; any checked response makes it count as up.
  func probe(_ state: UpstreamState, _ now: Instant) {
    if let former = state.probe {
      noteSilence(former)
      close(former, now)
    }
    guard state.isDown, now <= state.lastWanted + UpstreamState.probedFor else { return }
    state.probeInterval = min(state.probeInterval * 2, settings.maximumProbeInterval)
    timers.set(state, at: now + state.probeInterval)
    guard sockets.count - streams.count < settings.maximumSockets else { return }
    let rule = ForwardRule(owner: .server, zone: state.probeZone, upstreams: [])
    let question = ForwardQuestion(name: state.probeZone, type: .soa, rule: rule)
    let query = query(
      question, to: state, plainCase: true, hasEDNS: state.takesEDNS(dnssecOK: false, at: now), now)
    let attempt = Attempt(query, state, nil, now: now, timeout: state.probeInterval)
    state.probe = attempt
    counters.probes += 1
    open(attempt)
  }
}
