import Bounds
import Forwarding
import Wire
import Workspaces
import Zones

/// A client's question that cannot be answered from the zones alone, while it waits for upstreams.
///
/// Whenever something arrives the whole way is gone again from the question's name, with what has arrived at hand: no
/// half-done state is kept, and what is sent is always one consistent answer of one snapshot.
public final class Resolution {
  /// The client's message.
  let message: [UInt8]
  /// The question's name.
  let name: Name
  /// The question, read and checked.
  public let query: Query
  /// How it came, and how the answer goes.
  public let transport: Transport
  /// Who asked.
  public let client: SocketAddress
  /// Whose question it is, in the snapshot of the time when the message came.
  public let decision: Decision
  /// The workspace was decided when the message came, and is found again by its slot in a later snapshot.
  public let workspace: WorkspaceSlot
  /// What this question has learned, hop by hop; also what no cache keeps.
  var learned: [(question: ForwardQuestion, result: ForwardResult)] = []
  /// How many queries to upstreams it may still cost, over all its hops; only ever less.
  public private(set) var queriesLeft = Limits.Forwarding.queriesOfQuestion

  /// Keeps what is needed to answer later; nil for a message that is not the query's.
  public init?(
    _ query: Query, _ message: Span<UInt8>, from client: SocketAddress, via transport: Transport, _ decision: Decision,
    in snapshot: Snapshot
  ) {
    guard let name = query.name(in: message) else { return nil }
    self.name = name
    self.query = query
    self.message = message.array
    self.transport = transport
    self.client = client
    self.decision = decision
    workspace = snapshot.workspaces.slot(decision.workspace)
  }

  /// Takes the result of the hop that was waited for.
  ///
  /// - Parameter queries: how many were sent to upstreams for it, on whoever's account.
  public func learn(_ result: ForwardResult, queries: Int) {
    guard let waiting else { return }
    queriesLeft = max(0, queriesLeft - queries)
    learned.append((waiting, result))
    self.waiting = nil
  }

  /// The hop that is waited for.
  var waiting: ForwardQuestion?
}

/// What a resolution may use beside the snapshot.
public protocol HopSource {
  /// Asks for one hop, at the cost of so many queries to upstreams at most; `pending` means that `Resolution.learn`
  /// will be called with the result.
  mutating func ask(_ question: ForwardQuestion, queries: Int) -> ForwardOutcome
  /// What is known of a hop without asking anybody, for questions that do not want recursion; nil for nothing.
  mutating func known(_ question: ForwardQuestion) -> ForwardResult?
  /// The time of this step.
  var now: Instant { get }
}

/// How far a step of a resolution came.
public enum ResolutionStep: Sendable {
  /// The answer is in the writer.
  case ready
  /// A hop is on its way.
  case waiting
}

extension Responder {
  /// Ends a question whose time ran out before its hops came: SERVFAIL, and a text that says why.
  @_lifetime(writer: copy writer)
  public func giveUp(_ resolution: Resolution, _ writer: inout MessageWriter) {
    let message = resolution.message
    guard Self.start(resolution.query, message.span, resolution.transport, &writer) else { return }
    writer.flags.insert(.recursionAvailable)
    _ = fail(resolution.query, Complaints.tooLate, &writer)
  }

  /// Goes the whole way of a question, as far as what is known leads.
  ///
  /// - Parameter writer: empty, as large as the transport's longest answer.
  @_lifetime(writer: copy writer)
  public mutating func run(
    _ resolution: Resolution, in snapshot: Snapshot, _ source: inout some HopSource, _ writer: inout MessageWriter
  ) -> ResolutionStep {
    let query = resolution.query
    let message = resolution.message
    guard Self.start(query, message.span, resolution.transport, &writer) else { return .ready }
    writer.flags.insert(.recursionAvailable)
    guard let workspace = snapshot.workspaces[resolution.workspace] else {
      _ = fail(query, Complaints.workspaceGone, &writer)
      return .ready
    }
    let images = snapshot.images
    var chain = ForwardChain(
      resolution: resolution, workspace: workspace,
      walk: ZoneWalk(images.view(at: resolution.workspace.number), type: query.type), hashes: hashes)
    let end = chain.run(&source, &writer)
    hashes = chain.hashes
    switch end {
    case .waiting: return .waiting
    case .complete(let error):
      if error == nil, let part = chain.keepable {
        keep(resolution, part, Moment(now: source.now, cacheEpoch: moment.cacheEpoch), in: snapshot, &writer)
      }
      _ = finish(query, nil, error, &writer)
    case .overflow: _ = overflow(query, resolution.transport, &writer)
    case .failed(let error): _ = fail(query, error, &writer)
    case .refused(let error): _ = refuse(query, error, &writer)
    }
    return .ready
  }

  /// Keeps an answer for those who ask the same while it holds.
  @_lifetime(writer: copy writer)
  private mutating func keep(
    _ resolution: Resolution, _ part: AnswerMemo.UpstreamPart, _ moment: Moment, in snapshot: Snapshot,
    _ writer: inout MessageWriter
  ) {
    let message = resolution.message
    let query = resolution.query
    guard query.wantsRecursion else { return }
    let key = AnswerMemo.Key(generation: snapshot.images.generation(at: resolution.workspace.number), query)
    let name = message.span.extracting(Query.nameOffset..<(Query.nameOffset + query.nameLength))
    memo.keep(key, name, writer.message, part, moment)
  }
}
