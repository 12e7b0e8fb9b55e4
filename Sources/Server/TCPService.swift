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
        // No descriptors left, most likely: the one that was idle longest goes, and the next turn tries again.
        if let oldest = connections.idleLongest { close(oldest) }
        return
      }
    }
  }

  private func add(
    _ socket: consuming Socket, _ peer: SocketAddress, _ listener: SocketAddress
  ) throws(SystemError) {
    if let other = connections.inTheWay(of: peer.address, settings) { close(other) }
    let number = connections.nextNumber()
    let connection = TCPConnection(
      number: number, socket, peer: peer, listener: listener, isBehindProxy: settings.proxies.contains(peer.address),
      now: now)
    try poller.add(connection.socket.raw, .readable, token: WaitToken.connection(number).rawValue)
    connections.add(connection, now: now)
    counters.add(.openedConnections)
  }

  func serve(connection number: UInt64, _ events: Poller.Events) {
    guard let connection = connections[number] else { return }
    // Nobody is there to read an answer, and it would be reported for as long as its questions wait.
    guard !events.contains(.failed) else { return close(connection) }
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

  /// Gives connections that can go on a turn each, as many as one turn of the worker has room for.
  func serveReadyConnections() {
    for number in connections.takeReady(settings.readyPerTurn) { serve(connection: number, []) }
  }

  /// One turn of a connection: sends what the client takes, answers what came whole as far as the limits allow, and
  /// waits for what is missing. Where nothing is, it has another turn after the others.
  private func goOn(_ connection: TCPConnection) throws(SystemError) {
    try connection.flush(now: now)
    guard connection.takeProxyHeader(), answerWhatCame(connection) else { return close(connection) }
    try connection.flush(now: now)
    guard !connection.isDone else { return close(connection) }
    if mayAnswer(connection), connection.nextMessage() != nil { connections.queue(connection.number) }
    try awaitNext(connection)
  }

  /// Answers so many messages, in their order, as a turn and the limits allow.
  ///
  /// - Returns: false when one was no query at all, which ends the connection.
  private func answerWhatCame(_ connection: TCPConnection) -> Bool {
    let (octets, isQuery) = answer(connection.received.waiting, on: connection)
    // Outside, where nothing holds on to the octets any more: they would be copied.
    connection.answered(octets: octets, now: now)
    return isQuery
  }

  private func answer(_ received: ArraySlice<UInt8>, on connection: TCPConnection) -> (octets: Int, isQuery: Bool) {
    var at = 0
    var count = 0
    var isQuery = true
    while isQuery, count < settings.messagesPerTurn, mayAnswer(connection),
      let message = connection.nextMessage(after: at)
    {
      isQuery = answer(received.span.extracting(message), on: connection)
      at = message.upperBound
      count += 1
    }
    counters.took(nanoseconds: System.monotonicNanoseconds() &- now.nanoseconds, queries: count)
    return (at, isQuery)
  }

  private func mayAnswer(_ connection: TCPConnection) -> Bool {
    connection.waiting.count < settings.maximumPipelined && connection.unsent.count < settings.maximumUnsentOctets
  }

  private func awaitNext(_ connection: TCPConnection) throws(SystemError) {
    var wanted: Poller.Events = []
    if mayAnswer(connection), !connection.isHalfClosed { wanted.insert(.readable) }
    if !connection.unsent.isEmpty { wanted.insert(.writable) }
    guard wanted != connection.awaited else { return }
    connection.awaited = wanted
    try poller.change(connection.socket.raw, wanted, token: WaitToken.connection(connection.number).rawValue)
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
      counters.answered(.tcp, writer.flags)
      if settings.countsByWorkspace { tally(writer.flags, snapshot) }
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
      counters.answered(.tcp, writer.flags)
      resolution.workspace.tally?.count(.init(writer.flags))
      connection.append(writer.message)
    case .waiting:
      connection.wait(for: ticket)
      wait(ticket, resolution, .connection(connection.number))
    }
    carryOut()
  }

  /// Sends an answer that took a while: it goes at the connection's next turn, for this may be inside the answering of
  /// that very connection. The place that it makes for another query is used at that turn too.
  func send(_ message: Span<UInt8>, of ticket: Ticket, toConnection number: UInt64) {
    guard let connection = connections[number] else { return }
    connection.endWait(for: ticket)
    connection.append(message)
    connections.queue(number)
  }

  private func close(_ connection: TCPConnection) {
    guard connections.remove(connection.number) else { return }
    for ticket in connection.waiting {
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
