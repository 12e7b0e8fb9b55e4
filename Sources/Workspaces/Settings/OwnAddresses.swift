import Wire

/// Where the server itself is reached, and so where nothing may be forwarded to: the question would come back for ever.
public struct OwnAddresses: Sendable {
  /// Where the server listens; empty when that is not known.
  let listeners: Set<SocketAddress>
  /// The ports on which it listens on every address of a family, by the family's width.
  private let everywhere: [Int: Set<UInt16>]
  private let interfaces: Set<IPAddress>

  /// Takes what is known of the server and its machine.
  ///
  /// - Parameters:
  ///   - listeners: where the server listens.
  ///   - interfaces: the machine's addresses, all of which lead to a listener on every address (`0.0.0.0`, `::`).
  public init(_ listeners: [SocketAddress] = [], interfaces: [IPAddress] = []) {
    self.listeners = Set(listeners)
    everywhere = Dictionary(grouping: listeners.filter(\.address.isUnspecified)) { $0.address.bitWidth }
      .mapValues { Set($0.map(\.port)) }
    self.interfaces = Set(interfaces)
  }

  /// True when it is known where the server listens, and an address is none of those.
  public func isNoListener(_ address: SocketAddress) -> Bool {
    !listeners.isEmpty && !listeners.contains(address)
  }

  /// True when what is sent to `address` comes to the server.
  public func contains(_ address: SocketAddress) -> Bool {
    if listeners.contains(address) { return true }
    guard everywhere[address.address.bitWidth]?.contains(address.port) == true else { return false }
    // All of 127/8 is the machine's, though only one of it is an interface's.
    return address.address.isLoopback || interfaces.contains(address.address)
  }
}
