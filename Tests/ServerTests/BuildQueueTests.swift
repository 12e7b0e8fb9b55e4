import Bounds
import Testing
import Workspaces

@testable import Server

/// In what order workspaces are built.
struct BuildQueueTests {
  private static let millisecond: UInt64 = 1_000_000

  private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  /// Begins a job that there must be.
  private func begin(_ queue: inout BuildQueue, _ lane: Lane, at now: UInt64) throws -> BuildQueue.Job {
    let job = queue.begin(in: lane, at: now)
    return try #require(job)
  }

  /// Does jobs of a lane until there are none, each in a millisecond.
  private func work(_ queue: inout BuildQueue, _ lane: Lane, from now: UInt64, _ times: Int = .max) -> [String] {
    var done: [String] = []
    var now = now
    while done.count < times, let job = queue.begin(in: lane, at: now) {
      now += Self.millisecond
      queue.end(job, octets: 100, at: now)
      _ = queue.settle(job.name, at: now)
      done.append(job.name.description)
    }
    return done
  }

  @Test func eachWorkspaceHasItsTurn() throws {
    var queue = BuildQueue()
    for text in ["busy", "a", "b"] { queue.ask(for: try name(text), by: 1, at: 0) }
    var order: [String] = []
    for now in 0..<4 {
      order += work(&queue, .quick, from: UInt64(now), 1)
      // It changes again and again, and each time waits behind the others.
      queue.ask(for: try name("busy"), by: 2, at: UInt64(now))
    }
    #expect(order == ["busy", "a", "b", "busy"])
  }

  @Test func aWorkspaceHasOneJobAtATimeAndItsNextKnowsWhoAsked() throws {
    var queue = BuildQueue()
    let name = try name("a")
    queue.ask(for: name, by: 1, at: 0)
    queue.ask(for: name, by: 2, at: 0)
    let job = try begin(&queue, .quick, at: 0)
    #expect(!queue.isWaiting(name))
    queue.ask(for: name, by: 3, at: 1)
    #expect(queue.isWaiting(name))
    #expect(!queue.hasJob(in: .quick), "not while it is built")
    queue.end(job, octets: 1, at: 2)
    #expect(!queue.hasJob(in: .quick), "nor before what came of that is taken")
    let first = queue.settle(name, at: 3)
    #expect(first == [1, 2])
    let next = try begin(&queue, .quick, at: 3)
    queue.end(next, octets: 1, at: 4)
    let second = queue.settle(name, at: 4)
    #expect(second == [3])
    #expect(queue.isIdle(upTo: .slow, butForThoseBefore: 0))
  }

  /// What nobody waits for any more is read all the same, and takes nothing of what may be asked for.
  @Test func aRequestThatNobodyWaitsForLeavesNothing() throws {
    var queue = BuildQueue()
    var requests = ReloadRequests()
    let (slow, other) = (try name("slow"), try name("other"))
    queue.ask(for: slow, by: requests.next(), at: 0)
    let held = try begin(&queue, .quick, at: 0)
    // One after the other, far more than may be asked for at once; of everything and of one.
    for ticket in UInt64(1)...1000 {
      let names: Set<WorkspaceName>? = ticket.isMultiple(of: 2) ? [slow, other] : nil
      #expect(!requests.isFull, "after \(ticket)")
      let request = requests.next()
      for name in [slow, other] { queue.ask(for: name, by: request, at: 1) }
      requests.open(request, [ticket], of: names, count: 2, at: 1)
      let abandoned = requests.withdraw([ticket])
      #expect(abandoned.map(\.request) == [request])
      requests.leave(request, queue.withdraw(request, of: abandoned.first?.names))
    }
    #expect(requests.withdraw([1, 1000]).isEmpty)
    queue.end(held, octets: 100, at: 2)
    #expect(queue.settle(slow, at: 2) == [1])
    // Both are read once more, on nobody's behalf.
    for _ in 0..<2 {
      let job = try begin(&queue, .quick, at: 3)
      queue.end(job, octets: 100, at: 3)
      #expect(queue.settle(job.name, at: 3) == [])
    }
    #expect(queue.unread.isEmpty && !requests.hasComplete)
  }

