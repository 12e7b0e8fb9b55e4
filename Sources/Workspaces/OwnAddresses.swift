import Wire

/// Where the server itself is reached, and so where nothing may be forwarded to: the question would come back for ever.
public struct OwnAddresses: Sendable {
  private let listeners: [SocketAddress]
  private let interfaces: Set<IPAddress>

  /// Takes what is known of the server and its machine.
  ///
  /// - Parameters:
  ///   - listeners: where the server listens.
  ///   - interfaces: the machine's addresses, all of which lead to a listener on every address (`0.0.0.0`, `::`).
  public init(_ listeners: [SocketAddress] = [], interfaces: [IPAddress] = []) {
    self.listeners = listeners
    self.interfaces = Set(interfaces)
  }

  /// True when it is known where the server listens, and an address is none of those.
  public func isNoListener(_ address: SocketAddress) -> Bool {
    !listeners.isEmpty && !listeners.contains(address)
  }

  /// True when what is sent to `address` comes to the server.
  public func contains(_ address: SocketAddress) -> Bool {
    listeners.contains { listener in
      guard listener.port == address.port else { return false }
      if listener.address == address.address { return true }
      guard listener.address.isUnspecified, listener.address.bitWidth == address.address.bitWidth else { return false }
      // All of 127/8 is the machine's, though only one of it is an interface's.
      return address.address.isLoopback || interfaces.contains(address.address)
    }
  }
}
