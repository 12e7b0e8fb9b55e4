import Fleet
import Forwarding
import Testing
import Wire
import Workspaces

/// Each trap that etcd sets for whoever follows it.
struct FollowTests {
  func world(
    seed: UInt64 = 7, members: Int = 3, workspaces: Int = 6, credentials: StoreCredentials? = nil,
    served: Set<WorkspaceName> = [], identity: StoreIdentity = StoreIdentity(),
    _ change: (inout FollowSettings) -> Void = { _ in }
  ) throws -> FollowWorld {
    var settings = FollowSettings()
    change(&settings)
    let world = try FollowWorld(
      seed: seed, members: members, settings: settings, credentials: credentials, served: served, identity: identity)
    world.commit([("format", "backroad 1")])
    for number in 0..<workspaces { world.commit(Self.files("w\(number)", "v0")) }
    world.start()
    return world
  }

  static func files(_ name: String, _ text: String) -> [(String, String?)] {
    [("ws/\(name)/workspace.json", text), ("ws/\(name)/links/a.json", text), ("ws/\(name)/.change", text)]
  }

  func names(_ range: Range<Int>) -> Set<WorkspaceName> { Set(range.compactMap { WorkspaceName("w\($0)") }) }

  func failures(_ world: FollowWorld) -> [FollowFailure] {
    world.news.compactMap { if case .failed(_, let why) = $0 { why } else { nil } }
  }

  // MARK: Loading

  @Test func everythingIsLoadedAndThenWatched() throws {
    let world = try world { $0.pageKeys = 2 }
    try world.run(.seconds(2))
    try world.expectCaughtUp()
    #expect(world.loads.map(\.names) == [names(0..<6)])
    world.commit(Self.files("w1", "v1"))
    try world.run(.milliseconds(100))
    try world.expectCaughtUp()
    #expect(world.loads.count == 1)
  }

  @Test func aWorkspaceWhoseNameAnothersStartsWithIsOne() throws {
    // "-" is before "/": the keys of w-x stand before those of w.
    let world = try world(workspaces: 0) { $0.pageKeys = 1 }
    for name in ["w", "w-x", "w-", "wx"] { world.commit(Self.files(name, name)) }
    world.commit([("ws/w", "no file")])
    try world.run(.seconds(3))
    try world.expectCaughtUp()
    #expect(world.strangers.contains { $0.key == "/backroad/v1/ws/w" })
  }

  @Test func compactionBetweenPagesStartsTheLoadAnew() throws {
    let world = try world(workspaces: 20) { $0.pageKeys = 2 }
    try world.run(atMost: .seconds(5)) { world.follower.counters.pages > 5 }
    world.commit(Self.files("w0", "v1"))
    world.etcd.model.compacted = world.etcd.model.revision
    try world.run(.seconds(5))
    try world.expectCaughtUp()
    #expect(world.follower.counters.loads == 2 && world.loads.count == 1)
    #expect(world.news.contains(.loading("etcdserver: mvcc: required revision has been compacted")))
  }

  @Test func allPagesAreOfOneRevision() throws {
    let world = try world(workspaces: 20) { $0.pageKeys = 2 }
    world.longestDelayMilliseconds = 20
    for round in 0..<200 {
      world.after(.milliseconds(round * 5)) { world.commit(Self.files("w\(round % 20)", "r\(round)")) }
    }
    try world.run(.seconds(5))
    try world.expectCaughtUp()
    #expect(world.loads.count == 1)
  }

  @Test func aLoadGoesOnAtTheNextEndpoint() throws {
    let world = try world(workspaces: 20) { $0.pageKeys = 2 }
    try world.run(atMost: .seconds(5)) { world.follower.counters.pages > 5 }
    let (pages, endpoint) = (world.follower.counters.pages, world.follower.report.endpoint)
    world.kill(endpoint)
    try world.run(.seconds(10))
    try world.expectCaughtUp()
    #expect(world.follower.counters.loads == 1 && world.follower.report.endpoint != endpoint)
    #expect(world.follower.counters.pages < 31 + 2, "after \(pages)")
  }

