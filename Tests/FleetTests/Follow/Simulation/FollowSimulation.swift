import Fleet
import Forwarding
import Workspaces

/// A random history of a store, everything that befalls its cluster, and a follower in it; then calm, in which it must catch up.
struct FollowSimulation {
  let world: FollowWorld
  private let faultSeconds: Int
  private let hasUsers: Bool

  static func settings(_ random: inout Dice) -> FollowSettings {
    var settings = FollowSettings()
    settings.pageKeys = [2, 7, 1000][random.number(below: 3)]
    settings.pageOctets = [40, 1 << 20][random.number(below: 2)]
    settings.maximumPageOctets = [200, 8 << 20][random.number(below: 2)]
    settings.maximumEvents = [9, 200_000][random.number(below: 2)]
    settings.compareEvery = .seconds([20, 45, 3600][random.number(below: 3)])
    settings.maximumMends = [1, 100][random.number(below: 2)]
    return settings
  }

  init(seed: UInt64) throws {
    var random = Dice(seed: seed &+ 0x0f0f)
    hasUsers = random.oneIn(4)
    faultSeconds = 20 + random.number(below: 60)
    world = try FollowWorld(
      seed: seed, members: 1 + random.number(below: 3), settings: Self.settings(&random),
      credentials: hasUsers ? StoreCredentials(user: "backroad", password: "secret") : nil)
    world.etcd.password = hasUsers ? "secret" : nil
    world.longestDelayMilliseconds = [1, 5, 50, 1500][random.number(below: 4)]
    world.cuts = [0, 0, 10, 60][random.number(below: 4)]
    world.pieces = [2, 10][random.number(below: 2)]
    world.fragments = [1, 2, 5][random.number(below: 3)]
  }

  func run() throws {
    world.commit([("format", "backroad 1")])
    for _ in 0..<world.random.number(below: 30) { write() }
    world.start()
    let end = world.now + .seconds(faultSeconds)
    scheduleWrites(until: end)
    scheduleFaults(until: end)
    expireLeases()
    try world.run(.seconds(faultSeconds))
    endFaults()
    // Longest: a canary is put, does not come, and the waits of three endpoints.
    try world.run(.seconds(90))
    if !world.follower.held.isEmpty {
      world.follower.confirm(now: world.now)
      world.carryOut()
    }
    try world.catchUp("after the faults")
    try calm()
  }

  /// While nothing is wrong, each write is there at once, and little is asked for.
  private func calm() throws {
    let requests = world.follower.counters.requests
    for _ in 0..<5 {
      write()
      try world.run(.seconds(10))
      try world.catchUp("in the calm")
    }
    // Canaries, keep-alives, presence: no more than one a second; the pages of comparisons apart.
    let asked = world.follower.counters.requests - requests
    let limit = 50 + world.follower.counters.pages
    guard asked <= limit else { throw Breach(description: "seed \(world.seed): \(asked) requests in 50 s of calm") }
    guard world.opens < 20 * (faultSeconds + 200) else {
      throw Breach(description: "seed \(world.seed): \(world.opens) connections")
    }
  }

  // MARK: What is written

  private func scheduleWrites(until end: Instant) {
    let pause = 20 + world.random.number(below: 800)
    func next() {
      guard world.now < end else { return }
      write()
      world.after(.milliseconds(1 + world.random.number(below: pause)), next)
    }
    world.after(.milliseconds(5), next)
  }

  private func workspace() -> String { "ws/w\(world.random.number(below: 8))" }

  private func write() {
    guard !world.etcd.model.isFull else { return }
    let text = "v\(world.random.next() % 100_000)"
    switch world.random.number(below: 16) {
    case 0...5: change(workspace(), text)
    case 6: remove(workspace())
    case 7, 8: world.commit([("pod/10.0.0.\(world.random.number(below: 12))", text)])
    case 9: world.commit([("pod/10.0.0.\(world.random.number(below: 12))", nil)])
    case 10: discoverPods(text)
    case 11: world.commit([("\(workspace())/../\(world.random.number(below: 2))", world.random.oneIn(2) ? text : nil)])
    case 12: world.commit([("future/\(world.random.number(below: 3))", text), ("pod/none", text)])
    case 13: world.commit([("../../other/\(world.random.number(below: 3))", text), ("replica/r2", text)])
    case 14: world.etcd.model.commit([(Array("/elsewhere".utf8), Array(text.utf8))], now: world.now)
    default: large(text)
    }
  }

  /// An import: some files of a workspace, its workspace.json and who it was, at once.
  private func change(_ workspace: String, _ text: String) {
    var changes: [(String, String?)] = [("\(workspace)/workspace.json", text), ("\(workspace)/.change", text)]
    for link in ["a", "b", "c"] where world.random.oneIn(2) {
      changes.append(("\(workspace)/links/\(link).json", world.random.oneIn(4) ? nil : text))
    }
    if world.random.oneIn(3) {
      changes.append(("\(workspace)/example.com.zone", world.random.oneIn(5) ? "" : text + text))
    }
    world.commit(changes)
  }

