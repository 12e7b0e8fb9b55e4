import Forwarding
import Wire
import Workspaces
import Zones

/// How a chain over zones and upstreams ends.
enum ChainEnd {
  /// The answer is written; the error, if any, goes with it.
  case complete(ExtendedError?)
  case overflow
  /// A hop is on its way.
  case waiting
  case failed(ExtendedError)
  /// What is needed is not here, and recursion was not asked for.
  case refused(ExtendedError)
}

/// What is known of a hop.
enum HopResult {
  case known(ForwardResult)
  case end(ChainEnd)
}

/// Where a hop leads.
enum HopEnd {
  case end(ChainEnd)
  /// The chain goes on at this name; in an answer's chain it is the last target that was written.
  case goOn(Name)
}

/// One question's way over both the zones and the forwarding.
///
/// Every hop enters the zones again, then the longest matching rule: a private zone wins over whatever an upstream
/// says of its names, and a target outside a rule's zone is asked by its own rule.
struct ForwardChain: ~Escapable {
  let resolution: Resolution
  let workspace: Workspace
  var walk: ZoneWalk
  var hashes: NameHashes
  /// The upstream's part of the answer, when only one answer had a part and what comes before it is the zones'.
  private(set) var keepable: AnswerMemo.UpstreamPart?
  /// True once a hop was taken over the border and the chain went on.
  private var hasGoneOn = false
  /// The first link whose name was met outside of the zones.
  var link: String?
  /// The name that was asked of an upstream last, and by which rule, while nothing was answered from a zone after it.
  private(set) var lastAsked: (name: Name, rule: ForwardRule)?
  /// True when the chain ends at another server's zone.
  private(set) var isDelegated = false
  /// True once anything was answered from a zone or by more than one upstream's answer: AD cannot be passed on then.
  private var isComposed = false

  @_lifetime(copy walk)
  init(resolution: Resolution, workspace: Workspace, walk: consuming ZoneWalk, hashes: NameHashes) {
    self.resolution = resolution
    self.workspace = workspace
    self.walk = walk
    self.hashes = hashes
  }

  /// Goes from the question's name to the end of its chain.
  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  mutating func run(_ source: inout some HopSource, _ writer: inout MessageWriter) -> ChainEnd {
    let end = go(&source, &writer)
    return workspace.guards.isEmpty ? end : judged(end, &source, writer)
  }

  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  private mutating func go(_ source: inout some HopSource, _ writer: inout MessageWriter) -> ChainEnd {
    var name = resolution.name
    var owner = Query.nameOffset
    // Each turn writes at least one hop or ends, and hops are bounded.
    for _ in 0...(2 * ZoneWalk.maximumHops) {
      switch walk.answer(name.wire.span, at: owner, &hashes, &writer) {
      case .complete:
        lastAsked = nil
        return .complete(nil)
      case .overflow: return .overflow
      case .closed(let node): return .failed(Complaints.closed(node, walk, workspace))
      case .delegated:
        isDelegated = true
        return .complete(Complaints.delegated)
      case .chainTooLong: return .failed(Complaints.chainTooLong)
      case .alias(let at, let node): return answerAlias(at: at, node, &source, &writer)
      case .leaves(let at):
        if at != owner {
          isComposed = true
          guard let target = writer.name(at: at) else { return .failed(Complaints.chainTooLong) }
          name = target
          owner = at
        }
        if let end = noteLink(of: name) { return end }
        switch forward(name, owner, &source, &writer) {
        case .end(let end): return end
        case .goOn(let target):
          name = target
          owner = writer.lastTargetOffset
          isComposed = true
          (keepable, hasGoneOn) = (nil, true)
        }
      }
    }
    return .failed(Complaints.chainTooLong)
  }

  /// Takes one answer's part of the chain.
  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  private mutating func forward(
    _ name: Name, _ owner: Int, _ source: inout some HopSource, _ writer: inout MessageWriter
  ) -> HopEnd {
    guard let rule = workspace.rules.match(name) else {
      return .end(.failed(Complaints.noRule(workspace.name, name)))
    }
    let result: ForwardResult
    switch self.result(for: name, resolution.query.type, rule, &source) {
    case .end(let end): return .end(end)
    case .known(let known): result = known
    }
    switch result {
    case .failure(let failure):
      return .end(.failed(failure.error))
    case .closed:
      return .end(answerClosed(name, owner, rule, &writer))
    case .answer(let answer):
      keepable = hasGoneOn ? nil : .init(start: writer.count, answer: answer)
      // What is known of a name above is not the upstream's answer to this question (RFC 8020), so its AD is not either.
      let isOwn = answer.hopCount > 0 || answer.chainEnd.wire.count == name.wire.count
      return append(answer, to: name, owner, rule, .aged(source.now), nil, keepsAD: isOwn, &writer)
    case .stale(let answer, let error):
      return append(answer, to: name, owner, rule, .stale, error, keepsAD: false, &writer)
    }
  }

