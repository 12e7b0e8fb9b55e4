import Bounds
import Links
import Storage
import Text
import Workspaces

/// What a command is about to put in place, read as those read it who come later: the server, and the next command.
///
/// Reading has limits that writing does not meet by itself: a link of many hosts, settings that grow with each token. What
/// could not be read again would make the workspace stand still, so it is refused instead.
enum ReadBack {
  /// Refuses a state in which anything is an error that was none in the state before.
  static func check(_ after: WorkspaceContents, insteadOf before: WorkspaceContents?) throws(Problems) {
    let errors = errors(in: after)
    guard !errors.isEmpty else { return }
    // Lines may have moved, so an error is the same when it says the same of the same file.
    var known: [Complaint: Int] = [:]
    for problem in before.map({ Self.errors(in: $0) }) ?? [] { known[Complaint(problem), default: 0] += 1 }
    let new = errors.filter { problem in
      let count = known[Complaint(problem), default: 0]
      known[Complaint(problem)] = count - 1
      return count <= 0
    }
    guard !new.isEmpty else { return }
    throw Problems(
      new + [Problem("nothing was changed, because what would be written could not be read again: see the line above")])
  }

  private static func errors(in contents: WorkspaceContents) -> [Problem] {
    var problems = Workspace.load(contents.source, serverRules: []).problems
    do throws(Problems) {
      _ = try WorkspaceFolder(contents).links()
    } catch {
      problems += error.all
    }
    return problems.filter { $0.severity == .error }
  }

  private struct Complaint: Hashable {
    let file: String?
    let message: String

    init(_ problem: Problem) {
      file = problem.file
      message = problem.message
    }
  }
}

extension ZonesLock {
  /// Puts a workspace into a new state, unless that could not be read again.
  ///
  /// - Returns: what is to be said although it is done.
  func commitReadable(
    _ changes: [String: [UInt8]?], to contents: WorkspaceContents
  ) throws -> [Problem] {
    try commit(changes, to: contents) { after in try ReadBack.check(after, insteadOf: contents) }
  }
}
