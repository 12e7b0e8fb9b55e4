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
  /// How the link stands: as the worst of the endpoints that its names lead to now. Where that is the standby, why says how
  /// the main one is.
  public let health: LinkHealth
  /// Its endpoints, the main one first.
  public let parts: [Part]

  /// The links of a workspace, in order, out of its endpoints' states.
  ///
  /// - Parameters:
  ///   - endpoints: in the order of their links and roles.
  ///   - atStandby: the links whose names lead to their standbys now.
  public static func all(
    _ endpoints: [(id: LinkTarget.ID, health: LinkHealth)], atStandby: Set<String> = []
  ) -> [LinkStanding] {
    var all: [LinkStanding] = []
    var parts: [Part] = []
    for (index, endpoint) in endpoints.enumerated() {
      parts.append(Part(role: endpoint.id.role, health: endpoint.health))
      let isLast = index + 1 == endpoints.count || endpoints[index + 1].id.link != endpoint.id.link
      guard isLast else { continue }
      let health = together(parts, isAtStandby: atStandby.contains(endpoint.id.link)) ?? endpoint.health
      all.append(LinkStanding(link: endpoint.id.link, health: health, parts: parts))
      parts = []
    }
    return all
  }

  private static func together(_ parts: [Part], isAtStandby: Bool) -> LinkHealth? {
    let (answering, resting) = isAtStandby ? (EndpointRole.standby, EndpointRole.main) : (.main, .standby)
    let order = parts.filter { $0.role == answering } + parts.filter { $0.role != answering && $0.role != resting }
    var health = LinkHealth.together(order.map { ($0.role, $0.health) })
    guard isAtStandby, let main = parts.first(where: { $0.role == .main })?.health, !main.isWell else { return health }
    let why = health?.why ?? ""
    health?.why =
      (why.isEmpty ? "" : why + "; ") + "the names lead to the standby, and the main endpoint is \(main.text)"
    return health
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
