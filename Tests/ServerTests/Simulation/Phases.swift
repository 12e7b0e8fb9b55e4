import Forwarding
import SystemIO
import TestKit
import Wire
import Workspaces

@testable import Server

// The parts of a run, what clients do in them, and what must be so after each.
extension WorkerSimulation {
  /// Runs all of it: faults and storms; then either the server is told to stop in the middle of that, or there is calm, in
  /// which everything must be answered, then pressure, and silence, in which everything must be closed.
  func run() throws -> Figures {
    let faultMilliseconds = 4000 + random.number(below: 8000)
    func schedule(_ event: Event, _ count: Int) {
      for _ in 0..<count { events.add(event, at: now + .milliseconds(Int64(random.number(below: faultMilliseconds)))) }
    }
    schedule(.storm, 12 + random.number(below: 12))
    schedule(.connection, 4 + random.number(below: 10))
    schedule(.lease, 4 + random.number(below: 12))
    schedule(.reload, 2 + random.number(below: 8))
    schedule(.fault, random.number(below: 6))
    if random.happens(6) { schedule(.death(worker: random.number(below: 2)), 1) }
    if random.happens(4) { schedule(.restart, 1) }
    let end = now + .milliseconds(Int64(faultMilliseconds))
    if random.happens(4) {
      try runEvents(until: now + .milliseconds(Int64(random.number(below: faultMilliseconds))))
      try stop()
    } else {
      try runEvents(until: end)
      try endFaults()
      try runEvents(until: now + .seconds(6))
      calmSince = now
      try everythingIsAnswered()
      if random.happens(3) { try pressure() }
      try silence()
    }
    return figures
  }

  // MARK: What clients do

  static let pods = 2

  func drawPod() -> IPAddress {
    SimulatedFolder.address(random.number(below: SimulatedFolder.names.count), 1 + random.number(below: Self.pods))
  }

  /// Anybody: pods, those that have leases now and then, and strangers.
  func drawClient() -> IPAddress {
    switch random.number(below: 8) {
    case 0: Self.strangerAddress(random.number(below: 2))
    case 1, 2: Self.leasedAddress(random.number(below: Self.leasedAddresses))
    default: drawPod()
    }
  }

  static func strangerAddress(_ number: Int) -> IPAddress {
    .v4(UInt32(127) << 24 | UInt32(98) << 16 | UInt32(number + 1))
  }

  func drawName() -> AskedName {
    let kinds: [AskedName.Upstreamed.Kind] = [
      .answered, .answered, .answered, .truncated, .nonexistent, .silent, .silentStream,
    ]
    let upstreamed = AskedName.Upstreamed(
      kind: kinds[random.number(below: kinds.count)], number: random.number(below: 4))
    return switch random.number(below: 8) {
    case 0, 1: .host(random.number(below: SimulatedFolder.hosts))
    case 2: .missing(random.number(below: 3))
    case 3: random.happens(3) ? .text : .host(0)
    case 4: .alias(random.number(below: SimulatedFolder.aliases))
    case 5: .own(upstreamed)
    default: .shared(upstreamed)
    }
  }

  /// A token now and then, mostly the client's own.
  func drawToken() -> Int? {
    random.happens(6) ? random.number(below: SimulatedFolder.names.count) : nil
  }

  /// Some questions over UDP at one moment, of one or of many, the same or not.
  func storm() throws {
    let count = random.happens(4) ? 1 + random.number(below: 20) : 1 + random.number(below: 3)
    let isSame = random.happens(2)
    var (name, client) = (drawName(), drawClient())
    for _ in 0..<count {
      if !isSame { (name, client) = (drawName(), drawClient()) }
      let isNonsense = random.happens(20)
      try ask(
        isNonsense ? nil : name, client, random.number(below: Self.workerCount), token: isNonsense ? nil : drawToken())
    }
  }

  /// A connection with all that clients do on one: any number of questions in any pieces, then nothing, or an end of one
  /// kind or another.
  func useConnection() throws {
    let worker = random.number(below: Self.workerCount)
    guard !dead.contains(worker) else { return }
    let number = try connect(drawClient(), worker)
    let connection = connections[number]
    if hasLongTexts, random.happens(2) { return try useConnectionWithoutReading(number) }
    for _ in 0..<[0, 1, 3, 12][random.number(below: 4)] { enqueue(drawName(), token: drawToken(), on: connection) }
    if random.happens(12) { enqueue(nil, on: connection) }
    var at = now
    var left = connection.outgoing.count
    while left > 0 {
      let count = random.happens(2) ? left : 1 + random.number(below: min(left, 60))
      events.add(.write(number, count), at: at)
      left -= count
      at = at + .microseconds(Int64(random.number(below: 200_000)))
    }
    let later = at + .milliseconds(Int64(random.number(below: 3000)))
    switch random.number(below: 6) {
    case 0: events.add(.halfClose(number), at: random.happens(2) ? at : later)
    case 1: events.add(.close(number, byReset: true), at: later)
    case 2: events.add(.close(number, byReset: false), at: later)
    case 3:
      try setReading(number, false)
      if random.happens(2) { events.add(.setReading(number, true), at: later) }
    default: break
    }
  }

