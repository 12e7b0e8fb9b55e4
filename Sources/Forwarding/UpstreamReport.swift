import Bounds

/// What was counted of an upstream.
public struct UpstreamTally: Hashable, Sendable {
  /// Queries that were sent to it.
  public var queryCount = 0
  /// Queries that it did not answer.
  public var failureCount = 0

  /// Nothing counted yet.
  public init() {}

  /// Adds what was counted elsewhere.
  public static func += (sum: inout Self, more: Self) {
    sum.queryCount += more.queryCount
    sum.failureCount += more.failureCount
  }
}

/// What is known of an upstream at one moment.
public struct UpstreamReport: Hashable, Sendable {
  /// Which one.
  public let upstream: Upstream
  /// True while it does not answer and is only probed.
  public let isDown: Bool
  /// How long it usually takes; nil when it was not heard lately.
  public let usualTime: Duration?
  /// What was counted since the start.
  public let tally: UpstreamTally
}

extension Forwarder {

  /// What is known of the upstreams that were ever asked.
  public var upstreamReports: [UpstreamReport] {
    var former = formerUpstreams
    let present = upstreams.values.map { state in
      var tally = state.tally
      if let earlier = former.removeValue(forKey: state.upstream) { tally += earlier }
      return UpstreamReport(
        upstream: state.upstream, isDown: state.isDown, usualTime: state.latency.usual, tally: tally)
    }
    return present
      + former.map { UpstreamReport(upstream: $0.key, isDown: false, usualTime: nil, tally: $0.value) }
  }

  /// Keeps what was counted of an upstream that is about to be forgotten.
  func retire(_ state: UpstreamState) {
    guard formerUpstreams[state.upstream] != nil || formerUpstreams.count < Limits.Forwarding.formerUpstreams else {
      return
    }
    formerUpstreams[state.upstream, default: UpstreamTally()] += state.tally
  }
}
