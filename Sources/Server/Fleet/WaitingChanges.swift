import Fleet
import Text
import Workspaces

/// What a store says of workspaces that the mirror does not have yet: of those with a key that is no file, until that is gone, and
/// of those that the disk did not take.
///
/// Meanwhile each is served as it was. What comes of it is put together here, so that all of it is there once it can be.
struct WaitingChanges {
  /// What waits of a workspace, and why.
  struct Waiting {
    var change = WorkspaceChange()
    /// Keys that are no files, and why, by path.
    var bad: [String: String] = [:]
    /// Why the mirror did not take it; nil where it was not tried since.
    var problem: Problem?
  }

  /// By workspace.
  private(set) var all: [WorkspaceName: Waiting] = [:]

  /// Takes a change.
  ///
  /// - Returns: what the mirror is to take now; nil where that has to wait.
  mutating func take(_ change: WorkspaceChange, of name: WorkspaceName) -> WorkspaceChange? {
    var waiting = all.removeValue(forKey: name) ?? Waiting()
    if change.isWhole || change.isGone { waiting.bad = [:] }
    for (path, reason) in change.bad { waiting.bad[path] = reason }
    waiting.change.append(change)
    guard !waiting.bad.isEmpty else { return waiting.change }
    waiting.problem = nil
    all[name] = waiting
    return nil
  }

  /// The mirror did not take a change: it is tried again.
  mutating func failed(_ change: WorkspaceChange, of name: WorkspaceName, _ problem: Problem) {
    all[name] = Waiting(change: change, problem: problem)
  }

  /// The workspaces whose changes are to be tried again.
  var retried: [WorkspaceName] { all.filter { $0.value.problem != nil }.map(\.key) }

  /// Takes out what is to be tried again of a workspace.
  mutating func takeRetried(_ name: WorkspaceName) -> WorkspaceChange? {
    guard all[name]?.problem != nil else { return nil }
    return all.removeValue(forKey: name)?.change
  }

  /// What is wrong with a workspace, by the store's name for it.
  func problems(of name: WorkspaceName, in store: String) -> [Problem] {
    guard let waiting = all[name] else { return [] }
    let bad = waiting.bad.sorted { OctetText($0.key) < OctetText($1.key) }.map { path, reason in
      Problem(
        file: "\(store)/ws/\(name)/\(path)",
        "\(reason); until this key is gone the workspace stays as it was (backroad store check tells all of them)")
    }
    return bad + (waiting.problem.map { [$0] } ?? [])
  }
}

extension WorkspaceChange {
  /// What this change and one after it come to.
  mutating func append(_ next: WorkspaceChange) {
    guard !next.isWhole, !next.isGone else {
      self = next
      bad = [:]
      return
    }
    // What comes after a workspace has gone is all there is of it.
    if isGone { (isGone, isWhole, files) = (false, true, [:]) }
    for (path, content) in next.files {
      // Of all there is, what is gone is not there; of some of it, it is to go.
      if isWhole, content == nil { files[path] = nil } else { files[path] = .some(content) }
    }
    author = next.author ?? author
  }
}
