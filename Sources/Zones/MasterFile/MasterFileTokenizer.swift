import Bounds
import Text

/// Something wrong at a place of the text, and what to do.
struct Fault: Error {
  var position: Position
  var message: String

  init(_ position: Position, _ message: String) {
    self.position = position
    self.message = message
  }
}

/// One item of an entry: a name, a number, a quoted string.
struct Token {
  /// Where it is in the text: as in the file, escapes unread, without the quotes.
  var range: Range<Int>
  var isQuoted: Bool
  var position: Position
}

/// What stands on one line, or on several that parentheses join.
struct Entry {
  fileprivate(set) var tokens: [Token] = []
  /// The line starts with white space: the owner is the one of the entry before.
  var startsBlank = false
  /// After the last item.
  var end = Position(line: 1, column: 1)
}

/// Cuts a master file into entries (RFC 1035 §5.1).
///
/// Letters outside ASCII may stand in comments and quoted strings; other control characters than tab and line ends, and
/// octets that are not UTF-8, may stand nowhere.
struct MasterFileTokenizer {
  let text: [UInt8]
  private var at = 0
  private var place = Position(line: 1, column: 1)
  /// Where the entry's parenthesis was opened, if it is open.
  private var open: (at: Int, place: Position)?

  init(_ text: [UInt8]) {
    self.text = text
    // A byte order mark, as some editors put it.
    if text.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
  }

  /// Reads the next entry that has any items into the memory of the one before.
  ///
  /// - Returns: false at the end.
  /// - Throws: what is wrong, having gone to the line where reading can go on.
  mutating func next(_ entry: inout Entry) throws(Fault) -> Bool {
    open = nil
    entry.tokens.removeAll(keepingCapacity: true)
    do throws(Fault) {
      return try readEntry(&entry)
    } catch {
      recover()
      throw error
    }
  }

