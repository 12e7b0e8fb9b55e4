import Bounds
import Links
import Storage
import Text
import Workspaces

/// A change of a workspace's links: planned, made, then shown.
struct LinkChange {
  private let store: any Store
  private let workspace: WorkspaceName
  private let arguments: Arguments
  private let console: Console

  init(_ workspace: WorkspaceName?, _ arguments: Arguments, _ console: Console) throws {
    guard let workspace else { throw UsageError("\(Flag.workspace.usage) is missing") }
    store = try arguments.store()
    self.workspace = workspace
    self.arguments = arguments
    self.console = console
  }

  /// Makes the change, or with `--dry-run` only shows it.
  ///
  /// - Parameter tellsCustomer: true where what the customer of the link is to do may be another thing afterwards.
  func make(tellsCustomer: Bool = true, _ plan: (WorkspaceFolder) throws -> Plan) throws -> ExitStatus {
    let isDryRun = arguments.has(.dryRun)
    let ((plan, after), warnings) = try store.change(workspace, isDryRun: isDryRun, waitingOn: console) { contents in
      let before = WorkspaceFolder(contents)
      var plan = try plan(before)
      plan.notes = (arguments.pasted?.remarks ?? []) + plan.notes
      let changes = LinkUndo.changes(of: plan, in: before)
      return (changes, (plan, before.changed(changes)))
    }
    let unserved = Unserved(after, arguments)
    for warning in warnings + (unserved.warning.map { [$0] } ?? []) { console.problem(warning) }
    let server = arguments.serverAddress.asDigTakesIt
    let customer = tellsCustomer ? try? CustomerPart(plan.link, in: after, arguments) : nil
    if arguments.has(.json) {
      let members = plan.json(server: server).asObject?.members ?? []
      let more = [JSON.Member("notServed", unserved.json)] + (customer.map { [$0.member] } ?? [])
      console.print(JSON(.object(JSON.Object(members + more))).text)
    } else {
      let lines = arguments.has(.all) ? Int.max : Limits.Links.planLines
      console.print(
        plan.text(server: server, isDone: !isDryRun, maximumLines: lines)
          + (plan.changesNothing ? "" : customer?.endOfPlan ?? ""))
    }
    return .done
  }
}
