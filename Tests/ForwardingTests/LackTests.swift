import Testing
import Wire

@testable import Forwarding

/// What this server lacked says nothing of a name or of its upstreams: it is told as that, and not remembered.
struct LackTests {
  private static func rule(_ number: Int) throws -> ForwardRule {
    let upstream = try #require(Upstream("10.2.0.\(number)"))
    return ForwardRule(owner: .workspace("w\(number)"), zone: .root, upstreams: [upstream])
  }

  private func reason(_ rig: Rig, _ ticket: Int) -> ForwardFailure.Reason? {
    if case .failure(let failure)? = rig.results[ticket]?.first { failure.reason } else { nil }
  }

  /// Asks, and has the question moved to TCP.
  private func ask(_ rig: Rig, _ name: String, _ rule: Int, workspace: UInt32) throws -> Int {
    // What was sent for the questions before is on its way, and stays there.
    rig.sent = []
    let ticket = try rig.ask(name, rule: try Self.rule(rule), workspace: workspace)
    let query = try rig.next()
    try rig.respond(to: query, TestResponse(flags: [.response, .truncated, .recursionAvailable]))
    rig.connect()
    return ticket
  }

  /// There is one connection, to an upstream that holds it and now and then answers something else: whoever waits for the
  /// place has waited in vain.
  @Test func waitingForAConnectionIsNoFailureOfTheName() throws {
    let rig = try Rig {
      $0.maximumStreams = 1
      $0.maximumQuestionsPerStream = 2
    }
    rig.answersProbes = true
    _ = try ask(rig, "hog.example.", 1, workspace: 2)
    let held = try #require(rig.streams.first)
    let waits = try ask(rig, "waits.example.", 2, workspace: 2)
    #expect(rig.streams == [held] && rig.forwarder.lacksRoom(for: Ticket(UInt64(waits))))
    for _ in 0..<7 {
      // An answer to what nobody waits for: the connection is alive.
      rig.pass(.milliseconds(500))
      rig.forwarder.streamReceived([0, 0].span, on: held, now: rig.now)
      rig.drain()
    }
    #expect(reason(rig, waits) == .overload)
    let again = try rig.ask("waits.example.", rule: try Self.rule(2), workspace: 2)
    #expect(rig.results[again] == nil, "it is not remembered")
  }

  /// Two workspaces take the one connection from each other until the queries of both are spent: who never had the time that
  /// an answer takes has not failed.
  @Test func givingWayIsNoFailureOfTheName() throws {
    let rig = try Rig { $0.maximumStreams = 1 }
    rig.answersProbes = true
    let tickets = [try ask(rig, "a.example.", 1, workspace: 2), try ask(rig, "b.example.", 2, workspace: 3)]
    rig.pass(.milliseconds(1))
    #expect(tickets.contains { rig.forwarder.lacksRoom(for: Ticket(UInt64($0))) })
    rig.pass(.seconds(4))
    #expect(tickets.contains { reason(rig, $0) == .overload })
  }

  /// Neither a socket nor a connection can be opened for want of descriptors.
  @Test(arguments: [false, true]) func wantOfDescriptorsIsNoFailureOfTheName(_ usesStreams: Bool) throws {
    let rig = try Rig()
    let ticket = try usesStreams ? ask(rig, "a.example.", 1, workspace: 2) : rig.ask("a.example.")
    for _ in 0..<40 {
      for token in Array(rig.open.keys) {
        (rig.open[token], rig.sent) = (nil, [])
        if rig.streams.remove(token) != nil {
          rig.forwarder.streamClosed(token, isLack: true, now: rig.now)
        } else {
          rig.forwarder.socketFailed(token, isLocal: true, isLack: true, now: rig.now)
        }
        rig.drain()
      }
      rig.pass(.milliseconds(100))
    }
    #expect(reason(rig, ticket) == .overload)
    #expect(rig.forwarder.counters.upstreamsDown == 0)
    let rule = try usesStreams ? Self.rule(1) : rig.rule
    let again = try rig.ask("a.example.", rule: rule, workspace: 2)
    #expect(rig.results[again] == nil, "it is not remembered")
  }

  /// Once there are some again the question is asked; each attempt waits a while, so that its queries last.
  @Test func descriptorsThatComeFreeAreUsed() throws {
    let rig = try Rig()
    rig.answersProbes = true
    let ticket = try ask(rig, "a.example.", 1, workspace: 2)
    for _ in 0..<4 {
      let token = try #require(rig.streams.first)
      (rig.open[token], rig.sent) = (nil, [])
      rig.streams.remove(token)
      rig.forwarder.streamClosed(token, isLack: true, now: rig.now)
      rig.drain()
      #expect(rig.streams.isEmpty)
      rig.pass(.milliseconds(500))
    }
    rig.connect()
    try rig.respond(to: try rig.next(), "a.example. 300 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["a.example. 300 A 192.0.2.1"])
  }

  /// An upstream that had its time and was silent has failed, whatever was lacked before.
  @Test func silenceAfterLackIsAFailure() throws {
    let rig = try Rig { $0.maximumStreams = 1 }
    rig.answersProbes = true
    let hog = try ask(rig, "hog.example.", 1, workspace: 2)
    let waits = try ask(rig, "waits.example.", 2, workspace: 2)
    rig.forwarder.cancel(Ticket(UInt64(hog)), now: rig.now)
    rig.drain()
    rig.pass(.milliseconds(1))
    rig.connect()
    rig.pass(.seconds(4))
    let why = reason(rig, waits)
    #expect(why != nil && why != .overload, "\(why as Any)")
  }
}
