import Answering
import TestKit
import Testing
import Wire

/// How large an answer may be, and what comes when it is larger (RFC 1035 §4.2.1, RFC 6891 §6.2, RFC 2181 §9).
@Suite struct SizeTests {
  static func server(recordCount: Int) -> TestServer {
    let records = (0..<recordCount).map { "many 60 A 192.0.\($0 / 250).\($0 % 250)\n" }.joined()
    return TestServer(zones: ["example": records + "chain 60 CNAME many\n"])
  }

  /// The question is 30 octets, each record 16, OPT 11: 30 records make 510 without OPT and 521 with it.
  @Test(
    arguments: [
      (30, nil, false), (31, nil, true),
      (29, 512, false), (30, 512, true), (29, 0, false), (30, 0, true), (29, 511, false), (30, 511, true),
      (30, 521, false), (30, 520, true), (74, 1_232, false), (75, 1_232, true), (74, 4_096, false), (75, 4_096, true),
      (75, 65_535, true), (75, 1_231, true),
    ] as [(Int, UInt16?, Bool)])
  func RFC6891_6_2_5_payloadSizes(recordCount: Int, size: UInt16?, isTruncated: Bool) throws {
    var query = RawMessage.query(wire("many.example"), additional: size == nil ? 0 : 1)
    if let size { query = query.opt(size: size) }
    let answer = try #require(Self.server(recordCount: recordCount).answer(query.octets))
    let parsed = try ParsedMessage(answer)
    #expect(answer.count <= max(Int(size ?? 512), 512) && answer.count <= 1_232)
    #expect(parsed.header.flags.contains(.truncated) == isTruncated)
    // RFC 2181 §9: what does not fit whole is not sent in part.
    #expect(parsed.answer.count == (isTruncated ? 0 : recordCount))
    #expect((parsed.edns != nil) == (size != nil))
    if parsed.edns != nil { #expect(parsed.edns?.payloadSize == 1_232) }
  }

  @Test func RFC7766_5_TCPHasRoom() throws {
    let server = Self.server(recordCount: 100)
    #expect(server.ask("many.example", via: .udp) == "NOERROR aa tc rd ra")
    let whole = server.ask("many.example", via: .tcp)
    #expect(whole.split(separator: "\n").count == 101)
    #expect(server.ask("many.example", via: .tcp, size: 512) == whole)
    #expect(server.ask("many.example", via: .tcp, size: nil) == whole)
  }

  @Test func aChainIsWholeOrNotAtAll() {
    #expect(Self.server(recordCount: 100).ask("chain.example") == "NOERROR aa tc rd ra")
    #expect(Self.server(recordCount: 2).ask("chain.example").split(separator: "\n").count == 4)
  }

  /// What does not even fit a TCP message is SERVFAIL: TC there would only have the client ask again.
  @Test func tooLargeForTCP() {
    // One set of 64,000 octets, which a zone may have, behind a chain of CNAMEs with long names.
    let strings = (0..<9).map { _ in "\"" + String(repeating: "x", count: 255) + "\"" }.joined(separator: " ")
    let large = (0..<28).map { "big 60 TXT \"\($0)\" \(strings)\n" }.joined()
    let label = String(repeating: "l", count: 63)
    let chain = (1...8).map { hop in
      let target = hop == 8 ? "big" : "h\(hop + 1).\(label).\(label).\(label)"
      return "h\(hop).\(label).\(label).\(label) 60 CNAME \(target)\n"
    }
    let server = TestServer(zones: ["example": large + chain.joined()])
    #expect(server.ask("big.example", .txt, via: .tcp).split(separator: "\n").count == 29)
    #expect(
      server.ask("h1.\(label).\(label).\(label).example", .txt, via: .tcp) == """
        SERVFAIL rd ra
        error 0: the answer does not fit into a message
        """)
  }

  @Test func RFC6891_6_1_1_onlyToThoseWhoSentIt() throws {
    let server = Self.server(recordCount: 1)
    #expect(try ParsedMessage(#require(server.answer(RawMessage.query(wire("many.example")).octets))).additional == [])
  }

  /// RFC 6891 §6.1.3: BADVERS, with the version that is known, and nothing else.
  @Test(arguments: [UInt8(1), 255]) func RFC6891_6_1_3_badVersion(version: UInt8) throws {
    let query = RawMessage.query(wire("many.example"), additional: 1).opt(version: version).octets
    let answer = try ParsedMessage(#require(Self.server(recordCount: 1).answer(query)))
    #expect(answer.description == "BADVERS rd")
    #expect(answer.edns?.version == 0)
  }

  /// RFC 3225 §3: DO comes back; unknown options and flags do not (RFC 6891 §6.1.2 and §6.1.4).
  @Test func RFC3225_3_DOComesBack() throws {
    let server = Self.server(recordCount: 1)
    let query = RawMessage.query(wire("many.example"), additional: 1)
    let options = option(10, [1, 2, 3, 4, 5, 6, 7, 8]) + option(65_001, [1])
    let with = try ParsedMessage(#require(server.answer(query.opt(flags: 0xffff, options: options).octets)))
    #expect(with.edns?.dnssecOK == true)
    #expect(with.additional.map(\.ttlSeconds) == [0x8000])
    #expect(with.additional.map(\.data) == [[]])
    let without = try ParsedMessage(#require(server.answer(query.opt(flags: 0x7fff).octets)))
    #expect(without.edns?.dnssecOK == false)
  }

  /// An Extended DNS Error is a help, not a part of the answer: what has no room for it goes without.
  @Test func RFC8914_3_theTextYields() throws {
    // A referral of one NS record with the longest name: 28 for the question, 267 for the record, 101 for OPT.
    let label = String(repeating: "l", count: 63)
    let target = [label, label, label, String(repeating: "l", count: 61)].joined(separator: ".")
    let server = TestServer(zones: ["example": "a 60 NS \(target).\nb 60 NS \(target).\nb 60 NS x.test.\n"])
    #expect(server.ask("x.\(label).a.example", size: 512).contains("\nerror 0: this name is delegated"))
    let crowded = server.ask("x.\(label).\(label).b.example", size: 512)
    #expect(crowded.hasPrefix("NOERROR rd ra\nauthority: b.example."))
    #expect(!crowded.contains("error"))
  }
}
