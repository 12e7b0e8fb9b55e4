import Admin
import Links
import Text
import Workspaces

/// `GET /v1/links`: how the links stand, in the order of workspaces and links, some at a time; one workspace's with
/// `workspace`, those in one state with `state`. Nothing is read from the disk for it.
struct LinkStatesRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let query = match.request.query
    for key in query.keys where !["workspace", "state", "after", "limit"].contains(key) {
      throw .invalid("the query takes workspace, state, after and limit, and not \(quoted(key))")
    }
    let limit = try match.rows()
    let state = try query["state"].map { text throws(AdminError) in
      guard let state = LinkHealth.State(label: text) else {
        let states = LinkHealth.State.allCases.map(\.label).joined(separator: ", ")
        throw .invalid("\(quoted(text)) is no state of a link; there are \(states)")
      }
      return state
    }
    let name = try query["workspace"].map { text throws(AdminError) in
      guard let name = WorkspaceName(text), context.isKnown(name) else { throw context.noWorkspace(text) }
      return name
    }
    let view = context.state.view
    let rows = Self.rows(context.links, view, of: name, in: state, after: query["after"], limit: limit + 1)
    let listed = rows.prefix(limit)
    return .json([
      "watching": JSON(.bool(context.links.isWatching)), "links": .array(listed.map { $0.json(in: view) }),
      "next": rows.count > limit ? listed.last.map { .string($0.place) } ?? nil : nil,
    ])
  }

  /// A link and how it stands.
  private struct Row {
    let workspace: WorkspaceName
    let standing: LinkStanding

    /// Where a list that ends with it goes on: `WORKSPACE/LINK`.
    var place: String { "\(workspace)/\(standing.link)" }

    func json(in view: ServerState.View) -> JSON {
      let isFailedOver = view.workspace(workspace)?.guards.failedOver.contains(standing.link) ?? false
      return .object(
        [
          ("workspace", .string(workspace.description)), ("name", .string(standing.link)),
          ("failedOver", JSON(.bool(isFailedOver))),
        ] + standing.members)
    }
  }

  /// The first rows behind a place.
  private static func rows(
    _ links: LinkStates, _ view: ServerState.View, of name: WorkspaceName?, in state: LinkHealth.State?, after: String?,
    limit: Int
  ) -> [Row] {
    let start = after.flatMap { after in after.firstIndex(of: "/").map { (after[..<$0], after[$0...].dropFirst()) } }
    var rows: [Row] = []
    for workspace in name.map({ [$0] }) ?? links.workspaces.sorted() {
      if let start, workspace.description < start.0 { continue }
      for standing in links.links(of: workspace, atStandby: view.workspace(workspace)?.guards.atStandby ?? []) {
        if let start, workspace.description == start.0, standing.link <= start.1 { continue }
        if let state, standing.health.state != state { continue }
        rows.append(Row(workspace: workspace, standing: standing))
        if rows.count == limit { return rows }
      }
    }
    return rows
  }
}
