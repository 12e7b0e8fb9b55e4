import Text
import Wire

/// What each kind of link takes for its endpoint. Whoever says where a link leads, an import, `link add` or `set-endpoint`, is
/// held to it here: so the order in which names and endpoint come makes no difference.
extension LinkKind {
  /// An endpoint by the name that links of this kind lead to: S3 answers for buckets at a name of its own.
  ///
  /// - Throws: that it is an endpoint of S3 for something else than buckets.
  func spelling(_ endpoint: Endpoint?) throws(Problem) -> Endpoint? {
    guard name == S3Import.kind, let endpoint, let name = endpoint.name, let read = endpoint.vpcEndpoint,
      read.service.isSame(as: "s3")
    else { return endpoint }
    let text = name.textWithoutFinalDot
    if text.startsSame(as: "bucket.") { return endpoint }
    guard text.startsSame(as: "vpce-"), let prefixed = name.prefixed(by: Array("bucket".utf8)) else {
      throw Problem(
        "\(quoted(text)) is not the name for buckets; give bucket.vpce-….s3.\(read.region).vpce.amazonaws.com")
    }
    return Endpoint(name: prefixed, addresses: endpoint.addresses)
  }

  /// Whose service an endpoint of this kind is of, where it can be one's alone: of AWS itself, or somebody's who offers it.
  private var owner: (isAWS: Bool, remedy: String)? {
    switch name {
    case "snowflake": (false, "not of Snowflake's; give the endpoint of the service that privatelink-vpce-id names")
    case "databricks":
      (false, "not of Databricks'; give the one that was made with Databricks' service of the workspace's region")
    case "s3": (true, "not of S3; give the S3 interface endpoint, vpce-….s3.REGION.vpce.amazonaws.com")
    default: nil
    }
  }

  /// Why an endpoint of AWS is of no service of this kind, with what to give; nil where it may be.
  fileprivate func refusal(of endpoint: VPCEndpointName) -> String? {
    guard let owner else { return nil }
    if owner.isAWS {
      return endpoint.service.isSame(as: "s3") ? nil : "is an endpoint of \(endpoint.service), \(owner.remedy)"
    }
    return endpoint.isEndpointService
      ? nil : "is an endpoint of AWS's own service \(endpoint.service), \(owner.remedy)"
  }

  /// The cloud that a host of this kind says it runs in, where that is not AWS.
  func otherCloud(of host: Name) -> String? {
    let labels = host.textWithoutFinalDot.split(separator: ".")
    switch name {
    case "databricks":
      return DatabricksWorkspace.cloud(of: host).flatMap { $0 == .aws ? nil : $0.rawValue }
    case "snowflake":
      // LOCATOR.REGION.CLOUD.privatelink.DOMAIN
      guard let parent = SnowflakeKey.parent(of: host), labels.count > parent.labelCount else { return nil }
      switch labels[labels.count - parent.labelCount - 1] {
      case "azure": return DatabricksWorkspace.Cloud.azure.rawValue
      case "gcp": return DatabricksWorkspace.Cloud.google.rawValue
      default: return nil
      }
    default: return nil
    }
  }

  /// The region that a host of this kind says it is in; nil where it says none.
  fileprivate func region(of host: Link.Host) -> String? {
    let labels = host.name.textWithoutFinalDot.split(separator: ".").map { String($0) }
    func after(_ label: String) -> String? {
      labels.lastIndex(of: label).flatMap { $0 + 1 < labels.count ? labels[$0 + 1] : nil }
    }
    func before(_ names: [String]) -> String? {
      labels.lastIndex { names.contains($0) }.flatMap { $0 > 0 ? labels[$0 - 1] : nil }
    }
    switch name {
    case "databricks": return labels.first == "tunnel" ? after("privatelink") : nil
    case "s3": return after("s3")
    case "postgres", "mysql": return before(["rds"])
    case "redshift": return before(["redshift", "redshift-serverless"])
    case "snowflake":
      let isURL = host.sources.contains { source in
        source.derivation == .verbatim && ClientRedirect.accountKeys.contains(source.key)
      }
      guard isURL, let parent = SnowflakeKey.parent(of: host.name), labels.count >= parent.labelCount + 2 else {
        return nil
      }
      return labels[1]
    default: return nil
    }
  }

