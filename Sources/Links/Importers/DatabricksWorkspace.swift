import Bounds
import Text
import Wire

/// A Databricks workspace, as its URL says it.
struct DatabricksWorkspace: Hashable, Sendable {
  /// Where a workspace runs: what its names look like.
  enum Cloud: String, Hashable, Sendable {
    case aws = "AWS"
    case azure = "Azure"
    case google = "Google Cloud"
  }

  /// The cloud.
  let cloud: Cloud
  /// The workspace's host, in lower case: all that its clients connect to.
  let host: Name
  /// The domain of all workspaces of that cloud.
  let domain: Name
  /// The workspace's id, where the host or the URL's `o=` says it: decimal digits.
  let id: String?
  /// What had to be taken off to get at the host.
  let changes: [String]

  /// What a workspace's URL looks like, for errors.
  static let shapes =
    "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com (AWS), https://adb-1234567890123456.7.azuredatabricks.net (Azure) or "
    + "https://1234567890123456.7.gcp.databricks.com (Google Cloud)"

  private static let domains: [(domain: [String], cloud: Cloud)] = [
    (["cloud", "databricks", "com"], .aws), (["cloud", "databricks", "us"], .aws),
    (["cloud", "databricks", "mil"], .aws), (["azuredatabricks", "net"], .azure),
    (["databricks", "azure", "cn"], .azure), (["databricks", "azure", "us"], .azure),
    (["gcp", "databricks", "com"], .google),
  ]

  /// Hosts of AWS that stand where a workspace's stands and are everybody's: the consoles.
  private static let consoles: Set<String> = ["accounts", "login", "community", "www", "docs"]

  /// Hosts that public DNS leads the workspaces of a region to.
  private static let regions: Set<String> = [
    "nvirginia", "ohio", "oregon", "canada", "saopaulo", "dublin", "ireland", "london", "paris", "frankfurt", "mumbai",
    "singapore", "sydney", "tokyo", "seoul", "jakarta",
  ]

  /// The cloud in whose domain of workspaces a host is; nil when it is in none.
  static func cloud(of host: Name) -> Cloud? {
    let labels = host.lowercased.textWithoutFinalDot.split(separator: ".").map { String($0) }
    return domains.first { labels.count > $0.domain.count && labels.suffix($0.domain.count).elementsEqual($0.domain) }?
      .cloud
  }

  /// Reads a workspace's URL, its host, or a JDBC URL.
  ///
  /// - Throws: what the text is instead, and what to give.
  init(_ text: String) throws(Problem) {
    // A JDBC URL may hold a token: what stands behind the host is not looked at, and not shown.
    let (bare, rest) = Self.hostPart(text)
    func refusal(_ why: String) -> Problem { Problem("\(quoted(bare)) \(why)") }
    if let placeholder = Placeholder.found(in: bare) {
      throw refusal("still holds the placeholder \(quoted(placeholder)); give the workspace's own URL")
    }
    if let service = VPCEndpointService(bare) {
      throw refusal("is the name of the service \(service.id); give the workspace's URL, \(Self.shapes)")
    }
    guard case .host(let name, let changes) = HostText.read(bare), !name.isWildcard else {
      throw refusal("is not a workspace's URL; it looks like \(Self.shapes)")
    }
    if (try? VPCEndpointName(name)) != nil {
      throw refusal("is a VPC endpoint, which goes to --endpoint; give the workspace's URL, \(Self.shapes)")
    }
    let labels = name.textWithoutFinalDot.split(separator: ".").map { String($0) }
    let known = Self.domains.first { labels.suffix($0.domain.count).elementsEqual($0.domain) }
    guard let known, let domain = Name(labels: known.domain.map { Array($0.utf8) }) else {
      throw refusal("is not a workspace's URL; it looks like \(Self.shapes)")
    }
    let before = Array(labels.dropLast(known.domain.count))
    if let why = Self.refusal(before, known.cloud) { throw refusal(why) }
    cloud = known.cloud
    host = name
    self.domain = domain
    let isCut = bare.utf8.count < text.utf8.count
    self.changes = changes.filter { !isCut || $0 != "the path" } + (isCut ? ["what stands around the host"] : [])
    let inHost = known.cloud == .aws ? nil : before[0].split(separator: "-").last.map { String($0) }
    let inQuery = Self.organization(rest)
    if let inHost, let inQuery, inHost != inQuery {
      throw refusal("is of the workspace \(inHost), and the URL's o= says \(inQuery); copy the URL again")
    }
    id = inHost ?? inQuery
  }

