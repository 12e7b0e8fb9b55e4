import Bounds
import Text
import Wire
import Zones

/// Makes a workspace's zones from all of its links together, and finds what stands in the way.
struct Generation {
  /// A link's claim on a name.
  private struct Claim {
    var endpoint: Endpoint
    var host: Link.Host
    var link: Link
  }

  /// Who may be at fault for an error.
  struct Blame: Hashable {
    /// The link that the error is of; nil where it is a zone's.
    var link: String?
    /// The other one, where two do not agree.
    var other: String?
    /// The zone that stands in the way: whichever link has a part in it may have put it there.
    var zone: Name?
  }

  let workspace: WorkspaceFolder
  let links: [Link]
  /// The hosts that a link keeps though its input did not name them; nil where there is no input.
  let kept: (link: String, hosts: Set<Name>)?
  /// What the zones are made for.
  private let occasion: Occasion
  /// The links that are told of by themselves; nil for all. What is so of another one was told when that was made.
  private let told: Set<String>?
  /// Zones whose misses are forwarded, by the settings that are to be.
  let forwardedMisses: Set<Name>

  private(set) var errors: [Problem] = []
  private(set) var warnings: [Problem] = []
  /// Of all errors, those beyond the ones that are told among them.
  private(set) var blames: Set<Blame> = []
  /// The first error of each link, and of no link.
  private(set) var reasons: [String?: String] = [:]
  private var claims: [Name: Claim] = [:]
  /// The names of links without an endpoint, which hold them closed where nobody else answers them.
  private var requested: [(host: Name, link: Link)] = []
  private var pins: [Name: (endpoint: Endpoint, link: Link)] = [:]
  private(set) var zones: [Name: GeneratedZone] = [:]
  /// The connection URLs that several links have, and each such link's own.
  private let shared: [Name: ClientRedirect.Shared]
  private let redirects: [String: ClientRedirect]

  /// What zones are made for, by which two links that lead a name elsewhere are told of with a remedy that works.
  enum Occasion {
    /// An input or an endpoint, which a person may say with `--take-over`.
    case input
    /// A link's names are moved to the other one of its endpoints; whoever moves them says what to do.
    case move
    /// The links as they are, or as they were.
    case files
  }

  /// Works out the zones; they are complete only when there are no errors.
  init(
    workspace: WorkspaceFolder, links: [Link], settings: JSON, for occasion: Occasion = .files,
    telling told: Set<String>? = nil, kept: (link: String, hosts: Set<Name>)? = nil
  ) {
    self.occasion = occasion
    self.told = told
    self.workspace = workspace
    self.links = links
    self.kept = kept
    forwardedMisses = WorkspaceSettings.forwardedMisses(settings)
    shared = ClientRedirect.shared(links)
    let sharing = Set(shared.values.flatMap(\.links))
    redirects = Dictionary(
      links.filter { sharing.contains($0.name) }.map { ($0.name, ClientRedirect($0)) }, uniquingKeysWith: { a, _ in a })
    for (name, shared) in shared.sorted(by: { $0.key < $1.key }) where shared.primary.count > 1 {
      let list = shared.primary.map { quoted($0) }.joined(separator: " and ")
      let message =
        "the links \(list) both say that they have \(name.textWithoutFinalDot) now (\"primary\"); import one of them with "
        + "--primary"
      refuse(
        Problem(file: workspace.shown(Link.path(shared.primary[0])), message),
        Blame(link: shared.primary[0], other: shared.primary[1]))
    }
    for link in links { for route in link.routes { claim(route, of: link) } }
    checkRequested()
    checkTargets()
    checkHandWrittenZones()
    checkWildcards()
    checkDomains()
    for link in links where link.isPublic && isTold(link) {
      warn(
        problem(
          link, severity: .warning,
          "the names of this link may be answered with public addresses (\"public\"); backroad link set-endpoint "
            + "\(word: workspace.name) \(word: link.name) --no-public ends that"))
    }
    if errors.isEmpty { fill() }
  }

  /// What must be written and removed so that the folder holds these zones and no older ones.
  func changes() throws(Problems) -> [FileChange] {
    guard errors.isEmpty else { throw Problems(errors) }
    var changes: [FileChange] = []
    for zone in zones.values.sorted(by: { $0.apex < $1.apex }) {
      let path = WorkspaceFolder.zonePath(zone.apex)
      let old = workspace.files[path]
      let content = try zone.file(replacing: old)
      if content != old { changes.append(FileChange(path: path, content: content)) }
    }
    for (apex, path) in workspace.zones where zones[apex] == nil && workspace.isGenerated(path) {
      changes.append(FileChange(path: path, content: nil))
    }
    return changes
  }

