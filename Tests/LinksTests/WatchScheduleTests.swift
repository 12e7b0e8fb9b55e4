import Bounds
import Testing
import Wire
import Workspaces

@testable import Links

/// Random numbers that come again (SplitMix64).
private struct Dice: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }
}

/// A schedule, and a world whose endpoints answer as they are told.
private struct WatchWorld {
  var schedule: WatchSchedule
  let settings: WatchSettings
  var dice: Dice
  var now: UInt64 = 1_000_000
  /// What each address and port does; refused where nothing is said.
  var outcomes: [SocketAddress: ConnectOutcome] = [:]
  /// What each name leads to; nothing where nothing is said.
  var names: [Name: ResolveOutcome] = [:]
  /// What is under way, with what it meets.
  private var underWay: [(at: UInt64, probe: WatchProbe, outcome: ConnectOutcome)] = []
  /// When what was connected to or asked for, and by whom.
  private(set) var made: [(at: UInt64, probe: WatchProbe)] = []
  private(set) var changes: [HealthChange] = []

  init(_ settings: WatchSettings = WatchSettings(), seed: UInt64 = 1) {
    self.settings = settings
    schedule = WatchSchedule(settings)
    dice = Dice(state: seed)
  }

  mutating func set(
    _ targets: [LinkTarget], of workspace: WorkspaceName, _ networks: PrivateNetworks = PrivateNetworks()
  ) {
    schedule.set(targets, of: workspace, networks, now: now, seconds: now / 1000)
  }

  /// Goes on for so many milliseconds.
  mutating func run(_ milliseconds: UInt64) {
    let end = now + milliseconds
    while true {
      while let probe = schedule.next(now: now, seconds: now / 1000, using: &dice) { begin(probe) }
      changes += schedule.takeChanges()
      let next = [schedule.nextDue, underWay.map(\.at).min()].compactMap { $0 }.min() ?? end + 1
      guard next <= end else { break }
      now = max(now + 1, next)
      let over = underWay.filter { $0.at <= now }
      underWay.removeAll { $0.at <= now }
      for (_, probe, outcome) in over { finish(probe, outcome) }
    }
    now = end
  }

  private mutating func begin(_ probe: WatchProbe) {
    made.append((now, probe))
    #expect(schedule.probesUnderWay <= settings.atOnce)
    #expect(schedule.probesUnderWay(of: probe.workspace) <= settings.atOnceOfWorkspace)
    var takes = UInt64.random(in: 1...20, using: &dice)
    var outcome = ConnectOutcome.refused
    if case .connect(let address) = probe.kind { outcome = outcomes[address] ?? .refused }
    if outcome == .silent { takes = settings.patience }
    underWay.append((now + takes, probe, outcome))
  }

  private mutating func finish(_ probe: WatchProbe, _ outcome: ConnectOutcome) {
    switch probe.kind {
    case .connect:
      schedule.connected(
        probe.number, outcome, now: now, seconds: now / 1000, using: &dice)
    case .resolve(let name):
      schedule.resolved(
        probe.number, names[name] ?? .addresses([], reason: ""), now: now, seconds: now / 1000, using: &dice)
    }
    changes += schedule.takeChanges()
  }

  func health(of workspace: WorkspaceName, _ link: String = "git", _ role: EndpointRole = .main) -> LinkHealth? {
    schedule.health(of: workspace).first { $0.id == LinkTarget.ID(link: link, role: role) }?.health
  }

  func state(of workspace: WorkspaceName, _ link: String = "git") -> LinkHealth.State? {
    health(of: workspace, link)?.state
  }
}

private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

private func target(
  _ link: String = "git", _ addresses: [String] = [], name: String? = nil, ports: [UInt16] = [443],
  isPublic: Bool = false, word: LinkTarget.Word? = nil
) throws -> LinkTarget {
  LinkTarget(
    LinkTarget.ID(link: link, role: .main), name: try name.map { try Name($0) },
    addresses: try addresses.map { try address($0) }, ports: ports, isPublic: isPublic, word: word)
}

