import Bounds
import Wire
import Workspaces

/// Decides when which endpoint is looked at, and what the looks say: a state machine, which is handed the time, random
/// numbers and outcomes, and hands out probes.
///
/// An endpoint is looked at every `period`, give or take a fifth. Where there are so many that this were more than half of
/// the probes that may be made in a second, of all workspaces or of its own, the period grows until it is half; the other
/// half is for those in doubt. Workspaces take turns, and none has more than its part of what is under way: whatever one of
/// them has, the others are looked at as if it had little.
public struct WatchSchedule {
  /// One endpoint that is watched.
  private struct Watch {
    var target: LinkTarget
    var networks: PrivateNetworks
    var health: WatchedHealth
    var check: WatchCheck?
    /// Moves with each look, so that what belongs to a former one is known.
    var look: UInt64
    /// How many pairs its last look had; what a look at it costs.
    var cost = 1
  }

  /// What is to be done at a time.
  private enum Due {
    case item(WatchItem)
    /// A workspace may have its next probe.
    case workspace(WorkspaceName)
    /// A workspace may connect to an address again.
    case lane(WorkspaceName, IPAddress)
  }

  private struct DueOrder: HeapOrder {
    func isHigher(_ a: (at: UInt64, due: Due), than b: (at: UInt64, due: Due)) -> Bool { a.at < b.at }
    mutating func note(_ element: (at: UInt64, due: Due), at place: Int?) {}
  }

  private let settings: WatchSettings
  /// What is not connected to though it is private.
  public var never: NeverConnected
  private var watches: [WatchKey: Watch] = [:]
  private var ids: [WorkspaceName: [LinkTarget.ID]] = [:]
  private var accounts: [WorkspaceName: WatchAccount] = [:]
  private var due = Heap(order: DueOrder())
  private var routine = TurnQueue<WorkspaceName, WatchItem>()
  private var urgent = TurnQueue<WorkspaceName, WatchItem>()
  private var isUrgentNext = true
  private var underWay: [UInt64: WatchItem] = [:]
  private var lastNumber: UInt64 = 0
  private var lastLook: UInt64 = 0
  /// What a look at everything costs: of each workspace no more than it may have in half of a period.
  private var cost = 0
  private let costCounted: Int
  /// So many that wait for their time are looked through for those that have become pointless.
  private var dueCounted = 4096
  /// When the next probe may be made, of all.
  private var nextAt: UInt64 = 0
  private var changes: [HealthChange] = []
  /// The workspaces of which something is another than when it was asked last.
  private var touched: Set<WorkspaceName> = []

  /// Watches nothing yet.
  public init(_ settings: WatchSettings, never: NeverConnected = NeverConnected()) {
    self.settings = settings
    self.never = never
    costCounted = max(1, settings.probesPerSecondOfWorkspace * Int(settings.period) / 2000)
  }

  /// How many probes are under way.
  public var probesUnderWay: Int { underWay.count }
  /// How many of one workspace are.
  public func probesUnderWay(of workspace: WorkspaceName) -> Int { accounts[workspace]?.underWay ?? 0 }
  /// How many endpoints are watched.
  public var count: Int { watches.count }
  /// The workspaces that have any.
  public var workspaces: some Collection<WorkspaceName> { ids.keys }

  /// How much is kept of what waits, for watching bounds.
  var waiting: Int { accounts.values.reduce(due.count + routine.count + urgent.count) { $0 + $1.count } }

  /// How long a pause counts, in milliseconds, for those that come after it.
  private static let burst: UInt64 = 20

  // MARK: What is watched

  /// These are the endpoints of a workspace now. What is the same as before stays as it was.
  ///
  /// - Parameters:
  ///   - networks: what is private to the workspace.
  ///   - now: milliseconds of a clock that nobody sets.
  ///   - seconds: since 1970.
  public mutating func set(
    _ targets: [LinkTarget], of workspace: WorkspaceName, _ networks: PrivateNetworks, now: UInt64, seconds: UInt64
  ) {
    let new = Dictionary(targets.map { ($0.id, $0) }) { first, _ in first }
    for id in ids[workspace] ?? [] where new[id] == nil { forget(WatchKey(workspace: workspace, id: id)) }
    guard !new.isEmpty else {
      ids[workspace] = nil
      tidy(workspace)
      touched.insert(workspace)
      return
    }
    ids[workspace] = new.keys.sorted()
    if accounts[workspace] == nil { accounts[workspace] = WatchAccount() }
    for target in new.values {
      let key = WatchKey(workspace: workspace, id: target.id)
      if let watch = watches[key], watch.target.isWatched(as: target), watch.networks == networks {
        if watch.target.word != target.word { touched.insert(workspace) }
        watches[key]?.target = target
        continue
      }
      forget(key)
      begin(key, target, networks, now, seconds)
    }
    tidy(workspace)
    // What was let go for a look that is none any more gives its turn on.
    callNext(of: workspace, now)
  }

