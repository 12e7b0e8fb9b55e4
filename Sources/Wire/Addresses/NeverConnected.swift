/// Addresses that are not connected to in order to see whether a link's endpoint is reachable, private though they may be.
///
/// Whoever writes a workspace's files, or answers for an endpoint's name, chooses the addresses and ports; what listens on
/// this very machine, or tells a cloud's machine its credentials, is not theirs to knock at. No endpoint is there.
public struct NeverConnected: Hashable, Sendable {
  /// This machine's own addresses, loopback aside.
  public var machine: Set<IPAddress>
  /// What of this machine the operator says is connected to all the same.
  private let allowed: [IPPrefix]

  /// - Parameters:
  ///   - machine: this machine's own addresses.
  ///   - own: the server's `"own-networks"`. Networks of loopback addresses and single addresses of this machine among them
  ///     are connected to: the operator has named the very thing. A workspace's own networks do not count.
  public init(machine: some Sequence<IPAddress> = [], own: [IPPrefix] = []) {
    self.machine = Set(machine)
    allowed = own.filter { $0.base.isLoopback || $0.length == $0.base.bitWidth }
  }

  /// Why an address is not connected to, as what follows "is"; nil where it may be.
  public func reason(_ address: IPAddress) -> String? {
    let address = address.unmapped
    if address.isLoopback || machine.contains(address) {
      return allowed.contains { $0.contains(address) }
        ? nil
        : "this machine's own: where a link does end on it, list \(address) in \"own-networks\" of backroad.json"
    }
    let entry = (SpecialNetworks.all + SpecialNetworks.ofClouds).first { $0.prefix.contains(address) }
    return entry.map { "of \($0.prefix), which is \($0.what)" }
  }
}
