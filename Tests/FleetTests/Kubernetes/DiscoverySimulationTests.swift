import Fleet
import TestKit
import Testing
import Wire
import Workspaces

/// A discovery in front of an API server and a cluster that a seed makes, and whatever may go wrong between them.
///
/// After every step: no address is a pod's that did not have it, or whose namespace did not say so, by what was heard; a
/// change is a drop of what was had or a grant of what was nobody's; nothing holds ten minutes after the last contact.
/// When all is well again, exactly what the cluster says is wanted.
struct DiscoverySimulation {
  struct Breach: Error, CustomStringConvertible {
    let description: String
  }

  private var random: SeededGenerator
  private var cluster = ModelCluster(addressCount: 12)
  private var server = ModelAPIServer()
  private var discovery: Discovery
  private var now: UInt64 = 1_000_000
  private var held: [IPAddress: PodIdentity] = [:]
  private var isCalm = false
  /// Up to which revision all was heard of each kind, and when.
  private var heard: [KubernetesResource: (revision: UInt64, at: UInt64)] = [:]
  private var judged: [UInt64] = []
  private(set) var grants = 0
  private(set) var lists = 0
  private(set) var forgotten = 0

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    var settings = DiscoverySettings()
    settings.pageObjects = 3
    discovery = Discovery(settings, now: now)
    server.faults = random.pick([3, 10, 30])
  }

  mutating func run(steps: Int) throws(Breach) {
    for _ in 0..<4 { changeNamespace() }
    for _ in 0..<steps {
      for _ in 0..<Int.random(in: 0...3, using: &random) { changeCluster() }
      disturb()
      try step()
    }
    calm()
    let until = now + 900_000
    while now < until { try step() }
    let truth = cluster.truth
    guard discovery.isWhole, discovery.wanted == truth else {
      throw Breach(description: "at the end \(discovery.wanted) instead of \(truth)")
    }
    (grants, lists) = (grants, discovery.counts.lists)
  }

  /// The faults end, and lost nodes' pods are collected.
  private mutating func calm() {
    isCalm = true
    server.faults = nil
    server.downUntil = 0
    for pod in cluster.pods.values.filter(\.isLost).sorted(by: { $0.uid < $1.uid }) { cluster.remove(pod, &random) }
  }

  // MARK: The cluster

  private mutating func changeCluster() {
    let pods = cluster.pods.values.sorted { $0.uid < $1.uid }
    switch Int.random(in: 0..<20, using: &random) {
    case 0: changeNamespace()
    case 1...5: addPod()
    case _ where pods.isEmpty: addPod()
    default: change(random.pick(pods))
    }
    if random.oneIn(60) { cluster.compacted = cluster.revision - UInt64.random(in: 0...5, using: &random) }
  }

  private mutating func addPod() {
    var pod = ModelCluster.ModelPod(
      uid: cluster.newUID(), namespace: random.pick(["ns-0", "ns-1", "ns-2", "none"]),
      name: "pod-\(Int.random(in: 0..<6, using: &random))")
    guard !cluster.pods.values.contains(where: { $0.namespace == pod.namespace && $0.name == pod.name }) else { return }
    pod.label = random.pick([nil, "acme", "globex"])
    pod.hostNetwork = random.oneIn(8)
    cluster.set(pod, &random)
  }

  private mutating func change(_ former: ModelCluster.ModelPod) {
    var pod = former
    // The end of a pod, and at once the next one under its name, perhaps with its address: as a StatefulSet does.
    if pod.phase == "Succeeded" || pod.phase == "Failed" || (pod.deleting && !pod.running) || random.oneIn(12) {
      cluster.remove(pod, &random)
      if random.oneIn(3) {
        pod.uid = cluster.newUID()
        (pod.phase, pod.deleting, pod.running, pod.isLost) = ("Running", false, true, false)
        let isFree = pod.addresses.allSatisfy { address in
          !cluster.pods.values.contains { !$0.isLost && $0.own.contains(address) }
        }
        if !isFree { pod.addresses = [] }
        cluster.set(pod, &random)
      }
      return
    }
    guard !pod.isLost else { return }
    switch Int.random(in: 0..<8, using: &random) {
    case 0...3 where pod.addresses.isEmpty:
      if pod.hostNetwork {
        pod.addresses = [.v4(0x0a00_0000)]
      } else if let address = cluster.freeAddress(&random) {
        pod.addresses = [address]
        if random.oneIn(2), let second = cluster.freeAddress(&random), second != address {
          pod.addresses.append(second)
        }
      }
      (pod.phase, pod.running) = ("Running", true)
    case 4: pod.deleting = true
    case 5: if pod.deleting { pod.running = false }
    case 6: if pod.running { (pod.phase, pod.running) = (random.pick(["Succeeded", "Failed"]), false) }
    case 7: if random.oneIn(4), !isCalm { pod.isLost = true } else { pod.label = random.pick([nil, "acme", "globex"]) }
    default: break
    }
    cluster.set(pod, &random)
  }

  private mutating func changeNamespace() {
    let name = "ns-\(Int.random(in: 0..<3, using: &random))"
    if let namespace = cluster.namespaces[name], random.oneIn(4) { return cluster.remove(namespace) }
    let uid = cluster.namespaces[name]?.uid ?? cluster.newUID()
    let workspace = random.pick([nil, nil, "acme", "globex", "Not-A-Name"])
    cluster.set(
      ModelCluster.ModelNamespace(
        uid: uid, name: name, workspace: workspace, choose: random.pick([nil, "true", "false"])), &random)
  }

  // MARK: The connections

  private mutating func disturb() {
    guard let faults = server.faults else { return }
    let numbers = server.connections.keys.sorted()
    if random.oneIn(faults * 20) {
      // The API server is started anew, or is away for long.
      server.downUntil = now + random.pick([0, 5000, 100_000, 700_000])
      for number in numbers { end(number, "reset") }
    } else if !numbers.isEmpty, random.oneIn(faults * 4) {
      let number = random.pick(numbers)
      if random.oneIn(2) { server.die(number) } else { end(number, "reset") }
    }
  }

  private mutating func end(_ number: UInt64, _ why: String) {
    server.close(number)
    discovery.closed(number, why: why, now: now, using: &random)
  }

  private mutating func step() throws(Breach) {
    now += isCalm ? random.pick([0, 200, 3000, 9000]) : random.pick([0, 1, 20, 200, 200, 1000, 3000])
    if random.oneIn(15), !isCalm { now += 50_000 }
    discovery.tick(now: now, using: &random)
    try settle()
    server.step(cluster, now: now, &random)
    for number in server.connections.keys.sorted() { try serve(number) }
  }

  private mutating func serve(_ number: UInt64) throws(Breach) {
    guard let connection = server.connections[number], !connection.isDead else { return }
    if !connection.isOpen {
      guard now >= server.downUntil else { return end(number, "refused") }
      server.accept(number)
      discovery.opened(number, now: now, using: &random)
      return try settle()
    }
    let rest = connection.out.count - connection.sent
    guard rest > 0 else { return }
    let count = random.oneIn(3) ? Int.random(in: 1...rest, using: &random) : rest
    let piece = Array(connection.out[connection.sent..<(connection.sent + count)])
    server.take(number, count)
    let listsBefore = discovery.counts.lists
    discovery.received(piece.span, on: number, now: now, using: &random)
    let actions = discovery.takeActions()
    let isClosed = actions.contains(.close(number))
    if let revision = connection.wholeList {
      if discovery.counts.lists > listsBefore { heard[connection.resource] = (revision, now) }
    } else if !isClosed || connection.hasEnded,
      let mark = connection.marks.last(where: { $0.end <= connection.sent + count && $0.end > connection.sent })
    {
      // Where an ERROR follows in the same piece the events before it were heard too.
      heard[connection.resource] = (max(mark.revision, heard[connection.resource]?.revision ?? 0), now)
    }
    try settle(actions)
  }

  private mutating func settle(_ former: [DiscoveryAction] = []) throws(Breach) {
    for action in former + discovery.takeActions() {
      switch action {
      case .open(let number): server.open(number)
      case .send(let number, let octets): server.ask(number, octets, cluster, now: now, &random)
      case .close(let number): server.close(number)
      }
    }
    try check()
  }

  // MARK: What must hold

  private mutating func check() throws(Breach) {
    let changes = discovery.takeChanges()
    for change in changes {
      switch change {
      case .drop(let address):
        guard held.removeValue(forKey: address) != nil else { throw Breach(description: "\(address) dropped twice") }
      case .grant(let address, let identity):
        guard held.updateValue(identity, forKey: address) == nil else {
          throw Breach(description: "\(address) granted before it was dropped")
        }
        grants += 1
      }
    }
    guard held == discovery.wanted else { throw Breach(description: "the changes are not what is wanted") }
    if let pods = heard[.pods], let namespaces = heard[.namespaces] {
      if now >= min(pods.at, namespaces.at) + 600_000 {
        guard held.isEmpty || !discovery.isWhole else {
          throw Breach(
            description: "somebody has an address \(now - min(pods.at, namespaces.at)) ms after the last contact")
        }
        forgotten += 1
      }
      guard !changes.isEmpty || judged != [pods.revision, namespaces.revision] else { return }
      judged = [pods.revision, namespaces.revision]
      for (address, identity) in held {
        if let why = cluster.objection(address, identity, pods: pods.revision, namespaces: namespaces.revision) {
          throw Breach(description: "\(address) is \(identity.workspace)'s by \(identity.uid): \(why)")
        }
      }
    } else if !held.isEmpty {
      throw Breach(description: "granted before both lists")
    }
  }
}

@Suite struct DiscoverySimulationTests {
  @Test func noAddressIsEverAnothers() {
    let first = UInt64(Seeds.number("BACKROAD_FIRST_SEED", 1))
    let wanted = Seeds.number("BACKROAD_SEEDS", 800)
    let count = UInt64(wanted < 20 ? wanted : max(20, wanted / 20))
    var grants = 0
    var lists = 0
    var forgotten = 0
    for seed in first..<(first + count) {
      var simulation = DiscoverySimulation(seed: seed)
      do {
        try simulation.run(steps: 250)
      } catch {
        Issue.record("BACKROAD_FIRST_SEED=\(seed) BACKROAD_SEEDS=1: \(error)")
        return
      }
      grants += simulation.grants
      lists += simulation.lists
      forgotten += simulation.forgotten
    }
    print("\(count) seeds: \(grants) grants, \(lists) lists, \(forgotten) looks while all was forgotten")
    #expect(grants > Int(count) * 10 && lists > Int(count) * 2 && (count < 40 || forgotten > 0))
  }
}