  /// For who wonders about a host that was not in the input.
  private func remark(on host: Name, _ links: Link...) -> String {
    guard let kept, kept.hosts.contains(host), links.contains(where: { $0.name == kept.link }) else { return "" }
    return "; this input does not name it, and the link \(quoted(kept.link)) keeps it: --prune removes such hosts"
  }

  /// Takes the names of a route that has an endpoint; those of one that has none are in no zone, and held closed.
  private mutating func claim(_ route: Link.Route, of link: Link) {
    // A connection URL leads to the account that has it now.
    let hosts = route.hosts.filter { host in
      shared[host.name].map { $0.owner == link.name || redirects[link.name]?.names.contains(host.name) != true } ?? true
    }
    guard let endpoint = route.endpoint else {
      requested += hosts.map { ($0.name, link) }
      return
    }
    for host in hosts {
      if let other = claims[host.name], !other.endpoint.leadsWhere(endpoint) {
        refuse(
          problem(
            link,
            "\(host.name.textWithoutFinalDot) leads to \(endpoint.text) by \(called(link)), and to \(other.endpoint.text) "
              + "by the link \(quoted(other.link.name))" + wayOut + remark(on: host.name, link, other.link)),
          Blame(link: link.name, other: other.link.name))
      } else if claims[host.name] == nil || link.ttlSeconds < claims[host.name]?.link.ttlSeconds ?? 0 {
        claims[host.name] = Claim(endpoint: endpoint, host: host, link: link)
      }
      zones[host.zone, default: GeneratedZone(apex: host.zone)].links.insert(link.name)
    }
    guard let name = endpoint.name, !endpoint.addresses.isEmpty else { return }
    if let other = pins[name], other.endpoint.addresses != endpoint.addresses {
      refuse(
        problem(
          link,
          "\(name.textWithoutFinalDot) is pinned to \(list(endpoint)) by \(called(link)), and to "
            + "\(list(other.endpoint)) by the link \(quoted(other.link.name)); import both with the same addresses"),
        Blame(link: link.name, other: other.link.name))
    }
    pins[name] = (endpoint, link)
    zones[name, default: GeneratedZone(apex: name)].links.insert(link.name)
  }

  private func isTold(_ link: Link) -> Bool { told?.contains(link.name) ?? true }

  /// A link in a problem of its file, which may be told beside another link's.
  private func called(_ link: Link) -> String { occasion == .move ? "the link \(quoted(link.name))" : "this link" }

  /// What to do about a name that two links lead elsewhere.
  private var wayOut: String {
    let workspaces = "put one of the links into a workspace of its own"
    return switch occasion {
    case .input:
      "; within a workspace a name leads to one endpoint: say it again with --take-over to move it, or leave it out of the "
        + "input (with --prune where the link has it), or \(workspaces)"
    case .move: ""
    case .files:
      "; within a workspace a name leads to one endpoint: give it to one of them with backroad link set-endpoint "
        + "\(word: workspace.name) LINK VPCE --take-over, or \(workspaces)"
    }
  }

  /// Warns of names that another link answers than the one that is asked for: once for each two links.
  private mutating func checkRequested() {
    struct Pair: Hashable {
      let asked: String
      let other: String
    }
    var names: [Pair: [Name]] = [:]
    var order: [(pair: Pair, link: Link, other: Claim)] = []
    for (host, link) in requested {
      guard let other = claims[host] else { continue }
      let pair = Pair(asked: link.name, other: other.link.name)
      if names[pair] == nil { order.append((pair, link, other)) }
      names[pair, default: []].append(host)
    }
    for (pair, link, other) in order {
      let hosts = names[pair, default: []]
      guard let first = hosts.first else { continue }
      let more = hosts.count > 1 ? " and \(hosts.count - 1) more" : ""
      warn(
        problem(
          link, severity: .warning,
          "\(first.textWithoutFinalDot)\(more) \(hosts.count > 1 ? "are" : "is") answered by the link "
            + "\(quoted(other.link.name)), which leads there to \(other.endpoint.text), and this link has no endpoint yet; with "
            + "another one both cannot have the names: say --take-over to move them, or leave them out"))
    }
  }

  private func list(_ endpoint: Endpoint) -> String { endpoint.addresses.map(\.description).joined(separator: ", ") }

  private func problem(_ link: Link, severity: Problem.Severity = .error, _ message: String) -> Problem {
    Problem(file: workspace.shown(link.path), severity: severity, message)
  }

  /// The generated zone in which a name stands: the longest at or above it (RFC 1034 §4.3.2, step 2).
  private func closestZone(_ name: Name) -> Name? {
    name.andAbove.first { zones[$0] != nil }
  }
}

