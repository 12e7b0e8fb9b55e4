import Bounds
import Text
import Wire
import Zones

/// `import hosts`: names inside a customer's network that a private connection leads to.
public enum HostsImport {
  /// A host as a person named it, and where.
  public struct Item: Sendable {
    /// The name.
    public var text: String
    /// Where it stands in its file; nil for an argument.
    public var position: Position?
    /// The addresses that the list has for it.
    public var addresses: [IPAddress] = []
    /// The endpoint that the list has for it.
    public var endpoint: Endpoint?
    /// The ports that the list has for it.
    public var ports: [Int] = []
    /// Why it is none of the link's hosts; nil for one that is.
    public var leftOut: String?

    /// Takes an argument.
    public init(_ text: String, position: Position? = nil) {
      self.text = text
      self.position = position
    }
  }

  /// What a person says besides the hosts.
  public struct Options: Sendable {
    /// What is said of a link of any kind.
    public var link: LinkRequest
    /// The zone that the hosts go into, and what it does for other names; nil for a zone of its own for each.
    public var zone: (name: String, miss: MissPolicy)?

    /// Takes what must be said.
    public init(_ link: LinkRequest) { self.link = link }
  }

  /// Reads hosts from a file: one or more a line, `#` starts a comment; CSV with a header; JSON; or lines of `/etc/hosts`.
  /// A host may have where it leads beside it.
  ///
  /// - Throws: when the file is not text, too large, names no host, or cannot be read.
  public static func items(_ bytes: [UInt8], file: String) throws(Problem) -> [Item] {
    try HostsForms.items(bytes, file: file)
  }

  /// Plans an import; nothing is written.
  ///
  /// - Parameter file: where the items come from, for errors; nil for arguments.
  /// - Throws: everything that is wrong with the hosts, or that stands in their way in the workspace.
  public static func plan(
    _ items: [Item], file: String?, options: Options, in workspace: WorkspaceFolder
  ) throws(Problems) -> Plan {
    let zone = try oneProblem { () throws(Problem) in
      try options.zone.map { (zone) throws(Problem) in try apex(zone.name) }
    }
    var hosts: [Link.Host] = []
    var errors: [Problem] = []
    var notes: [String] = []
    var places: [Name: Position?] = [:]
    var named: [(name: Name, item: Item)] = []
    for item in items where item.leftOut == nil && errors.count <= Limits.Links.remarks {
      do throws(Problem) {
        let host = try host(item, zone: zone, file: file, &notes)
        named.append((host.name, item))
        // Of /etc/hosts a line for each family is usual.
        if let first = places.updateValue(item.position, forKey: host.name), item.addresses.isEmpty {
          notes.append(
            "\(host.name.textWithoutFinalDot) is named twice\(first.map { ", first in line \($0.line)" } ?? "")")
        }
        hosts.append(host)
        guard places.count <= Limits.Links.hosts else {
          throw Problem(file: file, position: item.position, "more than \(Limits.Links.hosts) hosts in one link")
        }
      } catch {
        errors.append(error)
        if places.count > Limits.Links.hosts { break }
      }
    }
    if hosts.isEmpty, errors.isEmpty { errors.append(Problem("no hosts: name them as arguments or with --from FILE")) }
    guard errors.isEmpty else { throw Problems(errors.shortened) }
    var request = options.link
    request.endpoint = try oneProblem { () throws(Problem) in
      try HostsTargets(named).endpoint(for: request, in: workspace.name)
    }
    var draft = request.draft(kind: "hosts", hosts: hosts)
    draft.notes = notes.shortened
    // The ports of other hosts of the link stay beside those that these say.
    let ports = Set(named.flatMap { $0.item.ports + (HostText.port($0.item.text).map { [$0] } ?? []) })
    if request.ports == nil, !ports.isEmpty {
      let old = workspace.existingLink(request.name, ofKind: "hosts")?.statedPorts ?? []
      let all = ports.union(old).sorted()
      guard all.count <= Limits.Links.portsOfLink else {
        throw Problems([
          Problem(
            file: file, "the hosts have more than \(Limits.Links.portsOfLink) ports; say with --port which the link has"
          )
        ])
      }
      draft.link.statedPorts = all
      draft.notes.append("the ports are those that stand with the hosts: \(draft.link.portsText); --port says others")
    }
    draft.warnings +=
      named.compactMap { host in
        vendorsOwn(host.name) { request.command($0, in: workspace) }
      }.shortened
    draft.proof = hosts.first { !$0.name.isWildcard }?.name
    if let zone, let miss = options.zone?.miss { draft.misses[zone] = miss }
    draft.warnings += bareWildcards(hosts).shortened
    draft.leftOut = items.compactMap { item in
      item.leftOut.map { Plan.LeftOut(item.text, why: $0, position: item.position) }
    }
    return try LinkUpdate.plan(draft, for: request, in: workspace)
  }

