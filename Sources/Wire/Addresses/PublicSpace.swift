/// Addresses that the Internet routes: whose they are is not for an operator to say.
public enum PublicSpace {
  /// What is in nobody's routing tables: private networks, and beside them link-local ones, documentation (RFC 5737,
  /// RFC 3849), benchmarks (RFC 2544), and what is reserved (RFC 1112 §4).
  private static let unrouted =
    PrivateNetworks.standard
    + [
      "169.254.0.0/16", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "240.0.0.0/4",
      "fe80::/10",
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
