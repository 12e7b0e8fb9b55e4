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
}

/// What was found of a host.
struct HostFinding: Sendable {
  /// What was asked for.
  let host: LinkHost
  /// The names that the host's leads to.
  let chain: [Name]
  /// What they end in.
  let addresses: [IPAddress]
  /// What is wrong; nothing when all is well.
  private(set) var complaints: [String] = []
  /// False where it was not asked for.
  private let isAsked: Bool

  private static let connectNanoseconds: UInt64 = 3_000_000_000

  init(
    _ host: LinkHost, _ client: inout QuestionClient, option: (code: UInt16, data: [UInt8])?, port: UInt16?,
    _ time: LookTime
  ) throws(Problem) {
    self.host = host
    isAsked = true
    let found = try Lookup(host.name, &client, option: option)
    chain = found.chain
    addresses = found.addresses
    complaints = found.complaints
    if addresses.isEmpty, complaints.isEmpty { complaints.append("no address") }
    if complaints.isEmpty, let elsewhere = try elsewhere(&client, option: option) { complaints.append(elsewhere) }
    let reachable = addresses.filter { host.networks.contains($0) }
    for address in addresses where !host.networks.contains(address) { complaints.append("\(address) is public") }
    guard let port else { return }
    // Never to a public address: what answers there is not the link.
    for (index, address) in reachable.enumerated() {
      guard !time.isOver else {
        complaints.append("\(reachable.count - index) addresses are not tried: \(time.reason)")
        return
      }
      let place = SocketAddress(address, port: port)
      let end = min(System.monotonicNanoseconds() + Self.connectNanoseconds, time.endNanoseconds)
      if let obstacle = QuestionClient.obstacle(to: place, endNanoseconds: end) {
        complaints.append("\(place) is not reached: \(obstacle)")
      }
    }
  }

  /// A host that was not asked for.
  init(_ host: LinkHost, complaint: String) {
    self.host = host
    isAsked = false
    chain = []
    addresses = []
    complaints = [complaint]
  }

  /// What the answers for a name's addresses say.
  private struct Lookup {
    var chain: [Name] = []
    var addresses: [IPAddress] = []
    var complaints: [String] = []

    init(_ name: Name, _ client: inout QuestionClient, option: (code: UInt16, data: [UInt8])?) throws(Problem) {
      for type in [RecordType.a, .aaaa] {
        let answer = try client.ask(name, type, option: option)
        if answer.status != "NOERROR" {
          let why = answer.complaint.map { ": \($0.text)" } ?? ""
          complaints.append("\(type) is \(answer.status)\(why)")
        }
        chain = chain.isEmpty ? Array(answer.chain(from: name).dropFirst()) : chain
        addresses += answer.answer.filter { $0.type == type }.compactMap { IPAddress(octets: $0.data) }
      }
    }
  }

  /// How the answer is another than the link's; nil where it is the link's.
  ///
  /// A CNAME must lead to the endpoint's name, and pinned addresses are all that there are. Where neither shows it, as for an
  /// ALIAS, the addresses must be some that the endpoint's own name has for the same client.
  private func elsewhere(
    _ client: inout QuestionClient, option: (code: UInt16, data: [UInt8])?
  ) throws(Problem) -> String? {
    guard let endpoint = host.endpoint else { return nil }
    if let last = chain.last, !chain.contains(where: { $0 == endpoint.name }) {
      return "leads to \(last.textWithoutFinalDot), and not to the link's \(endpoint.text)"
    }
    let expected: Set<IPAddress>
    if !endpoint.addresses.isEmpty {
      expected = Set(endpoint.addresses)
    } else if chain.isEmpty, let name = endpoint.name {
      expected = Set(try Lookup(name, &client, option: option).addresses)
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
    for finding in findings {
      table.add(
        finding.host.name.textWithoutFinalDot, finding.host.link, finding.chain.last?.textWithoutFinalDot ?? "",
        finding.addresses.map { "\($0)" }.joined(separator: ", "),
        finding.verdict, remarks: finding.complaints)
    }
    return table
  }

  /// In a word.
  private var verdict: String {
    guard isAsked else { return "unknown" }
    return complaints.isEmpty ? "ok" : "wrong"
  }

  var json: JSON {
    [
      "host": .string(host.name.textWithoutFinalDot), "link": .string(host.link),
      "chain": .array(chain.map { .string($0.textWithoutFinalDot) }),
      "addresses": .array(
        addresses.map { ["address": .string("\($0)"), "private": JSON(.bool(host.networks.contains($0)))] as JSON }),
      "complaints": .array(complaints.map { .string($0) }),
    ]
  }
}
