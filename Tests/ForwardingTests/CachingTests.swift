import Testing
import Wire

@testable import Forwarding

/// What is kept, for how long, and for whom.
struct CachingTests {
  static let answer = "www.example. 300 A 192.0.2.1"
  static let soa = "example. 3600 SOA ns.example. h.example. 3600"

  /// Asks, answers if need be, and gives the text.
  private func resolve(_ rig: Rig, _ response: TestResponse, _ name: String = "www.example.") throws -> [String] {
    let ticket = try rig.ask(name)
    if rig.results[ticket] == nil { try rig.respond(to: try rig.next(), response) }
    return try rig.text(ticket)
  }

  @Test func ttlCountsDownOnly() throws {
    let rig = try Rig()
    let response = TestResponse(answer: ["www.example. 30 CNAME b.example.", "b.example. 300 A 192.0.2.1"])
    _ = try resolve(rig, response)
    rig.pass(.milliseconds(1999))
    #expect(try resolve(rig, response) == ["www.example. 29 CNAME b.example.", "b.example. 299 A 192.0.2.1"])
    rig.pass(.milliseconds(28000))
    #expect(try resolve(rig, response) == ["www.example. 1 CNAME b.example.", "b.example. 271 A 192.0.2.1"])
    #expect(rig.forwarder.counters.datagramQueries == 1)
    rig.pass(.milliseconds(1))
    _ = try resolve(rig, response)
    #expect(rig.forwarder.counters.datagramQueries == 2)
  }

