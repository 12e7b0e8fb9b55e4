import TestKit
import Testing
import Wire

/// Names, records and counts of a message that anyone may have sent (RFC 9267).
@Suite struct MessageReaderTests {
  static func name(_ message: [UInt8], at offset: Int) throws -> Name {
    try MessageReader(message.span).name(at: offset)
  }

  /// A header, `example.` at 12, the pointer's prey, and then `more` at 21.
  static func message(_ more: [UInt8]) -> [UInt8] {
    RawMessage(counts: [1, 1, 0, 0]).adding(wire("example"), more).octets
  }

  /// What stands at 21, and the name that it is.
  static let good: [(octets: String, name: String)] = [
    ("<www.example>", "www.example."), ("c00c", "example."), ("01 'A' c00c", "A.example."), ("00", "."), ("c014", "."),
    ("01 'a' c014", "a."), ("03 'www' c00c", "www.example."),
  ]

  @Test(arguments: good) func readsNames(text: String, expected: String) throws {
    #expect(try Self.name(Self.message(octets(text)), at: 21).description == expected)
  }

  /// What stands at 21, what is wrong with it, and where that shows.
  static let bad: [(octets: String, reason: WireError.Reason, offset: Int)] = [
    // To itself, forwards, past the end, to a label of its own (a loop), and into the header.
    ("c015", .badPointer, 21), ("c016", .badPointer, 21), ("c018", .badPointer, 21), ("ffff", .badPointer, 21),
    ("01 'a' c015", .badPointer, 23), ("01 'a' c017", .badPointer, 23),
    ("c00b", .badPointer, 21), ("c000", .badPointer, 21), ("01 'a' c004", .badPointer, 23),
    // Label types that are none.
    ("40 00", .badLabel, 21), ("80 00", .badLabel, 21), ("bf 00", .badLabel, 21),
    // Ends too early.
    ("", .truncated, 21), ("c0", .truncated, 21), ("01", .truncated, 21), ("01 'a'", .truncated, 23),
    ("02 'a'", .truncated, 21),
  ]

  @Test(arguments: bad) func refusesNames(text: String, reason: WireError.Reason, offset: Int) {
    #expect(throws: WireError(reason, at: offset)) { try Self.name(Self.message(octets(text)), at: 21) }
  }

  /// Two names that each continue in the other: the second pointer does not lead before the place the first led to.
  @Test func refusesALoopOfTwo() {
    let message = RawMessage(counts: [0, 0, 0, 0]).adding([1, 0x61], pointer(16), [1, 0x62], pointer(12)).octets
    #expect(throws: WireError(.badPointer, at: 14)) { try Self.name(message, at: 12) }
    #expect(throws: WireError(.badPointer, at: 14)) { try Self.name(message, at: 16) }
  }

  /// A pointer into the middle of a label is a pointer all the same; what stands there is read as labels, or refused.
  @Test func readsFromInsideALabel() throws {
    let message = RawMessage(counts: [0, 0, 0, 0]).adding(octets("04 01 'a' 00 'b' 00 c00d c00e")).octets
    #expect(try Self.name(message, at: 18).description == "a.")
    #expect(throws: WireError.self) { try Self.name(message, at: 20) }
  }

  @Test func holdsNamesTo255OctetsOverPointers() throws {
    let label63 = [UInt8(63)] + Array(repeating: UInt8(0x61), count: 63)
    let long = label63 + label63 + label63 + [UInt8(0)]  // 193 octets
    let message = RawMessage(counts: [0, 0, 0, 0]).adding(long).octets
    let fits = message + [61] + Array(repeating: UInt8(0x62), count: 61) + pointer(12)
    #expect(try Self.name(fits, at: message.count).wire.count == 255)
    let tooLong = message + [62] + Array(repeating: UInt8(0x62), count: 62) + pointer(12)
    #expect(throws: WireError(.nameTooLong, at: 12 + 128)) { try Self.name(tooLong, at: message.count) }
  }

