import Text
import Wire

/// What is known of a kind of link: the ports that its clients connect to when nobody says other ones.
public struct LinkKind: Hashable, Sendable {
  /// As `import` and the link's file name it.
  public let name: String
  /// The TCP ports of its hosts, in ascending order; empty when they differ from host to host.
  public let ports: [Int]
  /// The hosts of it that have ports of their own: names that begin with this label.
  private let exception: Exception?

  /// A host that vendors' own rules give other ports than its siblings.
  private struct Exception: Hashable {
    let firstLabel: String
    let ports: [Int]
  }

  private init(_ name: String, _ ports: [Int] = [], except firstLabel: String? = nil, _ others: [Int] = []) {
    self.name = name
    self.ports = ports
    exception = firstLabel.map { Exception(firstLabel: $0, ports: others) }
  }

  /// All kinds, in the order in which people are told of them.
  public static let all = [
    // Drivers ask a host that they make themselves, `ocsp.…`, for the status of certificates, without TLS.
    LinkKind("snowflake", [443], except: "ocsp", [80]),
    // The relay of a region takes what clusters send: secure connectivity, the metastore, calls of the control plane.
    LinkKind("databricks", [443], except: "tunnel", [443, 2443, 3306, 6666] + Array(8443...8451)),
    LinkKind("vcs", [22, 443]),
    LinkKind("postgres", [5432]),
    LinkKind("mysql", [3306]),
    LinkKind("redshift", [5439]),
    LinkKind("s3", [443]),
    LinkKind("hosts"),
  ]

  /// False for a kind whose service is its vendor's: no customer accepts connections to it.
  static func isAcceptedByCustomer(_ name: String) -> Bool { !["snowflake", "databricks", "s3"].contains(name) }

  /// The kind of that name; nil when it is not known, as in the file of a link that a later version wrote.
  public static func named(_ name: String) -> LinkKind? { all.first { $0.name == name } }

  /// The ports of a host of this kind.
  fileprivate func ports(of host: Name) -> [Int] {
    guard let exception, let first = host.labels.first, first.elementsEqual(exception.firstLabel.utf8) else {
      return ports
    }
    return exception.ports
  }
}

extension Link {
  /// The ports that a link may be stated to have.
  public static let portRange = 1...65_535

  /// The TCP ports that clients of the link's hosts connect to, in ascending order: those that were stated, or its
  /// kind's; empty when neither is known.
  public var ports: [Int] {
    if let statedPorts { return statedPorts }
    guard let kind = LinkKind.named(kind) else { return [] }
    let hosts = routes.flatMap(\.hosts)
    return hosts.isEmpty ? kind.ports : Set(hosts.flatMap { kind.ports(of: $0.name) }).sorted()
  }

  /// For a person: the ports, or that they are not known.
  public var portsText: String { ports.isEmpty ? "not known" : ports.map { "\($0)" }.joined(separator: ", ") }

  /// The TCP ports of one host of the link.
  public func ports(of host: Host) -> [Int] { statedPorts ?? LinkKind.named(kind)?.ports(of: host.name) ?? [] }
}
