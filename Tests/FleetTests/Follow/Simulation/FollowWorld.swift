import Fleet
import Forwarding
import TestKit
import Wire
import Workspaces

/// What a simulation decides by: the same for the same seed.
struct Dice: RandomNumberGenerator {
  private var bits: SeededGenerator
  init(seed: UInt64) { bits = SeededGenerator(seed: seed) }

  mutating func next() -> UInt64 { bits.next() }

  /// True once in `count` times; never for 0.
  mutating func oneIn(_ count: Int) -> Bool { count > 0 && next() % UInt64(count) == 0 }
  mutating func number(below limit: Int) -> Int { Int(next() % UInt64(max(1, limit))) }
  mutating func milliseconds(below limit: Int) -> Duration { .microseconds(number(below: limit * 1000)) }
}

/// What must never be.
struct Breach: Error, CustomStringConvertible { let description: String }

/// A follower, a cluster, and what is between them; time passes as fast as it can be computed.
final class FollowWorld {
  enum Event {
    case toServer(StoreConnection, [UInt8])
    case toClient(StoreConnection, [UInt8])
    case opened(StoreConnection)
    case ended(StoreConnection)
    case push(StoreConnection)
    case act(() -> Void)
  }

  let seed: UInt64
  var random: Dice
  var now = Instant(nanoseconds: 1_000_000_000_000)
  var etcd: SimulatedEtcd
  var follower: Follower
  var taker = Taker()
  var expectation: Expectation
  let keys: StoreKeys
  /// Stores whose place another has taken.
  var former: [StoreModel] = []
  private var queue: [(at: Instant, number: Int, event: Event)] = []
  private var number = 0
  /// Connections of the follower's, and when the last of what is under way arrives.
  var connections: [StoreConnection: (member: Int, isOpen: Bool, toClient: Instant, toServer: Instant)] = [:]
  private var frozen: [Int: [(StoreConnection, [UInt8])]] = [:]

  // What goes wrong with what is sent.
  var longestDelayMilliseconds = 5
  /// One delivery in so many is cut within, and the connection with it; 0 for none.
  var cuts = 0
  /// One delivery in so many comes in pieces.
  var pieces = 3
  var fragments = 3

  // What was seen.
  var loads: [StoreLoad] = []
  var heldNews: [(missing: Int, of: Int)] = []
  var news: [FollowNews] = []
  var strangers: [StrangeKey] = []
  var changes: [StoreChange] = []
  var keepsChanges = false
  /// False where the watch itself leaves things out, so that what is handed on cannot be right.
  var isJudged = true
  var opens = 0
  var steps = 0
  var checks = 0
  /// The last revision that was handed on by the watch or a load; nil while a load is under way.
  private var lastRevision: Int64?
  /// What is held, as far as what was handed on goes.
  private var held: Set<WorkspaceName> = []
  /// A load has said what is held, or a revision is to hold something: what the next change shows to be missing.
  private var (isHeldByLoad, isHoldComing) = (false, false)
  private var epochOfLast = 0
  var breach: Breach?
  /// A load or the cluster's exchange is under way: what is there may be of several revisions.
  private var isMixed = true

  init(
    seed: UInt64, members: Int = 3, settings: FollowSettings = FollowSettings(), credentials: StoreCredentials? = nil,
    served: Set<WorkspaceName> = [], identity: StoreIdentity = StoreIdentity()
  ) throws {
    self.seed = seed
    random = Dice(seed: seed)
    let store = try StoreAddress(
      "etcd:http://" + (1...members).map { "10.0.0.\($0):2379" }.joined(separator: ","))
    keys = StoreKeys(prefix: store.prefix)
    expectation = Expectation(keys: keys)
    etcd = SimulatedEtcd(
      model: StoreModel(clusterID: UInt64.max - seed), members: Array(repeating: .init(), count: members))
    var own = Dice(seed: seed ^ 0x5eed)
    follower = Follower(
      settings: settings, store: store,
      replica: ReplicaDescription(id: "r1", name: "dns-1", version: "1.0", addresses: ["10.1.0.1:53"]),
      credentials: credentials, served: served, identity: identity, random: { own.next() })
  }

  func fail(_ what: String) {
    guard breach == nil else { return }
    breach = Breach(description: "seed \(seed), at \(now.nanoseconds / 1_000_000 - 1_000_000) ms: \(what)")
  }

