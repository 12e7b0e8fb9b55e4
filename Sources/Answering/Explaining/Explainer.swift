import Forwarding
import Text
import Wire
import Workspaces
import Zones

/// What `explain` is asked.
public struct ExplainRequest: Sendable {
  /// Who asks.
  public enum Asker: Sendable {
    /// A client, as the server would see its query: its address, and what it shows beside it.
    case client(IPAddress, token: [UInt8]?, listener: SocketAddress?)
    /// Whoever is of a workspace, by its index in the snapshot.
    case workspace(Int)
  }

  /// Who asks.
  public let asker: Asker
  /// The question's name.
  public let name: Name
  /// What is asked for.
  public let type: RecordType

  /// Takes the parts.
  public init(_ asker: Asker, _ name: Name, _ type: RecordType) {
    self.asker = asker
    self.name = name
    self.type = type
  }
}

/// What is so beside what is served, and is told where it matters.
public struct ExplainSurroundings {
  /// What upstreams do that are known to be down, for a person; asked for when one would be asked.
  public var troubles: () -> [Upstream: String] = { [:] }
  /// Workspaces whose files have errors.
  public var broken: Set<WorkspaceName> = []
  /// True for the address of a load balancer, which must say of each client who it is.
  public var isLoadBalancer: (IPAddress) -> Bool = { _ in false }

  /// Nothing in particular.
  public init() {}
}

/// Tells why a question gets its answer, by answering it: with the responder, the zones, the rules and the cache that
/// clients' questions go through, on a copy of the responder and without a trace in the cache. No upstream is asked.
public struct Explainer {
  private let snapshot: Snapshot
  private let cache: AnswerCache
  private let settings: ForwardSettings
  private let now: Instant
  private let surroundings: ExplainSurroundings
  private var responder: Responder

  /// - Parameters:
  ///   - settings: as the workers' forwarders have them.
  ///   - responder: as the workers have it.
  public init(
    snapshot: Snapshot, cache: AnswerCache, settings: ForwardSettings = ForwardSettings(), responder: Responder,
    now: Instant, surroundings: ExplainSurroundings = ExplainSurroundings()
  ) {
    self.snapshot = snapshot
    self.cache = cache
    self.settings = settings
    self.responder = responder
    self.now = now
    self.surroundings = surroundings
  }

  /// Answers a question, and tells how it came to the answer.
  public mutating func explain(_ request: ExplainRequest) -> Explanation {
    // A new one each time: one that remembers answers would give them again without going their way.
    responder = Responder(identity: responder.identity, tokenOption: responder.tokenOption)
    responder.moment = Moment(now: now)
    if case .client(let client, _, _) = request.asker, surroundings.isLoadBalancer(client) {
      return Explanation(steps: [loadBalancerStep(client)], outcome: .silence)
    }
    var option: (code: UInt16, data: [UInt8])?
    if case .client(_, let token?, _) = request.asker { option = (responder.tokenOption, token) }
    let message = ClientQuery.message(id: 0, request.name, request.type, option: option)
    guard let query = try? Query(message.span) else { return Explanation(steps: [], outcome: .silence) }
    let who = decide(request, query, message)
    var steps = [who.step]
    var hops = KnownHops(cache: cache, settings: settings, now: now)
    let way = go(request, query, message, who.decision, &hops)
    if let decision = who.decision { steps += waySteps(request, decision, way, hops.asked) }
    switch way.end {
    case .silence: return Explanation(steps: steps, outcome: .silence)
    case .answer: return Explanation(steps: steps, outcome: way.message.map { .answer($0) } ?? .silence)
    case .asks(let question):
      let (step, outcome) = next(question, hops.asked.last?.known)
      return Explanation(steps: steps + [step], outcome: outcome)
    }
  }

  // MARK: Who

  private func asking(_ client: IPAddress, _ listener: SocketAddress?) -> Asking {
    Asking(client: client, listener: listener, leasedTo: snapshot.leases.workspace(of: client, at: now))
  }

