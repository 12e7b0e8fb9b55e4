import Synchronization
import SystemIO
import Workspaces

/// What other threads tell a worker. The worker looks when it is woken, so a query's way has no lock.
final class Mailbox: Sendable {
  private struct Content {
    var snapshot: Snapshot?
    var mustStop = false
  }

  private let content = Mutex(Content())
  let waker: Waker

  init() throws(SystemError) { waker = try Waker() }

  /// Makes the worker answer from `snapshot` as soon as it has answered what it is at.
  func publish(_ snapshot: Snapshot) {
    content.withLock { $0.snapshot = snapshot }
    waker.wake()
  }

  /// Makes the worker finish what is in flight, and end.
  func stop() {
    content.withLock { $0.mustStop = true }
    waker.wake()
  }

  /// Takes what was left; for the worker.
  func take() -> (snapshot: Snapshot?, mustStop: Bool) {
    waker.reset()
    return content.withLock { content in
      defer { content.snapshot = nil }
      return (content.snapshot, content.mustStop)
    }
  }
}
