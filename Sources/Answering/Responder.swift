import Forwarding
import Wire
import Workspaces
import Zones

/// How a message came.
public enum Transport: Sendable {
  case udp
  case tcp
}

/// What became of a message.
public enum Response: Sendable {
  /// The answer is in the writer.
  case ready
  /// There is no answer, not even an error: answering would make loops, or help nobody.
  case none
  /// The answer needs what is not held here: make a `Resolution` of the query and run it.
  case resolve(Query, Decision)
}

/// When a message is answered.
public struct Moment: Sendable {
  /// The worker's clock.
  public var now: Instant
  /// The cache's: what was made of it in another epoch is not given again.
  public var cacheEpoch: UInt64

  /// Takes both.
  public init(now: Instant = Instant(nanoseconds: 0), cacheEpoch: UInt64 = 0) {
    self.now = now
    self.cacheEpoch = cacheEpoch
  }
}

/// Answers messages: a query's way from octets to octets, as far as it needs nobody else.
///
/// One for each worker; it holds the worker's scratch space. An answer from the zones allocates nothing.
public struct Responder: Sendable {
  /// What the server says of itself.
  public let identity: ServerIdentity
  /// The time, and the state of the cache, when the messages come that are handed in next.
  public var moment = Moment()
  /// The EDNS option that carries a token.
  public let tokenOption: UInt16
  /// The slot, in the snapshot that was handed in, of the workspace that the last message was a query of; nil when it
  /// was nobody's.
  public private(set) var lastWorkspace: Int?
  /// The queries that were nobody's.
  public internal(set) var refusals = AskRefusals()
  var explanations: ExplanationAllowance
  var hashes = NameHashes()
  var memo = AnswerMemo()

  /// How many answers of upstreams were given again without going their whole way.
  public var recalledCount: UInt64 { memo.hits }

  /// The EDNS option that carries a token unless another is chosen: one of those for local use (RFC 6891 §9).
  public static let defaultTokenOption: UInt16 = 65_314

  /// Starts with empty scratch space.
  public init(
    identity: ServerIdentity, tokenOption: UInt16 = Responder.defaultTokenOption,
    explanations: ExplanationAllowance = ExplanationAllowance()
  ) {
    self.identity = identity
    self.tokenOption = tokenOption
    self.explanations = explanations
  }

  /// Answers a message as far as the snapshot's zones go.
  ///
  /// - Parameters:
  ///   - message: whatever came; nothing is assumed of it.
  ///   - client: who sent it: the true client, where a load balancer tells of it.
  ///   - listener: the address of ours that it came to; nil when that is not known.
  ///   - writer: empty, as large as the transport's longest answer.
  @_lifetime(writer: copy writer)
  public mutating func respond(
    to message: Span<UInt8>, from client: SocketAddress, at listener: SocketAddress? = nil,
    via transport: Transport, in snapshot: Snapshot, _ writer: inout MessageWriter
  ) -> Response {
    lastWorkspace = nil
    // Port 0 cannot be answered, and nobody honest sends from it.
    guard client.port != 0 else { return .none }
    let query: Query
    do throws(Query.Refusal) {
      query = try Query(message)
    } catch {
      return refuse(error, message, &writer)
    }
    guard Self.start(query, message, transport, &writer) else { return .none }
    if let edns = query.edns, edns.version != 0 { return finish(query, .badVersion, nil, &writer) }
    let asking = Asking(
      client: client.address, listener: listener,
      leasedTo: snapshot.leases.workspace(of: client.address, at: moment.now))
    let decision: Decision
    switch whoAsks(query, message, asking, in: snapshot) {
    case .success(let decided): decision = decided
    case .failure(let refusal): return refuse(query, refusal, asking, transport, snapshot, &writer)
    }
    lastWorkspace = decision.workspace
    return answer(query, message, client, transport, decision, snapshot, &writer)
  }

