import Testing

@testable import Forwarding

/// When an upstream counts as suspected, as down, and as up again.
struct UpstreamHealthTests {
  private static let settings = ForwardSettings()

  private func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000 + milliseconds * 1_000_000)
  }

  private func fail(
    _ health: inout UpstreamHealth, sent: UInt64, at now: UInt64, isProbe: Bool = false, refused: Bool = false
  ) -> UpstreamHealth.Change {
    health.failed(
      sentAt: at(sent), isProbe: isProbe, wasRefused: refused, settings: Self.settings, at(now))
  }

  @Test func twoTriesASecondAndAProbeMakeItDown() {
    var health = UpstreamHealth()
    #expect(fail(&health, sent: 0, at: 400) == .none && health.isInQuestion)
    #expect(fail(&health, sent: 400, at: 800) == .suspected)
    #expect(fail(&health, sent: 800, at: 1200) == .none, "a question's try decides nothing")
    #expect(fail(&health, sent: 800, at: 1200, isProbe: true) == .down)
    #expect(health.trouble(at(3000))?.description == "is silent for 3 s")
    health.heard(at(3000))
    #expect(health.standing == .up && health.trouble(at(3000)) == nil && !health.isInQuestion)
  }

  @Test func aProbeBeforeASecondOfSilenceDecidesNothing() {
    var health = UpstreamHealth()
    _ = fail(&health, sent: 0, at: 200)
    _ = fail(&health, sent: 0, at: 200)
    #expect(health.standing == .suspected)
    for sent in stride(from: UInt64(200), to: 800, by: 200) {
      #expect(fail(&health, sent: sent, at: sent + 199, isProbe: true) == .none)
    }
    #expect(fail(&health, sent: 800, at: 1000, isProbe: true) == .down)
  }

  @Test func aProbeFromBeforeTheSuspicionDecidesNothing() {
    var health = UpstreamHealth()
    _ = fail(&health, sent: 0, at: 1500)
    _ = fail(&health, sent: 0, at: 1500)
    #expect(fail(&health, sent: 1000, at: 1600, isProbe: true) == .none)
    #expect(fail(&health, sent: 1600, at: 1800, isProbe: true) == .down)
  }

  @Test func whatWasFoundOutLongAgoIsFoundOutAnew() {
    var health = UpstreamHealth()
    _ = fail(&health, sent: 0, at: 1500)
    _ = fail(&health, sent: 0, at: 1500)
    _ = fail(&health, sent: 1500, at: 1900, isProbe: true)
    health.becameDoubtful(at(20_000))
    #expect(health.standing == .suspected)
    #expect(fail(&health, sent: 18_000, at: 20_001, isProbe: true) == .none, "a probe from before")
    #expect(fail(&health, sent: 20_000, at: 20_400, isProbe: true) == .stillDown && health.standing == .down)
    health.heard(at(21_000))
    health.becameDoubtful(at(40_000))
    #expect(health.standing == .up, "what is up is not doubted")
  }

  @Test func whatWasSentBeforeItWasHeardSaysNothing() {
    var health = UpstreamHealth()
    health.heard(at(500))
    for sent in [UInt64(0), 400, 500] { #expect(fail(&health, sent: sent, at: 2000) == .none) }
    #expect(!health.isInQuestion)
  }

  @Test func refusalsAreToldApart() {
    var health = UpstreamHealth()
    _ = fail(&health, sent: 0, at: 1, refused: true)
    _ = fail(&health, sent: 400, at: 401, refused: true)
    _ = fail(&health, sent: 1200, at: 1201, isProbe: true, refused: true)
    #expect(health.trouble(at(5000))?.description == "refuses for 5 s")
  }
}
