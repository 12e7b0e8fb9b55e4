/// What EDNS says in a message: the fixed part of its OPT record (RFC 6891 §6.1).
public struct EDNS: Hashable, Sendable {
  /// The largest UDP payload that the sender takes, in octets, as it said it.
  public let payloadSize: UInt16
  /// 0 is the only version there is.
  public let version: UInt8
  /// The upper eight bits of the RCODE.
  public let extendedCode: UInt8
  /// DO: the sender wants DNSSEC's records (RFC 3225).
  public let dnssecOK: Bool
  /// Where the options stand in the message; checked, so that going along them needs no more checks of lengths.
  public let options: Range<Int>

  /// Reads an OPT record; throws `badOPT` when its options do not fill their length exactly.
  @inlinable public init(_ record: RecordView, in message: Span<UInt8>) throws(WireError) {
    guard message[record.ownerOffset] == 0 else { throw WireError(.badOPT, at: record.ownerOffset) }
    payloadSize = record.class.rawValue
    extendedCode = message[record.ttlOffset]
    version = message[record.ttlOffset + 1]
    dnssecOK = message[record.ttlOffset + 2] & 0x80 != 0
    options = record.data
    var at = options.lowerBound
    while at < options.upperBound {
      guard at + 4 <= options.upperBound else { throw WireError(.badOPT, at: at) }
      let next = at + 4 + Int(message.bigEndian16(at: at + 2))
      guard next <= options.upperBound else { throw WireError(.badOPT, at: at) }
      at = next
    }
  }

  /// The data of the first option with this code; nil when there is none.
  @inlinable public func option(_ code: UInt16, in message: Span<UInt8>) -> Range<Int>? {
    var at = options.lowerBound
    while at < options.upperBound {
      let length = Int(message.bigEndian16(at: at + 2))
      if message.bigEndian16(at: at) == code { return (at + 4)..<(at + 4 + length) }
      at += 4 + length
    }
    return nil
  }

  /// How often an option stands in a message.
  public enum Occurrence: Hashable, Sendable {
    case absent
    /// Once; where its data stands.
    case once(Range<Int>)
    case repeated
  }

  /// Looks for an option that may stand once.
  @inlinable public func occurrence(of code: UInt16, in message: Span<UInt8>) -> Occurrence {
    var found = Occurrence.absent
    var at = options.lowerBound
    while at < options.upperBound {
      let length = Int(message.bigEndian16(at: at + 2))
      if message.bigEndian16(at: at) == code {
        guard found == .absent else { return .repeated }
        found = .once((at + 4)..<(at + 4 + length))
      }
      at += 4 + length
    }
    return found
  }

  /// The payload this server offers and keeps to: what passes every link unfragmented (RFC 9715 §3.1).
  @inlinable public static var serverPayloadSize: UInt16 { 1232 }
  /// What a client without EDNS takes over UDP (RFC 1035 §4.2.1).
  @inlinable public static var classicPayloadSize: UInt16 { 512 }
}

/// A query that was checked once: one question, its name whole and uncompressed, at most one OPT.
///
/// It points into the message and copies nothing.
public struct Query: Sendable {
  /// The number by which the client finds the answer.
  public let id: UInt16
  /// The header's flags as the client sent them.
  public let flags: Flags
  /// How long the question's name is, in octets; it starts right after the header.
  public let nameLength: Int
  /// What is asked for.
  public let type: RecordType
  /// The class it is asked for in.
  public let `class`: RecordClass
  /// What the client's OPT record says; nil without one.
  public let edns: EDNS?

  /// Where the question's name starts.
  @inlinable public static var nameOffset: Int { Header.length }

  /// The question's name, copied; nil when the message is not the one that was read.
  public func name(in message: Span<UInt8>) -> Name? {
    guard Self.nameOffset + nameLength <= message.count else { return nil }
    return Name(wire: message.extracting(Self.nameOffset..<(Self.nameOffset + nameLength)).array)
  }

  /// Where the question ends.
  @inlinable public var questionEnd: Int { Header.length + nameLength + 4 }

  /// RD.
  @inlinable public var wantsRecursion: Bool { flags.contains(.recursionDesired) }

  /// Why a message is not a query that can be answered.
  public enum Refusal: Error, Hashable, Sendable {
    /// No answer at all: it has no header, or is itself a response (CVE-2024-2169: answering one makes loops).
    case ignore
    /// An opcode other than QUERY.
    case opcode
    /// Damaged, or with counts that no query has.
    case malformed(WireError)
  }

  /// Reads and checks a message.
  public init(_ message: Span<UInt8>) throws(Refusal) {
    guard let header = Header(message), !header.flags.contains(.response) else { throw .ignore }
    guard header.flags.opcode == 0 else { throw .opcode }
    id = header.id
    flags = header.flags
    guard header.questionCount == 1, header.answerCount == 0, header.authorityCount == 0, header.additionalCount <= 3
    else { throw .malformed(WireError(.badCounts, at: 4)) }
    do throws(WireError) {
      nameLength = try Self.questionNameLength(message)
      let afterName = Header.length + nameLength
      guard afterName + 4 <= message.count else { throw WireError(.truncated, at: afterName) }
      type = RecordType(message.bigEndian16(at: afterName))
      `class` = RecordClass(message.bigEndian16(at: afterName + 2))
      edns = try Self.readAdditional(message, from: afterName + 4, count: header.additionalCount)
    } catch {
      throw .malformed(error)
    }
  }

  /// The length of the name right after the header. The first name of a message has nothing before it to point to.
  @inline(__always)
  private static func questionNameLength(_ message: Span<UInt8>) throws(WireError) -> Int {
    var at = Header.length
    while at < message.count {
      let octet = Int(message[at])
      guard octet != 0 else {
        let length = at + 1 - Header.length
        guard length <= Name.maximumLength else { throw WireError(.nameTooLong, at: at) }
        return length
      }
      guard octet <= 63 else { throw WireError(octet >= 0xc0 ? .badPointer : .badLabel, at: at) }
      at += octet + 1
    }
    throw WireError(.truncated, at: message.count)
  }

  /// Reads what follows the question: at most one OPT, anything else passed over, nothing after the last record.
  @inline(__always)
  private static func readAdditional(
    _ message: Span<UInt8>, from start: Int, count: UInt16
  ) throws(WireError) -> EDNS? {
    var edns: EDNS?
    var reader = try MessageReader(message, at: start)
    for _ in 0..<count {
      let record = try reader.readRecord()
      guard record.type == .opt else { continue }
      guard edns == nil else { throw WireError(.badOPT, at: record.ownerOffset) }
      edns = try EDNS(record, in: message)
    }
    guard reader.isAtEnd else { throw WireError(.trailingOctets, at: reader.offset) }
    return edns
  }
}

extension MessageReader {
  /// Starts at a place after the header that was read already.
  @_lifetime(copy octets)
  init(_ octets: Span<UInt8>, at offset: Int) throws(WireError) {
    try self.init(octets)
    skip(to: offset)
  }
}
