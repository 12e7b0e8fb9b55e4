import Bounds
import Storage
import Text
import Workspaces

extension Store {
  /// Changes a workspace's files, or for a dry run only works the change out.
  ///
  /// Where somebody else has changed the workspace by the time that it is written, the change is worked out anew.
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
      if let warnings = try commit(changes, to: contents, beforeWaiting: tellOfWaiting(console)) {
        return (outcome, warnings)
      }
    }
    throw Problem(
      file: path(of: name), "the workspace keeps being changed by others; run it again when that has ended")
  }

  /// Tells a person at a terminal that another change is waited for.
  func tellOfWaiting(_ console: Console) -> () -> Void {
    { console.hint("waiting for another change of \(path) to end") }
  }
}
