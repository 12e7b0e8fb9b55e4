import Wire

/// Where in a string the reader is, between its quotes (RFC 8259 §7), and how its octets are kept.
///
/// UTF-8 is checked (RFC 3629 §4): no overlong forms, no surrogates, nothing above U+10FFFF.
struct StringState: Hashable, Sendable {
  /// True once the string has more octets than are kept; `text` is then empty.
  private(set) var isTooLong = false

  /// How many octets are kept; nil when nothing is.
  private let limit: Int?
  private var place = Place.plain

  private enum Place: Hashable, Sendable {
    case plain
    /// Within a character of several octets: how many more there are, and between what the next one is.
    case character(more: Int, lowest: UInt8, highest: UInt8)
    /// Behind a backslash; behind the first half of a pair of surrogates, which must be followed by the other.
    case escape(high: UInt16?)
    /// Within `\u`: so many digits, and what they say so far.
    case digits(Int, UInt16, high: UInt16?)
    /// Behind the first half of a pair of surrogates, where a backslash must come.
    case half(UInt16)
  }

  /// What is wrong with a string.
  struct Fault: Error { let message: String }

  /// Starts behind the opening quote.
  ///
  /// - Parameter limit: how many octets are kept; nil for a string that nobody wants.
  init(keeping limit: Int? = nil) { self.limit = limit }

  /// Reads on; true once the closing quote was taken.
  mutating func read(_ octets: Span<UInt8>, _ at: inout Int, into text: inout [UInt8]) throws(Fault) -> Bool {
    while at < octets.count {
      if place == .plain {
        let start = at
        Self.passPlain(octets, &at)
        keep(octets, start..<at, &text)
        guard at < octets.count else { return false }
        if octets[at] == UInt8(ascii: "\"") {
          at += 1
          return true
        }
      }
      try step(octets[at], &text)
      at += 1
    }
    return false
  }

  /// Moves past octets that stand for themselves: printable ASCII without quotes and backslashes.
  private static func passPlain(_ octets: Span<UInt8>, _ at: inout Int) {
    while at &+ 8 <= octets.count, isPlain(octets.word(at: at)) { at &+= 8 }
    while at < octets.count, isPlain(octets[at]) { at &+= 1 }
  }

  private static func isPlain(_ octet: UInt8) -> Bool {
    octet >= 0x20 && octet < 0x80 && octet != 0x22 && octet != 0x5c
  }

  /// The same of eight octets at once: no high bit is set, neither in them nor by taking 0x20 from one that is less, or
  /// 1 from what is 0 where a quote or a backslash was. What is borrowed from the next octet can only make a plain one
  /// look like another kind, never the other way round.
  private static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* 0x22)
    let backslashes = word ^ (ones &* 0x5c)
    return (word | (word &- ones &* 0x20) | (quotes &- ones) | (backslashes &- ones)) & (ones &* 0x80) == 0
  }

  /// Takes an octet that does not stand for itself.
  private mutating func step(_ octet: UInt8, _ text: inout [UInt8]) throws(Fault) {
    switch place {
    case .plain: try special(octet, &text)
    case .character(let more, let lowest, let highest):
      guard (lowest...highest).contains(octet) else { throw Fault(message: "octets that are not UTF-8 in a string") }
      keep(octet, &text)
      place = more == 1 ? .plain : .character(more: more - 1, lowest: 0x80, highest: 0xbf)
    case .escape(let high):
      guard octet != UInt8(ascii: "u") else {
        place = .digits(0, 0, high: high)
        return
      }
      guard high == nil, let escaped = Self.escaped(octet) else { throw Fault(message: "a bad escape in a string") }
      keep(escaped, &text)
      place = .plain
    case .digits(let count, let unit, let high):
      guard let digit = hexDigit(octet) else { throw Fault(message: "a \\u without four digits") }
      let unit = unit << 4 | UInt16(digit)
      guard count == 3 else {
        place = .digits(count + 1, unit, high: high)
        return
      }
      try escapeEnded(unit, high: high, &text)
    case .half(let high):
      guard octet == UInt8(ascii: "\\") else { throw Fault(message: "half of a surrogate pair") }
      place = .escape(high: high)
    }
  }

  private mutating func special(_ octet: UInt8, _ text: inout [UInt8]) throws(Fault) {
    switch octet {
    case UInt8(ascii: "\\"):
      place = .escape(high: nil)
      return
    case 0xc2...0xdf: place = .character(more: 1, lowest: 0x80, highest: 0xbf)
    case 0xe0: place = .character(more: 2, lowest: 0xa0, highest: 0xbf)
    case 0xed: place = .character(more: 2, lowest: 0x80, highest: 0x9f)
    case 0xe1...0xef: place = .character(more: 2, lowest: 0x80, highest: 0xbf)
    case 0xf0: place = .character(more: 3, lowest: 0x90, highest: 0xbf)
    case 0xf1...0xf3: place = .character(more: 3, lowest: 0x80, highest: 0xbf)
    case 0xf4: place = .character(more: 3, lowest: 0x80, highest: 0x8f)
    case 0x80...: throw Fault(message: "octets that are not UTF-8 in a string")
    default: throw Fault(message: "a control character in a string")
    }
    keep(octet, &text)
  }

  private static func escaped(_ octet: UInt8) -> UInt8? {
    switch octet {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): octet
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0c
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
  }

  /// A pair of surrogates is one character; half of one is none.
  private mutating func escapeEnded(_ unit: UInt16, high: UInt16?, _ text: inout [UInt8]) throws(Fault) {
    place = .plain
    let value: UInt32
    switch (high, unit) {
    case (nil, 0xd800...0xdbff):
      place = .half(unit)
      return
    case (let high?, 0xdc00...0xdfff): value = 0x10000 + (UInt32(high) - 0xd800) << 10 + (UInt32(unit) - 0xdc00)
    case (nil, _): value = UInt32(unit)
    default: throw Fault(message: "half of a surrogate pair")
    }
    guard let scalar = Unicode.Scalar(value) else { throw Fault(message: "half of a surrogate pair") }
    for octet in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { keep(octet, &text) }
  }

  // MARK: Keeping

  private mutating func keep(_ octet: UInt8, _ text: inout [UInt8]) {
    if fits(1, &text) { text.append(octet) }
  }

  private mutating func keep(_ octets: Span<UInt8>, _ range: Range<Int>, _ text: inout [UInt8]) {
    guard !range.isEmpty, fits(range.count, &text) else { return }
    // unsafe: the range is within the span, and the pointer does not outlive the copy.
    unsafe octets.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0[range]) }
  }

  /// True when so many octets more are to be kept; drops what was kept of a string that is too long.
  private mutating func fits(_ count: Int, _ text: inout [UInt8]) -> Bool {
    guard let limit, !isTooLong else { return false }
    guard count <= limit - text.count else {
      isTooLong = true
      text = []
      return false
    }
    return true
  }
}
