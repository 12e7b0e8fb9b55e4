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
    #expect(rig.open.isEmpty, "every socket is closed")
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
    let ticket = try rig.ask("www.example.")
    for _ in 0..<3 {
      #expect(rig.results[ticket] == nil)
      rig.refuse(try rig.next())
      rig.pass(.milliseconds(1600))
      rig.sent.removeAll { $0.query.type == .soa }
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
    rig.pass(.seconds(2))
    let probe = try #require(rig.sent.last)
    #expect(probe.upstream == rig.rule.upstreams[0] && probe.query.type == .soa)
    try rig.respond(to: probe, TestResponse(code: 5))
    #expect(rig.forwarder.counters.upstreamsUp == 1)
    #expect(rig.open.isEmpty)
    rig.sent.removeAll()
    rig.pass(.seconds(10))
    #expect(rig.sent.isEmpty, "probing ends")
  }

  @Test func probesGoOnWhileAnyoneAsksAndEndAMinuteAfter() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    rig.pass(.seconds(30))
    let times = rig.sent.filter { $0.query.type == .soa }.count
    #expect((12...20).contains(times), "\(times) probes in 30 s")
    rig.pass(.seconds(60))
    rig.sent.removeAll()
    rig.pass(.seconds(60))
    #expect(rig.sent.isEmpty && rig.open.isEmpty && rig.forwarder.nextDeadline == nil)
  }

  @Test func waitingQuestionsAreSentWhenAnUpstreamComesBack() throws {
    let rig = try Rig()
    for number in 0..<40 { try rig.ask("early\(number).example.") }
    rig.pass(.seconds(1))
    #expect(rig.forwarder.counters.upstreamsDown == 1)
    rig.sent.removeAll()
    let tickets = try (0..<10).map { try rig.ask("late\($0).example.") }
    #expect(rig.sent.isEmpty, "a down upstream is not stormed")
    rig.pass(.seconds(1))
    let probe = try #require(rig.sent.last { $0.query.type == .soa })
    rig.sent.removeAll()
    try rig.respond(to: probe, TestResponse())
    for query in rig.sent {
      let name = try #require(Name(wire: query.query.name))
      try rig.respond(to: query, "\(name) 300 A 192.0.2.1")
    }
    for ticket in tickets { #expect(rig.results[ticket]?.count == 1) }
  }

  /// A resolver that is silent about names whose own servers are dead is no dead resolver.
  @Test(arguments: [1, 2]) func silenceAboutSomeNamesIsNotHeldAgainstTheOthers(_ upstreams: Int) throws {
    let rig = try Rig(upstreams: upstreams)
    func answerAllButJunk() throws {
      for sent in rig.sent where !(sent.query.name.starts(with: [4]) && sent.query.type == .a) {
        guard rig.open[sent.token] != nil else { continue }
        let answer = sent.query.type == .a ? [Self.answer] : []
        try rig.respond(to: sent, TestResponse(answer: answer))
      }
      rig.sent.removeAll()
    }
    try rig.ask("junk.example.")
    while rig.forwarder.counters.upstreamsDown == 0, !rig.open.isEmpty {
      rig.pass(.milliseconds(50))
      try answerAllButJunk()
    }
    #expect(rig.forwarder.counters.upstreamsDown == 1)
    let ticket = try rig.ask("www.example.")
    try answerAllButJunk()
    #expect(try rig.text(ticket) == [Self.answer], "asked at once, and answered")
    // By that answer, or by the first probe.
    rig.pass(.milliseconds(550))
    try answerAllButJunk()
    #expect(rig.forwarder.upstreams.values.allSatisfy { !$0.isDown })
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
