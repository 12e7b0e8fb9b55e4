import TestKit
import Testing
import Wire

/// The OPT record of a query (RFC 6891).
@Suite struct EDNSTests {
  static func read(_ message: RawMessage) throws -> EDNS {
    try #require(try Query(message.octets.span).edns)
  }

  static let query = RawMessage.query(wire("example"), additional: 1)
  /// Where the OPT record of `query` stands.
  static let start = query.octets.count

  @Test func readsTheFixedPart() throws {
    let edns = try Self.read(Self.query.opt(size: 4096, version: 0, flags: 0x8000))
    #expect(edns.payloadSize == 4096)
    #expect(edns.version == 0)
    #expect(edns.extendedCode == 0)
    #expect(edns.dnssecOK)
    #expect(edns.options.isEmpty)
    #expect(try !Self.read(Self.query.opt(flags: 0x7fff)).dnssecOK)
    #expect(try Self.read(Self.query.opt(size: 0)).payloadSize == 0)
  }

  /// A version that is not known is for the answer to refuse, with BADVERS (RFC 6891 §6.1.3).
  @Test(arguments: [UInt8(1), 2, 255]) func readsEveryVersion(version: UInt8) throws {
    #expect(try Self.read(Self.query.opt(version: version)).version == version)
  }

  @Test func findsOptions() throws {
    let message = Self.query.opt(options: option(10, [1, 2]) + option(15, []) + option(10, [3]) + option(65_001, [7]))
    let edns = try Self.read(message)
    let span = message.octets.span
    #expect(edns.option(10, in: span).map { Array(message.octets[$0]) } == [1, 2])
    #expect(edns.option(15, in: span).map { Array(message.octets[$0]) } == [])
    #expect(edns.option(65_001, in: span).map { Array(message.octets[$0]) } == [7])
    #expect(edns.option(3, in: span) == nil)
  }

  @Test(
    arguments: [
      [0], [0, 10], [0, 10, 0], [0, 10, 0, 1], [0, 10, 0, 0, 9], [0, 10, 0xff, 0xff], [0, 10, 0, 2, 1],
      option(10, [1, 2]) + [0, 15, 0, 9, 1],
    ] as [[UInt8]])
  func refusesOptionsThatDoNotFill(options: [UInt8]) {
    #expect {
      try Self.read(Self.query.opt(options: options))
    } throws: { error in
      guard case Query.Refusal.malformed(let error) = error else { return false }
      return error.reason == .badOPT
    }
  }

  @Test func refusesTwo() {
    let message = RawMessage.query(wire("example"), additional: 2).opt().opt()
    #expect(throws: Query.Refusal.malformed(WireError(.badOPT, at: Self.start + 11))) { try Self.read(message) }
  }

  /// The owner is the root itself, not even a pointer to one (RFC 6891 §6.1.2: it MUST be 0).
  @Test(arguments: [wire("a"), pointer(12), pointer(20)]) func refusesAnOwner(owner: [UInt8]) {
    #expect(throws: Query.Refusal.malformed(WireError(.badOPT, at: Self.start))) {
      try Self.read(Self.query.opt(owner: owner))
    }
  }

  @Test func isReadWhereverItStandsAmongOthers() throws {
    let query = RawMessage.query(wire("example"), additional: 2)
    #expect(try Self.read(query.opt(size: 999).record([0], .a, [1, 2, 3, 4])).payloadSize == 999)
    #expect(try Self.read(query.record([0], .a, [1, 2, 3, 4]).opt(size: 999)).payloadSize == 999)
  }
}
