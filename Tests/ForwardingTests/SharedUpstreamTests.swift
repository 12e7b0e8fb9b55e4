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

  private func sixteen(_ owner: ForwardRule.Owner = .workspace("many"), _ network: Int = 0) throws -> ForwardRule {
    let upstreams = (1...16).compactMap { Upstream("10.3.\(network).\($0)") }
    return ForwardRule(owner: owner, zone: .root, upstreams: upstreams)
  }

  /// One question makes few datagrams, however many upstreams are silent: probes become rare when nobody asks any more.
  @Test func oneQuestionMakesFewProbes() throws {
    let rig = try Rig()
    try rig.ask("www.example.", rule: try sixteen())
    rig.pass(.seconds(120))
    #expect(rig.forwarder.counters.datagramQueries - rig.forwarder.counters.probes <= 8)
    #expect(rig.forwarder.counters.probes <= 16 * 11, "\(rig.forwarder.counters.probes)")
    #expect(rig.forwarder.nextDeadline == nil)
  }

  /// And a workspace that has many has so many a second, and takes nobody else's.
  @Test func probesOfOneOwnerAreBounded() throws {
    let rig = try Rig { $0.maximumSockets = 100_000 }
    for second in 0..<20 {
      for network in 0..<60 { try rig.ask("n\(second).example.", rule: try sixteen(.workspace("many"), network)) }
      rig.pass(.seconds(1))
    }
    #expect(rig.forwarder.counters.probes <= 64 + 16 * 21, "\(rig.forwarder.counters.probes)")
    let before = rig.forwarder.counters.probes
    try rig.ask("www.example.")
    rig.pass(.milliseconds(450))
    let own = rig.sent.filter { $0.query.type == .soa && $0.upstream == rig.rule.upstreams[0] }
    #expect(rig.forwarder.counters.probes > before && !own.isEmpty)
  }

  /// An upstream that is down is probed by one worker for all, as often as any of them wants.
  @Test func oneWorkerProbesForAll() throws {
    let shared = QuestionsInFlight(workers: 2)
    let cache = AnswerCache(capacityOctets: 1 << 20, shards: 1, seed: 1)
    let rigs = [
      try Rig(cache: cache, shared: shared, worker: 0), try Rig(seed: 2, cache: cache, shared: shared, worker: 1),
    ]
    var before = 0
    for step in 0..<600 {
      for (index, rig) in rigs.enumerated() {
        if step % 20 == index { try rig.ask("n\(step).example.") }
        rig.pass(.milliseconds(50))
        if !rig.woken.isEmpty { rigs[1 - index].hear() }
        rig.woken.removeAll()
      }
      if step == 200 { before = rigs.reduce(0) { $0 + $1.forwarder.counters.probes } }
    }
    let sent = rigs.reduce(0) { $0 + $1.forwarder.counters.probes } - before
    #expect((9...13).contains(sent), "\(sent) in 20 s, every two seconds one")
    #expect(
      shared.claimProbing(
        UpstreamUse(upstream: rigs[0].rule.upstreams[0], owner: .server), by: 7,
        next: rigs[0].now + .seconds(9), rigs[0].now + .seconds(5)), "who is dead is replaced")
  }
}
