import Testing
import Wire

@testable import Forwarding

/// What clients get while upstreams are dead, how soon that is known, and how soon they are back.
struct DeadUpstreamTests {
  static let answer = "www.example. 300 A 192.0.2.1"

  /// Answers everything that was sent to some of the upstreams, probes too.
  private func answerAll(_ rig: Rig, of alive: [Upstream]) throws {
    while let sent = rig.sent.first {
      rig.sent.removeFirst()
      guard alive.contains(sent.upstream), rig.open[sent.token] != nil else { continue }
      let name = try #require(Name(wire: sent.query.name))
      try rig.respond(to: sent, TestResponse(answer: sent.query.type == .a ? ["\(name) 300 A 192.0.2.1"] : []))
    }
  }

  /// Asks one question each so often for a while, and answers for those upstreams that are alive.
  private func load(
    _ rig: Rig, _ prefix: String, for duration: Int, every step: Int = 50, alive: [Upstream]
  ) throws -> [Int] {
    var tickets: [Int] = []
    for at in stride(from: 0, to: duration, by: step) {
      tickets.append(try rig.ask("\(prefix)\(at).example."))
      try answerAll(rig, of: alive)
      rig.pass(.milliseconds(step))
      try answerAll(rig, of: alive)
    }
    return tickets
  }

  private func isFailure(_ result: ForwardResult?) -> Bool { if case .failure? = result { true } else { false } }