@Suite struct WatchScheduleTests {
  private let acme: WorkspaceName
  private let other: WorkspaceName

  init() throws {
    acme = try #require(WorkspaceName("acme"))
    other = try #require(WorkspaceName("other"))
  }

  private func at(_ address: String, _ port: UInt16) throws -> SocketAddress {
    SocketAddress(try LinksTests.address(address), port: port)
  }

  @Test func aLinkIsReachableThenLosesAPortThenAZoneThenAllAndComesBack() throws {
    var world = WatchWorld()
    world.set([try target("git", ["10.9.0.1", "10.9.0.2"], ports: [22, 443])], of: acme)
    #expect(world.state(of: acme) == .unknown)
    let all = try [at("10.9.0.1", 22), at("10.9.0.2", 22), at("10.9.0.1", 443), at("10.9.0.2", 443)]
    func set(_ outcome: ConnectOutcome, _ which: [Int]) { for index in which { world.outcomes[all[index]] = outcome } }
    set(.reached, [0, 1, 2, 3])
    world.run(3000)
    #expect(world.state(of: acme) == .reachable)
    let since = world.health(of: acme)?.sinceSeconds
    world.run(100_000)
    #expect(world.health(of: acme)?.sinceSeconds == since)
    set(.refused, [2, 3])
    world.run(60_000)
    #expect(world.state(of: acme) == .degraded)
    #expect(world.health(of: acme)?.why.hasPrefix("port 443 is lost: refused") == true)
    set(.reached, [2])
    set(.silent, [1, 3])
    world.run(60_000)
    #expect(world.state(of: acme) == .degraded)
    #expect(world.health(of: acme)?.why.hasPrefix("10.9.0.2 is lost: no answer: probably a zone") == true)
    set(.silent, [0, 2])
    world.run(60_000)
    #expect(world.state(of: acme) == .failed)
    #expect(world.health(of: acme)?.why.contains("probably a security group") == true)
    set(.reached, [0, 1, 2, 3])
    world.run(60_000)
    #expect(world.state(of: acme) == .reachable)
    #expect(world.changes.map(\.health.state) == [.reachable, .degraded, .failed, .reachable])
  }

  @Test func oneLookThatDiffersChangesNothing() throws {
    var world = WatchWorld()
    world.set([try target("git", ["10.9.0.1"])], of: acme)
    let there = try at("10.9.0.1", 443)
    world.outcomes[there] = .reached
    world.run(2000)
    for _ in 0..<20 {
      // Until one look has failed, and not until the next.
      world.outcomes[there] = .silent
      let before = world.made.count
      while world.made.count == before { world.run(500) }
      world.outcomes[there] = .reached
      world.run(60_000)
      #expect(world.state(of: acme) == .reachable)
    }
    #expect(world.changes.count == 1)
  }

  @Test func aNameWithoutAddressesIsProbablyNotAcceptedAndAWSKnowsBetter() throws {
    var world = WatchWorld()
    world.set([try target("git", name: "vpce-1.example")], of: acme)
    world.run(20_000)
    #expect(world.state(of: acme) == .notResolving)
    #expect(world.health(of: acme)?.why.contains("probably the connection is not accepted yet") == true)
    let word = LinkTarget.Word(state: "Rejected", seen: "2026-01-31T12:00:00Z")
    world.set([try target("git", name: "vpce-1.example", word: word)], of: acme)
    let told = "AWS said Rejected at 2026-01-31T12:00:00Z: the owner of the service has rejected the connection"
    #expect(world.health(of: acme)?.why == told)
    // It works, and fails later: what AWS said before then is no reason.
    world.names[try Name("vpce-1.example")] = .addresses([try address("10.9.0.1")], reason: "")
    world.outcomes[try at("10.9.0.1", 443)] = .reached
    world.run(60_000)
    #expect(world.health(of: acme) == LinkHealth(.reachable, sinceSeconds: world.changes.last?.health.sinceSeconds))
    world.now = 2_000_000_000_000
    world.names = [:]
    world.run(60_000)
    #expect(world.state(of: acme) == .notResolving)
    #expect(world.health(of: acme)?.why.contains("probably the connection is not accepted yet") == true)
    #expect(world.health(of: acme)?.why.hasSuffix("AWS said Rejected at 2026-01-31T12:00:00Z") == true)
  }

