import Links
import Server
import SystemIO
import Text
import Wire
import Zones

/// A host of a link, and where it is to lead.
struct LinkHost: Sendable {
  /// The host.
  let name: Name
  /// The link's name.
  let link: String
  /// The link's endpoint for it; nil for one that is only asked for.
  let endpoint: Endpoint?
  /// The addresses that it may have.
  let networks: PrivateNetworks
  /// Those that are not connected to all the same.
  let never: NeverConnected
  /// True where the link says that it may have public ones.
  let isPublic: Bool
  /// The ports that it is reached on; none where nothing is to be connected to.
  let ports: [UInt16]
  /// What else is known of the link.
  let facts: LinkFacts
  /// Which end of the link that endpoint is.
  var lead = HostLead.endpoint
}

extension LinkHost {
  /// What stands for a link without names, whose clients use the endpoint's own: that name, or each of its addresses.
  static func ofEndpoint(
    _ endpoint: Endpoint, _ link: Link, _ networks: PrivateNetworks, _ never: NeverConnected,
    _ ports: [UInt16], _ facts: LinkFacts
  ) -> [LinkHost] {
    let names = endpoint.name.map { [$0] } ?? endpoint.addresses.compactMap { try? Name("\($0)") }
    return names.map { name in
      LinkHost(
        name: name, link: link.name, endpoint: endpoint, networks: networks, never: never,
        isPublic: link.isPublic, ports: ports, facts: facts)
    }
  }

  /// The address that stands in the place of a name.
  var address: IPAddress? { endpoint?.name == nil ? IPAddress(name.textWithoutFinalDot) : nil }
}

/// What was found of a host.
struct HostFinding: Sendable {
  /// What was asked for.
  let host: LinkHost
  /// The names that the host's leads to.
  private(set) var chain: [Name] = []
  /// What they end in.
  private(set) var addresses: [IPAddress] = []
  /// The connections that were tried: each private address on each port.
  private(set) var attempts: [ConnectAttempt] = []
  /// What is wrong; nothing when all is well.
  private(set) var complaints: [String] = []
  /// What is to be known of it that is not wrong.
  private(set) var notes: [String] = []
  /// What most likely stands behind it; nil when all is well.
  private(set) var cause: LikelyCause?
  /// False where it was not asked for.
  private let isAsked: Bool

  /// Asks for a host.
  ///
  /// - Parameter view: whose answers count.
  init(_ host: LinkHost, _ view: inout some HostView & ~Copyable) throws(Problem) {
    self.host = host
    isAsked = true
    // An address has no name to ask for.
    let found = try host.address == nil ? Lookup(host.name, &view) : nil
    chain = found?.chain ?? []
    addresses = found?.addresses ?? host.address.map { [$0] } ?? []
    complaints = found?.complaints ?? []
    if addresses.isEmpty {
      cause = .ofNoAddress(host, reason: found?.reason ?? "")
      if complaints.isEmpty { complaints.append("no address") }
    }
    if complaints.isEmpty {
      if let elsewhere = try elsewhere(&view) {
        complaints.append(elsewhere)
        cause = .ofOtherAnswer
      } else {
        endpointLedTo = endpointLedTo ?? host.endpoint
      }
    }
    for address in addresses where !host.networks.contains(address) {
      guard !host.isPublic else {
        notes.append("\(address) is public, as the link may be (\"public\"), and is not connected to")
        continue
      }
      complaints.append("\(address) is public")
      cause = .ofPublicAddress(host)
    }
    guard !host.ports.isEmpty else { return }
    for address in addresses where host.networks.contains(address) {
      if let reason = host.never.reason(address) {
        complaints.append("\(address) is not connected to: it is \(reason)")
      }
    }
  }

  /// Each private address with each port. Never a public one: what answers there is not the link. Nor what is this machine's.
  var destinations: [SocketAddress] {
    let reachable = addresses.filter { host.networks.contains($0) && host.never.reason($0) == nil }
    return host.ports.flatMap { port in reachable.map { SocketAddress($0, port: port) } }
  }

  /// Takes what came of the connections to its destinations.
  ///
  /// - Parameters:
  ///   - made: all that were tried, hosts of one endpoint share them.
  ///   - reason: why others were not.
  mutating func take(_ made: [SocketAddress: ConnectAttempt], orElse reason: String) {
    attempts = destinations.compactMap { made[$0] }
    for attempt in attempts {
      if let obstacle = attempt.obstacle { complaints.append("\(attempt.destination) is not reached: \(obstacle)") }
    }
    let untried = destinations.count - attempts.count
    if untried > 0 { complaints.append("\(untried) addresses are not tried: \(reason)") }
    cause = cause ?? .ofAttempts(attempts, host.facts)
  }

  /// A host that was not asked for.
  init(_ host: LinkHost, complaint: String) {
    self.host = host
    isAsked = false
    complaints = [complaint]
  }