  private mutating func begin(
    _ key: WatchKey, _ target: LinkTarget, _ networks: PrivateNetworks, _ now: UInt64, _ seconds: UInt64
  ) {
    lastLook += 1
    var health = WatchedHealth(looksForChange: settings.looksForChange)
    touched.insert(key.workspace)
    if target.isRequested { health.isRequested(at: seconds) }
    watches[key] = Watch(target: target, networks: networks, health: health, look: lastLook)
    guard !target.isRequested else { return }
    change(1, of: key.workspace)
    routine.append(WatchItem(key: key, look: lastLook, pair: nil, isUrgent: false), of: key.workspace)
  }

  private mutating func forget(_ key: WatchKey) {
    guard let watch = watches.removeValue(forKey: key) else { return }
    touched.insert(key.workspace)
    if !watch.target.isRequested { change(-watch.cost, of: key.workspace) }
  }

  private mutating func change(_ difference: Int, of workspace: WorkspaceName) {
    let former = accounts[workspace]?.cost ?? 0
    cost += min(former + difference, costCounted) - min(former, costCounted)
    accounts[workspace]?.cost = former + difference
  }

  // MARK: What is known

  /// How a workspace's endpoints stand, in the order of their links.
  public func health(of workspace: WorkspaceName) -> [(id: LinkTarget.ID, health: LinkHealth)] {
    (ids[workspace] ?? []).compactMap { id in
      watches[WatchKey(workspace: workspace, id: id)].map { (id, $0.health.told($0.target.word)) }
    }
  }

  /// Takes the workspaces of which something is another than when this was called last.
  public mutating func takeTouched() -> Set<WorkspaceName> {
    defer { touched = [] }
    return touched
  }

  /// Takes the changes of states since this was called last, in their order.
  public mutating func takeChanges() -> [HealthChange] {
    defer { changes = [] }
    return changes
  }

  /// How often an endpoint of a workspace is looked at now, in milliseconds.
  public func period(of workspace: WorkspaceName) -> UInt64 {
    func half(_ cost: Int, _ perSecond: Int) -> UInt64 { UInt64(max(0, cost)) * 2000 / UInt64(max(1, perSecond)) }
    return max(
      settings.period, half(cost, settings.probesPerSecond),
      half(accounts[workspace]?.cost ?? 0, settings.probesPerSecondOfWorkspace))
  }

  // MARK: Probes

  /// When there is something to do though nothing comes in; nil for never.
  public var nextDue: UInt64? {
    let waits = !routine.isEmpty || !urgent.isEmpty
    let next = waits && underWay.count < settings.atOnce ? nextAt : nil
    return [next, due.first?.at].compactMap { $0 }.min()
  }

  /// The next probe that is to be made; nil where none is, now.
  ///
  /// - Parameter now: as `set` has it.
  public mutating func next(
    now: UInt64, seconds: UInt64, using random: inout some RandomNumberGenerator
  ) -> WatchProbe? {
    while let first = due.first, first.at <= now {
      due.remove(at: 0)
      take(first.due, now)
    }
    while nextAt <= now, underWay.count < settings.atOnce, let item = takeTurn() {
      defer { callNext(of: item.key.workspace, now) }
      guard let watch = watches[item.key], isLive(item) else { continue }
      if let probe = begin(item, watch, now, seconds, &random) { return probe }
    }
    return nil
  }

  private mutating func take(_ due: Due, _ now: UInt64) {
    switch due {
    case .item(let item): queue(item)
    case .workspace(let workspace):
      accounts[workspace]?.isCalled = false
      callNext(of: workspace, now)
    case .lane(let workspace, let address): open(address, of: workspace, now)
    }
  }

  private func isLive(_ item: WatchItem) -> Bool { watches[item.key]?.look == item.look }

  /// The same as it is at this moment.
  private var live: (WatchItem) -> Bool {
    let watches = watches
    return { watches[$0.key]?.look == $0.look }
  }

