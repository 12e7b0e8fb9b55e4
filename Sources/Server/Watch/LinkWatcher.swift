import Answering
import Bounds
import Forwarding
import Links
import SystemIO
import Wire
import Workspaces

/// Watches the endpoints of all workspaces' links, on a thread of its own: asks for their names and connects to their
/// private addresses, as `WatchSchedule` says, and tells of what becomes of them.
///
/// It takes the snapshot that is served when it looks for a new one, every second, and holds nobody up: workers, files and
/// the admin interface go on without it.
final class LinkWatcher {
  private static let (wakeToken, upstreamToken, firstToken) = (UInt64(0), UInt64(1), UInt64(2))
  /// How often it looks for another snapshot, in milliseconds.
  private static let snapshotPeriod: UInt64 = 1000
  /// How often it looks for the machine's own addresses, which are not connected to, in milliseconds.
  private static let interfacesPeriod: UInt64 = 10_000
  /// How long it sleeps at least while there is nothing but the rate to wait for, in milliseconds.
  private static let nap: UInt64 = 10
  /// In so many waits each descriptor that has something has its turn: no flood puts off for longer what is due.
  private static let rounds = Limits.Watching.atOnce * descriptorsOfProbe / Poller.batchSize + 1
  /// How long a name is asked for; a hop's time is 3.5 s.
  private static let patienceOfQuestion = Duration.seconds(8)

  private let state: ServerState
  private let states: LinkStates
  private let failovers: FailoverKeeper
  private let log: Log
  private let running: RunningThread
  private var schedule: WatchSchedule
  private let settings: WatchSettings
  private var random = SystemRandomNumberGenerator()
  private var lines = ChangeLines()
  private var delays = WatchDelays()
  private var snapshot: Snapshot?
  private var seen: [WorkspaceName: Workspace] = [:]
  private var nextSnapshotAt: UInt64 = 0
  private var nextInterfacesAt: UInt64 = 0

  private var poller: Poller
  private var upstreamPoller: Poller
  private var connections: [UInt64: WatchConnection] = [:]
  /// In the order of their deadlines; those that are over among them.
  private var order: [UInt64] = []
  private let forwarding: UpstreamSockets
  private var questions: [UInt64: AddressQuestion] = [:]
  private var responder = Responder(identity: .running)
  private let buffer = MessageBuffer()
  private let names: CompressionMemory

  private init(
    _ settings: WatchSettings, _ state: ServerState, _ states: LinkStates, _ failovers: FailoverKeeper,
    never: NeverConnected, cache: AnswerCache, _ log: Log, _ running: RunningThread
  ) throws(SystemError) {
    self.settings = settings
    self.state = state
    self.states = states
    self.failovers = failovers
    self.log = log
    self.running = running
    schedule = WatchSchedule(settings, never: never)
    poller = try Poller()
    upstreamPoller = try Poller()
    names = CompressionMemory(seed: try System.hashSeed())
    forwarding = UpstreamSockets(
      cache: cache, questions: QuestionsInFlight(workers: 0), worker: 0, mailboxes: [], settings: Self.asking(settings),
      random: WorkerSurroundings.machine.random)
    try poller.add(running.waker.descriptor.raw, .readable, token: Self.wakeToken)
    try poller.add(upstreamPoller.raw, .readable, token: Self.upstreamToken)
  }

  /// How it asks for names. It may have a socket and a connection for each that may be under way, so that nobody's upstreams,
  /// be they silent or answering over TCP alone, keep another's from being asked.
  static func asking(_ settings: WatchSettings) -> ForwardSettings {
    var asking = ForwardSettings()
    asking.maximumSockets = settings.atOnce
    asking.maximumStreams = settings.atOnce
    asking.prefetches = false
    return asking
  }

  /// How many descriptors it has open whatever is under way.
  static let descriptors = 3
  /// How many it has open for each that may be under way: a connection to an endpoint or, of its name, a socket and a
  /// connection to an upstream, which may be kept for a while.
  static let descriptorsOfProbe = 3

