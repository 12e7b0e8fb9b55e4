import Forwarding
import Glibc
import SystemIO
import TestKit
import Wire
import Workspaces

@testable import Server

// Leases, reloads and faults, and what must be so right after each.
extension WorkerSimulation {
  // MARK: Workspaces

  /// A workspace's files as they are at the start, and again once the faults end.
  func firstFolder(_ number: Int) -> SimulatedFolder {
    SimulatedFolder(
      number: number, version: 1, clients: [SimulatedFolder.prefix(of: number)].compactMap { $0 },
      hasOwnCache: number == 1, textStrings: hasLongTexts ? 160 : 12)
  }

  /// Reads and checks a workspace's files.
  func load(_ folder: SimulatedFolder) throws -> Workspace {
    guard let workspace = loadIfGood(folder) else { throw breach("\(folder) does not load") }
    return workspace
  }

  func loadIfGood(_ folder: SimulatedFolder) -> Workspace? {
    let own = upstreams[SimulatedUpstream.own(of: folder.number)].address
    return Workspace.load(
      folder.source(own: own, listening: listening),
      in: WorkspaceSetting(serverRules: serverRules, grants: grants)
    ).workspace
  }

  /// Changes a workspace's files; now and then it is removed, or comes back, or claims what is not its own.
  func reload() throws {
    figures.reloads += 1
    let number = random.number(below: SimulatedFolder.names.count)
    let folder = worlds[worlds.count - 1].folders[number]
    if folder != nil, random.happens(5) { return try publish([(number, nil)]) }
    versions[number] = versions[number] % 255 + 1
    var next = folder ?? firstFolder(number)
    next.version = versions[number]
    next.required = random.happens(4) ? [[.token], [.lease], [.token, .clients]][random.number(below: 3)] : []
    next.clients = firstFolder(number).clients
    next.listeners = []
    let isHostile = number == SimulatedFolder.names.count - 1 && random.happens(2)
    if isHostile { claimOthers(&next) }
    if isHostile, grants != nil {
      guard loadIfGood(next) == nil else { throw breach("a claim beyond the grant is taken") }
      return
    }
    if random.happens(2) { try askBeforehand() }
    try publish([(number, next)])
  }

  /// What a hostile workspace's files claim: another's prefix, its halves, everybody, the leased addresses, or a worker's
  /// address.
  private func claimOthers(_ folder: inout SimulatedFolder) {
    let victim = random.number(below: folder.number)
    func prefix(_ address: IPAddress, _ length: Int) -> [IPPrefix] {
      [IPPrefix(address, length: length)].compactMap { $0 }
    }
    switch random.number(below: 5) {
    case 0: folder.clients += firstFolder(victim).clients
    case 1: folder.clients += prefix(SimulatedFolder.address(victim, 0), 17)
    case 2: folder.clients += prefix(.v4(UInt32(127) << 24), 8)
    case 3: folder.clients += prefix(Self.leasedAddress(0), 24)
    default: folder.listeners = [random.number(below: Self.workerCount)]
    }
  }

  /// Hands the workers other workspaces.
  func publish(_ changes: [(number: Int, folder: SimulatedFolder?)]) throws {
    var world = worlds[worlds.count - 1]
    for (number, folder) in changes {
      if let folder { builder.set(try load(folder)) } else { builder.remove(SimulatedFolder.names[number]) }
      world.folders[number] = folder
      digest.add(number)
      digest.add(folder?.version ?? 0)
      trace("workspace \(number) is now \(folder.map { "\($0)" } ?? "gone")")
    }
    _ = builder.build()
    keeper?.publish(builder.snapshot)
    world.since = now
    worlds.append(world)
  }

  // MARK: Leases

  /// Addresses that are in nobody's prefix: pods have them for a while, now of this workspace and now of that.
  static func leasedAddress(_ number: Int) -> IPAddress {
    .v4(UInt32(127) << 24 | UInt32(99) << 16 | UInt32(number + 1))
  }
  static let leasedAddresses = 4

  /// Leases an address, renews or ends a lease, or moves the address to another workspace at once; the next question from
  /// there sees it.
  func changeLeases() throws {
    figures.leases += 1
    guard let keeper else { return }
    let address = random.happens(8) ? drawPod() : Self.leasedAddress(random.number(below: Self.leasedAddresses))
    let world = worlds[worlds.count - 1]
    let held = world.leases[address].flatMap { $0.end > now ? $0 : nil }
    let workspace = random.number(below: SimulatedFolder.names.count)
    if random.happens(2) { try askBeforehand(from: address) }
    if let held, held.workspace != workspace || random.happens(3) {
      try remove(address, held.workspace, keeper)
      // As when a pod's address goes to the next.
      if random.happens(3) { return try askAfter(address) }
    }
    try add(address, workspace, keeper)
    try askAfter(address)
  }

