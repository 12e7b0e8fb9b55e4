import Testing
import Wire

@testable import Forwarding

/// A question that takes longer than usual is asked of another upstream as well.
struct HedgingTests {
  /// Two upstreams of which the first usually answers in 10 ms, and the second in 30.
  private func primed() throws -> Rig {
    let rig = try Rig(upstreams: 2) { $0.hedges = true }
    for number in 0..<60 {
      try rig.ask("n\(number).example.")
      let query = try rig.next()
      rig.pass(.milliseconds(query.upstream == rig.rule.upstreams[0] ? 10 : 30))
      try rig.respond(to: query, "n\(number).example. 300 A 192.0.2.1")
      rig.sent.removeAll()
    }
    return rig
  }

  @Test func slowIsHedged() throws {
    let rig = try primed()
    let before = rig.forwarder.counters.hedges
    let ticket = try rig.ask("slow.example.")
    #expect(try rig.next().upstream == rig.rule.upstreams[0])
    rig.pass(.milliseconds(9))
    #expect(rig.sent.isEmpty)
    rig.pass(.milliseconds(22))
    let hedge = try rig.next()
    #expect(hedge.upstream == rig.rule.upstreams[1] && rig.forwarder.counters.hedges == before + 1)
    try rig.respond(to: hedge, "slow.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["slow.example. 300 A 192.0.2.1"])
    #expect(rig.forwarder.counters.upstreamsDown == 0 && rig.open.isEmpty)
  }

  @Test func hedgesAreAShareOfTheQuestions() throws {
    let rig = try primed()
    let before = rig.forwarder.counters.hedges
    for number in 0..<100 { try rig.ask("s\(number).example.") }
    rig.pass(.milliseconds(100))
    #expect(rig.forwarder.counters.hedges - before <= 20, "a tenth, and ten that were saved up")
  }

  @Test func downUpstreamIsNoHedge() throws {
    let rig = try primed()
    let state = try rig.state(1)
    let settings = rig.forwarder.settings
    for _ in 0..<2 {
      _ = state.health.failed(
        sentAt: rig.now + .seconds(1), isProbe: false, wasRefused: false, settings: settings, rig.now)
    }
    #expect(!state.isUp)
    try rig.ask("slow.example.")
    rig.sent.removeAll()
    rig.pass(.milliseconds(60))
    #expect(rig.sent.filter { $0.query.type == .a }.isEmpty)
  }
}
