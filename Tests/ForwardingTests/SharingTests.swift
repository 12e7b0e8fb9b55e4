import Testing
import Wire

@testable import Forwarding

/// Equal questions of several workers are asked once, and a worker that asks and ends leaves nobody hanging.
struct SharingTests {
  /// Two workers with one cache, told apart by their networks.
  final class Pair {
    let shared = QuestionsInFlight(workers: 2)
    let first: Rig
    let second: Rig

    init(_ change: @escaping (inout ForwardSettings) -> Void = { _ in }) throws {
      first = try Rig(shared: shared, worker: 0, change)
      second = try Rig(cache: first.cache, shared: shared, worker: 1, change)
    }

    /// Wakes who was to be woken.
    func wake() {
      for rig in [first, second] {
        for worker in rig.woken { (worker == 0 ? first : second).hear() }
        rig.woken.removeAll()
      }
    }

    func pass(_ duration: Duration) {
      for _ in 0..<20 {
        first.pass(duration / 20)
        second.pass(duration / 20)
        wake()
      }
    }
  }

  @Test func twoWorkersAskOnce() throws {
    let pair = try Pair()
    let one = try pair.first.ask("www.example.")
    let others = try (0..<3).map { _ in try pair.second.ask("WWW.example.") }
    #expect(pair.first.sent.count == 1 && pair.second.sent.isEmpty)
    try pair.first.respond(to: try pair.first.next(), "www.example. 300 A 192.0.2.1")
    #expect(pair.first.woken == [1])
    pair.wake()
    #expect(try pair.first.text(one) == ["www.example. 300 A 192.0.2.1"])
    for other in others { #expect(try pair.second.text(other) == ["www.example. 300 A 192.0.2.1"]) }
    #expect(pair.shared.count == 0 && pair.second.forwarder.usage.exchanges == 0)
    #expect(pair.second.forwarder.counters.followed == 1)
  }

  @Test func differentQuestionsDoNotWaitForEachOther() throws {
    let pair = try Pair()
    try pair.first.ask("www.example.")
    try pair.second.ask("www.example.", .aaaa)
    try pair.second.ask("www.example.", dnssecOK: true)
    #expect(pair.first.sent.count == 1 && pair.second.sent.count == 2)
  }

  @Test func whatIsInNoCacheIsToldToo() throws {
    let pair = try Pair()
    try pair.first.ask("www.example.")
    let other = try pair.second.ask("www.example.")
    try pair.first.respond(to: try pair.first.next(), "www.example. 0 A 192.0.2.1")
    pair.wake()
    #expect(try pair.second.text(other) == ["www.example. 0 A 192.0.2.1"])
    try pair.first.ask("b.example.")
    let failing = try pair.second.ask("b.example.")
    try pair.first.respond(to: try pair.first.next(), TestResponse(code: 2))
    pair.wake()
    #expect(try pair.second.text(failing) == ["failure: 10.1.0.2 answered SERVFAIL"])
  }

  @Test func whoFollowsKeepsTheQuestionGoing() throws {
    let pair = try Pair()
    let gone = try pair.first.ask("www.example.")
    let stays = try pair.second.ask("www.example.")
    pair.first.forwarder.cancel(Ticket(UInt64(gone)), now: pair.first.now)
    pair.pass(.milliseconds(450))
    #expect(pair.first.asked.count == 2 && pair.second.sent.isEmpty, "the next try")
    try pair.first.respond(to: try pair.first.next(), "www.example. 300 A 192.0.2.1")
    pair.wake()
    #expect(pair.first.results[gone] == nil)
    #expect(try pair.second.text(stays) == ["www.example. 300 A 192.0.2.1"])
  }

  @Test func nobodyLeftAnywhereEndsIt() throws {
    let pair = try Pair()
    let one = try pair.first.ask("www.example.")
    let other = try pair.second.ask("www.example.")
    pair.first.forwarder.cancel(Ticket(UInt64(one)), now: pair.first.now)
    pair.second.forwarder.cancel(Ticket(UInt64(other)), now: pair.second.now)
    pair.pass(.seconds(4))
    #expect(pair.first.sent.count { $0.query.type == .a } <= 3 && pair.shared.count == 0)
    #expect(pair.first.forwarder.usage.exchanges + pair.second.forwarder.usage.exchanges == 0)
    #expect(pair.first.forwarder.counters.failures == 0)
  }

  /// The first worker's thread is gone: it hears and does nothing any more.
  @Test func aDeadWorkersQuestionIsTakenOver() throws {
    let pair = try Pair()
    try pair.first.ask("www.example.")
    let waiting = try pair.second.ask("www.example.")
    pair.second.pass(.milliseconds(800))
    #expect(pair.second.sent.isEmpty, "it may only be late")
    pair.second.pass(.milliseconds(200))
    try pair.second.respond(to: try pair.second.next(), "www.example. 300 A 192.0.2.1")
    #expect(try pair.second.text(waiting) == ["www.example. 300 A 192.0.2.1"])
    #expect(pair.second.forwarder.counters.takeOvers == 1)
    // Should it have been asleep only: it ends without harm, and its own client is answered.
    pair.first.pass(.seconds(4))
    #expect(pair.first.results.count == 1 && pair.shared.count == 0)
  }

  @Test func everyWaitEndsByItsOwnDeadline() throws {
    let pair = try Pair()
    (pair.first.answersProbes, pair.second.answersProbes) = (true, true)
    try pair.first.ask("www.example.")
    pair.pass(.seconds(2))
    let late = try pair.second.ask("www.example.")
    pair.pass(.seconds(2))
    #expect(try pair.second.text(late) == ["failure: no answer from 10.1.0.2 in 3.5 s"])
  }

  @Test func aStaleAnswerIsGivenWhileAnotherAsks() throws {
    let pair = try Pair()
    try pair.first.ask("www.example.")
    try pair.first.respond(to: try pair.first.next(), "www.example. 10 A 192.0.2.1")
    pair.pass(.seconds(20))
    try pair.first.ask("www.example.")
    let waiting = try pair.second.ask("www.example.")
    pair.pass(.milliseconds(1900))
    #expect(try pair.second.text(waiting).last == "www.example. 30 A 192.0.2.1")
    #expect(pair.second.forwarder.usage.exchanges == 0, "the other asks on alone")
  }

  @Test func aRefreshThatAnotherMakesIsNotRepeated() throws {
    let pair = try Pair { $0.prefetches = true }
    let question = ForwardQuestion(name: try Name("www.example."), type: .a, rule: pair.first.rule)
    try pair.first.ask("www.example.")
    let forwarder = pair.second.forwarder
    let refresh = forwarder.newExchange(question, [], .server, nil, isBackground: true, pair.second.now)
    forwarder.startInBackground(refresh, pair.second.now)
    #expect(pair.second.sent.isEmpty && pair.second.forwarder.usage.exchanges == 0)
  }
}
