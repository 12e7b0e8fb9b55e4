import Answering
import Forwarding
import Foundation
import SystemIO
import TestKit
import Text
import Wire
import Workspaces

@testable import Server

/// The real workers under a seed, turn by turn in one thread, over sockets of this machine's loopback with a simulated
/// clock: leases, reloads, clients, upstreams and faults.
///
/// Loopback delivers while it sends, so that who sends, lets the workers have their turns and reads sees the same each
/// time. What must always hold is checked after every step; the first breach ends the run.
final class WorkerSimulation {
  struct Breach: Error, CustomStringConvertible {
    let description: String
  }

  /// What can happen.
  enum Event {
    // Clients.
    case storm
    case ask(AskedName, IPAddress, worker: Int)
    case datagram(socket: Int, question: Int, [UInt8])
    case connection
    case write(Int, Int)
    case setReading(Int, Bool)
    case halfClose(Int)
    case close(Int, byReset: Bool)
    /// A question's time is up.
    case due(Int, turns: Int)
    // Upstreams.
    case upstreamDatagram(SimulatedUpstream, DatagramPeer, [UInt8])
    case upstreamOctets(Int, [UInt8])
    case upstreamStreamEnd(Int)
    // Everything else.
    case lease
    case reload
    case fault
    case death(worker: Int)
    case restart
  }

  /// What the simulation's own poller waits for.
  enum Token {
    case upstreamDatagrams(Int), upstreamListener(Int), stream(Int), datagrams(Int), connection(Int)

    var rawValue: UInt64 {
      switch self {
      case .upstreamDatagrams(let number): UInt64(number)
      case .upstreamListener(let number): 1 << 56 | UInt64(number)
      case .stream(let number): 2 << 56 | UInt64(number)
      case .datagrams(let number): 3 << 56 | UInt64(number)
      case .connection(let number): 4 << 56 | UInt64(number)
      }
    }

    init(rawValue: UInt64) {
      let number = Int(rawValue & (1 << 56 - 1))
      self =
        switch rawValue >> 56 {
        case 0: .upstreamDatagrams(number)
        case 1: .upstreamListener(number)
        case 2: .stream(number)
        case 3: .datagrams(number)
        default: .connection(number)
        }
    }
  }

  /// What the run did, for the report.
  struct Figures: Equatable {
    var seeds = 0
    var steps = 0
    var turns = 0
    var questions = 0
    var answers = 0
    var connections = 0
    var upstreamQueries = 0
    var leases = 0
    var reloads = 0
    var faults = 0
    var checks = 0
    var evictions = 0
  }

  static let workerCount = 2
  static let tokenOption: UInt16 = 65_314

  let seed: UInt64
  var random: SeededGenerator
  let machine: SimulatedMachine
  var events = EventQueue<Event>()
  var weather: ServerWeather
  var figures = Figures()
  var digest = Digest()
  var faultsEnded = false
  /// From when on nothing may fail any more.
  var calmSince: Instant?
  var isStopping = false
  /// Questions that had no answer when the server was told to stop.
  var openAtStop: Set<Int> = []

  // The server.
  let settings: WorkerSettings
  let listening: [SocketAddress]
  let log: Log
  let folder: String
  let grants: Grants?
  let serverRules: ForwardRules
  /// Texts are so long that a hundred answers fill what the kernel keeps for a connection that does not read.
  let hasLongTexts: Bool
  var mail: Crew.Mail
  var builder: SnapshotBuilder
  var keeper: LeaseKeeper?
  var workers: [Worker] = []
  /// Workers that stand still for ever.
  var dead: Set<Int> = []
  var living: [Int] { workers.indices.filter { !dead.contains($0) } }

  // The world around it.
  var poller: Poller
  var buffer = [UInt8](repeating: 0, count: 65_536)
  let upstreams: [SimulatedUpstream]
  let upstreamBatch = DatagramBatch()
  var streams: [SimulatedStream?] = []
  var datagramSockets: [SimulatedDatagrams] = []
  var connections: [SimulatedConnection] = []
  var asked: [AskedQuestion] = []
  var unanswered: [Int] = []
  var lastID: UInt16 = 0
  /// Datagrams by worker, since its start.
  var datagramsSent = [0, 0]
  var datagramsReceived = [0, 0]
  var streamAnswers = [0, 0]
  /// Every state that there was, the last the one of now.
  var worlds: [World]
  /// The last version of each workspace's files.
  var versions = SimulatedFolder.names.map { _ in 1 }

  var now: Instant {
    get { machine.now }
    set { machine.now = newValue }
  }

