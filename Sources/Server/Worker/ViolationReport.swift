import Answering
import Forwarding

/// Tells the log of violations: the first at once, and then one line for all that came in a while.
struct ViolationReport {
  private var reportedCount: UInt64 = 0
  private var countedCount: UInt64 = 0
  private var quietUntil = Instant(nanoseconds: 0)

  /// How long there is no other line.
  static let interval = Duration.seconds(10)

  /// How many violations there were since this was asked last.
  mutating func newCount(_ refusals: AskRefusals) -> Int {
    defer { countedCount = refusals.violations }
    return Int(truncatingIfNeeded: refusals.violations - countedCount)
  }

  /// The line that is due; nil when there is nothing new, or it is not yet time.
  mutating func line(_ refusals: AskRefusals, now: Instant) -> String? {
    guard refusals.violations > reportedCount, now >= quietUntil, let last = refusals.lastViolation else { return nil }
    let count = refusals.violations - reportedCount
    reportedCount = refusals.violations
    quietUntil = now + Self.interval
    return "refused, because it shows two workspaces: \(last)" + (count > 1 ? " (and \(count - 1) more like it)" : "")
  }
}

extension Worker {
  /// Counts violations for the metrics, and writes what there is to say of them.
  func reportViolations() {
    let count = violationReport.newCount(responder.refusals)
    if count > 0 { counters.add(.violations, count) }
    if let line = violationReport.line(responder.refusals, now: now) { log.note(line) }
  }
}
