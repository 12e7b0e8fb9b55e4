import Fleet
import Forwarding
import Storage
import TestKit
import Testing
import Text
import Wire
import Workspaces

@testable import Server

/// Pods' addresses that are another workspace's at once, on several replicas, each of which hears of it at its own time and
/// writes itself: at no moment does a replica give an address to whom it had known to be no longer its owner.
@Suite struct FollowedLeaseSimulationTests {
  @Test func noReplicaEverGoesBackToWhoHadAnAddressBefore() throws {
    let log = try Log()
    let count = Seeds.number("BACKROAD_SEEDS", 150)
    var (acknowledged, served) = (0, 0)
    for seed in 0..<UInt64(count) {
      let seed = seed &+ UInt64(Seeds.number("BACKROAD_FIRST_SEED", 1))
      let simulation = try FollowedLeaseSimulation(seed: seed, log: log)
      do {
        try simulation.run(steps: 250)
      } catch {
        Issue.record("BACKROAD_FIRST_SEED=\(seed) BACKROAD_SEEDS=1: \(error)")
        return
      }
      acknowledged += simulation.acknowledged
      served += simulation.served
    }
    #expect(acknowledged > 3 * count && served > 100 * count, "\(acknowledged) and \(served) show something")
  }
}

/// What is wrong.
private struct Wrong: Error, CustomStringConvertible {
  let description: String
}

/// A store in memory, and the replicas that follow it. One thread alone uses it.
private final class FollowedLeaseSimulation: @unchecked Sendable {
  /// What the store has of an address from a revision on.
  private struct Word {
    let revision: Int64
    let value: [UInt8]?
    /// Whose client the address is; nil for nobody's.
    let workspace: WorkspaceName?
    /// When it ends by itself, in seconds.
    let end: Int64
  }

  private final class Replica {
    var rig: FollowedLeaseRig?
    /// All up to this revision was handed on; nil before the first load.
    var cursor: Int64?
    /// What was handed on of each address, by its revision.
    var known: [IPAddress: Int64] = [:]
    /// A load: the revision that it is pinned to, and what is still to be handed on.
    var load: (revision: Int64, rest: [IPAddress])?
    /// The newest revision that it knew of an address.
    var seen: [IPAddress: Int64] = [:]
    var contact: Int64?
    var isCut = false
    /// The store is another, and has not been loaded yet.
    var isTurned = false
  }

  private let workspaces: [WorkspaceName]
  private let addresses = (1...4).map { IPAddress.v4(0x0a00_0000 + UInt32($0)) } + [.v6(0xfd00 << 112 | 1)]
  private var random: SeededGenerator
  private var now: Int64 = 1000
  private var revision: Int64 = 10
  private var history: [IPAddress: [Word]] = [:]
  private var replicas: [Replica] = []
  private var trail: [String] = []
  /// How many leases were acknowledged, and how often an address was found to be somebody's.
  private(set) var acknowledged = 0
  private(set) var served = 0

  init(seed: UInt64, log: Log) throws {
    random = SeededGenerator(seed: seed)
    workspaces = ["acme", "globex", "initech"].compactMap { WorkspaceName($0) }
    for index in 0..<3 {
      let replica = Replica()
      replicas.append(replica)
      // The third workspace is not there.
      replica.rig = try FollowedLeaseRig(Array(workspaces.prefix(2)), log: log) {
        [weak self] addresses, workspace, seconds throws(LeaseStoreFailure) in
        guard let self else { return 0 }
        return try write(addresses, workspace, seconds, by: index)
      }
    }
  }

  func run(steps: Int) throws {
    for replica in replicas {
      finishLoad(replica)
      hear(replica)
    }
    for _ in 0..<steps {
      step()
      try check()
    }
    // The faults end: all that is there is known, everywhere.
    for replica in replicas {
      replica.isCut = false
      if replica.cursor == nil || replica.load != nil { finishLoad(replica) }
      while deliver(replica) {}
      hear(replica)
    }
    try check()
  }

  private func step() {
    let replica = random.pick(replicas)
    switch Int.random(in: 0..<32, using: &random) {
    case 0..<8: change()
    case 8..<18: _ = deliver(replica)
    case 18..<22: ask(replica)
    case 22..<25:
      if random.oneIn(2) { while deliver(replica) {} }
      hear(replica)
    case 25: beginLoad(replica)
    case 26, 27: goOnLoading(replica)
    case 28: now += Int64.random(in: 0...30, using: &random)
    case 29:
      if random.oneIn(3) { now += Int64.random(in: 100...700, using: &random) }
      endLeases()
    case 30: replica.isCut.toggle()
    default: if random.oneIn(4) { replaceStore() }
    }
  }

