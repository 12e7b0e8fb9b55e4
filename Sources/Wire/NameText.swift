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
    try self.init(text: Array(text.utf8)[...], origin: origin)
  }

  /// Reads presentation form from octets, as the other initializer does from a text.
  public init(text octets: ArraySlice<UInt8>, origin: Name? = nil) throws(NameTextError) {
    guard let first = octets.first else { throw .empty }
    if octets.count == 1, first == 0x2e {
      self = .root
      return
    }
    if octets.count == 1, first == 0x40, let origin {
      self = origin
      return
    }
    var wire: [UInt8] = []
    wire.reserveCapacity(octets.count + 1 + (origin?.wire.count ?? 1))
    // Each label's length octet is set when the label ends.
    wire.append(0)
    var start = 0
    var at = octets.startIndex
    var absolute = false
    while at < octets.endIndex {
      let octet = octets[at]
      if octet == 0x2e {
        try Self.close(labelAt: start, in: &wire)
        absolute = at == octets.endIndex - 1
        start = wire.count
        wire.append(0)
        at += 1
      } else if octet == 0x5c {
        wire.append(try Self.escaped(octets, at: &at))
      } else {
        wire.append(octet)
        at += 1
      }
    }
    if !absolute {
      try Self.close(labelAt: start, in: &wire)
      wire += (origin ?? .root).wire
    }
    guard wire.count <= Self.maximumLength else { throw .nameTooLong }
    self.init(checked: wire)
  }

  /// Sets the length octet of the label that ends `wire`.
  private static func close(labelAt start: Int, in wire: inout [UInt8]) throws(NameTextError) {
    let length = wire.count - start - 1
    guard length > 0 else { throw .emptyLabel }
    guard length <= maximumLabelLength else { throw .labelTooLong }
    guard wire.count <= maximumLength else { throw .nameTooLong }
    wire[start] = UInt8(length)
  }

  /// The octet that a backslash at `at` stands for; moves `at` past it.
  private static func escaped(_ octets: ArraySlice<UInt8>, at: inout Int) throws(NameTextError) -> UInt8 {
    guard let (octet, length) = Wire.escapedOctet(octets[(at + 1)...]) else { throw .badEscape }
    at += 1 + length
    return octet
  }
}

/// What follows a backslash in a master file: one character that stands for itself, or `DDD`, an octet in decimal
/// (RFC 1035 §5.1).
///
/// - Returns: the octet and how many characters stood for it; nil when there are none, or the digits are not three or
///   are above 255.
public func escapedOctet(_ rest: ArraySlice<UInt8>) -> (octet: UInt8, length: Int)? {
  guard let first = rest.first else { return nil }
  guard first &- 0x30 < 10 else { return (first, 1) }
  let digits = rest.prefix(3)
  guard digits.count == 3, digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
  let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  guard let octet = UInt8(exactly: value) else { return nil }
  return (octet, 3)
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
