import Answering
import Forwarding
import Wire
import Zones

/// Upstreams that answer from a script, behind the server's own forwarding, with a clock that a test turns.
///
/// What the script does not know is not answered, and fails when its time is up; nobody waits for that in real time.
public final class ScriptedUpstreams: HopSource {
  /// The time of every step.
  public var now = Instant(nanoseconds: 1_000_000_000_000)
  /// What was asked, in order, as `UPSTREAM NAME TYPE`.
  public private(set) var asked: [String] = []

  /// What is remembered of the answers.
  public var cache: AnswerCache { forwarder.cache }

  /// The response to what the script does not know; nil for none.
  public var answersAllElse: String?

  /// The response to each question, as the initializer has it.
  public var script: [String: String]
  private let forwarder: Forwarder
  private var sockets: [SocketToken: Upstream] = [:]
  private var streams: Set<SocketToken> = []
  private static let ticket = Ticket(1)

  /// Takes the script: for `NAME TYPE`, or `UPSTREAM NAME TYPE`, a response in the form of `ParsedMessage.description`.
  public init(_ script: [String: String] = [:]) {
    self.script = script
    var settings = ForwardSettings()
    settings.sendsCookies = false
    settings.hedges = false
    settings.prefetches = false
    var random = SeededGenerator(seed: 7)
    let cache = AnswerCache(capacityOctets: 1 << 20, shards: 1, seed: 1)
    forwarder = Forwarder(settings: settings, cache: cache) { random.octets($0) }
  }

  /// Asks the forwarding.
  public func ask(_ question: ForwardQuestion, queries: Int) -> ForwardOutcome {
    forwarder.ask(
      question, ticket: Self.ticket, asker: Asker(workspace: 0, client: .v4(1)), queries: queries, now: now)
  }

  /// What the cache knows.
  public func known(_ question: ForwardQuestion) -> ForwardResult? {
    cache.knowledge(of: question, settings: forwarder.settings, now: now).result
  }

  /// Plays the network until the hop that is waited for has its result, or nil when nothing is waited for.
  public func settle() -> (result: ForwardResult, queries: Int)? {
    for _ in 0..<1_000 {
      var actions: [ForwardAction] = []
      forwarder.takeActions(into: &actions)
      var result: (ForwardResult, queries: Int)?
      for action in actions {
        if case .finished(Self.ticket, let finished, let queries) = action {
          result = (finished, queries)
        } else {
          carryOut(action)
        }
      }
      if let result { return result }
      if actions.isEmpty {
        guard let deadline = forwarder.nextDeadline else { return nil }
        now = max(now, deadline)
        forwarder.advance(to: now)
      }
    }
    return nil
  }

  private func carryOut(_ action: ForwardAction) {
    switch action {
    case .openDatagram(let token, let upstream): sockets[token] = upstream
    case .openStream(let token, let upstream):
      sockets[token] = upstream
      streams.insert(token)
      forwarder.streamConnected(token, now: now)
    case .close(let token):
      sockets[token] = nil
      streams.remove(token)
    case .send(let token, let octets):
      let isStream = streams.contains(token)
      guard let upstream = sockets[token],
        let response = respond(isStream ? Array(octets.dropFirst(2)) : octets, upstream)
      else { return }
      let framed = bigEndian(response.count) + response
      if isStream {
        forwarder.streamReceived(framed.span, on: token, now: now)
      } else {
        forwarder.received(response.span, on: token, now: now)
      }
    case .finished, .wake, .tell: break
    }
  }

  private func respond(_ query: [UInt8], _ upstream: Upstream) -> [UInt8]? {
    guard let checked = try? Query(query.span), let name = checked.name(in: query.span) else { return nil }
    let question = "\(name.lowercased) \(checked.type)"
    // They are silent about what they do not know, and not dead: a probe, which asks for an SOA, has an answer.
    if checked.type == .soa, script["\(upstream) \(question)"] ?? script[question] == nil {
      return Self.response("REFUSED", to: query, checked)
    }
    asked.append("\(upstream) \(question)")
    return (script["\(upstream) \(question)"] ?? script[question] ?? answersAllElse).map {
      Self.response($0, to: query, checked)
    }
  }

  /// A response from its text, its records uncompressed.
  private static func response(_ text: String, to query: [UInt8], _ checked: Query) -> [UInt8] {
    let lines = text.split(separator: "\n").map { String($0) }
    let words = lines[0].split(separator: " ").map { String($0) }
    let codes: [ResponseCode] = [.noError, .serverFailure, .nameError, .refused, .nameTooLong, .notImplemented]
    var flags: UInt16 = 0x8180 | (codes.first { $0.mnemonic == words[0] }?.rawValue ?? 0)
    if words.contains("ad") { flags |= Flags.authenticData.rawValue }
    if words.contains("tc") { flags |= Flags.truncated.rawValue }
    let mark = "authority: "
    let answer = lines.dropFirst().filter { !$0.hasPrefix(mark) }.flatMap(record)
    let authority = lines.filter { $0.hasPrefix(mark) }.flatMap { record(String($0.dropFirst(mark.count))) }
    var message = RawMessage(
      id: checked.id, flags: flags, counts: [1, answer.count, authority.count, checked.edns == nil ? 0 : 1]
    ).adding(Array(query[Header.length..<checked.questionEnd]))
    for record in answer + authority {
      message = message.record(record.owner.wire, record.type, record.data, ttl: record.ttlSeconds)
    }
    return (checked.edns == nil ? message : message.opt()).octets
  }

  private static func record(_ line: String) -> [ResourceRecord] {
    let parsed = MasterFile.parse(Array(line.utf8), file: "script", origin: .root)
    precondition(parsed.problems.isEmpty, "the test's own record: \(parsed.problems)")
    return parsed.records.map(\.record)
  }
}
