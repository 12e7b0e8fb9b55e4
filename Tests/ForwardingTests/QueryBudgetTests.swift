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
}
