import Testing
import Wire

@testable import Forwarding

/// What is found out about an upstream holds for a while; who asks later waits for a probe, but never for nothing.
struct DoubtTests {
  private func isFailure(_ result: ForwardResult?) -> Bool { if case .failure? = result { true } else { false } }

  /// An upstream that was down, and nobody asked for a while.
  private func rigAfterAPause() throws -> Rig {
    let rig = try Rig()
    try rig.ask("www.example.")
    rig.pass(.seconds(40))
    #expect(try rig.state(0).isDown)
    return rig
  }

  @Test func afterAPauseAQuestionWaitsForAProbe() throws {
    let rig = try rigAfterAPause()
    let ticket = try rig.ask("a.example.")
    #expect(rig.results[ticket] == nil, "it may be back")
    rig.pass(.milliseconds(400))
    #expect(isFailure(rig.results[ticket]?.first) && rig.forwarder.counters.upstreamsDown == 1)
    #expect(isFailure(rig.results[try rig.ask("b.example.")]?.first), "it is known now")
  }

  @Test func whereNoProbeCanBeSentNobodyWaits() throws {
    let rig = try rigAfterAPause()
    let down = try rig.state(0)
    while rig.forwarder.probeBudget.take(.server, for: down.health, rig.now) {}
    #expect(isFailure(rig.results[try rig.ask("a.example.")]?.first))
  }

  /// A worker that is late: the probe's time is over, and nobody has seen to it yet.
  @Test func aProbeThatIsDueIsNoDoubt() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    rig.pass(.seconds(8))
    rig.now = try rig.state(0).due + .milliseconds(1)
    #expect(isFailure(rig.results[try rig.ask("a.example.")]?.first))
  }

  @Test func manyThatAreSilentAboutANameLeaveProbesForThoseThatAreDown() throws {
    let rig = try Rig()
    var budget = ProbeBudget()
    func count(_ health: UpstreamHealth) -> Int {
      var count = 0
      while budget.take(.server, for: health, rig.now) { count += 1 }
      return count
    }
    var suspected = UpstreamHealth()
    let settings = ForwardSettings()
    for _ in 0..<2 {
      _ = suspected.failed(sentAt: rig.now, isProbe: false, wasRefused: false, settings: settings, rig.now)
    }
    var down = suspected
    let later = rig.now + .seconds(2)
    #expect(down.failed(sentAt: rig.now, isProbe: true, wasRefused: false, settings: settings, later) == .down)
    #expect(count(UpstreamHealth()) == 32)
    #expect(count(suspected) == 16)
    #expect(count(down) == 16)
  }
}
