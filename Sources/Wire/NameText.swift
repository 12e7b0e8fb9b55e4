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
    let octets = Array(text.utf8)
    guard !octets.isEmpty else { throw .empty }
    if octets == [0x2e] {
      self = .root
      return
    }
    if let origin, octets == [0x40] {
      self = origin
      return
    }
    var wire: [UInt8] = []
    var label: [UInt8] = []
    var at = 0
    var absolute = false
    while at < octets.count {
      let octet = octets[at]
      if octet == 0x2e {
        try Self.close(&label, into: &wire)
        absolute = at == octets.count - 1
        at += 1
      } else if octet == 0x5c {
        label.append(try Self.escaped(octets, at: &at))
      } else {
        label.append(octet)
        at += 1
      }
    }
    if !absolute { try Self.close(&label, into: &wire) }
    wire += absolute ? [0] : (origin ?? .root).wire
    guard wire.count <= Self.maximumLength else { throw .nameTooLong }
    self.init(checked: wire)
  }

  private static func close(_ label: inout [UInt8], into wire: inout [UInt8]) throws(NameTextError) {
    guard !label.isEmpty else { throw .emptyLabel }
    guard label.count <= maximumLabelLength else { throw .labelTooLong }
    guard wire.count + label.count < maximumLength else { throw .nameTooLong }
    wire.append(UInt8(label.count))
    wire += label
    label.removeAll(keepingCapacity: true)
  }

  /// The octet that a backslash at `at` stands for; moves `at` past it.
  private static func escaped(_ octets: [UInt8], at: inout Int) throws(NameTextError) -> UInt8 {
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
    return labels.map(Self.text).joined(separator: ".")
  }

  private static func text(label: [UInt8]) -> String {
    var text = ""
    for octet in label {
      switch octet {
      // A letter, a digit, or a mark that no master file reads as anything else.
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f, 0x2a, 0x2f, 0x2b, 0x3a, 0x3d, 0x21, 0x23, 0x25...0x27,
        0x7e:
        text.unicodeScalars.append(Unicode.Scalar(octet))
      case 0x21...0x7e:
        text += "\\"
        text.unicodeScalars.append(Unicode.Scalar(octet))
      default:
        let digits = String(octet)
        text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      }
    }
    return text
  }
}
