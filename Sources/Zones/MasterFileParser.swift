import Bounds
import Text
import Wire

/// Reads a master file's entries one after the other (RFC 1035 §5.1).
struct MasterFileParser {
  private var origin: Name
  /// What `$TTL` said last.
  private var defaultTTL: UInt32?
  /// What a record said last.
  private var statedTTL: UInt32?
  private var lastOwner: Name?
  /// The last owner could not be read: records that stand below it are checked, and then left out.
  private var lastOwnerIsBroken = false
  private var records: [LocatedRecord] = []
  /// How many octets the records take, about, as they go into messages: a short line can stand for a long name.
  private var octets = 0
  private let problems: ProblemList

  private init(file: String, origin: Name) {
    problems = ProblemList(file: file)
    self.origin = origin
  }

  static func parse(_ text: [UInt8], file: String, origin: Name) -> ParsedMasterFile {
    var parser = MasterFileParser(file: file, origin: origin)
    parser.parse(text)
    return ParsedMasterFile(file: file, records: parser.records, problems: parser.problems.all)
  }

  private mutating func parse(_ text: [UInt8]) {
    let start = Position(line: 1, column: 1)
    guard text.count <= Limits.Zones.fileOctets else {
      note(
        Fault(start, "the file has \(text.count) octets; at most \(Limits.Zones.fileOctets) are read: split the zone"))
      return
    }
    var tokenizer = MasterFileTokenizer(text)
    while true {
      do throws(Fault) {
        guard let entry = try tokenizer.next() else { return }
        try parse(entry)
        guard records.count <= Limits.Zones.records else {
          records.removeLast()
          note(Fault(entry.end, "more than \(Limits.Zones.records) records: split the zone"))
          return
        }
        guard octets <= Limits.Zones.octetsOfImage else {
          note(Fault(entry.end, "the records take more than \(Limits.Zones.octetsOfImage) octets: split the zone"))
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

  private mutating func parse(_ entry: Entry) throws(Fault) {
    var cursor = TokenCursor(entry, warns: !problems.hasAllWarnings)
    if let first = cursor.peek, !first.isQuoted, first.octets.first == UInt8(ascii: "$") {
      guard !entry.startsBlank else {
        throw Fault(
          first.position, "\(first.shown) must stand at the start of its line: remove the white space before it")
      }
      try parseControl(&cursor)
    } else {
      try parseRecord(&cursor, entry)
    }
    for warning in cursor.warnings { note(warning, .warning) }
  }

  private mutating func parseControl(_ cursor: inout TokenCursor) throws(Fault) {
    let (text, position) = try cursor.word("control entry")
    // No control entry is longer; letters without end are not to be compared (their normal form costs their square).
    switch text.utf8.count <= 16 ? text.uppercased() : "" {
    case "$ORIGIN":
      origin = try cursor.name("origin", origin: origin)
    case "$TTL":
      defaultTTL = try ttl(cursor.word("TTL"), "which $TTL takes")
    case "$INCLUDE":
      throw Fault(position, "$INCLUDE is not supported: put the other file's records into this one")
    case "$GENERATE":
      throw Fault(position, "$GENERATE is not supported: write each record out")
    default:
      let hint = nearest(to: text, among: ["$ORIGIN", "$TTL"]).map { ": is \($0) meant?" } ?? ": use $ORIGIN or $TTL"
      throw Fault(position, "\(shown(text)) is not a control entry\(hint)")
    }
    try cursor.finish()
  }

  private mutating func parseRecord(_ cursor: inout TokenCursor, _ entry: Entry) throws(Fault) {
    let position = cursor.position
    let owner = try readOwner(&cursor, entry)
    let (type, stated) = try readTypeAndTTL(&cursor)
    let data = try cursor.recordData(type, origin: origin)
    let ttlSeconds = try ttlOrDefault(stated, at: position)
    guard let owner else { return }
    let record = ResourceRecord(owner: owner, type: type, ttlSeconds: ttlSeconds, data: data)
    records.append(LocatedRecord(record: record, position: position))
    octets += owner.wire.count + 12 + data.count
  }

  /// The owner; nil when it is that of an entry whose owner could not be read, which was told of there.
  private mutating func readOwner(_ cursor: inout TokenCursor, _ entry: Entry) throws(Fault) -> Name? {
    if entry.startsBlank {
      guard lastOwner != nil || lastOwnerIsBroken else {
        throw Fault(cursor.position, "no owner before this record: start the line with its name, or @ for the origin")
      }
      return lastOwner
    }
    let before = lastOwner
    lastOwner = nil
    lastOwnerIsBroken = true
    let owner = try cursor.name("owner", origin: origin)
    // The octets of one name are kept once.
    lastOwner = before?.wire == owner.wire ? before : owner
    return lastOwner
  }

  /// `[TTL] [class] type` or `[class] [TTL] type`.
  private mutating func readTypeAndTTL(_ cursor: inout TokenCursor) throws(Fault) -> (RecordType, ttl: UInt32?) {
    var stated: UInt32?
    var hasClass = false
    while true {
      let (text, position) = try cursor.word("record type")
      if text.utf8.first.map({ $0 &- 0x30 < 10 }) == true {
        guard stated == nil else { throw Fault(position, "\(shown(text)) is a second TTL: remove one") }
        stated = try ttl((text, position), "nor is it a record type: write, say, 300 IN A 192.0.2.1")
        statedTTL = stated
      } else if let isInternet = isInternetClass(text) {
        guard isInternet else { throw Fault(position, "class \(text): only class IN is served; remove the record") }
        guard !hasClass else { throw Fault(position, "a second class: remove one") }
        hasClass = true
      } else {
        return (try recordType(text, position), stated)
      }
    }
  }

  /// Nil when `text` is no class at all.
  private func isInternetClass(_ text: String) -> Bool? {
    // `CLASS65535` is the longest.
    guard text.utf8.count <= 10 else { return nil }
    let upper = text.uppercased()
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

  private func ttl(_ word: (text: String, position: Position), _ remedy: String) throws(Fault) -> UInt32 {
    do throws(TTLText.Failure) {
      return try TTLText.seconds(word.text)
    } catch .tooLong {
      throw Fault(
        word.position,
        "the TTL \(shown(word.text)) is above \(TTLText.maximumSeconds) seconds (RFC 2181 §8): make it less")
    } catch {
      throw Fault(
        word.position,
        "\(shown(word.text)) is not a TTL (seconds, or like 1h30m), \(remedy)"
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
