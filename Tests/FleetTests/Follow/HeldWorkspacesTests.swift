import Fleet
import Forwarding
import Testing
import Wire
import Workspaces

// Workspaces that are missing, and those that are too large: what is served although the store has it no more, or not at all.
extension FollowTests {
  // MARK: Held

  @Test func whatIsMissingByMoreThanHalfIsHeldUntilSomebodyConfirms() throws {
    let world = try world()
    try world.run(.seconds(20))
    var model = emptyStore(world, clusterID: 5)
    put("w0", "other", &model, world)
    put("w9", "new", &model, world)
    world.replace(with: model)
    try world.run(.seconds(20))
    #expect(world.taker.names == names(0..<6).union(names(9..<10)))
    #expect(world.follower.held == names(1..<6))
    #expect(world.heldNews.map(\.missing) == [5] && world.heldNews.map(\.of) == [6])
    // A load of the same store later does not let them go.
    world.etcd.model.compacted = world.etcd.model.revision
    for connection in world.ordered { world.add(.ended(connection), at: world.now) }
    world.commit([("ws/w1/workspace.json", "back")])
    try world.run(.seconds(20))
    #expect(world.follower.held == names(2..<6))
    #expect(world.taker.files[try #require(WorkspaceName("w1"))] == ["workspace.json": Array("back".utf8)])
    world.follower.confirm(now: world.now)
    world.carryOut()
    try world.run(.seconds(1))
    try world.expectCaughtUp()
    #expect(world.taker.names == names(0..<2).union(names(9..<10)))
  }

  @Test func whatIsHeldAndComesBackIsHeldNoMore() throws {
    let world = try world()
    try world.run(.seconds(20))
    world.replace(with: emptyStore(world, clusterID: 5))
    try world.run(.seconds(20))
    #expect(world.follower.held.count == 6)
    for number in 0..<6 { world.commit(Self.files("w\(number)", "again")) }
    try world.run(.seconds(1))
    try world.expectCaughtUp()
    #expect(world.news.contains(.back))
  }

  /// Somebody confirms while all is read: who has been read by then is back, and not gone.
  @Test func whoIsBackInALoadIsNotTakenAwayByAConfirmation() throws {
    let world = try world { $0.pageKeys = 2 }
    try world.run(.seconds(20))
    delete(0..<6, world)
    try world.run(.seconds(1))
    #expect(world.follower.held == names(0..<6))
    for member in 0..<3 { world.kill(member) }
    try world.run(.seconds(5))
    for number in 0..<5 { world.commit(Self.files("w\(number)", "again")) }
    world.etcd.model.compacted = world.etcd.model.revision
    for member in 0..<3 { world.etcd.members[member].isUp = true }
    let first = try #require(WorkspaceName("w0"))
    while world.taker.files[first]?["workspace.json"] != Array("again".utf8) { try world.run(.microseconds(100)) }
    #expect(world.follower.report.isLoading && world.follower.held == names(1..<6))
    world.follower.confirm(now: world.now)
    world.carryOut()
    try world.run(.seconds(20))
    try world.expectCaughtUp()
    #expect(world.taker.names == names(0..<5))
  }

  @Test func anEmptyStoreAtAColdStartTakesNothingAway() throws {
    let world = try world(workspaces: 1, served: names(0..<10))
    for name in names(0..<10) { world.taker.files[name] = ["workspace.json": [1]] }
    try world.run(.seconds(20))
    #expect(world.taker.names == names(0..<10) && world.follower.held == names(1..<10))
  }

  /// Has the watch's next revision compacted while nobody is there.
  private func loadAnew(_ world: FollowWorld) throws {
    for member in 0..<3 { world.kill(member) }
    try world.run(.seconds(5))
    for _ in 0..<2 { world.commit([("pod/10.0.0.1", "w1")]) }
    world.etcd.model.compacted = world.etcd.model.revision
    for member in 0..<3 { world.etcd.members[member].isUp = true }
    try world.run(.seconds(20))
  }

  private func delete(_ names: Range<Int>, _ world: FollowWorld) {
    world.commit(names.flatMap { Self.files("w\($0)", "") }.map { ($0.0, nil) })
  }

  @Test func whatGoesByMoreThanHalfInOneRevisionIsHeldUntilSomebodyConfirms() throws {
    let world = try world()
    try world.run(.seconds(20))
    let before = world.taker
    delete(0..<6, world)
    try world.run(.seconds(1))
    #expect(world.taker == before && world.follower.held == names(0..<6))
    #expect(world.heldNews.map(\.missing) == [6] && world.heldNews.map(\.of) == [6])
    #expect(world.follower.report.isLive && world.follower.report.workspaces == 0)
    // One comes back, with what it has now alone; a load in between lets the others be.
    world.commit([("ws/w1/workspace.json", "back")])
    try world.run(.seconds(1))
    #expect(world.follower.held == names(0..<6).subtracting(names(1..<2)))
    #expect(world.taker.files[try #require(WorkspaceName("w1"))] == ["workspace.json": Array("back".utf8)])
    try loadAnew(world)
    #expect(world.loads.count == 2 && world.follower.held.count == 5)
    #expect(world.taker.names == names(0..<6))
    world.follower.confirm(now: world.now)
    world.carryOut()
    try world.run(.seconds(1))
    try world.expectCaughtUp()
    #expect(world.taker.names == names(1..<2))
  }

