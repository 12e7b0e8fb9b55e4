import Testing
import Wire

@testable import Forwarding

/// What one workspace can do to an upstream that others use too.
struct SharedUpstreamTests {
  /// A workspace's own rule for a zone about which the server's upstream is silent.
  private func silentRule(_ rig: Rig) throws -> ForwardRule {
    ForwardRule(owner: .workspace("other"), zone: try Name("silent.example."), upstreams: rig.rule.upstreams)
  }

  private func isSent(_ rig: Rig, _ label: String) -> Bool {
    rig.sent.contains { Name(wire: $0.query.name)?.labels.first == Array(label.utf8) }
  }

  @Test func aRuleOfAWorkspaceChangesNothingForOthers() throws {
    let rig = try Rig()
    let rule = try silentRule(rig)
    for number in 0..<20 {
      try rig.ask("n\(number).silent.example.", rule: rule, workspace: 2)
      rig.pass(.milliseconds(200))
    }
    #expect(!rig.all(\.isUp), "its own rule's upstream does not answer")
    rig.sent.removeAll()
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"])
  }

  /// Of the server's rules that name an upstream the one nearest the root says what probes ask for.
  @Test func whoAsksDoesNotChooseTheProbe() throws {
    let rig = try Rig()
    let deep = ForwardRule(owner: .server, zone: try Name("silent.example."), upstreams: rig.rule.upstreams)
    for _ in 0..<2 {
      try rig.ask("www.example.")
      try rig.ask("n.silent.example.", rule: deep)
      rig.pass(.seconds(2))
    }
    let probes = rig.sent.filter { $0.query.type == .soa }
    #expect(!probes.isEmpty && probes.allSatisfy { $0.query.name == [0] })
  }

  @Test func theFewTriesOfASuspectedUpstreamAreShared() throws {
    let rig = try Rig()
    for number in 0..<100 { try rig.ask("n\(number).example.", client: UInt32(number % 12)) }
    rig.pass(.milliseconds(900))
    #expect(rig.all { $0.health.standing == .suspected })
    rig.sent.removeAll()
    let ticket = try rig.ask("light.example.", workspace: 2)
    let sent = try #require(rig.asked.first, "one place is that of whoever has fewer")
    #expect(isSent(rig, "light") && rig.asked.count == 1)
    try rig.respond(to: sent, "light.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["light.example. 300 A 192.0.2.1"])
  }

  @Test func theTwoTriesOfADownUpstreamAreShared() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    rig.pass(.seconds(3))
    #expect(rig.all(\.isDown))
    rig.sent.removeAll()
    for number in 0..<100 { try rig.ask("n\(number).example.", client: UInt32(number % 12)) }
    #expect(rig.asked.count == 2)
    try rig.ask("light.example.", workspace: 2)
    #expect(isSent(rig, "light") && rig.asked.count == 3)
    for number in 0..<100 { try rig.ask("m\(number).example.", client: UInt32(number % 12)) }
    #expect(rig.asked.count == 3, "clients in turn send no more than one does")
  }

  /// What gave way to others is not probed on, however long questions to it are under way.
  @Test func whatIsForgottenIsNotProbed() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    let state = try #require(rig.forwarder.upstreams.all.first)
    state.isForgotten = true
    rig.pass(.seconds(20))
    #expect(rig.forwarder.counters.probes == 0)
  }
}
