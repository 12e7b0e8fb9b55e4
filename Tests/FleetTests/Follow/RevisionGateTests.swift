import Testing

@testable import Fleet

/// Whole revisions, and which store it is.
struct RevisionGateTests {
  private func event(_ revision: Int64, _ octets: Int = 1) -> EtcdKeyValue {
    var event = EtcdKeyValue()
    event.kind = .put
    event.key = Array(repeating: 1, count: octets)
    event.modRevision = revision
    return event
  }

  private func gate() -> RevisionGate { RevisionGate(after: 4, maximumEvents: 5, maximumOctets: 20) }

  @Test func aRevisionPassesWhenALaterOneComesOrTheMessageEnds() throws {
    var gate = gate()
    #expect(try gate.add(event(5)) == nil)
    #expect(try gate.add(event(5)) == nil)
    #expect(gate.messageEnded(isFragment: true) == nil)
    #expect(try gate.add(event(5)) == nil)
    #expect(try gate.add(event(8))?.events.count == 3)
    #expect(gate.passed == 5)
    #expect(gate.messageEnded(isFragment: false)?.number == 8)
    #expect(gate.messageEnded(isFragment: false) == nil && gate.held == 0)
  }

  @Test func moreOfARevisionThatHasPassedIsTorn() throws {
    var gate = gate()
    _ = try gate.add(event(5))
    _ = gate.messageEnded(isFragment: false)
    #expect(throws: FollowFailure.self) { try gate.add(event(5)) }
    var older = self.gate()
    #expect(throws: FollowFailure.self) { try older.add(event(4)) }
    var back = self.gate()
    _ = try back.add(event(7))
    #expect(throws: FollowFailure.self) { try back.add(event(6)) }
  }

  @Test func oneRevisionIsHeldAtATimeHoweverLongTheReplay() throws {
    var gate = gate()
    var most = 0
    for revision in 5..<100_000 as Range<Int64> {
      _ = try gate.add(event(revision))
      most = max(most, gate.held)
    }
    #expect(most == 1)
    var many = self.gate()
    for _ in 0..<5 { _ = try many.add(event(5)) }
    #expect(throws: FollowFailure.self) { try many.add(event(5)) }
    var large = self.gate()
    #expect(throws: FollowFailure.self) { try large.add(event(5, 21)) }
  }

  @Test func anOlderRevisionThanWasKnownWhenItWasAskedIsAnotherHistory() {
    var identity = StoreIdentity(clusterID: 1, revision: 10, term: 3)
    var message = EtcdMessage()
    (message.clusterID, message.revision, message.raftTerm) = (1, 12, 3)
    let asked = identity
    // The watch has brought more since: the answer is older than that, and right.
    identity.revision = 15
    #expect(identity.judge(message, asked: asked) == nil && identity.revision == 15)
    message.revision = 9
    #expect(identity.judge(message, asked: asked)?.contains("backup") == true)
    (message.revision, message.raftTerm) = (12, 2)
    #expect(identity.judge(message, asked: asked)?.contains("term") == true)
    message.clusterID = 2
    #expect(identity.judge(clusterOf: message)?.contains("another cluster") == true)
    message.clusterID = 0
    #expect(identity.judge(clusterOf: message) == nil)
  }
}
