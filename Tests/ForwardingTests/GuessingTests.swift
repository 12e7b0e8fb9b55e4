import Testing
import Wire

@testable import Forwarding

/// What makes guessing harder beyond port and id: the case of letters, and cookies.
struct GuessingTests {
  static let name = "abcdefghijklmnop.example."
  static let answer = "abcdefghijklmnop.example. 300 A 192.0.2.1"

  @Test func caseIsMixedAndMustComeBack() throws {
    let rig = try Rig { $0.mixesCase = true }
    let ticket = try rig.ask(Self.name)
    let query = try rig.next()
    let plain = try Name(Self.name).wire
    #expect(query.query.name != plain && Name(wire: query.query.name) == Name(wire: plain))
    try rig.respond(to: query, Self.answer)
    #expect(try rig.text(ticket) == [Self.answer], "the answer has the plain case")
  }

  @Test func otherCaseIsAskedAgainPlainly() throws {
    let rig = try Rig { $0.mixesCase = true }
    for number in 0..<3 {
      let ticket = try rig.ask("\(number)\(Self.name)")
      let query = try rig.next()
      var response = TestResponse(answer: ["\(number)\(Self.name) 300 A 192.0.2.66"])
      response.name = try Name("\(number)\(Self.name)").wire
      #expect(query.query.name != response.name)
      try rig.respond(to: query, response)
      #expect(rig.results[ticket] == nil, "it is not believed")
      #expect(rig.open[query.token] == nil)
      let second = try rig.next()
      #expect(second.query.name == response.name && second.query.id != query.query.id)
      try rig.respond(to: second, "\(number)\(Self.name) 300 A 192.0.2.1")
      #expect(try rig.text(ticket) == ["\(number)\(Self.name) 300 A 192.0.2.1"])
    }
    try rig.ask("z" + Self.name)
    #expect(try rig.next().query.name == Name("z" + Self.name).wire, "an upstream that loses it is asked plainly")
  }

  @Test func cookieIsLearnedAndSentBack() throws {
    let rig = try Rig { $0.sendsCookies = true }
    try rig.ask("a.example.")
    let first = try rig.next()
    #expect(first.query.cookie?.count == 8)
    try rig.respond(to: first, TestResponse(answer: ["a.example. 300 A 192.0.2.1"], cookie: Array(1...8)))
    try rig.ask("b.example.")
    #expect(try rig.next().query.cookie == (first.query.cookie ?? []) + Array(1...8))
  }

  @Test func wrongCookieIsAWrongDatagram() throws {
    let rig = try Rig { $0.sendsCookies = true }
    let ticket = try rig.ask("a.example.")
    let query = try rig.next()
    try rig.respond(
      to: query,
      TestResponse(
        answer: ["a.example. 300 A 192.0.2.66"], cookie: Array(1...8), clientCookie: Array(repeating: 0, count: 8)))
    #expect(rig.results[ticket] == nil && rig.forwarder.counters.wrongDatagrams == 1)
  }

  @Test func missingCookieMovesToTCPAndIsForgottenThere() throws {
    let rig = try Rig { $0.sendsCookies = true }
    try rig.ask("a.example.")
    try rig.respond(to: try rig.next(), TestResponse(answer: ["a.example. 300 A 192.0.2.1"], cookie: Array(1...8)))
    let ticket = try rig.ask("b.example.")
    try rig.respond(to: try rig.next(), "b.example. 300 A 192.0.2.66")
    #expect(rig.results[ticket] == nil)
    rig.connect()
    try rig.respond(to: try rig.next(), "b.example. 300 A 192.0.2.2")
    #expect(try rig.text(ticket) == ["b.example. 300 A 192.0.2.2"])
    let third = try rig.ask("c.example.")
    try rig.respond(to: try rig.next(), "c.example. 300 A 192.0.2.3")
    #expect(try rig.text(third) == ["c.example. 300 A 192.0.2.3"])
  }

  @Test func badCookieIsRetriedOnceThenOverTCP() throws {
    let rig = try Rig { $0.sendsCookies = true }
    let ticket = try rig.ask("a.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: 23, cookie: Array(1...8)))
    let second = try rig.next()
    #expect(second.query.cookie?.suffix(8) == [1, 2, 3, 4, 5, 6, 7, 8])
    try rig.respond(to: second, TestResponse(code: 23, cookie: Array(2...9)))
    rig.connect()
    let third = try rig.next()
    #expect(third.isStream)
    try rig.respond(to: third, "a.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["a.example. 300 A 192.0.2.1"])
  }
}