  @Test func whatIsPublicOrRequestedOrWithoutPortsIsNeverConnectedTo() throws {
    var world = WatchWorld()
    let mixed = ResolveOutcome.addresses([try address("10.9.0.1"), try address("203.0.113.7")], reason: "")
    for name in ["mixed.example", "open.example"] { world.names[try Name(name)] = mixed }
    world.set(
      [
        try target("asked"), try target("metadata", ["169.254.169.254"]), try target("mapped", ["::ffff:203.0.113.7"]),
        try target("mixed", name: "mixed.example"), try target("open", name: "open.example", isPublic: true),
        try target("portless", ["10.9.0.1"], ports: []), try target("public", ["203.0.113.9"], isPublic: true),
      ], of: acme)
    world.run(300_000)
    let connected = Set(
      world.made.compactMap { made -> SocketAddress? in
        if case .connect(let address) = made.probe.kind { address } else { nil }
      })
    // Of the one that may be public the private address alone.
    #expect(connected == [try at("10.9.0.1", 443)])
    let states = world.schedule.health(of: acme).map { "\($0.id.link) \($0.health.state.rawValue)" }
    #expect(
      states == [
        "asked requested", "mapped failed", "metadata failed", "mixed failed", "open failed", "portless resolving",
        "public resolving",
      ])
    #expect(world.health(of: acme, "mixed")?.why.contains("leads to the public address 203.0.113.7") == true)
  }

  /// A network that a workspace calls its own is private to it, and to no other.
  @Test func whatAWorkspaceCallsItsOwnIsConnectedToForItAlone() throws {
    var world = WatchWorld()
    let other = try #require(WorkspaceName("other"))
    let own = PrivateNetworks(own: [try IPPrefix("203.0.113.0/24")])
    world.set([try target("git", ["203.0.113.7"])], of: acme, own)
    world.set([try target("git", ["203.0.113.7"])], of: other)
    world.outcomes[try at("203.0.113.7", 443)] = .reached
    world.run(300_000)
    #expect(world.state(of: acme) == .reachable && world.state(of: other) == .failed)
    #expect(world.made.allSatisfy { $0.probe.workspace == acme })
  }

  /// Private all of them, by what everybody or this workspace says; and still somebody else's door.
  @Test func whatIsThisMachinesOrACloudsIsNeverConnectedTo() throws {
    var world = WatchWorld()
    world.schedule.never = NeverConnected(
      machine: [try address("10.9.0.53"), try address("fd00:9::53")], own: [try IPPrefix("10.9.0.0/16")])
    let own = PrivateNetworks(own: [try IPPrefix("168.63.0.0/16"), try IPPrefix("169.254.0.0/16")])
    let addresses = [
      "127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "10.9.0.53", "::ffff:10.9.0.53", "fd00:9::53",
      "169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254",
    ]
    world.set(
      try addresses.enumerated().map { try target("pinned\($0.offset)", [$0.element]) }
        + addresses.indices.map { try target("named\($0)", name: "n\($0).example") }, of: acme, own)
    for (index, text) in addresses.enumerated() {
      world.names[try Name("n\(index).example")] = .addresses(
        [try address(text), try address("10.9.0.1")], reason: "")
    }
    world.run(300_000)
    #expect(world.made.allSatisfy { if case .connect = $0.probe.kind { false } else { true } })
    for (_, health) in world.schedule.health(of: acme) {
      #expect(health.state == .resolving && health.why.contains("so nothing is connected to"), "\(health.why)")
    }
    #expect(world.schedule.health(of: acme).count == 2 * addresses.count)
  }

  /// The operator names the very addresses that links end on here.
  @Test func whatTheOperatorNamesOfThisMachineIsConnectedTo() throws {
    var world = WatchWorld()
    world.schedule.never = NeverConnected(
      machine: [try address("10.9.0.53")], own: [try IPPrefix("127.0.1.0/24"), try IPPrefix("10.9.0.53")])
    world.set(
      [
        try target("loop", ["127.0.1.5"]), try target("other", ["127.0.0.1"]), try target("proxy", ["10.9.0.53"]),
      ], of: acme)
    for text in ["127.0.1.5", "10.9.0.53"] { world.outcomes[try at(text, 443)] = .reached }
    world.run(60_000)
    let states = world.schedule.health(of: acme).map { "\($0.id.link) \($0.health.state.rawValue)" }
    #expect(states == ["loop reachable", "other resolving", "proxy reachable"])
  }

  @Test func anUpstreamThatFailsIsSaidToBeTheReason() throws {
    var world = WatchWorld()
    world.names[try Name("vpce-1.example")] = .failed("upstreams are silent")
    world.set([try target("git", name: "vpce-1.example")], of: acme)
    world.run(20_000)
    #expect(world.health(of: acme)?.state == .notResolving)
    #expect(world.health(of: acme)?.why == "it could not be asked for: upstreams are silent")
    // What this server itself had no room for says nothing.
    world.names[try Name("vpce-1.example")] = .postponed
    world.run(200_000)
    #expect(world.changes.count == 1)
  }

  @Test func whatStaysTheSameKeepsItsStateAndAnotherEndpointBeginsAnew() throws {
    var world = WatchWorld()
    world.outcomes[try at("10.9.0.1", 443)] = .reached
    world.set([try target("git", ["10.9.0.1"])], of: acme)
    world.run(2000)
    world.set([try target("git", ["10.9.0.1"]), try target("new", ["10.9.0.2"])], of: acme)
    #expect(world.state(of: acme) == .reachable && world.state(of: acme, "new") == .unknown)
    world.set([try target("git", ["10.9.0.3"])], of: acme)
    #expect(world.state(of: acme) == .unknown && world.state(of: acme, "new") == nil)
    world.set([], of: acme)
    world.run(100_000)
    #expect(world.schedule.health(of: acme).isEmpty && world.schedule.count == 0 && world.schedule.probesUnderWay == 0)
  }

  /// A workspace with a thousand links of which nothing answers, on many ports.
  @Test func aThousandDeadLinksStarveNobody() throws {
    var world = WatchWorld()
    var dead: [LinkTarget] = []
    for index in 0..<1000 {
      dead.append(
        try target(
          "l\(index)", ["10.\(index / 250).\(index % 250).1", "10.\(index / 250).\(index % 250).2"],
          ports: [443, 444, 445, 446]))
    }
    for one in dead {
      for address in one.addresses {
        for port in one.ports { world.outcomes[SocketAddress(address, port: port)] = .silent }
      }
    }
    world.set(dead, of: other)
    world.set([try target("git", ["192.168.0.1"])], of: acme)
    let there = try at("192.168.0.1", 443)
    world.outcomes[there] = .reached
    world.run(2000)
    #expect(world.state(of: acme) == .reachable)
    world.run(300_000)
    let looks = world.made.filter { $0.probe.workspace == acme }
    // Every 30 s, give or take a fifth: as if it were alone.
    #expect((8...14).contains(looks.count), "\(looks.count) looks")
    #expect(world.schedule.period(of: acme) == 30_000)
    world.outcomes[there] = .refused
    world.run(60_000)
    #expect(world.state(of: acme) == .failed)
    // And the dead ones themselves are looked at no faster than a workspace may.
    let ofOther = world.made.count { $0.probe.workspace == other }
    #expect(ofOther <= 362 * Limits.Watching.probesPerSecondOfWorkspace + 1)
  }

  /// Whatever answers at once, and however many ports one address is to have.
  @Test func aWorkspaceAndAnAddressHaveTheirRates() throws {
    var world = WatchWorld()
    let many = Array(1...64 as ClosedRange<UInt16>)
    world.set(try (0..<200).map { try target("l\($0)", ["10.8.\($0).1"], ports: [443, 444]) }, of: acme)
    world.set([try target("ports", ["10.9.0.1"], ports: many)], of: other)
    world.run(60_000)
    let limits = Limits.Watching.self
    let ofMany = world.made.count { $0.probe.workspace == acme }
    #expect(ofMany <= 61 * limits.probesPerSecondOfWorkspace && ofMany > 400, "\(ofMany)")
    let toOne = Dictionary(grouping: world.made.filter { $0.probe.workspace == other }) { $0.at / 1000 }
    #expect(toOne.values.allSatisfy { $0.count <= limits.probesPerSecondOfAddress + 1 } && toOne.count > 12)
  }

  /// Two hundred links, each with sixty-four addresses that nobody has seen before, written anew all the time.
  @Test func rewritingLinksLeavesNothingBehindAndDelaysNothing() throws {
    var world = WatchWorld()
    for round in 0..<25 {
      world.set(
        try (0..<200).map { link in
          try target("l\(link)", (1...64).map { "fd00:\(String(round, radix: 16)):\(String(link, radix: 16))::\($0)" })
        }, of: acme)
      world.run(1200)
      // Of each link one thing waits, and what is under way or was a moment ago is a few.
      #expect(world.schedule.waiting <= 200 + 64, "round \(round)")
    }
    world.outcomes[try at("10.9.0.1", 443)] = .reached
    world.set([try target("git", ["10.9.0.1"])], of: acme)
    world.run(4000)
    #expect(world.state(of: acme) == .reachable)
    world.set([], of: acme)
    world.run(100_000)
    #expect(world.schedule.waiting == 0 && world.schedule.probesUnderWay == 0)
  }

  /// What waits for an address that many links have keeps none of the others waiting, and has its turns in the end.
  @Test func whatWaitsForItsAddressKeepsNoOtherWaiting() throws {
    var world = WatchWorld()
    let busy = try (0..<30).map { try target("a\($0)", ["10.9.0.1"], ports: [443, 444, 445]) }
    world.set(busy + [try target("z", ["10.9.0.2"])], of: acme)
    world.outcomes[try at("10.9.0.2", 443)] = .reached
    for port in [443, 444, 445] as [UInt16] { world.outcomes[try at("10.9.0.1", port)] = .reached }
    world.run(4000)
    #expect(world.state(of: acme, "z") == .reachable)
    // 90 of them, five a second.
    world.run(20_000)
    let states = world.schedule.health(of: acme).map(\.health.state)
    #expect(states.allSatisfy { $0 == .reachable }, "\(states)")
  }

  @Test func tenThousandWorkspacesAreLookedAtAtTheirRate() throws {
    var world = WatchWorld()
    for index in 0..<10_000 {
      let name = try #require(WorkspaceName("w\(index)"))
      let targets = try (0..<3).map { link in
        try target(
          "l\(link)",
          ["10.\(index / 100).\(index % 100).\(2 * link)", "10.\(index / 100).\(index % 100).\(2 * link + 1)"])
      }
      world.set(targets, of: name)
    }
    world.run(10_000)
    let perSecond = Dictionary(grouping: world.made) { $0.at / 1000 }.mapValues(\.count)
    #expect(perSecond.values.allSatisfy { $0 <= Limits.Watching.probesPerSecond + 20 }, "\(perSecond)")
    #expect(world.made.count > 4000)
    // So many are asked for every four minutes.
    world.run(130_000)
    #expect(world.schedule.period(of: acme) == 240_000)
  }

  /// Random endpoints, outcomes and changes of both; whatever happens, the bounds hold, nothing public is connected to, a
  /// state changes only after as many looks as it takes, and once the world is quiet the states are those of the world.
  @Test(arguments: 1...200 as ClosedRange<UInt64>) func overRandomHistoriesStatesAreThoseOfTheWorld(seed: UInt64) throws
  {
    var settings = WatchSettings(everySeconds: 10, atOnce: Int.random(in: 1...24))
    settings.pairsOfEndpoint = 6
    var world = WatchWorld(settings, seed: seed)
    let workspaces = [acme, other]
    let addresses = try ["10.0.0.1", "10.0.0.2", "192.168.7.7", "fd00::1", "203.0.113.5", "127.0.0.9"].map {
      try address($0)
    }
    func any<T>(_ all: [T]) -> T { all[Int.random(in: all.indices, using: &world.dice)] }
    func random(_ link: String) throws -> LinkTarget {
      let some = (0..<Int.random(in: 0...3, using: &world.dice)).map { _ in any(addresses) }
      let ports = (0..<Int.random(in: 0...3, using: &world.dice)).map { _ in
        UInt16.random(in: 1...3, using: &world.dice)
      }
      return LinkTarget(
        LinkTarget.ID(link: link, role: .main),
        name: Bool.random(using: &world.dice) ? try Name("\(link).example") : nil,
        addresses: Bool.random(using: &world.dice) ? some : [], ports: Set(ports).sorted(),
        isPublic: any([true, false, false]))
    }
    func shake() throws {
      for address in addresses {
        for port in 1...3 as ClosedRange<UInt16> {
          world.outcomes[SocketAddress(address, port: port)] = any([
            .reached, .reached, .refused, .silent, .failed("no route"),
          ])
        }
      }
      for link in 0..<4 {
        world.names[try Name("l\(link).example")] = any([
          .addresses([any(addresses), any(addresses)], reason: ""), .addresses([], reason: "none"), .failed("silence"),
        ])
      }
    }
    var targets: [WorkspaceName: [LinkTarget]] = [:]
    try shake()
    for _ in 0..<20 {
      if Bool.random(using: &world.dice) { try shake() }
      let workspace = any(workspaces)
      targets[workspace] = try (0..<Int.random(in: 0...4, using: &world.dice)).map { try random("l\($0)") }
      world.set(targets[workspace] ?? [], of: workspace)
      world.run(UInt64.random(in: 1...40_000, using: &world.dice))
    }
    world.run(200_000)
    for (workspace, targets) in targets {
      for target in targets {
        let expected = try state(target, world)
        #expect(world.state(of: workspace, target.id.link) == expected, "\(target)")
      }
    }
    let networks = PrivateNetworks()
    for (_, probe) in world.made {
      guard case .connect(let address) = probe.kind else { continue }
      #expect(networks.contains(address.address) && !address.address.isLoopback)
    }
    for change in world.changes { #expect(change.former.state != change.health.state) }
  }

  /// What the world says of an endpoint, told anew.
  private func state(_ target: LinkTarget, _ world: WatchWorld) throws -> LinkHealth.State {
    guard !target.isRequested else { return .requested }
    var addresses = target.addresses
    if addresses.isEmpty {
      guard let name = target.name, case .addresses(let found, _) = world.names[name] else { return .notResolving }
      addresses = found
    }
    guard !addresses.isEmpty else { return .notResolving }
    let inside = Set(addresses).filter { PrivateNetworks().contains($0) }
    if inside.count < Set(addresses).count, !target.isPublic { return .failed }
    guard !inside.isEmpty, !inside.contains(where: \.isLoopback), !target.ports.isEmpty else { return .resolving }
    let pairs = target.ports.flatMap { port in inside.sorted().map { SocketAddress($0, port: port) } }.prefix(6)
    let reached = pairs.count { world.outcomes[$0] == .reached }
    return reached == pairs.count ? .reachable : reached == 0 ? .failed : .degraded
  }
}
