import TestKit
import Wire

@testable import Forwarding

/// Forwarders of two workers with one cache, under a seed: simulated clock, network, upstreams and clients.
///
/// The same seed gives the same run. What must always hold is checked after every step; the first breach ends the run.
final class Simulation {
  struct Breach: Error, CustomStringConvertible {
    let description: String
  }

  struct Ask {
    let question: ForwardQuestion
    let worker: Int
    let askedAt: Instant
    var result: ForwardResult?
    var isCancelled = false
  }

  /// What the run did, for the report.
  struct Figures {
    var seeds = 0
    var steps = 0
    var asks = 0
    var faults = 0
    var checks = 0
    var forgeries = 0
    var counters = ForwardCounters()
    /// Of everything that the workers wanted done, in its order.
    var digest = Digest()
  }

  let seed: UInt64
  var random: SplitMix
  var now = Instant(nanoseconds: 5_000_000_000)
  var events = EventQueue<Event>()
  var weather: Weather
  var upstreams: [SimulatedUpstream]
  let rules: [ForwardRule]
  let settings: ForwardSettings
  let cache: AnswerCache
  let shared = QuestionsInFlight(workers: 2, shards: 2)
  var workers: [Forwarder] = []
  /// Workers that died: they do and hear nothing any more.
  var dead: Set<Int> = []
  var living: [Int] { workers.indices.filter { !dead.contains($0) } }
  /// Open sockets of each worker, and which upstream each leads to.
  var sockets: [[SocketToken: (upstream: Int, isStream: Bool)]] = [[:], [:]]
  /// The last query on each socket, for forgers that know all but its secrets.
  var queries: [[SocketToken: SentQuery]] = [[:], [:]]
  var asks: [Int: Ask] = [:]
  var nextTicket = 0
  /// What upstreams sent for each question, and until when it may be used.
  var sent: [Question: [SimulatedUpstream.Datum: UInt64]] = [:]
  var figures = Figures()
  var leftovers = Leftovers()
  /// Tickets that had to wait, in the order of their deadlines; those before `firstWaiting` have their results.
  var waiting: [Int] = []
  var firstWaiting = 0
  var faultsEnded = false

  struct Question: Hashable {
    let upstream: Int
    let name: Name
    let type: RecordType
  }

  static let cacheOctets = 24 << 10

  init(seed: UInt64) throws {
    self.seed = seed
    var random = SplitMix(seed: seed)
    let texts = ["10.0.0.1", "10.0.0.2", "10.0.0.1@eth1", "10.0.0.3"]
    upstreams = texts.enumerated().compactMap { index, text in
      Upstream(text).map { SimulatedUpstream(upstream: $0, number: UInt8(index)) }
    }
    for index in upstreams.indices {
      upstreams[index].knowsEDNS = !random.oneIn(6)
      upstreams[index].keepsCase = !random.oneIn(6)
      upstreams[index].givesCookies = random.oneIn(3)
      upstreams[index].dropsEDNS = random.oneIn(8)
    }
    let all = upstreams.map(\.upstream)
    let ruleSeed = random.next()
    func rule(_ owner: ForwardRule.Owner, _ zone: Name, _ upstreams: [Upstream]) -> ForwardRule {
      ForwardRule(owner: owner, zone: zone, upstreams: upstreams, seed: ruleSeed)
    }
    rules = [
      rule(.server, .root, Array(all[0...1])),
      rule(.workspace("acme"), .root, [all[2]]),
      rule(.workspace("acme"), try Name("corp."), [all[3], all[2]]),
      // The server's upstreams, in another's rule.
      rule(.workspace("hostile"), SimulatedUpstream.silentZone, Array(all[0...1])),
    ]
    weather = Weather(&random)
    settings = Self.settings(&random)
    cache = AnswerCache(capacityOctets: Self.cacheOctets, shards: 2, seed: random.next())
    self.random = random
    for number in 0..<2 {
      var source = SplitMix(seed: self.random.next())
      workers.append(
        Forwarder(settings: settings, cache: cache, shared: shared, worker: number) { count in
          (0..<count).map { _ in source.octet() }
        })
    }
  }

