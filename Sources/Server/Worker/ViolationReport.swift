import Answering
import Forwarding

/// Tells the log of violations: the first at once, and then one line for all that came in a while.
struct ViolationReport {
  private var countedCount: UInt64 = 0
  private var notice = RepeatedNotice()

  /// How many violations there were since this was asked last.
  mutating func newCount(_ refusals: AskRefusals) -> Int {
    defer { countedCount = refusals.violations }
    return Int(truncatingIfNeeded: refusals.violations - countedCount)
  }

  /// The line that is due; nil when there is nothing new, or it is not yet time.
  mutating func line(_ refusals: AskRefusals, now: Instant) -> String? {
    notice.line(refusals.violations, now: now) {
      refusals.lastViolation.map { "refused, because it shows two workspaces: \($0)" }
    }
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
