import Bounds
import Text
import Wire

/// `import postgres`, `import mysql` and `import redshift`: databases that AWS manages, behind a private link.
public enum DatabaseImport {
  /// What the database is.
  public enum Kind: String, Sendable {
    case postgres
    case mysql
    case redshift

    fileprivate var service: DatabaseName.Service { self == .redshift ? .redshift : .rds }
    fileprivate var port: Int { LinkKind.named(rawValue)?.ports.first ?? 0 }
  }

  /// What a person says besides the names.
  public struct Options: Sendable {
    /// What the database is.
    public var kind: Kind
    /// What is said of a link of any kind; its ports are those in the names where it says none.
    public var link: LinkRequest
    /// True for no names: clients use the endpoint's own.
    public var hasNoRecords = false

    /// Takes what must be said.
    public init(_ kind: Kind, _ link: LinkRequest) {
      self.kind = kind
      self.link = link
    }
  }

  /// Where hosts of these links come from.
  private static let key = "database-host"

  /// Plans an import; nothing is written. Each name is a zone of its own: no other database's is hidden.
  ///
  /// - Throws: everything that is wrong with the names, or that stands in their way in the workspace.
  public static func plan(
    _ items: [HostsImport.Item], options: Options, in workspace: WorkspaceFolder
  ) throws(Problems) -> Plan {
    var names: [DatabaseName] = []
    var errors: [Problem] = []
    for given in items where errors.count <= Limits.Links.remarks {
      do throws(Problem) {
        for item in try DatabaseName.each(of: given) {
          guard names.count < Limits.Links.hosts else {
            throw Problem("more than \(Limits.Links.hosts) hosts in one link; make another with --link NAME")
          }
          names.append(
            try DatabaseName(item, of: options.kind.service, remedy: remedy(item, options, in: workspace)))
        }
      } catch { errors.append(error) }
    }
    if items.isEmpty, !options.hasNoRecords {
      errors.append(Problem("no hosts; name them as arguments, or say --no-records"))
    }
    guard errors.isEmpty else { throw Problems(errors.shortened) }
    let old = workspace.existingLink(options.link.name, ofKind: options.kind.rawValue)
    return try LinkUpdate.plan(draft(names, options, old), for: options.link, in: workspace)
  }

  private static func remedy(_ item: HostsImport.Item, _ options: Options, in workspace: WorkspaceFolder) -> String {
    let kind = options.kind
    let other: DatabaseName.Service = kind == .redshift ? .rds : .redshift
    if let name = try? DatabaseName(item, of: other, remedy: "") {
      let kinds = other == .redshift ? ["redshift"] : ["postgres", "mysql"]
      let lines = kinds.map {
        "\(options.link.command($0, in: workspace)) \(shellOperands([name.host.textWithoutFinalDot]))"
      }
      return "is a name of \(other == .redshift ? "Redshift" : "RDS"); use \(lines.joined(separator: ", or "))"
    }
    return "is not a name that AWS gives such a database; write \(kind.service.shape), or for a server of your own use "
      + "\(options.link.command("hosts", in: workspace)) --port \(HostText.port(item.text) ?? kind.port) "
      + (host(item).map { shellOperands([$0]) } ?? "HOST")
  }

  /// The host of what was given; nil where it has none.
  private static func host(_ item: HostsImport.Item) -> String? {
    guard case .host(let name, _) = HostText.read(item.text) else { return nil }
    return name.textWithoutFinalDot
  }

  /// True for an endpoint of a cluster that Redshift manages: public DNS has its private addresses.
  static func isManaged(_ host: Name) -> Bool {
    let first = host.textWithoutFinalDot.prefix { $0 != "." }
    return first.contains("-endpoint-") || first.hasSuffix("-endpoint")
  }

  private static func draft(_ names: [DatabaseName], _ options: Options, _ old: Link?) -> LinkDraft {
    let hosts =
      options.hasNoRecords
      ? []
      : names.compactMap { name in
        Link.Host(name: name.host, zone: name.host, sources: [Link.Source(key: key)])
      }
    var draft = options.link.draft(kind: options.kind.rawValue, hosts: hosts)
    // A name without a port says nothing of it: beside one with another it has the kind's.
    if options.link.ports == nil, names.contains(where: { $0.port != nil }) {
      draft.link.statedPorts = Set(names.map { $0.port ?? options.kind.port }).sorted()
    }
    if options.hasNoRecords { draft.givenKeys = [key] }
    if options.kind == .redshift {
      draft.nextSteps = names.filter { isManaged($0.host) }.map { name in
        "\(name.host.textWithoutFinalDot) is an endpoint that Redshift manages, most likely: its name resolves to private "
          + "addresses by itself, and needs no link"
      }
    }
    draft.notes =
      names.filter { !$0.changes.isEmpty }.map { name in
        "\(name.host.textWithoutFinalDot), without \(name.changes.joined(separator: ", "))"
      }.shortened
    let endpoint = options.link.endpoint ?? old?.main.endpoint
    let ports = draft.link.statedPorts ?? old?.ports ?? [options.kind.port]
    draft.warnings += warnings(names, options.kind, ports).shortened
    draft.nextSteps += steps(endpoint, options, ports)
    draft.proof = hosts.first?.name
    return draft
  }

  private static func warnings(
    _ names: [DatabaseName], _ kind: Kind, _ ports: [Int]
  ) -> [Problem] {
    var texts: [String] = []
    if names.contains(where: \.isWriter), names.contains(where: \.isReader) {
      texts.append(
        "the writer and the reader lead to one endpoint: what is behind it decides which answers; give the reader's "
          + "listener a link of its own where they differ")
    }
    if kind == .redshift {
      texts += ports.filter { !(5431...5455).contains($0) && !(8191...8215).contains($0) }.map { port in
        "port \(port) is outside 5431-5455 and 8191-8215, which Redshift's managed endpoints take; ask for the "
          + "cluster's port to be changed"
      }
    }
    return texts.map { Problem(severity: .warning, $0) }
  }

  private static func steps(_ endpoint: Endpoint?, _ options: Options, _ ports: [Int]) -> [String] {
    let list = ports.map { "\($0)" }.joined(separator: ", ")
    let allow =
      "the customer must allow your private networks on port \(list) in the load balancer's and the database's "
      + "security groups, and keep its targets right when the database's address changes"
    guard options.hasNoRecords else { return [allow] }
    let host = endpoint.map(\.text) ?? "the endpoint's own DNS name (once there is one)"
    return [
      "set the host in your connector to \(host), port \(list); its certificate is of the database's own name", allow,
    ]
  }
}
