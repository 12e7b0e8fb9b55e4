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
    let connection = TCPConnection(number: number, socket, peer: peer, listener: listener, now: now)
    connection.awaitsProxyHeader = settings.proxies.contains(peer.address)
    try poller.add(connection.socket.raw, .readable, token: WaitToken.connection(number).rawValue)
    connections.add(connection, now: now)
    counters.add(.openedConnections)
  }

  func serve(connection number: UInt64, _ events: Poller.Events) {
    guard let connection = connections[number] else { return }
    if events.contains(.failed), connection.isHalfClosed {
      // It is gone for good, and would be reported for as long as its questions wait.
      close(connection)
      return
    }
    do throws(SystemError) {
      if events.contains(.writable) {
        try connection.flush()
        connection.lastUse = now
      }
      if !events.isDisjoint(with: [.readable, .failed]), !connection.isHalfClosed {
        try receive(connection)
      }
      try goOn(connection)
    } catch {
      close(connection)
    }
  }

  /// Reads once; the poller tells if there is more, after the others had their turn.
  private func receive(_ connection: TCPConnection) throws(SystemError) {
    guard let count = try connection.socket.descriptor.read(into: &streamBuffer) else { return }
    if count == 0 {
      connection.isHalfClosed = true
    } else {
      connection.received += streamBuffer[..<count]
    }
  }

  /// Answers what has come whole as far as the limits allow, sends what the client takes, and waits for the rest.
  private func goOn(_ connection: TCPConnection) throws(SystemError) {
    guard connection.takeProxyHeader() else {
      close(connection)
      return
    }
    var at = 0
    var count = 0
    while mayAnswer(connection), let message = connection.nextMessage(from: at) {
      at = message.upperBound
      connection.lastUse = now
      guard answer(connection.received[message], on: connection) else {
        close(connection)
        return
      }
      count += 1
    }
    if count > 0 {
      counters.took(nanoseconds: System.monotonicNanoseconds() &- now.nanoseconds, queries: count)
    }
    connection.received.removeFirst(at)
    try connection.flush()
    let isDone = connection.waitingCount == 0 && connection.unsent.isEmpty
    if connection.isHalfClosed, isDone, connection.nextMessage(from: 0) == nil {
      close(connection)
      return
    }
    try awaitNext(connection)
  }

  private func mayAnswer(_ connection: TCPConnection) -> Bool {
    connection.waitingCount < settings.maximumPipelined && connection.unsent.count < settings.maximumUnsentOctets
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
  private func answer(_ message: ArraySlice<UInt8>, on connection: TCPConnection) -> Bool {
    if mailbox.hasNews { readMailbox() }
    let octets = Array(message)
    let buffer = buffer
    var writer = MessageWriter(buffer.output(), limit: MessageBuffer.size)
    let (client, address) = (connection.client, connection.listener)
    switch responder.respond(to: octets.span, from: client, at: address, via: .tcp, in: snapshot, &writer) {
    case .none:
      counters.dropped(.tcp)
      return false
    case .ready:
      counters.answered(.tcp, writer.flags)
      if settings.countsByWorkspace { tally(writer.flags, snapshot) }
      connection.append(writer.message)
    case .resolve(let query, let decision): resolve(octets.span, query, decision, connection)
    }
    return true
  }

  private func resolve(_ message: Span<UInt8>, _ query: Query, _ decision: Decision, _ connection: TCPConnection) {
    guard
      let resolution = Resolution(query, message, from: connection.client, via: .tcp, decision, in: snapshot)
    else { return }
    let ticket = waiting.nextTicket()
    var source = hopSource(ticket, resolution)
    let buffer = buffer
    var writer = MessageWriter(buffer.output(), limit: MessageBuffer.size)
    switch responder.run(resolution, in: snapshot, &source, &writer) {
    case .ready:
      counters.answered(.tcp, writer.flags)
      resolution.workspace.tally?.count(.init(writer.flags))
      connection.append(writer.message)
    case .waiting:
      connection.waitingCount += 1
      wait(ticket, resolution, .connection(connection.number))
    }
    carryOut()
  }

  /// Sends an answer that took a while.
  func send(_ message: Span<UInt8>, toConnection number: UInt64) {
    guard let connection = connections[number] else { return }
    connection.waitingCount -= 1
    connection.append(message)
    connection.lastUse = now
    // What came meanwhile is answered at the next turn: this may be inside the answering of that very connection.
    do throws(SystemError) {
      try connection.flush()
      connection.awaited = []
      try poller.change(
        connection.socket.raw, [.readable, .writable], token: WaitToken.connection(number).rawValue)
    } catch {
      close(connection)
    }
  }

  private func close(_ connection: TCPConnection) {
    for ticket in waiting.tickets(ofConnection: connection.number) {
      _ = waiting.remove(ticket)
      forwarding.forwarder.cancel(ticket, now: now)
    }
    connections.remove(connection.number)
    counters.add(.closedConnections)
  }

  func expireConnections() {
    let limit = Duration.milliseconds(Int64(settings.idleMilliseconds))
    for connection in connections.takeIdle(at: now, longerThan: limit) { close(connection) }
  }
}