  /// Asks for more than the kernel keeps for a connection, and reads later or never.
  private func useConnectionWithoutReading(_ number: Int) throws {
    try setReading(number, false)
    for _ in 0..<150 { enqueue(.text, on: connections[number]) }
    for part in 0..<4 {
      events.add(.write(number, connections[number].outgoing.count / 3), at: now + .milliseconds(Int64(part) * 10))
    }
    if random.happens(2) {
      events.add(.setReading(number, true), at: now + .milliseconds(Int64(100 + random.number(below: 8000))))
    }
  }

  func setReading(_ number: Int, _ reads: Bool) throws {
    let connection = connections[number]
    guard let socket = connection.socket else { return }
    connection.reads = reads
    if reads { connection.readsSince = now } else { connection.hasPaused = true }
    try poller.change(
      socket.socket.raw, reads ? .readable : [], token: Token.connection(number).rawValue)
  }

  // MARK: Parts

  /// In calm every workspace is answered everything, over UDP and TCP, by every worker that lives.
  func everythingIsAnswered() throws {
    var numbers: [Int] = []
    for worker in living {
      for workspace in SimulatedFolder.names.indices {
        let client = SimulatedFolder.address(workspace, 1)
        let connection = connections[try connect(client, worker)]
        for name in Self.everyKind {
          numbers.append(try ask(name, client, worker, at: true))
          numbers.append(enqueue(name, on: connection))
        }
        write(.max, on: connections.count - 1)
        try settle()
        // With few places for connections the next takes this one's.
        try runEvents(until: now + .milliseconds(1200))
      }
    }
    for number in numbers where asked[number].answers != 1 || ![0, 3].contains(asked[number].code) {
      throw breach(
        "\(asked[number].name?.text ?? "") of \(asked[number].asking.client), over "
          + "\(asked[number].isStream ? "TCP" : "UDP"), is not answered in calm: \(asked[number].answers) answers, code "
          + "\(asked[number].code.map(String.init) ?? "none")")
    }
  }

  private static let everyKind: [AskedName] = [
    .host(1), .missing(1), .text, .alias(1), .own(.init(kind: .answered, number: 11)),
    .shared(.init(kind: .truncated, number: 12)), .shared(.init(kind: .nonexistent, number: 13)),
  ]

  /// Told to stop while everything is under way: what was taken is answered, and it ends in time.
  func stop() throws {
    for _ in 0..<8 { try ask(drawName(), drawPod(), random.number(below: Self.workerCount), at: true) }
    isStopping = true
    openAtStop = Set(asked.indices.filter { asked[$0].answers == 0 })
    for mailbox in mail.mailboxes { mailbox.stop() }
    let deadline = now + .milliseconds(Int64(settings.stopMilliseconds))
    try settle()
    try runEvents(until: deadline)
    for worker in living where !workers[worker].isFinished { throw breach("worker \(worker) does not end") }
    for number in asked.indices where asked[number].sent > asked[number].answers {
      try checkOwed(number, "when the server was told to stop")
    }
  }

  /// After a minute in which nobody asks nothing is open, waiting or set, and every question is counted.
  func silence() throws {
    try runEvents(until: now + .seconds(70))
    for index in living {
      let worker = workers[index]
      let usage = worker.report.usage
      guard usage.exchanges + usage.waiters + usage.sockets + usage.streams + usage.timers == 0 else {
        throw breach("worker \(index) is not done: \(usage)")
      }
      guard worker.waiting.isEmpty, worker.connections.count == 0, worker.nextDeadline == nil else {
        throw breach(
          "worker \(index) has \(worker.waiting.count) questions and \(worker.connections.count) connections after a "
            + "minute of silence")
      }
    }
    for number in asked.indices where asked[number].sent > 0 && asked[number].answers == 0 {
      try checkOwed(number, "in the end")
    }
    try checkCounters()
    for (number, connection) in connections.enumerated() where connection.isOpen && !connection.reads {
      try setReading(number, true)
      try settle()
    }
    for connection in connections where connection.isOpen && !dead.contains(connection.worker) {
      throw breach("a connection of \(connection.client) is open after a minute of silence")
    }
    guard dead.isEmpty else { return }
    let open = Loopback.openSockets(Set(listening + upstreams.map(\.address)))
    // Of a worker two that listen, of an upstream two, and the clients' own.
    let known = 2 * workers.count + 2 * upstreams.count + datagramSockets.count
    guard open == known else { throw breach("\(open) sockets are open, and \(known) are known of") }
  }
}
