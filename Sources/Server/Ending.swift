import Glibc
import Synchronization

/// Whether clients are to be sent here: what whoever chooses between servers is told by probes.
///
/// A server that is not ready answers all the same; it is only to be asked nothing new.
final class Readiness: Sendable {
  private struct Facts {
    var isServing = false
    var lack: String?
    var isEnding = false
  }

  private let facts = Mutex(Facts())

  /// The first snapshot is served.
  func serves() { facts.withLock { $0.isServing = true } }

  /// Something is missing without which nobody is to be sent here, told in a sentence without its end; nil once it is there.
  func lacks(_ reason: String?) { facts.withLock { $0.lack = reason } }

  /// The process is going to end.
  func ends() { facts.withLock { $0.isEnding = true } }

  /// Why it is not ready; nil when it is.
  var reason: String? {
    facts.withLock { facts in
      if facts.isEnding { return "the server was told to end, and answers a while longer" }
      if !facts.isServing { return "the workspaces are still being read" }
      return facts.lack
    }
  }
}

/// When a server ends that was told to: at once, or after a lameduck, in which it is not ready and answers as ever, so that
/// nobody asks any more once it ends.
struct Ending {
  /// How long the lameduck is, in seconds.
  let lameduckSeconds: Int
  /// Told as soon as the end is certain.
  let readiness: Readiness
  /// When the lameduck is over, on the monotonic clock; nil before it has begun.
  private(set) var deadline: UInt64?

  /// - Parameter lameduckSeconds: 0 for none.
  init(lameduckSeconds: Int, _ readiness: Readiness) {
    self.lameduckSeconds = lameduckSeconds
    self.readiness = readiness
  }

  /// A signal came that ends the process. SIGTERM is a supervisor's, and asks for the lameduck first; a second one, and SIGINT,
  /// which is a person's at a keyboard or a worker's that cannot go on, do not.
  ///
  /// - Returns: true when that is to be now.
  mutating func signal(_ signal: Int32, at now: UInt64) -> Bool {
    readiness.ends()
    guard signal == SIGTERM, lameduckSeconds > 0, deadline == nil else { return true }
    deadline = now &+ UInt64(lameduckSeconds) &* 1_000_000_000
    return false
  }

  /// True once the lameduck is over.
  func isOver(at now: UInt64) -> Bool { deadline.map { $0 <= now } ?? false }
}