  /// Answers a query whose workspace is decided.
  @_lifetime(writer: copy writer)
  mutating func answer(
    _ query: Query, _ message: Span<UInt8>, _ client: SocketAddress, _ transport: Transport, _ decision: Decision,
    _ snapshot: Snapshot, _ writer: inout MessageWriter
  ) -> Response {
    guard query.class == .internet else {
      return answerOtherClass(query, message, client, decision, snapshot, &writer)
    }
    guard query.type.isAskable else { return refuseMetaType(query, &writer) }
    return answerFromZones(query, message, transport, decision, snapshot, &writer)
  }

  /// Echoes the question and sets aside room for OPT, within what the client takes.
  @_lifetime(writer: copy writer)
  static func start(
    _ query: Query, _ message: Span<UInt8>, _ transport: Transport, _ writer: inout MessageWriter
  ) -> Bool {
    if transport == .udp {
      let wanted = max(query.edns?.payloadSize ?? 0, EDNS.classicPayloadSize)
      writer.restrict(to: Int(min(wanted, EDNS.serverPayloadSize)))
    }
    guard writer.start(query, from: message) else { return false }
    if query.edns != nil { writer.reserve(MessageWriter.emptyOPTLength) }
    return true
  }

  @_lifetime(writer: copy writer)
  private mutating func answerFromZones(
    _ query: Query, _ message: Span<UInt8>, _ transport: Transport, _ decision: Decision, _ snapshot: Snapshot,
    _ writer: inout MessageWriter
  ) -> Response {
    // Whatever comes of it, whole answers are what this server gives.
    writer.flags.insert(.recursionAvailable)
    let images = snapshot.images
    var walk = ZoneWalk(images.view(at: decision.image), type: query.type)
    let name = message.extracting(Query.nameOffset...)
    switch walk.answer(name, at: Query.nameOffset, &hashes, &writer) {
    case .complete:
      return finish(query, nil, nil, &writer)
    case .overflow:
      return overflow(query, transport, &writer)
    case .delegated:
      // Whoever follows it leaves the private network.
      if let entry = snapshot.workspaces[decision.workspace].guards.entry(in: writer) {
        let complaint = entry.closure.map { Complaints.closed(entry.link, $0) } ?? Complaints.delegated(entry.link)
        return fail(query, complaint, &writer)
      }
      return finish(query, nil, Complaints.delegated, &writer)
    case .chainTooLong:
      return fail(query, Complaints.chainTooLong, &writer)
    case .closed(let node):
      return fail(query, Complaints.closed(node, walk, snapshot.workspaces[decision.workspace]), &writer)
    case .leaves(let owner) where !query.wantsRecursion:
      // Only what the zones hold: the chain so far, or nothing.
      guard owner == Query.nameOffset else { return finish(query, nil, nil, &writer) }
      let complaint = Complaints.notHeld(snapshot.workspaces[decision.workspace].name)
      return finish(query, .refused, complaint, &writer)
    case .leaves, .alias:
      let key = AnswerMemo.Key(generation: images.generation(at: decision.workspace), query)
      let question = name.extracting(0..<query.nameLength)
      return memo.recall(key, question, moment, &writer) ? finish(query, nil, nil, &writer) : .resolve(query, decision)
    }
  }

  // MARK: Refusals

  @_lifetime(writer: copy writer)
  private func refuse(
    _ refusal: Query.Refusal, _ message: Span<UInt8>, _ writer: inout MessageWriter
  ) -> Response {
    guard let header = Header(message) else { return .none }
    let code: ResponseCode
    switch refusal {
    case .ignore: return .none
    case .opcode: code = .notImplemented
    case .malformed: code = .formatError
    }
    var flags: Flags = [.response, header.flags.opcodeBits, header.flags.intersection(.recursionDesired)]
    flags.rawValue |= code.rawValue
    return writer.start(id: header.id, flags: flags) ? .ready : .none
  }

