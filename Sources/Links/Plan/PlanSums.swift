import Bounds
import Text

/// What a workspace may have of links, hosts and zones together.
enum PlanSums {
  /// Refuses more than that. What is there already stays as it is: only what adds to it is refused.
  static func check(_ link: Link, _ links: [Link], zones: Int, in workspace: WorkspaceFolder) throws(Problems) {
    func refuse(_ message: String) -> Problems {
      Problems([Problem(file: workspace.shown(link.path), message + "; put some into another workspace")])
    }
    guard links.count <= Limits.Links.linksOfWorkspace else {
      throw refuse("more than \(Limits.Links.linksOfWorkspace) links in one workspace")
    }
    guard links.reduce(0, { $0 + $1.hostCount }) <= Limits.Links.hostsOfWorkspace else {
      throw refuse("more than \(Limits.Links.hostsOfWorkspace) hosts in all links of the workspace")
    }
    let written = workspace.zones.count { !workspace.isGenerated($0.path) }
    guard zones + written <= Limits.Links.zonesOfWorkspace else {
      throw refuse("more than \(Limits.Links.zonesOfWorkspace) zones in one workspace")
    }
  }
}
