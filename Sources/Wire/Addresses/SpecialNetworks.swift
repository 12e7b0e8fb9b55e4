/// Networks that are nobody's own, whatever a list says: no link ends there (RFC 6890, and the IANA special-purpose registries).
public enum SpecialNetworks {
  /// A network, and what it is: the words that follow "is" or "are".
  public struct Entry: Sendable {
    /// The network.
    public let prefix: IPPrefix
    /// What its addresses are.
    public let what: String
  }

  /// Those of no endpoint: this host, loopback, link-local, multicast, reserved and broadcast addresses.
  public static let all: [Entry] = entries([
    ("0.0.0.0/8", "addresses of no host (RFC 1122 §3.2.1.3)"),
    ("127.0.0.0/8", "loopback, of whichever machine uses them"),
    ("169.254.0.0/16", "link-local (RFC 3927), where clouds have their metadata service"),
    ("224.0.0.0/4", "multicast (RFC 5771)"),
    ("240.0.0.0/4", "reserved or broadcast (RFC 1112 §4)"),
    ("::/128", "the address of no host (RFC 4291 §2.5.2)"),
    ("::1/128", "loopback, of whichever machine uses it"),
    ("fe80::/10", "link-local (RFC 4291 §2.5.6)"),
    ("ff00::/8", "multicast (RFC 4291 §2.7)"),
  ])

  /// What clouds answer their machines at beside link-local addresses: instance metadata, with credentials in it. No endpoint
  /// of a link is there, and some of it is inside networks that are private to everybody.
  public static let ofClouds: [Entry] = entries([
    ("100.100.100.200/32", "Alibaba Cloud's metadata service"),
    ("168.63.129.16/32", "Azure's own service for its machines"),
    ("192.0.0.192/32", "Oracle Cloud's metadata service"),
    ("fd00:ec2::/32", "AWS's own services for its machines, with the metadata service"),
    ("fd20:ce::254/128", "Google Cloud's metadata service"),
  ])

  private static func entries(_ list: [(String, String)]) -> [Entry] {
    list.compactMap { text, what in (try? IPPrefix(text)).map { Entry(prefix: $0, what: what) } }
  }
}

extension IPPrefix {
  /// True when an address is in both.
  public func overlaps(_ other: IPPrefix) -> Bool {
    length <= other.length ? contains(other.base) : other.contains(base)
  }

  /// True when all of another is in this.
  public func contains(_ other: IPPrefix) -> Bool { length <= other.length && contains(other.base) }

  /// The IPv4 network that this IPv6 one stands for where packets to it go to IPv4 addresses: 6to4 (RFC 3056), NAT64 (RFC 6052,
  /// and RFC 8215, where the address is taken for the last 32 bits), IPv4-compatible addresses (RFC 4291 §2.5.5.1). Nil where
  /// it is none; `0.0.0.0/0` where it holds all of such a range.
  public var embeddedIPv4: IPPrefix? {
    guard case .v6(let bits) = base else { return nil }
    for (range, position) in Self.embeddings where overlaps(range) {
      guard range.contains(self) else { return IPPrefix(.v4(0), length: 0) }
      let embedded = UInt32(truncatingIfNeeded: (bits << UInt128(position)) >> 96)
      return IPPrefix(.v4(embedded), length: min(32, max(0, length - position)))
    }
    return nil
  }

  /// Where in an address of which range the IPv4 address begins, in bits.
  private static let embeddings: [(range: IPPrefix, position: Int)] = [
    ("2002::/16", 16), ("64:ff9b::/96", 96), ("64:ff9b:1::/48", 96), ("::/96", 96),
  ].compactMap { text, position in (try? IPPrefix(text)).map { ($0, position) } }
}