  /// Answers for a zone that nobody is asked about: there is no such name, but for `localhost` (RFC 6761 §6.3) and
  /// `resolver.arpa` (RFC 9462 §6.4).
  @_lifetime(writer: copy writer)
  private func answerClosed(
    _ name: Name, _ owner: Int, _ rule: ForwardRule, _ writer: inout MessageWriter
  ) -> ChainEnd {
    var complaint: ExtendedError?
    if let localhost = SpecialNames.localhost, name.isSubdomain(of: localhost) {
      let loopback: IPAddress = resolution.query.type == .aaaa ? .v6(1) : .v4(0x7f00_0001)
      if resolution.query.type == loopback.recordType {
        let fits = writer.append(
          name, loopback.recordType, .internet, ttl: ClosedZone.ttlSeconds, data: loopback.octets.span, to: .answer)
        return fits ? .complete(nil) : .overflow
      }
    } else {
      let isThere = SpecialNames.resolver.map { name.isSubdomain(of: $0) } ?? false
      if !isThere { writer.set(.nameError) }
      complaint = Complaints.closed(rule, workspace.name)
    }
    // With an SOA the client may keep it (RFC 2308 §5): search lists ask for such names again and again.
    let fits = writer.append(
      rule.zone, .soa, .internet, ttl: ClosedZone.ttlSeconds, data: ClosedZone.soa.span, to: .authority)
    return fits ? .complete(complaint) : .overflow
  }

  /// What is known of a hop, asking for it if need be.
  @_lifetime(self: copy self)
  mutating func result(
    for name: Name, _ type: RecordType, _ rule: ForwardRule, _ source: inout some HopSource
  ) -> HopResult {
    let query = resolution.query
    lastAsked = (name, rule)
    let question = ForwardQuestion(
      name: name, type: type, dnssecOK: query.edns?.dnssecOK ?? false,
      checkingDisabled: query.flags.contains(.checkingDisabled), rule: rule)
    if let known = resolution.learned.first(where: { $0.question == question }) {
      return .known(known.result)
    }
    guard query.wantsRecursion else {
      return source.known(question).map { .known($0) } ?? .end(.refused(Complaints.notHeld(workspace.name)))
    }
    guard resolution.queriesLeft > 0 else {
      return .known(.failure(ForwardFailure(.overload, Complaints.queriesSpent(at: name))))
    }
    switch source.ask(question, queries: resolution.queriesLeft) {
    case .done(let result):
      resolution.learned.append((question, result))
      return .known(result)
    case .pending:
      resolution.waiting = question
      return .end(.waiting)
    }
  }

  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  private mutating func append(
    _ answer: UpstreamAnswer, to name: Name, _ owner: Int, _ rule: ForwardRule, _ ttl: AnswerTTL,
    _ error: ExtendedError?, keepsAD: Bool, _ writer: inout MessageWriter
  ) -> HopEnd {
    var hops = answer.hopCount
    var next: Name? = answer.ending == .elsewhere ? answer.chainEnd : nil
    for hop in 0..<answer.hopCount {
      guard let target = answer.target(ofHop: hop) else { break }
      walk.hops += 1
      guard walk.hops <= ZoneWalk.maximumHops else { return .end(.failed(Complaints.chainTooLong)) }
      if belongsElsewhere(target, rule) {
        hops = hop + 1
        next = target
        break
      }
    }
    guard answer.append(hops: 0..<hops, to: &writer, ttl: ttl, firstOwner: owner) else { return .end(.overflow) }
    if let next { return .goOn(next) }
    guard answer.appendAuthority(to: &writer, ttl: ttl) else { return .end(.overflow) }
    // That there is no such name would be said of all names below it, too (RFC 8020), which the zones hold.
    let isOverruled = answer.code == .nameError && existsHere(hops == 0 ? name : answer.chainEnd)
    writer.set(isOverruled ? .noError : answer.code)
    let query = resolution.query
    let wantsAD = query.flags.contains(.authenticData) || query.edns?.dnssecOK == true
    if answer.isAuthenticated, keepsAD, !isComposed, !isOverruled, wantsAD { writer.flags.insert(.authenticData) }
    return .end(.complete(error))
  }

  /// True when a zone has a name, be it without records of the type that is asked for.
  private mutating func existsHere(_ name: Name) -> Bool {
    hashes.fill(name.wire.span, seed: walk.image.seed)
    return walk.image.lookup(name.wire.span, hashes).outcome == .exact
  }

  /// True when a private zone or another rule has the say over a name.
  mutating func belongsElsewhere(_ target: Name, _ rule: ForwardRule) -> Bool {
    hashes.fill(target.wire.span, seed: walk.image.seed)
    return walk.holds(walk.image.lookup(target.wire.span, hashes)) || workspace.rules.match(target) != rule
      || workspace.guards.entry(for: target) != nil
  }
}

/// What the negative answers of closed rules say of their zone.
private enum ClosedZone {
  /// How long they hold: a rule may be opened at any time.
  static let ttlSeconds: UInt32 = 60

  static let soa = StartOfAuthority(
    primary: name("ns.backroad.invalid"), mailbox: name("nobody.invalid"), serial: 1, refreshSeconds: 3600,
    retrySeconds: 600, expireSeconds: 86_400, minimumSeconds: ttlSeconds
  ).data

  private static func name(_ text: String) -> Name { (try? Name(text)) ?? .root }
}