  @Test func longestTTLIsADay() throws {
    let rig = try Rig()
    #expect(
      try resolve(rig, TestResponse(answer: ["www.example. 2147483647 A 192.0.2.1"]))
        == ["www.example. 86400 A 192.0.2.1"])
  }

  @Test func ttlWithTheHighestBitIsZero() throws {
    let rig = try Rig()
    #expect(
      try resolve(rig, TestResponse(answer: ["www.example. 4000000000 A 192.0.2.1"])) == ["www.example. 0 A 192.0.2.1"])
    #expect(rig.cache.count == 0)
  }

  @Test func zeroIsForThoseWhoWaitAlone() throws {
    let rig = try Rig()
    let tickets = try (0..<3).map { _ in try rig.ask("www.example.") }
    try rig.respond(to: try rig.next(), "www.example. 0 A 192.0.2.1")
    for ticket in tickets { #expect(try rig.text(ticket) == ["www.example. 0 A 192.0.2.1"]) }
    try rig.ask("www.example.")
    #expect(rig.sent.count == 1)
  }

  struct Negative: Sendable {
    let code: UInt16
    let soa: String?
    /// How long it is kept, in seconds.
    let kept: Int
  }

  static let negatives = [
    Negative(code: 3, soa: "example. 3600 SOA ns.example. h.example. 3600", kept: 60),
    Negative(code: 0, soa: "example. 3600 SOA ns.example. h.example. 3600", kept: 60),
    Negative(code: 3, soa: "example. 20 SOA ns.example. h.example. 3600", kept: 20),
    Negative(code: 0, soa: "example. 3600 SOA ns.example. h.example. 15", kept: 15),
    Negative(code: 3, soa: "example. 0 SOA ns.example. h.example. 3600", kept: 0),
    Negative(code: 3, soa: nil, kept: 0),
    Negative(code: 0, soa: nil, kept: 0),
    Negative(code: 3, soa: "other. 60 SOA ns.other. h.other. 60", kept: 0),
  ]

  @Test(arguments: Self.negatives)
  func negativeAnswersAreKept(_ test: Negative) throws {
    let rig = try Rig()
    _ = try resolve(rig, TestResponse(code: test.code, authority: test.soa.map { [$0] } ?? []))
    guard test.kept > 0 else {
      try rig.ask("www.example.")
      #expect(rig.sent.count == 1)
      return
    }
    rig.pass(.milliseconds(test.kept * 1000 - 1))
    let code = test.code == 3 ? ["NXDOMAIN"] : []
    #expect(
      try resolve(rig, TestResponse()) == code + ["authority: example. 1 SOA ns.example. h.example. \(minimum(test))"])
    rig.pass(.milliseconds(1))
    try rig.ask("www.example.")
    #expect(rig.sent.count == 1)
  }

  private func minimum(_ test: Negative) -> String { test.soa?.split(separator: " ").last.map { String($0) } ?? "" }

  @Test func negativeCapIsAtMostThreeHours() throws {
    let rig = try Rig { $0.maximumNegativeTTLSeconds = 100_000 }
    let response = TestResponse(code: 3, authority: ["example. 86400 SOA ns.example. h.example. 86400"])
    #expect(try resolve(rig, response).last == "authority: example. 10800 SOA ns.example. h.example. 86400")
  }

  @Test func dataOfOneTypeIsNotDeniedByAnother() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.", .aaaa)
    try rig.respond(to: try rig.next(), TestResponse(code: 3, authority: [Self.soa]))
    #expect(rig.results[ticket]?.count == 1)
    try rig.ask("www.example.", .a)
    #expect(rig.sent.count == 1, "a broken server's NXDOMAIN for AAAA does not hide A")
  }

  @Test func keyHasTypeNameFlagsAndRule() throws {
    let rig = try Rig()
    _ = try resolve(rig, TestResponse(answer: [Self.answer]))
    let upstreams = rig.rule.upstreams
    let others: [(String, RecordType, Bool, ForwardRule)] = [
      ("www.example.", .txt, false, rig.rule), ("w.example.", .a, false, rig.rule),
      ("www.example.", .a, true, rig.rule),
      ("www.example.", .a, false, ForwardRule(owner: .workspace("acme"), zone: .root, upstreams: upstreams)),
      ("www.example.", .a, false, ForwardRule(owner: .server, zone: try Name("example."), upstreams: upstreams)),
      (
        "www.example.", .a, false,
        ForwardRule(
          owner: .server, zone: .root,
          upstreams: upstreams + upstreams.map { Upstream($0.address, source: .interface("eth1")) })
      ),
    ]
    for other in others {
      rig.sent.removeAll()
      try rig.ask(other.0, other.1, dnssecOK: other.2, rule: other.3)
      #expect(rig.sent.count == 1)
    }
    rig.sent.removeAll()
    try rig.ask("www.example.", checkingDisabled: true)
    #expect(rig.sent.count == 1, "what was not validated is nothing for who wants it validated")
    let same = ForwardRule(owner: .server, zone: .root, upstreams: upstreams)
    let ticket = try rig.ask("WWW.Example.", rule: same)
    #expect(try rig.text(ticket) == [Self.answer], "an equal rule, after a reload, finds what was kept")
  }

  @Test func boundHoldsAndNamesInUseStay() throws {
    let rig = try Rig(cacheOctets: 64 << 10) { $0.prefetches = false }
    for name in ["a.kept.", "b.kept."] {
      _ = try resolve(rig, TestResponse(answer: ["\(name) 86400 A 192.0.2.1"]), name)
    }
    for number in 0..<3000 {
      let name = "n\(number).flood."
      _ = try resolve(rig, TestResponse(answer: ["\(name) 86400 A 192.0.2.1"]), name)
      #expect(rig.cache.usedOctets <= 64 << 10)
      if number % 20 == 0 {
        for kept in ["a.kept.", "b.kept."] {
          #expect(
            try resolve(rig, TestResponse(answer: ["\(kept) 1 A 192.0.2.66"]), kept) == ["\(kept) 86400 A 192.0.2.1"])
        }
      }
    }
    #expect(rig.cache.count > 50)
  }

  @Test func oneThatIsLargerThanTheCacheIsNotKept() throws {
    let rig = try Rig(cacheOctets: 512)
    _ = try resolve(rig, TestResponse(answer: (0..<60).map { "www.example. 300 A 192.0.2.\($0)" }))
    #expect(rig.cache.count == 0 && rig.cache.usedOctets == 0)
  }

  @Test func whatIsKeptIsFoundInAnyCase() throws {
    let rig = try Rig()
    _ = try resolve(rig, TestResponse(answer: [Self.answer]))
    for name in ["www.example.", "WWW.EXAMPLE.", "wWw.eXample."] {
      #expect(try rig.text(rig.ask(name)) == [Self.answer] && rig.sent.isEmpty)
    }
  }

  /// A refresh that found no place, or came to nothing, is due again.
  @Test func aRefreshThatDidNotHappenIsDueAgain() throws {
    let rig = try Rig { $0.maximumExchanges = 4 }
    rig.answersProbes = true
    try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), "www.example. 100 A 192.0.2.1")
    for _ in 0..<5 { try rig.ask("www.example.") }
    rig.pass(.seconds(91))
    let others = try (0..<2).map { try rig.ask("n\($0).example.") }
    try rig.ask("www.example.")
    #expect(rig.forwarder.counters.prefetches == 0, "half of the places are taken")
    for ticket in others { rig.forwarder.cancel(Ticket(UInt64(ticket)), now: rig.now) }
    rig.drain()
    try rig.ask("www.example.")
    #expect(rig.forwarder.counters.prefetches == 1)
    try rig.ask("www.example.")
    #expect(rig.forwarder.counters.prefetches == 1, "one at a time")
    for number in 0..<4 { try rig.ask("m\(number).example.", client: UInt32(number)) }
    try rig.ask("m5.example.", workspace: 2)
    rig.pass(.milliseconds(1))
    #expect(rig.forwarder.counters.prefetches == 1, "it had to give way")
    let question = ForwardQuestion(name: try Name("www.example."), type: .a, rule: rig.rule)
    #expect(rig.cache.find(question, now: rig.now, .look).isRefreshDue)
  }
}