  /// What the answers for a name's addresses say.
  private struct Lookup {
    var chain: [Name] = []
    var addresses: [IPAddress] = []
    var complaints: [String] = []
    var reason = ""

    init(_ name: Name, _ view: inout some HostView & ~Copyable) throws(Problem) {
      for type in [RecordType.a, .aaaa] {
        let answer = try view.answer(to: name, type)
        if answer.status != "NOERROR" {
          complaints.append("\(type) is \(answer.status)\(answer.reason.isEmpty ? "" : ": \(answer.reason)")")
          reason = reason.isEmpty ? answer.reason : reason
        }
        chain = chain.isEmpty ? answer.chain : chain
        addresses += answer.addresses
      }
    }
  }

  /// How the answer is another than the link's; nil where it is the link's.
  ///
  /// A CNAME must lead to the endpoint's name, and pinned addresses are all that there are. Where neither shows it, as for an
  /// ALIAS, the addresses must be some that the endpoint's own name has for the same client.
  private mutating func elsewhere(_ view: inout some HostView & ~Copyable) throws(Problem) -> String? {
    guard let endpoint = host.endpoint, host.address == nil, host.name != endpoint.name,
      let complaint = try difference(from: endpoint, &view)
    else { return nil }
    guard case .unknown(let standby) = host.lead, try difference(from: standby, &view) == nil else { return complaint }
    endpointLedTo = standby
    leadsToStandby = true
    notes.append(
      "leads to the standby \(standby.text): a server fails this link over by itself, and whether it has could not be asked"
    )
    return nil
  }

  /// How the answer is another than an endpoint's; nil where it is that.
  private func difference(
    from endpoint: Endpoint, _ view: inout some HostView & ~Copyable
  ) throws(Problem) -> String? {
    if let last = chain.last, !chain.contains(where: { $0 == endpoint.name }) {
      return "leads to \(last.textWithoutFinalDot), and not to the link's \(endpoint.text)"
    }
    let expected: Set<IPAddress>
    if !endpoint.addresses.isEmpty {
      expected = Set(endpoint.addresses)
    } else if chain.isEmpty, let name = endpoint.name {
      expected = Set(try Lookup(name, &view).addresses)
    } else {
      return nil
    }
    let isPinned = !endpoint.addresses.isEmpty
    if let other = addresses.first(where: { !expected.contains($0) }) {
      return "\(other) is no address of the link's \(endpoint.text)"
    }
    if isPinned, let missing = expected.subtracting(addresses).min() {
      return "the link's address \(missing) is missing"
    }
    return nil
  }

  static func table(_ findings: [HostFinding]) -> Table {
    var table = Table("HOST", "LINK", "LEADS TO", "ADDRESSES", "VERDICT")
    // One cause has many hosts: it is told with the first.
    var told: [LikelyCause: Name] = [:]
    for finding in findings {
      let likely = finding.cause.map { cause in
        defer { told[cause] = told[cause] ?? finding.host.name }
        return told[cause].map { "likely: as for \($0.textWithoutFinalDot)" } ?? "likely: \(cause.text)"
      }
      table.add(
        finding.host.name.textWithoutFinalDot, finding.host.link, finding.leadsTo,
        finding.addresses.map { "\($0)" }.joined(separator: ", "),
        finding.verdict, remarks: finding.notes + finding.complaints + (likely.map { [$0] } ?? []))
    }
    return table
  }

  /// What the host's name leads to, and that this is the standby.
  private var leadsTo: String {
    let shown = chain.last ?? endpointLedTo.flatMap { $0.name == host.name ? nil : $0.name }
    return [shown?.textWithoutFinalDot ?? "", host.lead.text].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// The endpoint whose addresses the host was seen to have; an ALIAS, and what is pinned at a zone's apex, shows no name of it.
  private var endpointLedTo: Endpoint?
  /// True where the names were seen to lead to the standby, which nobody said.
  private var leadsToStandby = false

  /// True when nothing is wrong.
  var isWell: Bool { complaints.isEmpty }

  /// In a word.
  private var verdict: String {
    guard isAsked else { return "unknown" }
    return complaints.isEmpty ? "ok" : "wrong"
  }

  var json: JSON {
    [
      "host": .string(host.name.textWithoutFinalDot), "link": .string(host.link), "verdict": .string(verdict),
      "chain": .array(chain.map { .string($0.textWithoutFinalDot) }),
      "addresses": .array(
        addresses.map { ["address": .string("\($0)"), "private": JSON(.bool(host.networks.contains($0)))] as JSON }),
      "active": .string(host.lead.isAtStandby || leadsToStandby ? "standby" : "endpoint"),
      "failedOverBy": host.lead.decider.map { .string($0) } ?? nil, "notes": .array(notes.map { .string($0) }),
      "attempts": .array(attempts.map(\.json)), "complaints": .array(complaints.map { .string($0) }),
      "likely": cause.map { .string($0.text) } ?? nil,
    ]
  }
}