  // MARK: Time

  func add(_ event: Event, at: Instant) {
    number += 1
    var low = 0
    var high = queue.count
    // The next is last.
    while low < high {
      let middle = (low + high) / 2
      if queue[middle].at <= at { high = middle } else { low = middle + 1 }
    }
    // Of one moment in their order.
    queue.insert((at, number, event), at: low)
  }

  func after(_ duration: Duration, _ act: @escaping () -> Void) { add(.act(act), at: now + duration) }

  /// Lets a time pass.
  func run(_ duration: Duration) throws {
    let end = now + duration
    while true {
      if let breach { throw breach }
      let next = [queue.last?.at, follower.nextDeadline].compactMap { $0 }.min()
      guard let next, next <= end else { break }
      now = max(now, next)
      steps += 1
      guard steps < 2_000_000 else { throw Breach(description: "seed \(seed): it never rests") }
      if let last = queue.last, last.at <= now {
        queue.removeLast()
        handle(last.event)
      } else {
        follower.advance(to: now)
        carryOut()
      }
    }
    now = end
    if let breach { throw breach }
  }

  /// Lets time pass until something is so.
  func run(atMost limit: Duration, until isSo: () -> Bool) throws {
    let end = now + limit
    while !isSo(), now < end { try run(.milliseconds(20)) }
  }

  func start() {
    follower.start(now: now)
    carryOut()
  }

  // MARK: The network

  private func handle(_ event: Event) {
    switch event {
    case .act(let act): act()
    case .opened(let connection):
      guard let member = connections[connection]?.member else { return }
      guard etcd.members[member].isUp else { return handle(.ended(connection)) }
      connections[connection]?.isOpen = true
      etcd.connections[connection] = .init(member: member)
      follower.opened(connection, now: now)
    case .ended(let connection):
      guard connections.removeValue(forKey: connection) != nil else { return }
      etcd.connections[connection] = nil
      follower.ended(connection, now: now)
    case .toServer(let connection, let octets):
      guard let member = connections[connection]?.member else { return }
      if etcd.members[member].isFrozen {
        frozen[member, default: []].append((connection, octets))
      } else {
        serve(connection, octets)
      }
    case .toClient(let connection, let octets):
      guard connections[connection] != nil else { return }
      follower.received(connection, octets, now: now)
    case .push(let connection):
      guard let member = connections[connection]?.member, !etcd.members[member].isFrozen else { return }
      deliver(
        etcd.push(connection) { count in random.oneIn(fragments) ? 1 + random.number(below: count) : nil }, connection)
    }
    carryOut()
  }

  private func serve(_ connection: StoreConnection, _ octets: [UInt8]) {
    let revision = etcd.model.revision
    let replies = etcd.received(octets, on: connection, now: now)
    deliver(replies, connection)
    if etcd.connections[connection]?.watch != nil || etcd.model.revision != revision { pushAll() }
  }

  /// Has every watch say what is new, each after a while.
  func pushAll() {
    for connection in etcd.connections.keys.sorted(by: { $0.rawValue < $1.rawValue })
    where etcd.connections[connection]?.watch != nil {
      add(.push(connection), at: now + delay())
    }
  }

  private func delay() -> Duration { .microseconds(50) + random.milliseconds(below: longestDelayMilliseconds) }

  private func deliver(_ replies: [SimulatedEtcd.Reply], _ connection: StoreConnection) {
    for reply in replies {
      guard let state = connections[connection] else { return }
      switch reply {
      case .end(let wait):
        add(.ended(connection), at: max(state.toClient, now + wait + delay()))
      case .octets(let octets, let wait):
        var rest = octets[...]
        var at = max(state.toClient, now + wait + delay())
        let isCut = random.oneIn(cuts)
        if isCut { rest = rest.prefix(random.number(below: rest.count)) }
        while !rest.isEmpty {
          let count = random.oneIn(pieces) ? 1 + random.number(below: rest.count) : rest.count
          add(.toClient(connection, Array(rest.prefix(count))), at: at)
          rest = rest.dropFirst(count)
          at = at + .microseconds(random.number(below: 200))
        }
        connections[connection]?.toClient = at
        if isCut { add(.ended(connection), at: at) }
      }
    }
  }

