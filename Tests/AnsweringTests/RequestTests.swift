import TestKit
import Testing
import Wire

/// What is answered to requests that are not plain questions of class IN.
@Suite struct RequestTests {
  let server = TestServer(zones: ["example": "www 60 A 192.0.2.1\n"])

  static let www = RawMessage.query(wire("www.example"))

  /// RFC 1035 §4.1.1: NOTIMP, the opcode echoed; a header alone, for the rest may be anything.
  @Test(arguments: UInt16(1)...15) func RFC1035_4_1_1_otherOpcodes(opcode: UInt16) {
    let answer = server.answer(RawMessage.query(wire("www.example"), id: 7, flags: opcode << 11 | 0x0100).octets)
    #expect(answer == bigEndian(7) + bigEndian(Int(0x8104 | opcode << 11)) + Array(repeating: 0, count: 8))
  }

  /// RFC 1035 §4.1.1: FORMERR for what cannot be read; the id and RD come back, the question cannot.
  static let malformed: [RawMessage] = [
    RawMessage(counts: [0, 0, 0, 0]), RawMessage(counts: [2, 0, 0, 0]).question(wire("a")).question(wire("b")),
    RawMessage(counts: [1, 1, 0, 0]).question(wire("a")).record([0], .a, [1, 2, 3, 4]), www.adding([0]),
    RawMessage.query(octets("c00c")), RawMessage.query(wire("a"), additional: 2).opt().opt(),
    RawMessage.query(wire("a"), additional: 1).opt(options: [1]), RawMessage.query(wire("a"), additional: 1),
    RawMessage(counts: [1, 0, 0, 0]),
  ]

  @Test(arguments: malformed.map(\.octets)) func RFC1035_4_1_1_malformed(message: [UInt8]) {
    #expect(server.answer(message) == octets("1234 8101 0000 0000 0000 0000"))
  }

  /// Responses, and what has no header, get nothing: an answer to an answer makes a loop (CVE-2024-2169).
  @Test(arguments: [[], [0x12, 0x34], RawMessage.query(wire("www.example"), flags: 0x8100).octets])
  func CVE_2024_2169_noAnswerToAResponse(message: [UInt8]) {
    #expect(server.answer(message) == nil)
  }

  /// Nobody can be answered at port 0.
  @Test func port0IsNotAnswered() {
    #expect(server.answer(Self.www.octets, port: 0) == nil)
    #expect(server.answer(Self.malformed[0].octets, port: 0) == nil)
    #expect(server.answer(Self.www.octets, port: 1) != nil)
  }

  @Test(arguments: [UInt16(0), 2, 4, 254, 255, 65_535]) func otherClassesAreRefused(number: UInt16) {
    #expect(
      server.ask("www.example", class: RecordClass(number)) == """
        REFUSED rd
        error 21: only class IN, and CH for questions about the server
        """)
  }

  /// RFC 6895 §3.1: types that are never data.
  @Test func RFC6895_3_1_metaTypes() {
    let transfer = "REFUSED rd\nerror 21: zones are not transferred from here"
    #expect(server.ask("example", .axfr) == transfer)
    #expect(server.ask("example", .ixfr) == transfer)
    #expect(server.ask("example", .opt) == "FORMERR rd")
    let types = [.tsig, RecordType(249), RecordType(253), RecordType(254), RecordType(128)]
    for type in types + [RecordType(0), RecordType(65_535)] {
      #expect(server.ask("example", type) == "NOTIMP rd\nerror 21: this type is not data and cannot be asked for")
    }
  }

  /// Types of a few names, asked by one client: all that are low or high, where the special ones are, and some of those
  /// between; what another is answered afterwards is what it was before.
  @Test func noTypeChangesAnotherQuestionsAnswer() {
    let upstreams = ScriptedUpstreams(["other.test. A": "NOERROR\nother.test. 60 A 192.0.2.9"])
    upstreams.answersAllElse = "NOERROR\nauthority: . 60 SOA ns. h. 1 2 3 4 60"
    let server = TestServer(
      zones: ["example": "www 60 A 192.0.2.1\n"], forward: [".": "10.9.9.9"], upstreams)
    let names = ["www.example", "gone.example", "other.test"]
    let before = names.map { server.ask($0) }
    let types = Array(0..<600) + stride(from: 600, to: 65_000, by: 211) + Array(65_000...65_535)
    for (index, type) in types.map({ UInt16($0) }).enumerated() {
      _ = server.answer(RawMessage.query(wire("."), RecordType(type)).octets)
      _ = server.answer(RawMessage.query(wire("www.example"), RecordType(type)).octets)
      // Soon after each, before it is put out of the cache.
      guard index % 16 == 0 || type == 0 || type == .max else { continue }
      upstreams.script["new\(type).test. A"] = "NOERROR\nnew\(type).test. 60 A 192.0.2.10"
      #expect(server.ask("new\(type).test").hasSuffix("new\(type).test. 60 IN A 192.0.2.10"), "after type \(type)")
    }
    #expect(names.map { server.ask($0) } == before)
  }

  /// RD and CD come back as they were, RA is set by whoever gives whole answers, and nothing else is echoed.
  @Test func RFC1035_4_1_1_flags() {
    let answer = "www.example. 60 IN A 192.0.2.1"
    #expect(server.ask("www.example", flags: []) == "NOERROR aa ra\n\(answer)")
    #expect(server.ask("www.example", flags: [.recursionDesired]) == "NOERROR aa rd ra\n\(answer)")
    #expect(server.ask("www.example", flags: [.checkingDisabled]) == "NOERROR aa ra cd\n\(answer)")
    #expect(server.ask("www.example", flags: [.authenticData, .recursionAvailable]) == "NOERROR aa ra\n\(answer)")
    #expect(server.ask("www.example", flags: [.truncated, .authoritative]) == "NOERROR aa ra\n\(answer)")
  }

  @Test func RFC4892_questionsAboutTheServer() {
    #expect(
      server.ask("version.bind", .txt, class: .chaos) == "NOERROR aa rd ra\nversion.bind. 0 CH TXT \"backroad test\"")
    #expect(server.ask("VERSION.server", .txt, class: .chaos).hasSuffix("VERSION.server. 0 CH TXT \"backroad test\""))
    #expect(server.ask("id.server", .txt, class: .chaos).hasSuffix("id.server. 0 CH TXT \"host.test\""))
    #expect(server.ask("hostname.bind", .any, class: .chaos).hasSuffix("hostname.bind. 0 CH TXT \"host.test\""))
    #expect(
      server.ask("whoami.backroad", .txt, class: .chaos, from: "10.1.2.3").hasSuffix(
        "whoami.backroad. 0 CH TXT \"workspace=acme\" \"client=10.1.2.3\" \"by=prefix\" \"prefix=10.0.0.0/8\""))
    let refused = """
      REFUSED rd
      error 21: in class CH ask TXT of version.bind, id.server, hostname.bind or whoami.backroad
      """
    #expect(server.ask("www.example", .txt, class: .chaos) == refused)
    #expect(server.ask("version.bind", .a, class: .chaos) == refused)
    #expect(server.ask("x.version.bind", .txt, class: .chaos) == refused)
    // They are names of class CH alone.
    #expect(!server.ask("version.bind", .txt).contains("backroad test"))
  }
}
