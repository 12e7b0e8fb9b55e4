import Text
import Wire
import Workspaces

/// What came of asking for an endpoint's addresses.
public enum ResolveOutcome: Hashable, Sendable {
  /// They are these, public ones among them; none when the name has none, and then what the server says of it.
  case addresses([IPAddress], reason: String)
  /// There was no answer, so that nothing is known of the endpoint, and clients get none either.
  case failed(String)
  /// It could not be asked for now.
  case postponed
}

/// What came of connecting.
public enum ConnectOutcome: Hashable, Sendable {
  /// A connection was made; it is closed at once.
  case reached
  /// Whoever is there, or something before it, said no at once.
  case refused
  /// Nothing came back.
  case silent
  /// Anything else, in the kernel's words: no route, most likely.
  case failed(String)
  /// It could not be tried now.
  case postponed
}

/// One look at an endpoint while it goes on.
struct WatchCheck {
  /// An address and a port of it.
  struct Pair: Hashable {
    let address: IPAddress
    let port: UInt16
  }

  /// What is connected to.
  private(set) var pairs: [Pair] = []
  private var outcomes: [ConnectOutcome?] = []
  private var left = 0
  private var isPostponed = false

  /// True once each pair has its outcome.
  var isComplete: Bool { left == 0 }

  /// Goes on with the addresses of an endpoint.
  ///
  /// - Parameters:
  ///   - networks: what is private: nothing else is ever connected to.
  ///   - never: what is not connected to though it is private.
  ///   - limit: the most pairs; of more, every address is tried before further ports are.
  /// - Returns: what is found already; nil when the pairs are to be connected to.
  mutating func start(
    _ target: LinkTarget, _ addresses: [IPAddress], reason: String, _ networks: PrivateNetworks,
    but never: NeverConnected, limit: Int
  ) -> WatchFinding? {
    guard !addresses.isEmpty else { return WatchFinding(.notResolving, WatchCause.noAddress(target, reason)) }
    let addresses = Set(addresses.map(\.unmapped)).sorted()
    let inside = addresses.filter { networks.contains($0) }
    if inside.count < addresses.count, !target.isPublic {
      let address = addresses.first { !networks.contains($0) }
      return WatchFinding(.failed, address.map { WatchCause.publicAddress($0) } ?? "")
    }
    guard !inside.isEmpty else { return WatchFinding(.resolving, WatchCause.onlyPublic) }
    for address in inside {
      if let reason = never.reason(address) { return WatchFinding(.resolving, WatchCause.never(address, reason)) }
    }
    guard !target.ports.isEmpty else { return WatchFinding(.resolving, WatchCause.noPorts) }
    pairs = Array(
      target.ports.lazy.flatMap { port in inside.lazy.map { Pair(address: $0, port: port) } }.prefix(limit))
    outcomes = Array(repeating: nil, count: pairs.count)
    left = pairs.count
    return nil
  }

  /// Takes what came of a pair.
  mutating func take(_ outcome: ConnectOutcome, at index: Int) {
    guard outcomes.indices.contains(index), outcomes[index] == nil else { return }
    outcomes[index] = outcome
    left -= 1
    if outcome == .postponed { isPostponed = true }
  }

  /// What all of it says; nil when a part could not be tried.
  func finding(looksPartly isPart: Bool) -> WatchFinding? {
    guard isComplete, !isPostponed else { return nil }
    let all = zip(pairs, outcomes).map { ($0, $1 ?? .postponed) }
    let lost = all.filter { $0.1 != .reached }
    guard !lost.isEmpty else {
      return WatchFinding(.reachable, isPart ? WatchCause.part(pairs.count) : "")
    }
    let state: LinkHealth.State = lost.count == all.count ? .failed : .degraded
    return WatchFinding(state, WatchCause.lost(all))
  }
}

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
