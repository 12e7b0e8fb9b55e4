/// One connection's way from octets to requests and from answers to octets, with its times: a state machine that is
/// handed the time and what arrived.
///
/// One request is answered at a time; while it is, nothing more is read. Times are nanoseconds of a clock that never
/// goes back.
public struct HTTPConnection: Sendable {
  /// How long things may take, in nanoseconds.
  public struct Times: Sendable {
    /// From a request's first octet to its last; also how long a client may take to read anything of an answer.
    public var request: UInt64 = 10_000_000_000
    /// Without a request.
    public var idle: UInt64 = 60_000_000_000
    /// Reading on after a refusal, so that the client sees it before the connection ends.
    public var linger: UInt64 = 1_000_000_000

    /// The usual times.
    public init() {}
  }

  private enum State {
    case reading
    /// A request was handed out.
    case answering(isHead: Bool, keepsConnection: Bool)
    /// The last answer is being sent.
    case finishing
    /// The last answer is sent; what still comes is thrown away.
    case lingering
    case closed
  }

  private let times: Times
  private var parser: HTTPRequestParser
  private var state = State.reading
  private var peerIsDone = false
  /// What is to be sent.
  public var unsent: ArraySlice<UInt8> { pending[sentCount...] }
  /// The same behind what was sent already, which goes once all is sent: nothing is moved for a client that reads slowly.
  private var pending: [UInt8] = []
  private var sentCount = 0
  /// When `expire` is to be called; nil while a request is being answered and nothing is to be sent.
  public private(set) var deadline: UInt64?
  /// When the client last did anything, to choose who makes room.
  public private(set) var lastUse: UInt64

  /// Starts at the time `now`.
  public init(limits: HTTPLimits = HTTPLimits(), times: Times = Times(), now: UInt64) {
    self.times = times
    parser = HTTPRequestParser(limits: limits)
    deadline = now + times.idle
    lastUse = now
  }

  /// True when octets are wanted.
  public var wantsToRead: Bool {
    switch state {
    case .reading, .lingering: !peerIsDone && unsent.isEmpty
    case .answering, .finishing, .closed: false
    }
  }

  /// True when the connection is to be closed.
  public var isClosed: Bool { if case .closed = state { true } else { false } }
  /// True when the sending side is to be shut, so that the client sees the end.
  public var isLingering: Bool { if case .lingering = state { true } else { false } }
  /// True while a request that was handed out is being answered.
  public var isAnswering: Bool { if case .answering = state { true } else { false } }

  /// Takes what arrived.
  public mutating func receive(_ octets: some Sequence<UInt8>, now: UInt64) {
    lastUse = now
    guard case .reading = state else { return }
    let wasInRequest = parser.isInRequest
    parser.append(octets)
    if !wasInRequest, parser.isInRequest { deadline = now + times.request }
  }

  /// The client has closed its side; what it asked before is answered.
  public mutating func receiveEnd() {
    peerIsDone = true
    if case .lingering = state { state = .closed }
  }

  /// The next request to answer; a request that is refused is answered here.
  public mutating func nextRequest(now: UInt64) -> HTTPRequest? {
    guard case .reading = state, unsent.isEmpty else { return nil }
    switch parser.next() {
    case .needsMore:
      if peerIsDone { state = .closed }
      return nil
    case .request(let request):
      state = .answering(isHead: request.method == .head, keepsConnection: request.keepsConnection)
      deadline = nil
      return request
    case .refused(let error):
      finish(error.response, now: now)
      return nil
    }
  }

  /// Answers the request that was handed out.
  public mutating func respond(_ response: HTTPResponse, now: UInt64) {
    guard case .answering(let isHead, let keepsConnection) = state else { return }
    pending += response.octets(isHead: isHead, keepsConnection: keepsConnection)
    state = keepsConnection ? .reading : .finishing
    deadline = now + times.request
  }

  /// Answers whatever came, and ends the connection.
  public mutating func finish(_ response: HTTPResponse, now: UInt64) {
    pending += response.octets(isHead: false, keepsConnection: false)
    state = .finishing
    deadline = now + times.request
  }

  /// So many octets of `unsent` were sent.
  public mutating func sent(_ count: Int, now: UInt64) {
    guard count > 0 else { return }
    sentCount = min(sentCount + min(count, pending.count), pending.count)
    if sentCount == pending.count { (pending, sentCount) = ([], 0) }
    lastUse = now
    deadline = now + times.request
    guard unsent.isEmpty else { return }
    switch state {
    case .reading:
      deadline = now + (parser.isInRequest ? times.request : times.idle)
    case .finishing:
      state = peerIsDone ? .closed : .lingering
      deadline = now + times.linger
    case .answering, .lingering, .closed: break
    }
  }

  /// Ends what took too long.
  public mutating func expire(now: UInt64) {
    guard let deadline, deadline <= now else { return }
    if case .reading = state, unsent.isEmpty, parser.isInRequest {
      finish(
        AdminError(.requestTimeout, "request-timeout", "the request did not come whole in time").response, now: now)
    } else {
      state = .closed
    }
  }
}