  /// A stub that gives up after five seconds for all its search names has time left, whether the upstreams' speed was
  /// known before or not.
  @Test(arguments: [1, 2, 3], [nil, 1, 30, 150])
  func theFirstQuestionWaitsForTwoSecondsAtMost(_ upstreams: Int, _ usual: Int?) throws {
    let rig = try Rig(upstreams: upstreams)
    if let usual {
      for number in 0..<40 {
        try rig.ask("n\(number).example.")
        rig.pass(.milliseconds(usual))
        try answerAll(rig, of: rig.rule.upstreams)
      }
    }
    rig.pass(.milliseconds(1))
    let ticket = try rig.ask("www.example.")
    let start = rig.now
    while rig.results[ticket] == nil { rig.pass(.milliseconds(10)) }
    #expect(rig.now.since(start) <= .seconds(2), "\(rig.now.since(start))")
    #expect(rig.now.since(start) >= .seconds(1), "no burst of losses")
    guard case .failure(let failure)? = rig.results[ticket]?.first else { return }
    #expect(failure.error.code == .noReachableAuthority)
    for upstream in rig.rule.upstreams { #expect(failure.error.text.contains("\(upstream) is silent for 1 s")) }
  }

  @Test func everythingThatWaitsFailsWhenItIsKnown() throws {
    let rig = try Rig(upstreams: 2)
    let tickets = try (0..<40).map { try rig.ask("n\($0).example.") }
    rig.pass(.seconds(2))
    for ticket in tickets { #expect(isFailure(rig.results[ticket]?.first)) }
    #expect(rig.forwarder.usage.waiters == 0)
    #expect(rig.forwarder.counters.upstreamsDown == 2)
  }

  @Test func whileAllAreDownQuestionsFailAtOnce() throws {
    let rig = try Rig(upstreams: 2)
    try rig.ask("www.example.")
    rig.pass(.seconds(3))
    rig.sent.removeAll()
    for number in 0..<1000 {
      let ticket = try rig.ask("n\(number).example.")
      let text = try rig.text(ticket)
      #expect(text == ["failure: no upstream answers: 10.1.0.2 is silent for 3 s, 10.1.0.3 is silent for 2 s"])
    }
    #expect(rig.forwarder.counters.failedAtOnce == 1000)
    #expect(rig.asked.count <= 2, "they are not stormed")
    #expect(rig.forwarder.usage.waiters == 0)
  }

  @Test func staleComesFirst() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), "www.example. 10 A 192.0.2.1")
    rig.pass(.seconds(11))
    let waiting = try rig.ask("www.example.")
    rig.pass(.milliseconds(1500))
    #expect(try rig.text(waiting).last == "www.example. 30 A 192.0.2.1", "as soon as it is known")
    #expect(try rig.text(try rig.ask("www.example.")).last == "www.example. 30 A 192.0.2.1")
  }

  /// Everything is lost for most of a second, and then nothing.
  @Test func aBurstOfLossesIsNoDeath() throws {
    let rig = try Rig(upstreams: 2)
    _ = try load(rig, "before", for: 2000, alive: rig.rule.upstreams)
    let lost = try load(rig, "lost", for: 700, alive: [])
    let after = try load(rig, "after", for: 1000, alive: rig.rule.upstreams)
    #expect(rig.forwarder.counters.upstreamsDown == 0)
    rig.pass(.seconds(1))
    try answerAll(rig, of: rig.rule.upstreams)
    for ticket in lost + after { #expect(!isFailure(rig.results[ticket]?.first) && rig.results[ticket] != nil) }
  }

  @Test func oneDownOfTwoIsNotFelt() throws {
    let rig = try Rig(upstreams: 2)
    _ = try load(rig, "before", for: 2000, alive: rig.rule.upstreams)
    let alive = [rig.rule.upstreams[1]]
    _ = try load(rig, "while", for: 3000, alive: alive)
    for ticket in try load(rig, "then", for: 3000, alive: alive) {
      #expect(!isFailure(rig.results[ticket]?.first) && rig.results[ticket] != nil)
    }
    #expect(rig.forwarder.counters.failedAtOnce == 0 && rig.forwarder.counters.upstreamsDown == 1)
  }

  @Test func itIsUsedAgainWithinTwoSeconds() throws {
    for dead in [3000, 10_000, 40_000] {
      let rig = try Rig()
      _ = try load(rig, "dead", for: dead, every: 100, alive: [])
      let start = rig.now
      var number = 0
      while rig.forwarder.counters.upstreamsUp == 0 {
        _ = try load(rig, "back\(number)x", for: 100, every: 100, alive: rig.rule.upstreams)
        number += 1
      }
      #expect(rig.now.since(start) <= .milliseconds(2100), "\(rig.now.since(start))")
      // What failed a moment ago is asked: the outage is not remembered for each name.
      let ticket = try rig.ask("dead\(dead - 100).example.")
      try answerAll(rig, of: rig.rule.upstreams)
      #expect(!isFailure(rig.results[ticket]?.first) && rig.results[ticket] != nil)
    }
  }

  /// Up and down every few seconds: nobody ever waits for longer than two seconds, and each return is found.
  @Test func flapping() throws {
    let rig = try Rig(upstreams: 2)
    for round in 0..<10 {
      _ = try load(rig, "up\(round)x", for: 3000, every: 100, alive: rig.rule.upstreams)
      #expect(rig.all(\.isUp), "round \(round)")
      let tickets = try load(rig, "down\(round)x", for: 4000, every: 100, alive: [])
      for ticket in tickets.prefix(20) { #expect(rig.results[ticket] != nil) }
      #expect(rig.all(\.isDown), "round \(round)")
    }
    #expect(rig.forwarder.counters.upstreamsDown == 20)
  }

  /// It answers questions, and is silent to probes: one question in passing finds it.
  @Test func oneThatIsSilentToProbesAloneIsFoundByAQuestion() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    rig.pass(.seconds(10))
    rig.sent.removeAll()
    let first = try rig.ask("a.example.")
    #expect(isFailure(rig.results[first]?.first), "nobody waits for that")
    try rig.respond(to: try rig.next(), "a.example. 300 A 192.0.2.1")
    let second = try rig.ask("a.example.")
    #expect(try rig.text(second) == ["a.example. 300 A 192.0.2.1"])
    #expect(rig.all(\.isUp))
  }

  /// Nobody has asked for a while, so that probes have become rare: what is known is too old to fail a question by.
  @Test(arguments: [30, 300]) func theFirstQuestionAfterAWhileIsAnswered(_ seconds: Int) throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    rig.pass(.seconds(seconds))
    #expect(rig.all(\.isDown))
    // A probe a moment ago would have found it back.
    let probed = try rig.state(0).probedAt
    while rig.now <= max(probed, try rig.state(0).probedAt) + rig.forwarder.settings.maximumProbeInterval {
      rig.pass(.milliseconds(100))
    }
    rig.sent.removeAll()
    let ticket = try rig.ask("later.example.")
    try answerAll(rig, of: rig.rule.upstreams)
    #expect(try rig.text(ticket) == ["later.example. 300 A 192.0.2.1"])
    #expect(rig.all(\.isUp))
  }

  /// A question that was asked in passing may come to nothing, for nobody waits for it; one that somebody has joined may not.
  @Test func whoJoinsAQuestionInPassingGetsAResultThoughItsTryGivesWay() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    rig.pass(.seconds(3))
    rig.sent.removeAll()
    let passing = try rig.ask("a.example.")
    #expect(isFailure(rig.results[passing]?.first))
    let token = try rig.next().token
    try rig.state(0).health.becameDoubtful(rig.now)
    let joined = try rig.ask("a.example.")
    #expect(rig.results[joined] == nil && rig.forwarder.counters.coalesced == 1)
    // The upstream takes few tries, and this workspace has all of them when another one comes.
    for number in 0..<rig.forwarder.settings.maximumTriesWhileSuspected { try rig.ask("n\(number).example.") }
    #expect(rig.open[token] != nil)
    try rig.ask("light.example.", workspace: 2)
    #expect(rig.open[token] == nil, "its try gave way")
    rig.pass(.seconds(5))
    #expect(rig.results[joined]?.count == 1)
  }

  @Test func aPortThatIsClosedIsKnownAsSoon() throws {
    let rig = try Rig()
    let ticket = try rig.ask("www.example.")
    let start = rig.now
    while rig.results[ticket] == nil {
      while !rig.sent.isEmpty { rig.refuse(rig.sent.removeFirst()) }
      rig.pass(.milliseconds(10))
    }
    #expect(rig.now.since(start) <= .milliseconds(1700) && rig.now.since(start) >= .seconds(1))
    #expect(try rig.text(ticket) == ["failure: 10.1.0.2 refuses: nothing listens there"])
    rig.pass(.milliseconds(500))
    #expect(try rig.text(try rig.ask("other.example.")) == ["failure: no upstream answers: 10.1.0.2 refuses for 1 s"])
    #expect(rig.forwarder.counters.probes <= 5, "a refusal is not answered by another probe at once")
  }

  /// What one worker finds the others see for themselves, before anybody asks them.
  @Test func otherWorkersLookForThemselves() throws {
    let shared = QuestionsInFlight(workers: 2)
    let cache = AnswerCache(capacityOctets: 1 << 20, shards: 1, seed: 1)
    let first = try Rig(cache: cache, shared: shared, worker: 0)
    let second = try Rig(seed: 2, cache: cache, shared: shared, worker: 1)
    func pass(_ milliseconds: Int) {
      for _ in 0..<(milliseconds / 10) {
        for (rig, other) in [(first, second), (second, first)] {
          rig.pass(.milliseconds(10))
          if !rig.woken.isEmpty { other.hear() }
          rig.woken.removeAll()
        }
      }
    }
    try first.ask("www.example.")
    pass(3000)
    let ticket = try second.ask("other.example.")
    #expect(isFailure(second.results[ticket]?.first), "it was never asked before")
    // The upstream is back, and the first worker finds out.
    while let probe = first.sent.last(where: { $0.query.type == .soa }), first.open[probe.token] == nil {
      first.sent.removeAll()
      pass(100)
    }
    second.sent.removeAll()
    let last = try #require(first.sent.last)
    try first.respond(to: last, TestResponse())
    second.hear()
    let asks = second.sent.contains { $0.query.type == .soa }
    #expect(asks, "the second asks at once")
  }

  @Test func probesGoOnForAMinuteAfterTheLastQuestion() throws {
    let rig = try Rig()
    try rig.ask("www.example.")
    rig.pass(.seconds(50))
    #expect(rig.forwarder.nextDeadline != nil)
    rig.pass(.seconds(15))
    rig.sent.removeAll()
    rig.pass(.seconds(60))
    #expect(rig.sent.isEmpty && rig.open.isEmpty && rig.forwarder.nextDeadline == nil)
  }
}
