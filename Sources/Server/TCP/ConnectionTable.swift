import Bounds
import Forwarding
import Wire

/// A worker's connections: by number, on whose account each is, and which of them have a turn next.
///
/// A connection is a stranger's until a query on it, or the client's address alone, has shown whose client it is. Who
/// gives way when there is no room is what `FairShare` says.
struct ConnectionTable {
  /// Whose clients.
  enum Account: Hashable, Sendable {
    /// By the workspace's slot.
    case workspace(Int)
    /// Load balancers that have not yet said whose connection it is.
    case loadBalancers
  }

  typealias Share = FairShare<Account, ClientNetwork, UInt64>

  /// What becomes of a newcomer.
  enum Admission {
    case room
    /// It may have the place of this one.
    case inPlaceOf(Loser)
    case none
  }

  /// What there is no room for, where a connection gives way.
  enum Want: CaseIterable {
    /// More connections of one client.
    case ofClient
    /// More of nobody's clients.
    case ofStrangers
    /// More connections.
    case places
    /// More descriptors: the kernel has none.
    case descriptors
  }

  /// A connection that gives way.
  struct Loser {
    let connection: TCPConnection
    let want: Want
  }

  private var byNumber: [UInt64: TCPConnection] = [:]
  private var share: Share
  private let maximumOfClient: Int
  private var lastNumber: UInt64 = 0
  /// Those that have something to do, each once. Accounts take turns: who has many of them has no more of the worker.
  private var ready = TurnSet<Account?, UInt64>()
  /// The connection that has its turn; what it has to do by the end of that is looked at then.
  private var inTurn: UInt64?
  /// When idle connections are looked for next; nil without connections.
  private(set) var nextDeadline: Instant?

  /// How often idle connections are looked for. A connection lives this much longer at most.
  private static let checkInterval = Duration.milliseconds(500)

  /// - Parameters:
  ///   - capacity: the most connections; strangers may have a part of them.
  ///   - maximumOfClient: the most of one client.
  init(capacity: Int, maximumOfClient: Int) {
    share = Share(capacity: capacity, strangers: max(1, capacity / Limits.Clients.strangersPart))
    self.maximumOfClient = maximumOfClient
  }

  var count: Int { byNumber.count }

  /// How many are nobody's clients'.
  var strangerCount: Int { share.strangerCount }

  /// True when some connection has something to do.
  var hasReady: Bool { !ready.isEmpty }

  /// True when nothing that came whole waits for its answer to be made, and no answer for its client to read it.
  var hasNothingToDo: Bool { ready.isEmpty && byNumber.values.allSatisfy { $0.unsent.isEmpty } }

  subscript(number: UInt64) -> TCPConnection? { byNumber[number] }

  mutating func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  // MARK: Coming and going

  /// What becomes of one more connection of a client.
  ///
  /// Who has the most of all, or as many as one client may, gets a place by giving up one of its own that is idle.
  func admission(of client: IPAddress, _ account: Account?) -> Admission {
    let holder = Share.Holder(account, ClientNetwork(client))
    let ownIdle = share.oldestIdle(of: holder)
    guard share.count(of: holder) < maximumOfClient else { return place(of: ownIdle, .ofClient) }
    let want = account == nil && share.strangerCount >= share.strangerCapacity ? Want.ofStrangers : .places
    switch share.admission(of: holder) {
    case .room: return .room
    case .inPlaceOf(let number): return place(of: number, want)
    case .none: return place(of: ownIdle, want)
    }
  }

  private func place(of number: UInt64?, _ want: Want) -> Admission {
    loser(number, want).map { .inPlaceOf($0) } ?? .none
  }

  mutating func add(_ connection: TCPConnection, _ account: Account?, now: Instant) {
    byNumber[connection.number] = connection
    share.insert(connection.number, of: Share.Holder(account, ClientNetwork(connection.client.address)))
    if nextDeadline == nil { nextDeadline = now + Self.checkInterval }
  }

  /// A connection turned out to be somebody's, or somebody else's.
  ///
  /// - Returns: a connection that gives way: a client's own where it has too many now, a stranger's where there are too
  ///   many strangers.
  mutating func settle(_ connection: TCPConnection, _ account: Account?) -> Loser? {
    let holder = Share.Holder(account, ClientNetwork(connection.client.address))
    share.move(connection.number, to: holder)
    if share.count(of: holder) > maximumOfClient { return loser(share.oldest(of: holder), .ofClient) }
    return share.strangerCount > share.strangerCapacity ? loser(share.firstToGo, .ofStrangers) : nil
  }

  private func loser(_ number: UInt64?, _ want: Want) -> Loser? {
    number.flatMap { byNumber[$0] }.map { Loser(connection: $0, want: want) }
  }

  /// A connection had its turn.
  ///
  /// - Parameters:
  ///   - wasUsed: a workspace's query was answered, or answers were taken.
  ///   - goesOn: it has something to do still, and another turn for that.
  mutating func endTurn(of connection: TCPConnection, wasUsed: Bool, goesOn: Bool) {
    inTurn = nil
    share.set(connection.number, isBusy: connection.isBusy || goesOn)
    if wasUsed { share.touch(connection.number) }
    if goesOn { queue(connection) }
  }

  /// Closes a connection by letting go of it.
  ///
  /// - Returns: false when it was let go of before.
  mutating func remove(_ connection: TCPConnection) -> Bool {
    guard byNumber.removeValue(forKey: connection.number) != nil else { return false }
    share.remove(connection.number)
    if byNumber.isEmpty { nextDeadline = nil }
    return true
  }

  /// A stranger's idle connection, for when the kernel has no room for more though the table has.
  var dispensable: Loser? {
    guard share.strangerCount > 0 else { return nil }
    return loser(share.firstToGo, .descriptors).flatMap { $0.connection.isBusy ? nil : $0 }
  }

  /// The connections that were idle for longer than is allowed, if it is time to look.
  mutating func takeIdle(at now: Instant, longerThan limit: Duration) -> [TCPConnection] {
    guard let nextDeadline, nextDeadline <= now else { return [] }
    self.nextDeadline = now + Self.checkInterval
    // What has come for a client that reads nothing keeps nothing open.
    return byNumber.values.filter { ($0.waiting.isEmpty || $0.hasResult) && $0.lastUse + limit <= now }
      .sorted { $0.number < $1.number }
  }

  // MARK: Turns

  /// Gives a connection a turn after those of its account that wait for theirs, unless it has its turn right now.
  mutating func queue(_ connection: TCPConnection) {
    guard byNumber[connection.number] != nil, connection.number != inTurn else { return }
    ready.insert(connection.number, of: connection.account)
  }

  /// Takes out whose turn it is, until `endTurn` or until it is removed; nil when nobody waits.
  mutating func nextReady() -> TCPConnection? {
    while let number = ready.next() {
      guard let connection = byNumber[number] else { continue }
      inTurn = number
      return connection
    }
    return nil
  }
}
