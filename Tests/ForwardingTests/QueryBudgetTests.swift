import Testing
import Wire

@testable import Forwarding

/// How many queries a question may cost.
struct QueryBudgetTests {
  @Test(arguments: [1, 2, 3]) func noMoreQueriesThanAreLeft(_ queries: Int) throws {
    let rig = try Rig(upstreams: 3)
    rig.answersProbes = true
    let ticket = try rig.ask("www.example.", queries: queries)
    rig.pass(.seconds(4))
    #expect(rig.sent.filter { $0.query.type == .a }.count == queries)
    #expect(rig.spent[ticket] == queries)
    #expect(try rig.text(ticket)[0].hasPrefix("failure: no answer from"))
  }

  @Test func whoMaySpendMoreIsNotHeldBack() throws {
    let rig = try Rig(upstreams: 3)
    try rig.ask("www.example.", queries: 1)
    try rig.ask("www.example.")
    rig.pass(.seconds(4))
    #expect(rig.sent.filter { $0.query.type == .a }.count > 2)
  }

  /// The one query that is left does not become two by a move to TCP.
  @Test func movingToTCPCostsAQuery() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.", queries: 1)
    var response = TestResponse()
    response.flags.insert(.truncated)
    try rig.respond(to: try rig.next(), response)
    #expect(rig.streams.isEmpty)
    #expect(
      try rig.text(ticket) == ["failure: 10.1.0.2 truncated its answer, and the question's queries are spent"])
  }

  private static let truncated = TestResponse(flags: [.response, .truncated, .recursionAvailable])

  /// What one client's spent budget ends is not remembered for others.
  @Test func aSpentBudgetIsNobodyElses() throws {
    let rig = try Rig()
    let first = try rig.ask("www.example.", queries: 1)
    try rig.respond(to: try rig.next(), Self.truncated)
    #expect(try rig.text(first) == ["failure: 10.1.0.2 truncated its answer, and the question's queries are spent"])
    let second = try rig.ask("www.example.", workspace: 2)
    try rig.respond(to: try rig.next(), "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(second) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func otherWorkersDoNotSufferIt() throws {
    let shared = QuestionsInFlight(workers: 2)
    let cache = AnswerCache(capacityOctets: 1 << 20, shards: 1, seed: 1)
    let first = try Rig(cache: cache, shared: shared, worker: 0)
    let second = try Rig(seed: 2, cache: cache, shared: shared, worker: 1)
    try first.ask("www.example.", queries: 1)
    let ticket = try second.ask("www.example.", workspace: 2)
    #expect(second.asked.isEmpty, "it follows")
    try first.respond(to: try first.next(), Self.truncated)
    second.hear()
    try second.respond(to: try second.next(), "www.example. 300 A 192.0.2.1")
    #expect(try second.text(ticket) == ["www.example. 300 A 192.0.2.1"])
  }
}
