import TestKit
import Testing
import Wire

/// What a message must be to count as a query.
@Suite struct QueryTests {
  static let www = wire("www.example")
  static let plain = RawMessage.query(www)

  static func read(_ message: RawMessage) throws -> Query { try read(message.octets) }
  static func read(_ octets: [UInt8]) throws -> Query { try Query(octets.span) }

  @Test func readsAQuery() throws {
    let message = RawMessage.query(wire("wWw.Example"), .mx, id: 0xbeef, flags: 0x0130)
    let query = try Self.read(message)
    #expect(query.id == 0xbeef)
    #expect(query.flags == [.recursionDesired, .authenticData, .checkingDisabled])
    #expect(query.wantsRecursion)
    #expect(query.type == .mx)
    #expect(query.class == .internet)
    #expect(query.edns == nil)
    #expect(query.name(in: message.octets.span)?.description == "wWw.Example.")
    #expect(query.nameLength == 13)
    #expect(query.questionEnd == message.octets.count)
    let none = query.name(in: [UInt8]().span)
    #expect(none == nil)
  }

  @Test func readsTheRootAndTheLongestName() throws {
    #expect(try Self.read(.query([0])).nameLength == 1)
    let longest = wire(NameTextTests.longest)
    let message = RawMessage.query(longest)
    #expect(try Self.read(message).nameLength == 255)
    #expect(try Self.read(message).name(in: message.octets.span)?.wire == longest)
  }

  /// Any type and class is a query; whether it has an answer is not the reader's affair.
  @Test func readsAnyTypeAndClass() throws {
    let query = try Self.read(.query(Self.www, RecordType(65_535), RecordClass(0)))
    #expect(query.type == RecordType(65_535))
    #expect(query.class == RecordClass(0))
  }

  /// A response is never answered, or two servers could keep each other busy (CVE-2024-2169).
  @Test(arguments: [
    RawMessage(counts: []).octets, [], [0], Array(plain.octets.prefix(11)),
    RawMessage.query(www, flags: 0x8000).octets, RawMessage.query(www, flags: 0xa800).octets,
    Array(RawMessage.query(www, flags: 0x8180).octets.prefix(12)),
  ])
  func ignores(message: [UInt8]) {
    #expect(throws: Query.Refusal.ignore) { try Self.read(message) }
  }

  @Test(arguments: UInt16(1)...15) func refusesOtherOpcodes(opcode: UInt16) {
    #expect(throws: Query.Refusal.opcode) { try Self.read(.query(Self.www, flags: opcode << 11)) }
    // Also when nothing else of the message can be read: NOTIMP is the answer all the same.
    #expect(throws: Query.Refusal.opcode) { try Self.read(RawMessage(flags: opcode << 11, counts: [9, 9, 9, 9])) }
  }

  @Test(arguments: [[0, 0, 0, 0], [2, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 4], [0xffff, 0, 0, 0]])
  func refusesCounts(counts: [Int]) {
    let message = RawMessage(counts: counts).question(Self.www).question(Self.www)
    #expect(throws: Query.Refusal.malformed(WireError(.badCounts, at: 4))) { try Self.read(message) }
  }

  /// Names of a question, what is wrong with each, and where that shows.
  static let badNames: [(octets: String, reason: WireError.Reason, offset: Int)] = [
    // Nothing stands before the question that a pointer could lead to.
    ("c00c", .badPointer, 12), ("c000", .badPointer, 12), ("01 'a' c00c", .badPointer, 14), ("ffff", .badPointer, 12),
    // 01 and 10 are no label types (RFC 6891 §5 took 01 back).
    ("40 00", .badLabel, 12), ("80 00", .badLabel, 12), ("41 01 00", .badLabel, 12), ("01 'a' bf", .badLabel, 14),
    ("3f 'aaaaaaaaaa'", .truncated, 27),
  ]

  @Test(arguments: badNames) func refusesQuestionNames(text: String, reason: WireError.Reason, offset: Int) {
    #expect(throws: Query.Refusal.malformed(WireError(reason, at: offset))) { try Self.read(.query(octets(text))) }
  }

  @Test func refusesANameOf256Octets() {
    let label63: [UInt8] = [63] + Array(repeating: 0x61, count: 63)
    let label62: [UInt8] = [62] + Array(repeating: 0x61, count: 62)
    let name: [UInt8] = [label63, label63, label63, label62, [0]].flatMap { $0 }
    #expect(name.count == 256)
    #expect(throws: Query.Refusal.malformed(WireError(.nameTooLong, at: 12 + 255))) { try Self.read(.query(name)) }
    let manyLabels = octets(String(repeating: "01 'a' ", count: 128) + "00")
    #expect(throws: Query.Refusal.malformed(WireError(.nameTooLong, at: 12 + 256))) {
      try Self.read(.query(manyLabels))
    }
  }

  /// Cut anywhere, a query with OPT and another record is refused, never read past its end and never taken for whole.
  @Test func refusesAQueryCutAtEveryOctet() throws {
    let message = RawMessage.query(Self.www, additional: 2)
      .opt(options: option(10, [1, 2, 3, 4, 5, 6, 7, 8])).record(pointer(12), .a, [192, 0, 2, 1]).octets
    _ = try Query(message.span)
    for count in 0..<message.count {
      #expect(throws: Query.Refusal.self, "cut to \(count)") { try Self.read(Array(message[..<count])) }
    }
  }

  @Test func refusesTrailingOctets() {
    let end = Self.plain.octets.count
    let error = Query.Refusal.malformed(WireError(.trailingOctets, at: end))
    #expect(throws: error) { try Self.read(Self.plain.adding([0])) }
    // A record that the header does not count is no less a trailing octet.
    #expect(throws: error) { try Self.read(Self.plain.opt()) }
  }

  @Test func passesOverOtherAdditionalRecords() throws {
    let query = try Self.read(
      RawMessage.query(Self.www, additional: 3).record([0], .a, [1, 2, 3, 4]).opt(size: 4096)
        .record([0], .tsig, [1, 2, 3], class: RecordClass(255), ttl: 0))
    #expect(query.edns?.payloadSize == 4096)
  }

  @Test(arguments: Seeds.all) func randomOctetsNeverTrap(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let whole = RawMessage.query(Self.www, additional: 2).opt(options: option(15, [0, 1])).record(
      pointer(12), .txt, [0])
    for _ in 0..<20_000 {
      var octets = whole.octets
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        octets[Int.random(in: octets.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if random.oneIn(3) { octets.removeLast(Int.random(in: 0...octets.count, using: &random)) }
      if let query = try? Query(octets.span) { #expect(query.name(in: octets.span) != nil) }
    }
  }
}
