import Testing
import Wire

@testable import Forwarding

/// What is kept of a response: the chain from the question's name, and nothing else (CVE-2021-25220).
struct SanitisingTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let what: String
    var zone = "."
    var dnssecOK = false
    var type = RecordType.a
    let response: TestResponse
    let kept: [String]
    var testDescription: String { what }
  }

  static let a = "www.example. 300 A 192.0.2.1"

  static let cases: [Case] = [
    Case(
      what: "other owners, NS and additional records are dropped",
      response: TestResponse(
        answer: [a, "bank.example. 300 A 192.0.2.66"], authority: ["example. 300 NS ns.evil."],
        additional: ["ns.evil. 300 A 192.0.2.66"]),
      kept: [a]),
    Case(
      what: "a chain in any order",
      response: TestResponse(answer: ["b.example. 60 A 192.0.2.2", "www.example. 30 CNAME b.example."]),
      kept: ["www.example. 30 CNAME b.example.", "b.example. 60 A 192.0.2.2"]),
    Case(
      what: "records keep their order",
      response: TestResponse(answer: ["www.example. 300 A 192.0.2.9", a, "www.example. 300 A 192.0.2.5"]),
      kept: ["www.example. 300 A 192.0.2.9", a, "www.example. 300 A 192.0.2.5"]),
    Case(
      what: "the TTLs of a set are its smallest",
      response: TestResponse(answer: ["www.example. 300 A 192.0.2.9", "www.example. 20 A 192.0.2.1"]),
      kept: ["www.example. 20 A 192.0.2.9", "www.example. 20 A 192.0.2.1"]),
    Case(
      what: "a chain that leaves the rule's zone ends there", zone: "example.",
      response: TestResponse(answer: ["www.example. 30 CNAME bank.test.", "bank.test. 60 A 192.0.2.66"]),
      kept: ["www.example. 30 CNAME bank.test.", "then bank.test."]),
    Case(
      what: "a chain whose end an authoritative server leaves out",
      response: TestResponse(answer: ["www.example. 30 CNAME b.test."], authority: ["example. 300 NS ns.example."]),
      kept: ["www.example. 30 CNAME b.test.", "then b.test."]),
    Case(
      what: "a chain that ends without data",
      response: TestResponse(
        answer: ["www.example. 30 CNAME b.example."], authority: ["example. 40 SOA ns.example. h.example. 50"]),
      kept: ["www.example. 30 CNAME b.example.", "authority: example. 40 SOA ns.example. h.example. 50"]),
    Case(
      what: "a DNAME and the CNAME made from it, whatever the upstream made",
      response: TestResponse(
        answer: ["example. 90 DNAME test.", "www.example. 90 CNAME evil.test.", "www.test. 60 A 192.0.2.3"]),
      kept: ["example. 90 DNAME test.", "www.example. 90 CNAME www.test.", "www.test. 60 A 192.0.2.3"]),
    Case(
      what: "an SOA that is not above the name",
      response: TestResponse(code: 3, authority: ["other. 60 SOA ns.other. h.other. 60"]), kept: ["NXDOMAIN"]),
    Case(
      what: "signatures and proofs when DO asks", dnssecOK: true,
      response: TestResponse(
        answer: [a, "www.example. 300 RRSIG A", "www.example. 300 RRSIG TXT"],
        authority: ["x.example. 300 TYPE47 proof", "x.example. 300 RRSIG TYPE47", "example. 300 NS ns.example."]),
      kept: [
        a, "www.example. 300 RRSIG A", "authority: x.example. 300 TYPE47 proof",
        "authority: x.example. 300 RRSIG TYPE47",
      ]),
    Case(
      what: "no signatures when it does not", response: TestResponse(answer: [a, "www.example. 300 RRSIG A"]),
      kept: [a]),
    Case(
      what: "everything at the name for ANY", type: .any,
      response: TestResponse(answer: [a, "www.example. 200 TXT hello", "bank.example. 300 A 192.0.2.66"]),
      kept: [a, "www.example. 200 TXT hello"]),
  ]

  @Test(arguments: Self.cases)
  func keeps(_ test: Case) throws {
    let rig = try Rig(zone: test.zone)
    let ticket = try rig.ask("www.example.", test.type, dnssecOK: test.dnssecOK)
    try rig.respond(to: try rig.next(), test.response)
    #expect(try rig.text(ticket) == test.kept)
  }

  static let unusable: [(String, TestResponse)] = [
    ("a referral", TestResponse(authority: ["example. 300 NS ns.example."])),
    (
      "a chain that leads back",
      TestResponse(answer: ["www.example. 30 CNAME b.example.", "b.example. 30 CNAME www.example."])
    ),
    (
      "a chain of nine",
      TestResponse(
        answer: ["www.example. 30 CNAME 0.example."] + (0..<9).map { "\($0).example. 30 CNAME \($0 + 1).example." })
    ),
    ("YXDOMAIN without a DNAME", TestResponse(code: 6)),
    ("YXDOMAIN with the address", TestResponse(code: 6, answer: [a])),
    (
      "YXDOMAIN with a DNAME that does not make the name too long",
      TestResponse(code: 6, answer: ["example. 30 DNAME other."])
    ),
    ("NXDOMAIN with the address", TestResponse(code: 3, answer: [a])),
    (
      "NXDOMAIN with the address at the chain's end",
      TestResponse(code: 3, answer: ["www.example. 30 CNAME b.example.", "b.example. 30 A 192.0.2.2"])
    ),
    ("101 records", TestResponse(answer: (0...100).map { "www.example. 30 A 192.0.2.\($0)" })),
  ]

  @Test(arguments: Self.unusable)
  func isNoAnswer(_ what: String, _ response: TestResponse) throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), response)
    #expect(rig.results[ticket] == nil)
    let second = try rig.next()
    #expect(second.upstream == rig.rule.upstreams[1], "the next upstream is asked at once")
    try rig.respond(to: second, response)
    guard case .failure(let failure)? = rig.results[ticket]?.first else {
      Issue.record("\(what) was taken")
      return
    }
    #expect(failure.reason == .upstreamFailure)
  }

  @Test func eightHopsAreTaken() throws {
    let rig = try Rig()
    let chain = ["www.example. 30 CNAME 0.example."] + (0..<7).map { "\($0).example. 30 CNAME \($0 + 1).example." }
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(answer: chain + ["7.example. 30 A 192.0.2.1"]))
    #expect(try rig.text(ticket) == chain + ["7.example. 30 A 192.0.2.1"])
  }

  @Test func dnameThatMakesTheNameTooLong() throws {
    let label = String(repeating: "x", count: 60)
    let long = Array(repeating: label, count: 4).joined(separator: ".") + "."
    let rig = try Rig()
    let ticket = try rig.ask("\(label).example.")
    try rig.respond(to: try rig.next(), TestResponse(code: 6, answer: ["example. 30 DNAME \(long)"]))
    #expect(try rig.text(ticket) == ["YXDOMAIN", "example. 30 DNAME \(long)"])
  }

  /// Every code but NOERROR, NXDOMAIN and a YXDOMAIN that is shown to be one is no answer, whatever comes with it.
  @Test func otherCodesAreNoAnswer() throws {
    for code in UInt16(1)...40 where code != 3 {
      let rig = try Rig()
      let ticket = try rig.ask("www.example.")
      // FORMERR, NOTIMP and BADCOOKIE are answered by asking once more.
      for _ in 0..<3 where rig.results[ticket] == nil {
        try rig.respond(to: try rig.next(), TestResponse(code: code, answer: [Self.a]))
        rig.connect()
      }
      guard case .failure? = rig.results[ticket]?.first else {
        Issue.record("an answer with code \(code) was taken")
        continue
      }
    }
  }

  @Test func compressedNamesDoNotCarryTheRandomCaseOn() throws {
    let rig = try Rig { $0.mixesCase = true }
    let ticket = try rig.ask("abcdefgh.example.")
    let query = try rig.next()
    var message = try TestResponse(hasOPT: false).message(to: query.query)
    // One CNAME whose owner points to the question, and whose target is "x" and a pointer to the question's parent.
    message[7] = 1
    message += [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, 0x78, 0xc0, 21]
    rig.forwarder.received(message.span, on: query.token, now: rig.now)
    rig.drain()
    #expect(try rig.text(ticket) == ["abcdefgh.example. 9 CNAME x.example.", "then x.example."])
  }
}
