import Testing
import Wire

@testable import Forwarding

/// What is said when upstreams fail: stale answers (RFC 8767), remembered failures (RFC 9520).
struct StaleTests {
  private func primed(_ ttl: Int = 60, _ change: (inout ForwardSettings) -> Void = { _ in }) throws -> Rig {
    let rig = try Rig(upstreams: 1, change)
    try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), "www.example. \(ttl) A 192.0.2.1")
    return rig
  }

  @Test func staleIsGivenAfterTryingForAWhile() throws {
    let rig = try primed()
    rig.answersProbes = true
    rig.pass(.seconds(61))
    let ticket = try rig.ask("www.example.")
    rig.pass(.milliseconds(1799))
    #expect(rig.results[ticket] == nil)
    rig.pass(.milliseconds(1))
    #expect(
      try rig.text(ticket) == [
        "stale: an answer past its TTL, because no answer from 10.1.0.2 in 1.8 s", "www.example. 30 A 192.0.2.1",
      ])
    // The question goes on, and a late answer refreshes the cache.
    let query = try #require(rig.sent.last { $0.query.type == .a })
    try rig.respond(to: query, "www.example. 60 A 192.0.2.2")
    #expect(try rig.text(try rig.ask("www.example.")) == ["www.example. 60 A 192.0.2.2"])
  }

  @Test func staleIsGivenAtOnceOnRefusal() throws {
    let rig = try primed()
    rig.pass(.seconds(61))
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: 2))
    #expect(
      try rig.text(ticket) == [
        "stale: an answer past its TTL, because 10.1.0.2 answered SERVFAIL", "www.example. 30 A 192.0.2.1",
      ])
    let again = try rig.ask("www.example.")
    #expect(try rig.text(again).last == "www.example. 30 A 192.0.2.1", "a remembered failure does not hide it")
    #expect(rig.sent.isEmpty)
  }

  @Test func staleIsGivenAtOnceWhenAllAreDown() throws {
    let rig = try primed()
    rig.pass(.seconds(61))
    try rig.ask("www.example.")
    try rig.ask("b.example.")
    rig.pass(.seconds(12))
    #expect(rig.forwarder.counters.upstreamsDown == 1)
    let ticket = try rig.ask("www.example.")
    #expect(
      try rig.text(ticket).first
        == "stale: an answer past its TTL, because no upstream answers: 10.1.0.2 is silent for 12 s")
  }

  @Test func staleEndsAfterADay() throws {
    let rig = try primed()
    rig.pass(.seconds(86_461))
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: 2))
    #expect(try rig.text(ticket) == ["failure: 10.1.0.2 answered SERVFAIL"])
  }

  @Test func staleCanBeSwitchedOff() throws {
    let rig = try primed { $0.maximumStaleSeconds = 0 }
    rig.pass(.seconds(61))
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: 2))
    #expect(try rig.text(ticket) == ["failure: 10.1.0.2 answered SERVFAIL"])
  }

  @Test func failureNeverHidesAFreshAnswer() throws {
    let rig = try primed(100)
    for _ in 0..<3 { try rig.ask("www.example.") }
    rig.pass(.seconds(95))
    try rig.ask("www.example.")
    // The refresh ahead of expiry fails.
    try rig.respond(to: try rig.next(), TestResponse(code: 2))
    #expect(try rig.text(try rig.ask("www.example.")) == ["www.example. 5 A 192.0.2.1"])
  }

  @Test func failureIsRememberedForLongerEachTime() throws {
    let rig = try Rig()
    for seconds in [1, 2, 4, 4] {
      let ticket = try rig.ask("www.example.")
      try rig.respond(to: try rig.next(), TestResponse(code: 2))
      #expect(try rig.text(ticket) == ["failure: 10.1.0.2 answered SERVFAIL"])
      rig.pass(.milliseconds(seconds * 1000 - 1))
      let again = try rig.ask("www.example.")
      #expect(try rig.text(again) == ["failure: 10.1.0.2 answered SERVFAIL, remembered"])
      #expect(rig.sent.isEmpty)
      rig.pass(.milliseconds(1))
    }
  }

  @Test func overloadIsNotRemembered() throws {
    let rig = try Rig { $0.maximumExchanges = 1 }
    try rig.ask("a.example.")
    try rig.ask("b.example.")
    try rig.respond(to: try rig.next(), "a.example. 60 A 192.0.2.1")
    try rig.ask("b.example.")
    #expect(rig.sent.count == 1)
  }

  @Test func oftenAskedIsRefreshedAheadOfExpiry() throws {
    let rig = try primed(100)
    for _ in 0..<3 { try rig.ask("www.example.") }
    rig.pass(.seconds(89))
    try rig.ask("www.example.")
    #expect(rig.sent.isEmpty)
    rig.pass(.seconds(1))
    let ticket = try rig.ask("www.example.")
    #expect(try rig.text(ticket) == ["www.example. 10 A 192.0.2.1"], "nobody waits for it")
    try rig.ask("www.example.")
    #expect(rig.sent.count == 1, "and it is asked once")
    try rig.respond(to: try rig.next(), "www.example. 100 A 192.0.2.2")
    #expect(try rig.text(try rig.ask("www.example.")) == ["www.example. 100 A 192.0.2.2"])
  }

  @Test func seldomAskedIsNot() throws {
    let rig = try primed(100)
    rig.pass(.seconds(95))
    try rig.ask("www.example.")
    #expect(rig.sent.isEmpty)
  }
}
