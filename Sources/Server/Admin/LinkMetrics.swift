import Admin
import Bounds
import Links
import Workspaces

/// How many links are in which state: of all workspaces together, and of each where the metrics tell of workspaces, as
/// `WorkspaceMetrics` does.
enum LinkMetrics {
  /// Writes the series.
  static func write(
    _ text: inout MetricsText, _ all: [(name: WorkspaceName, counts: LinkStates.Counts)], byWorkspace: Bool
  ) {
    let sum = all.reduce(LinkStates.Counts()) { $0 + $1.counts }
    text.start("backroad_links", .gauge, "Links by how they stand.")
    for state in LinkHealth.State.allCases { text.add(sum[state], ("state", state.label)) }
    guard byWorkspace else { return }
    let listed = all.lowest(Limits.Admin.workspacesOfMetrics, by: \.name)
    let rest = listed.last.map { last in all.filter { last.name < $0.name } } ?? []
    text.start("backroad_workspace_links", .gauge, "A workspace's links by how they stand.")
    for (name, counts) in listed {
      for state in LinkHealth.State.allCases {
        text.add(counts[state], ("workspace", name.description), ("state", state.label))
      }
    }
    guard !rest.isEmpty else { return }
    let others = rest.reduce(LinkStates.Counts()) { $0 + $1.counts }
    for state in LinkHealth.State.allCases {
      text.add(others[state], ("workspace", MetricsPage.other), ("state", state.label))
    }
  }
}
