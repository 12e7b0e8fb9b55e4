import Bounds

/// The upstreams of which something is known, bounded: when there are too many, whose rules have most of them gives way
/// first, with the one that was wanted longest ago.
struct UpstreamTable {
  private var states: [UpstreamUse: UpstreamState] = [:]
  private var share: FairShare<ForwardRule.Owner, UInt8, UpstreamUse>
  /// What was counted of upstreams that were forgotten since.
  private var former: [Upstream: UpstreamTally] = [:]

  init(capacity: Int = Limits.Forwarding.upstreams) { share = FairShare(capacity: capacity) }

  var count: Int { states.count }

  var all: some Collection<UpstreamState> { states.values }

  /// The state of a known upstream; nothing counts as used.
  subscript(use: UpstreamUse) -> UpstreamState? { states[use] }

  /// The state of a known upstream, which counts as just used.
  mutating func find(_ use: UpstreamUse) -> UpstreamState? {
    guard let state = states[use] else { return nil }
    share.touch(use)
    return state
  }

  /// Adds one that is not known yet.
  ///
  /// - Returns: those that are to be forgotten for it. Questions that are under way to them go on; what comes of them is
  ///   not remembered.
  mutating func add(_ state: UpstreamState) -> [UpstreamState] {
    let holder = FairShare<ForwardRule.Owner, UInt8, UpstreamUse>.Holder(state.use.owner, 0)
    var gone: [UpstreamState] = []
    while share.count >= share.capacity {
      var victim = share.firstToGo
      if case .inPlaceOf(let another) = share.admission(of: holder) {
        victim = another
      } else if let own = share.oldest(of: holder) {
        victim = own
      }
      guard let victim else { break }
      share.remove(victim)
      guard let state = states.removeValue(forKey: victim) else { continue }
      retire(state)
      gone.append(state)
    }
    states[state.use] = state
    share.insert(state.use, of: holder)
    return gone
  }

  /// Keeps what was counted of an upstream that is forgotten.
  private mutating func retire(_ state: UpstreamState) {
    guard former[state.upstream] != nil || former.count < Limits.Forwarding.formerUpstreams else { return }
    former[state.upstream, default: UpstreamTally()] += state.tally
  }

  /// What was counted of each, and what is known of those that are not forgotten; of one that several use a report for
  /// each.
  func reports(_ now: Instant) -> [UpstreamReport] {
    var former = former
    let present = states.values.map { state in
      var tally = state.tally
      if let earlier = former.removeValue(forKey: state.upstream) { tally += earlier }
      return UpstreamReport(
        upstream: state.upstream, isDown: state.isDown, trouble: state.health.trouble(now),
        usualTime: state.latency.usual, tally: tally)
    }
    return present
      + former.map {
        UpstreamReport(upstream: $0.key, isDown: false, trouble: nil, usualTime: nil, tally: $0.value)
      }
  }
}
