import Wire

/// A resolver that questions are forwarded to, and how it is reached.
///
/// Two workspaces' networks may use the same addresses, so an upstream that is reached another way is another upstream.
public struct Upstream: Hashable, Sendable {
  /// From where this machine talks to an upstream, when the routing table must not decide it.
  public enum Source: Hashable, Sendable {
    /// From this address of the machine.
    case address(IPAddress)
    /// Through this network interface.
    case interface(String)
  }

  /// The port of DNS over UDP and TCP.
  public static let defaultPort: UInt16 = 53

  /// Where it listens, over UDP and TCP.
  public let address: SocketAddress
  /// Nil when the routing table decides.
  public let source: Source?

  /// An upstream at an address.
  public init(_ address: SocketAddress, source: Source? = nil) {
    self.address = address
    self.source = source
  }

  /// Reads `ADDRESS`, `ADDRESS:PORT` or `[IPV6]:PORT`, with `@ADDRESS` or `@INTERFACE` after it for the source.
  ///
  /// Nil for anything else, a source address of the other family, port 0 and an unspecified address among it.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = SocketAddress(parts[0], defaultPort: Self.defaultPort), address.port != 0,
      !address.address.isUnspecified
    else { return nil }
    guard parts.count == 2 else {
      self.init(address)
      return
    }
    if let source = IPAddress(parts[1]) {
      guard source.bitWidth == address.address.bitWidth else { return nil }
      self.init(address, source: .address(source))
    } else {
      guard Self.isInterfaceName(parts[1]) else { return nil }
      self.init(address, source: .interface(String(parts[1])))
    }
  }

  /// Linux takes up to 15 octets, and neither spaces nor slashes.
  private static func isInterfaceName(_ text: some StringProtocol) -> Bool {
    (1...15).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x2f && $0 != 0x3a }
  }
}

extension Upstream: CustomStringConvertible {
  /// As people write it: without the usual port, with the source if there is one.
  public var description: String {
    let target = address.port == Self.defaultPort ? "\(address.address)" : "\(address)"
    return switch source {
    case nil: target
    case .address(let from): "\(target)@\(from)"
    case .interface(let name): "\(target)@\(name)"
    }
  }
}

extension Upstream: Comparable {
  /// By address and port, and then by the source: none, an address, an interface.
  public static func < (a: Self, b: Self) -> Bool {
    if a.address.address != b.address.address { return a.address.address < b.address.address }
    if a.address.port != b.address.port { return a.address.port < b.address.port }
    switch (a.source, b.source) {
    case (_, nil): return false
    case (nil, _): return true
    case (.address(let x), .address(let y)): return x < y
    case (.interface(let x), .interface(let y)): return x < y
    case (.address, .interface): return true
    case (.interface, .address): return false
    }
  }
}
