import Answering
import Forwarding
import SystemIO
import Wire
import Workspaces

/// Queries over TCP (RFC 7766): several on one connection, answered as they are done, within limits that keep a client
/// that stalls from costing anyone else.
extension Worker {
  /// Takes the connections that wait, a bounded number a turn.
  func accept(on listener: borrowing Socket, _ address: SocketAddress) {
    for _ in 0..<64 {
      do throws(SystemError) {
        guard try listener.accept({ (socket, peer) throws(SystemError) in try add(socket, peer, address) }) else {
          return
        }
      } catch {
        // The kernel has no descriptor or memory left, though the budget had: those that wait go on waiting for a
        // while, for asking again at once would come to the same, and nobody at work loses a connection for them.
        if let stranger = connections.dispensable { giveUp(stranger) }
        pauseAccepting()
        return
      }
    }
  }

  private func add(
    _ socket: consuming Socket, _ peer: SocketAddress, _ listener: SocketAddress
  ) throws(SystemError) {
    let isBehindProxy = settings.proxies.contains(peer.address)
    let account = isBehindProxy ? .loadBalancers : self.account(of: peer.address, at: listener)
    switch connections.admission(of: peer.address, account) {
    case .room: break
    case .inPlaceOf(let loser): giveUp(loser)
    case .none: return counters.add(.refusedConnections)
    }
    let number = connections.nextNumber()
    let connection = TCPConnection(
      number: number, socket, peer: peer, listener: listener, isBehindProxy: isBehindProxy, now: now)
    charge(connection, to: account)
    try connectionPoller.add(connection.socket.raw, .readable, token: number)
    connections.add(connection, account, now: now)
    counters.add(.openedConnections)
  }

  /// Whose client somebody is, as far as addresses show it; nil where they do not, or a token is required too.
  private func account(of client: IPAddress, at listener: SocketAddress) -> ConnectionTable.Account? {
    let leasedTo = snapshot.leases.workspace(of: client, at: now)
    guard case .success(let decision) = snapshot.decide(Asking(client: client, listener: listener, leasedTo: leasedTo))
    else { return nil }
    return .workspace(decision.workspace)
  }

  /// Puts a connection on the account of whoever it turned out to be.
  ///
  /// - Returns: false when there was no room for it there, so that it is closed now.
  private func settle(_ connection: TCPConnection, _ account: ConnectionTable.Account?) -> Bool {
    guard connection.account != account else { return true }
    charge(connection, to: account)
    if let loser = connections.settle(connection, account) { giveUp(loser) }
    return connections[connection.number] != nil
  }

  private func charge(_ connection: TCPConnection, to account: ConnectionTable.Account?) {
    connection.account = account
    connection.slot = if case .workspace(let number) = account { snapshot.workspaces.slot(number) } else { nil }
  }

  /// Notes which connections have something to do. Whatever they send, they have it done in their turns.
  func lookAtConnections() throws(SystemError) {
    let count = try connectionPoller.wait(timeoutMilliseconds: 0)
    for index in 0..<count {
      let ready = connectionPoller.ready(at: index)
      guard let connection = connections[ready.token] else { continue }
      connection.note(ready.events)
      connections.queue(connection)
    }
  }

  /// Gives connections their turns, as many as one turn of the worker has room for.
  func serveConnections() {
    for _ in 0..<settings.readyPerTurn {
      guard let connection = connections.nextReady() else { return }
      serve(connection)
    }
  }

  private func serve(_ connection: TCPConnection) {
    let events = connection.takeEvents()
    // Nobody is there to read an answer, and it would be reported for as long as its questions wait.
    guard !events.isFailed else { return close(connection) }
    do throws(SystemError) {
      // What came before is answered first, so that no more is kept than one read brings beside a message.
      if events.contains(.readable), !connection.isHalfClosed, connection.nextMessage() == nil {
        try connection.receive(&streamBuffer)
      }
      try goOn(connection)
    } catch {
      close(connection)
    }
  }

  /// One turn of a connection: sends what the client takes, answers what came whole as far as the limits allow, and
  /// waits for what is missing. Where nothing is, it has another turn after the others.
  private func goOn(_ connection: TCPConnection) throws(SystemError) {
    try connection.flush(now: now)
    switch takeProxyHeader(connection) {
    case .taken: break
    case .closed: return
    case .missing:
      missesHeader(from: connection.peer)
      return close(connection)
    case .unlisted:
      isUnlisted(connection.peer)
      return close(connection)
    }
    let count = writeResults(of: connection)
    guard answerWhatCame(connection, atMost: settings.messagesPerTurn - count) else {
      // What came before the nonsense has its answers.
      try connection.flush(now: now)
      return close(connection)
    }
    // It may have turned out to be one too many of its client's, or a stranger's.
    guard connections[connection.number] != nil else { return }
    try connection.flush(now: now)
    guard !connection.isDone else { return close(connection) }
    connections.endTurn(of: connection, wasUsed: connection.endTurn(), goesOn: canGoOn(connection))
    try awaitNext(connection)
  }

  /// What came of the header that a load balancer's connection begins with.
  private enum ProxyHeaderEnd {
    /// It is there, or still to come, or none is needed.
    case taken
    case missing
    /// It is there, and is not believed.
    case unlisted
    /// Its true client has too many connections, and this one is closed.
    case closed
  }

  /// Takes what a load balancer says first, and puts the connection on its true client's account.
  private func takeProxyHeader(_ connection: TCPConnection) -> ProxyHeaderEnd {
    guard connection.awaitsProxyHeader else { return connection.hasUnlistedHeader ? .unlisted : .taken }
    guard connection.takeProxyHeader() else { return .missing }
    guard !connection.awaitsProxyHeader else { return .taken }
    return settle(connection, account(of: connection.client.address, at: connection.listener)) ? .taken : .closed
  }

