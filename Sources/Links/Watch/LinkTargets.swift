import Wire
import Workspaces

extension Link {
  /// The link's endpoints, for whoever watches them: by the link's file, wherever its names lead at the moment.
  public var targets: [LinkTarget] {
    var targets = [target(.main, main)] + (stage.map { [target(.stage, $0)] } ?? [])
    if let standby {
      var route = main
      route.endpoint = standby
      targets.append(target(.standby, route))
    }
    return targets
  }

  private func target(_ role: EndpointRole, _ route: Route) -> LinkTarget {
    let ports = route.hosts.isEmpty ? self.ports : Set(route.hosts.flatMap { self.ports(of: $0) }).sorted()
    return LinkTarget(
      LinkTarget.ID(link: name, role: role), name: route.endpoint?.name, addresses: route.endpoint?.addresses ?? [],
      ports: ports.compactMap { UInt16(exactly: $0) }, isPublic: isPublic,
      word: role == .main ? cloud.map { LinkTarget.Word(state: $0.state, seen: $0.seen) } : nil)
  }
}
