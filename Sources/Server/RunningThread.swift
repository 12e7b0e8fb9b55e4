import Synchronization
import SystemIO

/// What whoever started a thread keeps of it: has it end, and waits for that.
final class RunningThread: Sendable {
  /// Wakes the thread.
  let waker: Waker
  private let isToStop = Atomic(false)
  private let end: Completion

  init() throws(SystemError) {
    waker = try Waker()
    end = try Completion(count: 1)
  }

  /// True once the thread is to end.
  var mustStop: Bool { isToStop.load(ordering: .acquiring) }

  /// Has it end.
  func beginToStop() {
    isToStop.store(true, ordering: .releasing)
    waker.wake()
  }

  /// Waits until it has ended, or the monotonic clock shows a time.
  func waitForEnd(until deadline: UInt64) -> Bool { end.wait(until: deadline) }

  /// The thread has ended; said by itself, once.
  func hasEnded() { end.arrive() }
}
