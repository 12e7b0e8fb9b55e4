/// The networks that a private link may end in: those that the Internet routes to nobody, and an operator's own.
///
/// Link-local addresses are none of them: no endpoint has one, and 169.254.169.254 is a cloud's metadata service.
public struct PrivateNetworks: Hashable, Sendable {
  /// Networks beside the `standard` ones.
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
    return Self.standard.contains { $0.contains(address) } || own.contains { $0.contains(address) }
  }

  /// True when all of a prefix is in one of the networks.
  public func contains(_ prefix: IPPrefix) -> Bool {
    (Self.standard + own).contains { $0.length <= prefix.length && $0.contains(prefix.base) }
  }

  /// Those of RFC 1918, RFC 6598 and RFC 4193, and the loopback ones.
  static let standard: [IPPrefix] = [
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128",
  ].compactMap { try? IPPrefix($0) }
}

extension IPAddress {
  /// The IPv4 address that `::ffff:a.b.c.d` stands for; any other address itself.
  public var unmapped: IPAddress {
    guard case .v6(let bits) = self else { return self }
    return IPAddress(v6: bits)
  }
}
