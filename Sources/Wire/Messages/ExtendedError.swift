/// What went wrong, for a person at `dig` (RFC 8914).
public struct ExtendedError: Hashable, Sendable {
  /// The EDNS option that carries it.
  @inlinable public static var optionCode: UInt16 { 15 }
  /// The most characters a text has; more would crowd small messages, and `dig` prints it on one line.
  public static let maximumTextLength = 160

  /// The kind of error.
  public let code: ExtendedErrorCode
  /// Printable ASCII without quotes, backslashes, parentheses or semicolons, which `dig` and `kdig` print raw.
  public let octets: [UInt8]

  /// Takes any text; what may not stand in one becomes a question mark, and what is too long is cut.
  public init(_ code: ExtendedErrorCode, _ text: String) {
    self.code = code
    octets = text.unicodeScalars.prefix(Self.maximumTextLength).map { scalar in
      let octet = UInt8(truncatingIfNeeded: scalar.value)
      let isPlain = (0x20..<0x7f).contains(scalar.value) && !"\"\\();".utf8.contains(octet)
      return isPlain ? octet : UInt8(ascii: "?")
    }
  }

  /// The text as a string.
  public var text: String { String(decoding: octets, as: UTF8.self) }

  /// How many octets the option takes in the OPT record.
  public var optionLength: Int { 6 + octets.count }
}
