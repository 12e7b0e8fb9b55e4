import Bounds
import Text
import Workspaces

extension Workspace {
  /// Reads and checks a workspace's files, its links' among them: their names are answered with what is private alone.
  ///
  /// A link file that cannot be read is an error of the workspace: which names it has is not known, so any answer might
  /// be one that must not be given.
  ///
  /// - Parameter failedOver: the links whose names are to lead to their standbys, though the files say otherwise; the zones
  ///   are made for that, and the files stay. Which of them do is in the workspace's `guards`.
  /// - Returns: as `load`.
  public static func loadLinked(
    _ source: WorkspaceSource, failedOver: Set<String> = [], in setting: WorkspaceSetting
  ) -> (workspace: Workspace?, problems: [Problem]) {
    let folder = WorkspaceFolder(name: source.name.description, directory: source.folder, files: source.files)
    do throws(Problems) {
      let links = try folder.links()
      if let obstacle = setting.grants?.obstacleToFailover(of: source.name) {
        return try loadUnmoved(source, links, in: folder, setting, because: obstacle)
      }
      guard !failedOver.isEmpty else { return load(source, guarding: try links.guards(in: folder), in: setting) }
      let moved = StandbyZones.asFarAsPossible(folder, links, failingOver: failedOver)
      var guards = try moved.links.guards(in: folder)
      guards.automatic = links.automaticFailovers
      guards.failedOver = moved.done
      let files = WorkspaceSource(name: source.name, folder: source.folder, files: moved.folder.files)
      let (workspace, problems) = load(files, guarding: guards, in: setting)
      return (workspace, problems + moved.problems)
    } catch {
      let (_, found) = load(source, in: setting)
      return (nil, found + error.all.shortened)
    }
  }

  /// A workspace whose links no server fails over by itself, whatever their files say. Where a failover leads is to be seen in
  /// answers, and so is what takes connections in the server's network: it takes the operator's word for each workspace whose
  /// folder is somebody else's.
  private static func loadUnmoved(
    _ source: WorkspaceSource, _ links: [Link], in folder: WorkspaceFolder, _ setting: WorkspaceSetting,
    because obstacle: String
  ) throws(Problems) -> (workspace: Workspace?, problems: [Problem]) {
    var guards = try links.guards(in: folder)
    guards.automatic = [:]
    let (workspace, problems) = load(source, guarding: guards, in: setting)
    let wanting = links.filter { $0.failover != nil }
    guard let first = wanting.first else { return (workspace, problems) }
    let whose = wanting.count == 1 ? "this link" : "this link and \(wanting.count - 1) more"
    let warning = Problem(
      file: folder.shown(first.path), severity: .warning,
      "servers do not fail \(whose) over by themselves, because \(obstacle)")
    return (workspace, problems + [warning])
  }
}

extension [Link] {
  /// The names that are guarded: those of all links but such as may be public and have an endpoint.
  ///
  /// - Throws: when there are more than a workspace may have.
  func guards(in folder: WorkspaceFolder) throws(Problems) -> LinkGuards {
    var guards = LinkGuards()
    guards.targets = flatMap(\.targets)
    guards.atStandby = Set(filter(\.usesStandby).map(\.name))
    guards.zonal = zonalAddresses
    var count = 0
    let shared = ClientRedirect.shared(self)
    if let beyond = filter({ $0.failover != nil }).dropFirst(Limits.Links.failoversOfWorkspace).first {
      throw Problems([
        Problem(
          file: folder.shown(beyond.path),
          "with this link more than \(Limits.Links.failoversOfWorkspace) of the workspace are failed over by servers; take "
            + "\"failover\" out of some: backroad link set-endpoint \(word: folder.name) NAME --failover-after off")
      ])
    }
    guards.automatic = automaticFailovers
    // What may be public and leads somewhere is free, also of a link that is only asked for.
    let free = Set(
      filter(\.isPublic).flatMap { $0.routes.filter { $0.endpoint != nil }.flatMap { $0.hosts.map(\.name) } })
    for link in self {
      count += link.hostCount
      guard count <= Limits.Links.hostsOfWorkspace else {
        throw Problems([
          Problem(
            file: folder.shown(link.path),
            "with this link the workspace has more than \(Limits.Links.hostsOfWorkspace) hosts: split it")
        ])
      }
      for route in link.routes where !link.isPublic || route.endpoint == nil {
        let closure: LinkGuards.Closure? = route.endpoint == nil ? .noEndpoint : nil
        for host in route.hosts where closure == nil || !free.contains(host.name) {
          // A connection URL is held as that of the link that has it now.
          if let owner = shared[host.name]?.owner, owner != link.name { continue }
          guards.add(host.name, LinkGuards.Entry(link: link.name, closure: closure))
        }
      }
    }
    return guards
  }
}
