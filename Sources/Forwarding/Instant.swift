/// A moment of the monotonic clock that the caller reads; nothing in this module reads a clock itself.
public struct Instant: Hashable, Comparable, Sendable {
  /// Since a moment that never changes while the process runs.
  public let nanoseconds: UInt64

  /// Takes what the clock says.
  @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// True when `a` is earlier.
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  /// The moment `duration` later; the end of time when that does not fit, the same moment for a negative duration.
  public static func + (moment: Self, duration: Duration) -> Self {
    let (sum, overflows) = moment.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
    return Self(nanoseconds: overflows ? .max : sum)
  }

  /// How long after `earlier` this is; zero when it is not after it.
  public func since(_ earlier: Self) -> Duration {
    .nanoseconds(Int64(clamping: nanosecondsSince(earlier)))
  }

  /// Whole seconds since `earlier`, rounded down, which is how TTLs count; zero when it is not after it.
  @inlinable public func wholeSeconds(since earlier: Self) -> UInt32 {
    UInt32(clamping: nanosecondsSince(earlier) / 1_000_000_000)
  }

  @inlinable func nanosecondsSince(_ earlier: Self) -> UInt64 {
    nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
  }
}

extension Duration {
  /// As the clock counts; zero for a negative duration.
  var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflows) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflows else { return .max }
    let (sum, tooLong) = whole.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
    return tooLong ? .max : sum
  }
}