  @Test func pagesAreSmallerWhereValuesAreLarge() throws {
    let world = try world(workspaces: 0) {
      $0.pageOctets = 4000
      $0.maximumPageOctets = 10_000
    }
    for number in 0..<8 {
      let text = String(repeating: "x", count: number == 5 ? 30_000 : 3000)
      world.commit(Self.files("w\(number)", text))
    }
    try world.run(.seconds(5))
    try world.expectCaughtUp()
    #expect(world.follower.counters.pages > 8)
  }

  @Test func aStoreWithoutAFormatIsAnErrorForPeople() throws {
    let world = try FollowWorld(seed: 3)
    world.commit(Self.files("w0", "v0"))
    world.start()
    try world.run(.seconds(30))
    #expect(world.taker.names.isEmpty && world.follower.lastContact == nil)
    let why = try #require(failures(world).first)
    #expect(why.isForPeople && "\(why)".contains("/backroad/v1/format"))
    #expect(failures(world).count == 1, "told once")
    world.commit([("format", "backroad 2")])
    try world.run(.seconds(10))
    #expect(world.taker.names.isEmpty)
    #expect("\(failures(world).last.map { "\($0)" } ?? "")".contains("backroad 2"))
    world.commit([("format", "backroad 1")])
    try world.run(.seconds(10))
    try world.expectCaughtUp()
  }

  @Test func aFormatThatChangesEndsFollowing() throws {
    let world = try world()
    try world.run(.seconds(2))
    world.commit([("format", "backroad 2")])
    world.commit(Self.files("w0", "of the future"))
    try world.run(.seconds(20))
    #expect(world.taker.files[try #require(WorkspaceName("w0"))]?["workspace.json"] == Array("v0".utf8))
    #expect(!world.follower.report.isLive)
  }

  @Test func nothingIsTakenOfARevisionThatChangesTheFormat() throws {
    for format in ["backroad 2", nil] {
      for isLast in [false, true] {
        let world = try world()
        world.commit([("pod/10.0.0.1", "w1")])
        try world.run(.seconds(2))
        let before = world.taker
        // A later version's, or del --prefix of everything; and what comes with the same message.
        var changes: [(String, String?)] = [("ws/w0/workspace.json", format.map { _ in "of the future" })]
        changes += [("ws/w1/links/a.json", nil), ("pod/10.0.0.1", nil)]
        changes.insert(("format", format), at: isLast ? changes.count : 0)
        world.commit(changes)
        world.commit(Self.files("w2", "later"))
        try world.run(.seconds(20))
        #expect(world.taker == before && !world.follower.report.isLive)
        #expect(failures(world).count { $0.isForPeople } == 1)
        world.commit([("format", "backroad 1")])
        try world.run(.seconds(10))
        try world.expectCaughtUp()
      }
    }
  }

  // MARK: Watching

  @Test func aRevisionInFragmentsIsNeverHalfSeen() throws {
    for seed in 1...6 as ClosedRange<UInt64> {
      let world = try world(seed: seed)
      world.fragments = 1
      world.pieces = 1
      try world.run(.seconds(2))
      for round in 0..<5 {
        world.commit(
          (0..<120).map { ("ws/w1/links/l\($0).json", "r\(round)") } + [("ws/w1/workspace.json", "r\(round)")])
        // The connection is cut within.
        world.after(.microseconds(200 + world.random.number(below: 8000))) {
          for connection in world.ordered { world.add(.ended(connection), at: world.now) }
        }
        try world.run(.seconds(2))
      }
      try world.run(.seconds(30))
      try world.expectCaughtUp()
      #expect(world.loads.count == 1)
    }
  }

  @Test func theCursorGoesByEventsNeverByHeaders() throws {
    let world = try world()
    try world.run(.seconds(2))
    world.etcd.revisionsPerPush = 1
    for round in 0..<10 { world.commit(Self.files("w\(round % 3)", "r\(round)")) }
    try world.run(.milliseconds(3))
    for connection in world.ordered { world.add(.ended(connection), at: world.now) }
    world.etcd.revisionsPerPush = .max
    try world.run(.seconds(5))
    try world.expectCaughtUp()
    #expect(world.loads.count == 1 && world.etcd.starts.count > 1)
  }

