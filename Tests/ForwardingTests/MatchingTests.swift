import Testing
import Wire

@testable import Forwarding

/// Only the exact response to a query ends the wait for it (RFC 5452 §9.1).
struct MatchingTests {
  static let wrong: [(String, TestResponse)] = {
    let good = "www.example. 300 A 192.0.2.66"
    var all: [(String, TestResponse)] = []
    func add(_ what: String, _ change: (inout TestResponse) -> Void) {
      var response = TestResponse(answer: [good])
      change(&response)
      all.append((what, response))
    }
    add("another question's name") { $0.name = [3, 0x77, 0x77, 0x77, 7] + Array("examplf".utf8) + [0] }
    add("another type") { $0.type = .aaaa }
    add("a query") { $0.flags.remove(.response) }
    add("another opcode") { $0.opcode = 4 }
    add("no question") { $0.questions = 0 }
    add("two questions in the header") { $0.questions = 2 }
    return all
  }()

  @Test(arguments: Self.wrong)
  func wrongDatagramIsDroppedAndTheWaitGoesOn(_ what: String, _ response: TestResponse) throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    let query = try rig.next()
    try rig.respond(to: query, response)
    #expect(rig.results[ticket] == nil, "\(what)")
    #expect(rig.forwarder.counters.wrongDatagrams == 1)
    try rig.respond(to: query, "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func everyOtherIdIsWrong() throws {
    for bit in 0..<16 {
      let rig = try Rig()
      let ticket = try rig.ask("www.example.")
      let query = try rig.next()
      var response = TestResponse(answer: ["www.example. 300 A 192.0.2.66"])
      response.id = query.query.id ^ 1 << UInt16(bit)
      try rig.respond(to: query, response)
      #expect(rig.results[ticket] == nil)
    }
  }

  @Test func damagedDatagramsAreWrong() throws {
    let rig = try Rig { $0.maximumWrongDatagrams = 1000 }
    let ticket = try rig.ask("www.example.")
    let query = try rig.next()
    let whole = try TestResponse(answer: ["www.example. 300 A 192.0.2.1"]).message(to: query.query)
    for length in 0..<whole.count {
      rig.forwarder.received(Array(whole[..<length]).span, on: query.token, now: rig.now)
      rig.drain()
      #expect(rig.results[ticket] == nil, "\(length) octets")
    }
    rig.forwarder.received(whole.span, on: query.token, now: rig.now)
    rig.drain()
    #expect(rig.results[ticket]?.count == 1)
  }

  @Test func wrongDatagramsChangeNothingAboutTheUpstream() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    let query = try rig.next()
    var forged = TestResponse(code: 1, hasOPT: false)
    forged.id = query.query.id &+ 1
    for _ in 0..<5 { try rig.respond(to: query, forged) }
    let state = try rig.state(0)
    #expect(state.quirks.knowsEDNS(at: rig.now))
    #expect(state.health.lastHeard == nil && state.isUp && state.quirks.serverCookie == nil)
  }

  @Test func floodOfGuessesMovesTheQuestionToTCP() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    let query = try rig.next()
    for guess in 1...UInt16(8) {
      var forged = TestResponse(answer: ["www.example. 300 A 192.0.2.66"])
      forged.id = query.query.id &+ guess
      try rig.respond(to: query, forged)
    }
    #expect(rig.forwarder.counters.floods == 1)
    #expect(rig.open[query.token] == nil, "the guessed-at socket is closed")
    rig.connect()
    let second = try rig.next()
    #expect(second.isStream)
    try rig.respond(to: second, "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func lateAnswerGoesNowhere() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    let query = try rig.next()
    try rig.respond(to: query, "www.example. 300 A 192.0.2.1")
    try rig.respond(to: query, "www.example. 300 A 192.0.2.66")
    #expect(rig.results[ticket]?.count == 1)
    #expect(rig.forwarder.counters.lateAnswers == 1)
  }

  @Test func eachQueryHasItsOwnSocketAndId() throws {
    let rig = try Rig()
    for number in 0..<200 { try rig.ask("n\(number).example.") }
    #expect(Set(rig.sent.map(\.token)).count == 200)
    #expect(Set(rig.sent.map(\.query.id)).count > 190)
  }
}
