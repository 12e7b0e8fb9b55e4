import Testing
import Wire

@testable import Forwarding

/// Truncated answers are asked again over TCP, and never used or cached (CoreDNS #4183).
struct TruncationTests {
  static let partial = TestResponse(
    answer: ["www.example. 300 A 192.0.2.66"], flags: [.response, .truncated, .recursionAvailable])

  @Test func truncatedGoesToTCP() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    let query = try rig.next()
    try rig.respond(to: query, Self.partial)
    #expect(rig.results[ticket] == nil)
    #expect(rig.open[query.token] == nil, "the socket is closed")
    #expect(rig.sent.isEmpty, "nothing is sent before the connection stands")
    rig.connect()
    let second = try rig.next()
    #expect(second.isStream && second.query.type == .a)
    try rig.respond(to: second, "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"])
    let again = try rig.ask("www.example.")
    #expect(try rig.text(again) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func cutInTheMiddleOfARecordIsTruncatedToo() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    let query = try rig.next()
    let message = try Self.partial.message(to: query.query)
    rig.forwarder.received(Array(message.dropLast(15)).span, on: query.token, now: rig.now)
    rig.drain()
    #expect(rig.streams.count == 1)
  }

  @Test func messagesArriveInAnyPortions() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), Self.partial)
    rig.connect()
    let query = try rig.next()
    let message = try TestResponse(answer: ["www.example. 300 A 192.0.2.1"]).message(to: query.query)
    for octet in [UInt8(message.count >> 8), UInt8(message.count & 255)] + message {
      rig.forwarder.streamReceived([octet].span, on: query.token, now: rig.now)
    }
    rig.drain()
    #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func connectionIsKeptSharedAndClosedWhenIdle() throws {
    let rig = try Rig { $0.maximumStreamsPerUpstream = 1 }
    let tickets = try ["a.example.", "b.example."].map { try rig.ask($0) }
    for _ in tickets { try rig.respond(to: try rig.next(), Self.partial) }
    #expect(rig.streams.count == 1)
    rig.connect()
    let (first, second) = (try rig.next(), try rig.next())
    #expect(first.token == second.token && first.query.id != second.query.id)
    // Answers may come in another order (RFC 7766 §6.2.1.1).
    try rig.respond(to: second, "b.example. 300 A 192.0.2.2")
    try rig.respond(to: first, "a.example. 300 A 192.0.2.1")
    #expect(try rig.text(tickets[0]) == ["a.example. 300 A 192.0.2.1"])
    #expect(try rig.text(tickets[1]) == ["b.example. 300 A 192.0.2.2"])
    rig.pass(.seconds(9))
    #expect(rig.open.isEmpty)
  }

  @Test func connectionThatEndsBetweenAnswersIsMadeAnew() throws {
    let rig = try Rig { $0.maximumStreamsPerUpstream = 1 }
    let tickets = try ["a.example.", "b.example."].map { try rig.ask($0) }
    for _ in tickets { try rig.respond(to: try rig.next(), Self.partial) }
    rig.connect()
    try rig.respond(to: try rig.next(), "a.example. 300 A 192.0.2.1")
    rig.closeStream(try rig.next().token)
    rig.connect()
    try rig.respond(to: try rig.next(), "b.example. 300 A 192.0.2.2")
    #expect(try rig.text(tickets[1]) == ["b.example. 300 A 192.0.2.2"])
  }

  @Test func upstreamWithoutTCPIsLeftForTheNext() throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), Self.partial)
    rig.closeStream(try #require(rig.streams.first))
    rig.connect()
    let second = try rig.next()
    #expect(second.isStream && second.upstream == rig.rule.upstreams[1])
    rig.closeStream(second.token)
    #expect(try rig.text(ticket) == ["failure: 10.1.0.3 does not answer over TCP"])
  }

  @Test func silentConnectionDoesNotHoldUpOthers() throws {
    let rig = try Rig(upstreams: 2)
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), Self.partial)
    rig.connect()
    _ = try rig.next()
    rig.pass(.milliseconds(1500))
    rig.connect()
    try rig.respond(to: try rig.next(), "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func truncatedOverTCPIsNoAnswer() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), Self.partial)
    rig.connect()
    try rig.respond(to: try rig.next(), Self.partial)
    #expect(try rig.text(ticket) == ["failure: 10.1.0.2 truncated its answer over TCP"])
  }

  @Test func aQuestionWithoutAPlaceIsCalledWhenOneIsFree() throws {
    let rig = try Rig {
      $0.maximumStreamsPerUpstream = 1
      $0.maximumQuestionsPerStream = 1
    }
    let tickets = try ["a.example.", "b.example.", "c.example."].map { try rig.ask($0) }
    for _ in tickets { try rig.respond(to: try rig.next(), Self.partial) }
    rig.connect()
    rig.forwarder.cancel(Ticket(UInt64(tickets[1])), now: rig.now)
    try rig.respond(to: try rig.next(), "a.example. 300 A 192.0.2.1")
    #expect(rig.asked.isEmpty)
    rig.pass(.milliseconds(1))
    // The second has gone, so the third is called.
    try rig.respond(to: try rig.next(), "c.example. 300 A 192.0.2.3")
    #expect(try rig.text(tickets[2]) == ["c.example. 300 A 192.0.2.3"])
    #expect(rig.forwarder.placeLine.count == 0)
  }

  @Test func theLineForAPlaceIsBounded() throws {
    let rig = try Rig {
      $0.maximumStreamsPerUpstream = 1
      $0.maximumQuestionsPerStream = 1
      $0.maximumExchanges = 10
    }
    for number in 0..<100 {
      let ticket = try rig.ask("n\(number).example.")
      try rig.respond(to: try rig.next(), Self.partial)
      if number > 0 { rig.forwarder.cancel(Ticket(UInt64(ticket)), now: rig.now) }
    }
    #expect(rig.forwarder.placeLine.count <= 20)
  }
}
