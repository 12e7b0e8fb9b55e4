import Bounds

extension JSON {

  /// Reads a file that holds one JSON value and nothing more.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8, with or without a byte order mark.
  ///   - file: the file's name in errors.
  ///   - comments: true for files that people write: `//` and `/* */` comments and a comma after the last element are
  ///     allowed. Otherwise RFC 8259 strictly, with one thing more: a key may stand only once in an object.
  /// - Throws: the first problem, with its place and the remedy.
  public static func parse(
    _ bytes: [UInt8], file: String, comments: Bool, maximumOctets: Int = Limits.JSON.octets
  ) throws(Problem) -> JSON {
    try parse(SourceText(file: bytes, named: file, maximumOctets: maximumOctets), file: file, comments: comments)
  }

  /// Reads a text that holds one JSON value and nothing more; positions are those of the text's source.
  public static func parse(_ text: SourceText, file: String, comments: Bool) throws(Problem) -> JSON {
    var parser = JSONParser(text: text, file: file, comments: comments)
    return try parser.document()
  }

  /// The content of the string that `octets` of `text` are, with each octet's place: for JSON in a JSON string.
  ///
  /// - Parameter octets: a string value's range, its quotes among it.
  public static func unescaped(string octets: Range<Int>, in text: SourceText, file: String) throws(Problem)
    -> SourceText
  {
    var parser = JSONParser(text: text, file: file, comments: false)
    parser.at = octets.lowerBound
    return try parser.string()
  }
}

/// A descent over the text; its depth is bounded by `Limits.JSON.depth`.
struct JSONParser {
  let text: SourceText
  let file: String
  let comments: Bool
  var at = 0
  private var depth = 0

  init(text: SourceText, file: String, comments: Bool) {
    self.text = text
    self.file = file
    self.comments = comments
  }

  mutating func document() throws(Problem) -> JSON {
    try skipSpace()
    guard at < text.count else { throw problem("there is no JSON here: the text is empty") }
    let value = try self.value()
    try skipSpace()
    guard at == text.count else {
      throw problem("unexpected \(found) after the end of the JSON value; remove what follows it")
    }
    return value
  }

  private mutating func value() throws(Problem) -> JSON {
    let start = at
    let content: JSON.Content
    guard let first = text.octet(at) else {
      throw problem("the text ends where a value should be; part of it is missing")
    }
    switch first {
    case 0x7b: content = .object(try object())
    case 0x5b: content = .array(try array())
    case 0x22: content = .string(try string().string)
    case 0x2d, 0x30...0x39: content = .number(try number())
    default: content = try word()
    }
    return JSON(content, position: text.position(start), octets: start..<at)
  }

  private mutating func object() throws(Problem) -> JSON.Object {
    var members: [JSON.Member] = []
    var places: [OctetText: Position] = [:]
    try elements(close: 0x7d, "}") { (parser: inout JSONParser) throws(Problem) in
      let start = parser.at
      guard parser.text.octet(start) == 0x22 else {
        throw parser.problem("expected a key in double quotes or \"}\", found \(parser.found)")
      }
      let position = parser.text.position(start)
      let key = try parser.string().string
      let keyEnd = parser.at
      guard key.utf8.count <= Limits.JSON.keyOctets else {
        throw Problem(
          file: parser.file, position: position, "a key longer than \(Limits.JSON.keyOctets) octets: \(quoted(key))")
      }
      if let first = places.updateValue(position, forKey: OctetText(key)) {
        throw Problem(
          file: parser.file, position: position,
          "the key \(quoted(key)) is given twice: first at line \(first.line), column \(first.column); keep one of them"
        )
      }
      try parser.skipSpace()
      guard parser.text.octet(parser.at) == 0x3a else {
        throw parser.problem("expected \":\" after the key \(quoted(key)), found \(parser.found)")
      }
      parser.at += 1
      try parser.skipSpace()
      members.append(JSON.Member(key, try parser.value(), position: position, octets: start..<keyEnd))
    }
    return JSON.Object(members)
  }

  private mutating func array() throws(Problem) -> [JSON] {
    var elements: [JSON] = []
    try self.elements(close: 0x5d, "]") { (parser: inout JSONParser) throws(Problem) in
      elements.append(try parser.value())
    }
    return elements
  }

  /// Reads what stands between brackets: elements and commas.
  private mutating func elements(
    close: UInt8, _ closing: String, element: (inout JSONParser) throws(Problem) -> Void
  ) throws(Problem) {
    let open = text.position(at)
    guard depth < Limits.JSON.depth else { throw problem("nested more than \(Limits.JSON.depth) deep; flatten it") }
    depth += 1
    defer { depth -= 1 }
    at += 1
    var afterComma = false
    while true {
      try skipSpace()
      if text.octet(at) == close {
        guard !afterComma || comments else { throw problem("a comma before \"\(closing)\"; remove the comma") }
        at += 1
        return
      }
      try element(&self)
      try skipSpace()
      afterComma = text.octet(at) == 0x2c
      if afterComma {
        at += 1
      } else if text.octet(at) != close {
        let opened = "the bracket of line \(open.line), column \(open.column)"
        throw problem("expected \",\" or \"\(closing)\" for \(opened), found \(found)")
      }
    }
  }

