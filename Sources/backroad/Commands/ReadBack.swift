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
    try check(State(after), insteadOf: before.map { State($0) })
  }

  /// The same of a state with some files changed, before anything of it is written. That the disk gives back what was
  /// written is for the commit to see.
  static func check(_ changes: [String: [UInt8]?], over before: WorkspaceContents) throws(Problems) {
    var after = State(before)
    for (path, content) in changes { after.files[path] = content }
    try check(after, insteadOf: State(before))
  }

  private static func check(_ after: State, insteadOf before: State?) throws(Problems) {
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

  /// A workspace's files, on the disk or not yet.
  private struct State {
    let name: WorkspaceName
    let folder: String
    var files: [String: [UInt8]]

    init(_ contents: WorkspaceContents) {
      name = contents.name
      folder = contents.folder
      files = contents.files
    }

    var source: WorkspaceSource {
      WorkspaceSource(name: name, folder: folder, files: files.filter { WorkspaceSource.isRead($0.key) })
    }
  }

  private static func errors(in state: State) -> [Problem] {
    var problems = Workspace.load(state.source, serverRules: []).problems
    do throws(Problems) {
      let folder = WorkspaceFolder(name: state.name.description, directory: state.folder, files: state.files)
      _ = try folder.links()
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