  /// True where names of another region than the endpoint's cannot work; false where they may, by a way of the customer's.
  fileprivate var isBoundToRegion: Bool { owner != nil }
}

extension Link {
  /// Holds the endpoint against what is known of the link: its service, the cloud and region of its hosts, its kind. A region
  /// that only stood for the endpoint's is forgotten once that says it.
  ///
  /// - Returns: what is likely not meant.
  /// - Throws: why it is no endpoint of this link.
  mutating func checkEndpoint() throws(Problem) -> [Problem] {
    try checkService()
    let doubts = try check(main.endpoint)
    try checkKind(of: standby)
    if main.endpoint?.vpcEndpoint != nil { region = nil }
    return doubts
  }

  /// Holds an endpoint against the cloud of the link's hosts, and its kind. A standby is held to no more: that it is in another
  /// region is what it is for.
  func checkKind(of endpoint: Endpoint?) throws(Problem) {
    guard let kind = LinkKind.named(kind), let endpoint, let read = endpoint.vpcEndpoint else { return }
    if let (host, cloud) = hostOfOtherCloud {
      throw Problem(
        "\(host.textWithoutFinalDot) runs in \(cloud), and \(endpoint.text) is an endpoint of AWS; give the private "
          + "endpoint's address with --address")
    }
    if let why = kind.refusal(of: read) { throw Problem("\(endpoint.text) \(why)") }
  }

  /// Holds one endpoint against the cloud and region of the link's hosts, and its kind.
  func check(_ endpoint: Endpoint?) throws(Problem) -> [Problem] {
    try checkKind(of: endpoint)
    guard let kind = LinkKind.named(kind) else { return [] }
    guard let endpoint, let read = endpoint.vpcEndpoint else { return regionsOfService(kind).shortened }
    if let region, !region.isSame(as: read.region) {
      throw Problem(
        "the link \(quoted(name)) is of the region \(region), and the endpoint \(endpoint.text) of a service in "
          + "\(read.region); give the endpoint of that region, or import again with --region \(word: read.region)")
    }
    var warnings: [Problem] = []
    for host in main.hosts {
      guard let region = kind.region(of: host), !region.isSame(as: read.region) else { continue }
      let what = "\(host.name.textWithoutFinalDot) is in \(region), and the endpoint's service in \(read.region)"
      if kind.name == S3Import.kind {
        warnings.append(
          Problem(
            severity: .warning,
            "\(host.name.textWithoutFinalDot) is of another region than \(read.region), and leads to this endpoint too from now "
              + "on; give the buckets of each region a link of their own: another --link"))
        continue
      }
      guard !kind.isBoundToRegion else {
        throw Problem(
          "\(what) (\(endpoint.text)); give the endpoint of its region, or names of another region another link: --link NAME"
        )
      }
      warnings.append(Problem(severity: .warning, what))
    }
    return warnings.shortened
  }

  /// Warns of hosts in another region than the service's, which is known before there is an endpoint.
  private func regionsOfService(_ kind: LinkKind) -> [Problem] {
    guard let service = service.flatMap({ VPCEndpointService($0) }) else { return [] }
    return main.hosts.compactMap { host in
      guard let region = kind.region(of: host), !region.isSame(as: service.region) else { return nil }
      return Problem(
        severity: .warning,
        "\(host.name.textWithoutFinalDot) is in \(region), and the service \(service.id) in \(service.region); ask the customer which "
          + "is right")
    }
  }

  /// The region that hosts say which can only be reached by an endpoint of their region; nil where none says one.
  var regionOfHosts: String? {
    guard let kind = LinkKind.named(kind), kind.isBoundToRegion, hostOfOtherCloud == nil else { return nil }
    return main.hosts.lazy.compactMap { kind.region(of: $0) }.first { AWSRegion.refusal($0) == nil }
  }

  /// A host that runs in another cloud than AWS, as its name says, and the cloud.
  var hostOfOtherCloud: (host: Name, cloud: String)? {
    guard let kind = LinkKind.named(kind) else { return nil }
    for host in main.hosts { if let cloud = kind.otherCloud(of: host.name) { return (host.name, cloud) } }
    return nil
  }
}