  private func decide(
    _ request: ExplainRequest, _ query: Query, _ message: [UInt8]
  ) -> (decision: Decision?, step: Explanation.Step) {
    switch request.asker {
    case .workspace(let index):
      let name = snapshot.workspaces[index].name
      let step = Explanation.Step(
        topic: .who, text: "taken for a client of workspace \(name)" + remark(on: name),
        facts: [("workspace", .string("\(name)"))] + facts(of: name))
      return (Decision(workspace: index, shown: [], clientEntry: nil), step)
    case .client(let client, _, let listener):
      switch responder.whoAsks(query, message.span, asking(client, listener), in: snapshot) {
      case .success(let decision): return (decision, whoStep(client, decision))
      case .failure(let end): return (nil, refusalStep(client, end))
      }
    }
  }

  private func whoStep(_ client: IPAddress, _ decision: Decision) -> Explanation.Step {
    let workspace = snapshot.workspaces[decision.workspace]
    let name = workspace.name
    let prefix = decision.clientEntry.map { snapshot.clients.entry(at: $0).prefix }
    let zone = prefix.flatMap { prefix in workspace.clients.first { $0.prefix == prefix }?.zone }
    var reasons = decision.shown.all.map { $0.phrase }
    if let prefix, decision.shown.contains(BasisSet(.clients)), !reasons.isEmpty {
      reasons[reasons.count - 1] =
        "the longest client prefix that holds it, \(prefix)"
        + (zone.map { ", in the availability zone \($0), whose addresses it is given first" } ?? "")
    }
    return Explanation.Step(
      topic: .who,
      text: "\(client) is a client of workspace \(name), by \(reasons.joined(separator: " and "))" + remark(on: name),
      facts: [
        ("workspace", .string("\(name)")), ("by", .array(decision.shown.all.map { .string($0.word) })),
        ("prefix", prefix.map { .string("\($0)") } ?? nil),
      ] + (zone.map { [("zone", .string($0))] } ?? []) + facts(of: name))
  }

  /// What a person must know who wonders why a change of the workspace's files has no effect.
  private func remark(on name: WorkspaceName) -> String {
    guard surroundings.broken.contains(name) else { return "" }
    return "; its files have errors, and it is served as it was before: run backroad check"
  }

  private func facts(of name: WorkspaceName) -> [(String, JSON)] {
    surroundings.broken.contains(name) ? [("broken", JSON(.bool(true)))] : []
  }

  /// Why nobody has it may be that whoever has it is not served.
  private var unservedRemark: String {
    let count = surroundings.broken.count { snapshot.workspaces.slot(of: $0) == nil }
    guard count > 0 else { return "" }
    let whose =
      count == 1
      ? "1 workspace is not served because its files have errors"
      : "\(count) workspaces are not served because their files have errors"
    return "; \(whose): run backroad check"
  }

  private func loadBalancerStep(_ client: IPAddress) -> Explanation.Step {
    Explanation.Step(
      topic: .who,
      text: """
        \(client) is listed as a load balancer (--proxy): what it sends must begin with a PROXY protocol header of version \
        2, which says who the client is, and is dropped without one; explain that client
        """, facts: [("workspace", nil), ("loadBalancer", JSON(.bool(true)))])
  }

  /// For an administrator, who may know what a client is not told: which workspaces disagree.
  private func refusalStep(_ client: IPAddress, _ end: Responder.AskingEnd) -> Explanation.Step {
    let why =
      switch end {
      case .tokenTwice: "the query has two tokens"
      case .refused(.nobodys): "no workspace has it: add it to the clients of one, or lease it" + unservedRemark
      case .refused(.unknownToken): "no workspace has the token"
      case .refused(.disputed(let basis)): "two workspaces claim \(basis.phrase): run backroad check"
      case .refused(.missing(let basis)): "its workspace requires \(basis.phrase), which the query does not show"
      case .refused(.violation(let first, let second)):
        "\(first.basis.phrase) is of workspace \(snapshot.workspaces[first.workspace].name), and "
          + "\(second.basis.phrase) of workspace \(snapshot.workspaces[second.workspace].name)"
      }
    return Explanation.Step(
      topic: .who, text: "\(client) is refused: \(why)", facts: [("workspace", nil)])
  }

  // MARK: The way

  /// How far the answering came, and the message as far as it is written.
  private struct Way {
    enum End {
      case answer
      case silence
      case asks(ForwardQuestion)
    }
    var end: End
    var message: MessageListing?
  }