  private static func settings(_ random: inout SplitMix) -> ForwardSettings {
    var settings = ForwardSettings()
    settings.maximumExchanges = [6, 20, 4096][random.number(below: 3)]
    settings.maximumSockets = [4, 16, 8192][random.number(below: 3)]
    settings.maximumStreams = [2, 64][random.number(below: 2)]
    settings.maximumQuestionsPerStream = [2, 64][random.number(below: 2)]
    settings.maximumWaiters = [7, 16_384][random.number(below: 2)]
    settings.maximumWaitersPerClient = [5, 512][random.number(below: 2)]
    settings.mixesCase = !random.oneIn(4)
    settings.sendsCookies = !random.oneIn(4)
    settings.hedges = !random.oneIn(4)
    settings.maximumStaleSeconds = random.oneIn(3) ? 0 : 86_400
    return settings
  }

  /// Runs all of it: faults and storms, then calm, in which everything must resolve, then silence, in which everything
  /// must be closed.
  func run() throws -> Figures {
    let faultSeconds = 8 + random.number(below: 20)
    for _ in 0..<(60 + random.number(below: 60)) {
      events.add(.ask, at: now + .milliseconds(random.number(below: faultSeconds * 1000)))
    }
    for _ in 0..<random.number(below: 12) {
      events.add(.fault, at: now + .milliseconds(random.number(below: faultSeconds * 1000)))
    }
    if random.oneIn(6) {
      events.add(
        .death(worker: random.number(below: 2)), at: now + .milliseconds(random.number(below: faultSeconds * 1000)))
    }
    events.add(.endOfFaults, at: now + .seconds(faultSeconds))
    try runEvents(until: now + .seconds(faultSeconds + 6))
    try everythingResolves()
    try reserved()
    try sharedUpstreams()
    try pressure()
    try outage()
    try runEvents(until: now + .seconds(70))
    try silence()
    for worker in workers { figures.counters.add(worker.counters) }
    return figures
  }

  /// Does events and timers in their order until a moment.
  func runEvents(until end: Instant) throws {
    while true {
      let timer = living.compactMap { workers[$0].nextDeadline }.min()
      let next = [events.first, timer].compactMap { $0 }.min()
      guard let next, next <= end else { break }
      now = max(now, next)
      if let first = events.first, first <= now, let event = events.pop() {
        try handle(event)
      } else {
        for worker in living where workers[worker].nextDeadline.map({ $0 <= now }) == true {
          workers[worker].advance(to: now)
          try carryOut(worker)
        }
      }
      figures.steps += 1
      try checkAlways()
    }
    now = max(now, end)
  }

  private func handle(_ event: Event) throws {
    switch event {
    case .ask: try storm()
    case .cancel(let worker, let ticket): try cancel(worker, ticket)
    case .fault: changeSomething()
    case .death(let worker): die(worker)
    case .wake(let worker):
      guard !dead.contains(worker) else { return }
      workers[worker].takeNotices(now: now)
      try carryOut(worker)
    case .endOfFaults: endFaults()
    default: try handleNetwork(event)
    }
  }

  // MARK: Clients

  static let zones = ["abcdefgh.example.", "corp.", "deep.corp."]

  private func storm() throws {
    let count = random.oneIn(4) ? 1 + random.number(below: 30) : 1
    let isSame = random.oneIn(2)
    var question = try drawQuestion()
    for _ in 0..<count {
      if !isSame { question = try drawQuestion() }
      let worker = dead.contains(0) ? 1 : dead.contains(1) ? 0 : random.number(below: 2)
      let ticket = try ask(question, worker)
      if weather.loss > 0, random.oneIn(8) {
        events.add(.cancel(worker: worker, ticket), at: now + .milliseconds(random.number(below: 4000)))
      }
    }
  }

  private func drawQuestion() throws -> ForwardQuestion {
    let zone = Self.zones[random.number(below: Self.zones.count)]
    let letter = ["a", "b", "c"][random.number(below: 3)]
    let name = try Name("\(letter)name\(random.number(below: 10)).\(random.oneIn(9) ? "bname4." : "")\(zone)")
    let applicable = rules.filter { name.isSubdomain(of: $0.zone) }
    let rule = applicable[random.number(below: applicable.count)]
    return ForwardQuestion(name: name, type: random.oneIn(4) ? .aaaa : .a, rule: rule)
  }

