import Links
import Storage
import Text
import Workspaces

/// A change of a workspace's links: planned and made under one lock, then shown.
struct LinkChange {
  private let zones: ZonesFolder
  private let workspace: WorkspaceName
  private let arguments: Arguments
  private let console: Console

  init(_ workspace: WorkspaceName?, _ arguments: Arguments, _ console: Console) throws(UsageError) {
    guard let workspace else { throw UsageError("\(Flag.workspace.usage) is missing") }
    zones = arguments.zonesFolder
    self.workspace = workspace
    self.arguments = arguments
    self.console = console
  }

  /// Makes the change, or with `--dry-run` only shows it.
  func make(_ plan: (WorkspaceFolder) throws -> Plan) throws -> ExitStatus {
    let isDryRun = arguments.has(.dryRun)
    let (plan, warnings) = try zones.withLock(waitingOn: console) { lock in
      let contents = try zones.contents(of: workspace)
      let plan = try plan(WorkspaceFolder(contents))
      var warnings: [Problem] = []
      if !isDryRun {
        let changes = plan.files.map { ($0.path, $0.content) }
        warnings = try lock.commitReadable(Dictionary(changes) { _, last in last }, to: contents)
      }
      return (plan, warnings)
    }
    for warning in warnings { console.problem(warning) }
    console.print(arguments.has(.json) ? plan.json().text : plan.text(isDone: !isDryRun))
    return .done
  }
}

extension ZonesFolder {
  /// Holds the lock while `body` runs, and tells a person at a terminal that it is waited for.
  func withLock<Result>(
    waitingOn console: Console, _ body: (borrowing ZonesLock) throws -> Result
  ) throws -> Result {
    try withLock(beforeWaiting: { console.hint("waiting for another change of \(path) to end") }, body)
  }
}