  @Test func aSilentWatchIsFoundByTheCanary() throws {
    let world = try world()
    try world.run(.seconds(20))
    world.silenceWatches()
    world.commit(Self.files("w0", "unheard"))
    let endpoint = world.follower.report.endpoint
    try world.run(.seconds(26))
    #expect(failures(world) == [.silentWatch])
    #expect(world.follower.report.endpoint != endpoint)
    try world.expectCaughtUp()
    #expect(world.loads.count == 1, "from the cursor, not from the start")
  }

  @Test func contactIsClaimedForWhatCameByTheWatchAlone() throws {
    let world = try world()
    try world.run(.seconds(20))
    world.silenceWatches()
    let contact = world.follower.lastContact
    let at = world.now
    try world.run(.seconds(16))
    #expect(world.follower.lastContact == contact && world.now.since(at) > .seconds(15))
  }

  @Test func aWatchThatLeavesOutWhatWasPutIsTorn() throws {
    let world = try world()
    try world.run(.seconds(14))
    world.isJudged = false
    // The next canary, and a change before it.
    let next = world.etcd.model.revision + 1
    world.etcd.leftOut = [next, next + 1]
    world.commit(Self.files("w0", "lost"))
    try world.run(atMost: .seconds(20)) { world.etcd.model.revision > next }
    world.commit(Self.files("w1", "seen"))
    try world.run(.seconds(5))
    #expect(failures(world).contains { if case .torn = $0 { true } else { false } })
    try world.expectCaughtUp()
  }

  @Test func aLostEventIsFoundByTheComparison() throws {
    let world = try world { $0.compareEvery = .seconds(60) }
    world.isJudged = false
    try world.run(.seconds(20))
    let next = world.etcd.model.revision + 1
    world.etcd.leftOut = [next, next + 1]
    world.commit(Self.files("w0", "lost"))
    world.commit([("pod/10.0.0.1", "lost"), ("ws/w1/links/a.json", nil), ("ws/w2/workspace.json", "x")])
    try world.run(.seconds(10))
    #expect(throws: Breach.self) { try world.expectCaughtUp() }
    try world.run(.seconds(60))
    try world.expectCaughtUp()
    #expect(world.follower.counters.differences == 4 && world.news.contains(.differences(4)))
    #expect(world.loads.count == 1)
    try world.run(.seconds(70))
    #expect(world.follower.counters.differences == 4 && world.follower.counters.comparisons >= 2)
  }

  @Test func manyDifferencesLoadEverythingAnew() throws {
    let world = try world {
      $0.compareEvery = .seconds(30)
      $0.maximumMends = 2
    }
    world.isJudged = false
    try world.run(.seconds(20))
    for number in 0..<4 {
      world.etcd.leftOut.insert(world.etcd.model.revision + 1)
      world.commit(Self.files("w\(number)", "lost"))
    }
    try world.run(.seconds(60))
    try world.expectCaughtUp()
    #expect(world.loads.count == 2 && world.loads.last?.unchanged == 2)
  }

  @Test func aComparisonWhileEverythingChangesFindsNothing() throws {
    let world = try world {
      $0.compareEvery = .seconds(16)
      $0.pageKeys = 1
    }
    world.longestDelayMilliseconds = 40
    for round in 0..<1000 {
      world.after(.milliseconds(round * 50)) { world.commit(Self.files("w\(round % 9)", "r\(round)")) }
    }
    try world.run(.seconds(75))
    try world.expectCaughtUp()
    #expect(world.follower.counters.comparisons > 1 && world.follower.counters.differences == 0)
  }