  init(seed: UInt64) throws {
    self.seed = seed
    var random = SeededGenerator(seed: seed)
    let start = Instant(nanoseconds: 5_000_000_000)
    machine = SimulatedMachine(startsAt: start, seed: random.next())
    weather = ServerWeather(&random)
    settings = Self.settings(&random)
    upstreams = try (0..<SimulatedUpstream.count).map { try SimulatedUpstream(number: $0) }
    listening = try (0..<Self.workerCount).map { number in
      try Loopback.freeAddress(.v4(UInt32(127) << 24 | UInt32(200) << 16 | UInt32(number + 1)))
    }
    log = try Log()
    poller = try Poller()
    folder = Self.temporaryFolder + "/backroad-simulation-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    hasLongTexts = random.happens(12)
    grants = random.happens(2) ? try Self.grants() : nil
    let shared = upstreams.prefix(SimulatedUpstream.shared).map { Upstream($0.address) }
    serverRules = ForwardRules([ForwardRule(owner: .server, zone: .root, upstreams: shared)])
    mail = try Crew.Mail(count: Self.workerCount)
    builder = SnapshotBuilder(grants: grants, countsQueries: true)
    worlds = [World(folders: SimulatedFolder.names.map { _ in nil }, since: start)]
    self.random = random
    for number in SimulatedFolder.names.indices { builder.set(try load(firstFolder(number))) }
    _ = builder.build()
    worlds[0].folders = SimulatedFolder.names.indices.map { firstFolder($0) }
    try startServer()
    for (number, upstream) in upstreams.enumerated() {
      try poller.add(upstream.datagrams.socket.raw, .readable, token: Token.upstreamDatagrams(number).rawValue)
      try poller.add(upstream.listener.socket.raw, .readable, token: Token.upstreamListener(number).rawValue)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// In memory where there is such a place, for the journal is synchronized at each change.
  private static let temporaryFolder =
    FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : FileManager.default.temporaryDirectory.path

  private static func settings(_ random: inout SeededGenerator) -> WorkerSettings {
    var settings = WorkerSettings()
    settings.countsByWorkspace = true
    settings.maximumConnections = [8, 24, 4096][random.number(below: 3)]
    settings.maximumConnectionsOfClient = [3, 64][random.number(below: 2)]
    settings.maximumPipelined = [3, 64][random.number(below: 2)]
    settings.maximumUnsentOctets = [2000, 256 << 10][random.number(below: 2)]
    settings.messagesPerTurn = [2, 16][random.number(below: 2)]
    settings.forwarding.maximumExchanges = [20, 4096][random.number(below: 2)]
    settings.forwarding.maximumSockets = [16, 8192][random.number(below: 2)]
    settings.forwarding.maximumStreams = [16, 64][random.number(below: 2)]
    settings.forwarding.maximumWaiters = [40, 16_384][random.number(below: 2)]
    settings.forwarding.maximumStaleSeconds = random.happens(2) ? 0 : 86_400
    return settings
  }

  private static func grants() throws -> Grants {
    let members = SimulatedFolder.names.indices.compactMap { number in
      SimulatedFolder.prefix(of: number).map {
        "\"\(SimulatedFolder.names[number])\": { \"clients\": [\"\($0)\"], \"tokens\": 1 }"
      }
    }
    let text = "{ \(members.joined(separator: ", ")) }"
    return try Grants(JSON.parse(Array(text.utf8), file: "backroad.json", comments: false), file: "backroad.json")
  }

  func breach(_ what: String) -> Breach {
    Breach(description: "seed \(seed), at \(now.nanoseconds / 1_000_000) ms: \(what)")
  }

  // MARK: The server

  /// Starts the workers, with the leases that the journal has.
  func startServer() throws {
    mail = try Crew.Mail(count: Self.workerCount)
    let mail = mail
    let keeper = LeaseKeeper(path: folder + "/leases", seed: seed, moment: moment, log: log) { mail.publish($0) }
    self.keeper = keeper
    let cache = AnswerCache(capacityOctets: 4 << 20, shards: 2, seed: seed)
    let questions = QuestionsInFlight(workers: Self.workerCount, shards: 2)
    let snapshot = keeper.adopt(builder.snapshot)
    workers = try listening.indices.map { number in
      try Worker(
        listen: [listening[number]], snapshot: snapshot,
        identity: ServerIdentity(version: "simulated", hostName: "simulated"), number: number,
        mailboxes: mail.mailboxes, counters: mail.counters[number], cache: cache, questions: questions,
        settings: settings, surroundings: machine.surroundings, log: log)
    }
    (datagramsSent, datagramsReceived, streamAnswers) = ([0, 0], [0, 0], [0, 0])
  }

  /// The moment of leases. Nobody sets the wall clock here; `LeaseLogTests` does.
  var moment: LeaseKeeper.Moment {
    let milliseconds = now.nanoseconds / 1_000_000
    return .init(now: now, clock: LeaseClock(sinceBoot: milliseconds, wall: 1_700_000_000_000 + milliseconds))
  }

  // MARK: Time

  /// Does what happens and is due, in its order, until a moment.
  func runEvents(until end: Instant) throws {
    while true {
      let timer = living.compactMap { workers[$0].isFinished ? nil : workers[$0].nextDeadline }.min()
      guard let next = [events.first, timer].compactMap({ $0 }).min(), next <= end else { break }
      now = max(now, next)
      if let first = events.first, first <= now, let event = events.pop() { try handle(event) }
      try settle()
    }
    now = max(now, end)
    try settle()
  }

  /// Gives the workers turns, and everybody what they sent, until nobody has anything to do at this moment.
  func settle() throws {
    figures.steps += 1
    endedEarly = []
    var isBusy = true
    while isBusy {
      isBusy = false
      for worker in living where !workers[worker].isFinished { if try giveTurns(worker) { isBusy = true } }
      while true {
        let count = try poller.wait(timeoutMilliseconds: 0)
        for index in 0..<count { try handle(poller.ready(at: index)) }
        guard count > 0 else { break }
        isBusy = true
      }
    }
    try checkEvictions()
    (newcomers, streamAnswered) = ([], [])
    try checkAlways()
  }

  private func giveTurns(_ worker: Int) throws -> Bool {
    var turns = 0
    while !workers[worker].isFinished {
      let isDue = workers[worker].nextDeadline.map { $0 <= now } ?? false
      guard try workers[worker].turn(waitingMilliseconds: 0) || isDue else { return turns > 0 }
      turns += 1
      figures.turns += 1
      guard turns < 5000 else { throw breach("worker \(worker) is never done: \(try whatIsReady(worker))") }
    }
    return true
  }

  /// What a worker would do next, for people.
  private func whatIsReady(_ worker: Int) throws -> String {
    let worker = workers[worker]
    let count = try worker.poller.wait(timeoutMilliseconds: 0)
    let ready = (0..<count).map { index in
      let ready = worker.poller.ready(at: index)
      return "\(WaitToken(rawValue: ready.token) as Any) \(ready.events.rawValue)"
    }
    return "\(ready), can go on: \(worker.connections.hasReady), due: forwarder "
      + "\(worker.forwarding.nextDeadline as Any), questions \(worker.waiting.nextDeadline as Any), connections "
      + "\(worker.connections.nextDeadline as Any); \(worker.report)"
  }

  private func handle(_ ready: Poller.Ready) throws {
    switch Token(rawValue: ready.token) {
    case .upstreamDatagrams(let number): readDatagrams(upstreams[number])
    case .upstreamListener(let number): try accept(at: upstreams[number])
    case .stream(let number): readStream(number)
    case .datagrams(let number): try readAnswers(number)
    case .connection(let number):
      if connections[number].reads {
        try read(number)
      } else if ready.events.isSuperset(of: [.error, .hangup]) {
        try ended(number)
      }
    }
  }

  /// The workers that connections are made to in this step.
  var newcomers: Set<Int> = []
  /// The workers that have answered on connections in this step, and so may know them to be another's.
  var streamAnswered: Set<Int> = []
  /// Connections that the server ended in this step though they were in use.
  var endedEarly: [Int] = []

  /// Prints what happens, where `BACKROAD_TRACE` is set: for a seed that failed.
  func trace(_ what: @autoclosure () -> String) {
    if Self.traces { print("\(now.nanoseconds / 1000) us: \(what())") }
  }

  private static let traces = ProcessInfo.processInfo.environment["BACKROAD_TRACE"] != nil

  private func handle(_ event: Event) throws {
    trace("\(event)")
    switch event {
    case .upstreamDatagram(let upstream, let peer, let octets):
      _ = upstream.datagrams.socket.send(octets.span, to: peer)
    case .upstreamOctets(let number, let octets):
      // One that the worker has closed takes nothing.
      _ = try? streams[number]?.socket.socket.descriptor.write(octets[...])
    case .upstreamStreamEnd(let number): streams[number] = nil
    case .due(let number, let turns): try checkAnswered(number, turns: turns)
    case _ where isStopping: return
    case .storm: try storm()
    case .ask(let name, let client, let worker): try ask(name, client, worker, at: true)
    case .datagram(let socket, let question, let octets): try send(octets, of: question, socket)
    case .connection: try useConnection()
    case .write(let number, let count): write(count, on: number)
    case .setReading(let number, let reads): try setReading(number, reads)
    case .halfClose(let number):
      connections[number].isHalfClosed = true
      connections[number].socket?.endSending()
    case .close(let number, let byReset):
      if byReset { connections[number].socket?.resetWhenClosed() }
      forget(connections[number])
    case .lease: try changeLeases()
    case .reload: try reload()
    case .fault: changeSomething()
    case .death(let worker): die(worker)
    case .restart: try restart()
    }
  }
}
