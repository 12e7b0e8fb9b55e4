import TestKit
import Testing
import Wire

@testable import Forwarding

/// A forwarder with a clock that a test turns and a network that it plays.
final class Rig {
  struct Sent {
    let token: SocketToken
    let upstream: Upstream
    let query: SentQuery
    let isStream: Bool
  }

  let forwarder: Forwarder
  let cache: AnswerCache
  let rule: ForwardRule
  var now = Instant(nanoseconds: 1_000_000_000_000)
  /// Queries that were sent and not yet taken by the test.
  var sent: [Sent] = []
  /// Open sockets.
  var open: [SocketToken: Upstream] = [:]
  var streams: Set<SocketToken> = []
  var results: [Int: [ForwardResult]] = [:]
  /// How many queries each took.
  var spent: [Int: Int] = [:]
  /// True for upstreams that are silent about names, and not dead: each probe is answered at once.
  var answersProbes = false
  /// Workers that were to be woken.
  var woken: [Int] = []
  /// What was to be told of upstreams.
  var told: [String] = []
  /// The sockets that probes went out on.
  private var probes: Set<SocketToken> = []
  private var nextTicket = 0

  static let addresses = ["10.1.0.2", "10.1.0.3", "10.1.0.4"]

  init(
    upstreams: Int = 1, zone: String = ".", cacheOctets: Int = 1 << 20, seed: UInt64 = 1, cache: AnswerCache? = nil,
    shared: QuestionsInFlight? = nil, worker: Int = 0, _ change: (inout ForwardSettings) -> Void = { _ in }
  ) throws {
    var settings = ForwardSettings()
    settings.mixesCase = false
    settings.sendsCookies = false
    settings.hedges = false
    change(&settings)
    self.cache = cache ?? AnswerCache(capacityOctets: cacheOctets, shards: 1, seed: 1)
    var random = SplitMix(seed: seed)
    forwarder = Forwarder(settings: settings, cache: self.cache, shared: shared, worker: worker) { count in
      (0..<count).map { _ in random.octet() }
    }
    rule = ForwardRule(
      owner: .server, zone: try Name(zone), upstreams: Self.addresses.prefix(upstreams).compactMap { Upstream($0) })
  }

  /// Asks, and gives the ticket under which the result is found in `results`.
  @discardableResult
  func ask(
    _ name: String, _ type: RecordType = .a, dnssecOK: Bool = false, checkingDisabled: Bool = false,
    rule: ForwardRule? = nil, workspace: UInt32 = 1, client: UInt32 = 1, queries: Int = .max
  ) throws -> Int {
    nextTicket += 1
    let question = ForwardQuestion(
      name: try Name(name), type: type, dnssecOK: dnssecOK, checkingDisabled: checkingDisabled,
      rule: rule ?? self.rule)
    let outcome = forwarder.ask(
      question, ticket: Ticket(UInt64(nextTicket)), asker: Asker(workspace: workspace, client: .v4(client)),
      queries: queries, now: now)
    if case .done(let result) = outcome { results[nextTicket, default: []].append(result) }
    drain()
    return nextTicket
  }

  /// Carries out the forwarder's actions.
  func drain() {
    var actions: [ForwardAction] = []
    forwarder.takeActions(into: &actions)
    for action in actions {
      switch action {
      case .openDatagram(let token, let upstream): open[token] = upstream
      case .openStream(let token, let upstream):
        open[token] = upstream
        streams.insert(token)
      case .send(let token, let octets): note(token, octets)
      case .close(let token):
        open[token] = nil
        streams.remove(token)
      case .finished(let ticket, let result, let queries):
        results[Int(ticket.rawValue), default: []].append(result)
        spent[Int(ticket.rawValue)] = queries
      case .wake(let worker): woken.append(worker)
      case .tell(let news): told.append(news.description)
      }
    }
    guard answersProbes, let probe = sent.firstIndex(where: { $0.query.type == .soa && open[$0.token] != nil }) else {
      return
    }
    // The answer leads to further actions.
    guard let message = try? TestResponse().message(to: sent[probe].query) else { return }
    forwarder.received(message.span, on: sent.remove(at: probe).token, now: now)
    drain()
  }

  private func note(_ token: SocketToken, _ octets: [UInt8]) {
    let isStream = streams.contains(token)
    guard let upstream = open[token], let query = SentQuery(isStream ? Array(octets.dropFirst(2)) : octets) else {
      Issue.record("a query that cannot be read, or on a socket that is not open")
      return
    }
    if query.type == .soa { probes.insert(token) }
    sent.append(Sent(token: token, upstream: upstream, query: query, isStream: isStream))
  }

  /// The next query that was sent for a question; probes are passed over, and not answered.
  func next() throws -> Sent {
    sent.removeAll { $0.query.type == .soa }
    try #require(!sent.isEmpty, "no query was sent")
    return sent.removeFirst()
  }

