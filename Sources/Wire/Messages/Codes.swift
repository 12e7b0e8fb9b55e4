/// A resource record type, RFC 1035 §3.2.2 and the IANA registry after it.
public struct RecordType: RawRepresentable, Hashable, Sendable, Comparable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt16

  /// Takes the number on the wire.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// Takes the number on the wire.
  @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }

  /// By number.
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// An IPv4 address.
  @inlinable public static var a: Self { Self(1) }
  /// A name server of a zone.
  @inlinable public static var ns: Self { Self(2) }
  /// The canonical name, for which the owner is an alias.
  @inlinable public static var cname: Self { Self(5) }
  /// The start of a zone of authority.
  @inlinable public static var soa: Self { Self(6) }
  /// A pointer to a name, as reverse zones hold.
  @inlinable public static var ptr: Self { Self(12) }
  /// The host's kind.
  @inlinable public static var hinfo: Self { Self(13) }
  /// A mail exchange.
  @inlinable public static var mx: Self { Self(15) }
  /// Text.
  @inlinable public static var txt: Self { Self(16) }
  /// An IPv6 address, RFC 3596.
  @inlinable public static var aaaa: Self { Self(28) }
  /// The place of a service, RFC 2782.
  @inlinable public static var srv: Self { Self(33) }
  /// A rule for rewriting names, RFC 3403.
  @inlinable public static var naptr: Self { Self(35) }
  /// An alias for all names below the owner, RFC 6672.
  @inlinable public static var dname: Self { Self(39) }
  /// EDNS's own record, RFC 6891.
  @inlinable public static var opt: Self { Self(41) }
  /// The digest of a child zone's key, RFC 4034.
  @inlinable public static var ds: Self { Self(43) }
  /// A signature over a set, RFC 4034.
  @inlinable public static var rrsig: Self { Self(46) }
  /// The parameters of a service, RFC 9460.
  @inlinable public static var svcb: Self { Self(64) }
  /// The parameters of a web service, RFC 9460.
  @inlinable public static var https: Self { Self(65) }
  /// A signature over a message, RFC 8945.
  @inlinable public static var tsig: Self { Self(250) }
  /// A question for a zone's changes, RFC 1995.
  @inlinable public static var ixfr: Self { Self(251) }
  /// A question for a whole zone, RFC 5936.
  @inlinable public static var axfr: Self { Self(252) }
  /// A question for whatever there is, RFC 8482.
  @inlinable public static var any: Self { Self(255) }
  /// Which authorities may certify the name, RFC 8659.
  @inlinable public static var caa: Self { Self(257) }

  // Of old, and rare; here because a sender may compress the names in their data (RFC 3597 §4).
  static var md: Self { Self(3) }
  static var mf: Self { Self(4) }
  static var mb: Self { Self(7) }
  static var mg: Self { Self(8) }
  static var mr: Self { Self(9) }
  static var minfo: Self { Self(14) }
  static var rp: Self { Self(17) }
  static var afsdb: Self { Self(18) }
  static var rt: Self { Self(21) }
  static var px: Self { Self(26) }
  static var kx: Self { Self(36) }

  /// PowerDNS's private type for a name that is answered with another name's addresses.
  @inlinable public static var alias: Self { Self(65401) }

  /// True for types that are questions or message machinery and never data (RFC 6895 §3.1): 128 to 255, and OPT.
  @inlinable public var isMeta: Bool { (rawValue >= 128 && rawValue <= 255) || self == .opt }

  /// True for the two numbers that never become a type: 0, a mark in SIG records, and 65535 (RFC 6895 §3.1).
  @inlinable public var isReserved: Bool { rawValue == 0 || rawValue == .max }

  /// True for what may be asked for: data, and ANY. Everything else is refused before any zone or cache is looked at.
  @inlinable public var isAskable: Bool { self == .any || !(isMeta || isReserved) }

  private static let mnemonics: [(RecordType, String)] = [
    (.a, "A"), (.ns, "NS"), (.cname, "CNAME"), (.soa, "SOA"), (.ptr, "PTR"), (.hinfo, "HINFO"), (.mx, "MX"),
    (.txt, "TXT"), (.aaaa, "AAAA"), (.srv, "SRV"), (.naptr, "NAPTR"), (.dname, "DNAME"), (.opt, "OPT"), (.ds, "DS"),
    (.rrsig, "RRSIG"), (.svcb, "SVCB"), (.https, "HTTPS"), (.tsig, "TSIG"), (.ixfr, "IXFR"), (.axfr, "AXFR"),
    (.any, "ANY"), (.caa, "CAA"),
  ]

  /// The type that a mnemonic (`AAAA`) or RFC 3597's form (`TYPE28`) names, in either case; nil if neither.
  public init?(mnemonic: some StringProtocol) {
    // `NSEC3PARAM` and `TYPE65535` are the longest.
    guard mnemonic.utf8.count <= 10 else { return nil }
    let upper = mnemonic.uppercased()
    if let known = Self.mnemonics.first(where: { $0.1 == upper }) {
      self = known.0
    } else if upper.hasPrefix("TYPE"), let number = decimal(upper.dropFirst(4), UInt16.self) {
      self.init(number)
    } else {
      return nil
    }
  }
}