  /// Has something done at its time. A workspace and each of its lanes have one call at a time; items may have become pointless.
  private mutating func wait(for next: Due, until at: UInt64) {
    if due.count >= dueCounted {
      var live = Heap(order: DueOrder())
      for waiting in due.unordered {
        if case .item(let item) = waiting.due, !isLive(item) { continue }
        live.insert(waiting)
      }
      due = live
      dueCounted = max(4096, 2 * live.count)
    }
    due.insert((at, next))
  }

  private mutating func queue(_ item: WatchItem) {
    if item.isUrgent {
      urgent.append(item, of: item.key.workspace)
    } else {
      routine.append(item, of: item.key.workspace)
    }
  }

  private mutating func takeTurn() -> WatchItem? {
    isUrgentNext.toggle()
    if isUrgentNext { return urgent.next() ?? routine.next() }
    return routine.next() ?? urgent.next()
  }

  /// Makes a probe of an item, unless it is to wait, or is the beginning of a look whose addresses are known.
  private mutating func begin(
    _ item: WatchItem, _ watch: Watch, _ now: UInt64, _ seconds: UInt64, _ random: inout some RandomNumberGenerator
  ) -> WatchProbe? {
    let key = item.key
    if item.pair == nil, !watch.target.addresses.isEmpty {
      start(item, watch, watch.target.addresses, reason: "", now, seconds, &random)
      return nil
    }
    guard accounts[key.workspace]?.hasRoom(at: now, atOnce: settings.atOnceOfWorkspace) == true else {
      accounts[key.workspace]?.hold(item)
      return nil
    }
    let kind: WatchProbe.Kind
    var address: IPAddress?
    if let index = item.pair {
      guard let pair = watch.check?.pairs[index] else { return nil }
      kind = .connect(SocketAddress(pair.address, port: pair.port))
      address = pair.address
    } else {
      guard let name = watch.target.name else { return nil }
      kind = .resolve(name)
    }
    if let address, !takeLane(to: address, for: item, now) { return nil }
    accounts[key.workspace]?.make(
      at: now, pause: 1000 / UInt64(max(1, settings.probesPerSecondOfWorkspace)), lateness: Self.burst)
    // A few at once after a pause, so that whoever makes them need not wake for each.
    nextAt = max(now - min(now, Self.burst), nextAt) + 1000 / UInt64(max(1, min(1000, settings.probesPerSecond)))
    lastNumber += 1
    underWay[lastNumber] = item
    goOn(after: item, watch)
    return WatchProbe(number: lastNumber, workspace: key.workspace, kind: kind)
  }

  private var pauseOfAddress: UInt64 { 1000 / UInt64(max(1, settings.probesPerSecondOfAddress)) }

  /// True where an item may connect to its address now; otherwise it waits for that.
  private mutating func takeLane(to address: IPAddress, for item: WatchItem, _ now: UInt64) -> Bool {
    let (workspace, pause) = (item.key.workspace, pauseOfAddress)
    switch accounts[workspace]?.admit(item, to: address, now: now, pause: pause) {
    case .nowAndCall: wait(for: .lane(workspace, address), until: now + pause)
    case .now: break
    case .later, nil: return false
    }
    return true
  }

  /// Gives whoever waits for an address its turn, once the address's time has come.
  private mutating func open(_ address: IPAddress, of workspace: WorkspaceName, _ now: UInt64) {
    let isLive = live
    switch accounts[workspace]?.open(address, now: now, isLive) {
    case .notYet(let at): wait(for: .lane(workspace, address), until: at)
    case .turn(let item):
      queue(item)
      wait(for: .lane(workspace, address), until: now + pauseOfAddress)
    case .closed: if ids[workspace] == nil { tidy(workspace) }
    case nil: break
    }
  }

  /// Gives the next of what a workspace holds back its turn, if it may have one, or sees to it that it is called then.
  private mutating func callNext(of workspace: WorkspaceName, _ now: UInt64) {
    guard let at = accounts[workspace]?.nextTurn(atOnce: settings.atOnceOfWorkspace) else { return }
    if at <= now {
      let isLive = live
      if let item = accounts[workspace]?.next(isLive) { queue(item) }
    } else if accounts[workspace]?.isCalled == false {
      accounts[workspace]?.isCalled = true
      wait(for: .workspace(workspace), until: at)
    }
  }

