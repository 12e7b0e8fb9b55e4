import Forwarding
import Wire

/// Names that never leave the machine: no upstream has an answer for them, and asking tells the world of it.
///
/// They are closed forwarding rules of the server, so a rule for the same zone, or for one below it, in the server's
/// configuration or in a workspace switches any of them.
public enum SpecialNames {
  /// The zones, each with where that is said.
  static let zones: [String] =
    // RFC 6761 §6.3 and §6.4, RFC 6762 §22.1, RFC 7686 §2, RFC 8375 §4, RFC 9462 §6.4.
    ["localhost", "invalid", "local", "onion", "home.arpa", "resolver.arpa"] + reverseZones
    // This server's own, which is in class CHAOS alone.
    + ["whoami.backroad"]

  /// The reverse zones of addresses that are nobody's in public: RFC 6303 §4.1 to §4.6, and RFC 7793 of those that
  /// providers share (100.64/10).
  private static let reverseZones: [String] =
    ["0.in-addr.arpa", "127.in-addr.arpa", "254.169.in-addr.arpa", "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa"]
    + ["113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa", "10.in-addr.arpa", "168.192.in-addr.arpa"]
    + (16...31).map { "\($0).172.in-addr.arpa" } + (64...127).map { "\($0).100.in-addr.arpa" }
    + [loopbackNibbles + ".ip6.arpa", unspecifiedNibbles + ".ip6.arpa", "d.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"]
    + ["8", "9", "a", "b"].map { "\($0).e.f.ip6.arpa" }

  private static let unspecifiedNibbles = Array(repeating: "0", count: 32).joined(separator: ".")
  private static let loopbackNibbles = "1." + Array(repeating: "0", count: 31).joined(separator: ".")

  /// The name that stands for the machine itself, with the names below it (RFC 6761 §6.3).
  public static let localhost = try? Name("localhost")

  /// What clients ask this server about themselves, in class CHAOS.
  public static let whoAmI = try? Name("whoami.backroad")

  /// Where resolvers tell of their encrypted addresses; all of its names exist, and have no data (RFC 9462 §6.4).
  public static let resolver = try? Name("resolver.arpa")

  /// The server's rules that keep these names at home, but for zones that it has a rule for already.
  public static func rules(beside rules: [ForwardRule]) -> [ForwardRule] {
    let taken = Set(rules.map(\.zone))
    return zones.compactMap { try? Name($0) }.filter { !taken.contains($0) }
      .map { ForwardRule(owner: .server, zone: $0, upstreams: [], origin: .specialNames) }
  }
}
