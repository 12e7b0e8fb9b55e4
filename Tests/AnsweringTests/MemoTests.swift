import Answering
import Forwarding
import TestKit
import Testing
import Wire

/// Answers that are given again as octets: never other than the long way gives them.
@Suite struct MemoTests {
  static let zones = [
    "example": """
    link  60  CNAME  vpce.test.
    deep  90  CNAME  link
    d     30  DNAME  test.
    """,
    "priv.test": "a 40 A 192.0.2.7",
  ]
  static let soa = "authority: test. 50 SOA ns.test. host.test. 1 2 3 4 45"
  static let script = [
    "vpce.test. A": "NOERROR ad\nvpce.test. 60 A 192.0.2.1\nvpce.test. 60 A 192.0.2.2",
    "vpce.test. AAAA": "NOERROR\n\(soa)",
    "www.test. A": "NOERROR ad\nwww.test. 100 CNAME cdn.test.\ncdn.test. 20 A 192.0.2.3",
    "short.test. A": "NOERROR\nshort.test. 3 A 192.0.2.4",
    "zero.test. A": "NOERROR\nzero.test. 0 A 192.0.2.4",
    "gone.test. A": "NXDOMAIN\n\(soa)",
    "inner.test. A": "NOERROR\ninner.test. 50 CNAME a.priv.test.",
    "big.test. TXT": "NOERROR\n"
      + (1...9).map { "big.test. 30 TXT \"\($0)\(String(repeating: "x", count: 90))\"" }.joined(separator: "\n"),
    "over.test. A": "NOERROR\nover.test. 30 CNAME end.other.\nend.other. 40 A 192.0.2.9",
    "end.other. A": "NOERROR\nend.other. 25 A 192.0.2.8",
    "broken.test. A": "SERVFAIL",
  ]
  static let questions: [(String, RecordType)] = [
    ("link.example", .a), ("deep.example", .a), ("link.example", .aaaa), ("vpce.d.example", .a), ("VPCE.d.example", .a),
    ("www.test", .a), ("wWw.test", .a), ("short.test", .a), ("zero.test", .a), ("gone.test", .a), ("x.gone.test", .a),
    ("inner.test", .a), ("big.test", .txt), ("over.test", .a), ("broken.test", .a), ("vpce.test", .a),
  ]

  static func server() -> TestServer {
    TestServer(
      zones: zones, settings: #"{ "clients": ["10.0.0.0/8"], "forward": [{ "zone": "test", "to": ["10.9.0.1"] }] }"#,
      forward: [".": "10.9.0.9"], ScriptedUpstreams(script))
  }

  /// The same questions in the same moments to a server that remembers and to one that does not.
  @Test(arguments: Seeds.all) func givesTheOctetsOfTheLongWay(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (server, plain) = (Self.server(), Self.server())
    plain.forgetsAnswers = true
    for round in 0..<4_000 {
      let (name, type) = random.pick(Self.questions)
      let flags = random.pick([0x0100, 0x0100, 0x0100, 0x0110, 0x0120, 0x0000] as [UInt16])
      var query = RawMessage.query(wire(name), type, flags: flags, additional: 0)
      if random.oneIn(2) {
        query = RawMessage.query(wire(name), type, flags: flags, additional: 1)
          .opt(size: random.pick([512, 700, 1_232]), flags: random.oneIn(4) ? 0x8000 : 0)
      }
      let transport: Transport = random.oneIn(4) ? .tcp : .udp
      let got = server.answer(query.octets, via: transport)
      let expected = plain.answer(query.octets, via: transport)
      guard got == expected else {
        Issue.record("round \(round), \(name) \(type): got\n\(Self.text(got))\nexpected\n\(Self.text(expected))")
        return
      }
      let next = max(server.upstreams.now, plain.upstreams.now) + .milliseconds(random.pick([0, 1, 400, 3_000]))
      (server.upstreams.now, plain.upstreams.now) = (next, next)
    }
    #expect(server.recalledCount > 400)
    #expect(plain.recalledCount <= 1)
  }

  private static func text(_ answer: [UInt8]?) -> String { answer.map { TestServer.text($0) } ?? "nothing" }

  /// The time to the second, the cache's state and the workspace's decide; the question's case and its flags do too.
  @Test func forgetsWhenItMust() {
    let server = Self.server()
    let start = server.upstreams.now
    func recalls(_ seconds: Double) -> Bool {
      server.upstreams.now = start + .milliseconds(Int64(seconds * 1000))
      let before = server.recalledCount
      _ = server.ask("link.example")
      return server.recalledCount > before
    }
    #expect(!recalls(0))
    #expect(recalls(0) && recalls(53.9))
    // The last tenth of 60 seconds is the cache's, which may ask anew.
    #expect(!recalls(54))
    server.cacheEpoch = 1
    #expect(!recalls(1))
    #expect(recalls(1))
    #expect(server.ask("link.example", flags: []).hasPrefix("NOERROR aa ra\nlink.example. 60 IN CNAME vpce.test."))
  }

  /// Two workspaces with the same question each get their own answer, whoever asked first.
  @Test func neverAnswersForAnotherWorkspace() {
    let server = TestServer(
      [
        TestWorkspace("acme", settings: #"{ "clients": ["10.1.0.0/16"] }"#, zones: ["example": "w 60 CNAME a.test."]),
        TestWorkspace("globex", settings: #"{ "clients": ["10.2.0.0/16"] }"#, zones: ["example": "w 60 CNAME b.test."]),
      ], forward: [".": "10.9.0.9"],
      ScriptedUpstreams([
        "a.test. A": "NOERROR\na.test. 60 A 192.0.2.1", "b.test. A": "NOERROR\nb.test. 60 A 192.0.2.2",
      ]))
    for _ in 0..<3 {
      #expect(server.ask("w.example", from: "10.1.0.1").hasSuffix("192.0.2.1"))
      #expect(server.ask("w.example", from: "10.2.0.1").hasSuffix("192.0.2.2"))
    }
    #expect(server.recalledCount == 4)
  }

  /// More answers than the ring holds: the newest are there, and none is another's.
  @Test func theNewestOverwriteTheOldest() {
    let count = 7_000
    let text = [250, 250, 250].map { "\"\(String(repeating: "t", count: $0))\"" }.joined(separator: " ")
    let server = TestServer(
      zones: [:], forward: [".": "10.9.0.9"],
      ScriptedUpstreams(
        Dictionary(
          uniqueKeysWithValues: (0..<count).map {
            ("n\($0).test. TXT", "NOERROR\nn\($0).test. 3600 TXT \"\($0)\" \(text)")
          })))
    for number in 0..<count { _ = server.ask("n\(number).test", .txt) }
    let before = server.recalledCount
    for number in stride(from: count - 1, to: count - 3_000, by: -1) {
      #expect(server.ask("n\(number).test", .txt).contains("\"\(number)\""))
    }
    #expect(server.recalledCount - before > 2_900)
  }

  /// Of the answers to one name some go the long way, so that the cache knows that it is asked for.
  @Test func theCacheSeesWhatIsAskedForOften() {
    let server = Self.server()
    for _ in 0..<1_000 { _ = server.ask("link.example") }
    #expect((970..<990).contains(server.recalledCount), "\(server.recalledCount)")
  }
}
