import Bounds

/// The upstreams of which something is known, bounded: when there are too many, whoever brought most of them gives way
/// first, with the one that was wanted longest ago.
struct UpstreamTable {
  private var states: [Upstream: UpstreamState] = [:]
  private var share: FairShare<UInt32, UInt8, Upstream>
  /// What was counted of upstreams that were forgotten since.
  private var former: [Upstream: UpstreamTally] = [:]

  init(capacity: Int = Limits.Forwarding.upstreams) { share = FairShare(capacity: capacity) }

  var count: Int { states.count }

  var all: some Collection<UpstreamState> { states.values }

  /// The state of a known upstream; nothing counts as used.
  subscript(upstream: Upstream) -> UpstreamState? { states[upstream] }

  /// The state of a known upstream, which counts as just used.
  mutating func find(_ upstream: Upstream) -> UpstreamState? {
    guard let state = states[upstream] else { return nil }
    share.touch(upstream)
    return state
  }

  /// Adds one that is not known yet.
  ///
  /// - Returns: those that are to be forgotten for it. Questions that are under way to them go on; what comes of them is
  ///   not remembered.
  mutating func add(_ state: UpstreamState) -> [UpstreamState] {
    let holder = FairShare<UInt32, UInt8, Upstream>.Holder(state.account.group, 0)
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
    states[state.upstream] = state
    share.insert(state.upstream, of: holder)
    return gone
  }

  /// Keeps what was counted of an upstream that is forgotten.
  private mutating func retire(_ state: UpstreamState) {
    guard former[state.upstream] != nil || former.count < Limits.Forwarding.formerUpstreams else { return }
    former[state.upstream, default: UpstreamTally()] += state.tally
  }

  /// What was counted of each, and what is known of those that are not forgotten.
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
