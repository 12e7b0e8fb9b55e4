import Fleet
import Storage
import Synchronization
import Testing
import Text
import Wire
import Workspaces

@testable import Server

/// Leases of a store that is followed: what counts, and until when.
@Suite struct FollowedLeasesTests {
  private let acme: WorkspaceName
  private let globex: WorkspaceName
  private let log: Log
  private let one = IPAddress.v4(0x0a02_0304)
  private let two = IPAddress.v4(0x0a02_0305)

  init() throws {
    acme = try #require(WorkspaceName("acme"))
    globex = try #require(WorkspaceName("globex"))
    log = try Log()
  }

  private func rig(
    _ limits: LeaseLimits = .ofStore, _ write: @escaping ScriptedLeaseStore.Write = { _, _, _ in 0 }
  ) throws -> FollowedLeaseRig {
    try FollowedLeaseRig([acme, globex], limits: limits, log: log, write)
  }

  private func lease(_ workspace: WorkspaceName, _ seconds: UInt64) -> [UInt8] {
    PodRecord.octets(lease: workspace, seconds: seconds)
  }

  // MARK: Contact

  @Test func noLeaseCountsBeforeTheStoreIsHeard() throws {
    let rig = try rig()
    rig.take([one: podValue(acme)], 5, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == nil)
    rig.hear(at: 1000)
    #expect(rig.holder(of: one, at: 1000) == acme)
  }

