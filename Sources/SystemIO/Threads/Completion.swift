import Synchronization

/// Tells when several threads have done their part, to one that waits no longer than it says.
public final class Completion: Sendable {
  private let left: Mutex<Int>
  private let waker: Waker

  /// - Parameter count: how many are waited for.
  public init(count: Int) throws(SystemError) {
    waker = try Waker()
    left = Mutex(count)
    if count <= 0 { waker.wake() }
  }

  /// One of them is done. Called once by each.
  public func arrive() {
    let isLast = left.withLock { left in
      left -= 1
      return left == 0
    }
    if isLast { waker.wake() }
  }

  /// Waits until all are done, or the monotonic clock shows a time, in nanoseconds.
  ///
  /// - Returns: true when all are done.
  public func wait(until deadline: UInt64) -> Bool {
    while left.withLock({ $0 > 0 }) {
      let now = System.monotonicNanoseconds()
      guard now < deadline else { return false }
      do throws(SystemError) {
        var poller = try Poller()
        try poller.add(waker.descriptor.raw, .readable, token: 0)
        _ = try poller.wait(timeoutMilliseconds: Int32(clamping: (deadline - now + 999_999) / 1_000_000))
      } catch {
        // No descriptor is left to wait with, so the clock alone tells.
        Thread.pause(milliseconds: 10)
      }
    }
    return true
  }
}
