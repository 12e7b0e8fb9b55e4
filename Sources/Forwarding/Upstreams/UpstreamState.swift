import Wire

/// What one worker knows of an upstream: whether it answers at all, how fast it is, and what it does not understand; and
/// what is under way to it.
final class UpstreamState: TimerItem {
  /// Which one, and by whose rules.
  let use: UpstreamUse
  var upstream: Upstream { use.upstream }
  var health = UpstreamHealth()
  private(set) var latency = Latency()
  var quirks = UpstreamQuirks()
  /// The client's cookie (RFC 7873), made once for an upstream.
  let clientCookie: [UInt8]
  /// Its connections.
  var connections: UpstreamConnections

  /// When a rule that has this upstream was last asked by, and on whose account; probing ends a while after.
  private(set) var lastWanted: Instant?
  private(set) var account: Account
  /// The zone whose SOA a probe asks for: of the owner's rules that have this upstream the one nearest the root, so that it
  /// is not for who asks to choose.
  private(set) var probeZone = Name.root
  var probeInterval = Duration.zero
  /// When a probe was last sent, or left to another worker.
  var probedAt = Instant(nanoseconds: 0)
  var probe: Attempt?

  /// True once it gave way to others: it is not probed any more.
  var isForgotten = false

  /// Tries that are open, probes not among them.
  var tries = OpenTries()
  /// What was counted since it is known.
  private(set) var tally = UpstreamTally()
  /// The questions in flight whose rules have this upstream, by number.
  private var exchanges: [UInt64: Exchange] = [:]

  /// How long an upstream that nobody asks any more is still probed.
  static let probedFor = Duration.seconds(60)
  /// How long it is probed as often as while it is asked.
  static let probedOftenFor = Duration.seconds(10)
  /// The longest time between probes of one that nobody asks any more.
  static let longestProbeInterval = Duration.seconds(16)

  init(_ use: UpstreamUse, clientCookie: [UInt8], account: Account, settings: ForwardSettings) {
    self.use = use
    connections = UpstreamConnections(settings)
    self.clientCookie = clientCookie
    self.account = account
  }

  override func wake(in forwarder: Forwarder, now: Instant) { forwarder.probe(self, now) }

  /// True while it is known not to answer.
  var isDown: Bool { health.standing == .down }
  /// True when it answers as far as is known.
  var isUp: Bool { health.standing == .up }

  /// A rule of this zone is about to use it.
  ///
  /// - Returns: true when it was not wanted for so long that probing has stopped.
  func want(for zone: Name, by account: Account, _ now: Instant) -> Bool {
    defer { lastWanted = now }
    self.account = account
    let isNew = !isWanted(now)
    if isNew || zone.labelCount < probeZone.labelCount { probeZone = zone }
    return isNew
  }

  /// True while anybody is interested in whether it answers.
  func isWanted(_ now: Instant) -> Bool { lastWanted.map { now <= $0 + Self.probedFor } ?? false }

  /// True while it counts as asked for without a pause, so that its return is to be noticed soon.
  func wasWantedLately(_ now: Instant) -> Bool { lastWanted.map { now <= $0 + Self.probedOftenFor } ?? false }

  /// A try or a probe was sent.
  func opened(_ attempt: Attempt, _ account: Account) {
    tally.queryCount += 1
    if !attempt.isProbe { tries.add(attempt, account) }
  }

  func closed(_ attempt: Attempt) { if !attempt.isProbe { tries.remove(attempt) } }

  /// A try or probe came to nothing.
  func failed(
    _ attempt: Attempt, wasRefused: Bool = false, settings: ForwardSettings, _ now: Instant
  ) -> UpstreamHealth.Change {
    tally.failureCount += 1
    return health.failed(
      sentAt: attempt.sentAt, isProbe: attempt.isProbe, wasRefused: wasRefused, settings: settings, now)
  }

  // MARK: Time

  func answered(after duration: Duration) { latency.add(duration) }

  /// Makes an upstream that others outran look a little faster, so that it is tried again in time.
  func age() { latency.age() }

  /// How long a try waits; longer for each that this question made before.
  func timeout(triesBefore: Int, settings: ForwardSettings) -> Duration {
    let known = latency.timeout.map { min(max($0, settings.minimumTimeout), settings.longestFirstTimeout) }
    return min((known ?? settings.firstTimeout) * (1 << min(triesBefore, 4)), settings.maximumTimeout)
  }

  /// How long a probe waits whose answer decides whether it counts as down: it asks for what every server of the zone
  /// has at hand, so twice the quickest of the recent answers is enough.
  func probeTimeout(settings: ForwardSettings) -> Duration {
    let known = latency.quickest.map { min(max($0 * 2, settings.minimumTimeout), settings.longestFirstTimeout) }
    return known ?? settings.firstTimeout
  }

  // MARK: Questions

  func add(_ exchange: Exchange) { exchanges[exchange.number] = exchange }

  func remove(_ exchange: Exchange) { exchanges[exchange.number] = nil }

  /// The questions in flight that may ask it, the oldest first.
  var concerned: [Exchange] { exchanges.values.sorted { $0.number < $1.number } }
}
