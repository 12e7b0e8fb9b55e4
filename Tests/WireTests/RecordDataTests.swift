import TestKit
import Testing
import Wire

/// Record data: its layout by type, names in it written out, and nothing past its end.
@Suite struct RecordDataTests {
  /// Reads the data of the one record of a message whose question `example.` is at 12 and whose data starts at 36.
  static func data(_ type: RecordType, _ data: [UInt8], more: [UInt8] = []) throws -> [UInt8] {
    let octets = RawMessage(counts: [1, 1, 0, 0]).question(wire("example")).record([0], type, data).octets + more
    var reader = try MessageReader(octets.span)
    _ = try reader.readQuestion()
    let record = try reader.readRecord()
    #expect(record.data.lowerBound == 36)
    return try reader.uncompressedData(of: record)
  }

  /// Types, data with compressed names as a message may hold it, and the data with these written out: every type whose
  /// names a sender may compress (RFC 1035 §3.3, RFC 3597 §4), and some that have none.
  static let layouts: [(type: UInt16, data: String, expected: String)] = [
    (1, "c0000201", "c0000201"), (28, "20010db8000000000000000000000001", "20010db8000000000000000000000001"),
    (2, "c00c", "<example>"), (3, "c00c", "<example>"), (4, "c00c", "<example>"), (5, "01 'a' c00c", "<a.example>"),
    (7, "c00c", "<example>"), (8, "c00c", "<example>"), (9, "c00c", "<example>"), (12, "c00c", "<example>"),
    (39, "c00c", "<example>"),
    (6, "c00c c014 '12345678901234567890'", "<example> 00 '12345678901234567890'"),
    (14, "c00c 01 'a' c00c", "<example> <a.example>"), (17, "c00c c014", "<example> 00"),
    (15, "000a c00c", "000a <example>"), (18, "0001 c00c", "0001 <example>"), (21, "0001 c00c", "0001 <example>"),
    (36, "0001 c00c", "0001 <example>"), (26, "0001 c00c c014", "0001 <example> 00"),
    (33, "0001 0002 0035 c00c", "0001 0002 0035 <example>"),
    (35, "0001 0002 01 's' 00 01 '.' c00c", "0001 0002 01 's' 00 01 '.' <example>"),
    (16, "00", "00"), (16, "02 'ab' 00 01 'c'", "02 'ab' 00 01 'c'"), (13, "01 'a' 01 'b'", "01 'a' 01 'b'"),
    (257, "00 05 'issue' ';'", "00 05 'issue' ';'"), (257, "80 05 'issue'", "80 05 'issue'"),
    // Names in types that came later are never compressed (RFC 3597 §4): what looks like a pointer is data.
    (47, "c00c", "c00c"), (64, "0001 c00c", "0001 c00c"), (65_280, "c00c", "c00c"), (65_280, "", ""), (10, "", ""),
  ]

  @Test(arguments: layouts) func writesNamesOut(type: UInt16, data: String, expected: String) throws {
    let type = RecordType(type)
    let expected = octets(expected)
    #expect(try Self.data(type, octets(data)) == expected)
    // The same data without compression is valid, and comes out as it is.
    #expect(try Self.data(type, expected) == expected)
    #expect(RecordData.isValid(expected, for: type))
  }

  static let bad: [(type: UInt16, data: String)] = [
    (1, ""), (1, "010203"), (1, "0102030405"), (28, "01020304"), (28, "20010db800000000000000000000000100"),
    (2, ""), (2, "01"), (2, "01 'a'"), (2, "<a> 00"), (2, "40 00"), (2, "c0"),
    (6, "00 00"), (6, "00 00 '1234567890123456789'"), (6, "00 00 '123456789012345678901'"),
    (15, ""), (15, "00"), (15, "0001"), (15, "0001 00 00"), (33, "0001 0002 00"), (33, "0001 0002 0035"),
    (16, ""), (16, "01"), (16, "00 02 01"), (16, "ff"),
    (35, "0001 0002"), (35, "0001 0002 00"), (35, "0001 0002 00 00 00"), (35, "0001 0002 00 00 09 00"),
    (257, ""), (257, "00"), (257, "00 05 'i'"), (13, "01 'a'"), (13, "01 'a' 02 'b'"), (13, "00 00 00"),
  ]

  @Test(arguments: bad) func refusesData(type: UInt16, data: String) {
    let data = octets(data)
    #expect(throws: WireError.self) { try Self.data(RecordType(type), data) }
    #expect(!RecordData.isValid(data, for: RecordType(type)))
    // What follows the record must not lend it what it lacks.
    #expect(throws: WireError.self) { try Self.data(RecordType(type), data, more: Array(repeating: 0, count: 300)) }
  }

  /// The part of a name that stands in the data ends with the data, though what a pointer leads to is anywhere before.
  @Test func aNameMayNotGoOnBehindTheData() {
    #expect(throws: WireError.self) { try Self.data(.ns, [1, 0x61], more: [0]) }
    #expect(throws: WireError.self) { try Self.data(.ns, [3, 0x61], more: [0x62, 0x63, 0]) }
    #expect(throws: WireError.self) { try Self.data(.ns, [0xc0], more: [12]) }
    #expect(throws: WireError(.badPointer, at: 36)) { try Self.data(.ns, pointer(36)) }
    #expect(throws: WireError(.badPointer, at: 36)) { try Self.data(.ns, pointer(40), more: wire("example")) }
  }

  @Test func isNotValidWithATooLongName() {
    let long = octets(String(repeating: "01 'a' ", count: 127) + "00")
    #expect(RecordData.isValid(long, for: .ns))
    #expect(!RecordData.isValid(octets("01 'a'") + long, for: .ns))
    #expect(!RecordData.isValid(pointer(12), for: .ns))
  }

  @Test func findsNamesInData() {
    #expect(RecordData.name(in: wire("a.b")) == name("a.b"))
    #expect(RecordData.name(in: [0, 10] + wire("a.b"), at: 2) == name("a.b"))
    #expect(RecordData.name(in: wire("a.b") + [9, 9]) == name("a.b"))
    #expect(RecordData.name(in: []) == nil)
    #expect(RecordData.name(in: [1], at: 2) == nil)
    #expect(RecordData.name(in: [2, 0x61, 0]) == nil)
    #expect(RecordData.nameLength([0]) == 1)
  }

  @Test(arguments: Seeds.all) func randomDataIsValid(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<3_000 {
      let record = random.record()
      if !RecordData.isValid(record.data, for: record.type) { Issue.record("\(record)") }
      // One octet less is not valid, unless the type's data ends with anything.
      guard RecordData.layout(of: record.type).last != .rest, !record.data.isEmpty else { continue }
      if record.type == .txt { continue }
      if RecordData.isValid(record.data.dropLast(), for: record.type) { Issue.record("too short: \(record)") }
    }
  }
}
