import Links

/// When the watcher itself was late, so that what it did not hear says nothing of the endpoints.
///
/// A thread that stands still, because the machine is busy or there was much to be read, finds the times of all that was
/// under way over at once, whatever has come of it. So what was begun before then is tried again where it seems silent; and
/// what is begun soon after too, for a name that could not be asked for is remembered as that for some seconds.
struct WatchDelays {
  /// So late it may be without that counting, in milliseconds: half of the time that a connection has.
  static let bearable: UInt64 = 1500
  /// How long failures are remembered, and a little more, in milliseconds (`ForwardSettings.maximumFailureTime`).
  static let memory: UInt64 = 5000

  private var heardAt: UInt64?
  private var lastBegun: UInt64 = 0
  /// Up to this number nothing is believed to be silent.
  private var doubted: UInt64 = 0
  private var doubtsUntil: UInt64 = 0

  /// A probe begins; their numbers rise.
  mutating func begin(_ number: UInt64, at now: UInt64) {
    lastBegun = number
    if now < doubtsUntil { doubted = number }
  }

  /// It looks for what has come.
  ///
  /// - Parameter pause: how long it meant to wait for that, in milliseconds.
  mutating func hear(at now: UInt64, after pause: UInt64) {
    defer { heardAt = now }
    guard let heardAt, now > heardAt + pause + Self.bearable else { return }
    (doubted, doubtsUntil) = (lastBegun, now + Self.memory)
  }

  /// What an outcome is worth.
  func outcome(_ outcome: ConnectOutcome, of number: UInt64) -> ConnectOutcome {
    outcome == .silent && number <= doubted ? .postponed : outcome
  }

  /// What an outcome is worth.
  func outcome(_ outcome: ResolveOutcome, of number: UInt64) -> ResolveOutcome {
    if case .failed = outcome, number <= doubted { return .postponed }
    return outcome
  }
}