  /// Starts watching what `state` serves.
  ///
  /// - Parameter never: what is not connected to; the machine's addresses are looked up again from time to time.
  static func start(
    _ settings: WatchSettings, _ state: ServerState, _ states: LinkStates, _ failovers: FailoverKeeper,
    never: NeverConnected, cache: AnswerCache, _ log: Log
  ) throws(SystemError) -> RunningThread {
    let running = try RunningThread()
    let watcher = try LinkWatcher(settings, state, states, failovers, never: never, cache: cache, log, running)
    try Thread(name: "watch") {
      // Queries do not wait for this where there are fewer cores than threads.
      Thread.giveWay()
      do throws(SystemError) { try watcher.run() } catch { log.note("links are not watched any more: \(error)") }
      running.hasEnded()
    }.detach()
    return running
  }

  private var milliseconds: UInt64 { System.monotonicNanoseconds() / 1_000_000 }

  private func run() throws(SystemError) {
    while !running.mustStop {
      let now = milliseconds
      if now >= nextSnapshotAt { lookForSnapshot(now) }
      while let probe = schedule.next(now: now, seconds: System.wallClockSeconds(), using: &random) {
        begin(probe, now)
      }
      tell(now)
      // What has come and was not read yet is not late.
      var rounds = Self.rounds
      while try !wait(), rounds > 0 { rounds -= 1 }
      expire()
    }
  }

  // MARK: What is watched

  private func lookForSnapshot(_ now: UInt64) {
    nextSnapshotAt = now + Self.snapshotPeriod
    if now >= nextInterfacesAt {
      nextInterfacesAt = now + Self.interfacesPeriod
      schedule.never.machine = Set(System.interfaceAddresses)
    }
    defer { failOver() }
    guard let next = state.view.snapshot, next !== snapshot else { return }
    snapshot = next
    let seconds = System.wallClockSeconds()
    var gone = Set(schedule.workspaces)
    for (_, workspace) in next.workspaces.all {
      gone.remove(workspace.name)
      guard seen[workspace.name] !== workspace else { continue }
      seen[workspace.name] = workspace
      schedule.set(
        workspace.guards.targets, of: workspace.name, workspace.networks, now: now, seconds: seconds)
    }
    for name in gone { schedule.set([], of: name, PrivateNetworks(), now: now, seconds: seconds) }
    if seen.count > next.workspaces.count { seen = seen.filter { next.workspaces.slot(of: $0.key) != nil } }
  }

  private func tell(_ now: UInt64) {
    for name in schedule.takeTouched() { states.put(schedule.health(of: name), of: name) }
    if let rest = lines.takeRest(at: now / 1000) { log.note(rest) }
    for change in schedule.takeChanges() {
      let isAtStandby = seen[change.workspace]?.guards.atStandby.contains(change.id.link) ?? false
      if let line = lines.line(change, isAtStandby: isAtStandby) { log.note(line) }
    }
  }

  /// Has links whose time has come fail over to their standbys, or back.
  private func failOver() {
    guard let snapshot else { return }
    let states = states
    let moves = failovers.look(at: snapshot, now: System.monotonicNanoseconds()) { link, isStandby in
      let id = LinkTarget.ID(link: link.link, role: isStandby ? .standby : .main)
      return states.health(of: link.workspace, id).map { EndpointHealth($0.state) } ?? .unknown
    }
    for move in moves { if let line = lines.line(move) { log.note(line) } }
  }

  // MARK: Probes

  private func begin(_ probe: WatchProbe, _ now: UInt64) {
    delays.begin(probe.number, at: now)
    switch probe.kind {
    case .resolve(let name):
      let instant = Instant(nanoseconds: System.monotonicNanoseconds())
      guard let snapshot,
        let question = AddressQuestion(
          probe.number, name, of: probe.workspace, in: snapshot, deadline: instant + Self.patienceOfQuestion)
      else { return resolved(probe.number, .postponed) }
      questions[probe.number] = question
      goOn(question, WatchHops(forwarding.forwarder, question, now: instant))
    case .connect(let address):
      do throws(SystemError) {
        let connection = try WatchConnection(probe.number, to: address, deadline: now + settings.patience)
        try poller.add(connection.socket.raw, .writable, token: Self.firstToken + probe.number)
        connections[probe.number] = connection
        order.append(probe.number)
      } catch {
        connected(probe.number, ConnectOutcome(error))
      }
    }
  }

