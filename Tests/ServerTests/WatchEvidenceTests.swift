import Answering
import Bounds
import Forwarding
import Glibc
import Links
import SystemIO
import TestKit
import Testing
import Wire
import Workspaces

@testable import Server

/// What watching takes for evidence against an endpoint: nothing that this server lacked.
struct WatchEvidenceTests {
  /// However many upstreams there are, and whatever they do, each question that is under way has its socket and connection.
  @Test(arguments: [1, 8, Limits.Watching.atOnce]) func everyQuestionHasItsConnection(_ atOnce: Int) {
    let settings = WatchSettings(atOnce: atOnce)
    let asking = LinkWatcher.asking(settings)
    #expect(asking.maximumStreams >= settings.atOnce && asking.maximumSockets >= settings.atOnce)
    #expect(asking.maximumStreamsPerUpstream * asking.maximumQuestionsPerStream >= settings.atOnce)
    #expect(1 + asking.maximumStreams / atOnce + asking.maximumSockets / atOnce <= LinkWatcher.descriptorsOfProbe)
  }

  private func question() throws -> (AddressQuestion, Snapshot) {
    let server = TestServer([TestWorkspace("acme", settings: #"{"clients": ["10.1.0.0/16"]}"#)])
    let workspace = try #require(WorkspaceName("acme"))
    let question = try #require(
      AddressQuestion(
        1, try Name("vpce-1.example"), of: workspace, in: server.snapshot, deadline: Instant(nanoseconds: 1)))
    return (question, server.snapshot)
  }

  private static let failed = RawMessage(flags: 0x8182, counts: [1, 0, 0, 0]).question([0]).octets

  /// Of an endpoint with addresses of both families, those of IPv4 dead, the others must not be left out for want of room.
  @Test func aFamilyThatThereWasNoRoomToAskForLeavesNothingKnown() throws {
    for (isOverloaded, expected) in [
      (true, ResolveOutcome.postponed), (false, .addresses([try #require(IPAddress("10.9.0.1"))], reason: "")),
    ] {
      let (question, snapshot) = try question()
      let found = RawMessage(flags: 0x8180, counts: [1, 1, 0, 0]).question([0]).record([0], .a, [10, 9, 0, 1]).octets
      let ofA = question.take(found.span, isOverloaded: false, in: snapshot)
      let failed = Self.failed
      let ofAAAA = question.take(failed.span, isOverloaded: isOverloaded, in: snapshot)
      #expect(ofA == nil && ofAAAA == expected)
    }
  }

  @Test func aNameThatThereWasNoRoomToAskForHasNotFailed() throws {
    let (question, snapshot) = try question()
    let failed = Self.failed
    let lacked = question.take(failed.span, isOverloaded: true, in: snapshot)
    #expect(lacked == .postponed)
    let (other, _) = try self.question()
    guard case .failed = other.take(failed.span, isOverloaded: false, in: snapshot) else {
      Issue.record("an upstream's failure is one")
      return
    }
  }

  /// The watcher stood still for longer than connections wait: what it did not hear says nothing.
  @Test func whatIsNotHeardWhileTheWatcherStandsStillSaysNothing() {
    var delays = WatchDelays()
    delays.hear(at: 10_000, after: 100)
    delays.begin(1, at: 10_000)
    delays.hear(at: 10_000 + 1000 + WatchDelays.bearable, after: 1000)
    #expect(delays.outcome(.silent, of: 1) == .silent, "as late as it may be")
    delays.begin(2, at: 13_000)
    delays.hear(at: 20_000, after: 1000)
    for number in [1, 2] as [UInt64] {
      #expect(delays.outcome(.silent, of: number) == ConnectOutcome.postponed)
      #expect(delays.outcome(.failed("no answer"), of: number) == ResolveOutcome.postponed)
      // What was heard was heard.
      #expect(delays.outcome(.reached, of: number) == ConnectOutcome.reached)
      #expect(delays.outcome(.refused, of: number) == ConnectOutcome.refused)
      #expect(delays.outcome(.addresses([], reason: ""), of: number) == .addresses([], reason: ""))
    }
    // A failure of a name is remembered for a while; then everything is as it was.
    delays.begin(3, at: 20_000 + WatchDelays.memory - 1)
    delays.begin(4, at: 20_000 + WatchDelays.memory)
    #expect(delays.outcome(.failed("no answer, remembered"), of: 3) == ResolveOutcome.postponed)
    #expect(delays.outcome(.failed("no answer"), of: 4) == ResolveOutcome.failed("no answer"))
    #expect(Duration.milliseconds(WatchDelays.memory) > ForwardSettings().maximumFailureTime)
    #expect(WatchDelays.bearable < WatchSettings().patience)
  }

  @Test func whatThisMachineLacksIsNoOutcome() {
    for (call, code) in [("socket", EMFILE), ("socket", ENFILE), ("connect", EAGAIN), ("connect", EADDRNOTAVAIL)] {
      #expect(ConnectOutcome(SystemError(call, code: code)) == .postponed)
    }
    #expect(ConnectOutcome(SystemError("epoll_ctl", code: ENOSPC)) == .postponed)
    for code in [EHOSTUNREACH, ENETUNREACH] {
      guard case .failed = ConnectOutcome(SystemError("connect", code: code)) else {
        Issue.record("the way there is a part of the link")
        return
      }
    }
    #expect(!SystemError("bind", code: EADDRNOTAVAIL).isLack, "it is not this machine's address, and will not be")
  }
}
