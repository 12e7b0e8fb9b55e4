import Bounds
import Text
import Wire
import Workspaces

/// One private connection of a workspace: what its names are, where they lead, and where they came from.
public struct Link: Hashable, Sendable {
  /// What says that a host belongs to a link.
  public struct Source: Hashable, Sendable, Comparable {
    /// How a host follows from a key's value.
    public enum Derivation: String, Hashable, Sendable {
      /// It is the value, or an item of it.
      case verbatim = ""
      /// Drivers write `-` for `_` in host names.
      case dashed
      /// Drivers ask for certificate status at `ocsp.` before the host that they connect to.
      case ocsp
      /// Both at once.
      case dashedOCSP = "dashed, ocsp"
    }

    /// The key of the export, in lower case with dashes.
    public let key: String
    /// How the host follows from it.
    public let derivation: Derivation

    /// Takes the parts.
    public init(key: String, derivation: Derivation = .verbatim) {
      self.key = key
      self.derivation = derivation
    }

    /// By key, then verbatim first.
    public static func < (a: Self, b: Self) -> Bool { (a.key, a.derivation.rawValue) < (b.key, b.derivation.rawValue) }

    /// `KEY` or `KEY, dashed`.
    public var text: String { derivation == .verbatim ? key : "\(key), \(derivation.rawValue)" }
  }

  /// A name that leads to an endpoint.
  public struct Host: Hashable, Sendable {
    /// The name, in lower case; its leftmost label may be `*`.
    public let name: Name
    /// The zone that it is generated into: itself, or one above it.
    public let zone: Name
    /// Where it came from, in order, each once; empty for a host that a person named.
    public let sources: [Source]

    /// Takes the parts; nil when the zone is not the name or above it, or is a wildcard.
    public init?(name: Name, zone: Name, sources: [Source]) {
      guard name.isSubdomain(of: zone), !zone.isWildcard, !zone.isRoot else { return nil }
      self.name = name.lowercased
      self.zone = zone.lowercased
      self.sources = Set(sources).sorted()
    }
  }

  /// Hosts, and the endpoint that they lead to.
  public struct Route: Hashable, Sendable {
    /// Where the hosts lead; nil while the link is only asked for: then they are held closed.
    public var endpoint: Endpoint?
    /// In canonical order, each name once.
    public private(set) var hosts: [Host]

    /// Takes hosts in any order; of several with one name, the first's zone and all their sources count.
    public init(endpoint: Endpoint?, hosts: [Host]) {
      self.endpoint = endpoint
      var merged: [Name: (zone: Name, sources: [Source])] = [:]
      for host in hosts { merged[host.name, default: (host.zone, [])].sources += host.sources }
      self.hosts = merged.compactMap { Host(name: $0, zone: $1.zone, sources: $1.sources) }.sorted { $0.name < $1.name }
    }
  }

  /// The default time to live of a link's records: what leads elsewhere after a change or a failover is followed
  /// within a minute, and the server answers from memory, so that short costs little.
  public static let defaultTTLSeconds: UInt32 = 60
  /// The kind of a link that was asked for before anything was imported into it: the first import says which it is.
  public static let undecidedKind = "undecided"
  /// The times to live that a link may have.
  public static let ttlRangeSeconds: ClosedRange<UInt32> = 1...86_400

