import Testing
import Wire

@testable import Forwarding

/// What an upstream can do over a connection.
struct StreamTests {
  private static let truncated = TestResponse(flags: [.response, .truncated, .recursionAvailable])

  /// Asks, and has the question moved to TCP.
  @discardableResult
  private func ask(_ rig: Rig, _ name: String) throws -> Int {
    let ticket = try rig.ask(name)
    let query = try #require(rig.asked.last { !$0.isStream })
    rig.sent.removeAll { $0.token == query.token }
    try rig.respond(to: query, Self.truncated)
    return ticket
  }

  /// Asks twenty questions beside one that is to be answered, all on one connection.
  private func askTwentyMore(
    _ rig: Rig
  ) throws -> (kept: Int, others: [Int], queries: [Rig.Sent]) {
    let kept = try ask(rig, "www.example.")
    let others = try (0..<20).map { try ask(rig, "n\($0).example.") }
    rig.connect()
    let queries = rig.asked
    try #require(queries.count == 21)
    return (kept, others, queries)
  }

  private func giveUp(_ rig: Rig, _ ticket: Int) {
    rig.forwarder.cancel(Ticket(UInt64(ticket)), now: rig.now)
    rig.drain()
  }

  /// Empty messages, and such with ids that nothing was sent with: a few, and the connection is closed, however many come at
  /// once.
  @Test(arguments: [0, 5, 12])
  func messagesThatAnswerNothingEndTheConnection(_ length: Int) throws {
    let rig = try Rig()
    try ask(rig, "www.example.")
    rig.connect()
    let token = try #require(rig.streams.first)
    let pending = try #require(rig.asked.first).query.id
    let id = pending ^ 1
    var message: [UInt8] = [0, UInt8(length)]
    if length > 0 { message += [UInt8(id >> 8), UInt8(id & 255)] + [UInt8](repeating: 0, count: length - 2) }
    let flood = Array(repeatElement(message, count: 65_536 / message.count).joined())
    rig.forwarder.streamReceived(flood.span, on: token, now: rig.now)
    rig.drain()
    #expect(!rig.streams.contains(token))
    #expect(rig.forwarder.counters.wrongDatagrams == 8 && rig.forwarder.counters.lateAnswers == 0)
  }

  /// What was given up before the connection stood is not sent.
  @Test func onlyWhatIsWaitedForIsSentOnConnecting() throws {
    let rig = try Rig { $0.maximumStreamsPerUpstream = 1 }
    try ask(rig, "www.example.")
    for number in 0..<500 { giveUp(rig, try ask(rig, "n\(number).example.")) }
    rig.connect()
    #expect(rig.asked.count == 1)
  }

  /// An upstream that reads nothing has so many queries wait for it, however many are given up.
  @Test(arguments: [false, true])
  func whatAnUpstreamDoesNotReadIsBounded(_ answersOnce: Bool) throws {
    let rig = try Rig {
      $0.maximumStreamsPerUpstream = 1
      $0.maximumQuestionsPerStream = 8
    }
    var sent: [SocketToken: Int] = [:]
    try ask(rig, "www.example.")
    rig.connect()
    let first = try #require(rig.asked.first)
    for number in 0..<500 {
      let ticket = try ask(rig, "n\(number).example.")
      rig.connect()
      giveUp(rig, ticket)
      for query in rig.asked { sent[query.token, default: 0] += 1 }
      rig.sent.removeAll()
      if answersOnce, number == 6 { try rig.respond(to: first, "www.example. 300 A 192.0.2.1") }
    }
    #expect(sent.count > 10 && sent.values.allSatisfy { $0 <= 16 }, "\(sent.values.max() ?? 0)")
    #expect(rig.streams.count <= 2)
  }

  /// An answer of no use is that of its question alone, however many there are of them.
  @Test func answersOfNoUseHarmNoOtherQuestion() throws {
    let rig = try Rig { $0.maximumStreamsPerUpstream = 1 }
    let (kept, others, queries) = try askTwentyMore(rig)
    for query in queries.dropFirst() {
      let name = try #require(Name(wire: query.query.name))
      try rig.respond(to: query, TestResponse(answer: Array(repeating: "\(name) 300 A 192.0.2.1", count: 1001)))
    }
    for ticket in others { #expect(try rig.text(ticket) == ["failure: 10.1.0.2 sent an answer that is of no use"]) }
    try rig.respond(to: queries[0], "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(kept) == ["www.example. 300 A 192.0.2.1"])
    #expect(rig.streams.count == 1 && rig.forwarder.counters.streamQueries == 21)
  }

  /// A few wrong messages between right ones are borne.
  @Test func aRightMessageMakesUpForWrongOnes() throws {
    let rig = try Rig { $0.maximumStreamsPerUpstream = 1 }
    let tickets = try (0..<10).map { try ask(rig, "n\($0).example.") }
    rig.connect()
    for query in rig.asked {
      for _ in 0..<7 { rig.forwarder.streamReceived([0, 0].span, on: query.token, now: rig.now) }
      try rig.respond(to: query, "\(try #require(Name(wire: query.query.name))) 300 A 192.0.2.1")
    }
    for ticket in tickets { #expect(try rig.text(ticket).count == 1) }
    #expect(rig.forwarder.counters.streamQueries == 10 && rig.forwarder.counters.wrongDatagrams == 70)
  }

  @Test func asManyLateOnesAreBorneAsWereGivenUp() throws {
    let rig = try Rig { $0.maximumStreamsPerUpstream = 1 }
    let (kept, others, queries) = try askTwentyMore(rig)
    for ticket in others { giveUp(rig, ticket) }
    for query in queries.dropFirst() { try rig.respond(to: query, "n.example. 300 A 192.0.2.1") }
    #expect(rig.forwarder.counters.lateAnswers == 20 && rig.forwarder.counters.wrongDatagrams == 0)
    try rig.respond(to: queries[0], "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(kept) == ["www.example. 300 A 192.0.2.1"])
    for query in queries.prefix(8) { try rig.respond(to: query, "n.example. 300 A 192.0.2.1") }
    #expect(rig.streams.isEmpty, "and no more")
  }
}
