import Bounds
import Text
import Wire

/// `import databricks`: a workspace behind a private link.
public enum DatabricksImport {
  /// The kind of these links.
  public static let kind = "databricks"

  /// What a person says besides the workspace's URL.
  public struct Options: Sendable {
    /// What is said of a link of any kind.
    public var link: LinkRequest
    /// The workspace's id, for the host of its data plane; nil for the one that its URL says.
    public var workspaceID: String?
    /// The workspace's region; nil for the one that the endpoint's name says.
    public var region: String?
    /// True for a link of clusters to the region's relay, which is another endpoint than the workspace's.
    public var isBackEnd = false

    /// Takes what must be said.
    public init(_ link: LinkRequest) { self.link = link }
  }

  /// The keys that hosts of these links come from.
  private enum Key {
    static let url = "workspace-url"
    static let id = "workspace-id"
    static let backEnd = "back-end"
  }

  /// Plans an import; nothing is written.
  ///
  /// - Parameter url: the workspace's URL, or its host.
  /// - Throws: what is wrong with the URL, id, region or endpoint, or stands in their way in the workspace.
  public static func plan(_ url: String, options: Options, in workspace: WorkspaceFolder) throws(Problems) -> Plan {
    let old = workspace.existingLink(options.link.name, ofKind: kind)
    let made = try oneProblem { () throws(Problem) -> LinkDraft in try draft(url, options, old: old, in: workspace) }
    return try LinkUpdate.plan(made, for: options.link, in: workspace)
  }

  private static func draft(
    _ url: String, _ options: Options, old: Link?, in workspace: WorkspaceFolder
  ) throws(Problem) -> LinkDraft {
    let target = try DatabricksWorkspace(url)
    let endpoint = options.link.endpoint ?? old?.main.endpoint
    let region = try region(options, of: target, endpoint)
    let id = try id(options, target)
    var hosts: [Link.Host] = []
    func add(_ name: Name?, _ key: String) {
      if let name, let host = Link.Host(name: name, zone: name, sources: [Link.Source(key: key)]) { hosts.append(host) }
    }
    if options.isBackEnd {
      add(try relay(target, region, options.link.command("hosts", in: workspace)), Key.backEnd)
    } else {
      add(target.host, Key.url)
      if let id { add(target.dataPlane(id), Key.id) }
    }
    try checkOther(old, options, hosts.first?.name)
    // A region's relay is nobody's account.
    let account = options.isBackEnd ? nil : target.host.textWithoutFinalDot
    var draft = options.link.draft(kind: kind, account: account, hosts: hosts)
    // Azure's and Google's regions are theirs alone, and the relay's host has its region in it.
    if target.cloud == .aws, !options.isBackEnd { draft.link.region = options.region?.asciiLowercased }
    // What came of another workspace's id is none of this one's.
    let isOther = old.map { $0.account != draft.link.account } ?? false
    draft.givenKeys = Set(hosts.flatMap { $0.sources.map(\.key) } + (isOther ? [Key.id] : []))
    draft.notes = notes(target, id: options.workspaceID == nil && !options.isBackEnd ? id : nil)
    if options.isBackEnd {
      draft.leftOut.append(
        Plan.LeftOut(
          target.host.textWithoutFinalDot,
          why: "the workspace needs another endpoint than the relay of --back-end; give it a link of its own: "
            + "\(options.link.command(kind, link: options.link.name + "-workspace", in: workspace)) --endpoint VPCE "
            + shellOperands([target.host.textWithoutFinalDot])
        ))
    }
    draft.nextSteps = steps(target, endpoint, region, isBackEnd: options.isBackEnd)
    draft.proof = hosts.first?.name
    return draft
  }

  // MARK: What is said must agree

  private static func id(_ options: Options, _ target: DatabricksWorkspace) throws(Problem) -> String? {
    guard let given = options.workspaceID else { return target.cloud == .aws ? target.id : nil }
    guard DatabricksWorkspace.isNumber(given) else {
      throw Problem(
        "--workspace-id: \(quoted(given)) is not a workspace's id, which is a number: the URL's o=, as in "
          + "--workspace-id 1234567890123456")
    }
    if let known = target.id, known != given {
      throw Problem(
        "--workspace-id says \(given), and the URL says \(known); leave out --workspace-id, or copy that workspace's URL"
      )
    }
    return given
  }