extension Generation {
  /// Refuses chains that come back to where they started, and endpoints that the zones made here would hide.
  private mutating func checkTargets() {
    var walked: Set<Name> = []
    var hidden: [Name: Name?] = [:]
    for claim in claims.values.sorted(by: { $0.host.name < $1.host.name }) {
      if let pin = pins[claim.host.name] {
        refuse(
          problem(
            claim.link,
            "\(claim.host.name.textWithoutFinalDot) is a host of this link and an endpoint with pinned addresses of the link "
              + "\(quoted(pin.link.name)); it can be one of them"),
          Blame(link: claim.link.name, other: pin.link.name))
        continue
      }
      guard let target = claim.endpoint.name else { continue }
      if let loop = loop(from: claim.host.name, &walked) {
        let shown = loop.map(\.textWithoutFinalDot).joined(separator: " -> ")
        refuse(
          problem(
            claim.link,
            "a loop: \(shown); give the endpoint's own DNS name, vpce-….vpce.amazonaws.com, or its addresses with --address"
          ), loop.compactMap { claims[$0]?.link.name }.map { Blame(link: claim.link.name, other: $0) })
        continue
      }
      guard pins[target] == nil, claims[target] == nil else { continue }
      let zone = hidden[target] ?? zoneThatHides(target)
      hidden[target] = zone
      guard let zone else { continue }
      refuse(
        problem(
          claim.link,
          "the endpoint \(target.textWithoutFinalDot) is itself in the private zone \(zone.textWithoutFinalDot), where "
            + "it would not be found; pin its addresses: --endpoint \(word: target.textWithoutFinalDot)=ADDRESS"),
        Blame(link: claim.link.name, zone: zone))
    }
  }

  /// Warns of zones made of one host whose name is likely that of a whole domain: all else in it would not exist.
  private mutating func checkDomains() {
    for claim in claims.values.sorted(by: { $0.host.name < $1.host.name }) {
      let name = claim.host.name
      guard ["hosts", "vcs"].contains(claim.link.kind), claim.host.zone == name, PublicDomain.isLikelyDomain(name),
        !forwardedMisses.contains(name), isTold(claim.link)
      else { continue }
      let text = name.textWithoutFinalDot
      warn(
        problem(
          claim.link, severity: .warning,
          "\(text) is likely a domain with hosts of its own: as a zone it hides every name below it that no link has (and its "
            + "own other records, as MX); to have those below it forwarded put \"zones\": { \"\(text)\": { \"miss\": "
            + "\"forward\" } } into workspace.json"))
    }
  }

  /// The zone made here in which a target would not be found; nil when it would be, or is in none.
  private func zoneThatHides(_ target: Name) -> Name? {
    guard let zone = closestZone(target) else { return nil }
    let isCaught = target.andAbove.contains { name in name.prefixed(by: [0x2a]).map { claims[$0] != nil } ?? false }
    return isCaught || !forwardedMisses.contains(zone) ? zone : nil
  }

  /// The names of a chain that comes back to one of its own, the first time that it is met; nil when it ends.
  ///
  /// - Parameter walked: the names that chains have gone through before, none of which is gone through again.
  private func loop(from start: Name, _ walked: inout Set<Name>) -> [Name]? {
    var chain: [Name] = []
    var places: [Name: Int] = [:]
    var at = start
    while walked.insert(at).inserted {
      places[at] = chain.count
      chain.append(at)
      guard pins[at] == nil, let next = claims[at]?.endpoint.name else { return nil }
      at = next
    }
    return places[at] == nil ? nil : chain + [at]
  }

  /// Refuses to overwrite what a person wrote, and warns where it hides or is hidden by what is generated.
  private mutating func checkHandWrittenZones() {
    let written = Dictionary(
      workspace.zones.filter { !workspace.isGenerated($0.path) }.map { ($0.apex, $0.path) },
      uniquingKeysWith: { a, _ in a })
    for (apex, path) in written.sorted(by: { $0.value < $1.value }) where zones[apex] != nil {
      let links = (zones[apex]?.links.sorted() ?? []).prefix(10).joined(separator: ", ")
      refuse(
        Problem(
          file: workspace.shown(path), position: Position(line: 1, column: 1),
          "this zone was written by hand and stands where the link \(links) needs its own; move its records elsewhere "
            + "and remove the file, or write the link's names into it and leave out the import"),
        Blame(zone: apex))
    }
    guard !written.isEmpty else { return }
    for claim in claims.values.sorted(by: { $0.host.name < $1.host.name }) {
      guard let zone = closestZone(claim.host.name) else { continue }
      for apex in claim.host.name.andAbove {
        guard let path = written[apex] else { continue }
        if apex.labelCount > zone.labelCount {
          let hidden = "hides \(claim.host.name.textWithoutFinalDot) of the link \(quoted(claim.link.name))"
          warn(
            Problem(
              file: workspace.shown(path), severity: .warning,
              "this zone, written by hand, \(hidden); write the name into it"))
        } else if zone == claim.host.name {
          warn(
            problem(
              claim.link, severity: .warning,
              "\(zone.textWithoutFinalDot) is a zone of its own and hides what \(workspace.shown(path)) says of that name "
                + "and all below it"))
        }
      }
    }
  }