  @Test func whatGoesInOneRevisionAndIsBackIsHeldNoMore() throws {
    let world = try world()
    try world.run(.seconds(20))
    delete(1..<5, world)
    try world.run(.seconds(1))
    #expect(world.follower.held == names(1..<5) && world.loads.count == 1)
    for number in 1..<5 { world.commit(Self.files("w\(number)", "again")) }
    try world.run(.seconds(1))
    try world.expectCaughtUp()
    #expect(world.news.contains(.back) && world.loads.count == 1)
  }

  @Test func halfOrOneOfFewGoesAtOnce() throws {
    let world = try world()
    try world.run(.seconds(20))
    for (gone, left) in [(0..<3, 3..<6), (3..<4, 4..<6), (4..<5, 5..<6), (5..<6, 6..<6)] {
      delete(gone, world)
      try world.run(.seconds(1))
      try world.expectCaughtUp()
      #expect(world.taker.names == names(left))
    }
    #expect(world.heldNews.isEmpty)
  }

  @Test func whatAComparisonFindsToBeMissingByMoreThanHalfIsHeld() throws {
    let world = try world { $0.compareEvery = .seconds(60) }
    world.isJudged = false
    try world.run(.seconds(20))
    let before = world.taker
    world.etcd.leftOut = [world.etcd.model.revision + 1]
    delete(0..<5, world)
    world.commit([("ws/w5/workspace.json", "seen")])
    try world.run(.seconds(90))
    #expect(world.taker.names == before.names && world.follower.held == names(0..<5))
  }

  // MARK: Too large

  @Test func aWorkspaceThatIsTooLargeIsToldOf() throws {
    let world = try world { $0.maximumFiles = 10 }
    world.isJudged = false
    world.keepsChanges = true
    for number in 0..<12 { world.commit([("ws/large/links/l\(number).json", "x")]) }
    try world.run(.seconds(3))
    let name = try #require(WorkspaceName("large"))
    #expect(world.taker.files[name] == nil && world.taker.bad[name] == ["*"])
    #expect(world.taker.names.isSuperset(of: names(0..<6)))
    world.commit([("ws/large/links/l0.json", "alone of twelve")])
    try world.run(.milliseconds(100))
    #expect(world.taker.files[name] == nil)
    // A key that has no name, or that one, comes and goes: it is none of what is told of the whole.
    for key in ["ws/large/", "ws/large/*"] {
      world.commit([(key, "x")])
      try world.run(.milliseconds(100))
      world.commit([(key, nil)])
      try world.run(.milliseconds(100))
    }
    #expect(world.taker.files[name] == nil && world.taker.bad[name] == ["*"])
  }

  @Test func aWorkspaceThatWasTooLargeAndFitsIsReadAgain() throws {
    let world = try world {
      $0.maximumWorkspaceOctets = 1000
      // A page for each key: it changes while it is read.
      $0.pageKeys = 1
    }
    world.isJudged = false
    for number in 0..<12 { world.commit([("ws/large/links/l\(number).json", String(repeating: "x", count: 100))]) }
    try world.run(.seconds(20))
    let name = try #require(WorkspaceName("large"))
    #expect(world.taker.bad[name] == ["*"])
    // Not without end: once with each canary, and where it has changed.
    let pages = world.follower.counters.pages
    try world.run(.seconds(60))
    #expect(world.follower.counters.pages == pages)
    for round in 0..<1000 {
      world.after(.milliseconds(30 * round)) { world.commit([("ws/large/links/l0.json", "r\(round)")]) }
    }
    try world.run(.seconds(60))
    #expect(world.taker.files[name] == nil && world.taker.bad[name] == ["*"])
    #expect((1...100).contains(world.follower.counters.pages - pages))
    world.commit((0..<6).map { ("ws/large/links/l\($0).json", "small") })
    try world.run(.seconds(20))
    try world.expectCaughtUp()
    #expect(world.taker.files[name]?.count == 12 && world.loads.count == 1)
    world.commit([("ws/large/links/l7.json", "seen")])
    try world.run(.seconds(1))
    try world.expectCaughtUp()
  }

  @Test func aWorkspaceThatGrowsTooLargeIsToldOfByTheNextLoad() throws {
    let world = try world { $0.maximumFiles = 10 }
    world.isJudged = false
    try world.run(.seconds(20))
    for number in 0..<12 { world.commit([("ws/w1/links/l\(number).json", "x")]) }
    try world.run(.seconds(1))
    let name = try #require(WorkspaceName("w1"))
    #expect(world.taker.files[name]?.count == 14)
    try loadAnew(world)
    #expect(world.loads.count == 2 && world.taker.bad[name] == ["*"])
    for number in 0..<6 { world.commit([("ws/w1/links/l\(number).json", nil)]) }
    try world.run(.seconds(20))
    try world.expectCaughtUp()
  }

  @Test func aWorkspaceThatWasTooLargeAndIsGoneIsGone() throws {
    let world = try world { $0.maximumFiles = 10 }
    world.isJudged = false
    let keys = (0..<12).map { "ws/large/links/l\($0).json" }
    world.commit(keys.map { ($0, "x") })
    try world.run(.seconds(3))
    world.commit(keys.map { ($0, nil) })
    try world.run(.seconds(1))
    try world.expectCaughtUp()
    world.commit([("ws/large/workspace.json", "new")])
    try world.run(.seconds(1))
    try world.expectCaughtUp()
  }
}
