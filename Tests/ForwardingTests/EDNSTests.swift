import Testing
import Wire

@testable import Forwarding

/// What goes to an upstream, and upstreams that do not know EDNS (RFC 6891 §7).
struct EDNSTests {
  @Test func queryIsBuiltAnew() throws {
    let rig = try Rig()
    let question = ForwardQuestion(
      name: try Name("WWW.example."), type: .aaaa, dnssecOK: true, checkingDisabled: true, rule: rig.rule)
    let asker = Asker(workspace: 1, client: .v4(1))
    _ = rig.forwarder.ask(question, ticket: Ticket(1), asker: asker, now: rig.now)
    var actions: [ForwardAction] = []
    rig.forwarder.takeActions(into: &actions)
    guard case .send(_, let octets)? = actions.last else {
      Issue.record("nothing was sent")
      return
    }
    let name = try Name("www.example.").wire
    // RD, AD and CD; one question; an OPT of 1232 octets with DO and no options.
    let expected =
      [1, 0x30, 0, 1, 0, 0, 0, 0, 0, 1] + name + [0, 28, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0x80, 0, 0, 0]
    #expect(Array(octets.dropFirst(2)) == expected)
  }

  @Test(arguments: [UInt16(1), 4])
  func withoutEDNSForThoseWhoSaySo(_ code: UInt16) throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: code, hasOPT: false))
    let second = try rig.next()
    #expect(!second.query.hasEDNS)
    try rig.respond(to: second, TestResponse(answer: ["www.example. 300 A 192.0.2.1"], hasOPT: false))
    #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"])
    try rig.ask("b.example.")
    let third = try rig.next()
    #expect(!third.query.hasEDNS, "it is remembered")
    try rig.respond(to: third, TestResponse(hasOPT: false))
    rig.pass(.seconds(3601))
    try rig.ask("c.example.")
    #expect(try rig.next().query.hasEDNS, "for an hour")
  }

  @Test func errorWithAnOPTIsTheUpstreamsError() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: 1))
    #expect(try rig.text(ticket) == ["failure: 10.1.0.2 answered FORMERR"])
  }

  @Test func authenticDataIsPassedOnAndNeverMadeUp() throws {
    for isSet in [true, false] {
      let rig = try Rig()
      let ticket = try rig.ask("www.example.")
      var response = TestResponse(answer: ["www.example. 300 A 192.0.2.1"])
      if isSet { response.flags.insert(.authenticData) }
      try rig.respond(to: try rig.next(), response)
      guard case .answer(let answer)? = rig.results[ticket]?.first else {
        Issue.record("no answer")
        return
      }
      #expect(answer.isAuthenticated == isSet)
    }
  }
}