  @_lifetime(writer: copy writer)
  private func refuseMetaType(_ query: Query, _ writer: inout MessageWriter) -> Response {
    switch query.type {
    case .axfr, .ixfr: finish(query, .refused, Complaints.transfer, &writer)
    case .opt: finish(query, .formatError, nil, &writer)
    default: finish(query, .notImplemented, Complaints.metaType, &writer)
    }
  }

  /// Class CHAOS is for questions about the server; there is no other class here.
  @_lifetime(writer: copy writer)
  private func answerOtherClass(
    _ query: Query, _ message: Span<UInt8>, _ client: SocketAddress, _ decision: Decision, _ snapshot: Snapshot,
    _ writer: inout MessageWriter
  ) -> Response {
    guard query.class == .chaos else { return finish(query, .refused, Complaints.otherClass, &writer) }
    guard query.type == .txt || query.type == .any,
      let name = query.name(in: message),
      let question = ServerIdentity.question(name)
    else { return finish(query, .refused, Complaints.chaosName, &writer) }
    let strings: [String]
    switch question {
    case .version: strings = [identity.version]
    case .hostName: strings = [identity.hostName]
    case .whoAmI: strings = whoAmI(client.address, decision, snapshot)
    }
    let data = strings.flatMap { [UInt8(truncatingIfNeeded: min($0.utf8.count, 255))] + $0.utf8.prefix(255) }
    writer.flags.formUnion([.authoritative, .recursionAvailable])
    guard writer.append(name, .txt, .chaos, ttl: 0, data: data.span, to: .answer) else {
      return truncate(query, &writer)
    }
    return finish(query, nil, nil, &writer)
  }

  // MARK: Ends

  /// Sets the response code, if it is not the one that is set already, and closes the message with OPT.
  @_lifetime(writer: copy writer)
  func finish(
    _ query: Query, _ code: ResponseCode?, _ error: ExtendedError?, _ writer: inout MessageWriter
  ) -> Response {
    if let code { writer.set(code) }
    guard query.edns != nil else { return .ready }
    writer.release(MessageWriter.emptyOPTLength)
    let isSecure = query.edns?.dnssecOK ?? false
    let payload = EDNS.serverPayloadSize
    // The text is a help, not a part of the answer: without room it goes.
    if error == nil || !writer.appendOPT(payloadSize: payload, code: code ?? .noError, dnssecOK: isSecure, error: error)
    {
      _ = writer.appendOPT(payloadSize: payload, code: code ?? .noError, dnssecOK: isSecure)
    }
    return .ready
  }

  /// The answer did not fit: none of it is sent, and the client asks again over TCP (RFC 2181 §9). What does not fit
  /// there either cannot be had.
  @_lifetime(writer: copy writer)
  func overflow(_ query: Query, _ transport: Transport, _ writer: inout MessageWriter) -> Response {
    switch transport {
    case .udp: truncate(query, &writer)
    case .tcp: fail(query, Complaints.tooLarge, &writer)
    }
  }

  @_lifetime(writer: copy writer)
  private func truncate(_ query: Query, _ writer: inout MessageWriter) -> Response {
    writer.truncate(to: query.questionEnd)
    return finish(query, nil, nil, &writer)
  }

  /// There is no whole answer, so there is none: SERVFAIL, and a text that says why.
  @_lifetime(writer: copy writer)
  func fail(_ query: Query, _ error: ExtendedError, _ writer: inout MessageWriter) -> Response {
    writer.clear(to: query.questionEnd)
    writer.flags.remove(.authoritative)
    return finish(query, .serverFailure, error, &writer)
  }

  /// What is asked for is not here, and nobody is to be asked.
  @_lifetime(writer: copy writer)
  func refuse(_ query: Query, _ error: ExtendedError, _ writer: inout MessageWriter) -> Response {
    writer.clear(to: query.questionEnd)
    writer.flags.remove(.authoritative)
    return finish(query, .refused, error, &writer)
  }
}