  @Test func compactionWhileAwayHandsOnOnlyWhatHasChanged() throws {
    let world = try world()
    try world.run(.seconds(2))
    for member in 0..<3 { world.kill(member) }
    try world.run(.seconds(5))
    world.commit(Self.files("w3", "v1"))
    world.commit(Self.files("w4", "v1"))
    world.commit([("ws/w5/workspace.json", nil), ("ws/w5/links/a.json", nil)])
    world.etcd.model.compacted = world.etcd.model.revision
    for member in 0..<3 { world.etcd.members[member].isUp = true }
    try world.run(.seconds(20))
    try world.expectCaughtUp()
    #expect(failures(world).contains { if case .canceled(let why) = $0 { why.contains("compacted") } else { false } })
    #expect(world.loads.last?.unchanged == 3 && world.loads.last?.gone == names(5..<6))
  }

  @Test func compactionWhileIdleChangesNothing() throws {
    let world = try world()
    try world.run(.seconds(20))
    world.etcd.model.compacted = world.etcd.model.revision
    try world.run(.seconds(40))
    world.commit(Self.files("w3", "v1"))
    try world.run(.seconds(1))
    try world.expectCaughtUp()
    #expect(world.loads.count == 1 && failures(world).isEmpty)
  }

  @Test func aRevisionBeyondTheBoundLoadsAnew() throws {
    let world = try world { $0.maximumEvents = 10 }
    try world.run(.seconds(2))
    world.commit((0..<11).map { ("ws/w1/links/l\($0).json", "x") })
    try world.run(.seconds(10))
    try world.expectCaughtUp()
    #expect(world.loads.count == 2 && world.loads.last?.unchanged == 5)
  }

  @Test func podsOfALeaseThatHasRunOutAreGoneAtOnce() throws {
    let world = try world()
    try world.run(.seconds(2))
    let lease = world.etcd.model.grant(10, now: world.now)
    world.commit((0..<100).map { ("pod/10.0.0.\($0)", "acme") }, lease: lease)
    try world.run(.seconds(1))
    #expect(world.taker.pods.count == 100)
    world.keepsChanges = true
    world.etcd.model.revoke(lease, now: world.now)
    world.pushAll()
    try world.run(.seconds(1))
    #expect(world.taker.pods.isEmpty && world.changes.count { !$0.pods.isEmpty } == 1)
  }

  // MARK: Members

  @Test func aMemberThatIsKilledIsLeftAtOnce() throws {
    let world = try world()
    try world.run(.seconds(20))
    world.kill(world.follower.report.endpoint)
    try world.run(.milliseconds(300))
    world.commit(Self.files("w0", "v1"))
    try world.run(.milliseconds(300))
    try world.expectCaughtUp()
    #expect(world.loads.count == 1)
  }

  @Test func aFrozenMemberIsLeftWithin25Seconds() throws {
    let world = try world()
    try world.run(.seconds(20))
    world.freeze(world.follower.report.endpoint)
    world.commit(Self.files("w0", "v1"))
    try world.run(.seconds(25))
    try world.expectCaughtUp()
    #expect(world.loads.count == 1)
  }

  @Test func aMemberWithoutALeaderSaysSoAndIsLeft() throws {
    let world = try world()
    try world.run(.seconds(20))
    let endpoint = world.follower.report.endpoint
    world.part(endpoint, tells: true)
    world.commit(Self.files("w0", "v1"))
    try world.run(.seconds(1))
    #expect(world.follower.report.endpoint != endpoint)
    try world.expectCaughtUp()
  }

  @Test func withoutAQuorumWhatIsThereStaysAndAgesAndIsBackWithin10Seconds() throws {
    let world = try world()
    try world.run(.seconds(20))
    for member in 0..<3 { world.part(member, tells: true) }
    let before = world.taker
    try world.run(.seconds(60))
    #expect(world.taker == before)
    let contact = try #require(world.follower.lastContact)
    #expect(world.now.since(contact) >= .seconds(60))
    #expect(world.follower.counters.failures < 60)
    for member in 0..<3 { world.etcd.members[member].isParted = false }
    world.commit(Self.files("w0", "v1"))
    // Seven seconds of it an answer that was under way.
    try world.run(.seconds(12))
    try world.expectCaughtUp()
    #expect(world.loads.count == 1)
  }

