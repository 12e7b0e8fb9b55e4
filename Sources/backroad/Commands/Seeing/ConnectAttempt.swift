import Glibc
import SystemIO
import Text
import Wire

/// One try to reach an address by TCP, with what a flow log has to be searched by.
struct ConnectAttempt: Sendable {
  /// How it ended.
  enum End: Sendable {
    /// A connection was made.
    case reached
    /// Whoever is there, or something before it, said no at once.
    case refused
    /// Nothing came back.
    case silent
    /// This machine, or a router, knows no way.
    case noRoute(String)
    /// Anything else, in the kernel's words.
    case failed(String)
  }

  /// When it began: milliseconds since 1970.
  let startMilliseconds: UInt64
  /// From where; nil where the kernel did not get as far as choosing it.
  let source: SocketAddress?
  /// Where to.
  let destination: SocketAddress
  /// How long it took.
  let milliseconds: UInt64
  /// How it ended.
  let end: End

  /// Tries it, until a time of the monotonic clock.
  init(to destination: SocketAddress, endNanoseconds: UInt64) {
    self.destination = destination
    startMilliseconds = System.wallClockMilliseconds()
    let start = System.monotonicNanoseconds()
    (source, end) = Self.connect(to: destination, start, endNanoseconds)
    milliseconds = (System.monotonicNanoseconds() - start) / 1_000_000
  }

  /// One that somebody else made.
  init(to destination: SocketAddress, ended end: End) {
    self.destination = destination
    self.end = end
    source = nil
    startMilliseconds = 0
    milliseconds = 0
  }

  private static func connect(
    to destination: SocketAddress, _ start: UInt64, _ endNanoseconds: UInt64
  ) -> (SocketAddress?, End) {
    do throws(SystemError) {
      let socket = try Socket.client(.tcp, to: destination)
      let source = socket.localAddress
      var poller = try Poller()
      try poller.add(socket.raw, .writable, token: 0)
      let left = endNanoseconds > start ? Int32(clamping: (endNanoseconds - start) / 1_000_000 + 1) : 0
      guard try poller.wait(timeoutMilliseconds: left) > 0 else { return (source, .silent) }
      return (source, socket.takeError().map { end(of: $0) } ?? .reached)
    } catch {
      return (nil, end(of: error))
    }
  }

  private static func end(of error: SystemError) -> End {
    switch error.code {
    case ECONNREFUSED, ECONNRESET: .refused
    case ETIMEDOUT: .silent
    case EHOSTUNREACH, ENETUNREACH: .noRoute(error.reason)
    default: .failed(error.reason)
    }
  }

  /// True when a connection was made.
  var isReached: Bool { if case .reached = end { true } else { false } }

  /// Why not: the end of a sentence; nil when it was reached.
  var obstacle: String? {
    switch end {
    case .reached: nil
    case .refused: "Connection refused"
    case .silent: "no answer"
    case .noRoute(let reason), .failed(let reason): reason
    }
  }

  var json: JSON {
    [
      "time": .string(UTCTime(milliseconds: startMilliseconds).text), "source": source.map { .string("\($0)") } ?? nil,
      "destination": .string("\(destination)"), "milliseconds": .number(milliseconds),
      "reached": JSON(.bool(isReached)),
      "obstacle": obstacle.map { .string($0) } ?? nil,
    ]
  }

  static func table(_ attempts: [ConnectAttempt]) -> Table {
    var table = Table("TIME (UTC)", "FROM", "TO", "MS", "RESULT")
    for attempt in attempts {
      table.add(
        UTCTime(milliseconds: attempt.startMilliseconds).text, attempt.source.map { "\($0)" } ?? "-",
        "\(attempt.destination)", "\(attempt.milliseconds)", attempt.obstacle ?? "reached")
    }
    return table
  }
}

/// A time of the calendar, for people and flow logs.
struct UTCTime {
  /// `2026-11-28T08:00:00.123Z` (RFC 3339).
  let text: String

  /// - Parameter milliseconds: since 1970.
  init(milliseconds: UInt64) {
    let seconds = milliseconds / 1000
    let (days, time) = (Int(seconds / 86_400), Int(seconds % 86_400))
    // The Gregorian calendar repeats every 146,097 days; years are counted from March, so that the leap day is the last.
    let shifted = days + 719_468
    let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    func padded(_ number: Int, _ width: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    let clock = "\(padded(time / 3600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2))"
    text = "\(date)T\(clock).\(padded(Int(milliseconds % 1000), 3))Z"
  }
}
