import Wire
import Zones

/// A record of a message, copied out of it.
public struct ParsedRecord: Hashable, Sendable {
  /// The owner, in the case in which it stands in the message.
  public var owner: Name
  /// The type as it stands in the message.
  public var type: RecordType
  /// The class as it stands in the message.
  public var `class`: RecordClass
  /// Seconds.
  public var ttlSeconds: UInt32
  /// Uncompressed.
  public var data: [UInt8]

  /// Takes the parts.
  public init(owner: Name, type: RecordType, class: RecordClass, ttlSeconds: UInt32, data: [UInt8]) {
    self.owner = owner
    self.type = type
    self.class = `class`
    self.ttlSeconds = ttlSeconds
    self.data = data
  }
}

extension ParsedRecord: CustomStringConvertible {
  /// A line as `dig` prints it.
  public var description: String {
    "\(owner) \(ttlSeconds) \(`class`) \(type) \(RecordText.text(of: data, type: type))"
  }
}

/// A whole message, read strictly: every count must hold, and nothing may follow the last record.
public struct ParsedMessage: Sendable {
  /// The header as it stands.
  public var header: Header
  /// The questions, each name copied.
  public var questions: [ParsedRecord] = []
  /// Records of the answer section.
  public var answer: [ParsedRecord] = []
  /// Records of the authority section.
  public var authority: [ParsedRecord] = []
  /// Records of the additional section, OPT among them.
  public var additional: [ParsedRecord] = []
  /// What the OPT record says; nil when there is none.
  public var edns: EDNS?
  /// The Extended DNS Error, if there is one.
  public var error: (code: UInt16, text: String)?

  /// Reads a message.
  ///
  /// - Throws: what is wrong with it.
  public init(_ octets: [UInt8]) throws(WireError) {
    let span = octets.span
    guard let header = Header(span) else { throw WireError(.truncated, at: octets.count) }
    self.header = header
    var reader = try MessageReader(span)
    for _ in 0..<header.questionCount {
      let question = try reader.readQuestion()
      questions.append(
        ParsedRecord(
          owner: try reader.name(at: question.nameOffset), type: question.type, class: question.class, ttlSeconds: 0,
          data: []))
    }
    answer = try Self.records(&reader, header.answerCount)
    authority = try Self.records(&reader, header.authorityCount)
    for _ in 0..<header.additionalCount {
      let view = try reader.readRecord()
      if view.type == .opt {
        guard edns == nil else { throw WireError(.badOPT, at: view.ownerOffset) }
        let edns = try EDNS(view, in: span)
        self.edns = edns
        if let option = edns.option(ExtendedError.optionCode, in: span), option.count >= 2 {
          let text = String(decoding: octets[option.dropFirst(2)], as: UTF8.self)
          error = (span.bigEndian16(at: option.lowerBound), text)
        }
      }
      additional.append(try Self.record(reader, view))
    }
    guard reader.isAtEnd else { throw WireError(.trailingOctets, at: reader.offset) }
  }

  private static func records(_ reader: inout MessageReader, _ count: UInt16) throws(WireError) -> [ParsedRecord] {
    var records: [ParsedRecord] = []
    for _ in 0..<count {
      let view = try reader.readRecord()
      records.append(try record(reader, view))
    }
    return records
  }

  private static func record(
    _ reader: borrowing MessageReader, _ view: RecordView
  ) throws(WireError) -> ParsedRecord {
    ParsedRecord(
      owner: try reader.name(at: view.ownerOffset), type: view.type, class: view.class, ttlSeconds: view.ttlSeconds,
      data: try reader.uncompressedData(of: view))
  }

  /// The whole response code, EDNS's upper bits among it (RFC 6891 §6.1.3).
  public var code: UInt16 { header.flags.responseCode | UInt16(edns?.extendedCode ?? 0) << 4 }
}

extension ParsedMessage: CustomStringConvertible {
  /// The message as tests compare it: the response code and the flags AA, TC, RD, RA, AD and CD; then each record of
  /// the answer, and those of the other sections with `authority:` or `additional:` before them; then the Extended DNS
  /// Error. OPT itself is not shown.
  public var description: String {
    let flags: [(Flags, String)] = [
      (.authoritative, "aa"), (.truncated, "tc"), (.recursionDesired, "rd"), (.recursionAvailable, "ra"),
      (.authenticData, "ad"), (.checkingDisabled, "cd"),
    ]
    let shown = flags.filter { header.flags.contains($0.0) }.map(\.1)
    var lines = [([ResponseCode(rawValue: code)?.mnemonic ?? "RCODE\(code)"] + shown).joined(separator: " ")]
    lines += answer.map(\.description)
    lines += authority.map { "authority: \($0)" }
    lines += additional.filter { $0.type != .opt }.map { "additional: \($0)" }
    if let error { lines.append("error \(error.code): \(error.text)") }
    return lines.joined(separator: "\n")
  }
}