  /// Pointers to pointers are followed, but not without end: thousands of records that each walk thousands of pointers
  /// would cost seconds (the like of CVE-2024-8508). A name has at most 127 labels, so it never needs more pointers.
  @Test func followsABoundedNumberOfPointers() throws {
    var message = RawMessage(counts: [0, 0, 0, 0]).adding(wire("a")).octets
    var last = 12
    for count in 1...200 {
      let next = message.count
      message += pointer(last)
      last = next
      if count <= 127 {
        #expect(try Self.name(message, at: last).description == "a.")
      } else {
        #expect(throws: WireError.self) { try Self.name(message, at: last) }
      }
    }
  }

  @Test func everyLabelMayHaveItsPointer() throws {
    var message = RawMessage(counts: [0, 0, 0, 0]).adding([0]).octets
    var last = 12
    for _ in 0..<127 {
      let next = message.count
      message += [1, 0x61] + pointer(last)
      last = next
    }
    #expect(try Self.name(message, at: last).wire.count == 255)
  }

  @Test func readsQuestionsAndRecords() throws {
    let octets = RawMessage(counts: [1, 1, 0, 0]).question(wire("example"), .mx)
      .record([3] + Array("www".utf8) + pointer(12), .a, [192, 0, 2, 1], ttl: 0x7fff_ffff).octets
    var reader = try MessageReader(octets.span)
    let question = try reader.readQuestion()
    #expect(question.nameOffset == 12)
    #expect(question.type == .mx && question.class == .internet)
    let isAtEnd = reader.isAtEnd
    #expect(!isAtEnd)
    let record = try reader.readRecord()
    #expect(record.ownerOffset == 25)
    #expect(record.type == .a && record.class == .internet)
    #expect(record.ttlSeconds == 0x7fff_ffff)
    #expect(octets.span.bigEndian32(at: record.ttlOffset) == 0x7fff_ffff)
    #expect(Array(octets[record.data]) == [192, 0, 2, 1])
    let wasAll = reader.isAtEnd
    #expect(wasAll)
  }

  /// RFC 2181 §8: a TTL with the highest bit set counts as zero.
  @Test(arguments: [(0, 0), (0x7fff_ffff, 0x7fff_ffff), (0x8000_0000, 0), (0xffff_ffff, 0)] as [(UInt32, UInt32)])
  func readsTTLs(written: UInt32, read: UInt32) throws {
    let octets = RawMessage(counts: [0, 1, 0, 0]).record([0], .a, [192, 0, 2, 1], ttl: written).octets
    var reader = try MessageReader(octets.span)
    #expect(try reader.readRecord().ttlSeconds == read)
  }

  @Test func refusesAMessageCutAtEveryOctet() throws {
    let whole = RawMessage(flags: 0x8180, counts: [1, 3, 1, 1]).question(wire("www.example"), .a)
      .record(pointer(12), .cname, [1, 0x78] + pointer(16))
      .record(pointer(41), .a, [192, 0, 2, 1])
      .record(pointer(41), .mx, [0, 1] + pointer(12))
      .record(pointer(16), .soa, pointer(12) + pointer(16) + Array(repeating: 1, count: 20))
      .opt(options: option(15, [0, 3])).octets
    _ = try ParsedMessage(whole)
    for count in 0..<whole.count {
      #expect(throws: WireError.self, "cut to \(count)") { try ParsedMessage(Array(whole[..<count])) }
    }
    #expect(throws: WireError(.trailingOctets, at: whole.count)) { try ParsedMessage(whole + [0]) }
  }

  @Test(arguments: [1, 5, 0xfffc]) func refusesDataPastTheEnd(excess: Int) throws {
    let octets = RawMessage(counts: [0, 1, 0, 0]).record([0], .txt, [2, 1, 1], length: 3 + excess).octets
    var reader = try MessageReader(octets.span)
    #expect(throws: WireError(.truncated, at: 23)) { try reader.readRecord() }
  }

  @Test func needsAHeader() {
    for count in 0..<12 {
      #expect(throws: WireError(.truncated, at: count)) {
        try ParsedMessage(Array(repeating: 0, count: count))
      }
    }
  }
}
