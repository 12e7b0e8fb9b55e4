import Bounds
import Forwarding
import Testing
import Wire

@testable import Answering

/// Answers to questions that came long ago (DNSBomb, CVE-2024-33655).
@Suite struct LateAnswersTests {
  private let asked = Instant(nanoseconds: 5_000_000_000)
  private let client = IPAddress.v4(0x7f00_0001)

  @Test func inTimeNothingIsLimited() {
    var answers = LateAnswers()
    for _ in 0..<1000 {
      _ = answers.admit(octets: 1232, to: client, of: 0, askedAt: asked, now: asked + .milliseconds(1900))
    }
    #expect(answers.dropped == 0)
  }

  @Test func aBurstOfLateOnesIsDropped() {
    var answers = LateAnswers()
    let now = asked + .milliseconds(1901)
    var sent = 0
    for _ in 0..<1000 where answers.admit(octets: 1232, to: client, of: 0, askedAt: asked, now: now) { sent += 1232 }
    #expect(sent > 12_000 && sent <= LateAnswers.octetsPerSecond)
    #expect(answers.dropped == 1000 - sent / 1232)
    let isAdmitted = [
      answers.admit(octets: 1232, to: .v4(2), of: 0, askedAt: asked, now: now),
      answers.admit(octets: 1232, to: client, of: 0, askedAt: asked, now: now),
      answers.admit(octets: 1232, to: client, of: 0, askedAt: asked, now: now + .seconds(1)),
    ]
    #expect(isAdmitted == [true, false, true], "others have their own, and this one again a second later")
  }

  @Test func aHundredFailuresASecondAreSent() {
    var answers = LateAnswers()
    for _ in 0..<100 {
      _ = answers.admit(octets: 120, to: client, of: 0, askedAt: asked, now: asked + .milliseconds(3500))
    }
    #expect(answers.dropped == 0)
  }

  @Test func whatIsRememberedIsBounded() {
    var answers = LateAnswers()
    let now = asked + .seconds(3)
    var sent = 0
    for number in 0..<10_000 where answers.admit(octets: 100, to: .v4(UInt32(number)), of: 0, askedAt: asked, now: now)
    {
      sent += 1
    }
    #expect(sent == Limits.Clients.lateAnswerClients)
  }

  @Test func anIPv6HostIsItsPrefix() {
    var answers = LateAnswers()
    let now = asked + .seconds(3)
    var sent = 0
    for number in 0..<1000 {
      let address = IPAddress.v6(0xfd00 << 112 | UInt128(number))
      if answers.admit(octets: 1232, to: address, of: 0, askedAt: asked, now: now) { sent += 1232 }
    }
    #expect(sent <= LateAnswers.octetsPerSecond)
  }

  /// Two workspaces with as many clients as can be counted leave a third its own.
  @Test func whoeverHasMostGivesWay() {
    var answers = LateAnswers()
    let now = asked + .seconds(3)
    for number in 0..<10_000 {
      _ = answers.admit(octets: 100, to: .v4(UInt32(number)), of: number % 2, askedAt: asked, now: now)
    }
    let third = (0..<100).filter { number in
      answers.admit(octets: 100, to: .v4(UInt32(number)), of: 2, askedAt: asked, now: now)
    }
    #expect(third.count == 100)
    // Who gave way is sent no more than before.
    let again = (0..<10_000).filter { number in
      answers.admit(octets: 16_000, to: .v4(UInt32(number)), of: number % 2, askedAt: asked, now: now)
    }
    #expect(again.count <= Limits.Clients.lateAnswerClients)
  }
}
