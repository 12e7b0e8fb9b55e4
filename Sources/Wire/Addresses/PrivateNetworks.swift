/// The networks that a private link may end in: those that the Internet routes to nobody, and an operator's own.
///
/// Link-local addresses are none of them: no endpoint has one, and 169.254.169.254 is a cloud's metadata service.
public struct PrivateNetworks: Hashable, Sendable {
  /// Networks beside those of `isStandard`.
  public private(set) var own: [IPPrefix]

  /// - Parameter own: networks that are private here though the Internet may have others of these addresses.
  public init(own: [IPPrefix] = []) { self.own = own }

  /// These, and more of one's own.
  public func adding(_ more: [IPPrefix]) -> PrivateNetworks {
    more.isEmpty ? self : PrivateNetworks(own: own + more)
  }

  /// True for an address of one of the networks. An IPv4 address that is written as an IPv6 one (RFC 4291 §2.5.5.2) is
  /// judged as what it is: sockets connect to the IPv4 address.
  public func contains(_ address: IPAddress) -> Bool {
    let address = address.unmapped
    return Self.isStandard(address) || own.contains { $0.contains(address) }
  }

  /// True for the addresses of RFC 1918, RFC 6598 and RFC 4193, and for loopback ones.
  public static func isStandard(_ address: IPAddress) -> Bool {
    switch address {
    case .v4(let bits):
      bits >> 24 == 10 || bits >> 20 == 0xac1 || bits >> 16 == 0xc0a8 || bits >> 22 == 0x191 || address.isLoopback
    case .v6(let bits): bits >> 121 == 0x7e || address.isLoopback
    }
  }
}

extension IPAddress {
  /// The IPv4 address that `::ffff:a.b.c.d` stands for; any other address itself.
  public var unmapped: IPAddress {
    guard case .v6(let bits) = self else { return self }
    return IPAddress(v6: bits)
  }
}