  // MARK: What the follower wants

  func carryOut() {
    var actions: [FollowAction] = []
    follower.takeActions(into: &actions)
    for action in actions {
      switch action {
      case .open(let connection, let endpoint):
        opens += 1
        guard connections[connection] == nil else { return fail("a connection's number comes twice") }
        connections[connection] = (endpoint, false, now, now)
        if etcd.members[endpoint].isUp {
          add(.opened(connection), at: now + delay())
        } else if !random.oneIn(3) {
          add(.ended(connection), at: now + delay())
        }
      case .send(let connection, let octets):
        guard var state = connections[connection], state.isOpen else {
          return fail("octets for a connection that is not open")
        }
        state.toServer = max(state.toServer, now + delay())
        connections[connection] = state
        add(.toServer(connection, octets), at: state.toServer)
      case .close(let connection):
        guard connections.removeValue(forKey: connection) != nil else { return fail("a closed connection is closed") }
        etcd.connections[connection] = nil
      case .take(let change): take(change)
      case .loaded(let load): loaded(load)
      case .held(let missing, let total):
        heldNews.append((missing, total))
        if !isHeldByLoad { isHoldComing = true }
        isHeldByLoad = false
      case .gone(let names):
        for name in names { taker.remove(name) }
        held.subtract(names)
      case .tell(let item):
        news.append(item)
        switch item {
        case .loading, .otherStore: isMixed = true
        case .failed(_, .format): isMixed = true
        default: break
        }
      }
    }
    checkContact()
    guard connections.count <= 2 else { return fail("\(connections.count) connections") }
  }

  // MARK: What is handed on

  /// Every store that has been, the present one last.
  private var stores: [StoreModel] { former + [etcd.model] }

  private func take(_ change: StoreChange) {
    if keepsChanges { changes.append(change) }
    strangers += change.strangers
    let gone = change.workspaces.count { $0.value.isGone }
    let all = taker.names.subtracting(held).count
    if gone > 1, gone > all / 2 { fail("\(gone) of \(all) workspaces are gone at once, at \(change.revision)") }
    taker.take(change)
    held.subtract(change.workspaces.keys)
    guard isJudged else { return }
    if change.isPiece {
      isMixed = true
      checkPiece(change)
      return
    }
    guard !isMixed else { return fail("a change before the load's end") }
    checks += 1
    let revision = change.revision
    guard let epoch = stores.indices.last(where: { isExact(stores[$0], at: revision) }) else {
      return fail("what was handed on is the store at no revision: said to be at \(revision) \(difference(revision))")
    }
    if isHoldComing {
      // The revisions that held something handed on nothing perhaps.
      held.formUnion(taker.names.subtracting(expectation.of(stores[epoch], at: revision).names))
      isHoldComing = false
    } else if let lastRevision, epoch == epochOfLast, lastRevision < revision {
      for missed in (lastRevision + 1)..<revision
      where expectation.isContent(stores[epoch].history[missed]?.events ?? []) {
        fail("revision \(missed) was left out between \(lastRevision) and \(revision)")
      }
    }
    (lastRevision, epochOfLast) = (revision, epoch)
  }

  /// Each workspace of a load's piece is whole, as of the load's revision.
  private func checkPiece(_ change: StoreChange) {
    checks += 1
    let isRight = stores.contains { store in
      let expected = expectation.of(store, at: change.revision)
      return change.workspaces.allSatisfy { name, _ in
        taker.files[name] == expected.files[name] && taker.bad[name] == expected.bad[name]
      } && change.pods.allSatisfy { $0.value == expected.pods[$0.key] }
    }
    if !isRight { fail("a piece of a load at \(change.revision) is the store's at no revision") }
  }

  private func loaded(_ load: StoreLoad) {
    loads.append(load)
    for name in load.gone { taker.remove(name) }
    held = load.held
    (isHeldByLoad, isHoldComing) = (!held.isEmpty, false)
    guard isJudged else { return }
    checks += 1
    guard let epoch = stores.indices.last(where: { isExact(stores[$0], at: load.revision) }) else {
      return fail(
        "what was loaded is the store at no revision: said to be at \(load.revision) \(difference(load.revision))")
    }
    (lastRevision, epochOfLast, isMixed) = (load.revision, epoch, false)
  }

