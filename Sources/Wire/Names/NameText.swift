/// Why a text is not a domain name.
public enum NameTextError: Error, Hashable, Sendable, CustomStringConvertible {
  case empty
  case emptyLabel
  case labelTooLong
  case nameTooLong
  case badEscape

  /// One clause for a person, without the name itself.
  public var description: String {
    switch self {
    case .empty: "an empty name"
    case .emptyLabel: "an empty label (two dots in a row, or a dot at the start)"
    case .labelTooLong: "a label is longer than 63 octets"
    case .nameTooLong: "the name is longer than 255 octets"
    case .badEscape: "a backslash must be followed by a character or three digits up to 255"
    }
  }
}

extension Name {
  /// Reads presentation form (RFC 1035 §5.1): labels between dots, `\.` and `\065` escapes; `.` is the root.
  ///
  /// A final dot is allowed and changes nothing, unless `origin` is given: then a name without it is relative to that
  /// origin, and `@` is the origin itself, as in a master file.
  public init(_ text: some StringProtocol, origin: Name? = nil) throws(NameTextError) {
    try self.init(text: Array(text.utf8), origin: origin)
  }

  /// Reads presentation form from octets, as the other initializer does from a text.
  public init(text octets: [UInt8], origin: Name? = nil) throws(NameTextError) {
    var written = WrittenName()
    try written.read(octets, octets.indices, hasOrigin: origin != nil)
    guard let name = written.name(below: origin ?? .root) else { throw .nameTooLong }
    self = name
  }
}

extension Name: CustomStringConvertible {
  /// Presentation form with the final dot; octets that would be read otherwise are escaped.
  public var description: String { isRoot ? "." : textWithoutFinalDot + "." }

  /// Presentation form without the final dot, as people write host names; `.` for the root.
  public var textWithoutFinalDot: String {
    if isRoot { return "." }
    var text: [UInt8] = []
    text.reserveCapacity(wire.count)
    var at = 0
    while wire[at] != 0 {
      if at > 0 { text.append(UInt8(ascii: ".")) }
      for octet in wire[(at + 1)..<(at + 1 + Int(wire[at]))] { Self.append(octet, to: &text) }
      at += Int(wire[at]) + 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func append(_ octet: UInt8, to text: inout [UInt8]) {
    switch octet {
    // A letter, a digit, or a mark that no master file reads as anything else.
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f, 0x2a, 0x2f, 0x2b, 0x3a, 0x3d, 0x21, 0x23, 0x25...0x27,
      0x7e:
      text.append(octet)
    case 0x21...0x7e: text += [UInt8(ascii: "\\"), octet]
    default:
      text += [UInt8(ascii: "\\"), 0x30 + octet / 100, 0x30 + octet / 10 % 10, 0x30 + octet % 10]
    }
  }
}
