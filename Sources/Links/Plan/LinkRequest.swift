import Text

/// What a person says of an import whatever its kind is: of which link, where its hosts lead, and how they are answered.
public struct LinkRequest: Sendable {
  /// The link's name.
  public var name: String
  /// Where the hosts lead; nil for where the link leads, or for nowhere yet.
  public var endpoint: Endpoint?
  /// The records' time to live; nil for what the link has, or the default.
  public var ttlSeconds: UInt32?
  /// What the hosts are answered with; nil for the link's, or the name.
  public var answer: Link.Answer?
  /// The ports of the hosts; nil for the link's, or those of its kind.
  public var ports: [Int]?
  /// The endpoint service that what was pasted names; nil where it names none, or its importer looks for itself.
  public var service: String?
  /// True to remove hosts of the link that the input does not name.
  public var prune = false
  /// What else a person may say of any link.
  public var choices = LinkChoices()
  /// What `Endpoint.read` warned of, for the plan.
  public var warnings: [Problem] = []

  /// Takes what must be said.
  public init(_ name: String, endpoint: Endpoint?) {
    self.name = name
    self.endpoint = endpoint
  }

  /// The start of another command line, for this link or another one beside it.
  func command(_ kind: String, link: String? = nil, in workspace: WorkspaceFolder) -> String {
    importCommand(kind, workspace: workspace.name, link: link ?? name)
  }

  /// The link as this and the input alone have it.
  func draft(kind: String, account: String? = nil, service: String? = nil, hosts: [Link.Host]) -> LinkDraft {
    var draft = LinkDraft(
      link: Link(
        name: name, kind: kind, account: account, service: service ?? self.service,
        ttlSeconds: ttlSeconds ?? Link.defaultTTLSeconds, answer: answer ?? .name,
        main: Link.Route(endpoint: endpoint, hosts: hosts)))
    draft.link.statedPorts = ports
    draft.usesDefaultTTL = ttlSeconds == nil
    draft.usesDefaultAnswer = answer == nil
    draft.warnings = warnings
    return draft
  }
}

/// The start of a command line that imports into a link, to be printed.
func importCommand(_ kind: String, workspace: String, link: String) -> String {
  "backroad import \(kind) --workspace \(word: workspace) --link \(word: link)"
}