  private func note(_ text: @autoclosure () -> String) {
    trail.append("\(now) s, revision \(revision): \(text())")
    if trail.count > 40 { trail.removeFirst() }
  }

  private func name(of replica: Replica) -> String {
    "replica \(replicas.firstIndex { $0 === replica } ?? -1)"
  }

  // MARK: The store

  private func word(of address: IPAddress, at revision: Int64 = .max) -> Word? {
    history[address]?.last { $0.revision <= revision }
  }

  private func put(_ address: IPAddress, _ value: [UInt8]?) {
    let record = value.flatMap { PodRecord.read($0) }
    let name = record?.workspace
    let isThere = name.map { workspaces.prefix(2).contains($0) } ?? false
    let end = record?.seconds.map { now + Int64($0) } ?? .max
    history[address, default: []].append(
      Word(revision: revision, value: value, workspace: isThere ? name : nil, end: end))
    note("\(address): \(value.map { String(decoding: $0, as: UTF8.self) } ?? "gone")")
  }

  /// Somebody else changes something: a pod goes, and another comes to its address.
  private func change() {
    revision += 1
    let address = random.pick(addresses)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: put(address, Array("{".utf8))
    case 1..<3: put(address, nil)
    case 3: put(address, PodRecord.octets(lease: random.pick(workspaces), seconds: random.pick([5, 60, 3600])))
    case 4:
      // Two at once, as one revision.
      put(addresses[0], nil)
      put(addresses[1], podValue(random.pick(workspaces), uid: "\(revision)"))
    default: put(address, podValue(random.pick(workspaces), uid: "\(revision)"))
    }
  }

  /// Etcd ends what has ended, sooner or later.
  private func endLeases() {
    let over = addresses.filter { address in word(of: address).map { $0.value != nil && $0.end <= now } ?? false }
    guard !over.isEmpty else { return }
    revision += 1
    for address in over { put(address, nil) }
  }

  /// A backup is restored, or another cluster answers: revisions say nothing any more.
  private func replaceStore() {
    revision = Int64.random(in: 1...revision, using: &random)
    let pods = addresses.filter { _ in random.oneIn(2) }
    history = [:]
    note("another store")
    for address in pods { put(address, podValue(random.pick(workspaces), uid: "r\(revision)")) }
    for replica in replicas {
      replica.rig?.keeper.storeIsAnother(moment: FollowedLeaseRig.moment(now))
      (replica.cursor, replica.load, replica.isTurned) = (nil, nil, true)
      replica.known = replica.known.mapValues { _ in 0 }
      replica.seen = [:]
    }
  }

  // MARK: Following

  /// Hands on the next revision.
  ///
  /// - Returns: false where there is none.
  private func deliver(_ replica: Replica) -> Bool {
    guard !replica.isCut, replica.load == nil, let cursor = replica.cursor, cursor < revision else { return false }
    let next = cursor + 1
    var pods: [IPAddress: [UInt8]?] = [:]
    for (address, words) in history {
      guard let word = words.last(where: { $0.revision == next }) else { continue }
      pods.updateValue(word.value, forKey: address)
      replica.known[address] = word.value == nil ? nil : next
    }
    for address in addresses { replica.seen[address] = max(replica.seen[address] ?? 0, next) }
    replica.cursor = next
    replica.rig?.take(pods, next, at: now)
    if !pods.isEmpty { note("\(name(of: replica)) hears of \(next)") }
    return true
  }

  private func beginLoad(_ replica: Replica) {
    guard !replica.isCut else { return }
    replica.load = (revision, addresses.shuffled(using: &random))
  }

  private func goOnLoading(_ replica: Replica) {
    guard !replica.isCut else { return }
    if replica.cursor == nil, replica.load == nil { beginLoad(replica) }
    guard let load = replica.load else { return }
    let part = load.rest.prefix(Int.random(in: 1...3, using: &random))
    replica.load?.rest.removeFirst(part.count)
    var pods: [IPAddress: [UInt8]?] = [:]
    for address in part {
      guard let word = word(of: address, at: load.revision), let value = word.value else { continue }
      if replica.known.updateValue(word.revision, forKey: address) != word.revision {
        pods.updateValue(value, forKey: address)
        replica.seen[address] = max(replica.seen[address] ?? 0, word.revision)
      }
    }
    let isLast = replica.load?.rest.isEmpty == true
    if isLast {
      for address in replica.known.keys where word(of: address, at: load.revision)?.value == nil {
        pods.updateValue(nil, forKey: address)
        replica.known[address] = nil
      }
    }
    replica.rig?.take(pods, load.revision, at: now)
    note("\(name(of: replica)) loads of \(load.revision) \(part.map { "\($0)" })")
    guard isLast else { return }
    for address in addresses { replica.seen[address] = max(replica.seen[address] ?? 0, load.revision) }
    (replica.load, replica.cursor, replica.isTurned) = (nil, load.revision, false)
    replica.rig?.keeper.loaded(revision: load.revision, moment: FollowedLeaseRig.moment(now))
    note("\(name(of: replica)) has loaded \(load.revision)")
  }

  private func finishLoad(_ replica: Replica) {
    repeat { goOnLoading(replica) } while replica.load != nil
  }

  /// Contact is claimed only where all was handed on.
  private func hear(_ replica: Replica) {
    guard !replica.isCut, replica.load == nil, replica.cursor == revision else { return }
    replica.contact = now
    replica.rig?.hear(at: now)
  }

  // MARK: Writing

  private func ask(_ replica: Replica) {
    guard let keeper = replica.rig?.keeper else { return }
    let free = addresses.filter { word(of: $0)?.value == nil }
    let address = random.oneIn(3) || free.isEmpty ? random.pick(addresses) : random.pick(free)
    let holder = word(of: address)?.value.flatMap { PodRecord.read($0) }?.workspace
    let workspace = random.oneIn(4) ? random.pick(workspaces) : holder ?? workspaces[random.oneIn(2) ? 0 : 1]
    let moment = FollowedLeaseRig.moment(now)
    do throws(LeaseKeeper.Failure) {
      if holder != nil, random.oneIn(2) {
        try keeper.remove([address], of: workspace, moment: moment)
      } else {
        _ = try keeper.add([address], to: workspace, ttlSeconds: random.pick([5, 60, 3600]), moment: moment)
      }
      acknowledged += 1
      // From now on the replica knows of its own write.
      if let own = lastWritten { replica.seen[address] = max(replica.seen[address] ?? 0, own) }
      note("\(name(of: replica)) has \(address) acknowledged at \(lastWritten ?? 0)")
    } catch {
      note("\(name(of: replica)) has \(address) refused: \(error)")
    }
    lastWritten = nil
  }

  private var lastWritten: Int64?

  /// Writes into the store; others change it, and watches bring it, before the answer is there.
  private func write(
    _ addresses: [IPAddress], _ workspace: WorkspaceName?, _ seconds: UInt64, by index: Int
  ) throws(LeaseStoreFailure) -> Int64 {
    for address in addresses {
      let holder = word(of: address)?.value.flatMap { PodRecord.read($0) }
      if let workspace, let holder, holder.workspace != workspace || holder.pod != nil {
        throw .refused(.leased(address, holder.workspace, secondsLeft: 1))
      }
      if workspace == nil, holder == nil { throw .refused(.notLeased(address, workspaces[0])) }
    }
    revision += 1
    for address in addresses { put(address, workspace.map { PodRecord.octets(lease: $0, seconds: seconds) }) }
    let own = revision
    for _ in 0..<Int.random(in: 0...5, using: &random) {
      switch Int.random(in: 0..<8, using: &random) {
      case 0..<2: change()
      case 2..<5: _ = deliver(replicas[index])
      case 5: beginLoad(replicas[index])
      case 6: goOnLoading(replicas[index])
      default: if random.oneIn(10) { replaceStore() }
      }
    }
    if random.oneIn(8) { throw .problem(Problem("no answer")) }
    lastWritten = own
    return own
  }

  // MARK: Checking

  private func check() throws {
    for (index, replica) in replicas.enumerated() {
      for address in addresses {
        let holder = replica.rig?.holder(of: address, at: now)
        if holder != nil { served += 1 }
        if let why = fault(replica, address, holder) {
          throw Wrong(
            description: "replica \(index) gives \(address) to \(holder.map { "\($0)" } ?? "nobody"): \(why)\n"
              + trail.joined(separator: "\n"))
        }
      }
    }
  }

  private func fault(_ replica: Replica, _ address: IPAddress, _ holder: WorkspaceName?) -> String? {
    guard let contact = replica.contact, now < contact + 600 else {
      return holder == nil ? nil : "without contact since \(replica.contact ?? 0)"
    }
    // The workers are told of contact once a minute, so it may be one less for them.
    if now >= contact + 540, holder == nil { return nil }
    // Of the store that is gone it knows what it knew; of what it has written there, nothing.
    if replica.isTurned { return nil }
    let seen = replica.seen[address] ?? 0
    let words = history[address] ?? []
    let first = words.lastIndex { $0.revision <= seen }
    let possible = (first.map { Array(words[$0...]) } ?? [nil] + words.map { Optional($0) })
    let isPossible = possible.contains { word in
      word?.workspace == holder || (holder == nil && (word?.end ?? .max) <= now)
    }
    return isPossible ? nil : "it knew the address at \(seen), from when on it was nobody's of that name"
  }
}
