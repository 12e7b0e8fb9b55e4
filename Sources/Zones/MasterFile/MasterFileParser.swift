import Bounds
import Text
import Wire

/// Reads a master file's entries one after the other (RFC 1035 §5.1).
struct MasterFileParser {
  private var origin: RecordList.Origin
  /// What `$TTL` said last.
  private var defaultTTL: UInt32?
  /// What a record said last.
  private var statedTTL: UInt32?
  private var lastOwner: NameTree.Index?
  /// The last owner could not be read: records that stand below it are checked, and then left out.
  private var lastOwnerIsBroken = false
  private var records: RecordList
  private let problems: ProblemList
  private let allowance: ZoneAllowance

  private init(file: String, origin: Name, expecting count: Int, _ allowance: ZoneAllowance) {
    self.allowance = allowance
    problems = ProblemList(file: file)
    records = RecordList(expecting: count)
    self.origin = RecordList.Origin(records.names.insert(origin.wire.span, below: NameTree.root))
  }

  static func parse(
    _ text: [UInt8], file: String, origin: Name, within allowance: ZoneAllowance = ZoneAllowance()
  ) -> ParsedMasterFile {
    // A record seldom takes less; what is guessed costs less than what is said of it.
    var parser = MasterFileParser(file: file, origin: origin, expecting: text.count / 32, allowance)
    parser.parse(text)
    parser.records.trim()
    return ParsedMasterFile(file: file, parser.records, problems: parser.problems.all)
  }

  private mutating func parse(_ text: [UInt8]) {
    let start = Position(line: 1, column: 1)
    guard text.count <= Limits.Zones.fileOctets else {
      note(
        Fault(start, "the file has \(text.count) octets; at most \(Limits.Zones.fileOctets) are read: split the zone"))
      return
    }
    var tokenizer = MasterFileTokenizer(text)
    var cursor = TokenCursor(text)
    while true {
      do throws(Fault) {
        guard try cursor.next(&tokenizer, warns: !problems.hasAllWarnings) else { return }
        try parse(&cursor)
        guard records.count <= Limits.Zones.records else {
          records.removeLast()
          note(Fault(cursor.end, "more than \(Limits.Zones.records) records: split the zone"))
          return
        }
        // A short line can stand for long names, or for many.
        if let refusal = allowance.refusal(of: records) {
          note(Fault(cursor.end, refusal))
          return
        }
      } catch {
        note(error)
      }
      // Reading goes on until it is known that there are too many.
      guard !problems.isOverfull else { return }
    }
  }

  private mutating func note(_ fault: Fault, _ severity: Problem.Severity = .error) {
    problems.add(fault.position, fault.message, severity)
  }

  private mutating func parse(_ cursor: inout TokenCursor) throws(Fault) {
    if let first = cursor.peek, !first.isQuoted, cursor.text[first.range.lowerBound] == UInt8(ascii: "$") {
      guard !cursor.startsBlank else {
        throw Fault(
          first.position,
          "\(cursor.shown(first)) must stand at the start of its line: remove the white space before it")
      }
      try parseControl(&cursor)
    } else {
      try parseRecord(&cursor)
    }
    for warning in cursor.warnings { note(warning, .warning) }
  }

  private mutating func parseControl(_ cursor: inout TokenCursor) throws(Fault) {
    let token = try cursor.word("control entry")
    // No control entry is longer; letters without end are not to be compared (their normal form costs their square).
    switch token.range.count <= 16 ? cursor.string(token).uppercased() : "" {
    case "$ORIGIN":
      origin = RecordList.Origin(try cursor.name("origin", below: origin, &records.names))
    case "$TTL":
      let word = try cursor.word("TTL")
      defaultTTL = try ttl(cursor, word, "which $TTL takes")
    case "$INCLUDE":
      throw Fault(token.position, "$INCLUDE is not supported: put the other file's records into this one")
    case "$GENERATE":
      throw Fault(token.position, "$GENERATE is not supported: write each record out")
    default:
      let text = cursor.string(token)
      let hint = nearest(to: text, among: ["$ORIGIN", "$TTL"]).map { ": is \($0) meant?" } ?? ": use $ORIGIN or $TTL"
      throw Fault(token.position, "\(shown(text)) is not a control entry\(hint)")
    }
    try cursor.finish()
  }

  private mutating func parseRecord(_ cursor: inout TokenCursor) throws(Fault) {
    let position = cursor.position
    let owner = try readOwner(&cursor)
    let (type, stated) = try readTypeAndTTL(&cursor)
    let data = try cursor.recordData(type, below: &origin, to: &records)
    do throws(Fault) {
      let ttlSeconds = try ttlOrDefault(stated, at: position)
      guard let owner else { return records.cancel(data) }
      records.append(owner, type, ttlSeconds: ttlSeconds, data, at: position)
    } catch {
      records.cancel(data)
      throw error
    }
  }

