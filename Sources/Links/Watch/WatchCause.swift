import Text
import Wire
import Workspaces

/// The likely causes, in words; out of what vendors of private links tell their customers. From outside they can only be
/// probable, and are said to be.
enum WatchCause {
  static func noAddress(_ target: LinkTarget, _ reason: String) -> String {
    let name = target.name?.textWithoutFinalDot ?? "the endpoint"
    return
      "\(name) has no address: probably the connection is not accepted yet; a rejected, deleted or mistyped endpoint looks "
      + "the same from outside (backroad link state takes AWS's word)" + (reason.isEmpty ? "" : "; \(reason)")
  }

  static func publicAddress(_ address: IPAddress) -> String {
    "it leads to the public address \(address), which is never connected to: it is not the private endpoint, or its network is "
      + "missing in \"own-networks\""
  }

  static func never(_ address: IPAddress, _ reason: String) -> String {
    "it leads to \(address), so nothing is connected to: that is \(reason)"
  }

  static let onlyPublic = "it leads to public addresses alone, which are never connected to"
  static let noPorts = "the ports are not known, so nothing is connected to; state them with --port"

  static func part(_ count: Int) -> String { "\(count) pairs of address and port were tried, and no more" }

  /// How many addresses and ports are named.
  private static let named = 8

  private static func list(_ items: [String]) -> String {
    items.prefix(named).joined(separator: ", ")
      + (items.count > named ? " and \(items.count - named) more" : "")
  }

  private static func word(_ outcomes: [ConnectOutcome]) -> String {
    if outcomes.allSatisfy({ $0 == .refused }) { return "refused" }
    if outcomes.allSatisfy({ $0 == .silent }) { return "no answer" }
    for case .failed(let reason) in outcomes { return reason }
    return "refused or no answer"
  }

  /// What is lost of an endpoint, and what is probably behind it.
  static func lost(_ all: [(pair: WatchCheck.Pair, outcome: ConnectOutcome)]) -> String {
    let lost = all.filter { $0.outcome != .reached }
    let word = word(lost.map(\.outcome))
    guard lost.count < all.count else { return "\(list(lost.map { text($0.pair) })): \(word): \(ofAll(word))" }
    let (ports, addresses) = (Set(all.map(\.pair.port)), Set(all.map(\.pair.address)))
    let lostPorts = ports.filter { port in all.allSatisfy { $0.pair.port != port || $0.outcome != .reached } }.sorted()
    let lostAddresses = addresses.filter { one in all.allSatisfy { $0.pair.address != one || $0.outcome != .reached } }
      .sorted()
    var parts: [String] = []
    if !lostPorts.isEmpty {
      parts.append(
        "port \(list(lostPorts.map { "\($0)" })) is lost: \(word): the load balancer has no listener or healthy target there, or "
          + "a security group does not let it in; where nobody uses it, state the link's ports with --port")
    }
    if !lostAddresses.isEmpty {
      parts.append(
        "\(list(lostAddresses.map { "\($0)" })) is lost: \(word): probably a zone, or targets in one zone with cross-zone balancing "
          + "off, or the load balancer's zones have changed")
    }
    let others = lost.filter { !lostPorts.contains($0.pair.port) && !lostAddresses.contains($0.pair.address) }
    if !others.isEmpty { parts.append("\(list(others.map { text($0.pair) })): \(word)") }
    return parts.joined(separator: "; ")
  }

  private static func text(_ pair: WatchCheck.Pair) -> String { "\(SocketAddress(pair.address, port: pair.port))" }

  private static func ofAll(_ word: String) -> String {
    switch word {
    case "refused": "probably a listener or target group of another port, or no healthy target"
    case "no answer":
      "probably a security group without this side's addresses (\"enforce inbound rules on PrivateLink traffic\" on), unhealthy "
        + "targets, or a target registered by an address that has changed"
    default: "routing tables or network ACLs, unless targets are unhealthy"
    }
  }
}