  @Test func anIdleConnectionThatEndsIsMadeAgain() throws {
    let world = try world()
    try world.run(.seconds(20))
    let failures = world.follower.counters.failures
    let asking = try #require(world.ordered.first { world.etcd.connections[$0]?.watch == nil })
    world.add(.ended(asking), at: world.now)
    try world.run(.seconds(30))
    try world.expectCaughtUp()
    #expect(world.follower.counters.failures == failures)
  }

  // MARK: Another store

  func emptyStore(_ world: FollowWorld, clusterID: UInt64, term: UInt64 = 2) -> StoreModel {
    var model = StoreModel(clusterID: clusterID)
    model.term = term
    model.commit([(Array("/backroad/v1/format".utf8), Array("backroad 1".utf8))], now: world.now)
    return model
  }

  func put(_ name: String, _ text: String, _ model: inout StoreModel, _ world: FollowWorld) {
    model.commit(
      Self.files(name, text).map { (Array("/backroad/v1/\($0.0)".utf8), $0.1.map { Array($0.utf8) }) }, now: world.now)
  }

  @Test func anotherClusterIsLoadedAnew() throws {
    let world = try world()
    try world.run(.seconds(20))
    var model = emptyStore(world, clusterID: 5)
    for number in 0..<5 { put("w\(number)", "other", &model, world) }
    world.replace(with: model)
    try world.run(.seconds(5))
    try world.expectCaughtUp()
    #expect(world.loads.last?.isOtherStore == true && world.loads.last?.gone == names(5..<6))
    #expect(world.follower.counters.otherStores == 1)
  }

  @Test func aRestoredBackupOfTheSameClusterIsLoadedAnew() throws {
    let world = try world()
    world.commit(Self.files("w0", "kept"))
    let backup = world.etcd.model
    try world.run(.seconds(2))
    for round in 0..<20 { world.commit(Self.files("w\(round % 6)", "lost \(round)")) }
    try world.run(.seconds(2))
    world.replace(with: backup)
    try world.run(.seconds(5))
    try world.expectCaughtUp()
    #expect(world.loads.last?.isOtherStore == true)
  }

  @Test func aRestoredBackupThatHasOvertakenIsKnownByItsTerm() throws {
    let world = try world()
    world.etcd.model.term = 9
    var backup = world.etcd.model
    backup.term = 3
    try world.run(.seconds(2))
    for round in 0..<5 { world.commit(Self.files("w\(round)", "lost \(round)")) }
    try world.run(.seconds(20))
    for round in 0..<50 { put("w5", "new \(round)", &backup, world) }
    world.replace(with: backup)
    try world.run(.seconds(5))
    try world.expectCaughtUp()
    #expect(world.loads.last?.isOtherStore == true)
  }

  @Test func aMemberThatIsBehindIsNotTakenForABackup() throws {
    let world = try world()
    world.longestDelayMilliseconds = 900
    for round in 0..<300 { world.after(.milliseconds(100 * round)) { world.commit(Self.files("w0", "r\(round)")) } }
    try world.run(.seconds(45))
    #expect(world.follower.counters.otherStores == 0 && world.loads.count == 1)
    try world.expectCaughtUp()
  }

  @Test func aMirrorOfAnotherClusterIsNoticed() throws {
    let world = try world(served: names(0..<6), identity: StoreIdentity(clusterID: 77, revision: 4, term: 2))
    try world.run(.seconds(5))
    #expect(world.follower.counters.otherStores == 1)
    try world.expectCaughtUp()
  }

  // MARK: Users

  @Test func aTokenWhoseTimeIsOverIsRenewed() throws {
    let credentials = StoreCredentials(user: "backroad", password: "secret")
    let world = try world(credentials: credentials)
    world.etcd.password = "secret"
    try world.run(.seconds(20))
    try world.expectCaughtUp()
    world.etcd.tokens = []
    try world.run(.seconds(40))
    try world.expectCaughtUp()
    #expect(world.etcd.requests["/v3/auth/authenticate"] == 2 && world.loads.count == 1)
    world.etcd.tokens = []
    for connection in world.ordered { world.add(.ended(connection), at: world.now) }
    try world.run(.seconds(5))
    try world.expectCaughtUp()
  }

