import Admin
import Synchronization
import SystemIO

/// A thread for what of the admin interface reads the disk or waits for it, one thing after the other: while a disk stalls,
/// everything else is answered.
final class DiskThread: Sendable {
  /// A connection's number.
  typealias Client = UInt64
  /// Gives what the request goes on with.
  typealias Job = @Sendable () -> AdminReply

  private struct Content {
    /// What has not begun, in the order in which it is done.
    var waiting: [(client: Client, job: Job)] = []
    var isWorking = false
    var done: [(client: Client, reply: AdminReply)] = []
    var mustStop = false
  }

  /// Where the thread waits.
  private final class Seat {
    private var poller: Poller

    init(_ waker: borrowing Waker) throws(SystemError) {
      let poller = try Poller()
      try poller.add(waker.descriptor.raw, .readable, token: 0)
      self.poller = poller
    }

    func wait() {
      // Should it fail, the thread looks for itself.
      _ = try? poller.wait(timeoutMilliseconds: nil)
    }
  }

  private let content = Mutex(Content())
  private let wanted: Waker
  /// Wakes whoever asked.
  let finished: Waker

  /// Starts the thread.
  ///
  /// - Parameter end: told when it has ended.
  init(_ end: Completion) throws(SystemError) {
    wanted = try Waker()
    finished = try Waker()
    let seat = try Seat(wanted)
    try Thread(name: "admin-disk") {
      self.run(seat)
      end.arrive()
    }.detach()
  }

  /// How many jobs there are whose replies nobody has taken.
  var count: Int { content.withLock { $0.waiting.count + ($0.isWorking ? 1 : 0) + $0.done.count } }

  /// Has something done for a connection.
  func ask(_ client: Client, _ job: @escaping Job) {
    content.withLock { $0.waiting.append((client, job)) }
    wanted.wake()
  }

  /// Nobody waits at a connection any more: what has not begun for it is not done.
  func withdraw(_ client: Client) {
    content.withLock { content in content.waiting.removeAll { $0.client == client } }
  }

  /// Takes the replies that are there.
  func takeDone() -> [(client: Client, reply: AdminReply)] {
    finished.reset()
    return content.withLock { content in
      defer { content.done = [] }
      return content.done
    }
  }

  /// Has the thread end when it is done with what it is at.
  func stop() {
    content.withLock { $0.mustStop = true }
    wanted.wake()
  }

  private func run(_ seat: Seat) {
    while true {
      let (next, mustStop) = content.withLock { content -> ((client: Client, job: Job)?, Bool) in
        guard !content.mustStop, !content.waiting.isEmpty else { return (nil, content.mustStop) }
        content.isWorking = true
        return (content.waiting.removeFirst(), false)
      }
      guard !mustStop else { return }
      guard let next else {
        seat.wait()
        wanted.reset()
        continue
      }
      let reply = next.job()
      content.withLock { content in
        content.isWorking = false
        content.done.append((next.client, reply))
      }
      finished.wake()
    }
  }
}