  /// Makes the answers to questions that waited, as many as a turn has room for and as the client has read enough for.
  ///
  /// - Returns: how many.
  private func writeResults(of connection: TCPConnection) -> Int {
    var count = 0
    while count < settings.messagesPerTurn, hasRead(connection), let result = connection.nextResult() {
      goOn(result)
      count += 1
    }
    if count > 0 { carryOut() }
    return count
  }

  /// Answers so many messages, in their order, as a turn and the limits allow.
  ///
  /// - Returns: false when one was no query at all, which ends the connection.
  private func answerWhatCame(_ connection: TCPConnection, atMost maximum: Int) -> Bool {
    let (octets, isQuery) = answer(connection.received.waiting, on: connection, atMost: maximum)
    // Outside, where nothing holds on to the octets any more: they would be copied.
    connection.answered(octets: octets)
    return isQuery
  }

  private func answer(
    _ received: ArraySlice<UInt8>, on connection: TCPConnection, atMost maximum: Int
  ) -> (octets: Int, isQuery: Bool) {
    var at = 0
    var count = 0
    var isQuery = true
    while isQuery, count < maximum, mayAnswer(connection), let message = connection.nextMessage(after: at) {
      isQuery = answer(received.span.extracting(message), on: connection)
      // Whose it was is known now. What is nobody's keeps nothing open, and whose client somebody was counts no more.
      at = message.upperBound
      count += 1
      let owner = responder.lastWorkspace.map { ConnectionTable.Account.workspace($0) }
      if owner != nil { connection.use(now: now) }
      // One that had to give way to others of its client's is answered no more: nobody would take what it waits for.
      guard settle(connection, owner ?? account(of: connection.client.address, at: connection.listener)) else { break }
    }
    counters.took(nanoseconds: surroundings.clock().nanoseconds &- now.nanoseconds, queries: count)
    return (at, isQuery)
  }

  /// True while the client has read enough for another answer to be written.
  private func hasRead(_ connection: TCPConnection) -> Bool { connection.unsent.count < settings.maximumUnsentOctets }

  private func mayAnswer(_ connection: TCPConnection) -> Bool {
    connection.waiting.count < settings.maximumPipelined && hasRead(connection)
  }

  /// True when it has something to do without anything new from the client.
  private func canGoOn(_ connection: TCPConnection) -> Bool {
    connection.hasResult ? hasRead(connection) : mayAnswer(connection) && connection.nextMessage() != nil
  }

  private func awaitNext(_ connection: TCPConnection) throws(SystemError) {
    var wanted: Poller.Events = []
    if mayAnswer(connection), !connection.isHalfClosed { wanted.insert(.readable) }
    if !connection.unsent.isEmpty { wanted.insert(.writable) }
    guard wanted != connection.awaited else { return }
    connection.awaited = wanted
    try connectionPoller.change(connection.socket.raw, wanted, token: connection.number)
  }

  /// Answers one message.
  ///
  /// - Returns: false when it was no query at all, which ends the connection.
  private func answer(_ message: Span<UInt8>, on connection: TCPConnection) -> Bool {
    if mailbox.hasNews { readMailbox() }
    let (buffer, names) = (buffer, names)
    var writer = MessageWriter(buffer.output(), limit: MessageBuffer.size, names: names.table())
    let (client, address) = (connection.client, connection.listener)
    switch responder.respond(to: message, from: client, at: address, via: .tcp, in: snapshot, &writer) {
    case .none:
      counters.dropped(.tcp)
      return false
    case .ready:
      counters.answered(.tcp, writer.flags, for: lastTally(snapshot))
      connection.append(writer.message)
    case .resolve(let query, let decision): resolve(message, query, decision, connection)
    }
    return true
  }

  private func resolve(_ message: Span<UInt8>, _ query: Query, _ decision: Decision, _ connection: TCPConnection) {
    guard
      let resolution = Resolution(query, message, from: connection.client, via: .tcp, decision, in: snapshot)
    else { return }
    let ticket = waiting.nextTicket()
    var source = hopSource(ticket, resolution)
    let (buffer, names) = (buffer, names)
    var writer = MessageWriter(buffer.output(), limit: MessageBuffer.size, names: names.table())
    switch responder.run(resolution, in: snapshot, &source, &writer) {
    case .ready:
      counters.answered(.tcp, writer.flags, for: resolution.workspace.tally)
      connection.append(writer.message)
    case .waiting:
      connection.wait(for: ticket)
      wait(ticket, resolution, .connection(connection.number))
    }
    carryOut()
  }

  /// Sends an answer that took a while: it goes at the connection's next turn, or at the end of the one that it has right
  /// now. The place that it makes for another query is used then too.
  func send(_ message: Span<UInt8>, of ticket: Ticket, toConnection number: UInt64) {
    guard let connection = connections[number] else { return }
    connection.endWait(for: ticket)
    connection.append(message)
    connections.queue(connection)
  }

  /// Closes a connection to make room for others.
  private func giveUp(_ loser: ConnectionTable.Loser) {
    counters.add(loser.want.event)
    close(loser.connection)
  }

  private func close(_ connection: TCPConnection) {
    guard connections.remove(connection) else { return }
    // In this order, so that the same run is the same again.
    for ticket in connection.waiting.sorted(by: { $0.rawValue < $1.rawValue }) {
      _ = waiting.remove(ticket)
      forwarding.forwarder.cancel(ticket, now: now)
    }
    counters.add(.closedConnections)
  }

  func expireConnections() {
    let limit = Duration.milliseconds(Int64(settings.idleMilliseconds))
    for connection in connections.takeIdle(at: now, longerThan: limit) { close(connection) }
  }
}