  private static func apex(_ text: String) throws(Problem) -> Name {
    guard case .host(let name, _) = HostText.read(text), !name.isWildcard else {
      throw Problem("--zone: \(quoted(text)) is not a zone's name; write corp.example")
    }
    if let why = PublicDomain.refusal(name) { throw Problem("--zone: \(why)") }
    return name
  }

  private static func host(
    _ item: Item, zone: Name?, file: String?, _ notes: inout [String]
  ) throws(Problem) -> Link.Host {
    let refuse = { (why: String) in Problem(file: file, position: item.position, "\(quoted(item.text)) \(why)") }
    if let placeholder = Placeholder.found(in: item.text) {
      throw refuse("still holds the placeholder \(quoted(placeholder)); write the host's own name")
    }
    switch HostText.read(item.text) {
    case .none(let why):
      throw refuse(IPAddress(item.text) == nil ? why : "\(why); where the hosts lead is said with --address")
    case .host(let name, let changes):
      // A port is not lost: it is the link's.
      let taken = changes.filter { $0 != "the port" }
      if !taken.isEmpty { notes.append("\(name.textWithoutFinalDot), without \(taken.joined(separator: ", "))") }
      // A wildcard cannot be a zone: it stands in the zone of the name above it.
      let own = name.isWildcard ? name.parent ?? name : name
      if zone == nil, let why = PublicDomain.refusalOfHost(own) {
        throw Problem(file: file, position: item.position, why)
      }
      guard let host = Link.Host(name: name, zone: zone ?? own, sources: []) else {
        throw refuse(
          "is not in the zone \(zone?.textWithoutFinalDot ?? ""); name a zone above it with --zone, or leave --zone out"
        )
      }
      return host
    }
  }

  /// Warns of a name that a vendor answers everybody with, and that all of the workspace's clients ask the endpoint for then.
  private static func vendorsOwn(_ name: Name, _ command: (String) -> String) -> Problem? {
    let labels = name.labels.map { $0.map { Wire.lowercased($0) } }
    // The relay of Databricks' clusters has no kind of its own on every cloud.
    guard !labels.contains(where: { $0.elementsEqual("privatelink".utf8) || $0.elementsEqual("tunnel".utf8) }),
      let vendor = VendorDomain.of(name), let remedy = vendor.remedy(command)
    else { return nil }
    return Problem(
      severity: .warning,
      "\(name.textWithoutFinalDot) is a public name of \(vendor.vendor), and leads all clients of the workspace to the endpoint "
        + "from now on; if that is not meant, \(remedy)")
  }

  /// Warns of names that a wildcard's zone takes over and does not answer.
  static func bareWildcards(_ hosts: [Link.Host]) -> [Problem] {
    let names = Set(hosts.map(\.name))
    return hosts.filter { $0.name.isWildcard && $0.name.parent == $0.zone && !names.contains($0.zone) }.map { host in
      let zone = host.zone.textWithoutFinalDot
      return Problem(
        severity: .warning,
        "\(zone) itself has no address in the zone of \(host.name.textWithoutFinalDot); import \(zone) too if it should"
      )
    }
  }
}
