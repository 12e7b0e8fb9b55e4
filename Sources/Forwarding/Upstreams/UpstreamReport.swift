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
  /// True while it is known not to answer and is only probed.
  public let isDown: Bool
  /// What it does instead of answering, and for how long; nil while it counts as up.
  public let trouble: String?
  /// How long it usually takes; nil when it was not heard lately.
  public let usualTime: Duration?
  /// What was counted since the start.
  public let tally: UpstreamTally
}
