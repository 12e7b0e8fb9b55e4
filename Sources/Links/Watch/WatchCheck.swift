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