  /// Answers as a worker does, over TCP so that nothing is cut off.
  private mutating func go(
    _ request: ExplainRequest, _ query: Query, _ message: [UInt8], _ decision: Decision?, _ hops: inout KnownHops
  ) -> Way {
    var buffer = [UInt8](repeating: 0, count: 65_535)
    let limit = buffer.count
    // What an answer costs is bounded whatever the seed; only how well its names are compressed is not.
    let names = CompressionMemory(seed: .known)
    var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
    let client: SocketAddress
    let response: Response
    switch request.asker {
    case .client(let address, _, let listener):
      client = SocketAddress(address, port: 53)
      response = responder.respond(
        to: message.span, from: client, at: listener, via: .tcp, in: snapshot, &writer)
    case .workspace:
      client = SocketAddress(.v4(0), port: 53)
      guard let decision, Responder.start(query, message.span, .tcp, &writer) else {
        return Way(end: .silence, message: nil)
      }
      response = responder.answer(query, message.span, client, .tcp, decision, snapshot, &writer)
    }
    switch response {
    case .none: return Way(end: .silence, message: nil)
    case .ready: return Way(end: .answer, message: try? MessageListing(writer.message))
    case .resolve(let query, let decision):
      guard
        let resolution = Resolution(query, message.span, from: client, via: .tcp, decision, in: snapshot)
      else { return Way(end: .silence, message: nil) }
      var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
      let step = responder.run(resolution, in: snapshot, &hops, &writer)
      let listing = try? MessageListing(writer.message)
      guard step == .waiting, let question = resolution.waiting else { return Way(end: .answer, message: listing) }
      return Way(end: .asks(question), message: listing)
    }
  }

  /// Tells of each name on the way: what the zones say of it, and what was known of it from before.
  private mutating func waySteps(
    _ request: ExplainRequest, _ decision: Decision, _ way: Way, _ asked: [KnownHops.Asked]
  ) -> [Explanation.Step] {
    guard request.type.isAskable else { return [] }
    var names = way.message?.chain(from: request.name) ?? [request.name.lowercased]
    // A failure takes the chain out of the message, and an ALIAS never puts its target there.
    for hop in asked where !names.contains(hop.question.name) { names.append(hop.question.name) }
    var steps: [Explanation.Step] = []
    for name in names {
      steps.append(responder.zoneStep(name, request.type, decision.workspace, snapshot))
      for hop in asked where hop.question.name == name { steps += hop.steps(now) }
    }
    return steps
  }

  /// What would be done now, and how that ends as far as it is known.
  private func next(
    _ question: ForwardQuestion, _ known: HopKnowledge?
  ) -> (step: Explanation.Step, outcome: Explanation.Outcome) {
    let upstreams = question.rule.upstreams.map { "\($0)" }.joined(separator: ", ")
    var text = "\(upstreams) would be asked for \(question.name) \(question.type)"
    let troubles = surroundings.troubles()
    let down = question.rule.upstreams.compactMap { upstream in troubles[upstream].map { "\(upstream) \($0)" } }
    let allAreDown = down.count == question.rule.upstreams.count
    if !down.isEmpty { text += "; " + down.joined(separator: ", ") }
    var isStale = false
    if case .unknown(.some) = known { isStale = true }
    if isStale {
      text += allAreDown ? "; the client gets" : "; if they do not answer, the client gets"
      text += " the answer past its TTL"
    } else if allAreDown {
      text += "; the client gets SERVFAIL at once"
    }
    let step = Explanation.Step(topic: .next, text: text, facts: [("name", .string("\(question.name)"))])
    guard allAreDown else { return (step, .asks(question)) }
    return (step, isStale ? .staleAnswer(question) : .failure(question))
  }
}

/// Gives a question's way what is known already, and asks nobody.
struct KnownHops: HopSource {
  /// A hop that was asked for, and what is known of it.
  struct Asked {
    let question: ForwardQuestion
    let known: HopKnowledge
  }

  let cache: AnswerCache
  let settings: ForwardSettings
  let now: Instant
  var asked: [Asked] = []

  mutating func ask(_ question: ForwardQuestion, queries: Int) -> ForwardOutcome {
    let known = cache.knowledge(of: question, settings: settings, now: now)
    asked.append(Asked(question: question, known: known))
    return known.result.map { .done($0) } ?? .pending
  }

  mutating func known(_ question: ForwardQuestion) -> ForwardResult? {
    cache.knowledge(of: question, settings: settings, now: now).result
  }
}