  /// Lets go of what has become pointless of a workspace, and of one that has nothing.
  private mutating func tidy(_ workspace: WorkspaceName) {
    let isLive = live
    accounts[workspace]?.tidy(isLive)
    if ids[workspace] == nil, accounts[workspace]?.isIdle == true { accounts[workspace] = nil }
  }

  /// A pair is being connected to: the look's next waits for its turn.
  private mutating func goOn(after item: WatchItem, _ watch: Watch) {
    guard let index = item.pair, let pairs = watch.check?.pairs, index + 1 < pairs.count else { return }
    queue(WatchItem(key: item.key, look: item.look, pair: index + 1, isUrgent: item.isUrgent))
  }

  // MARK: Outcomes

  /// Takes what came of asking for a name.
  public mutating func resolved(
    _ number: UInt64, _ outcome: ResolveOutcome, now: UInt64, seconds: UInt64,
    using random: inout some RandomNumberGenerator
  ) {
    guard let item = end(number, now), let watch = watches[item.key], watch.look == item.look else { return }
    switch outcome {
    case .addresses(let addresses, let reason): start(item, watch, addresses, reason: reason, now, seconds, &random)
    case .failed(let reason):
      finish(item, WatchFinding(.notResolving, "it could not be asked for: \(reason)"), now, seconds, &random)
    case .postponed: finish(item, nil, now, seconds, &random)
    }
  }

  /// Takes what came of connecting.
  public mutating func connected(
    _ number: UInt64, _ outcome: ConnectOutcome, now: UInt64, seconds: UInt64,
    using random: inout some RandomNumberGenerator
  ) {
    guard let item = end(number, now), let index = item.pair, isLive(item) else { return }
    watches[item.key]?.check?.take(outcome, at: index)
    guard let check = watches[item.key]?.check, check.isComplete else { return }
    let isPart = check.pairs.count >= settings.pairsOfEndpoint
    finish(item, check.finding(looksPartly: isPart), now, seconds, &random)
  }

  /// A probe is over: what of its workspace was held has its turn.
  private mutating func end(_ number: UInt64, _ now: UInt64) -> WatchItem? {
    guard let item = underWay.removeValue(forKey: number) else { return nil }
    let workspace = item.key.workspace
    accounts[workspace]?.underWay -= 1
    callNext(of: workspace, now)
    if ids[workspace] == nil { tidy(workspace) }
    return item
  }

  /// Goes on with addresses.
  private mutating func start(
    _ item: WatchItem, _ watch: Watch, _ addresses: [IPAddress], reason: String, _ now: UInt64, _ seconds: UInt64,
    _ random: inout some RandomNumberGenerator
  ) {
    var check = WatchCheck()
    let finding = check.start(
      watch.target, addresses, reason: reason, watch.networks, but: never, limit: settings.pairsOfEndpoint)
    let cost = max(1, check.pairs.count + (watch.target.addresses.isEmpty ? 1 : 0))
    change(cost - watch.cost, of: item.key.workspace)
    watches[item.key]?.cost = cost
    watches[item.key]?.check = check
    if let finding { return finish(item, finding, now, seconds, &random) }
    queue(WatchItem(key: item.key, look: item.look, pair: 0, isUrgent: item.isUrgent))
  }

  /// A look is over.
  ///
  /// - Parameter finding: nil when it could not be made.
  private mutating func finish(
    _ item: WatchItem, _ finding: WatchFinding?, _ now: UInt64, _ seconds: UInt64,
    _ random: inout some RandomNumberGenerator
  ) {
    guard var watch = watches[item.key] else { return }
    let former = watch.health
    if let finding, watch.health.take(finding, at: seconds) {
      changes.append(
        HealthChange(
          workspace: item.key.workspace, id: item.key.id, former: former.told(watch.target.word),
          health: watch.health.told(watch.target.word)))
    }
    if watch.health.health != former.health { touched.insert(item.key.workspace) }
    lastLook += 1
    watch.look = lastLook
    watch.check = nil
    watches[item.key] = watch
    let isSoon = watch.health.isInDoubt
    let period = isSoon ? settings.doubtPeriod : period(of: item.key.workspace)
    let jittered = UInt64.random(in: period * 4 / 5...period * 6 / 5, using: &random)
    wait(for: .item(WatchItem(key: item.key, look: lastLook, pair: nil, isUrgent: isSoon)), until: now + jittered)
  }
}
