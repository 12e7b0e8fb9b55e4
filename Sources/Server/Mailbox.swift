import Synchronization
import SystemIO
import Workspaces

/// What other threads tell a worker. The worker looks when it is woken, so a query's way has no lock.
final class Mailbox: Sendable {
  private struct Content {
    var snapshot: Snapshot?
    /// What the worker answered from before; freed by the thread that publishes, never by the worker. One at most: a
    /// worker takes one snapshot between two that are left, and whoever leaves one takes this.
    var returned: Snapshot?
    var mustStop = false
    /// Where a report is wanted; and where one is due, now that the worker has all that was left before.
    var reportDesk: ReportDesk?
    var dueReportDesk: ReportDesk?
  }

  private let content = Mutex(Content())
  /// True while there is something that the worker has not looked at.
  private let isFull = Atomic(false)
  let waker: Waker
  /// Woken when the worker has given a snapshot back.
  private let returns: Returns

  /// The waker of whoever publishes.
  final class Returns: Sendable {
    let waker: Waker
    init() throws(SystemError) { waker = try Waker() }
  }

  init(returns: Returns) throws(SystemError) {
    waker = try Waker()
    self.returns = returns
  }

  /// Makes the worker answer from `snapshot` as soon as it has answered what it is at.
  ///
  /// - Returns: what nobody answers from any more, for the caller to free: the one that the worker has not taken, and the
  ///   one that it has given back. So a mailbox holds two snapshots at most, however many are published.
  func publish(_ snapshot: Snapshot) -> [Snapshot] {
    let former = content.withLock { content in
      defer { (content.snapshot, content.returned) = (snapshot, nil) }
      return [content.snapshot, content.returned].compactMap { $0 }
    }
    isFull.store(true, ordering: .releasing)
    waker.wake()
    return former
  }

  /// Makes the worker finish what is in flight, and end.
  func stop() {
    content.withLock { $0.mustStop = true }
    waker.wake()
  }

  /// True when a snapshot was left that the worker has not taken. A worker that asks after it has received a query sees
  /// every snapshot that was published before the query was sent.
  var hasNews: Bool { isFull.load(ordering: .acquiring) }

  /// Makes the worker report to a desk, once it has taken what was left here before.
  func askForReport(to desk: ReportDesk) {
    content.withLock { $0.reportDesk = desk }
    waker.wake()
  }

  /// Where a report is wanted, if one was when `exchange` was called last; for the worker.
  func takeReportDesk() -> ReportDesk? {
    content.withLock { content in
      defer { content.dueReportDesk = nil }
      return content.dueReportDesk
    }
  }

  /// Takes the snapshot that was left, if any, in exchange for the one before; for the worker.
  ///
  /// - Returns: true when the worker must finish.
  func exchange(_ snapshot: inout Snapshot) -> Bool {
    waker.reset()
    // Before looking: what is left from now on is told of again.
    isFull.store(false, ordering: .sequentiallyConsistent)
    let (isNew, mustStop) = content.withLock { content in
      if let desk = content.reportDesk { (content.reportDesk, content.dueReportDesk) = (nil, desk) }
      guard let next = content.snapshot else { return (false, content.mustStop) }
      // Inside the lock, so that the worker's reference is never the last. Nothing is there that this could replace:
      // whoever left `next` took it.
      content.returned = snapshot
      snapshot = next
      content.snapshot = nil
      return (true, content.mustStop)
    }
    if isNew { returns.waker.wake() }
    return mustStop
  }

  /// Takes what the worker has given back; for the thread that publishes, which frees it.
  func takeReturned() -> Snapshot? {
    content.withLock { content in
      defer { content.returned = nil }
      return content.returned
    }
  }
}