  @Test func aWrongPasswordIsAnErrorForPeople() throws {
    let world = try world(credentials: StoreCredentials(user: "backroad", password: "wrong"))
    world.etcd.password = "secret"
    try world.run(.seconds(60))
    let why = try #require(failures(world).first)
    #expect(why.isForPeople && failures(world).count == 1)
    #expect(world.etcd.requests["/v3/auth/authenticate"] ?? 0 < 40)
    world.etcd.password = "wrong"
    try world.run(.seconds(10))
    try world.expectCaughtUp()
  }

  @Test func aStoreThatWantsAUserIsAnErrorForPeople() throws {
    let world = try world()
    world.etcd.password = "secret"
    try world.run(.seconds(10))
    #expect(failures(world).contains { if case .credentials = $0 { true } else { false } })
  }

  @Test func aStoreWithoutUsersIsFollowedWithoutAToken() throws {
    let world = try world(credentials: StoreCredentials(user: "backroad", password: "secret"))
    try world.run(.seconds(5))
    try world.expectCaughtUp()
  }

  // MARK: What the replica writes

  private func replica(_ world: FollowWorld) -> String? {
    world.etcd.model.entry(Array("/backroad/v1/replica/r1".utf8)).map { String(decoding: $0.value, as: UTF8.self) }
  }

  @Test func theReplicaTellsItsRevisionAtMostEachSecondAndTheLast() throws {
    let world = try world()
    try world.run(.seconds(2))
    let before = world.etcd.requests["/v3/kv/put"] ?? 0
    for round in 0..<500 { world.after(.milliseconds(10 * round)) { world.commit(Self.files("w0", "r\(round)")) } }
    try world.run(.milliseconds(5000))
    let last = world.etcd.model.history.filter { $0.value.events.count == 3 }.keys.max() ?? 0
    try world.run(.seconds(2))
    #expect((world.etcd.requests["/v3/kv/put"] ?? 0) - before <= 8)
    #expect(try #require(replica(world)).contains("\"revision\": \(last)"))
    let entry = world.etcd.model.entry(Array("/backroad/v1/replica/r1".utf8))
    #expect(entry?.lease != 0)
    // Its own puts, and others', are no reason for another.
    let quiet = world.etcd.requests["/v3/kv/put"] ?? 0
    for _ in 0..<10 {
      world.commit([("replica/r2", "x"), ("canary/r2", "y")])
      try world.run(.seconds(1))
    }
    #expect((world.etcd.requests["/v3/kv/put"] ?? 0) - quiet <= 1)
  }

  /// Etcd's own revision goes on with what others write of themselves, and nobody else would ever have that.
  @Test func theRevisionAfterALoadIsThatOfTheLastChange() throws {
    let world = try FollowWorld(
      seed: 7, members: 3, settings: FollowSettings(), credentials: nil, served: [], identity: StoreIdentity())
    world.commit([("format", "backroad 1")])
    world.commit(Self.files("w0", "v0"))
    let last = world.etcd.model.history.keys.max() ?? 0
    for _ in 0..<5 { world.commit([("replica/r2", "x"), ("canary/r2", "y")]) }
    let loaded = world.etcd.model.history.keys.max() ?? 0
    world.start()
    try world.run(.seconds(5))
    let record = try #require(replica(world))
    #expect(record.contains("\"revision\": \(last)") && record.contains("\"loaded\": "), "\(record)")
    #expect(try ReplicaRecord(Array(record.utf8), of: "r1").loaded >= loaded)
    // What is wrong in a workspace or among the pods is handed on, and counts.
    for key in ["ws/w0/nonsense", "pod/nonsense"] {
      world.commit([(key, "x")])
      let revision = world.etcd.model.history.keys.max() ?? 0
      try world.run(.seconds(3))
      #expect(try #require(replica(world)).contains("\"revision\": \(revision)"), "\(key)")
    }
  }