  /// One of two that wait for the same goes: the other is answered. One that goes while it is read makes room.
  @Test func whoWaitsBesideOneThatGoesIsAnswered() throws {
    var queue = BuildQueue()
    var requests = ReloadRequests()
    let acme = try name("acme")
    let both = requests.next()
    queue.ask(for: acme, by: both, at: 0)
    requests.open(both, [1, 2], of: [acme], count: 1, at: 0)
    #expect(requests.withdraw([1]).isEmpty)
    let job = try begin(&queue, .quick, at: 0)
    let abandoned = requests.next()
    for ticket in UInt64(3)..<UInt64(Limits.Building.requests) + 2 {
      requests.open(ticket == 3 ? abandoned : requests.next(), [ticket], of: [acme], count: 1, at: 0)
    }
    #expect(requests.isFull)
    #expect(requests.withdraw([3]).map(\.request) == [abandoned])
    requests.leave(abandoned, 0)
    #expect(!requests.isFull)
    queue.end(job, octets: 100, at: 1)
    requests.note(acme, isChanged: true, [], for: queue.settle(acme, at: 1) + [abandoned])
    #expect(requests.takeComplete(at: 2).map(\.tickets) == [[2], []], "what was read counts as a reload")
  }

  @Test func whatIsLargeLeavesTheQuickLane() throws {
    var queue = BuildQueue()
    let name = try name("large")
    queue.ask(for: name, by: 1, at: 0)
    for lane in [Lane.quick, .middle] {
      let job = try begin(&queue, lane, at: 0)
      queue.moveOn(job)
      #expect(!queue.hasJob(in: lane))
    }
    let job = try begin(&queue, .slow, at: 0)
    queue.end(job, octets: Limits.Building.middlingOctets + 1, at: 10)
    let requests = queue.settle(name, at: 10)
    #expect(requests == [1])
    queue.ask(for: name, by: 2, at: 20)
    #expect(queue.hasJob(in: .slow), "it is known to be large")
    let again = try begin(&queue, .slow, at: 20)
    queue.end(again, octets: 10, at: 30)
    _ = queue.settle(name, at: 30)
    queue.ask(for: name, by: 3, at: 40)
    #expect(queue.hasJob(in: .quick), "and that it is no more")
  }

  @Test func whatTookLongLeavesTheQuickLane() throws {
    for (took, lane) in [(40, Lane.quick), (60, .middle), (2000, .slow)] {
      var queue = BuildQueue()
      let name = try name("a")
      queue.ask(for: name, by: 1, at: 0)
      queue.end(try begin(&queue, .quick, at: 0), octets: 10, at: UInt64(took) * Self.millisecond)
      _ = queue.settle(name, at: UInt64(took) * Self.millisecond)
      queue.ask(for: name, by: 2, at: UInt64(took) * Self.millisecond)
      #expect(queue.hasJob(in: lane), "\(took) ms")
    }
  }

  @Test func whatIsBuiltAllTheTimeLeavesTheQuickLane() throws {
    var queue = BuildQueue()
    let name = try name("a")
    var now: UInt64 = 0
    var builds = 0
    while builds < 100 {
      queue.ask(for: name, by: 1, at: now)
      guard let job = queue.begin(in: .quick, at: now) else { break }
      builds += 1
      now += 20 * Self.millisecond
      queue.end(job, octets: 10, at: now)
      _ = queue.settle(name, at: now)
    }
    #expect(builds == 11, "after 200 ms of its own in a few seconds")
    // It is quick again once it has been quiet.
    _ = work(&queue, .middle, from: now)
    queue.ask(for: name, by: 1, at: now + 30_000 * Self.millisecond)
    #expect(queue.hasJob(in: .quick))
  }
}
