import Wire

/// What an endpoint is to its link.
public enum EndpointRole: String, Hashable, Sendable, CaseIterable {
  /// Where the link's names lead.
  case main
  /// The storage's own.
  case stage
  /// Where the names lead once the main one has failed.
  case standby
}

/// An endpoint of a workspace's link, as far as whoever watches it has to know.
public struct LinkTarget: Hashable, Sendable {
  /// Which it is within its workspace.
  public struct ID: Hashable, Sendable, Comparable {
    /// The link's name.
    public let link: String
    /// What the endpoint is to it.
    public let role: EndpointRole

    /// Takes both.
    public init(link: String, role: EndpointRole) {
      self.link = link
      self.role = role
    }

    /// By link, then in the order of the roles.
    public static func < (a: Self, b: Self) -> Bool {
      a.link == b.link ? a.role.order < b.role.order : a.link < b.link
    }
  }

  /// What AWS said of it when somebody handed that over.
  public struct Word: Hashable, Sendable {
    /// AWS's word for its state.
    public let state: String
    /// When that was: `2026-01-31T12:00:00Z`.
    public let seen: String

    /// Takes both.
    public init(state: String, seen: String) {
      self.state = state
      self.seen = seen
    }
  }

  /// Which it is.
  public let id: ID
  /// The name whose addresses are asked for; nil for addresses alone.
  public let name: Name?
  /// Those that are pinned, or all there is.
  public let addresses: [IPAddress]
  /// The TCP ports of the hosts that lead there, in ascending order; empty when they are not known.
  public let ports: [UInt16]
  /// True when the link may lead to public addresses: they are not connected to all the same.
  public let isPublic: Bool
  /// AWS's word; nil when nobody handed one over.
  public let word: Word?

  /// Takes the parts; without a name and addresses there is no endpoint yet.
  public init(
    _ id: ID, name: Name? = nil, addresses: [IPAddress] = [], ports: [UInt16] = [], isPublic: Bool = false,
    word: Word? = nil
  ) {
    self.id = id
    self.name = name
    self.addresses = addresses
    self.ports = ports
    self.isPublic = isPublic
    self.word = word
  }

  /// True while there is no endpoint to be watched.
  public var isRequested: Bool { name == nil && addresses.isEmpty }

  /// True when both are the same place to be watched, whatever AWS said of it.
  public func isWatched(as other: LinkTarget) -> Bool {
    name == other.name && addresses == other.addresses && ports == other.ports && isPublic == other.isPublic
  }
}

extension EndpointRole {
  fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
