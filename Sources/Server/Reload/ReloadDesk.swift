import Bounds
import Synchronization
import SystemIO
import Text
import Workspaces

/// What a reload brought.
struct ReloadOutcome: Sendable {
  /// Workspaces that are there anew, changed or gone.
  var changed: [WorkspaceName] = []
  /// What is wrong, warnings among it, in the workspaces that were looked at: as much as is kept.
  private(set) var problems: [Problem] = []
  /// True when something kept its former state because of an error.
  private(set) var hasErrors = false
  /// How long it took until it was served.
  var nanoseconds: UInt64 = 0

  /// Nothing yet, but for what is wrong.
  init(problems: [Problem] = []) { add(problems) }

  /// Adds what is wrong.
  mutating func add(_ found: [Problem]) {
    hasErrors = hasErrors || found.contains { $0.severity == .error }
    problems += found.prefix(Limits.Building.problemsOfReload - problems.count)
  }
}

/// Where the admin interface asks for a reload, and finds what came of it.
final class ReloadDesk: Sendable {
  /// A request's number.
  typealias Ticket = UInt64

  /// What is asked for, by all requests together.
  struct Asked {
    var everything = false
    var names: Set<WorkspaceName> = []
    var tickets: [Ticket] = []
    /// Those taken before that nobody waits for any more.
    var withdrawn: [Ticket] = []
    /// Workspaces to be built again, though nobody waits for it.
    var rebuilt: Set<WorkspaceName> = []
  }

  private struct Content {
    /// What the reloader has not taken: one workspace's, or all for nil.
    var asked: [Ticket: WorkspaceName?] = [:]
    var withdrawn: [Ticket] = []
    var rebuilt: Set<WorkspaceName> = []
    var finished: [Ticket: ReloadOutcome] = [:]
    var lastTicket: Ticket = 0
  }

  private let content = Mutex(Content())
  /// Wakes the reloader.
  let requested: Waker
  /// Wakes the admin interface.
  let finished: Waker

  init() throws(SystemError) {
    requested = try Waker()
    finished = try Waker()
  }

  /// Asks for one workspace to be read again, or all.
  func ask(for workspace: WorkspaceName?) -> Ticket {
    defer { requested.wake() }
    return content.withLock { content in
      content.lastTicket += 1
      content.asked[content.lastTicket] = .some(workspace)
      return content.lastTicket
    }
  }

  /// Asks for workspaces to be built again, for the server itself: nobody waits for it.
  func rebuild(_ workspaces: Set<WorkspaceName>) {
    content.withLock { $0.rebuilt.formUnion(workspaces) }
    requested.wake()
  }

  /// Says that nobody waits for a request any more: what has not begun is not done for it, and what has takes no place of
  /// those that may be asked for.
  func withdraw(_ ticket: Ticket) {
    let isTaken = content.withLock { content in
      guard content.asked.removeValue(forKey: ticket) == nil, content.finished.removeValue(forKey: ticket) == nil else {
        return false
      }
      content.withdrawn.append(ticket)
      return true
    }
    if isTaken { requested.wake() }
  }

  /// Takes what was asked for, and what is not wanted any more; for the reloader.
  func takeAsked() -> Asked {
    requested.reset()
    return content.withLock { content in
      var asked = Asked(
        tickets: content.asked.keys.sorted(), withdrawn: content.withdrawn, rebuilt: content.rebuilt)
      for name in content.asked.values {
        if let name { asked.names.insert(name) } else { asked.everything = true }
      }
      (content.asked, content.withdrawn, content.rebuilt) = ([:], [], [])
      return asked
    }
  }

  /// Answers requests; for the reloader.
  func finish(_ tickets: [Ticket], _ outcome: ReloadOutcome) {
    guard !tickets.isEmpty else { return }
    content.withLock { content in for ticket in tickets { content.finished[ticket] = outcome } }
    finished.wake()
  }

  /// Takes what came of requests; for the admin interface.
  func takeFinished() -> [Ticket: ReloadOutcome] {
    finished.reset()
    return content.withLock { content in
      defer { content.finished = [:] }
      return content.finished
    }
  }
}
