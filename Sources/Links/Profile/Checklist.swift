import Text
import Wire

/// What the customer still has to do for a link, as text to send: only what applies to a link of its kind in its state.
///
/// Who makes the endpoint sees none of it: whom the service lets in, which networks, and whether it was accepted are settings
/// on the customer's side.
public struct Checklist: Sendable {
  /// One thing to do.
  public struct Item: Hashable, Sendable {
    /// What it is about, for programs.
    public enum What: String, Hashable, Sendable {
      /// Who may connect.
      case principal
      /// Which addresses are let in, and on which ports.
      case network
      /// From which regions the service may be reached.
      case region
      /// Accepting the connection.
      case accept
      /// Making the endpoint known to the vendor whose service it is.
      case register
      /// Sending what the names are made from.
      case send
      /// What goes wrong later if nobody sees to it.
      case keep
    }

    /// What it is about.
    public let what: What
    /// A sentence or two for the customer.
    public let text: String

    init(_ what: What, _ text: String) {
      self.what = what
      self.text = text
    }
  }

  /// What the link is for the customer.
  let subject: String
  /// In the order in which they are done; empty when nothing is left.
  public let items: [Item]
  /// The environment whose networks and region are in it; nil where nothing says which it is.
  public let choice: EnvironmentChoice?

  /// Makes the list.
  ///
  /// - Parameters:
  ///   - link: as it is, or is to be.
  ///   - profile: what the operator says of itself; what it leaves out stands as a placeholder that names its key.
  public init(for link: Link, profile: OperatorProfile?) {
    choice = profile?.environment(of: link)
    let host = link.main.hosts.first.map { " (\($0.name.textWithoutFinalDot))" }
    subject = "the private link \(link.name)\(link.service.map { " to \($0)" } ?? host ?? "")"
    items = ChecklistWriter(link: link, profile: profile, choice: choice).items
  }

  /// As it is sent; empty when nothing is left.
  public var text: String {
    guard !items.isEmpty else { return "" }
    let lines = items.enumerated().map { "\($0.offset + 1). \(onOneLine($0.element.text))\n" }
    return "For \(onOneLine(subject)), please:\n" + lines.joined()
  }

  /// For programs.
  public var json: JSON {
    [
      "environment": choice.map { .string($0.environment.name) } ?? nil,
      "because": choice.map { .string($0.reason) } ?? nil,
      "items": .array(items.map { ["what": .string($0.what.rawValue), "text": .string($0.text)] }),
      "text": .string(text),
    ]
  }
}

/// Finds the words for one link.
private struct ChecklistWriter {
  let link: Link
  let profile: OperatorProfile?
  let choice: EnvironmentChoice?

  /// What is done on a customer's side, by who owns the service.
  var items: [Checklist.Item] {
    switch link.kind {
    case "snowflake": snowflake
    case "databricks": databricks
    case "s3": s3
    case "redshift" where !isEndpointService: managedRedshift
    default: isOnAWS ? ownService : [network("where the other side asks for that")] + approval
    }
  }

  // MARK: Facts

  private var file: String { profile?.file ?? "backroad.json" }

  private func placeholder(_ key: String) -> String { "<\"\(key)\" of \"operator\" in \(file)>" }

  /// True once the endpoint has been made: then its principal was allowed and its region enabled.
  private var isMade: Bool {
    link.cloud.map { !["Deleting", "Deleted", "Rejected", "Failed", "Expired"].contains($0.state) } ?? false
  }

  private var isDatabase: Bool { ["postgres", "mysql", "redshift"].contains(link.kind) }

  /// True once the connection was accepted: what is Pending then is being made.
  private var isAccepted: Bool { ["Available", "Pending", "Partial"].contains(link.cloud?.state ?? "") }

  private var isEndpointService: Bool {
    link.service != nil || link.main.endpoint?.vpcEndpoint?.isEndpointService == true
  }

  /// False for addresses alone, as other clouds and networks give them.
  private var isOnAWS: Bool { link.main.endpoint?.name != nil || link.main.endpoint == nil || link.service != nil }