  /// The link's name within its workspace: `[a-z0-9][a-z0-9-]{0,62}`.
  public var name: String
  /// Which importer wrote it, `snowflake` or `hosts`; `undecidedKind` until one has.
  public var kind: String
  /// The account as the vendor's clients are told it; nil when there is none.
  public var account: String?
  /// The endpoint service that the endpoint connects to; nil when it is not known.
  public var service: String?
  /// The region of the service, where somebody said it and neither service nor endpoint tells it yet.
  public var region: String?
  /// The time to live of the link's records.
  public var ttlSeconds: UInt32
  /// What the hosts of an endpoint with a name are answered with.
  public var answer: Answer
  /// The TCP ports of the hosts in ascending order, each once, where a person or the input said them; nil for those of
  /// the kind. See `ports`.
  public var statedPorts: [Int]?
  /// True when the names may be answered with public addresses.
  public var isPublic = false
  /// True when clients of an availability zone are answered with the addresses there first.
  public var hasZoneAffinity = false
  /// The connection URLs that this link has now, where others of its workspace have them too: Snowflake's client redirect.
  public var primary: Set<Name> = []
  /// What AWS last said of the endpoint, when somebody handed that over; the file's key `"aws"`.
  public var cloud: CloudState?
  /// The hosts of the endpoint.
  public var main: Route
  /// Another endpoint, which these hosts lead to while the link is failed over; nil when there is none.
  public var standby: Endpoint?
  /// True while a person has the hosts lead to the standby.
  public var usesStandby = false
  /// When servers fail the link over by themselves; nil for never.
  public var failover: FailoverRule?
  /// The hosts of the storage's own endpoint, when there is one.
  public var stage: Route?

  /// What a host that leads to a named endpoint is answered with.
  public enum Answer: String, Hashable, Sendable {
    /// A CNAME to the endpoint's name, and its addresses.
    case name
    /// The endpoint's addresses alone, as the host's own: for clients that do not follow a CNAME.
    case address
  }

  /// Takes the parts.
  public init(
    name: String, kind: String, account: String? = nil, service: String? = nil,
    ttlSeconds: UInt32 = Link.defaultTTLSeconds, answer: Answer = .name, main: Route, stage: Route? = nil
  ) {
    self.name = name
    self.kind = kind
    self.account = account
    self.service = service
    self.ttlSeconds = ttlSeconds
    self.answer = answer
    self.main = main
    self.stage = stage
  }

  /// The routes that the link has, each with the endpoint that its hosts lead to now.
  public var routes: [Route] {
    var main = main
    main.endpoint = activeEndpoint
    return [main] + (stage.map { [$0] } ?? [])
  }

  /// The link's file within its workspace's folder.
  public var path: String { Link.path(name) }

  /// The file of the link of that name within its workspace's folder.
  public static func path(_ name: String) -> String {
    "\(WorkspaceSource.linksFolder)/\(name)\(WorkspaceSource.linkSuffix)"
  }

  /// True for what an account or a service may be called: no white space, nothing that a shell or a terminal obeys, and nothing
  /// that a mail makes a link or an address of, because plans, command lines and what is sent to customers tell of it.
  static func isWord(_ text: String) -> Bool {
    var former: UInt8 = 0
    return !text.isEmpty && text.utf8.count <= Limits.Links.hostTextOctets
      && text.utf8.allSatisfy { octet in
        defer { former = octet }
        switch octet {
        case 0x61...0x7a, 0x41...0x5a, 0x30...0x39: return true
        case UInt8(ascii: "/"): return former != octet
        default: return "-._:".utf8.contains(octet)
        }
      }
  }

  /// The name of the link whose file a path within the workspace's folder is; nil when it is no link's.
  static func name(ofPath path: String) -> String? {
    let (folder, suffix) = ("\(WorkspaceSource.linksFolder)/", WorkspaceSource.linkSuffix)
    guard path.startsSame(as: folder), path.endsSame(as: suffix) else { return nil }
    return path.dropping(octetsFirst: folder.utf8.count, last: suffix.utf8.count)
  }
}

/// Names that become names of files and folders: those of workspaces and of links.
public enum FolderName {
  /// Throws when a name is not valid.
  ///
  /// - Parameter what: `workspace` or `link`.
  public static func check(_ text: String, _ what: String) throws(Problem) {
    guard isPlainName(text) else {
      throw Problem(
        "\(quoted(text)) is not a \(what)'s name: use lower-case letters, digits and \"-\", at most 63, the first not \"-\""
      )
    }
  }
}
