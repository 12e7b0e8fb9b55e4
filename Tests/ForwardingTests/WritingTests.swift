import Testing
import Wire

@testable import Forwarding

/// How a kept answer gets into a response.
struct WritingTests {
  private func answered(_ lines: [String], _ type: RecordType = .a, dnssecOK: Bool = false) throws -> UpstreamAnswer {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.", type, dnssecOK: dnssecOK)
    try rig.respond(to: try rig.next(), TestResponse(answer: lines))
    guard case .answer(let answer)? = rig.results[ticket]?.first else { throw TestRecord.Unreadable(line: "no answer") }
    return answer
  }

  /// Writes a response to a question, and gives its octets; nil when something did not fit.
  private func write(
    asked: String, limit: Int = 65_535, _ body: (inout MessageWriter) -> Bool
  ) throws -> [UInt8]? {
    var query: [UInt8] = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    query += try Name(asked).wire + [0, 1, 0, 1]
    var buffer = [UInt8](repeating: 0, count: 65_535)
    var length: Int?
    let names = CompressionMemory(seed: .known)
    do {
      let parsed = try Query(query.span)
      var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
      if writer.start(parsed, from: query.span), body(&writer) { length = writer.count }
    }
    return length.map { Array(buffer[..<$0]) }
  }

  private func owners(_ message: [UInt8]) throws -> [String] {
    let span = message.span
    var reader = try MessageReader(span)
    _ = try reader.readQuestion()
    return try (0..<Int(span.bigEndian16(at: 6))).map { _ in
      let record = try reader.readRecord()
      return "\(try reader.name(at: record.ownerOffset)) \(record.ttlSeconds) \(record.type)"
    }
  }

  static let chain = ["www.example. 30 CNAME b.example.", "b.example. 60 A 192.0.2.1", "b.example. 60 A 192.0.2.2"]

  @Test func firstOwnerKeepsTheClientsCase() throws {
    let answer = try answered(Self.chain)
    let message = try write(asked: "WwW.eXample.") { writer in
      answer.append(hops: 0..<2, to: &writer, ttl: .stale, firstOwner: Header.length)
    }
    #expect(
      try owners(try #require(message)) == ["WwW.eXample. 30 CNAME", "b.example. 30 A", "b.example. 30 A"])
  }

  @Test func someOfTheHops() throws {
    let answer = try answered(Self.chain)
    #expect(answer.target(ofHop: 0) == (try Name("b.example.")) && answer.target(ofHop: 1) == nil)
    let first = try write(asked: "www.example.") { answer.append(hops: 0..<1, to: &$0, ttl: .stale, firstOwner: 12) }
    #expect(try owners(try #require(first)) == ["www.example. 30 CNAME"])
    let last = try write(asked: "www.example.") { answer.append(hops: 1..<2, to: &$0, ttl: .stale, firstOwner: 12) }
    #expect(try owners(try #require(last)) == ["www.example. 30 A", "www.example. 30 A"])
  }

  @Test func endUnderAnotherOwner() throws {
    let answer = try answered(Self.chain + ["b.example. 60 RRSIG A"], dnssecOK: true)
    let now = answer.storedAt + .seconds(10)
    let message = try write(asked: "apex.test.") {
      answer.appendEnd(to: &$0, ttl: .agedAtMost(now, seconds: 20), owner: 12)
    }
    #expect(try owners(try #require(message)) == ["apex.test. 20 A", "apex.test. 20 A"])
    #expect(answer.endData == [[192, 0, 2, 1], [192, 0, 2, 2]])
    #expect(answer.ttlSeconds(.aged(now)) == 20, "the smallest of the chain")
  }

  @Test func whatDoesNotFitIsSaid() throws {
    let answer = try answered(Self.chain)
    let whole = try #require(
      try write(asked: "www.example.") { answer.append(hops: 0..<2, to: &$0, ttl: .stale, firstOwner: 12) })
    // The question takes 29 octets.
    for limit in 29..<whole.count {
      let cut = try write(asked: "www.example.", limit: limit) {
        answer.append(hops: 0..<2, to: &$0, ttl: .stale, firstOwner: 12)
      }
      #expect(cut == nil, "\(limit) octets")
    }
    let exact = try write(asked: "www.example.", limit: whole.count) {
      answer.append(hops: 0..<2, to: &$0, ttl: .stale, firstOwner: 12)
    }
    #expect(exact == whole)
  }

  @Test func ownersBeyondThePointersReach() throws {
    let text = String(repeating: "x", count: 200)
    let lines = ["www.example. 30 CNAME b.test."] + (0..<100).map { "b.test. 60 TXT \($0)\(text)" }
    let answer = try answered(lines, .txt)
    let message = try #require(
      try write(asked: "www.example.") { writer in
        // The hop starts where no pointer leads to.
        var fits = true
        for _ in 0..<2 { fits = fits && answer.append(hops: 0..<2, to: &writer, ttl: .stale, firstOwner: 12) }
        return fits
      })
    #expect(message.count > 0x4000)
    #expect(try owners(message).filter { $0 == "b.test. 30 TXT" }.count == 200)
  }

  @Test func writtenNamesAreCompressed() throws {
    let answer = try answered(Self.chain)
    let message = try #require(
      try write(asked: "www.example.") { answer.append(hops: 0..<2, to: &$0, ttl: .stale, firstOwner: 12) })
    // Question 29; CNAME 12 + 11; each A a pointer, ten octets and four.
    #expect(message.count == 29 + 23 + 2 * 16)
  }
}
