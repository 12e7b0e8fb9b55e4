import Bounds
import Storage
import Text
import Workspaces

extension ZonesFolder {
  /// Changes a workspace's files, or for a dry run only works the change out.
  ///
  /// The lock is everybody's, and working a change out takes as long as a workspace's files make it: so it is held for
  /// writing alone. Where somebody else has changed the workspace by then, the change is worked out anew.
  ///
  /// - Parameter plan: each file's new content by its path, nil for one that goes, and what the caller wants to know of it.
  /// - Returns: what `plan` gave, and what is to be said although it is done.
  func change<Outcome>(
    _ name: WorkspaceName, isDryRun: Bool, waitingOn console: Console,
    _ plan: (WorkspaceContents) throws -> (changes: [String: [UInt8]?], outcome: Outcome)
  ) throws -> (outcome: Outcome, warnings: [Problem]) {
    for _ in 0..<Limits.Files.readings {
      let contents = try contents(of: name)
      let (changes, outcome) = try plan(contents)
      if isDryRun || changes.isEmpty { return (outcome, []) }
      let warnings: [Problem]? = try withLock(waitingOn: console) { lock in
        let current = try self.contents(of: name)
        guard current.files == contents.files else { return nil }
        return try lock.commit(changes, to: current)
      }
      if let warnings { return (outcome, warnings) }
    }
    throw Problem(
      file: path(of: name), "the workspace keeps being changed by others; run it again when that has ended")
  }

  /// Holds the lock while `body` runs, and tells a person at a terminal that it is waited for.
  func withLock<Result>(
    waitingOn console: Console, _ body: (borrowing ZonesLock) throws -> Result
  ) throws -> Result {
    try withLock(beforeWaiting: { console.hint("waiting for another change of \(path) to end") }, body)
  }
}
