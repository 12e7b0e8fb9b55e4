/// An IPv4 or IPv6 address. An IPv4 address that came mapped into IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address.
public enum IPAddress: Hashable, Sendable {
  case v4(UInt32)
  case v6(UInt128)

  /// Takes 128 bits as a socket gives them, a mapped IPv4 address as the IPv4 address it is.
  @inlinable public init(v6 bits: UInt128) {
    self = bits >> 32 == 0xffff ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits)
  }

  /// How many bits the address has.
  @inlinable public var bitWidth: Int {
    switch self {
    case .v4: 32
    case .v6: 128
    }
  }

  /// The address as it stands in the data of an A or AAAA record.
  public var octets: [UInt8] {
    switch self {
    case .v4(let bits): (0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - 8 * UInt32($0))) }
    case .v6(let bits): (0..<16).map { UInt8(truncatingIfNeeded: bits >> (120 - 8 * UInt128($0))) }
    }
  }

  /// Takes 4 or 16 octets, as they stand in the data of an A or AAAA record; nil for any other number.
  public init?(octets: some Collection<UInt8>) {
    switch octets.count {
    case 4: self = .v4(octets.reduce(0) { $0 << 8 | UInt32($1) })
    case 16: self = .v6(octets.reduce(0) { $0 << 8 | UInt128($1) })
    default: return nil
    }
  }

  /// The record type that holds an address of this kind.
  public var recordType: RecordType {
    switch self {
    case .v4: .a
    case .v6: .aaaa
    }
  }

  /// 127.0.0.0/8 or ::1.
  public var isLoopback: Bool {
    switch self {
    case .v4(let bits): bits >> 24 == 127
    case .v6(let bits): bits == 1
    }
  }

  /// True for 224.0.0.0/4 and all above it, and ff00::/8: addresses of no one machine.
  public var isMulticast: Bool {
    switch self {
    case .v4(let bits): bits >> 28 >= 0xe
    case .v6(let bits): bits >> 120 == 0xff
    }
  }

  /// 0.0.0.0 or ::, which a server listens on to mean all of its addresses.
  public var isUnspecified: Bool { self == .v4(0) || self == .v6(0) }
}

extension IPAddress {
  /// Reads dotted-decimal IPv4, or IPv6 (RFC 4291 §2.2); nil for anything else, leading zeros in IPv4 among it.
  public init?(_ text: some StringProtocol) {
    if text.utf8.contains(0x3a) {
      guard let bits = Self.v6(Substring(text)) else { return nil }
      self.init(v6: bits)
    } else {
      guard let bits = Self.v4(text.utf8) else { return nil }
      self = .v4(bits)
    }
  }

  /// Reads dotted-decimal IPv4 from octets, as the other initializer does from a text.
  public init?(dottedDecimal text: some Sequence<UInt8>) {
    guard let bits = Self.v4(text) else { return nil }
    self = .v4(bits)
  }

  private static func v4(_ text: some Sequence<UInt8>) -> UInt32? {
    var bits: UInt32 = 0
    var dots = 0
    // Nil until the octet has a digit.
    var octet: UInt32?
    for character in text {
      if character == 0x2e {
        guard let whole = octet, dots < 3 else { return nil }
        bits = bits << 8 | whole
        dots += 1
        octet = nil
      } else {
        guard character &- 0x30 < 10, octet != 0 else { return nil }
        let next = (octet ?? 0) * 10 + UInt32(character &- 0x30)
        guard next <= 255 else { return nil }
        octet = next
      }
    }
    guard dots == 3, let octet else { return nil }
    return bits << 8 | octet
  }

  private static func v6(_ text: Substring) -> UInt128? {
    let halves = splitAtGap(text)
    // RFC 4291 §2.2: only the last 32 bits may be written in dotted decimal, so not those before a gap.
    guard let head = groups(halves.head, allowsDots: halves.tail == nil),
      let tail = groups(halves.tail ?? "", allowsDots: true)
    else { return nil }
    let missing = 8 - head.count - tail.count
    guard halves.tail == nil ? missing == 0 : missing >= 1 else { return nil }
    let all = head + Array(repeating: 0, count: missing) + tail
    return all.reduce(0) { $0 << 16 | UInt128($1) }
  }

  /// What stands before and after the first `::`; no tail when there is none.
  private static func splitAtGap(_ text: Substring) -> (head: Substring, tail: Substring?) {
    var at = text.startIndex
    while at < text.endIndex {
      let next = text.index(after: at)
      if text[at] == ":", next < text.endIndex, text[next] == ":" {
        return (text[..<at], text[text.index(after: next)...])
      }
      at = next
    }
    return (text, nil)
  }

  private static func groups(_ text: Substring, allowsDots: Bool) -> [UInt16]? {
    if text.isEmpty { return [] }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
      if allowsDots, index == parts.count - 1, part.contains("."), let bits = v4(part.utf8) {
        groups += [UInt16(truncatingIfNeeded: bits >> 16), UInt16(truncatingIfNeeded: bits)]
      } else {
        guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }),
          let group = UInt16(part, radix: 16)
        else { return nil }
        groups.append(group)
      }
    }
    return groups.count <= 8 ? groups : nil
  }
}

