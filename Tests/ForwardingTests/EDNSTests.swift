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

  @Test func onlyWhoAsksForSignaturesGetsThem() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    #expect(try !rig.next().query.dnssecOK)
  }

  @Test(arguments: [UInt16(1), 4])
  func withoutEDNSForThoseWhoSaySo(_ code: UInt16) throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: code, hasOPT: false))
    let probe = try #require(rig.sent.first { $0.query.type == .soa })
    #expect(probe.query.hasEDNS)
    try rig.respond(to: probe, TestResponse(code: code, hasOPT: false))
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

  /// Whoever has a zone can have an upstream say FORMERR to names below it.
  @Test(arguments: [UInt16(1), 4])
  func whatIsSaidToOneNameIsConfirmed(_ code: UInt16) throws {
    let rig = try Rig()
    rig.answersProbes = true
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(code: code, hasOPT: false))
    #expect(rig.forwarder.counters.probes == 1)
    let second = try rig.next()
    #expect(!second.query.hasEDNS, "this question goes without")
    try rig.respond(to: second, TestResponse(answer: ["www.example. 300 A 192.0.2.1"], hasOPT: false))
    #expect(try rig.text(ticket) == ["www.example. 300 A 192.0.2.1"])
    try rig.ask("b.example.")
    #expect(try rig.next().query.hasEDNS, "and no other")
  }

  /// Whoever has a zone can have an upstream be silent to names below it with EDNS, and answer those without: what counts is
  /// what probes are answered, though one may be lost before each question.
  @Test func silenceAboutNamesIsNoSignOfDroppedEDNS() {
    var quirks = UpstreamQuirks()
    let (now, settings) = (Instant(nanoseconds: 1), ForwardSettings())
    for isProbe in [false, true] {
      for _ in 0..<3 {
        quirks.wasSilentToProbe(hadEDNS: true)
        quirks.heardDatagram(hadEDNS: false, isProbe: isProbe, now, settings: settings)
        #expect(isProbe || !quirks.doubtsEDNS)
      }
      #expect(quirks.knowsEDNS(at: now) == !isProbe)
    }
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

  // MARK: Networks that drop datagrams with EDNS

  /// Plays an upstream that hears only datagrams without EDNS, until a question's result is there.
  ///
  /// - Returns: whether each of the question's queries had EDNS.
  private func resolveWithoutEDNS(_ rig: Rig, _ name: String, dnssecOK: Bool = false) throws -> [Bool] {
    let ticket = try rig.ask(name, dnssecOK: dnssecOK)
    var tries: [Bool] = []
    while rig.results[ticket] == nil {
      while !rig.sent.isEmpty {
        let sent = rig.sent.removeFirst()
        if sent.query.type == .a { tries.append(sent.query.hasEDNS) }
        guard !sent.query.hasEDNS else { continue }
        let answer = sent.query.type == .a ? ["\(name) 300 A 192.0.2.1"] : []
        try rig.respond(to: sent, TestResponse(answer: answer, hasOPT: false))
      }
      rig.pass(.milliseconds(50))
    }
    return tries
  }

  @Test func silenceToEDNSLeadsToQueriesWithout() throws {
    let rig = try Rig()
    #expect(try resolveWithoutEDNS(rig, "a.example.") == [true, true, false])
    #expect(try rig.text(1) == ["a.example. 300 A 192.0.2.1"])
    #expect(
      try resolveWithoutEDNS(rig, "b.example.") == [false], "probes went on at once, and three times are no chance")
    rig.pass(.seconds(3601))
    rig.sent.removeAll()
    try rig.ask("e.example.")
    #expect(try rig.next().query.hasEDNS, "for an hour")
  }

  /// An upstream that was dead and returns knows EDNS, whichever query it hears first.
  @Test func silenceToEverythingIsNoLackOfEDNS() throws {
    let rig = try Rig()
    for number in 0..<3 {
      try rig.ask("n\(number).example.")
      rig.pass(.seconds(5))
    }
    rig.sent.removeAll()
    rig.answersProbes = true
    rig.pass(.seconds(4))
    for number in 3..<8 {
      try rig.ask("n\(number).example.")
      let sent = try rig.next()
      #expect(sent.query.hasEDNS)
      try rig.respond(to: sent, TestResponse(answer: ["n\(number).example. 300 A 192.0.2.1"]))
    }
  }

  /// Forged answers to queries without EDNS teach nothing.
  @Test func whatIsNotVerifiedIsNoSignOfDroppedEDNS() throws {
    let rig = try Rig { $0.maximumWrongDatagrams = 1000 }
    for number in 0..<6 {
      let ticket = try rig.ask("n\(number).example.")
      while rig.results[ticket] == nil {
        while !rig.sent.isEmpty {
          let sent = rig.sent.removeFirst()
          guard !sent.query.hasEDNS else { continue }
          var forged = sent.query
          forged.id ^= 1
          let message = try TestResponse(answer: ["n\(number).example. 300 A 192.0.2.6"]).message(to: forged)
          rig.forwarder.received(message.span, on: sent.token, now: rig.now)
          rig.drain()
        }
        rig.pass(.milliseconds(50))
      }
    }
    rig.pass(.seconds(10))
    rig.sent.removeAll()
    let states = rig.forwarder.upstreams.all
    #expect(states.allSatisfy { $0.quirks.knowsEDNS(at: rig.now) })
  }

  @Test func signaturesAreNotGivenUpForAGuess() throws {
    let rig = try Rig()
    try rig.ask("a.example.", dnssecOK: true)
    rig.pass(.milliseconds(700))
    #expect(rig.sent.filter { $0.query.type == .a }.allSatisfy { $0.query.hasEDNS })
    rig.sent.removeAll()
    for name in ["b.example.", "c.example.", "d.example.", "f.example.", "g.example."] {
      _ = try resolveWithoutEDNS(rig, name)
    }
    #expect(try resolveWithoutEDNS(rig, "e.example.", dnssecOK: true) == [false], "then it is the only way")
  }
}