  private func add(_ address: IPAddress, _ workspace: Int, _ keeper: LeaseKeeper) throws {
    let ttl = UInt64(1 + random.number(below: 6))
    let world = worlds[worlds.count - 1]
    do throws(LeaseKeeper.Failure) {
      let leases = try withFault { () throws(LeaseKeeper.Failure) in
        try keeper.add([address], to: SimulatedFolder.names[workspace], ttlSeconds: ttl, moment: moment)
      }
      guard let lease = leases.first else { throw LeaseKeeper.Failure.refused(.addressCount(0, atMost: 0)) }
      var next = world
      next.leases[address] = World.Lease(workspace: workspace, end: lease.end)
      next.since = now
      worlds.append(next)
      trace("\(address) is leased to \(workspace) for \(ttl) s")
      // What is asked right before its end, and at it.
      for end in [now + .milliseconds(Int64(ttl) * 1000 - 1), lease.end] {
        let worker = random.number(below: Self.workerCount)
        events.add(.ask(.host(0), address, worker: worker), at: end)
        events.add(.ask(.own(.init(kind: .answered, number: 0)), address, worker: worker), at: end)
      }
    } catch .refused(let refusal) {
      let held = world.leases[address]
      let holder = held.flatMap { $0.end > now ? $0.workspace : nil }
      let isOthers = holder.map { $0 != workspace && world.folders[$0] != nil } ?? false
      let isClaimed = SimulatedFolder.names.indices.contains { number in
        number != workspace && world.folders[number]?.clients.contains { $0.contains(address) } == true
      }
      let isGranted = grants != nil && firstFolder(workspace).clients.allSatisfy { !$0.contains(address) }
      guard world.folders[workspace] == nil || isOthers || isClaimed || isGranted else {
        throw breach("\(address) is not leased to \(SimulatedFolder.names[workspace]): \(refusal.message)")
      }
    } catch {
      // Not written, and so it does not count: the world is as before.
      figures.faults += 1
    }
  }

  private func remove(_ address: IPAddress, _ workspace: Int, _ keeper: LeaseKeeper) throws {
    do throws(LeaseKeeper.Failure) {
      try withFault { () throws(LeaseKeeper.Failure) in
        try keeper.remove([address], of: SimulatedFolder.names[workspace], moment: moment)
      }
      var next = worlds[worlds.count - 1]
      next.leases[address] = nil
      trace("the lease of \(address) is ended")
      next.since = now
      worlds.append(next)
    } catch .refused(let refusal) {
      throw breach("a lease is not ended: \(refusal.message)")
    } catch {
      figures.faults += 1
    }
  }

  /// Runs a change of leases, now and then with a system call that fails, where there is a seam for that.
  private func withFault<Result>(_ body: () throws(LeaseKeeper.Failure) -> Result) throws(LeaseKeeper.Failure) -> Result
  {
    let number = random.happens(6) && !faultsEnded ? 1 + random.number(below: 8) : 0
    #if DEBUG
      guard number > 0 else { return try body() }
      do {
        return try FaultPlan(failing: number, .error(EIO)).run(body)
      } catch let failure as LeaseKeeper.Failure {
        throw failure
      } catch {
        preconditionFailure("the body throws nothing else: \(error)")
      }
    #else
      _ = number
      return try body()
    #endif
  }

  /// Questions that the workers find together with the change that follows.
  private func askBeforehand(from address: IPAddress? = nil) throws {
    for worker in 0..<Self.workerCount {
      try ask(.host(random.number(below: SimulatedFolder.hosts)), address ?? drawPod(), worker, at: true)
    }
  }

  /// What was acknowledged holds for the very next questions.
  private func askAfter(_ address: IPAddress) throws {
    for worker in 0..<Self.workerCount {
      try ask(.host(random.number(below: SimulatedFolder.hosts)), address, worker, at: true)
      try ask(.own(.init(kind: .answered, number: 0)), address, worker, at: true)
    }
  }

  // MARK: Faults

  func changeSomething() {
    figures.faults += 1
    let upstream = upstreams[random.number(below: upstreams.count)]
    switch random.number(below: 4) {
    case 0, 1: upstream.isSilent.toggle()
    case 2: upstream.fails.toggle()
    default: weather = ServerWeather(&random)
    }
  }

  /// From here on nothing is bad, and all workspaces are as at the start.
  func endFaults() throws {
    faultsEnded = true
    weather = ServerWeather()
    for upstream in upstreams { (upstream.isSilent, upstream.fails) = (false, false) }
    try publish(
      SimulatedFolder.names.indices.map { number in
        versions[number] = versions[number] % 255 + 1
        var folder = firstFolder(number)
        folder.version = versions[number]
        return (number, folder)
      })
  }

  /// A worker stands still for ever; its clients' questions are not answered, and everybody else's are.
  func die(_ worker: Int) {
    figures.faults += 1
    dead.insert(worker)
    for number in asked.indices where asked[number].asking.worker == worker { asked[number].isForgiven = true }
    for connection in connections where connection.worker == worker { forget(connection) }
  }

  /// The process is killed and started again: what was acknowledged is there, what was refused is not.
  func restart() throws {
    figures.faults += 1
    try settle()
    for number in asked.indices { asked[number].isForgiven = true }
    for connection in connections { forget(connection) }
    (workers, keeper, dead) = ([], nil, [])
    now = now + .milliseconds(Int64(random.number(below: 2000)))
    try startServer()
    let found = keeper?.list(of: nil, after: nil, limit: .max, moment: moment) ?? []
    var world = worlds[worlds.count - 1]
    let expected = world.leases.filter { $0.value.end > now }
    guard found.count <= expected.count else {
      throw breach("\(found.count) leases after a restart of \(expected.count)")
    }
    world.leases = [:]
    for lease in found {
      guard let before = expected[lease.address], SimulatedFolder.names[before.workspace] == lease.workspace,
        lease.end <= before.end, before.end <= lease.end + .milliseconds(3)
      else { throw breach("\(lease) after a restart, where \(String(describing: expected[lease.address])) was") }
      world.leases[lease.address] = World.Lease(workspace: before.workspace, end: lease.end)
    }
    for (address, lease) in expected where world.leases[address] == nil && lease.end > now + .milliseconds(3) {
      throw breach("the lease of \(address) is gone after a restart")
    }
    world.since = now
    worlds.append(world)
  }
}
