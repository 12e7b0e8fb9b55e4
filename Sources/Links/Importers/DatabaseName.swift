import Bounds
import Text
import Wire

/// The name of a database that AWS manages, as its clients connect to it, and the port that stood with it.
struct DatabaseName: Hashable, Sendable {
  /// Whose names are read.
  enum Service: Sendable {
    /// RDS and Aurora: an instance, a cluster, its reader, a proxy.
    case rds
    /// A Redshift cluster, a workgroup, or an endpoint that Redshift manages.
    case redshift

    /// The labels that may stand before the domain of AWS.
    fileprivate var labels: [String] { self == .rds ? ["rds"] : ["redshift", "redshift-serverless"] }
    /// What the names look like, for errors.
    var shape: String {
      switch self {
      case .rds: "DATABASE.HASH.REGION.rds.amazonaws.com"
      case .redshift: "CLUSTER.HASH.REGION.redshift.amazonaws.com"
      }
    }
  }

  /// The name, in lower case.
  let host: Name
  /// The region in it.
  let region: String
  /// The port in the text; nil when there was none.
  let port: Int?
  /// What had to be taken off to get at the name.
  let changes: [String]
  /// True for a cluster's reader (`.cluster-ro-`).
  let isReader: Bool
  /// True for a cluster's writer (`.cluster-`).
  let isWriter: Bool

  private static let domains = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"]

  /// Reads a name, `NAME:PORT/DATABASE` or a `jdbc:` URL.
  ///
  /// - Parameter remedy: what to do for a name that is not of the service.
  /// - Throws: what the text is instead, and what to give.
  init(_ item: HostsImport.Item, of service: Service, remedy: String) throws(Problem) {
    // What stands behind the host may hold a password: it is not looked at, and not shown.
    let bare = Self.hostAndPort(item.text)
    func refusal(_ why: String) -> Problem { Problem(position: item.position, "\(quoted(bare)) \(why)") }
    if let placeholder = Placeholder.found(in: bare) {
      throw refusal("still holds the placeholder \(quoted(placeholder)); write the name, \(service.shape)")
    }
    if let id = VPCEndpointService(bare)?.id {
      throw refusal("is the name of the service \(id), not a host; write the database's name, \(service.shape)")
    }
    guard case .host(let name, let taken) = HostText.read(bare) else {
      throw refusal("is not a host name; write the database's name, \(service.shape)")
    }
    if (try? VPCEndpointName(name)) != nil {
      throw refusal("is a VPC endpoint, which goes to --endpoint; write the database's name, \(service.shape)")
    }
    let text = name.textWithoutFinalDot
    let domain = Self.domains.first { text.hasSuffix($0) }
    let labels = text.dropLast(domain?.utf8.count ?? 0).split(separator: ".").map { String($0) }
    guard domain != nil, let last = labels.last, service.labels.contains(last) else { throw refusal(remedy) }
    guard !name.isWildcard, labels.count == 4 || (labels.count == 5 && labels[1] == "endpoint") else {
      throw refusal("is not one database's name, and would claim those of others; write \(service.shape)")
    }
    host = name
    region = labels[labels.count - 2]
    let hash = labels[labels.count - 3]
    isReader = hash.hasPrefix("cluster-ro-")
    isWriter = hash.hasPrefix("cluster-") && !isReader && !hash.hasPrefix("cluster-custom-")
    let isCut = bare.utf8.count < item.text.utf8.count
    changes = taken.filter { $0 != "the port" } + (isCut ? ["what stands around the host"] : [])
    port = try Self.port(bare, refusal)
  }

  /// The hosts of a URL that names several, as those of libpq and JDBC may (`postgres://one:5432,two:5432/db`), each as an item
  /// of its own; what names one, as it is.
  ///
  /// - Throws: that a user stands before the second host too: what of that is a password cannot be told.
  static func each(of item: HostsImport.Item) throws(Problem) -> [HostsImport.Item] {
    let bare = hostAndPort(item.text)
    let texts = bare.split(separator: ",").map { text in
      String(decoding: text.utf8.filter { $0 != 0x20 }, as: UTF8.self)
    }
    if isNamingUsers(item.text) {
      throw Problem(
        position: item.position,
        "the URL names a user for more than one host, and a password may be there; give the hosts alone, each as HOST:PORT"
      )
    }
    guard texts.count > 1 else { return [item] }
    return texts.map { HostsImport.Item($0, position: item.position) }
  }

  /// True where a comma stands between two users of a URL.
  private static func isNamingUsers(_ text: String) -> Bool {
    guard let start = text.utf8.firstRange(of: "://".utf8)?.upperBound else { return false }
    let authority = text.utf8[start...].prefix { $0 != 0x2f && $0 != 0x3f && $0 != 0x23 }
    guard let first = authority.firstIndex(of: 0x40), let last = authority.lastIndex(of: 0x40) else { return false }
    return first != last && authority[first..<last].contains(0x2c)
  }

  /// The hosts and ports of a URL.
  private static func hostAndPort(_ text: String) -> String {
    var octets = Array(text.utf8.prefix(Limits.Links.hostTextOctets + 1))[...]
    if let at = octets.indices.first(where: { octets[$0...].starts(with: "://".utf8) }) { octets = octets[(at + 3)...] }
    octets = octets.prefix { $0 != 0x2f && $0 != 0x3f && $0 != 0x23 && $0 != 0x3b }
    if let at = octets.lastIndex(of: 0x40) { octets = octets[(at + 1)...] }
    return String(decoding: octets, as: UTF8.self)
  }

  private static func port(_ text: String, _ refusal: (String) -> Problem) throws(Problem) -> Int? {
    guard let colon = text.utf8.lastIndex(of: 0x3a) else { return nil }
    guard let port = Int(text[text.index(after: colon)...]), Link.portRange.contains(port) else {
      throw refusal("has a port that is none; write it without, and say --port N")
    }
    return port
  }
}
