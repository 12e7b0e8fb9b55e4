/// Keys that something is to be done for, each at its time, in nanoseconds of the monotonic clock.
///
/// To look whether something is due costs nothing until the first time has come; then it is one step for each key.
struct DueTimes<Key: Hashable & Sendable>: Sendable {
  private var times: [Key: UInt64] = [:]
  /// No key's time is before this.
  private var earliest = UInt64.max

  /// Sets a key's time; nil for none.
  mutating func set(_ key: Key, at time: UInt64?) {
    times[key] = time
    if let time { earliest = min(earliest, time) }
  }

  /// When a key's time is; nil when it has none.
  subscript(key: Key) -> UInt64? { times[key] }

  /// How long until a key is due, rounded up, or sooner; nil when there is none.
  func milliseconds(from now: UInt64) -> Int32? {
    times.isEmpty ? nil : waitMilliseconds(until: earliest, from: now)
  }

  /// Takes the keys whose time has come.
  mutating func takeDue(at now: UInt64) -> [Key] {
    guard earliest <= now else { return [] }
    let due = times.filter { $0.value <= now }.map(\.key)
    for key in due { times[key] = nil }
    earliest = times.values.min() ?? .max
    return due
  }
}

/// How long it is from one time to another, both in nanoseconds, rounded up so that waking is never too early.
func waitMilliseconds(until time: UInt64, from now: UInt64) -> Int32 {
  guard time > now else { return 0 }
  let left = time - now
  return Int32(clamping: left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1))
}

/// When what failed is tried again: after a second, and each time later, up to a minute.
struct Retries<Key: Hashable & Sendable>: Sendable {
  private var counts: [Key: Int] = [:]
  private var times = DueTimes<Key>()

  /// It failed; it is due again some time later.
  mutating func failed(_ key: Key, at now: UInt64) {
    let count = counts[key, default: 0]
    counts[key] = count + 1
    times.set(key, at: now &+ min(60, 1 << UInt64(min(count, 6))) * 1_000_000_000)
  }

  /// True when it is going to be tried again.
  func isDue(_ key: Key) -> Bool { times[key] != nil }

  /// It went well.
  mutating func succeeded(_ key: Key) {
    guard counts.removeValue(forKey: key) != nil else { return }
    times.set(key, at: nil)
  }

  func milliseconds(from now: UInt64) -> Int32? { times.milliseconds(from: now) }

  /// Takes what is to be tried again now.
  mutating func takeDue(at now: UInt64) -> [Key] { times.takeDue(at: now) }
}