  private mutating func word() throws(Problem) -> JSON.Content {
    for (word, value) in [("true", JSON.Content.bool(true)), ("false", .bool(false)), ("null", .null)]
    where text.octets[at...].starts(with: word.utf8) {
      at += word.utf8.count
      return value
    }
    throw problem("expected a value, found \(found); write text in double quotes")
  }

  private mutating func number() throws(Problem) -> String {
    let start = at
    if text.octet(at) == 0x2d { at += 1 }
    if text.octet(at) == 0x30 {
      at += 1
      if let octet = text.octet(at), Self.isDigit(octet) { throw problem("a number must not start with 0") }
    } else {
      try digits()
    }
    if text.octet(at) == 0x2e {
      at += 1
      try digits()
    }
    if text.octet(at) == 0x65 || text.octet(at) == 0x45 {
      at += 1
      if text.octet(at) == 0x2b || text.octet(at) == 0x2d { at += 1 }
      try digits()
    }
    return String(decoding: text.octets[start..<at], as: UTF8.self)
  }

  private mutating func digits() throws(Problem) {
    let start = at
    while let octet = text.octet(at), Self.isDigit(octet) { at += 1 }
    guard at > start else { throw problem("expected a digit, found \(found)") }
  }

  private static func isDigit(_ octet: UInt8) -> Bool { octet >= 0x30 && octet <= 0x39 }
}

extension JSONParser {
  /// The content of the string that starts at `at`; moves past its closing quote.
  mutating func string() throws(Problem) -> SourceText {
    let open = text.position(at)
    var content = SourceText(end: open)
    at += 1
    while let octet = text.octet(at) {
      switch octet {
      case 0x22:
        at += 1
        // Escapes make marks too.
        if let place = content.firstExcessMark { throw .tooManyMarks(file: file, at: content.position(place)) }
        return content
      case 0x5c:
        let position = text.position(at)
        content.append(try escape(), from: position)
      case 0..<0x20:
        let what = octet == 0x0a || octet == 0x0d ? "a line end" : "a control character"
        throw problem(
          "\(what) inside a string; close the string that starts at line \(open.line), column \(open.column)")
      default:
        content.append(octet, from: text.position(at))
        at += 1
      }
    }
    throw problem("the text ends inside the string that starts at line \(open.line), column \(open.column)")
  }

  /// The scalar that the escape at `at` stands for; moves past it (RFC 8259 §7).
  private mutating func escape() throws(Problem) -> Unicode.Scalar {
    let start = text.position(at)
    let bad = Problem(
      file: file, position: start, #"a bad escape; a backslash must be followed by one of " \ / b f n r t or uXXXX"#)
    let escapes: [UInt8: Unicode.Scalar] = [
      0x22: "\"", 0x5c: "\\", 0x2f: "/", 0x62: "\u{8}", 0x66: "\u{c}", 0x6e: "\n", 0x72: "\r", 0x74: "\t",
    ]
    guard let letter = text.octet(at + 1) else { throw bad }
    at += 2
    if let scalar = escapes[letter] { return scalar }
    guard letter == 0x75, let unit = fourDigits() else { throw bad }
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // A pair of surrogates is one scalar; half of one is none.
    guard unit < 0xdc00, text.octet(at) == 0x5c, text.octet(at + 1) == 0x75 else { throw bad }
    at += 2
    guard let low = fourDigits(), (0xdc00...0xdfff).contains(low) else { throw bad }
    return Unicode.Scalar(0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00)) ?? "\u{fffd}"
  }

  private mutating func fourDigits() -> UInt16? {
    guard at + 4 <= text.count else { return nil }
    var unit: UInt16 = 0
    for octet in text.octets[at..<(at + 4)] {
      guard let digit = Character(Unicode.Scalar(octet)).hexDigitValue else { return nil }
      unit = unit << 4 | UInt16(digit)
    }
    at += 4
    return unit
  }

  /// Moves past white space, and comments where they are allowed.
  mutating func skipSpace() throws(Problem) {
    while let octet = text.octet(at) {
      switch octet {
      case 0x20, 0x09, 0x0a, 0x0d: at += 1
      case 0x2f: try comment()
      default: return
      }
    }
  }

  private mutating func comment() throws(Problem) {
    let next = text.octet(at + 1)
    guard next == 0x2f || next == 0x2a else { throw problem("unexpected \"/\"") }
    guard comments else { throw problem("a comment, which is not allowed here; remove it") }
    let start = text.position(at)
    at += 2
    if next == 0x2f {
      at = text.octets[at...].firstIndex(of: 0x0a) ?? text.count
      return
    }
    while at < text.count {
      if text.octet(at) == 0x2a, text.octet(at + 1) == 0x2f {
        at += 2
        return
      }
      at += 1
    }
    throw Problem(file: file, position: start, "this comment is not closed; end it with */")
  }

  /// The character at `at`, for a message.
  var found: String {
    guard at < text.count else { return "the end of the text" }
    let scalar = String(decoding: text.octets[at..<min(at + 4, text.count)], as: UTF8.self).unicodeScalars.first
    return quoted(scalar.map { String($0) } ?? "")
  }

  func problem(_ message: String) -> Problem { Problem(file: file, position: text.position(at), message) }
}