extension IPAddress: CustomStringConvertible {
  /// The usual text, IPv6 as RFC 5952 has it.
  public var description: String {
    switch self {
    case .v4:
      return octets.map { String($0) }.joined(separator: ".")
    case .v6(let bits):
      let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * UInt128($0))) }
      let texts = groups.map { String($0, radix: 16) }
      guard let gap = Self.longestZeroRun(groups) else { return texts.joined(separator: ":") }
      return texts[..<gap.lowerBound].joined(separator: ":") + "::" + texts[gap.upperBound...].joined(separator: ":")
    }
  }

  /// The first of the longest runs of two or more zero groups (RFC 5952 §4.2.3).
  private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
    var best: Range<Int>?
    var start = 0
    while start < groups.count {
      guard groups[start] == 0 else {
        start += 1
        continue
      }
      let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
      if end - start >= 2, end - start > (best?.count ?? 0) { best = start..<end }
      start = end
    }
    return best
  }
}

extension IPAddress: Comparable {
  /// IPv4 before IPv6, then by number.
  public static func < (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.v4(let x), .v4(let y)): x < y
    case (.v6(let x), .v6(let y)): x < y
    case (.v4, .v6): true
    case (.v6, .v4): false
    }
  }
}

/// A range of addresses with a common start: `10.1.0.0/16`.
public struct IPPrefix: Hashable, Sendable, Comparable {
  /// The lowest address; every bit after `length` is zero.
  public let base: IPAddress
  /// How many leading bits all addresses share.
  public let length: Int

  /// Why a text is not a prefix.
  public enum TextError: Error, Hashable, Sendable {
    case notAPrefix
    /// Bits are set after the prefix's length; the prefix that was likely meant.
    case hostBitsSet(IPPrefix)
  }

  /// The prefix of `length` bits that holds `address`; nil when the address has fewer bits.
  public init?(_ address: IPAddress, length: Int) {
    guard (0...address.bitWidth).contains(length) else { return nil }
    self.length = length
    // A shift by the whole width gives 0 in Swift.
    switch address {
    case .v4(let bits): base = .v4(bits & ~(UInt32.max >> UInt32(length)))
    case .v6(let bits): base = .v6(bits & ~(UInt128.max >> UInt128(length)))
    }
  }

  /// Reads `ADDRESS/LENGTH`, or an address alone as the prefix of just that one.
  public init(_ text: some StringProtocol) throws(TextError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(parts[0]) else { throw .notAPrefix }
    let length = parts.count == 1 ? address.bitWidth : decimal(parts[1], Int.self)
    guard let length, let prefix = IPPrefix(address, length: length) else { throw .notAPrefix }
    guard prefix.base == address else { throw .hostBitsSet(prefix) }
    self = prefix
  }

  /// True when `address` is one of these.
  public func contains(_ address: IPAddress) -> Bool {
    address.bitWidth == base.bitWidth && IPPrefix(address, length: length)?.base == base
  }

  /// By the lowest address, then the larger prefix first.
  public static func < (a: Self, b: Self) -> Bool { (a.base, a.length) < (b.base, b.length) }
}

extension IPPrefix: CustomStringConvertible {
  /// `ADDRESS/LENGTH`.
  public var description: String { "\(base)/\(length)" }
}

/// An address and a port.
public struct SocketAddress: Hashable, Sendable {
  /// The machine.
  public let address: IPAddress
  /// The service on it; 0 is none.
  public let port: UInt16

  /// Takes both.
  @inlinable public init(_ address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Reads `ADDRESS`, `ADDRESS:PORT`, `[IPV6]:PORT`, or dnsmasq's and dig's `ADDRESS#PORT`; nil for anything else.
  ///
  /// - Parameter defaultPort: the port of a text that has none.
  public init?(_ text: some StringProtocol, defaultPort: UInt16) {
    var host = Substring(text)
    var port: UInt16? = defaultPort
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
      let rest = host[host.index(after: end)...]
      host = host[host.index(after: host.startIndex)..<end]
      if rest.hasPrefix(":") {
        port = decimal(rest.dropFirst(), UInt16.self)
      } else if !rest.isEmpty {
        return nil
      }
    } else if let mark = host.firstIndex(of: "#")
      ?? (host.filter { $0 == ":" }.count == 1 ? host.firstIndex(of: ":") : nil)
    {
      port = decimal(host[host.index(after: mark)...], UInt16.self)
      host = host[..<mark]
    }
    guard let address = IPAddress(host), let port else { return nil }
    self.init(address, port: port)
  }
}

extension SocketAddress: CustomStringConvertible {
  /// `ADDRESS:PORT`, IPv6 in brackets.
  public var description: String {
    switch address {
    case .v4: "\(address):\(port)"
    case .v6: "[\(address)]:\(port)"
    }
  }
}
