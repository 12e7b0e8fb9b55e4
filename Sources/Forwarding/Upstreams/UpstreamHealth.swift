/// Whether an upstream answers: what its tries and probes came to.
///
/// Only checked responses, and the lack of any, change this; what anyone could have forged never does. A few lost packets
/// do not make an upstream count as down: that takes a second of silence or refusals, some tries in a row, and after them
/// a probe of its own.
struct UpstreamHealth {
  enum Standing: Comparable {
    case up
    /// Some tries in a row came to nothing, or it was down when it was last looked at: others are preferred, and it is
    /// being probed.
    case suspected
    /// It is known not to answer: nobody waits for it.
    case down
  }

  /// What a failure made of it.
  enum Change {
    case none, suspected, down
    /// It was down before, and nothing was heard of it in between.
    case stillDown
  }

  private(set) var standing = Standing.up
  /// When something checked was last heard.
  private(set) var lastHeard: Instant?
  /// When the first of the tries was sent that came to nothing since; nil when none did.
  private(set) var silentSince: Instant?
  /// True when the last of them was refused by its machine.
  private(set) var refuses = false
  private var failuresInARow = 0
  private var suspectedAt = Instant(nanoseconds: 0)
  /// True from when it was found to be down until something is heard of it, doubtful or not.
  private(set) var hasGoneDown = false

  /// True while something is to be found out by probes.
  var isInQuestion: Bool { silentSince != nil }

  /// A checked response came.
  mutating func heard(_ now: Instant) {
    self = UpstreamHealth()
    lastHeard = now
  }

  /// A try or a probe ended without a response.
  ///
  /// Only when nothing was heard since it was sent does it speak against the upstream rather than the name that was
  /// asked for.
  mutating func failed(
    sentAt: Instant, isProbe: Bool, wasRefused: Bool, settings: ForwardSettings, _ now: Instant
  ) -> Change {
    if let lastHeard, lastHeard >= sentAt { return .none }
    failuresInARow += 1
    refuses = wasRefused
    let since = min(silentSince ?? sentAt, sentAt)
    silentSince = since
    switch standing {
    case .up where failuresInARow >= settings.failuresUntilDown:
      standing = .suspected
      suspectedAt = now
      return .suspected
    case .suspected where isProbe && sentAt >= suspectedAt && now >= since + settings.silenceUntilDown:
      defer { (standing, hasGoneDown) = (.down, true) }
      return hasGoneDown ? .stillDown : .down
    default: return .none
    }
  }

  /// That it is down was found out too long ago to be relied on: the next probe decides.
  mutating func becameDoubtful(_ now: Instant) {
    guard standing == .down else { return }
    standing = .suspected
    suspectedAt = now
  }

  /// What it does instead of answering; nil while it counts as up.
  func trouble(_ now: Instant) -> UpstreamTrouble? {
    guard standing != .up, let silentSince else { return nil }
    return UpstreamTrouble(refuses: refuses, seconds: now.wholeSeconds(since: silentSince))
  }
}
