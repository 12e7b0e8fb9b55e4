/// Text that is compared, ordered and hashed octet by octet.
///
/// `String` compares by canonical equivalence: anything but ASCII is normalised (UAX #15) at each comparison and each
/// hash, which costs much, and takes two texts of an outsider for one that no other program takes for the same. What is
/// looked up by an outsider's text is looked up by this.
public struct OctetText: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
  /// The text.
  public let string: String

  /// Takes a text.
  public init(_ string: String) { self.string = string }

  /// Takes a text that is written in the code.
  public init(stringLiteral text: String) { self.init(text) }

  /// True for the same octets.
  public static func == (a: Self, b: Self) -> Bool { a.string.isSame(as: b.string) }

  /// By the octets' numbers.
  public static func < (a: Self, b: Self) -> Bool { a.string.utf8.lexicographicallyPrecedes(b.string.utf8) }

  /// Hashes the octets.
  public func hash(into hasher: inout Hasher) { string.hashOctets(into: &hasher) }
}

extension StringProtocol {
  /// True for the same octets, whatever is canonically equivalent.
  public func isSame(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

  /// True when the text's octets start with those of `other`.
  public func startsSame(as other: some StringProtocol) -> Bool { utf8.starts(with: other.utf8) }

  /// True when the text's octets end with those of `other`.
  public func endsSame(as other: some StringProtocol) -> Bool {
    utf8.count >= other.utf8.count && utf8.suffix(other.utf8.count).elementsEqual(other.utf8)
  }

  /// The text without so many octets at its start and its end, which must be where characters begin.
  public func dropping(octetsFirst first: Int = 0, last: Int) -> String {
    String(decoding: utf8.dropFirst(first).dropLast(last), as: UTF8.self)
  }

  /// The text with `a` to `z` for `A` to `Z`, and everything else as it is: some letters beyond ASCII have one of ASCII as
  /// their lower case (U+212A has `k`).
  public var asciiLowercased: String {
    String(decoding: utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// Hashes the octets, and an end that no text has.
  func hashOctets(into hasher: inout Hasher) {
    for octet in utf8 { hasher.combine(octet) }
    hasher.combine(0xff as UInt8)
  }
}

extension Sequence where Element: StringProtocol {
  /// In the order of their octets.
  public func sortedByOctets() -> [Element] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}
