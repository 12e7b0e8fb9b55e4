import Bounds
import Links
import Storage
import Text
import Workspaces

/// A change of a workspace's links: planned, made under the lock, then shown.
///
/// The lock is everybody's, and planning takes as long as a workspace's links make it; so it is held for writing alone.
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
    for _ in 0..<Limits.Files.readings {
      let contents = try zones.contents(of: workspace)
      let plan = try plan(WorkspaceFolder(contents))
      let warnings = isDryRun ? [] : try carryOut(plan, over: contents)
      guard let warnings else { continue }
      for warning in warnings { console.problem(warning) }
      console.print(arguments.has(.json) ? plan.json().text : plan.text(isDone: !isDryRun))
      return .done
    }
    throw Problem(
      file: zones.path(of: workspace), "the workspace keeps being changed by others; run it again when that has ended")
  }

  /// Writes what was planned for a state, when the workspace is in that state still.
  ///
  /// - Returns: what is to be said although it is done; nil when the workspace has changed, and the plan with it.
  private func carryOut(_ plan: Plan, over contents: WorkspaceContents) throws -> [Problem]? {
    guard !plan.changesNothing else { return [] }
    let changes = Dictionary(plan.files.map { ($0.path, $0.content) }) { _, last in last }
    try ReadBack.check(changes, over: contents)
    return try zones.withLock(waitingOn: console) { lock in
      let current = try zones.contents(of: workspace)
      guard current.files == contents.files else { return nil }
      return try lock.commit(changes, to: current)
    }
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
