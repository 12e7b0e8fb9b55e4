/// Addresses that the Internet routes: whose they are is not for an operator to say.
public enum PublicSpace {
  /// Networks beside those of `PrivateNetworks` that are in nobody's routing tables: link-local ones, documentation
  /// (RFC 5737, RFC 3849), benchmarks (RFC 2544), and what is reserved (RFC 1112 §4).
  private static let unrouted: [IPPrefix] = [
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "192.0.2.0/24",
    "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "240.0.0.0/4", "fc00::/7", "fe80::/10", "::1/128",
    "2001:db8::/32",
  ].compactMap { try? IPPrefix($0) }

  /// True when any address of a prefix is public.
  ///
  /// - Parameter own: networks that are private here all the same.
  public static func holdsAny(of prefix: IPPrefix, but own: [IPPrefix]) -> Bool {
    !(unrouted + own).contains { $0.length <= prefix.length && $0.contains(prefix.base) }
  }

  /// True for an address that is public.
  public static func contains(_ address: IPAddress, but own: [IPPrefix]) -> Bool {
    guard let prefix = IPPrefix(address, length: address.bitWidth) else { return false }
    return holdsAny(of: prefix, but: own)
  }
}