  /// The region that is said or seen; nil when neither.
  private static func region(
    _ options: Options, of target: DatabricksWorkspace, _ endpoint: Endpoint?
  ) throws(Problem) -> String? {
    let seen = endpoint?.vpcEndpoint?.region
    guard let given = options.region?.asciiLowercased else { return seen }
    guard target.cloud == .aws else {
      // Octets, and few of them: what follows is done to nothing else.
      let parts = given.utf8.count <= 32 ? given.utf8.split(separator: 0x2d, omittingEmptySubsequences: false) : []
      guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isLetterOrDigit) }) else {
        throw Problem("--region: \(quoted(given)) is not a region; write us-east-1")
      }
      return given
    }
    if let why = AWSRegion.refusal(given) { throw Problem("--region: \(why)") }
    if let seen, seen != given, let name = endpoint?.name?.textWithoutFinalDot {
      throw Problem(
        "--region says \(given), and the endpoint \(name) is of a service in \(seen); give the endpoint of the "
          + "workspace's region, or --region \(word: seen)")
    }
    return given
  }

  private static func isLetterOrDigit(_ octet: UInt8) -> Bool {
    (octet >= 0x61 && octet <= 0x7a) || (octet >= 0x30 && octet <= 0x39)
  }

  private static func relay(
    _ target: DatabricksWorkspace, _ region: String?, _ hosts: String
  ) throws(Problem) -> Name {
    switch target.cloud {
    case .aws: break
    case .azure:
      throw Problem(
        "--back-end: on Azure the clusters ask for the workspace's own name, and back-end links have no other; leave out "
          + "--back-end")
    case .google:
      throw Problem(
        "--back-end: the relay of Google Cloud is tunnel.REGION.gcp.databricks.com; leave out --back-end, and for the relay "
          + "use \(hosts) tunnel.REGION.gcp.databricks.com")
    }
    guard let region else {
      throw Problem("--back-end: whose region's relay? say --region us-east-1, or give the endpoint's DNS name")
    }
    guard let name = target.relay(in: region) else { throw Problem("--region: \(quoted(region)) is not a region") }
    return name
  }

  /// Refuses to lead a workspace to the relay's endpoint, or the relay to the workspace's.
  private static func checkOther(_ old: Link?, _ options: Options, _ host: Name?) throws(Problem) {
    guard let old, !old.main.hosts.isEmpty else { return }
    let relay = old.main.hosts.first { $0.sources.contains { $0.key == Key.backEnd } }?.name
    let wasBackEnd = relay != nil
    if let relay, let host, options.isBackEnd, relay != host, !options.link.choices.replaces {
      throw Problem(
        "the link \(quoted(old.name)) is of the relay \(relay.textWithoutFinalDot), and the input of "
          + "\(host.textWithoutFinalDot); give this one another --link, or put it in the place of that one with --replace"
      )
    }
    guard wasBackEnd != options.isBackEnd, !options.link.prune else { return }
    let (this, other) = wasBackEnd ? ("the relay's", "a workspace") : ("a workspace's", "the relay of --back-end")
    throw Problem(
      "the link \(quoted(old.name)) is \(this), and \(other) needs another endpoint; give this one another name: --link "
        + "\(word: old.name + (options.isBackEnd ? "-back-end" : "-workspace"))")
  }

  // MARK: What is told of, and to be done

  /// How the URL was understood.
  ///
  /// - Parameter id: the workspace's id, where the URL says it and a host follows from it.
  private static func notes(_ target: DatabricksWorkspace, id: String?) -> [String] {
    let without = target.changes.isEmpty ? "" : ", without \(target.changes.joined(separator: ", "))"
    let host = target.host.textWithoutFinalDot
    return ["a workspace of \(target.cloud.rawValue): \(host)\(without)"]
      + (id.map { ["the workspace's id is \($0), as the URL's o= says"] } ?? [])
  }

  private static func steps(
    _ target: DatabricksWorkspace, _ endpoint: Endpoint?, _ region: String?, isBackEnd: Bool
  ) -> [String] {
    let at = region.map { ", region \($0)" } ?? ""
    switch target.cloud {
    case .aws:
      let id = endpoint?.vpcEndpoint?.id ?? "vpce-…"
      let which = endpoint?.vpcEndpoint == nil ? " (the endpoint's id)" : ""
      let console = "accounts.\(target.domain.textWithoutFinalDot)"
      return [
        "the customer must register \(id) in the account console\(which): \(console), VPC endpoints\(at)",
        isBackEnd
          ? "then the network configuration of the workspace names it as the relay's endpoint"
          : "then the private access setting: attach one that allows \(id) to the workspace",
      ]
    case .azure:
      return [
        "the customer must approve the private endpoint at the workspace: Networking, Private endpoint connections"
      ]
    case .google:
      return [
        "the customer must register the endpoint's connection id in the account console: "
          + "accounts.gcp.databricks.com, VPC endpoints\(at)",
        "then the private access setting: attach one that allows the endpoint to the workspace",
      ]
    }
  }
}
