import Bounds
import Text
import Wire

/// The keys of `SYSTEM$GET_PRIVATELINK_CONFIG()`, and what DNS needs of each.
enum SnowflakeKey {
  /// What a key's value is for.
  enum Use {
    /// The account as clients are told it.
    case account
    /// Hosts that drivers connect to; they ask at `ocsp.` before the host for certificate status.
    case driverHosts
    /// Other hosts.
    case hosts
    /// A host whose leftmost label is a star.
    case wildcardHosts
    /// The storage behind the account's stages, which an endpoint of the cloud's storage leads to.
    case stage
    /// Storage that yet another endpoint leads to.
    case volume
    /// The service that the endpoint connects to.
    case service
    /// Nothing that is a name; why.
    case none(String)
  }

  /// The keys, in lower case with dashes: `_` and `-` are the same in keys, and one is documented with the one and
  /// given with the other.
  private static let uses: [OctetText: Use] = [
    "privatelink-account-name": .account,
    "privatelink-account-url": .driverHosts,
    "regionless-privatelink-account-url": .driverHosts,
    "privatelink-connection-urls": .driverHosts,
    "privatelink-ocsp-url": .hosts,
    "regionless-privatelink-ocsp-url": .hosts,
    "privatelink-connection-ocsp-urls": .hosts,
    "privatelink-connection-ocsp-connection-urls": .hosts,
    "snowsight-privatelink-url": .hosts,
    "regionless-snowsight-privatelink-url": .hosts,
    "privatelink-dashed-urls-for-duo": .hosts,
    "app-service-privatelink-url": .wildcardHosts,
    "app-service-privatelink-url-next": .wildcardHosts,
    "spcs-auth-privatelink-url": .hosts,
    "spcs-registry-privatelink-url": .hosts,
    "openflow-privatelink-url": .hosts,
    "external-telemetry-privatelink-url": .hosts,
    "privatelink-internal-stage": .stage,
    "privatelink-snowflake-managed-storage-volume-nfs": .volume,
    "privatelink-snowflake-managed-storage-volume-fs": .volume,
    "privatelink-vpce-id": .service,
    "privatelink-account-principal": .none("an IAM principal for the endpoint's policy, not a host"),
    "privatelink-pls-id": .none("the id of a Private Link service, not a host; Azure's endpoint is made with it"),
    "privatelink-gcp-service-attachment": .none("a service attachment, not a host; Google's endpoint is made with it"),
  ]

  /// The function, for reading its exports.
  static let function = ExportedFunction(
    name: "SYSTEM$GET_PRIVATELINK_CONFIG()", heading: "GET_PRIVATELINK_CONFIG", keys: uses.keys.map(\.string),
    knows: { $0.asciiLowercased.utf8.has("privatelink") },
    list: ListedFunction(
      name: "SYSTEM$ALLOWLIST_PRIVATELINK()", heading: "ALLOWLIST", prefix: listPrefix,
      types: typesOfList.keys.map(\.string)),
    keyOfValue: keyOfValue)

  /// What the keys of `SYSTEM$ALLOWLIST_PRIVATELINK()` start with: the rest is the type of the row.
  static let listPrefix = "allowlist-"

  /// The types of `SYSTEM$ALLOWLIST_PRIVATELINK()`, in lower case with dashes.
  static let typesOfList: [OctetText: Use] = [
    "snowflake-deployment": .driverHosts,
    "snowflake-deployment-regionless": .driverHosts,
    "client-failover": .driverHosts,
    "snowsight-deployment": .hosts,
    "snowsight-deployment-regionless": .hosts,
    "ocsp-cache": .hosts,
    "ocsp-cache-regionless": .hosts,
    "ocsp-client-failover": .hosts,
    "app-service-privatelink-wildcard": .wildcardHosts,
    "stage": .stage,
    "snowsql-repo": .none("downloads of a client, which stay public"),
    "out-of-band-telemetry": .none("telemetry of clients, which stays public"),
    "crl-distribution-point": .none("a certificate authority's list, which stays public"),
    "duo-security": .none("the service of Duo, which stays public"),
    "ocsp-responder": .none("a certificate authority's responder, which stays public"),
  ]

  /// What a key's value is for; nil for a key that nobody knows.
  static func use(of key: String) -> Use? {
    key.hasPrefix(listPrefix) ? typesOfList[OctetText(String(key.dropFirst(listPrefix.count)))] : uses[OctetText(key)]
  }

