import Admin
import Bounds
import Workspaces

/// The metrics of each workspace, where they are switched on: the one place where the number of series grows with the
/// workspaces, up to a limit.
enum WorkspaceMetrics {

  /// What is counted of each workspace.
  static func tallies(_ workspaces: WorkspaceTable) -> [(name: WorkspaceName, tally: WorkspaceTally)] {
    workspaces.all.compactMap { slot, workspace in workspaces.tally(of: slot).map { (workspace.name, $0) } }
  }

  /// Writes the series, in the order of the workspaces' names.
  static func write(_ text: inout MetricsText, _ tallies: [(name: WorkspaceName, tally: WorkspaceTally)]) {
    let listed = tallies.lowest(Limits.Admin.workspacesOfMetrics, by: \.name)
    // No two have one name.
    let rest = listed.last.map { last in tallies.filter { last.name < $0.name } } ?? []
    text.start(
      "backroad_workspace_queries_total", .counter, "Queries of a workspace's clients, by what became of them.")
    for (name, tally) in listed {
      for code in WorkspaceTally.Code.allCases {
        text.add(tally[code], ("workspace", name.description), ("code", code.label))
      }
    }
    // No workspace has that name: none starts with an underscore.
    guard !rest.isEmpty else { return }
    for code in WorkspaceTally.Code.allCases {
      text.add(
        rest.reduce(0) { $0 &+ $1.tally[code] }, ("workspace", MetricsPage.other), ("code", code.label))
    }
  }
}

extension WorkspaceTally.Code {
  /// As `backroad_queries_total` names them.
  fileprivate var label: String {
    switch self {
    case .noError: WorkerCounters.Outcome.noError.label
    case .nameError: WorkerCounters.Outcome.nameError.label
    case .serverFailure: WorkerCounters.Outcome.serverFailure.label
    case .refused: WorkerCounters.Outcome.refused.label
    case .other: WorkerCounters.Outcome.other.label
    }
  }
}