  private var principals: String {
    let known = profile?.principals ?? []
    return known.isEmpty ? placeholder("principals") : known.joined(separator: ", ")
  }

  private var accounts: String {
    let known = profile?.accounts ?? []
    return known.isEmpty ? placeholder("principals") : known.joined(separator: ", ")
  }

  /// The account in a command line, of several whichever is meant.
  private var account: String { (profile?.accounts.count ?? 0) > 1 ? "ACCOUNT" : accounts }

  private var networks: String {
    func list(_ environment: OperatorProfile.Environment) -> String {
      let known = environment.networks.map(\.description)
      return known.isEmpty ? placeholder("cidrs\" of \"\(environment.name)") : known.joined(separator: ", ")
    }
    if let choice {
      guard let standby = link.standby, let other = profile?.environment(of: link.atStandby)?.environment,
        other != choice.environment
      else { return list(choice.environment) }
      return "\(list(choice.environment)), and \(list(other)) for the standby endpoint \(standby.text),"
    }
    let all = profile?.environments ?? []
    return all.isEmpty
      ? placeholder("cidrs\" of \"environments")
      : "one of our networks, " + all.map { "\(list($0)) (\($0.name))" }.joined(separator: ", ")
  }

  private var ports: String { link.ports.isEmpty ? "the service's TCP ports" : "TCP \(portRanges(link.ports))" }

  /// The endpoint's id, or what it is called before it has one.
  private var endpoint: String {
    let id = link.main.endpoint?.vpcEndpoint?.id ?? link.cloud?.id
    return id ?? (isOnAWS ? nil : link.main.endpoint?.text) ?? "our endpoint"
  }

  // MARK: What is said of several kinds

  private func network(_ where: String) -> Checklist.Item {
    Checklist.Item(.network, "Let \(networks) in on \(ports), \(`where`).")
  }

  private var region: [Checklist.Item] {
    guard !isMade, isOnAWS else { return [] }
    guard let choice else {
      guard profile?.environments.isEmpty ?? true else { return [] }
      let region = placeholder("region\" of \"environments")
      return [
        Checklist.Item(
          .region, "If the service is in another region than \(region), add that to its supported regions.")
      ]
    }
    let ours = choice.environment.region
    guard let theirs = link.serviceRegion, !theirs.isSame(as: ours) else { return [] }
    return [
      Checklist.Item(
        .region,
        link.kind == "snowflake"
          ? "Ask Snowflake's support to add \(ours) to the supported regions of its service, which is in \(theirs)."
          : "Add \(ours) to the supported regions of the service, which is in \(theirs).")
    ]
  }

  private var approval: [Checklist.Item] {
    isAccepted ? [] : [Checklist.Item(.accept, "Approve the connection of \(endpoint), where it waits for that.")]
  }

  // MARK: A service of the customer's own

  private var ownService: [Checklist.Item] {
    var items: [Checklist.Item] = []
    if !isMade { items.append(Checklist.Item(.principal, "Allow \(principals) as principal of the endpoint service.")) }
    items += region
    let groups =
      isDatabase
      ? "in the security groups of the load balancer and of the database"
      : "in the security group of the load balancer, or switch \"Enforce inbound rules on PrivateLink traffic\" off there"
    items.append(network(groups))
    if !isAccepted {
      items.append(
        Checklist.Item(.accept, "Accept the connection of \(endpoint), as soon as it is shown as Pending Acceptance."))
    }
    return items + care
  }

  private var care: [Checklist.Item] {
    switch link.kind {
    case "vcs":
      [
        Checklist.Item(
          .keep, "Have the load balancer in at least two zones, with cross-zone load balancing on, and healthy targets."
        )
      ]
    case "postgres", "mysql":
      [
        Checklist.Item(
          .keep,
          "Keep the target group up to date: a target that is registered by its address is lost when the database fails over "
            + "or is replaced.")
      ]
    default: []
    }
  }

  // MARK: Services of vendors

