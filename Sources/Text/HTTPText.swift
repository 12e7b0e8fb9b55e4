/// What readers of HTTP share, those of requests and those of answers.

extension UInt8 {
  /// True for an octet of a method or of a field's name: tchar of RFC 9110 §5.6.2.
  public var isHTTPToken: Bool {
    switch self {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e...0x60, 0x7c, 0x7e: true
    default: false
    }
  }
}

extension BidirectionalCollection<UInt8> {
  /// Without spaces and tabs at both ends, which count for nothing around a field's value (RFC 9110 §5.6.3).
  public var trimmed: SubSequence {
    var rest = self[...]
    while let first = rest.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
    while let last = rest.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
    return rest
  }
}
