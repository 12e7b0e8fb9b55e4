import Answering
import TestKit
import Testing
import Wire

/// The wire format, judged by libldns.
@Suite struct JudgeTests {
  /// Records of every type in the text that libldns reads.
  static let records = [
    "www.example. 300 IN A 192.0.2.1", "www.example. 300 IN AAAA 2001:db8::1", "example. 300 IN NS ns1.example.",
    "alias.example. 300 IN CNAME www.example.", "example. 300 IN SOA ns1.example. hostmaster.example. 1 2 3 4 5",
    "1.2.0.192.in-addr.arpa. 300 IN PTR www.example.", "example. 300 IN MX 10 mail.example.",
    "txt.example. 300 IN TXT \"hello\" \"\" \"wor\\\"ld\\000\"", "_x._tcp.example. 300 IN SRV 1 2 53 www.example.",
    "example. 300 IN CAA 128 issue \"ca.example; policy=x\"",
    "example. 300 IN NAPTR 1 2 \"s\" \"SIP+D2U\" \"!^.*$!x!\" _sip.example.", "old.example. 300 IN DNAME new.example.",
    "example. 300 IN HINFO \"cpu\" \"os\"", "example. 300 IN RP mail.example. txt.example.",
    "example. 300 IN AFSDB 1 www.example.", "example. 300 IN RT 1 www.example.", "example. 300 IN KX 1 www.example.",
    "example. 300 IN PX 1 a.example. b.example.", "example. 300 IN MINFO a.example. b.example.",
    "example. 300 IN MB a.example.", "example. 300 IN MG a.example.", "example. 300 IN MR a.example.",
    "example. 300 IN DS 1 8 2 aabbccdd", "example. 300 IN TYPE65280 \\# 3 010203", "example. 300 IN TYPE65281 \\# 0",
    "*.Example. 2147483647 IN A 192.0.2.2", "a\\.b\\000.example. 0 IN A 192.0.2.3",
  ]

  @Test(arguments: records) func readsWhatItBuilds(record: String) throws {
    let message = try Judge.build("?www.example. IN A\n\(record)\n!\(record)\n+\(record)")
    let parsed = try ParsedMessage(message)
    let (here, there) = (Judge.reading(parsed), try Judge.read(message))
    #expect(here == there)
    #expect(parsed.answer.count == 1 && parsed.authority == parsed.answer && parsed.additional == parsed.answer)
  }

  @Test func readsWhatItCompresses() throws {
    let message = try Judge.build("?www.example. IN A\n" + (Self.records + Self.records).joined(separator: "\n"))
    let parsed = try ParsedMessage(message)
    #expect(try Judge.reading(parsed) == Judge.read(message))
    #expect(parsed.answer.count == 2 * Self.records.count)
    let uncompressed = parsed.answer.reduce(0) { $0 + $1.owner.wire.count + 10 + $1.data.count }
    #expect(message.count < uncompressed, "libldns did not compress, so that this shows nothing")
  }

  @Test(arguments: [
    [], option(3, []), option(10, [1, 2, 3, 4, 5, 6, 7, 8]) + option(15, [0, 18] + Array("why".utf8)),
    option(65_001, Array(repeating: 7, count: 300)),
  ]) func readsItsEDNS(options: [UInt8]) throws {
    let message = try Judge.build("?www.example. IN A", edns: 1_400, options: options)
    let parsed = try ParsedMessage(message)
    #expect(parsed.edns?.payloadSize == 1_400)
    #expect(parsed.additional.first?.data == options)
    #expect(try Judge.reading(parsed) == Judge.read(message))
  }

  /// Random records: written here and read there, written anew there and read here.
  @Test(arguments: Seeds.all) func randomMessagesBothWays(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<400 {
      let message = Self.randomMessage(&random)
      let parsed = try ParsedMessage(message)
      let judged = try Judge.read(message)
      try Self.requireEqual(Judge.reading(parsed), judged)
      // Names are equal in any case, but neither side may change it.
      #expect(Judge.reading(parsed).sections.joined().map(\.owner.wire) == judged.sections.joined().map(\.owner.wire))
      let rewritten = try Judge.rewrite(message)
      // libldns points at names that differ in case, and so changes it.
      try Self.requireEqual(Judge.reading(ParsedMessage(rewritten)).lowercased, judged.lowercased)
    }
  }

  /// Ends the test at the first difference, and shows that alone.
  static func requireEqual(_ here: Judge.Reading, _ there: Judge.Reading) throws {
    let pairs = zip(here.sections.joined(), there.sections.joined())
    if let (here, there) = pairs.first(where: { $0 != $1 }) { Issue.record("here \(here)\nthere \(there)") }
    try #require(here.sections.map(\.count) == there.sections.map(\.count))
    let rests = [here, there].map { reading in
      Judge.Reading(id: reading.id, flags: reading.flags, sections: [], edns: reading.edns, options: reading.options)
    }
    try #require(rests[0] == rests[1])
    try #require(here == there)
  }

  static func randomMessage(_ random: inout SeededGenerator) -> [UInt8] {
    let query = RawMessage.query(random.name().wire, random.pick(randomRecordTypes), flags: 0x0110).octets
    var buffer = [UInt8](repeating: 0, count: 20_000)
    let names = CompressionMemory(seed: .known)
    var writer = MessageWriter(buffer.mutableSpan, limit: 20_000, names: names.table())
    guard let checked = try? Query(query.span), writer.start(checked, from: query.span) else { return [] }
    for section in [Section.answer, .authority, .additional] {
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let record = random.record()
        _ = writer.append(
          record.owner, record.type, record.class, ttl: record.ttlSeconds, data: record.data.span, to: section)
      }
    }
    if random.oneIn(2) {
      let error = random.oneIn(2) ? ExtendedError(.blocked, "because") : nil
      _ = writer.appendOPT(payloadSize: 1_232, code: .badVersion, dnssecOK: random.oneIn(2), error: error)
    }
    return writer.message.array
  }

  /// What the responder answers, over UDP and TCP.
  @Test func readsAnswers() throws {
    let server = TestServer(zones: [
      "example": """
      www   60 A     192.0.2.1
      cn    60 CNAME www
      old   60 DNAME new
      *.w   60 TXT   "x"
      mail  60 MX    10 www
      child 60 NS    ns.elsewhere.test.
      """
    ])
    for question in ["www", "CN", "x.old", "y.w", "mail", "child", "nope", "a.b"] {
      for type in [RecordType.a, .mx, .txt, .any, .axfr] {
        for transport in [Transport.udp, .tcp] {
          let query = RawMessage.query(wire(question + ".Example"), type, additional: 1).opt(flags: 0x8000).octets
          let answer = try #require(server.answer(query, via: transport))
          #expect(try Judge.reading(ParsedMessage(answer)) == Judge.read(answer), "\(question) \(type)")
        }
      }
    }
  }
}
