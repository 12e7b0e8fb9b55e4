import Forwarding
import SystemIO
import Wire

/// A client's TCP connection: what came and is no whole query yet, and what the client has not read yet.
final class TCPConnection {
  let number: UInt64
  let socket: Socket
  /// Who made the connection.
  let peer: SocketAddress
  /// The address of ours that it was made to.
  let listener: SocketAddress
  /// Who asks: the peer, or whom the load balancer names that the peer is.
  var client: SocketAddress
  /// True until the load balancer has said who asks.
  var awaitsProxyHeader = false
  /// Octets that came, without what was answered already.
  var received: [UInt8] = []
  /// Answers with their lengths that the socket has not taken.
  var unsent: [UInt8] = []
  /// How many of its queries wait for upstreams.
  var waitingCount = 0
  /// When the last whole query came, or answers were last taken: what idleness is counted from.
  var lastUse: Instant
  /// The client has closed its side: what is in flight is sent, and then the connection ends.
  var isHalfClosed = false
  /// What the poller waits for now.
  var awaited: Poller.Events = .readable

  init(
    number: UInt64, _ socket: consuming Socket, peer: SocketAddress, listener: SocketAddress, now: Instant
  ) {
    self.number = number
    self.socket = socket
    self.peer = peer
    self.listener = listener
    client = peer
    lastUse = now
  }

  /// The next whole message, without its length; nil when none has come whole (RFC 1035 §4.2.2).
  func nextMessage(from start: Int) -> Range<Int>? {
    guard !awaitsProxyHeader, received.count >= start + 2 else { return nil }
    let length = Int(received[start]) << 8 | Int(received[start + 1])
    guard received.count >= start + 2 + length else { return nil }
    return (start + 2)..<(start + 2 + length)
  }

  /// Puts an answer behind those that wait.
  func append(_ message: Span<UInt8>) {
    unsent.append(UInt8(truncatingIfNeeded: message.count >> 8))
    unsent.append(UInt8(truncatingIfNeeded: message.count))
    for index in message.indices { unsent.append(message[index]) }
  }

  /// Hands the socket what it takes.
  func flush() throws(SystemError) {
    var sent = 0
    while sent < unsent.count, let count = try socket.descriptor.write(unsent[sent...]) { sent += count }
    unsent.removeFirst(sent)
  }
}

/// A worker's connections by number.
struct ConnectionTable {
  private var byNumber: [UInt64: TCPConnection] = [:]
  private var lastNumber: UInt64 = 0
  /// When idle connections are looked for next; nil without connections.
  private(set) var nextDeadline: Instant?

  /// How often idle connections are looked for. A connection lives this much longer at most.
  private static let checkInterval = Duration.milliseconds(500)

  var count: Int { byNumber.count }

  /// True when no connection has answers that its client has not taken.
  var hasNothingToSend: Bool { byNumber.values.allSatisfy { $0.unsent.isEmpty } }

  subscript(number: UInt64) -> TCPConnection? { byNumber[number] }

  mutating func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  mutating func add(_ connection: TCPConnection, now: Instant) {
    byNumber[connection.number] = connection
    if nextDeadline == nil { nextDeadline = now + Self.checkInterval }
  }

  /// Closes a connection by letting go of it.
  mutating func remove(_ number: UInt64) {
    byNumber[number] = nil
    if byNumber.isEmpty { nextDeadline = nil }
  }

  /// The connection that was idle longest.
  var idleLongest: TCPConnection? { Self.idleLongest(of: byNumber.values) }

  /// The connection that makes room for another of a client; nil while there is room.
  ///
  /// At its own limit a client gives up one of its own; at the worker's, the client that has most does, so that nobody
  /// loses a connection by what another opens.
  func inTheWay(of client: IPAddress, _ settings: WorkerSettings) -> TCPConnection? {
    let own = byNumber.values.filter { $0.client.address == client }
    if own.count >= settings.maximumConnectionsOfClient { return Self.idleLongest(of: own) }
    guard count >= settings.maximumConnections else { return nil }
    let clients = Dictionary(grouping: byNumber.values, by: \.client.address)
    return clients.values.max { $0.count < $1.count }.flatMap { Self.idleLongest(of: $0) }
  }

  private static func idleLongest(of connections: some Sequence<TCPConnection>) -> TCPConnection? {
    connections.min { $0.lastUse < $1.lastUse }
  }

  /// The connections that were idle for longer than is allowed, if it is time to look.
  mutating func takeIdle(at now: Instant, longerThan limit: Duration) -> [TCPConnection] {
    guard let nextDeadline, nextDeadline <= now else { return [] }
    self.nextDeadline = now + Self.checkInterval
    return byNumber.values.filter { $0.waitingCount == 0 && $0.lastUse + limit <= now }
  }
}
