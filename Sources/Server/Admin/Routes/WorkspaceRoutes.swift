import Admin
import Bounds
import Forwarding
import Text
import Wire
import Workspaces
import Zones

/// `GET /v1/workspaces`: what is served, in the order of the names, some at a time.
struct WorkspaceListRoute: AdminHandler {

  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let query = match.request.query
    for key in query.keys where key != "after" && key != "limit" {
      throw .invalid("unknown parameter \(quoted(key)); there are \"after\" and \"limit\"")
    }
    let limit = try match.rows()
    let view = context.state.view
    let names = Self.names(view, after: query["after"], limit: limit + 1)
    let listed = names.prefix(limit)
    return .json([
      "workspaces": .array(listed.map { WorkspaceRoute.summary($0, view.workspace($0), view.broken[$0]) }),
      "next": names.count > limit ? listed.last.map { JSON.string($0.description) } ?? nil : nil,
    ])
  }

  /// The first names of those that are served or broken, behind one.
  static func names(_ view: ServerState.View, after: String?, limit: Int) -> [WorkspaceName] {
    var lowest = Lowest<WorkspaceName>(limit: limit)
    func add(_ name: WorkspaceName) {
      if after.map({ $0 < name.description }) ?? true { lowest.add(name) }
    }
    if let all = view.snapshot?.workspaces.all { for (_, workspace) in all { add(workspace.name) } }
    for name in view.broken.keys where view.workspace(name) == nil { add(name) }
    return lowest.inOrder
  }
}

/// `GET /v1/workspaces/{workspace}`: one workspace as it is served, and its links.
struct WorkspaceRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let name = try context.workspaceName(match)
    let view = context.state.view
    let workspace = view.workspace(name)
    let broken = view.broken[name]
    var members = Self.summary(name, workspace, broken).asObject?.members ?? []
    if let workspace {
      members += [
        JSON.Member("clients", .array(workspace.clients.map { .string("\($0.prefix)") })),
        JSON.Member("forward", .array(Self.ownRules(workspace).map { Self.json($0) })),
        JSON.Member("zones", .array(workspace.image.listing.map { Self.json($0) })),
      ]
    }
    if let broken { members.append(JSON.Member("problems", .array(broken.problems.map(\.json)))) }
    let guards = workspace?.guards ?? LinkGuards()
    return .later { [members] in
      let listing = LinkListing(of: name, in: context.folder, context.links, guards)
      let links = JSON.Member("links", .array(listing.listed))
      return .json(JSON(.object(JSON.Object(members + [links]))))
    }
  }

  /// What a list says of a workspace.
  static func summary(_ name: WorkspaceName, _ workspace: Workspace?, _ broken: BrokenWorkspace?) -> JSON {
    [
      "name": .string(name.description),
      "state": .string(broken == nil ? "good" : "broken"),
      "served": JSON(.bool(workspace != nil)),
      "since": broken.map { .number($0.sinceSeconds) } ?? nil,
      "zoneCount": .number(workspace?.zoneCount ?? 0),
      "recordCount": .number(workspace?.recordCount ?? 0),
      "clientCount": .number(workspace?.clients.count ?? 0),
    ]
  }

  /// The rules that the workspace brought itself.
  private static func ownRules(_ workspace: Workspace) -> [ForwardRule] {
    workspace.rules.rules.filter { $0.owner != .server }
  }

  private static func json(_ rule: ForwardRule) -> JSON {
    ["zone": .string("\(rule.zone)"), "to": .array(rule.upstreams.map { .string("\($0)") })]
  }

  private static func json(_ zone: ZoneListing) -> JSON {
    [
      "zone": .string(zone.apex.textWithoutFinalDot), "miss": .string(zone.missIsForwarded ? "forward" : "nxdomain"),
    ]
  }
}

/// `GET /v1/workspaces/{workspace}/links`: the workspace's links as they are on disk, and how they stand.
struct LinksRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let name = try context.workspaceName(match)
    let guards = context.state.view.workspace(name)?.guards ?? LinkGuards()
    return .later {
      let links = LinkListing(of: name, in: context.folder, context.links, guards)
      return .json([
        "watching": JSON(.bool(context.links.isWatching)), "links": .array(links.listed),
        "problems": .array(links.problems.map(\.json)),
      ])
    }
  }
}
