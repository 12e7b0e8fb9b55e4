import Forwarding
import SystemIO
import Wire
import Workspaces

/// A client's TCP connection: what came and is not answered yet, and what the client has not read yet.
final class TCPConnection {
  let number: UInt64
  let socket: Socket
  /// Who made the connection.
  let peer: SocketAddress
  /// The address of ours that it was made to.
  let listener: SocketAddress
  /// Who asks: the peer, or whom the load balancer names that the peer is.
  private(set) var client: SocketAddress
  /// True until the load balancer has said who asks.
  private(set) var awaitsProxyHeader: Bool
  /// Nothing that came was taken yet.
  private var isAtBeginning = true
  /// Octets that came, without what was answered already.
  private(set) var received = OctetQueue()
  /// Answers with their lengths that the socket has not taken.
  private(set) var unsent = OctetQueue()
  /// Its questions that wait for upstreams.
  private(set) var waiting: Set<Ticket> = []
  /// When a workspace's query last came whole, or answers to one were last taken: what idleness is counted from. Who asks
  /// and is nobody's client is idle all the time.
  private(set) var lastUse: Instant
  /// On whose account it is; nil for nobody's clients.
  var account: ConnectionTable.Account?
  /// The slot of the account's workspace: while it is held, the number is nobody else's.
  var slot: WorkspaceSlot?
  /// Results for its questions that have no answer yet: they are written when the client has read enough.
  private var results: [UpstreamResult] = []
  /// What the poller has said since its last turn.
  private var events: Poller.Events = []
  /// True when a workspace's query came, or answers to one were taken, since `endTurn`.
  private var wasUsed = false
  /// The client has closed its side: what is in flight is sent, and then the connection ends.
  private(set) var isHalfClosed = false
  /// What the poller waits for now.
  var awaited: Poller.Events = .readable

  /// - Parameter isBehindProxy: the peer is a load balancer, which says first who asks.
  init(
    number: UInt64, _ socket: consuming Socket, peer: SocketAddress, listener: SocketAddress, isBehindProxy: Bool,
    now: Instant
  ) {
    self.number = number
    self.socket = socket
    self.peer = peer
    self.listener = listener
    client = peer
    awaitsProxyHeader = isBehindProxy
    lastUse = now
  }

  // MARK: What comes

  /// Something happened on the socket.
  func note(_ events: Poller.Events) { self.events.formUnion(events) }

  /// What happened since its last turn.
  func takeEvents() -> Poller.Events {
    defer { events = [] }
    return events
  }

  /// Reads once, as much as the buffer takes.
  func receive(_ buffer: inout [UInt8]) throws(SystemError) {
    guard let count = try socket.descriptor.read(into: &buffer) else { return }
    if count == 0 { isHalfClosed = true } else { received.append(buffer[..<count]) }
  }

  /// The next whole message, counted from the first octet of `received`; nil when none has come whole.
  func nextMessage(after offset: Int = 0) -> Range<Int>? {
    awaitsProxyHeader ? nil : received.nextMessage(after: offset)
  }

  /// Forgets the first octets that came: they are answered.
  func answered(octets count: Int) {
    if count > 0 { isAtBeginning = false }
    received.removeFirst(count)
  }

  /// A workspace's query came on it, or answers to one were taken.
  func use(now: Instant) {
    lastUse = now
    wasUsed = true
  }

  /// Ends a turn.
  ///
  /// - Returns: true when it was used since the last one.
  func endTurn() -> Bool {
    defer { wasUsed = false }
    return wasUsed
  }

  /// Takes the header that a load balancer's connection starts with, once it has come whole.
  ///
  /// - Returns: false when there is none, which ends the connection.
  func takeProxyHeader() -> Bool {
    guard awaitsProxyHeader else { return true }
    switch ProxyHeader.read(received.waiting.span) {
    case .malformed: return false
    case .incomplete: return true
    case .header(let header):
      client = header.client ?? peer
      answered(octets: header.length)
      awaitsProxyHeader = false
      return true
    }
  }

  /// True for one that begins with a load balancer's header, and is no load balancer's.
  var hasUnlistedHeader: Bool { isAtBeginning && !awaitsProxyHeader && ProxyHeader.begins(received.waiting.span) }

  // MARK: What goes

  /// Puts an answer behind those that wait.
  func append(_ answer: Span<UInt8>) { unsent.append(message: answer) }

  /// Hands the socket what it takes.
  func flush(now: Instant) throws(SystemError) {
    while !unsent.isEmpty, let count = try socket.descriptor.write(unsent.waiting) {
      unsent.removeFirst(count)
      if account != nil { use(now: now) }
    }
  }

  /// A question of it waits.
  func wait(for ticket: Ticket) { waiting.insert(ticket) }

  /// A question of it waits no more.
  func endWait(for ticket: Ticket) { waiting.remove(ticket) }

  /// A result has come for a question of it.
  func take(_ result: UpstreamResult) { results.append(result) }

  /// True when a result waits for its answer to be written.
  var hasResult: Bool { !results.isEmpty }

  /// The result that has waited longest; there are at most as many as questions may wait.
  func nextResult() -> UpstreamResult? { results.isEmpty ? nil : results.removeFirst() }

  /// True when an answer is being made for it, or sent to it.
  var isBusy: Bool { !waiting.isEmpty || !unsent.isEmpty }

  /// True when the client sends nothing more, and has all that it asked for.
  var isDone: Bool { isHalfClosed && waiting.isEmpty && unsent.isEmpty && nextMessage() == nil }
}