  /// The taker has what the store has at a revision, and what is held beside it.
  private func isExact(_ store: StoreModel, at revision: Int64) -> Bool {
    guard revision <= store.revision else { return false }
    let expected = expectation.of(store, at: revision)
    let held = isHoldComing ? held.union(taker.names.subtracting(expected.names)) : held
    guard !held.isEmpty else { return taker == expected }
    var own = taker
    for name in held { own.remove(name) }
    return own == expected
  }

  func difference(_ revision: Int64) -> String {
    let expected = expectation.of(etcd.model, at: revision)
    let names = expected.names.union(taker.names).filter {
      expected.files[$0] != taker.files[$0] || expected.bad[$0] != taker.bad[$0]
    }
    let pods = Set(expected.pods.keys).union(taker.pods.keys).filter { expected.pods[$0] != taker.pods[$0] }
    return "(differs in \(names.map(\.description).sorted()) and \(pods.map(\.description).sorted()))"
  }

  /// What was written before the last contact was handed on.
  private func checkContact() {
    guard isJudged, let contact = follower.lastContact, contact != checkedContact else { return }
    checkedContact = contact
    checks += 1
    guard let cursor = follower.cursor, follower.identity.clusterID == etcd.model.clusterID else { return }
    let missed = etcd.model.history.filter { $0.key > cursor && $0.value.at < contact }
    if missed.values.contains(where: { expectation.isContent($0.events) }) {
      fail("contact is claimed, and revision \(missed.keys.min() ?? 0) was missed; the cursor is \(cursor)")
    }
  }
  private var checkedContact: Instant?

  /// The taker soon has exactly what the store has: something may have been written this very moment.
  func catchUp(_ what: String) throws {
    try run(atMost: .seconds(1)) { taker == expectation.of(etcd.model, at: etcd.model.revision) }
    try expectCaughtUp(what)
  }

  /// The taker has exactly what the store has now.
  func expectCaughtUp(_ what: String = "") throws {
    if let breach { throw breach }
    let report = follower.report
    func lag(_ why: String) -> Breach {
      Breach(description: "seed \(seed): \(what) \(why); \(report) \(difference(etcd.model.revision))")
    }
    guard report.isLive, !report.isLoading else { throw lag("it does not follow") }
    guard follower.held.isEmpty else { throw lag("workspaces are held") }
    guard taker == expectation.of(etcd.model, at: etcd.model.revision) else { throw lag("it has not caught up") }
    guard let contact = report.lastContact, now.since(contact) < .seconds(40) else { throw lag("no contact") }
  }

  // MARK: What befalls the cluster

  func commit(_ changes: [(String, String?)], lease: Int64 = 0) {
    etcd.model.commit(
      changes.map { (Array("\(keys.prefix)/v1/\($0.0)".utf8), $0.1.map { Array($0.utf8) }) }, lease: lease, now: now)
    pushAll()
  }

  func kill(_ member: Int) {
    etcd.members[member].isUp = false
    for connection in ordered where connections[connection]?.member == member { add(.ended(connection), at: now) }
  }

  func freeze(_ member: Int) { etcd.members[member].isFrozen = true }

  func thaw(_ member: Int) {
    etcd.members[member].isFrozen = false
    for (connection, octets) in frozen.removeValue(forKey: member) ?? [] where connections[connection] != nil {
      serve(connection, octets)
    }
    pushAll()
  }

  /// A member loses its leader; its watches are told, or not.
  func part(_ member: Int, tells: Bool) {
    etcd.members[member].isParted = true
    guard tells else { return }
    for connection in ordered
    where connections[connection]?.member == member && etcd.connections[connection]?.watch?.asksForLeader == true {
      deliver([.octets(Array(etcd.noLeader.utf8)), .end()], connection)
    }
  }

  func silenceWatches() {
    for connection in ordered { etcd.connections[connection]?.watch?.isSilent = true }
  }

  /// Another store takes the place of this one: every member has been started anew.
  func replace(with model: StoreModel) {
    former.append(etcd.model)
    etcd.model = model
    etcd.model.number = former.count
    etcd.tokens = []
    for connection in ordered { add(.ended(connection), at: now) }
  }

  var ordered: [StoreConnection] { connections.keys.sorted { $0.rawValue < $1.rawValue } }
}
