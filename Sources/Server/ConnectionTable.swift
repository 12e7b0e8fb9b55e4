import Forwarding
import Wire

/// A worker's connections by number, and which of them have a turn next.
struct ConnectionTable {
  private var byNumber: [UInt64: TCPConnection] = [:]
  private var lastNumber: UInt64 = 0
  /// Those that can go on without anything new from the client, in the order of their turns; each is there once.
  private var ready: [UInt64] = []
  private var isReady: Set<UInt64> = []
  /// When idle connections are looked for next; nil without connections.
  private(set) var nextDeadline: Instant?

  /// How often idle connections are looked for. A connection lives this much longer at most.
  private static let checkInterval = Duration.milliseconds(500)

  var count: Int { byNumber.count }

  /// True when some connection can go on at once.
  var hasReady: Bool { !ready.isEmpty }

  /// True when nothing that came whole waits for its answer to be made, and no answer for its client to read it.
  var hasNothingToDo: Bool { ready.isEmpty && byNumber.values.allSatisfy { $0.unsent.isEmpty } }

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
  ///
  /// - Returns: false when it was let go of before.
  mutating func remove(_ number: UInt64) -> Bool {
    guard byNumber.removeValue(forKey: number) != nil else { return false }
    if byNumber.isEmpty { nextDeadline = nil }
    return true
  }

  // MARK: Turns

  /// Gives a connection a turn after those that wait for theirs.
  mutating func queue(_ number: UInt64) {
    if isReady.insert(number).inserted { ready.append(number) }
  }

  /// The next ones to have a turn, at most so many.
  mutating func takeReady(_ maximum: Int) -> [UInt64] {
    let next = Array(ready.prefix(maximum))
    ready.removeFirst(next.count)
    isReady.subtract(next)
    return next
  }

  // MARK: Room

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
    return byNumber.values.filter { $0.waiting.isEmpty && $0.lastUse + limit <= now }
  }
}
