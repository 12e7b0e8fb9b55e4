import Links
import Storage
import Text
import Workspaces

/// A change of a workspace's links: planned, made, then shown.
struct LinkChange {
  private let zones: ZonesFolder
  private let workspace: WorkspaceName
  private let arguments: Arguments
  private let console: Console

  init(_ workspace: WorkspaceName?, _ arguments: Arguments, _ console: Console) throws {
    guard let workspace else { throw UsageError("\(Flag.workspace.usage) is missing") }
    zones = try arguments.zonesFolder()
    self.workspace = workspace
    self.arguments = arguments
    self.console = console
  }

  /// Makes the change, or with `--dry-run` only shows it.
  func make(_ plan: (WorkspaceFolder) throws -> Plan) throws -> ExitStatus {
    let isDryRun = arguments.has(.dryRun)
    let (plan, warnings) = try zones.change(workspace, isDryRun: isDryRun, waitingOn: console) { contents in
      let plan = try plan(WorkspaceFolder(contents))
      return (Dictionary(plan.files.map { ($0.path, $0.content) }) { _, last in last }, plan)
    }
    for warning in warnings { console.problem(warning) }
    let server = arguments.serverAddress.asDigTakesIt
    console.print(arguments.has(.json) ? plan.json(server: server).text : plan.text(server: server, isDone: !isDryRun))
    return .done
  }
}