  /// Nobody calls anything meanwhile: what the workers have says until when it holds.
  @Test func withoutContactNoLeaseCountsAfterTenMinutes() throws {
    let rig = try rig()
    rig.take([one: podValue(acme)], 5, at: 1000)
    rig.hear(at: 1000)
    #expect(rig.holder(of: one, at: 1599) == acme)
    #expect(rig.holder(of: one, at: 1600) == nil)
    #expect(rig.keeper.expire(moment: FollowedLeaseRig.moment(1600)) == nil)
    #expect(throws: LeaseKeeper.Failure.self) {
      try rig.keeper.add([two], to: acme, ttlSeconds: 60, moment: FollowedLeaseRig.moment(1600))
    }
    rig.take([one: podValue(globex, uid: "2")], 9, at: 1700)
    #expect(rig.holder(of: one, at: 1700) == nil)
    rig.hear(at: 1700)
    #expect(rig.holder(of: one, at: 1700) == globex)
    #expect(rig.keeper.expire(moment: FollowedLeaseRig.moment(1700)) == FollowedLeaseRig.moment(2300).now)
  }

  @Test func theWorkersAreToldOfContactOnceAMinuteAtMost() throws {
    let rig = try rig()
    rig.hear(at: 1000)
    let before = rig.handed.count
    for seconds in stride(from: Int64(1015), through: 1600, by: 15) { rig.hear(at: seconds) }
    #expect((1...10).contains(rig.handed.count - before), "\(rig.handed.count - before)")
    rig.take([one: podValue(acme)], 5, at: 1600)
    #expect(rig.holder(of: one, at: 2100) == acme)
  }

  // MARK: Revisions

  @Test func whatWasWrittenHereIsNotUndoneByAnOlderWord() throws {
    let rig = try rig { _, _, _ in 10 }
    rig.hear(at: 1000)
    rig.take([one: podValue(globex)], 5, at: 1000)
    _ = try rig.keeper.add([one], to: acme, ttlSeconds: 60, moment: FollowedLeaseRig.moment(1000))
    #expect(rig.holder(of: one, at: 1000) == acme)
    rig.take([one: nil], 8, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == acme, "that was before")
    rig.take([one: podValue(globex)], 9, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == acme, "that too")
    rig.take([one: lease(acme, 60)], 10, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == acme)
    rig.take([one: podValue(globex, uid: "3")], 11, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == globex)
  }

  @Test func whatWasRemovedHereDoesNotComeBackByAnOlderWord() throws {
    let rig = try rig { _, _, _ in 10 }
    rig.hear(at: 1000)
    rig.take([one: lease(acme, 60)], 5, at: 1000)
    try rig.keeper.remove([one], of: acme, moment: FollowedLeaseRig.moment(1000))
    #expect(rig.holder(of: one, at: 1000) == nil)
    rig.take([one: lease(acme, 60)], 9, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == nil)
    rig.take([one: podValue(globex)], 12, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == globex)
  }

  /// The watch is faster than the answer: what came after the write stands.
  @Test func aNewerWordThatComesBeforeTheAnswerStands() throws {
    let box = Box()
    let (globex, one) = (globex, one)
    let rig = try rig { _, _, _ in
      box.rig?.take([one: nil], 11, at: 1000)
      box.rig?.take([one: podValue(globex)], 12, at: 1000)
      return 10
    }
    box.rig = rig
    rig.hear(at: 1000)
    _ = try rig.keeper.add([one], to: acme, ttlSeconds: 60, moment: FollowedLeaseRig.moment(1000))
    #expect(rig.holder(of: one, at: 1000) == globex)
  }

  private final class Box: Sendable {
    private let content = Mutex<FollowedLeaseRig?>(nil)
    var rig: FollowedLeaseRig? {
      get { content.withLock { $0 } }
      set { content.withLock { $0 = newValue } }
    }
  }

  /// Written here, deleted by another at once, and never heard of by this server, whose watch had ended.
  @Test func whatALoadDoesNotHaveIsGone() throws {
    let rig = try rig { _, _, _ in 10 }
    rig.hear(at: 1000)
    _ = try rig.keeper.add([one], to: acme, ttlSeconds: 60, moment: FollowedLeaseRig.moment(1000))
    rig.keeper.loaded(revision: 9, moment: FollowedLeaseRig.moment(1000))
    #expect(rig.holder(of: one, at: 1000) == acme, "the load is of a moment before")
    rig.keeper.loaded(revision: 15, moment: FollowedLeaseRig.moment(1000))
    #expect(rig.holder(of: one, at: 1000) == nil)
  }

  @Test func revisionsOfAnotherStoreAreNotCompared() throws {
    let rig = try rig { _, _, _ in 1000 }
    rig.hear(at: 1000)
    _ = try rig.keeper.add([one], to: acme, ttlSeconds: 60, moment: FollowedLeaseRig.moment(1000))
    rig.keeper.storeIsAnother(moment: FollowedLeaseRig.moment(1000))
    #expect(rig.holder(of: one, at: 1000) == nil, "the other has never heard of it")
    rig.take([one: podValue(globex)], 3, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == globex)
  }

  @Test func anAnswerOfAStoreThatIsNoMoreCountsForNothing() throws {
    let box = Box()
    let rig = try rig { _, _, _ in
      box.rig?.keeper.storeIsAnother(moment: FollowedLeaseRig.moment(1000))
      return 1000
    }
    box.rig = rig
    rig.hear(at: 1000)
    #expect(throws: LeaseKeeper.Failure.self) {
      try rig.keeper.add([one], to: acme, ttlSeconds: 60, moment: FollowedLeaseRig.moment(1000))
    }
    #expect(rig.holder(of: one, at: 1000) == nil)
  }

  @Test func aWriteThatFailsChangesNothingHere() throws {
    let rig = try rig { (_, _, _) throws(LeaseStoreFailure) in throw .problem(Problem("etcd does not answer")) }
    rig.hear(at: 1000)
    #expect(throws: LeaseKeeper.Failure.self) {
      try rig.keeper.add([one], to: acme, ttlSeconds: 60, moment: FollowedLeaseRig.moment(1000))
    }
    #expect(rig.holder(of: one, at: 1000) == nil)
    // It was done all the same, as the watch tells.
    rig.take([one: lease(acme, 60)], 10, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == acme)
  }

  // MARK: What is there

  @Test func aLeaseHoldsForItsTimeAndAPodForAsLongAsItIsThere() throws {
    let rig = try rig()
    rig.take([one: lease(acme, 60), two: podValue(acme)], 5, at: 1000)
    rig.hear(at: 1000)
    #expect(rig.holder(of: one, at: 1059) == acme)
    #expect(rig.holder(of: one, at: 1060) == nil, "whatever etcd's clock says")
    #expect(rig.holder(of: two, at: 1060) == acme)
    let listed = rig.keeper.list(of: nil, after: nil, limit: 10, moment: FollowedLeaseRig.moment(1001))
    #expect(listed.map { $0.end == Lease.endless } == [false, true])
  }

  @Test(arguments: ["", "{", "[]", #"{"workspace":"A B"}"#, #"{"workspace":"acme","ttl":"x"}"#, #"{"ttl":60}"#])
  func aValueThatSaysNothingIsNobodys(value: String) throws {
    let rig = try rig()
    rig.take([one: podValue(acme)], 5, at: 1000)
    rig.hear(at: 1000)
    rig.take([one: Array(value.utf8)], 6, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == nil)
    #expect(rig.keeper.followed(moment: FollowedLeaseRig.moment(1000))?.unreadable == 1)
    rig.take([one: podValue(globex)], 7, at: 1000)
    #expect(rig.holder(of: one, at: 1000) == globex)
    #expect(rig.keeper.followed(moment: FollowedLeaseRig.moment(1000))?.unreadable == 0)
  }

  /// Two servers that are told the same in different orders have the same.
  @Test func beyondTheLimitTheLowestComeFirstAndOthersWait() throws {
    var limits = LeaseLimits.ofStore
    limits.maximumCount = 3
    let rig = try rig(limits)
    rig.hear(at: 1000)
    let pods = (1...6).map { IPAddress.v4(UInt32($0)) }
    func holders() -> [Bool] { pods.map { rig.holder(of: $0, at: 1000) != nil } }
    rig.take(Dictionary(uniqueKeysWithValues: pods.map { ($0, .some(podValue(acme))) }), 5, at: 1000)
    #expect(holders() == [true, true, true, false, false, false])
    #expect(rig.keeper.followed(moment: FollowedLeaseRig.moment(1000))?.waiting == 3)
    #expect(throws: LeaseKeeper.Failure.self) {
      try rig.keeper.add([two], to: acme, ttlSeconds: 60, moment: FollowedLeaseRig.moment(1000))
    }
    rig.take([pods[1]: nil, pods[4]: nil], 6, at: 1000)
    #expect(holders() == [true, false, true, true, false, false])
    rig.take([pods[0]: nil, pods[2]: nil], 7, at: 1000)
    #expect(holders() == [false, false, false, true, false, true])
    #expect(rig.keeper.followed(moment: FollowedLeaseRig.moment(1000))?.waiting == 0)
  }

  @Test func whatIsAskedForIsHeldToTheRulesBeforeTheStoreIs() throws {
    let rig = try rig { (_, _, _) throws(LeaseStoreFailure) in
      Issue.record("the store was asked")
      return 1
    }
    rig.hear(at: 1000)
    let many = (1...129).map { IPAddress.v4(UInt32($0)) }
    let nobody = try #require(WorkspaceName("nobody"))
    for (addresses, name, ttl) in [
      (many, acme, 60), ([], acme, 60), ([.v4(0)], acme, 60), ([one], nobody, 60), ([one], acme, 0),
    ] as [([IPAddress], WorkspaceName, UInt64)] {
      #expect(throws: LeaseKeeper.Failure.self) {
        try rig.keeper.add(addresses, to: name, ttlSeconds: ttl, moment: FollowedLeaseRig.moment(1000))
      }
    }
    #expect(throws: LeaseKeeper.Failure.self) {
      try rig.keeper.remove(many, of: acme, moment: FollowedLeaseRig.moment(1000))
    }
  }
}
