/// A name as a text says it: labels, and whether the root follows them or an origin does (RFC 1035 §5.1).
///
/// It is scratch space for who reads many: filled for each name, never allocated.
public struct WrittenName: Sendable {
  private var octets: InlineArray<256, UInt8> = .init(repeating: 0)
  /// How long the labels are in wire form, without what follows them.
  public private(set) var length = 0
  /// True when the root follows the labels.
  public private(set) var isAbsolute = false

  /// Empty scratch space.
  public init() {}

  /// The labels in wire form, a zero octet behind them.
  public var wire: Span<UInt8> {
    @_lifetime(borrow self)
    get { octets.span.extracting(0..<(length + 1)) }
  }

  /// The name that the labels and what follows them are; nil when it is too long.
  ///
  /// - Parameter origin: follows them unless the root does.
  public func name(below origin: Name) -> Name? {
    Name(wire: wire.extracting(0..<length).array + (isAbsolute ? [0] : origin.wire))
  }

  /// Reads presentation form: labels between dots, `\.` and `\065` escapes; `.` is the root, and `@` what stands for the
  /// origin when there is one.
  ///
  /// - Parameters:
  ///   - text: what holds the name.
  ///   - range: where in it the name is.
  ///   - hasOrigin: `@` is the origin; a name without a final dot is relative to it.
  public mutating func read(_ text: [UInt8], _ range: Range<Int>, hasOrigin: Bool) throws(NameTextError) {
    let text = text.span.extracting(range)
    (length, isAbsolute) = (0, false)
    guard !text.isEmpty else { throw .empty }
    if text.count == 1, text[0] == 0x2e || (text[0] == 0x40 && hasOrigin) {
      isAbsolute = text[0] == 0x2e
      octets[0] = 0
      return
    }
    // Each label's length octet is set when the label ends. What is too long is counted, and not kept.
    var (start, count, at) = (0, 1, 0)
    while at < text.count {
      var octet = text[at]
      at += 1
      if octet == 0x2e {
        try close(labelAt: start, end: count)
        isAbsolute = at == text.count
        start = count
        count += 1
        continue
      }
      if octet == 0x5c {
        guard let (escaped, length) = escapedOctet(text.extracting(at...)) else { throw .badEscape }
        octet = escaped
        at += length
      }
      if count < octets.count { octets[count] = octet }
      count += 1
    }
    if !isAbsolute {
      try close(labelAt: start, end: count)
      start = count
    }
    guard start < Name.maximumLength else { throw .nameTooLong }
    length = start
    octets[length] = 0
  }

  /// Sets the length octet of the label that starts at `start`.
  private mutating func close(labelAt start: Int, end: Int) throws(NameTextError) {
    let length = end - start - 1
    guard length > 0 else { throw .emptyLabel }
    guard length <= Name.maximumLabelLength else { throw .labelTooLong }
    guard end <= Name.maximumLength else { throw .nameTooLong }
    octets[start] = UInt8(length)
  }
}

/// What follows a backslash in a master file: one character that stands for itself, or `DDD`, an octet in decimal
/// (RFC 1035 §5.1).
///
/// - Returns: the octet and how many characters stood for it; nil when there are none, or the digits are not three or
///   are above 255.
public func escapedOctet(_ rest: Span<UInt8>) -> (octet: UInt8, length: Int)? {
  guard !rest.isEmpty else { return nil }
  guard rest[0] &- 0x30 < 10 else { return (rest[0], 1) }
  guard rest.count >= 3, rest[1] &- 0x30 < 10, rest[2] &- 0x30 < 10 else { return nil }
  let value = Int(rest[0] - 0x30) * 100 + Int(rest[1] - 0x30) * 10 + Int(rest[2] - 0x30)
  guard let octet = UInt8(exactly: value) else { return nil }
  return (octet, 3)
}
