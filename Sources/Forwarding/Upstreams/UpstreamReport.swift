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

  /// Takes away what is a part of it.
  public static func -= (sum: inout Self, part: Self) {
    sum.queryCount -= part.queryCount
    sum.failureCount -= part.failureCount
  }
}

/// What is known of an upstream at one moment.
public struct UpstreamReport: Hashable, Sendable {
  /// Which one.
  public let upstream: Upstream
  /// True while it is known not to answer and is only probed.
  public let isDown: Bool
  /// What it does instead of answering, and for how long; nil while it counts as up.
  public let trouble: UpstreamTrouble?
  /// How long it usually takes; nil when it was not heard lately.
  public let usualTime: Duration?
  /// What was counted since the start.
  public let tally: UpstreamTally
}

/// What an upstream does instead of answering.
///
/// Numbers: the text is made by whoever shows it, on a thread of its own time and not a worker's.
public struct UpstreamTrouble: Hashable, Sendable, BitwiseCopyable {
  /// Its machine refuses what is sent to it; otherwise nothing comes.
  public let refuses: Bool
  /// For how long, in whole seconds.
  public let seconds: UInt32

  /// Takes the parts.
  public init(refuses: Bool, seconds: UInt32) {
    self.refuses = refuses
    self.seconds = seconds
  }
}

extension UpstreamTrouble: CustomStringConvertible {
  /// For a person, after the upstream's name.
  public var description: String { "\(refuses ? "refuses" : "is silent") for \(seconds) s" }
}