  private func remove(_ workspace: String) {
    let start = Array("\(world.keys.prefix)/v1/\(workspace)/".utf8)
    let found = world.etcd.model.range(start, start.dropLast() + [start[start.count - 1] + 1])
    var changes: [(key: [UInt8], value: [UInt8]?)] = found.map { ($0.key, nil) }
    if world.random.oneIn(2) {
      let author = start + Array(".change".utf8)
      changes.removeAll { $0.key == author }
      changes.append((author, Array("removed".utf8)))
    }
    world.etcd.model.commit(changes, now: world.now)
    world.pushAll()
  }

  /// Pods that go with a lease, and all at once if it is not kept alive.
  private func discoverPods(_ text: String) {
    let lease = world.etcd.model.grant(Int64(2 + world.random.number(below: 20)), now: world.now)
    world.commit((0..<world.random.number(below: 5)).map { ("pod/fd00::\($0)", text) }, lease: lease)
  }

  /// A revision with many events.
  private func large(_ text: String) {
    let name = workspace()
    var changes: [(String, String?)] = [("\(name)/workspace.json", text)]
    for number in 0..<world.random.number(below: 16) { changes.append(("\(name)/links/l\(number).json", text)) }
    world.commit(changes)
  }

  private func expireLeases() {
    let world = world
    func next() {
      if world.etcd.model.expire(now: world.now) { world.pushAll() }
      world.after(.milliseconds(500), next)
    }
    next()
  }

  // MARK: What goes wrong

  private func scheduleFaults(until end: Instant) {
    for _ in 0..<world.random.number(below: 14) {
      world.after(.milliseconds(world.random.number(below: faultSeconds * 1000))) { fault() }
    }
  }

  private func fault() {
    let member = world.random.number(below: world.etcd.members.count)
    let length = Duration.milliseconds(200 + world.random.number(below: 25_000))
    switch world.random.number(below: 15) {
    case 0:
      world.kill(member)
      world.after(length) { world.etcd.members[member].isUp = true }
    case 1:
      world.freeze(member)
      world.after(length) { world.thaw(member) }
    case 2, 3:
      world.etcd.writtenWithoutAnswer = world.random.oneIn(2)
      let all = world.random.oneIn(3) ? Array(world.etcd.members.indices) : [member]
      for member in all { world.part(member, tells: !world.random.oneIn(3)) }
      world.after(length) {
        for member in all { world.etcd.members[member].isParted = false }
        world.pushAll()
      }
    case 4: for connection in world.ordered where world.random.oneIn(2) { world.add(.ended(connection), at: world.now) }
    case 5: world.silenceWatches()
    case 6, 7: compact()
    case 8: world.etcd.tokens = []
    case 9:
      for lease in world.etcd.model.leases.keys.sorted() { world.etcd.model.revoke(lease, now: world.now) };
      world.pushAll()
    case 10:
      world.etcd.model.isFull = true
      world.after(length) { world.etcd.model.isFull = false }
    case 11, 12: clear(length)
    default: restore()
    }
  }

  /// Somebody deletes everybody's keys, or most, at once; perhaps he meant to.
  private func clear(_ length: Duration) {
    let start = Array("\(world.keys.prefix)/v1/ws/w".utf8)
    let kept = world.random.oneIn(2) ? UInt8(ascii: "0") + UInt8(world.random.number(below: 8)) : 0
    let found = world.etcd.model.range(start, start + [0xff]).filter { $0.key[start.count] != kept }
    world.etcd.model.commit(found.map { ($0.key, nil) }, now: world.now)
    world.pushAll()
    guard world.random.oneIn(2) else { return }
    world.after(length) {
      world.follower.confirm(now: world.now)
      world.carryOut()
    }
  }

  private func compact() {
    let back = Int64(world.random.oneIn(2) ? 0 : world.random.number(below: 20))
    world.etcd.model.compacted = max(world.etcd.model.compacted, world.etcd.model.revision - back)
  }

  /// A backup is restored: the same cluster by its number or another, and behind, or already beyond, what was there.
  private func restore() {
    let old = world.etcd.model
    let cut = max(2, old.revision - Int64(world.random.number(below: 30)))
    var model = StoreModel(clusterID: world.random.oneIn(2) ? old.clusterID : old.clusterID - 1)
    model.term = old.term - 1
    guard old.term > 1 else { return }
    model.revision = 1
    for revision in 2...cut {
      model.revision = revision - 1
      guard let committed = old.history[revision] else { continue }
      model.commit(committed.events.map { ($0.key, $0.entry?.value) }, now: world.now)
      model.revision = revision
    }
    model.compacted = world.random.oneIn(2) ? cut : 0
    world.replace(with: model)
    // While everything is down, somebody writes.
    for _ in 0..<world.random.number(below: 40) { write() }
  }

  private func endFaults() {
    for member in world.etcd.members.indices {
      world.etcd.members[member].isUp = true
      world.etcd.members[member].isParted = false
      world.thaw(member)
    }
    world.etcd.model.isFull = false
    world.longestDelayMilliseconds = 5
    world.cuts = 0
  }
}
