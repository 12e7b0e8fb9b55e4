import Testing
import Wire

@testable import Forwarding

/// Which upstream is asked, and what happens when it does not answer.
struct FailoverTests {
  static let answer = "www.example. 300 A 192.0.2.1"

  @Test func silentUpstreamIsFollowedByTheNext() throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    #expect(try rig.next().upstream == rig.rule.upstreams[0])
    rig.pass(.milliseconds(399))
    #expect(rig.sent.isEmpty)
    rig.pass(.milliseconds(1))
    let second = try rig.next()
    #expect(second.upstream == rig.rule.upstreams[1])
    try rig.respond(to: second, Self.answer)
    #expect(try rig.text(ticket) == [Self.answer])
    #expect(rig.openForQuestions == 0, "every socket is closed")
  }

  @Test func lateAnswerOfTheFirstIsStillTaken() throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    let first = try rig.next()
    rig.pass(.milliseconds(700))
    try rig.respond(to: first, Self.answer)
    #expect(try rig.text(ticket) == [Self.answer])
    #expect(rig.forwarder.counters.upstreamsDown == 0)
  }

  @Test(arguments: [UInt16(2), 5, 4, 9])
  func refusalMovesOnAtOnce(_ code: UInt16) throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: code))
    let second = try rig.next()
    #expect(second.upstream == rig.rule.upstreams[1])
    try rig.respond(to: second, Self.answer)
    #expect(try rig.text(ticket) == [Self.answer])
  }

  @Test func allRefusingIsAFailureThatNamesTheLast() throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: 2))
    try rig.respond(to: try rig.next(), TestResponse(code: 5))
    #expect(try rig.text(ticket) == ["failure: 10.1.0.3 answered REFUSED"])
  }

  @Test func closedPortMovesOnAtOnce() throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    rig.refuse(try rig.next())
    let second = try rig.next()
    #expect(second.upstream == rig.rule.upstreams[1])
    try rig.respond(to: second, Self.answer)
    #expect(try rig.text(ticket) == [Self.answer])
  }

  @Test func closedPortOfTheOnlyUpstreamIsTriedThreeTimes() throws {
    let rig = try Rig()
    rig.answersProbes = true
    let ticket = try rig.ask("www.example.")
    for _ in 0..<3 {
      #expect(rig.results[ticket] == nil)
      rig.refuse(try rig.next())
      rig.pass(.milliseconds(1600))
    }
    #expect(try rig.text(ticket) == ["failure: 10.1.0.2 refuses: nothing listens there"])
  }

  @Test func lackOfSocketsSaysNothingOfTheUpstream() throws {
    let rig = try Rig { $0.failuresUntilDown = 1 }
    try rig.ask("www.example.")
    rig.forwarder.socketFailed(try rig.next().token, isLocal: true, now: rig.now)
    #expect(rig.forwarder.counters.upstreamsDown == 0)
  }

  @Test func deadlineEndsInAFailureThatSaysWhat() throws {
    let rig = try Rig(upstreams: 2)
    rig.answersProbes = true
    let ticket = try rig.ask("www.example.")
    rig.pass(.milliseconds(3499))
    #expect(rig.results[ticket] == nil)
    rig.pass(.milliseconds(1))
    #expect(try rig.text(ticket) == ["failure: no answer from 10.1.0.2, 10.1.0.3 in 3.5 s"])
    #expect(rig.sent.filter { $0.query.type == .a }.count <= 8, "no storm")
  }

  @Test func oneSilentOneRefusingDoesNotTakeTheWholeDeadline() throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    _ = try rig.next()
    rig.pass(.milliseconds(400))
    try rig.respond(to: try rig.next(), TestResponse(code: 2))
    rig.pass(.seconds(2))
    #expect(try rig.text(ticket) == ["failure: 10.1.0.3 answered SERVFAIL"])
  }

  @Test func fastestIsPreferred() throws {
    let rig = try Rig(upstreams: 2)
    for number in 0..<20 {
      try rig.ask("n\(number).example.")
      let query = try rig.next()
      let isFirst = query.upstream == rig.rule.upstreams[0]
      if number > 3 { #expect(!isFirst, "the second answers in 1 ms, the first in 50") }
      rig.pass(.milliseconds(isFirst ? 50 : 1))
      try rig.respond(to: query, "n\(number).example. 300 A 192.0.2.1")
    }
  }

  @Test func downUpstreamIsProbedAndComesBack() throws {
    let rig = try Rig(upstreams: 2)
    for number in 0..<4 {
      try rig.ask("n\(number).example.")
      // Only the second answers.
      rig.pass(.milliseconds(400))
      for query in rig.sent where query.upstream == rig.rule.upstreams[1] {
        try rig.respond(to: query, "n\(number).example. 300 A 192.0.2.1")
      }
      rig.sent.removeAll()
    }
    #expect(rig.forwarder.counters.upstreamsDown == 1)
    #expect(rig.told == ["upstream 10.1.0.2 is silent for 1 s: what it alone has fails at once until it is back"])
    rig.pass(.seconds(2))
    let probe = try #require(rig.sent.last)
    #expect(probe.upstream == rig.rule.upstreams[0] && probe.query.type == .soa)
    rig.answersProbes = true
    try rig.respond(to: probe, TestResponse(code: 5))
    #expect(rig.forwarder.counters.upstreamsUp == 1)
    #expect(rig.told.dropFirst() == ["upstream 10.1.0.2 answers again, after 3 s"])
    #expect(rig.open.isEmpty)
    rig.sent.removeAll()
    rig.pass(.seconds(10))
    #expect(rig.sent.isEmpty, "probing ends")
  }

  @Test func probesGoOnWhileAnyoneAsksAndEndAMinuteAfter() throws {
    let rig = try Rig()
    for number in 0..<30 {
      try rig.ask("n\(number).example.")
      rig.pass(.seconds(1))
    }
    let times = rig.sent.filter { $0.query.type == .soa }.count
    #expect((14...22).contains(times), "\(times) probes in 30 s")
    rig.pass(.seconds(60))
    rig.sent.removeAll()
    rig.pass(.seconds(60))
    #expect(rig.sent.isEmpty && rig.open.isEmpty && rig.forwarder.nextDeadline == nil)
  }

  /// A resolver that is silent about names whose own servers are dead is no dead resolver.
  @Test(arguments: [1, 2]) func silenceAboutSomeNamesIsNotHeldAgainstTheOthers(_ upstreams: Int) throws {
    let rig = try Rig(upstreams: upstreams)
    rig.answersProbes = true
    for number in 0..<40 { try rig.ask("junk\(number).example.") }
    for _ in 0..<60 {
      rig.pass(.milliseconds(50))
      #expect(rig.forwarder.counters.upstreamsDown == 0)
    }
    rig.sent.removeAll()
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), Self.answer)
    #expect(try rig.text(ticket) == [Self.answer], "asked at once, and answered")
    #expect(rig.all(\.isUp))
  }

  @Test func upstreamsErrorTextIsPassedOn() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    let query = try rig.next()
    var message = try TestResponse(code: 2, hasOPT: false).message(to: query.query)
    message[11] = 1
    message += [0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 11, 0, 15, 0, 7, 0, 6] + Array("bogus".utf8)
    rig.forwarder.received(message.span, on: query.token, now: rig.now)
    rig.drain()
    #expect(try rig.text(ticket) == ["failure: 10.1.0.2 answered SERVFAIL with Extended DNS Error 6: bogus"])
  }
}
