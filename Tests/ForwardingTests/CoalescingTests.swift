import Testing
import Wire

@testable import Forwarding

/// Equal questions in flight are asked once (CVE-2025-5994), and everybody gets one result.
struct CoalescingTests {
  @Test func equalQuestionsAreAskedOnce() throws {
    let rig = try Rig()
    let tickets = try (0..<50).map { try rig.ask($0 % 2 == 0 ? "www.example." : "WWW.example.") }
    #expect(rig.sent.count == 1 && rig.forwarder.counters.coalesced == 49)
    try rig.respond(to: try rig.next(), "www.example. 300 A 192.0.2.1")
    for ticket in tickets { #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"]) }
  }

  @Test func differentRulesAreNot() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    try rig.ask(
      "www.example.", rule: ForwardRule(owner: .workspace("acme"), zone: .root, upstreams: rig.rule.upstreams))
    #expect(rig.sent.count == 2)
  }

  @Test func cancelledGetsNothingAndOthersDo() throws {
    let rig = try Rig()
    let (gone, stays) = (try rig.ask("www.example."), try rig.ask("www.example."))
    rig.forwarder.cancel(Ticket(UInt64(gone)), now: rig.now)
    try rig.respond(to: try rig.next(), "www.example. 300 A 192.0.2.1")
    #expect(rig.results[gone] == nil)
    #expect(try rig.text(stays) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func nobodyWaitingEndsTheTries() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    rig.forwarder.cancel(Ticket(UInt64(ticket)), now: rig.now)
    rig.sent.removeAll()
    rig.pass(.milliseconds(400))
    #expect(rig.sent.isEmpty && rig.open.isEmpty)
    #expect(rig.forwarder.usage.exchanges == 0)
    try rig.ask("www.example.")
    #expect(rig.sent.count == 1, "and is no failure to remember")
  }

  @Test func joiningAgainWithTheSameTicketCountsOnce() throws {
    let rig = try Rig()
    let question = ForwardQuestion(name: try Name("www.example."), type: .a, rule: rig.rule)
    for _ in 0..<3 {
      let asker = Asker(workspace: 1, client: .v4(1))
      guard case .pending = rig.forwarder.ask(question, ticket: Ticket(7), asker: asker, now: rig.now) else {
        Issue.record("it should wait")
        return
      }
    }
    rig.drain()
    #expect(rig.forwarder.usage.waiters == 1)
    try rig.respond(to: try rig.next(), "www.example. 300 A 192.0.2.1")
    #expect(rig.results[7]?.count == 1)
  }

  struct Quota: Sendable {
    let what: String
    let change: @Sendable (inout ForwardSettings) -> Void
    /// Asks for the number's own question that is beyond the quota, and for one that is not.
    let isDistinct: Bool
  }

  static let quotas = [
    Quota(
      what: "this workspace's share of the questions that may wait for upstreams is used up",
      change: { $0.maximumWaiters = 5 }, isDistinct: false),
    Quota(
      what: "this workspace's share of the questions that may wait for upstreams is used up",
      change: { $0.maximumExchanges = 5 }, isDistinct: true),
    Quota(
      what: "too many questions of this client wait for upstreams", change: { $0.maximumWaitersPerClient = 5 },
      isDistinct: true),
  ]

  @Test(arguments: Self.quotas)
  func quotaIsKept(_ quota: Quota) throws {
    let rig = try Rig(upstreams: 1, quota.change)
    rig.answersProbes = true
    for number in 0..<5 { try rig.ask(quota.isDistinct ? "n\(number).example." : "www.example.") }
    let beyond = try rig.ask(quota.isDistinct ? "n5.example." : "www.example.")
    #expect(try rig.text(beyond) == ["failure: \(quota.what)"])
    #expect(rig.forwarder.counters.overloads == 1)
    let other = try rig.ask("other.example.", workspace: 2, client: 2)
    #expect(rig.results[other] == nil, "another workspace's goes on")
    // Once the five have their results there is room again.
    rig.pass(.seconds(6))
    let after = try rig.ask("later.example.")
    #expect(rig.results[after] == nil)
  }

  @Test func transfersAreNotForwarded() throws {
    let rig = try Rig()
    for type in [RecordType.axfr, .ixfr, .opt, .tsig] {
      #expect(try rig.text(try rig.ask("example.", type)) == ["failure: questions for \(type) are not forwarded"])
    }
    #expect(rig.sent.isEmpty)
  }

  @Test func closedRuleNeverAsks() throws {
    let rig = try Rig()
    let closed = ForwardRule(owner: .server, zone: try Name("invalid."), upstreams: [])
    #expect(try rig.text(try rig.ask("x.invalid.", rule: closed)) == ["closed"])
    #expect(rig.sent.isEmpty)
  }
}
