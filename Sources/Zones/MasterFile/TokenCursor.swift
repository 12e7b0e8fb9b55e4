import Text
import Wire

/// Goes along the items of one entry and reads each as what the record needs next.
struct TokenCursor {
  let text: [UInt8]
  private var entry = Entry()
  private var index = 0
  /// Whether warnings are of use.
  private var warns = false
  /// What is allowed but likely not meant, found on the way.
  private(set) var warnings: [Fault] = []
  private var written = WrittenName()

  init(_ text: [UInt8]) { self.text = text }

  /// Goes on to the next entry.
  ///
  /// - Returns: false at the end.
  /// - Parameter warns: whether warnings are of use.
  mutating func next(_ tokenizer: inout MasterFileTokenizer, warns: Bool = false) throws(Fault) -> Bool {
    index = 0
    self.warns = warns
    if !warnings.isEmpty { warnings = [] }
    return try tokenizer.next(&entry)
  }

  /// The entry's line starts with white space.
  var startsBlank: Bool { entry.startsBlank }

  /// After the last item.
  var end: Position { entry.end }

  /// The next item, left in place.
  var peek: Token? { index < entry.tokens.count ? entry.tokens[index] : nil }

  /// Where the next item stands, or where it is missing.
  var position: Position { peek?.position ?? end }

  /// Takes the next item if there is one.
  mutating func take() -> Token? {
    defer { index += 1 }
    return peek
  }

  /// Takes the next item, which must be there.
  mutating func take(_ what: @autoclosure () -> String) throws(Fault) -> Token {
    guard let token = take() else { throw Fault(end, "the \(what()) is missing: the entry ends here") }
    return token
  }

  /// Takes the next item, which must be there and not quoted.
  mutating func word(_ what: @autoclosure () -> String) throws(Fault) -> Token {
    let token = try take(what())
    guard !token.isQuoted else { throw Fault(token.position, "the \(what()) must not be quoted: remove the quotes") }
    return token
  }

  /// An item as in the file; the tokenizer has let only UTF-8 pass.
  func string(_ token: Token) -> String { String(decoding: text[token.range], as: UTF8.self) }

  /// An item for a message: in quotes, and cut when long.
  func shown(_ token: Token) -> String { Zones.shown(string(token)) }

  /// Everything must have been taken.
  func finish() throws(Fault) {
    guard let token = peek else { return }
    throw Fault(
      token.position, "\(shown(token)) is too much: the record ends before it; remove it or start a new line")
  }

  // MARK: Names

  /// Takes a domain name, relative to `origin` unless it ends with a dot; its number among the names.
  mutating func name(
    _ what: @autoclosure () -> String, below origin: RecordList.Origin, _ names: inout NameTree
  ) throws(Fault) -> NameTree.Index {
    try readName(what(), origin, names)
    return names.insert(written.wire, below: written.isAbsolute ? NameTree.root : origin.name)
  }

  /// Takes a domain name and appends it to data.
  mutating func name(
    _ what: @autoclosure () -> String, below origin: inout RecordList.Origin, to records: inout RecordList,
    _ writing: inout RecordList.Writing
  ) throws(Fault) {
    try readName(what(), origin, records.names)
    records.write(written, below: &origin, &writing)
  }

  private mutating func readName(
    _ what: @autoclosure () -> String, _ origin: RecordList.Origin, _ names: NameTree
  ) throws(Fault) {
    let token = try word(what())
    do throws(NameTextError) {
      try written.read(text, token.range, hasOrigin: true)
      let rest = written.isAbsolute ? NameTree.root : origin.name
      guard written.length + names.length(of: rest) <= Name.maximumLength else { throw .nameTooLong }
    } catch {
      throw Fault(token.position, "\(shown(token)) is not a name for the \(what()): \(error)")
    }
    if warns, !written.isAbsolute { warnOfRepetition(token, origin.name, names) }
  }

