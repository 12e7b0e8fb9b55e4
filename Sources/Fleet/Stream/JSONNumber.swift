/// Where in a number the reader is (RFC 8259 §6).
enum NumberState: Hashable, Sendable {
  /// Behind the minus.
  case minus
  /// Behind a 0 that is the whole part.
  case zero
  case whole
  /// Behind the point.
  case point
  case fraction
  /// Behind the e.
  case exponent
  /// Behind the exponent's sign.
  case sign
  case power

  /// Behind a number's first octet.
  init(first: UInt8) {
    switch first {
    case UInt8(ascii: "-"): self = .minus
    case UInt8(ascii: "0"): self = .zero
    default: self = .whole
    }
  }

  /// True where the number may end.
  var mayEnd: Bool {
    switch self {
    case .zero, .whole, .fraction, .power: true
    case .minus, .point, .exponent, .sign: false
    }
  }

  /// Behind one octet more; nil when that is none of the number.
  func after(_ octet: UInt8) -> NumberState? {
    let isDigit = (0x30...0x39).contains(octet)
    switch (self, octet) {
    case (.minus, _) where isDigit: return NumberState(first: octet)
    case (.whole, _) where isDigit: return .whole
    case (.point, _) where isDigit, (.fraction, _) where isDigit: return .fraction
    case (.exponent, _) where isDigit, (.sign, _) where isDigit, (.power, _) where isDigit: return .power
    case (.zero, UInt8(ascii: ".")), (.whole, UInt8(ascii: ".")): return .point
    case (.zero, 0x65), (.zero, 0x45), (.whole, 0x65), (.whole, 0x45), (.fraction, 0x65), (.fraction, 0x45):
      return .exponent
    case (.exponent, UInt8(ascii: "+")), (.exponent, UInt8(ascii: "-")): return .sign
    default: return nil
    }
  }
}