  private mutating func readEntry(_ entry: inout Entry) throws(Fault) -> Bool {
    entry.startsBlank = isAtBlank
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"):
        step()
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        try readLineEnd()
        if open == nil, !entry.tokens.isEmpty { return true }
        if open == nil { entry.startsBlank = isAtBlank }
      case UInt8(ascii: ";"):
        try readComment()
      case UInt8(ascii: "("):
        try openParenthesis()
      case UInt8(ascii: ")"):
        guard open != nil else { throw Fault(place, "a ) without a ( before it: remove it, or add the (") }
        open = nil
        step()
      default:
        guard entry.tokens.count < Limits.Zones.tokensOfEntry else {
          throw Fault(place, "more than \(Limits.Zones.tokensOfEntry) items in one entry: is a ) missing before?")
        }
        entry.tokens.append(try text[at] == UInt8(ascii: "\"") ? readQuoted() : readBare())
        entry.end = place
      }
    }
    if let open { throw Fault(open.place, "this ( is never closed: add the ) where the entry ends") }
    return !entry.tokens.isEmpty
  }

  private mutating func openParenthesis() throws(Fault) {
    if let open {
      throw Fault(place, "a ( inside the one of line \(open.place.line): close that first; they do not nest")
    }
    open = (at, place)
    step()
  }

  private mutating func readLineEnd() throws(Fault) {
    if text[at] == UInt8(ascii: "\r") {
      guard at + 1 < text.count, text[at + 1] == UInt8(ascii: "\n") else {
        throw Fault(place, "a carriage return without a line feed: save the file with Unix line ends")
      }
      at += 1
    }
    at += 1
    place = Position(line: place.line + 1, column: 1)
  }

  private mutating func readComment() throws(Fault) {
    while at < text.count, text[at] != UInt8(ascii: "\n"), text[at] != UInt8(ascii: "\r") { try stepText() }
  }

  private mutating func readQuoted() throws(Fault) -> Token {
    let start = place
    step()
    let first = at
    while at < text.count, text[at] != UInt8(ascii: "\""), text[at] != UInt8(ascii: "\n"),
      text[at] != UInt8(ascii: "\r")
    {
      if text[at] == UInt8(ascii: "\\") { step() }
      guard at < text.count, text[at] != UInt8(ascii: "\n"), text[at] != UInt8(ascii: "\r") else { break }
      try stepText()
      try checkLength(at - first, start)
    }
    guard at < text.count, text[at] == UInt8(ascii: "\"") else {
      throw Fault(start, "this quoted string does not end on its line: add the closing quote")
    }
    let token = Token(range: first..<at, isQuoted: true, position: start)
    step()
    guard isAtDelimiter else { throw Fault(place, "text right after a closing quote: put a space between them") }
    return token
  }

  private mutating func readBare() throws(Fault) -> Token {
    let start = place
    let first = at
    while true {
      stepPlain()
      guard !isAtDelimiter else { break }
      if text[at] == UInt8(ascii: "\"") {
        throw Fault(place, "a quote inside an item: put a space before it, or write it as \\\"")
      }
      if text[at] == UInt8(ascii: "\\") { step() }
      guard at < text.count, text[at] != UInt8(ascii: "\n"), text[at] != UInt8(ascii: "\r") else {
        throw Fault(place, "a backslash at the end of the line: write the character that it should stand before")
      }
      let scalar = place
      let octet = text[at]
      try stepText()
      if octet >= 0x80 {
        throw Fault(
          scalar,
          "a character outside ASCII: in a name write its xn-- form, in a text put the whole in quotes")
      }
      try checkLength(at - first, start)
    }
    try checkLength(at - first, start)
    return Token(range: first..<at, isQuoted: false, position: start)
  }

  /// Goes past what items are mostly made of: letters, digits, and marks that mean nothing but themselves.
  private mutating func stepPlain() {
    let first = at
    at = plainEnd(from: at)
    place.column += at - first
  }

  private func plainEnd(from start: Int) -> Int {
    let octets = text.span
    var at = start
    while at < octets.count, Self.isPlain(octets[at]) { at += 1 }
    return at
  }

  private static func isPlain(_ octet: UInt8) -> Bool {
    switch octet {
    case UInt8(ascii: "\""), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ";"), UInt8(ascii: "\\"): false
    case 0x21...0x7e: true
    default: false
    }
  }

  private func checkLength(_ length: Int, _ start: Position) throws(Fault) {
    guard length <= Limits.Zones.tokenOctets else {
      throw Fault(start, "an item of more than \(Limits.Zones.tokenOctets) octets: no record can hold it")
    }
  }

  private var isAtBlank: Bool {
    at < text.count && (text[at] == UInt8(ascii: " ") || text[at] == UInt8(ascii: "\t"))
  }

  private var isAtDelimiter: Bool {
    guard at < text.count else { return true }
    return switch text[at] {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: ";"),
      UInt8(ascii: "("), UInt8(ascii: ")"):
      true
    default: false
    }
  }

  private mutating func step() {
    at += 1
    place.column += 1
  }

  /// Goes past one character, which must be one that a text file holds.
  private mutating func stepText() throws(Fault) {
    let octet = text[at]
    switch octet {
    case UInt8(ascii: "\t"), 0x20...0x7e:
      at += 1
    case 0:
      throw Fault(place, "a NUL octet: save the file as plain UTF-8 text")
    case 0x01...0x1f, 0x7f:
      throw Fault(place, "the control character \(hex(octet)): remove it, or write it as \(decimalEscape(octet))")
    default:
      guard let length = scalarLength(text[at...]) else {
        throw Fault(
          place, "the octet \(hex(octet)) is not UTF-8: save the file as UTF-8, or write it as \(decimalEscape(octet))")
      }
      at += length
    }
    place.column += 1
  }
}

extension MasterFileTokenizer {
  /// Goes to the start of the line where the next entry is likely to start.
  ///
  /// Without an open parenthesis that is the next line. With one it is the line after the first that has a closing one,
  /// or the first that starts as an entry with an owner does, whichever comes first.
  private mutating func recover() {
    if let open {
      at = open.at
      place = open.place
    }
    while at < text.count {
      let line = text[at...].prefix { $0 != UInt8(ascii: "\n") }
      at = min(line.endIndex + 1, text.count)
      place = Position(line: place.line + 1, column: 1)
      if open == nil || line.contains(UInt8(ascii: ")")) { return }
      let startsEntry = at < text.count && !isAtDelimiter
      if startsEntry { return }
    }
  }
}

/// How many octets the UTF-8 character at the start of `octets` has (RFC 3629 §4); nil when there is none.
private func scalarLength(_ octets: ArraySlice<UInt8>) -> Int? {
  var iterator = octets.makeIterator()
  var decoder = UTF8()
  guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
  return UTF8.width(scalar)
}

private func hex(_ octet: UInt8) -> String {
  let digits = String(octet, radix: 16, uppercase: true)
  return digits.count == 1 ? "0x0\(digits)" : "0x\(digits)"
}

/// `\DDD`, the octet in decimal (RFC 1035 §5.1).
func decimalEscape(_ octet: UInt8) -> String {
  let digits = String(octet)
  return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
}
