import Bounds
import Synchronization
import SystemIO
import Text

/// Lines on standard error, each whole, for people and for whatever collects them.
///
/// Whoever says something leaves it here and goes on; one thread of its own writes (`LogWriter`). So nobody waits for a
/// reader of standard error: what it does not read in time is dropped, counted, and told of once it reads again.
public final class Log: Sendable {
  private struct Content {
    var lines: [[UInt8]] = []
    var octets = 0
    /// How many were dropped since that was told.
    var dropped = 0
    var isEnding = false
  }

  /// What the writer takes at once.
  struct Batch {
    var lines: [[UInt8]]
    /// How many lines are missing after them.
    var dropped: Int
    /// Nothing more is to come.
    var isLast: Bool
  }

  private let content = Mutex(Content())
  private let droppedTotal = Atomic<UInt64>(0)
  let waker: Waker

  /// Nothing said yet.
  public init() throws(SystemError) { waker = try Waker() }

  /// Says what happened. Any thread may call it; it never waits.
  public func note(_ message: String) {
    let line = Self.line(message)
    let isFirst = content.withLock { content in
      guard !content.isEnding, content.lines.count < Limits.Log.lines,
        content.octets + line.count <= Limits.Log.octets
      else {
        content.dropped += 1
        droppedTotal.add(1, ordering: .relaxed)
        return false
      }
      content.lines.append(line)
      content.octets += line.count
      return content.lines.count == 1
    }
    if isFirst { waker.wake() }
  }

  /// Says what is wrong, and where.
  public func problem(_ problem: Problem) { note("\(problem)") }

  /// How many lines were dropped since the start.
  public var droppedCount: UInt64 { droppedTotal.load(ordering: .relaxed) }

  /// One line of bounded length, whatever the message holds.
  private static func line(_ message: String) -> [UInt8] {
    // A character has one octet at least, so that this cuts nothing that would be shown.
    let start = String(message.unicodeScalars.prefix(Limits.Log.lineOctets))
    var octets = Array("backroad: \(onOneLine(start))".utf8)
    let ellipsis = Array("…".utf8)
    if octets.count >= Limits.Log.lineOctets {
      var end = Limits.Log.lineOctets - 1 - ellipsis.count
      // Not in the middle of a character: its first octet is the one that does not go on another.
      while end > 0, octets[end] & 0xc0 == 0x80 { end -= 1 }
      octets = octets[..<end] + ellipsis
    }
    return octets + [0x0a]
  }

  // MARK: For the writer

  func take() -> Batch {
    content.withLock { content in
      defer { (content.lines, content.octets, content.dropped) = ([], 0, 0) }
      return Batch(lines: content.lines, dropped: content.dropped, isLast: content.isEnding)
    }
  }

  /// A line that was taken could not be written.
  func drop() {
    droppedTotal.add(1, ordering: .relaxed)
    content.withLock { $0.dropped += 1 }
  }

  /// What is said from now on is dropped.
  func end() {
    content.withLock { $0.isEnding = true }
    waker.wake()
  }
}

/// The thread that writes what a `Log` holds.
final class LogWriter {
  /// Writes one line; as long as it takes.
  typealias Write = @Sendable ([UInt8]) throws(SystemError) -> Void

  private let job: Job
  private var thread: Thread?

  /// Starts it. Signals must be queued before, as for every thread.
  init(_ log: Log, write: @escaping Write = { line throws(SystemError) in try StandardStream.error.write(line) })
    throws(SystemError)
  {
    let job = try Job(log, write)
    self.job = job
    let thread = try Thread(name: "log") { job.run() }
    self.thread = consume thread
  }

  /// What the thread does.
  private final class Job: Sendable {
    let log: Log
    let finished: Waker
    private let write: Write

    init(_ log: Log, _ write: @escaping Write) throws(SystemError) {
      self.log = log
      self.write = write
      finished = try Waker()
    }

    func run() {
      defer { finished.wake() }
      // Without a poller there is nothing to wait with: the log ends, what is said is counted as dropped, and the server
      // goes on.
      guard var poller = try? Poller(), (try? poller.add(log.waker.descriptor.raw, .readable, token: 0)) != nil
      else { return }
      while (try? poller.wait(timeoutMilliseconds: nil)) != nil {
        log.waker.reset()
        let batch = log.take()
        for line in batch.lines {
          do throws(SystemError) { try write(line) } catch { log.drop() }
        }
        if batch.dropped > 0 { tell(of: batch.dropped) }
        if batch.isLast { return }
      }
    }

    /// Says that lines are missing; where that cannot be written either, it is said another time.
    private func tell(of dropped: Int) {
      let lines = dropped == 1 ? "1 line was" : "\(dropped) lines were"
      let text = "backroad: \(lines) dropped here: the log is not read as fast as it is written\n"
      do throws(SystemError) { try write(Array(text.utf8)) } catch { log.drop() }
    }
  }

  /// Writes what is left, for so long at most, and ends.
  func finish(milliseconds: UInt64 = 1000) {
    job.log.end()
    guard var poller = try? Poller(), (try? poller.add(job.finished.descriptor.raw, .readable, token: 0)) != nil
    else { return }
    let end = System.monotonicNanoseconds() + milliseconds * 1_000_000
    while true {
      let now = System.monotonicNanoseconds()
      // Its thread stands in a write that nobody reads; the process ends without it.
      guard now < end else { return }
      let left = Int32(clamping: (end - now + 999_999) / 1_000_000)
      guard let count = try? poller.wait(timeoutMilliseconds: left), count == 0 else { break }
    }
    thread.take()?.join()
  }
}