  /// `www.example.com` below the origin `example.com.` is `www.example.com.example.com.`, which nobody means.
  private mutating func warnOfRepetition(_ token: Token, _ origin: NameTree.Index, _ names: NameTree) {
    let originCount = names.labelCount(of: origin)
    // Most names have one label, which no origin of two repeats.
    guard originCount >= 2, written.length > Int(written.wire[0]) + 1 else { return }
    let labels = LabelOffsets(written.wire)
    guard labels.count >= originCount else { return }
    let (found, missing) = names.find(written.wire, below: NameTree.root)
    // The origin stands at the end where going along the labels from there leads through it.
    guard labels.count - missing >= originCount, names.ancestor(of: found, labelCount: originCount) == origin else {
      return
    }
    let name = written.name(below: names[origin]).map { "\($0)" } ?? ""
    warnings.append(
      Fault(
        token.position,
        "\(shown(token)) is \(name), below the origin \(names[origin]): add a final dot if that is not meant"))
  }

  // MARK: Numbers and strings

  /// Takes an unsigned decimal number of `octets` octets and appends it in network order.
  mutating func number(_ octets: Int, _ what: @autoclosure () -> String, to records: inout RecordList) throws(Fault) {
    let token = try word(what())
    let limit = UInt64(1) << (8 * UInt64(octets)) - 1
    guard let number = number(token), number <= limit else {
      throw Fault(token.position, "\(shown(token)) cannot be the \(what()), which is a number from 0 to \(limit)")
    }
    records.write(number, octets: octets)
  }

  /// An unsigned decimal number; nil when an item is none, or has more than 64 bits.
  func number(_ token: Token) -> UInt64? {
    var number: UInt64 = 0
    for octet in text[token.range] {
      guard octet &- 0x30 < 10 else { return nil }
      let (tens, overflows) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflowsToo) = tens.addingReportingOverflow(UInt64(octet - 0x30))
      guard !overflows, !overflowsToo else { return nil }
      number = sum
    }
    return token.range.isEmpty ? nil : number
  }

  /// Takes a span of time and appends its seconds as 32 bits.
  mutating func seconds(_ what: @autoclosure () -> String, to records: inout RecordList) throws(Fault) {
    let token = try word(what())
    do throws(TTLText.Failure) {
      records.write(UInt64(try TTLText.seconds(octets: text[token.range])), octets: 4)
    } catch {
      throw Fault(
        token.position,
        "\(shown(token)) cannot be the \(what()) time, which is seconds up to \(TTLText.maximumSeconds), or like 1h30m")
    }
  }

  /// Takes one item, quoted or not, and appends the octets it stands for.
  mutating func octets(_ what: String, atMost limit: Int, to records: inout RecordList) throws(Fault) {
    let token = try take(what)
    let span = text.span
    var at = token.range.lowerBound
    var count = 0
    while at < token.range.upperBound {
      var octet = span[at]
      at += 1
      if octet == UInt8(ascii: "\\") {
        guard let (escaped, length) = escapedOctet(span.extracting(at..<token.range.upperBound)) else {
          throw Fault(token.position, "a bad escape in the \(what): \(NameTextError.badEscape)")
        }
        octet = escaped
        at += length
      }
      if count < limit { records.write(octet) }
      count += 1
    }
    guard count <= limit else {
      throw Fault(
        token.position, "a string of \(count) octets: split it into strings of at most \(limit), \"…\" \"…\"")
    }
  }

  /// Takes one item as a character-string: its length and its octets.
  mutating func string(_ what: String, to records: inout RecordList) throws(Fault) {
    let start = records.dataCount
    records.write(0)
    try octets(what, atMost: 255, to: &records)
    records.endString(from: start)
  }
}

/// A piece of the person's text within a message: in quotes, and cut when long.
func shown(_ text: String) -> String {
  text.unicodeScalars.count <= 60 ? "\"\(text)\"" : "\"\(String(text.unicodeScalars.prefix(57)))…\""
}

extension [UInt8] {
  /// Appends the low `octets` octets of `number` in network order.
  mutating func appendBigEndian(_ number: UInt64, octets: Int) {
    var shift = 8 * UInt64(octets)
    while shift > 0 {
      shift -= 8
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