  private var snowflake: [Checklist.Item] {
    var items: [Checklist.Item] = []
    let own = "your account" + (link.account.map { " \($0)" } ?? "")
    // What waits to be accepted waits for just this.
    if !isAccepted {
      items.append(
        Checklist.Item(
          .principal,
          isOnAWS
            ? "Ask Snowflake's support to let the AWS account \(accounts) connect to \(own) by PrivateLink, or "
              + "run SELECT SYSTEM$AUTHORIZE_PRIVATELINK('\(account)', 'TOKEN') there with the token that we send."
            : "Run SELECT SYSTEM$AUTHORIZE_PRIVATELINK('ID', 'TOKEN') in \(own), with the id of our endpoint "
              + "\(endpoint) and the token that we send.")
      )
    }
    items += region
    if link.hostCount == 0 {
      items.append(
        Checklist.Item(.send, "Send us what SELECT SYSTEM$GET_PRIVATELINK_CONFIG() returns to an ACCOUNTADMIN."))
    }
    items.append(Checklist.Item(.network, "If a network policy says from where users may log in, let \(networks) in."))
    if let stage = link.stage {
      items.append(
        Checklist.Item(
          .keep,
          "Keep ENABLE_INTERNAL_STAGES_PRIVATELINK true for your account: the internal stage is reached by an endpoint too."
        ))
      if stage.hosts.contains(where: { $0.name.textWithoutFinalDot.endsSame(as: ".core.windows.net") }) {
        items.append(Checklist.Item(.accept, "Approve the private endpoint of the internal stage's storage account."))
      }
    }
    return items
  }

  private var databricks: [Checklist.Item] {
    let hosts = link.main.hosts.map { $0.name.textWithoutFinalDot }
    if hosts.contains(where: { $0.contains(".azuredatabricks.net") || $0.contains(".databricks.azure.") }) {
      return [Checklist.Item(.accept, "Approve the private endpoint \(endpoint) at the workspace, under Networking.")]
    }
    let isGoogle = hosts.contains { $0.endsSame(as: ".gcp.databricks.com") }
    var items: [Checklist.Item] = []
    if hosts.isEmpty { items.append(Checklist.Item(.send, "Send us the URL of the workspace.")) }
    let all = (profile?.environments ?? []).map { "\($0.region) (\($0.name))" }
    let region =
      choice?.environment.region
      ?? (all.isEmpty ? placeholder("region\" of \"environments") : all.joined(separator: " or "))
    items.append(
      Checklist.Item(
        .register,
        isGoogle
          ? "Register the connection id of \(endpoint), which we send, in the account console."
          : "Register \(endpoint) (AWS account \(accounts), region \(region)) in the account console, "
            + "accounts.cloud.databricks.com, under VPC endpoints."))
    let isBackEnd = hosts.contains { $0.startsSame(as: "tunnel.") }
    items.append(
      Checklist.Item(
        .register,
        isBackEnd
          ? "Name it in the network configuration of the workspace."
          : "Attach a private access setting that allows it to the workspace\(hosts.first.map { " \($0)" } ?? "")."))
    return items
  }

  private var managedRedshift: [Checklist.Item] {
    // The name of an endpoint that Redshift manages does not say its cluster.
    let own = link.main.hosts.first { !DatabaseImport.isManaged($0.name) }?.name
    let cluster = own?.labels.first.map { String(decoding: $0, as: UTF8.self) } ?? "CLUSTER"
    var items: [Checklist.Item] = []
    if !isMade {
      items.append(
        Checklist.Item(
          .principal,
          "Grant our account \(accounts) access to the cluster: aws redshift authorize-endpoint-access "
            + "--cluster-identifier \(word: cluster) --account \(word: account)"))
    }
    return items + [network("in the security group of the cluster")]
  }

  private var s3: [Checklist.Item] {
    [
      Checklist.Item(
        .network, "If the bucket's policy says from where it may be reached, allow aws:SourceVpce \(endpoint) in it.")
    ]
  }
}

/// Ports for a person, runs of them as a range: `443, 8443-8451`.
func portRanges(_ ports: [Int]) -> String {
  var runs: [ClosedRange<Int>] = []
  for port in ports {
    if let last = runs.last, last.upperBound + 1 == port {
      runs[runs.count - 1] = last.lowerBound...port
    } else {
      runs.append(port...port)
    }
  }
  return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
}