  @Test func aLeaseThatIsGoneIsGrantedAgain() throws {
    let world = try world()
    try world.run(.seconds(5))
    #expect(replica(world) != nil)
    for lease in world.etcd.model.leases.keys { world.etcd.model.revoke(lease, now: world.now) }
    world.pushAll()
    #expect(replica(world) == nil)
    try world.run(.seconds(20))
    #expect(replica(world) != nil && failures(world).isEmpty)
  }

  @Test func whoStopsIsGoneAtOnce() throws {
    let world = try world()
    try world.run(.seconds(5))
    world.follower.stop(now: world.now)
    world.carryOut()
    try world.run(.seconds(1))
    #expect(replica(world) == nil && world.connections.isEmpty && world.follower.nextDeadline == nil)
  }

  @Test func aFullDatabaseIsFollowedAndProvenByLooking() throws {
    let world = try world()
    try world.run(.seconds(20))
    world.etcd.model.isFull = true
    try world.run(.seconds(300))
    let contact = try #require(world.follower.lastContact)
    #expect(world.now.since(contact) < .seconds(60) && world.follower.report.isLive && world.loads.count == 1)
    #expect(failures(world).count == 1)
    world.etcd.model.isFull = false
    try world.run(.seconds(60))
    try world.expectCaughtUp()
    #expect(world.follower.report.failure == nil)
  }

  // MARK: What is in it

  @Test func whatIsBadTouchesItsWorkspaceAlone() throws {
    let world = try world(workspaces: 3)
    world.commit([
      ("ws/w1/../etc/passwd", "x"), ("ws/w1/", "y"), ("pod/1.2.3", "z"), ("ws/UPPER/a", "q"), ("new/thing", "r"),
    ])
    try world.run(.seconds(2))
    world.commit([("ws/w2/links/../../x", "later")])
    try world.run(.seconds(1))
    try world.expectCaughtUp()
    #expect(world.taker.bad[try #require(WorkspaceName("w1"))] == ["../etc/passwd", ""])
    #expect(world.taker.bad[try #require(WorkspaceName("w2"))] == ["links/../../x"])
    #expect(world.taker.bad.count == 2 && world.strangers.count == 3)
    world.commit([("ws/w1/../etc/passwd", nil), ("ws/w1/", nil)])
    try world.run(.seconds(1))
    #expect(world.taker.bad.count == 1)
  }

  @Test func badKeysOfOneWorkspaceAreToldApart() throws {
    let world = try world(workspaces: 2)
    world.isJudged = false
    try world.run(.seconds(2))
    // No text, or text that is the same to a reader: each is a key.
    let ends: [[UInt8]] = [
      [0xff], [0xfe], Array("\u{e9}".utf8), Array("e\u{301}".utf8), Array("\\xff".utf8), [UInt8(ascii: "*")],
    ]
    let keys = ends.map { Array("/backroad/v1/ws/w1/".utf8) + $0 }
    let name = try #require(WorkspaceName("w1"))
    for key in keys {
      world.etcd.model.commit(keys.map { ($0, [1]) }, now: world.now)
      world.etcd.model.commit([(key, nil)], now: world.now)
      world.pushAll()
      try world.run(.seconds(1))
      #expect(world.taker.bad[name]?.count == 5 && world.taker.bad[name]?.contains("*") == false)
    }
  }

  @Test func aWorkspaceThatIsRemovedAndMadeAgainIsHandedOnWhole() throws {
    let world = try world()
    world.keepsChanges = true
    try world.run(.seconds(2))
    world.commit([("ws/w0/workspace.json", nil), ("ws/w0/links/a.json", nil), ("ws/w0/.change", "removed")])
    try world.run(.seconds(1))
    let name = try #require(WorkspaceName("w0"))
    #expect(world.changes.last { !$0.workspaces.isEmpty }?.workspaces[name]?.isGone == true)
    world.commit([("ws/w0/workspace.json", "new")])
    try world.run(.seconds(1))
    #expect(world.changes.last { !$0.workspaces.isEmpty }?.workspaces[name]?.isWhole == true)
    try world.expectCaughtUp()
  }
}