  /// Why the labels before a cloud's domain are no workspace's; nil when they are.
  private static func refusal(_ labels: [String], _ cloud: Cloud) -> String? {
    let give = "give the workspace's URL, which its users open: \(shapes)"
    guard let first = labels.first else { return "is the domain of all workspaces; \(give)" }
    if consoles.contains(first), labels.count == 1 {
      return "is a console of Databricks for all customers, which no private link leads to; \(give)"
    }
    if labels.contains("tunnel") {
      return "is the name that a region's back-end links have; \(give), and say --back-end and --region"
    }
    if labels.contains(where: { ["privatelink", "pl-auth", "psc", "psc-auth"].contains($0) }) {
      return "is a name that all workspaces of a region have; \(give)"
    }
    switch cloud {
    case .aws:
      guard labels.count == 1, !regions.contains(first) else {
        return "is not a workspace's host, but one of Databricks' own; \(give)"
      }
      guard first.hasPrefix("dbc-dp-") else { return nil }
      return "is the data plane's host; \(give), and its id with --workspace-id \(word: first.dropFirst(7))"
    case .azure:
      let digits = first.dropFirst(4)
      if labels.count == 2, first.hasPrefix("adb-"), isNumber(digits), isNumber(labels[1]) { return nil }
      return labels.count == 1
        ? "is what all workspaces of a region share; \(give)" : "is not a workspace's host; \(give)"
    case .google:
      if labels.count == 2, isNumber(first), isNumber(labels[1]) { return nil }
      if first.hasPrefix("dp-") { return "is the data plane's host; \(give), and its id with --workspace-id" }
      return "is not a workspace's host; \(give)"
    }
  }

  /// True for what may be an id: decimal digits, as many as a number of 64 bits has at most.
  static func isNumber(_ text: some StringProtocol) -> Bool { isNumber(text.utf8) }

  /// The same of the text's octets.
  static func isNumber(_ octets: some Collection<UInt8>) -> Bool {
    !octets.isEmpty && octets.count <= 20 && octets.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
  }

  /// The scheme and host of a URL, and what stands behind them.
  private static func hostPart(_ text: String) -> (host: String, rest: String) {
    let octets = Array(text.utf8.prefix(Limits.Links.hostTextOctets + 1))
    var start = 0
    if octets.starts(with: "jdbc:".utf8) { start = 5 }
    var at = start
    if let scheme = octets[start...].firstIndex(of: UInt8(ascii: ":")), octets[scheme...].starts(with: "://".utf8) {
      at = scheme + 3
      // HostText takes off the schemes that stand alone.
      if start > 0 { start = at }
    }
    let end = octets[at...].firstIndex { $0 == 0x2f || $0 == 0x3f || $0 == 0x23 || $0 == 0x3b } ?? octets.count
    return (String(decoding: octets[start..<end], as: UTF8.self), String(decoding: octets[end...], as: UTF8.self))
  }

  /// The id that the `o=` of a URL's query says; nil when there is none.
  private static func organization(_ rest: String) -> String? {
    let parts = rest.utf8.split { $0 == 0x3f || $0 == 0x26 || $0 == 0x23 || $0 == 0x2f }
    let value = parts.first { $0.starts(with: "o=".utf8) }.map { String(decoding: $0.dropFirst(2), as: UTF8.self) }
    return value.flatMap { isNumber($0) ? $0 : nil }
  }
}

extension DatabricksWorkspace {
  /// The host of the data plane, for an id; nil where the cloud has none.
  func dataPlane(_ id: String) -> Name? {
    switch cloud {
    case .aws: domain.prefixed(by: Array("dbc-dp-\(id)".utf8))
    case .azure: nil
    case .google: host.parent?.prefixed(by: Array("dp-\(id)".utf8))
    }
  }

  /// The name of a region's relay, which back-end links lead to: all clusters of the region ask for it.
  func relay(in region: String) -> Name? {
    [region, "privatelink", "tunnel"].reduce(domain) { (name: Name?, label) in name?.prefixed(by: Array(label.utf8)) }
  }
}
