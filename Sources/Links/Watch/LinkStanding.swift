import Text
import Workspaces

/// How one link of a workspace stands: its state, and that of each of its endpoints.
public struct LinkStanding: Hashable, Sendable {
  /// One endpoint of it.
  public struct Part: Hashable, Sendable {
    /// What it is to the link.
    public let role: EndpointRole
    /// How it stands.
    public let health: LinkHealth
  }

  /// The link's name.
  public let link: String
  /// How the link stands: as the worst of the endpoints that its names lead to.
  public let health: LinkHealth
  /// Its endpoints, the main one first.
  public let parts: [Part]

  /// The links of a workspace, in order, out of its endpoints' states.
  ///
  /// - Parameter endpoints: in the order of their links and roles.
  public static func all(_ endpoints: [(id: LinkTarget.ID, health: LinkHealth)]) -> [LinkStanding] {
    var all: [LinkStanding] = []
    var parts: [Part] = []
    for (index, endpoint) in endpoints.enumerated() {
      parts.append(Part(role: endpoint.id.role, health: endpoint.health))
      let isLast = index + 1 == endpoints.count || endpoints[index + 1].id.link != endpoint.id.link
      guard isLast else { continue }
      let answering = parts.filter { $0.role != .standby }.map { ($0.role, $0.health) }
      let health = LinkHealth.together(answering) ?? endpoint.health
      all.append(LinkStanding(link: endpoint.id.link, health: health, parts: parts))
      parts = []
    }
    return all
  }

  /// For programs: the members of an object, but for the link's name.
  public var members: [(String, JSON)] {
    (health.json.asObject?.members ?? []).map { ($0.key, $0.value) } + [
      (
        "endpoints",
        .array(
          parts.map { part in
            .object(
              [("role", .string(part.role.rawValue))]
                + (part.health.json.asObject?.members ?? []).map { ($0.key, $0.value) })
          })
      )
    ]
  }
}