extension RecordType: CustomStringConvertible {
  /// The mnemonic, or `TYPE` and the number (RFC 3597 §5).
  public var description: String {
    Self.mnemonics.first { $0.0 == self }?.1 ?? "TYPE\(rawValue)"
  }
}

/// A class, RFC 1035 §3.2.4.
public struct RecordClass: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt16

  /// Takes the number on the wire.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// Takes the number on the wire.
  @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }

  /// The Internet, the only class that has zones here.
  @inlinable public static var internet: Self { Self(1) }
  /// CHAOS, in which servers are asked about themselves.
  @inlinable public static var chaos: Self { Self(3) }
}

extension RecordClass: CustomStringConvertible {
  /// `IN`, `CH`, or `CLASS` and the number (RFC 3597 §5).
  public var description: String {
    switch self {
    case .internet: "IN"
    case .chaos: "CH"
    default: "CLASS\(rawValue)"
    }
  }
}

/// What a response says of its question: RFC 1035 §4.1.1, and RFC 6891 §6.1.3 for those above 15.
public enum ResponseCode: UInt16, Hashable, Sendable {
  case noError = 0
  case formatError = 1
  case serverFailure = 2
  case nameError = 3
  case notImplemented = 4
  case refused = 5
  /// A DNAME made the name too long, RFC 6672 §2.2.
  case nameTooLong = 6
  /// An EDNS version that is not known, RFC 6891 §9.
  case badVersion = 16

  /// The mnemonic that `dig` prints.
  public var mnemonic: String {
    switch self {
    case .noError: "NOERROR"
    case .formatError: "FORMERR"
    case .serverFailure: "SERVFAIL"
    case .nameError: "NXDOMAIN"
    case .notImplemented: "NOTIMP"
    case .refused: "REFUSED"
    case .nameTooLong: "YXDOMAIN"
    case .badVersion: "BADVERS"
    }
  }
}

/// Extended DNS Errors: the INFO-CODEs of RFC 8914 §4 that this server says.
public enum ExtendedErrorCode: UInt16, Hashable, Sendable {
  case other = 0
  case staleAnswer = 3
  case cachedError = 13
  case notReady = 14
  case blocked = 15
  case prohibited = 18
  case notAuthoritative = 20
  case notSupported = 21
  case noReachableAuthority = 22
  case networkError = 23
  case invalidData = 24
}

/// Reads an unsigned decimal number of digits alone, no sign and no space; nil if it is none or does not fit.
package func decimal<Number: FixedWidthInteger>(_ text: some StringProtocol, _: Number.Type) -> Number? {
  guard let first = text.utf8.first, first >= 0x30, first <= 0x39 else { return nil }
  return Number(text)
}