  @discardableResult
  func ask(_ question: ForwardQuestion, _ worker: Int, as asker: Asker? = nil) throws -> Int {
    nextTicket += 1
    figures.asks += 1
    let ticket = nextTicket
    asks[ticket] = Ask(question: question, worker: worker, askedAt: now)
    let asker = asker ?? Asker(workspace: UInt32(ticket % 2), client: .v4(UInt32(ticket % 5)))
    switch workers[worker].ask(question, ticket: Ticket(UInt64(ticket)), asker: asker, now: now) {
    case .pending:
      waiting.append(ticket)
      noteWaiter(ticket, worker)
    case .done(let result): try finished(ticket, result, queries: 0)
    }
    try carryOut(worker)
    return ticket
  }

  private func cancel(_ worker: Int, _ ticket: Int) throws {
    guard asks[ticket]?.result == nil, !dead.contains(worker) else { return }
    asks[ticket]?.isCancelled = true
    workers[worker].cancel(Ticket(UInt64(ticket)), now: now)
    try carryOut(worker)
  }

  /// A worker ends in the middle of everything; its clients' questions end with it, and nobody else's may.
  private func die(_ worker: Int) {
    dead.insert(worker)
    figures.faults += 1
    for (ticket, ask) in asks where ask.worker == worker && ask.result == nil { asks[ticket]?.isCancelled = true }
  }

  func finished(_ ticket: Int, _ result: ForwardResult, queries: Int) throws {
    guard let ask = asks[ticket] else { throw breach("a result for a ticket that was never used") }
    guard ask.result == nil else { throw breach("ticket \(ticket) has two results") }
    guard !ask.isCancelled else { throw breach("ticket \(ticket) was cancelled and has a result") }
    guard queries <= settings.maximumTries else { throw breach("\(queries) queries for ticket \(ticket)") }
    asks[ticket]?.result = result
    try checkResult(ask.question, result)
  }

  func breach(_ what: String) -> Breach {
    Breach(description: "seed \(seed), at \(now.nanoseconds / 1_000_000) ms: \(what)")
  }
}

/// A hash of numbers and octets (FNV-1a), the same in each process.
struct Digest: Hashable {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ octets: [UInt8]) { for octet in octets { value = (value ^ UInt64(octet)) &* 0x100_0000_01b3 } }

  mutating func add(_ number: UInt64) { add((0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }) }

  /// Adds what a worker wants done.
  mutating func add(_ action: ForwardAction) {
    switch action {
    case .openDatagram(let token, let upstream), .openStream(let token, let upstream):
      add(token.rawValue)
      add(Array("\(upstream)".utf8))
    case .send(let token, let octets):
      add(token.rawValue)
      add(octets)
    case .close(let token): add(token.rawValue)
    case .finished(let ticket, _, let queries):
      add(ticket.rawValue)
      add(UInt64(queries))
    case .wake(let worker): add(UInt64(worker))
    case .tell(let news): add(Array(news.description.utf8))
    }
  }
}

extension ForwardCounters {
  /// Adds what another counted.
  mutating func add(_ other: ForwardCounters) {
    cacheHits += other.cacheHits
    staleAnswers += other.staleAnswers
    coalesced += other.coalesced
    followed += other.followed
    takeOvers += other.takeOvers
    exchanges += other.exchanges
    failures += other.failures
    overloads += other.overloads
    datagramQueries += other.datagramQueries
    streamQueries += other.streamQueries
    hedges += other.hedges
    wrongDatagrams += other.wrongDatagrams
    floods += other.floods
    truncated += other.truncated
    upstreamsDown += other.upstreamsDown
    upstreamsUp += other.upstreamsUp
    prefetches += other.prefetches
    cutAnswers += other.cutAnswers
    cachedFailures += other.cachedFailures
    lateAnswers += other.lateAnswers
    probes += other.probes
  }
}