  /// The owner; nil when it is that of an entry whose owner could not be read, which was told of there.
  private mutating func readOwner(_ cursor: inout TokenCursor) throws(Fault) -> NameTree.Index? {
    if cursor.startsBlank {
      guard lastOwner != nil || lastOwnerIsBroken else {
        throw Fault(cursor.position, "no owner before this record: start the line with its name, or @ for the origin")
      }
      return lastOwner
    }
    lastOwner = nil
    lastOwnerIsBroken = true
    lastOwner = try cursor.name("owner", below: origin, &records.names)
    return lastOwner
  }

  /// `[TTL] [class] type` or `[class] [TTL] type`.
  private mutating func readTypeAndTTL(_ cursor: inout TokenCursor) throws(Fault) -> (RecordType, ttl: UInt32?) {
    var stated: UInt32?
    var hasClass = false
    while true {
      let token = try cursor.word("record type")
      if let first = cursor.text[token.range].first, first &- 0x30 < 10 {
        guard stated == nil else {
          throw Fault(token.position, "\(cursor.shown(token)) is a second TTL: remove one")
        }
        stated = try ttl(cursor, token, "nor is it a record type: write, say, 300 IN A 192.0.2.1")
        statedTTL = stated
      } else if let type = usualType(cursor.text.span.extracting(token.range)) {
        return (type, stated)
      } else if let isInternet = isInternetClass(cursor, token) {
        guard isInternet else {
          throw Fault(token.position, "class \(cursor.string(token)): only class IN is served; remove the record")
        }
        guard !hasClass else { throw Fault(token.position, "a second class: remove one") }
        hasClass = true
      } else {
        return (try recordType(cursor.string(token), token.position), stated)
      }
    }
  }

  /// The type of a mnemonic, of the types that zones are mostly made of; without making a string of it.
  private func usualType(_ word: Span<UInt8>) -> RecordType? {
    guard word.count <= 5 else { return nil }
    var letters: UInt64 = 0
    for index in word.indices { letters = letters << 8 | UInt64(lowercased(word[index])) }
    return switch letters {
    case 0x61: .a
    case 0x6161_6161: .aaaa
    case 0x63_6e61_6d65: .cname
    case 0x6e73: .ns
    case 0x6d78: .mx
    case 0x74_7874: .txt
    case 0x73_7276: .srv
    default: nil
    }
  }

  /// Nil when `text` is no class at all.
  private func isInternetClass(_ cursor: TokenCursor, _ token: Token) -> Bool? {
    let octets = cursor.text.span.extracting(token.range)
    // `CLASS65535` is the longest, and all start with one letter of these.
    guard octets.count <= 10, let first = octets.isEmpty ? nil : lowercased(octets[0]), "ich".utf8.contains(first)
    else {
      return nil
    }
    if octets.count == 2, first == UInt8(ascii: "i"), lowercased(octets[1]) == UInt8(ascii: "n") { return true }
    let upper = cursor.string(token).uppercased()
    if upper == "IN" || upper == "CLASS1" { return true }
    let isOther = ["CH", "HS", "CS"].contains(upper) || upper.hasPrefix("CLASS")
    return isOther ? false : nil
  }

  private func recordType(_ text: String, _ position: Position) throws(Fault) -> RecordType {
    if text.utf8.count == 5, text.uppercased() == "ALIAS" { return .alias }
    guard let type = RecordType(mnemonic: text) else {
      let hint =
        nearest(to: text, among: RecordField.mnemonics).map { "is \($0) meant?" }
        ?? "use one of \(RecordField.mnemonics.joined(separator: " ")), or TYPE and its number"
      throw Fault(position, "\(shown(text)) is not a record type known here: \(hint)")
    }
    guard !type.isMeta, !type.isReserved else {
      throw Fault(position, "type \(type) is for messages and never in a zone: remove the record")
    }
    return type
  }

  private func ttl(_ cursor: TokenCursor, _ token: Token, _ remedy: String) throws(Fault) -> UInt32 {
    do throws(TTLText.Failure) {
      return try TTLText.seconds(octets: cursor.text[token.range])
    } catch .tooLong {
      throw Fault(
        token.position,
        "the TTL \(cursor.shown(token)) is above \(TTLText.maximumSeconds) seconds (RFC 2181 §8): make it less")
    } catch {
      throw Fault(
        token.position,
        "\(cursor.shown(token)) is not a TTL (seconds, or like 1h30m), \(remedy)"
      )
    }
  }

  /// What a record without a TTL has: `$TTL` where there is one (RFC 2308 §4), else what the last record stated
  /// (RFC 1035 §5.1).
  ///
  /// The SOA's MINIMUM is not taken, as RFC 2308 §4 says, though BIND does: other servers would give another TTL.
  private mutating func ttlOrDefault(_ stated: UInt32?, at position: Position) throws(Fault) -> UInt32 {
    if let ttl = stated ?? defaultTTL ?? statedTTL { return ttl }
    statedTTL = 0
    throw Fault(
      position, "no TTL here, and none before: put a line like \"$TTL 300\" at the top of the file (RFC 2308 §4)")
  }
}
