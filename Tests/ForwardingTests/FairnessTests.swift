import Bounds
import Testing
import Wire

@testable import Forwarding

/// Whoever uses most of what is bounded gives way first: by workspace, then by client.
struct FairnessTests {
  static let shareText = "failure: this workspace's share of the questions that may wait for upstreams is used up"

  /// Asks so many questions that nobody answers.
  private func flood(
    _ rig: Rig, _ count: Int, workspace: UInt32 = 1, clients: UInt32 = 1, prefix: String = "n"
  ) throws -> [Int] {
    try (0..<count).map {
      try rig.ask("\(prefix)\($0).example.", workspace: workspace, client: UInt32($0) % clients)
    }
  }

  private func isWaiting(_ rig: Rig, _ ticket: Int) -> Bool { rig.results[ticket] == nil }

  @Test func theOldestQuestionOfWhoHasMostGivesWay() throws {
    let rig = try Rig { $0.maximumExchanges = 20 }
    rig.answersProbes = true
    let heavy = try flood(rig, 20, clients: 4)
    let light = try rig.ask("light.example.", workspace: 2)
    #expect(isWaiting(rig, light))
    #expect(
      try rig.text(heavy[0]) == [Self.shareText], "of four clients that have five each the one that had so many first")
    #expect(heavy.count { isWaiting(rig, $0) } == 19)
    #expect(rig.open.count == 20, "its socket is closed")
    let more = try rig.ask("more.example.", client: 0)
    #expect(isWaiting(rig, more), "a client that has less than others of its workspace takes one of theirs")
    let most = try rig.ask("most.example.", client: 1)
    #expect(rig.results[most] != nil || heavy.count { isWaiting(rig, $0) } == 17)
    #expect(rig.forwarder.usage.exchanges == 20 && rig.forwarder.counters.displaced >= 2)
  }

  @Test func whoHasMostGetsNoMore() throws {
    let rig = try Rig { $0.maximumExchanges = 20 }
    _ = try flood(rig, 20)
    let beyond = try rig.ask("beyond.example.", client: 0)
    #expect(try rig.text(beyond) == [Self.shareText])
    #expect(rig.forwarder.counters.overloads == 1)
  }

  /// Each of many workspaces gets its part, whatever the first of them does.
  @Test func partsBecomeEqual() throws {
    let rig = try Rig { $0.maximumExchanges = 60 }
    _ = try flood(rig, 100)
    for workspace in UInt32(2)...6 { _ = try flood(rig, 100, workspace: workspace, prefix: "w\(workspace)x") }
    for workspace in UInt32(1)...6 {
      let count = rig.forwarder.exchanges.all.values.count { $0.account.group == workspace }
      #expect((9...11).contains(count), "workspace \(workspace) has \(count)")
    }
  }

  @Test func addressesOfOneIPv6NetworkAreOneClient() throws {
    func account(_ text: String) throws -> Account {
      Asker(workspace: 1, client: try #require(IPAddress(text))).account
    }
    #expect(try account("2001:db8:1:2::1") == account("2001:db8:1:2:ffff:ffff:ffff:ffff"))
    #expect(try account("2001:db8:1:2::1") != account("2001:db8:1:3::1"))
    #expect(try account("10.0.0.1") != account("10.0.0.2"))
    #expect(try account("::ffff:10.0.0.1") == account("10.0.0.1"))
  }

  /// One name that all of a workspace wait for costs one place, and waiting has its own share.
  @Test func thoseWhoWaitForOneNameShareToo() throws {
    let rig = try Rig { $0.maximumWaiters = 20 }
    let heavy = try (0..<20).map { try rig.ask("www.example.", client: UInt32($0)) }
    let light = try rig.ask("www.example.", workspace: 2)
    #expect(isWaiting(rig, light) && heavy.count { !isWaiting(rig, $0) } == 1)
    try rig.respond(to: try rig.next(), "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(light) == ["www.example. 300 A 192.0.2.1"])
    #expect(rig.forwarder.counters.datagramQueries == 1)
  }

  /// A question is charged to whoever has least of those that wait; when that one gives way or leaves it goes on for the
  /// others, on the next one's account.
  @Test func aSharedQuestionIsOnTheLightestsAccount() throws {
    let rig = try Rig { $0.maximumExchanges = 5 }
    let heavy = try flood(rig, 5)
    let joined = try rig.ask("n0.example.", workspace: 2)
    #expect(rig.forwarder.exchanges.all.values.count { $0.account.group == 2 } == 1)
    let light = try rig.ask("light.example.", workspace: 3)
    #expect(try rig.text(heavy[1]) == [Self.shareText], "the oldest that is on the heavy one's account")
    #expect(isWaiting(rig, joined) && isWaiting(rig, light) && isWaiting(rig, heavy[0]))
    rig.forwarder.cancel(Ticket(UInt64(joined)), now: rig.now)
    rig.drain()
    #expect(rig.forwarder.exchanges.all.values.count { $0.account.group == 1 } == 4)
    let sent = try #require(rig.sent.first { Name(wire: $0.query.name)?.labels.first == Array("n0".utf8) })
    try rig.respond(to: sent, "n0.example. 300 A 192.0.2.1")
    #expect(try rig.text(heavy[0]) == ["n0.example. 300 A 192.0.2.1"])
  }

  /// A question that has no socket, because whoever asked it first has too many, goes out for the next who asks it.
  @Test func whoJoinsAParkedQuestionIsNotHeldBackByTheFirst() throws {
    let rig = try Rig { $0.maximumSockets = 10 }
    rig.answersProbes = true
    _ = try flood(rig, 10)
    try rig.ask("www.example.", client: 0)
    #expect(rig.asked.count == 10, "it is parked")
    let light = try rig.ask("www.example.", workspace: 2)
    let sent = try #require(rig.asked.last { Name(wire: $0.query.name)?.labels.first == Array("www".utf8) })
    try rig.respond(to: sent, "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(light) == ["www.example. 300 A 192.0.2.1"])
  }

  /// The same for the queries that the first may spend.
  @Test func whoJoinsMaySpendItsOwnQueries() throws {
    let rig = try Rig()
    rig.answersProbes = true
    try rig.ask("www.example.", queries: 1)
    rig.pass(.milliseconds(500))
    rig.sent.removeAll()
    let light = try rig.ask("www.example.", workspace: 2)
    rig.pass(.milliseconds(1))
    try rig.respond(to: try rig.next(), "www.example. 300 A 192.0.2.1")
    #expect(try rig.text(light) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func whatNobodyWaitsForAnyMoreIsClosedAtOnce() throws {
    let rig = try Rig()
    let tickets = try flood(rig, 10)
    #expect(rig.open.count == 10)
    for ticket in tickets { rig.forwarder.cancel(Ticket(UInt64(ticket)), now: rig.now) }
    rig.drain()
    #expect(rig.open.isEmpty && rig.forwarder.usage.exchanges == 0 && rig.forwarder.usage.waiters == 0)
  }

  @Test func socketsAreShared() throws {
    let rig = try Rig { $0.maximumSockets = 10 }
    rig.answersProbes = true
    let heavy = try flood(rig, 10)
    rig.pass(.milliseconds(399))
    let light = try rig.ask("light.example.", workspace: 2)
    #expect(rig.open.count == 10 && isWaiting(rig, light))
    #expect(try rig.text(heavy[0]) == [Self.shareText])
    #expect(rig.asked.contains { Name(wire: $0.query.name)?.labels.first == Array("light".utf8) })
    // Whoever has most repeats in the place of its own.
    rig.pass(.milliseconds(10))
    #expect(rig.open.count <= 10 && rig.forwarder.counters.datagramQueries > 12)
  }

  // MARK: TCP

  /// An upstream that truncates everything and is silent over TCP.
  private func truncateAll(_ rig: Rig) throws {
    while let sent = rig.asked.first(where: { !$0.isStream }) {
      rig.sent.removeAll { $0.token == sent.token }
      guard rig.open[sent.token] != nil else { continue }
      var response = TestResponse()
      response.flags.insert(.truncated)
      try rig.respond(to: sent, response)
    }
    rig.connect()
  }

  private static func rule(_ number: Int) throws -> ForwardRule {
    let upstream = try #require(Upstream("10.2.0.\(number)"))
    return ForwardRule(owner: .workspace("heavy"), zone: .root, upstreams: [upstream])
  }

  /// A workspace with many upstreams has every connection there may be.
  @Test func connectionsAreShared() throws {
    let rig = try Rig { $0.maximumStreams = 8 }
    for number in 1...8 { try rig.ask("n.example.", rule: try Self.rule(number)) }
    try truncateAll(rig)
    #expect(rig.streams.count == 8)
    let light = try rig.ask("light.example.", workspace: 2)
    try truncateAll(rig)
    let query = try #require(rig.asked.first { $0.isStream && $0.upstream == rig.rule.upstreams[0] })
    #expect(rig.streams.count == 8)
    try rig.respond(to: query, "light.example. 300 A 192.0.2.1")
    #expect(try rig.text(light) == ["light.example. 300 A 192.0.2.1"])
    let beyond = try rig.ask("n.example.", rule: try Self.rule(9))
    try truncateAll(rig)
    #expect(isWaiting(rig, beyond) && rig.streams.count == 8, "who has most takes what is unused, and nobody's")
  }

  /// A connection follows the question that it was opened for to another's account.
  @Test func aConnectionFollowsItsQuestion() throws {
    let rig = try Rig { $0.maximumStreams = 2 }
    let first = try rig.ask("n.example.", rule: try Self.rule(1))
    try truncateAll(rig)
    try rig.ask("n.example.", rule: try Self.rule(1), workspace: 3)
    rig.forwarder.cancel(Ticket(UInt64(first)), now: rig.now)
    try rig.ask("n.example.", rule: try Self.rule(2))
    try truncateAll(rig)
    #expect(rig.streams.count == 2)
    let (account, other) = (Account(3, ClientNetwork(.v4(1))), Account(1, ClientNetwork(.v4(1))))
    #expect(rig.forwarder.streams.count(of: account) == 1 && rig.forwarder.streams.count(of: other) == 1)
  }

  /// And one that shares its upstream with others has every question that may be on the way there.
  @Test func questionsOnConnectionsAreShared() throws {
    let rig = try Rig {
      $0.maximumStreamsPerUpstream = 2
      $0.maximumQuestionsPerStream = 4
    }
    let heavy = try flood(rig, 12)
    try truncateAll(rig)
    #expect(rig.streams.count == 2 && rig.asked.count == 8)
    let light = try rig.ask("light.example.", workspace: 2)
    try truncateAll(rig)
    let query = try #require(rig.asked.first { Name(wire: $0.query.name)?.labels.first == Array("light".utf8) })
    #expect(query.isStream && heavy.count { !isWaiting(rig, $0) } == 1)
    try rig.respond(to: query, "light.example. 300 A 192.0.2.1")
    #expect(try rig.text(light) == ["light.example. 300 A 192.0.2.1"])
  }

  // MARK: Upstreams

  @Test func whatIsKnownOfUpstreamsIsShared() throws {
    let settings = ForwardSettings()
    func state(_ number: Int, _ workspace: UInt32) throws -> UpstreamState {
      let upstream = try #require(Upstream("10.\(workspace).\(number / 256).\(number % 256)"))
      return UpstreamState(
        UpstreamUse(upstream: upstream, owner: .workspace("\(workspace)")), clientCookie: [],
        account: Account(workspace, ClientNetwork(.v4(1))), settings: settings)
    }
    var table = UpstreamTable(capacity: 100)
    let first = try state(1, 1)
    #expect(table.add(first).isEmpty)
    for number in 1...500 { _ = table.add(try state(number, 2)) }
    #expect(table.count == 100 && table.find(first.use) === first)
    #expect(table.reports(Instant(nanoseconds: 0)).count == 501, "what was counted stays")
  }

  // MARK: Work

  /// Who gives way is found in a few steps, however much is held: a heavy workspace costs others nothing.
  @Test func theOldestOfManyIsFoundAtOnce() throws {
    let rig = try Rig { $0.maximumWaitersPerClient = .max }
    _ = try flood(rig, 4096)
    #expect(rig.forwarder.usage.exchanges == 4096)
    for number in 0..<200 { _ = try rig.ask("l\(number).example.", workspace: 2) }
    #expect(rig.forwarder.counters.displaced == 200)
    #expect(rig.forwarder.usage.exchanges == 4096)
  }
}