  private func connected(_ number: UInt64, _ outcome: ConnectOutcome) {
    connections[number] = nil
    schedule.connected(
      number, delays.outcome(outcome, of: number), now: milliseconds, seconds: System.wallClockSeconds(), using: &random
    )
  }

  private func resolved(_ number: UInt64, _ outcome: ResolveOutcome) {
    questions[number] = nil
    schedule.resolved(
      number, delays.outcome(outcome, of: number), now: milliseconds, seconds: System.wallClockSeconds(), using: &random
    )
  }

  // MARK: Names

  /// Goes the way of a question as far as what is known leads.
  private func goOn(_ question: AddressQuestion, _ hops: WatchHops) {
    guard let snapshot else { return resolved(question.number, .postponed) }
    var hops = hops
    while true {
      let (buffer, names) = (buffer, names)
      var writer = MessageWriter(buffer.output(), limit: MessageBuffer.size, names: names.table())
      guard case .ready = responder.run(question.resolution, in: snapshot, &hops, &writer) else { break }
      if let outcome = question.take(writer.message, isOverloaded: hops.isOverloaded, in: snapshot) {
        resolved(question.number, outcome)
        break
      }
    }
    carryOut()
  }

  private func carryOut() {
    let now = Instant(nanoseconds: System.monotonicNanoseconds())
    for (ticket, result, queries) in forwarding.carryOut(&upstreamPoller, now) {
      guard let question = questions[ticket.rawValue] else { continue }
      question.resolution.learn(result, queries: queries)
      var hops = WatchHops(forwarding.forwarder, question, now: now)
      hops.note(result)
      goOn(question, hops)
    }
    // The workers tell of upstreams.
    forwarding.report = UpstreamsReport()
  }

  // MARK: Waiting

  /// Waits for what comes, and takes it.
  ///
  /// - Returns: false when there may be more.
  private func wait() throws(SystemError) -> Bool {
    let pause = pause
    let count = try poller.wait(timeoutMilliseconds: Int32(clamping: pause))
    delays.hear(at: milliseconds, after: pause)
    var isAll = count < Poller.batchSize
    for index in 0..<count {
      let ready = poller.ready(at: index)
      switch ready.token {
      case Self.wakeToken: running.waker.reset()
      case Self.upstreamToken: isAll = try hearUpstreams() && isAll
      default:
        let number = ready.token - Self.firstToken
        if let connection = connections[number] { connected(number, connection.outcome) }
      }
    }
    return isAll
  }

  private func hearUpstreams() throws(SystemError) -> Bool {
    let count = try upstreamPoller.wait(timeoutMilliseconds: 0)
    let now = Instant(nanoseconds: System.monotonicNanoseconds())
    for index in 0..<count {
      let ready = upstreamPoller.ready(at: index)
      forwarding.handle(ready.token, ready.events, &upstreamPoller, now)
      carryOut()
    }
    return count < Poller.batchSize
  }

  /// How long there is nothing to do by itself, in milliseconds.
  private var pause: UInt64 {
    let now = milliseconds
    let rate = schedule.nextDue.map { max($0, now + Self.nap) }
    let deadline = order.first.flatMap { connections[$0]?.deadline }
    let upstreams = forwarding.nextDeadline.map { $0.nanoseconds / 1_000_000 + 1 }
    let question = questions.values.map { $0.deadline.nanoseconds / 1_000_000 + 1 }.min()
    let next = [rate, deadline, upstreams, question, nextSnapshotAt].compactMap { $0 }.min() ?? now
    return next > now ? next - now : 0
  }

  private func expire() {
    let now = milliseconds
    while let first = order.first {
      if let connection = connections[first] {
        guard connection.deadline <= now else { break }
        connected(first, .silent)
      }
      order.removeFirst()
    }
    let instant = Instant(nanoseconds: System.monotonicNanoseconds())
    forwarding.advance(to: instant)
    carryOut()
    for (number, question) in questions where question.deadline <= instant {
      let lacksRoom = forwarding.forwarder.lacksRoom(for: Ticket(number))
      forwarding.forwarder.cancel(Ticket(number), now: instant)
      resolved(number, lacksRoom ? .postponed : .failed("no answer in time"))
    }
  }
}