  /// Warns of names that a wildcard seems to cover and does not: it stops at what exists between (RFC 4592 §2.2.2).
  private mutating func checkWildcards() {
    let wildcards = Set(claims.keys.filter(\.isWildcard).compactMap(\.parent))
    guard !wildcards.isEmpty else { return }
    var stopped: Set<Name> = []
    for host in claims.keys.sorted() {
      // The name just below the one that stands above the wildcard.
      var stop = host
      for above in host.andAbove.dropFirst() {
        defer { stop = above }
        guard wildcards.contains(above), stop != host, claims[stop] == nil, stopped.insert(stop).inserted,
          let wildcard = above.prefixed(by: [0x2a]), let link = claims[wildcard]?.link
        else { continue }
        warn(
          problem(
            link, severity: .warning,
            "\(wildcard.textWithoutFinalDot) does not answer for \(stop.textWithoutFinalDot) and what is below it, because "
              + "\(host.textWithoutFinalDot) exists (RFC 4592)"))
      }
    }
  }

  private mutating func refuse(_ problem: Problem, _ blame: Blame) { refuse(problem, [blame]) }

  private mutating func refuse(_ problem: Problem, _ blames: [Blame]) {
    errors.addWithinLimit(problem)
    self.blames.formUnion(blames)
    for link in Set(blames.map(\.link)) where reasons[link] == nil { reasons[link] = problem.message }
  }

  private mutating func warn(_ problem: Problem) { warnings.addWithinLimit(problem) }

  /// Puts each name into the closest of the zones, so that no zone hides a name of another.
  private mutating func fill() {
    for (name, pin) in pins { add(pin.endpoint.addresses, at: name, zone: name, pin.link) }
    for claim in claims.values {
      let owner = claim.host.name
      guard let zone = closestZone(owner) else { continue }
      let pinned = claim.endpoint.name.flatMap { pins[$0]?.endpoint.addresses } ?? claim.endpoint.addresses
      // A CNAME cannot stand at an apex, beside SOA and NS (RFC 1034 §3.6.2): addresses or an ALIAS can.
      let answersAddress = owner == zone || claim.link.answer == .address
      if let account = accountHost(of: claim), !answersAddress {
        zones[zone]?.records.insert(
          ResourceRecord(owner: owner, type: .cname, ttlSeconds: claim.link.ttlSeconds, data: account.wire))
      } else if let target = claim.endpoint.name, !answersAddress || pinned.isEmpty {
        let type: RecordType = answersAddress ? .alias : .cname
        zones[zone]?.records.insert(
          ResourceRecord(owner: owner, type: type, ttlSeconds: claim.link.ttlSeconds, data: target.wire))
      } else {
        add(pinned, at: owner, zone: zone, claim.link)
      }
      zones[zone]?.links.insert(claim.link.name)
    }
    // A zone whose names all stand in a closer one would be empty, and would only hide.
    zones = zones.filter { !$0.value.records.isEmpty }
  }

  /// The account's host that a connection URL of several links leads to, and only from there to the endpoint.
  private func accountHost(of claim: Claim) -> Name? {
    guard shared[claim.host.name] != nil, let account = redirects[claim.link.name]?.target(of: claim.host.name) else {
      return nil
    }
    return claims[account]?.link.name == claim.link.name ? account : nil
  }

  private mutating func add(_ addresses: [IPAddress], at owner: Name, zone: Name, _ link: Link) {
    for address in addresses {
      zones[zone]?.records.insert(
        ResourceRecord(owner: owner, type: address.recordType, ttlSeconds: link.ttlSeconds, data: address.octets))
    }
  }
}

extension [Problem] {
  /// Adds a problem while fewer than `Limits.Links.remarks` are told of, and then one that says that there are more.
  mutating func addWithinLimit(_ problem: Problem) {
    guard count <= Limits.Links.remarks else { return }
    guard count == Limits.Links.remarks else { return append(problem) }
    append(Problem(severity: problem.severity, "more than \(Limits.Links.remarks) of these: the rest is not shown"))
  }
}