  /// The key that a value has when it came without one, by its shape; nil for what is none of the function's.
  static func keyOfValue(_ text: String) -> String? {
    if VPCEndpointService(text.asciiLowercased) != nil { return "privatelink-vpce-id" }
    guard text.utf8.count <= Limits.Links.hostTextOctets, case .host(let name, _) = HostText.read(text),
      let parent = parent(of: name)
    else { return nil }
    let count = name.labelCount - parent.labelCount
    let labels = name.textWithoutFinalDot.split(separator: ".").prefix(count)
    let isOfRegion = count >= 2 && labels[1].contains("-")
    switch labels[0] {
    case "*": return "app-service-privatelink-url"
    case "ocsp": return count == 2 ? "regionless-privatelink-ocsp-url" : "privatelink-ocsp-url"
    case "app" where isOfRegion: return "snowsight-privatelink-url"
    case "sfc-endpoint-login": return "spcs-auth-privatelink-url"
    case _ where count == 1:
      return labels[0].hasPrefix("app-") ? "regionless-snowsight-privatelink-url" : "regionless-privatelink-account-url"
    case _ where labels[1] == "registry": return "spcs-registry-privatelink-url"
    case _ where labels[1] == "openflow": return "openflow-privatelink-url"
    case _ where isOfRegion: return "privatelink-account-url"
    default: return "privatelink-host-without-a-key"
    }
  }

  /// A key as `uses` spells it.
  static func spelling(_ key: String) -> String { function.spelling(key) }

  /// The domains below which Snowflake names private hosts: a config may claim nothing else.
  static let parents: [Name] = [
    ["privatelink", "snowflakecomputing", "com"], ["privatelink", "snowflakecomputing", "cn"],
    ["privatelink", "snowflakecomputing", "mil"], ["privatelink", "snowflake", "app"],
  ].compactMap { labels in Name(labels: labels.map { Array($0.utf8) }) }

  /// The parent domain that a name is below; nil when it is below none, or is one.
  static func parent(of name: Name) -> Name? { parents.first { name != $0 && name.isSubdomain(of: $0) } }

  /// Why a value is no host whatever its key is called; nil when it may be one.
  static func refusalByShape(_ text: String) -> String? {
    let suffix = ".privatelinkservice"
    let lower = text.asciiLowercased
    if let service = VPCEndpointService(text) { return "is the name of the service \(service.id)" }
    if lower.startsSame(as: "vpce-svc-") { return "is the id of a service" }
    if lower.startsSame(as: "arn:") { return "is an ARN" }
    if lower.startsSame(as: "/subscriptions/") { return "is an Azure resource id" }
    if lower.startsSame(as: "projects/") { return "is a Google resource name" }
    if lower.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) {
      return "is the id of an Azure Private Link service"
    }
    return nil
  }
}

/// Lists as the values of keys hold them: `[]`, `[a, b]`, `["a"]`, `a,b`, or nothing.
enum ListText {
  /// The items, without quotes and white space around them.
  ///
  /// - Throws: when a bracket is not closed, or there are more items than a link may have hosts.
  static func items(_ value: SourceText, key: String, file: String) throws(Problem) -> [SourceText] {
    var text = value.trimmed
    if text.octet(0) == UInt8(ascii: "[") {
      guard text.octets.last == UInt8(ascii: "]") else {
        throw Problem(
          file: file, position: text.end,
          "the list of \(quoted(key)) is not closed: the value was cut off; copy the whole of it")
      }
      text = text[1..<(text.count - 1)]
    }
    var items: [SourceText] = []
    var start = 0
    for end in 0...text.count where end == text.count || isSeparator(text.octets[end]) {
      let item = bare(text[start..<end])
      start = end + 1
      if item.count == 0 || item.octets.elementsEqual("null".utf8) { continue }
      items.append(item)
      guard items.count <= Limits.Links.hosts else {
        throw Problem(
          file: file, position: item.position(0),
          "more than \(Limits.Links.hosts) hosts; paste the config of one account alone")
      }
    }
    return items
  }

  private static func isSeparator(_ octet: UInt8) -> Bool {
    octet == UInt8(ascii: ",") || octet == UInt8(ascii: ";") || isSpace(octet)
  }

  /// Without quotes, and without the backslashes of quotes that were escaped once too often.
  private static func bare(_ text: SourceText) -> SourceText {
    let marks: [UInt8] = [0x22, 0x27, 0x5c, 0x60, 0x20]
    let first = text.octets.firstIndex { !marks.contains($0) } ?? text.count
    let last = text.octets.lastIndex { !marks.contains($0) } ?? first - 1
    return text[first..<max(first, last + 1)].trimmed
  }
}
