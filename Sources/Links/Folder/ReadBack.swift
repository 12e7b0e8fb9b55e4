import Bounds
import Text
import Workspaces

/// What is about to be written, read as those read it who come later: the server, and the next command.
///
/// Reading has limits that writing does not meet by itself: a link of many hosts, settings that grow with each token. What
/// could not be read again would keep its workspace from being changed at all, so it is refused before anything is written.
public enum ReadBack {
  /// Refuses a state of a workspace in which anything is an error that was none in the state before: what was wrong before
  /// is not for this change to mend.
  ///
  /// - Parameters:
  ///   - before: nil for a workspace that is to be made.
  ///   - links: those that must be read as they are here.
  public static func check(
    _ after: WorkspaceFolder, insteadOf before: WorkspaceFolder?, holding links: [Link] = []
  ) throws(Problems) {
    let errors = pathErrors(in: after, notOf: before) + errors(in: after, holding: links)
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
    let why = Problem("nothing is written, because what would be could not be read again: see the line above")
    throw Problems(new.shortened + [why])
  }

  private static func pathErrors(in after: WorkspaceFolder, notOf before: WorkspaceFolder?) -> [Problem] {
    let new = after.files.keys.filter { $0.utf8.count > Limits.Links.pathOctets && before?.files[$0] == nil }
    return new.sorted().map { path in
      Problem(
        file: after.shown(path), "the file's name is longer than file systems take; give the host a shorter name")
    }
  }

  private static func errors(in folder: WorkspaceFolder, holding links: [Link] = []) -> [Problem] {
    guard let source = folder.source else { return [Problem("no workspace is called \(quoted(folder.name))")] }
    var problems = Workspace.loadLinked(source, in: WorkspaceSetting()).problems
    for link in links where (try? folder.link(link.name)) != link {
      problems.append(Problem(file: folder.shown(link.path), "this link would be read as another one"))
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

extension WorkspaceFolder {
  /// The folder with some files changed; nil for the content of one that goes.
  public func changed(_ changes: [String: [UInt8]?]) -> WorkspaceFolder {
    var changed = self
    for (path, content) in changes { changed.files[path] = content }
    return changed
  }

  /// The same for a server; nil where no workspace has such a name.
  public var source: WorkspaceSource? {
    WorkspaceName(name).map { WorkspaceSource(name: $0, folder: directory, files: files) }
  }
}