  /// The queries that were sent for questions and not taken.
  var asked: [Sent] { sent.filter { $0.query.type != .soa } }

  /// True when something is so of every upstream that was asked.
  func all(_ holds: (UpstreamState) -> Bool) -> Bool { forwarder.upstreams.all.allSatisfy(holds) }

  /// What is known of one of the rule's upstreams.
  func state(_ index: Int) throws -> UpstreamState {
    try #require(forwarder.upstreams[UpstreamUse(upstream: rule.upstreams[index], owner: rule.owner)])
  }

  /// Open sockets of questions.
  var openForQuestions: Int { open.keys.count { !probes.contains($0) } }

  /// Answers a query.
  func respond(to sent: Sent, _ response: TestResponse) throws {
    let message = try response.message(to: sent.query)
    if sent.isStream {
      let framed = [UInt8(message.count >> 8), UInt8(message.count & 255)] + message
      forwarder.streamReceived(framed.span, on: sent.token, now: now)
    } else {
      forwarder.received(message.span, on: sent.token, now: now)
    }
    drain()
  }

  func respond(to sent: Sent, _ answer: String...) throws { try respond(to: sent, TestResponse(answer: answer)) }

  func refuse(_ sent: Sent) {
    open[sent.token] = nil
    forwarder.socketFailed(sent.token, now: now)
    drain()
  }

  /// Connects the connections that were asked for.
  func connect() {
    for token in streams.sorted(by: { $0.rawValue < $1.rawValue }) { forwarder.streamConnected(token, now: now) }
    drain()
  }

  func closeStream(_ token: SocketToken) {
    open[token] = nil
    streams.remove(token)
    forwarder.streamClosed(token, now: now)
    drain()
  }

  /// Takes what other workers left.
  func hear() {
    forwarder.takeNotices(now: now)
    drain()
  }

  /// Turns the clock, stopping at each moment the forwarder asked for.
  func pass(_ duration: Duration) {
    let end = now + duration
    while let due = forwarder.nextDeadline, due <= end {
      now = max(now, due)
      forwarder.advance(to: now)
      drain()
    }
    now = end
    forwarder.advance(to: now)
    drain()
  }

  /// The records of a ticket's only result, or what else it is, as text.
  func text(_ ticket: Int) throws -> [String] {
    let all = results[ticket] ?? []
    try #require(all.count == 1, "\(all.count) results")
    return try Self.text(all[0], now)
  }

  static func text(_ result: ForwardResult, _ now: Instant) throws -> [String] {
    switch result {
    case .answer(let answer): return try text(answer, .aged(now))
    case .stale(let answer, let error): return try ["stale: \(error.text)"] + text(answer, .stale)
    case .closed: return ["closed"]
    case .failure(let failure): return ["failure: \(failure.error.text)"]
    }
  }

  /// Writes an answer into a message, reads that back, and gives its code, records and ending.
  static func text(_ answer: UpstreamAnswer, _ ttl: AnswerTTL) throws -> [String] {
    var buffer = [UInt8](repeating: 0, count: 65_535)
    var length = 0
    let names = CompressionMemory(seed: .known)
    do {
      var writer = MessageWriter(buffer.mutableSpan, limit: 65_535, names: names.table())
      _ = writer.start(id: 0, flags: .response)
      let fits = answer.append(hops: 0..<answer.hopCount, to: &writer, ttl: ttl, firstOwner: nil)
      #expect(fits && answer.appendAuthority(to: &writer, ttl: ttl))
      length = writer.count
    }
    let message = buffer.span.extracting(0..<length)
    guard let header = Header(message) else { return ["no header"] }
    var reader = try MessageReader(message)
    var lines = answer.code == .noError ? [] : [answer.code.mnemonic]
    for index in 0..<Int(header.answerCount + header.authorityCount) {
      let record = try reader.readRecord()
      let line = TestRecord.text(
        try reader.name(at: record.ownerOffset), record.type, record.ttlSeconds, try reader.uncompressedData(of: record)
      )
      lines.append((index < Int(header.answerCount) ? "" : "authority: ") + line)
    }
    if answer.ending == .elsewhere { lines.append("then \(answer.chainEnd)") }
    return lines
  }
}

/// What a simulation decides by: the same for the same seed.
struct SplitMix: RandomNumberGenerator {
  private var bits: SeededGenerator
  init(seed: UInt64) { bits = SeededGenerator(seed: seed) }

  mutating func next() -> UInt64 { bits.next() }

  mutating func octet() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
  /// True once in `count` times.
  mutating func oneIn(_ count: Int) -> Bool { next() % UInt64(count) == 0 }
  mutating func number(below limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
