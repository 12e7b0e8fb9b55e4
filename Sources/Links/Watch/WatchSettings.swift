import Bounds

/// How often endpoints are looked at, and how much of that goes on at once. All times are in milliseconds.
public struct WatchSettings: Sendable {
  /// How often an endpoint is looked at while there are few; see `WatchSchedule` for many.
  public var period: UInt64
  /// How soon it is looked at again where one look is not what the ones before were.
  public var doubtPeriod: UInt64
  /// How long a connection is waited for: a packet that is lost is sent again after one second.
  public var patience: UInt64 = 3000
  /// Looks-up and connections a second, all together.
  public var probesPerSecond = Limits.Watching.probesPerSecond
  /// Of one workspace.
  public var probesPerSecondOfWorkspace = Limits.Watching.probesPerSecondOfWorkspace
  /// Of one workspace to one address.
  public var probesPerSecondOfAddress = Limits.Watching.probesPerSecondOfAddress
  /// How many may be under way.
  public var atOnce: Int
  /// Of one workspace.
  public var atOnceOfWorkspace: Int
  /// The most pairs of address and port of an endpoint that are connected to in one look.
  public var pairsOfEndpoint = Limits.Watching.pairsOfEndpoint
  /// How many looks in a row decide that a state has changed.
  public var looksForChange = 2

  /// How often endpoints are looked at unless somebody says otherwise, and what may be said, in seconds.
  public static let (usualSeconds, rangeSeconds) = (30, 1...3600)

  /// Takes the period.
  public init(everySeconds: Int = Self.usualSeconds, atOnce: Int = Limits.Watching.atOnce) {
    period = UInt64(max(1, everySeconds)) * 1000
    doubtPeriod = min(5000, max(500, period / 6))
    self.atOnce = max(1, atOnce)
    atOnceOfWorkspace = max(1, atOnce / Limits.Watching.partOfWorkspace)
  }
}
