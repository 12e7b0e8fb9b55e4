import Forwarding
import Wire

/// Tells the log of what clients do again and again: the first at once, and then one line for all that came in a while.
struct RepeatedNotice {
  private var reportedCount: UInt64 = 0
  private var quietUntil = Instant(nanoseconds: 0)

  /// How long there is no other line.
  static let interval = Duration.seconds(10)

  /// The line that is due; nil when there is nothing new, or it is not yet time.
  ///
  /// - Parameters:
  ///   - count: how often it happened so far.
  ///   - text: what there is to say of the last of them.
  mutating func line(_ count: UInt64, now: Instant, _ text: () -> String?) -> String? {
    guard count > reportedCount, now >= quietUntil, let text = text() else { return nil }
    let more = count - reportedCount - 1
    reportedCount = count
    quietUntil = now + Self.interval
    return text + (more > 0 ? " (and \(more) more like it)" : "")
  }
}

/// The same of what is handed in as it happens: of many the latest is told.
struct LatestNotice<Value> {
  private var count: UInt64 = 0
  private var latest: Value?
  private var notice = RepeatedNotice()

  /// Another one.
  mutating func add(_ value: Value) {
    count += 1
    latest = value
  }

  /// The line for the log that is due.
  mutating func line(now: Instant, _ text: (Value) -> String) -> String? {
    notice.line(count, now: now) { latest.map(text) }
  }
}

/// What came from listed load balancers without the header that it must begin with, and with one from others. Nobody is
/// answered, so that without a word in the log a load balancer that was never told to send one, or is not listed, looks
/// like a server that is down.
extension Worker {
  /// Counts what came from a load balancer without its header.
  func missesHeader(from source: SocketAddress) {
    counters.add(.missingHeaders)
    missingHeaders.add(source)
  }

  /// Counts what came with a header from somebody who is no load balancer.
  func isUnlisted(_ source: SocketAddress) {
    counters.add(.unlistedHeaders)
    unlistedHeaders.add(source)
  }

  /// Writes what there is to say of those.
  func reportHeaders() {
    let missing = missingHeaders.line(now: now) { source in
      "dropped, for \(source.address) is listed as a load balancer (--proxy) and sends no PROXY protocol header of version "
        + "2: have it send one, or take it off the list"
    }
    if let missing { log.note(missing) }
    let unlisted = unlistedHeaders.line(now: now) { source in
      "dropped, for \(source.address) sends a PROXY protocol header and is not listed as a load balancer (--proxy): list "
        + "it if it is one"
    }
    if let unlisted { log.note(unlisted) }
  }
}
