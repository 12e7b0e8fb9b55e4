import Bounds
import Wire

// Connections to upstreams.
extension Forwarder {
  /// A connection with room for one more question, a new one if need be; nil when there is no room for this question's
  /// account, neither on a connection nor for one.
  func stream(for exchange: Exchange, to state: UpstreamState, _ now: Instant) -> UpstreamStream? {
    while true {
      switch state.connections.place(for: exchange.account) {
      case .on(let stream): return stream
      case .onAnother:
        return makeStreamRoom(for: exchange.account, now) ? openStream(to: state, exchange.account, now) : nil
      case .none: return nil
      case .inPlaceOf(let attempt):
        guard let other = attempt.exchange else { return nil }
        displace(other, now)
      }
    }
  }

  private func makeStreamRoom(for account: Account, _ now: Instant) -> Bool {
    while true {
      switch streams.admission(of: account) {
      case .room: return true
      case .none: return false
      case .inPlaceOf(let token):
        guard case .stream(let stream) = sockets[token] else { return false }
        actions.append(.close(token))
        // Its questions look for another way in their turn, once this one has the place.
        for exchange in forget(stream, saysNothing: true) {
          exchange.nextTryAt = now
          arm(exchange)
        }
      }
    }
  }

  private func openStream(to state: UpstreamState, _ account: Account, _ now: Instant) -> UpstreamStream {
    let stream = UpstreamStream(state, now: now)
    stream.token = sockets.open(stream)
    state.connections.add(stream)
    streams.insert(stream.token, account)
    actions.append(.openStream(stream.token, to: state.upstream))
    return stream
  }

  func send(_ exchange: Exchange, to index: Int, on stream: UpstreamStream, _ now: Instant) {
    var id = random.number16()
    while stream.pending[id] != nil { id &+= 1 }
    let query = query(
      exchange.question, to: stream.upstream, plainCase: true,
      hasEDNS: !exchange.targets[index].lacksEDNS && stream.upstream.quirks.knowsEDNS(at: now), id: id, now)
    let attempt = Attempt(
      query, stream.upstream, exchange, now: now, timeout: settings.streamTimeout, isDatagram: false)
    attempt.stream = stream
    stream.upstream.connections.seat(attempt, on: stream, exchange.account)
    streams.use(stream.token, exchange.account)
    stream.upstream.opened(attempt, exchange.payer)
    exchange.attempts.append(attempt)
    exchange.targets[index].tries += 1
    exchange.tries += 1
    exchange.nextTryAt = attempt.timeoutAt
    counters.streamQueries += 1
    timers.remove(stream)
    // What is asked before the connection stands is sent once it does.
    if stream.isConnected { actions.append(.send(stream.token, Self.framed(query.message))) }
  }

  private static func framed(_ message: [UInt8]) -> [UInt8] {
    var framed: [UInt8] = []
    framed.append(bigEndian: UInt16(truncatingIfNeeded: message.count))
    return framed + message
  }

  /// A connection stands.
  public func streamConnected(_ token: SocketToken, now: Instant) {
    guard case .stream(let stream) = sockets[token], !stream.isConnected else { return }
    stream.isConnected = true
    stream.lastReceived = now
    for attempt in stream.pendingInOrder { actions.append(.send(token, Self.framed(attempt.query.message))) }
    idle(stream, now)
  }

  /// Octets came in on a connection, in any portions.
  public func streamReceived(_ octets: Span<UInt8>, on token: SocketToken, now: Instant) {
    guard case .stream(let stream) = sockets[token] else {
      counters.lateAnswers += 1
      return
    }
    stream.lastReceived = now
    stream.receive(octets) { message in
      received(message, on: stream, now)
      guard case .stream = sockets[token] else { return false }
      return stream.wrongMessages < settings.maximumWrongDatagrams
    }
    if stream.wrongMessages >= settings.maximumWrongDatagrams { drop(stream, now) }
  }

  private func received(_ message: Span<UInt8>, on stream: UpstreamStream, _ now: Instant) {
    guard let header = Header(message), let attempt = stream.pending[header.id] else {
      return answersNothing(message, on: stream)
    }
    switch Response.check(message, for: attempt.query, maximumRecords: settings.maximumRecordsPerAnswer) {
    case .response(let response):
      stream.responded(to: attempt)
      heard(response, attempt, now)
    case .unusable, .caseDiffers:
      // Nobody else can have sent it: this question goes elsewhere, and the others wait on.
      stream.responded(to: attempt)
      reject(attempt, "sent an answer that is of no use", now)
    case .wrong:
      counters.wrongDatagrams += 1
      stream.wrongMessages += 1
    }
  }

  /// A message is no answer to what is waited for: one to what was given up, or else something that was never asked for.
  private func answersNothing(_ message: Span<UInt8>, on stream: UpstreamStream) {
    if stream.lateAllowed > 0, message.count >= Header.length {
      stream.lateAllowed -= 1
      counters.lateAnswers += 1
    } else {
      stream.wrongMessages += 1
      counters.wrongDatagrams += 1
    }
  }

  /// A connection could not be made or has ended. It counts as closed; no `close` follows.
  ///
  /// - Parameter isLack: true when this machine had no descriptor, port or memory left for it, which says nothing of the
  ///   upstream; it is tried again when some may have come free.
  public func streamClosed(_ token: SocketToken, isLack: Bool = false, now: Instant) {
    guard case .stream(let stream) = sockets[token] else { return }
    for exchange in forget(stream, saysNothing: isLack) {
      guard isLack else {
        goOn(exchange, now)
        continue
      }
      park(exchange, now)
      arm(exchange)
    }
    callToPlace(now)
  }

  /// Closes a connection, and sends its questions elsewhere.
  func drop(_ stream: UpstreamStream, _ now: Instant) {
    guard case .stream = sockets[stream.token] else { return }
    actions.append(.close(stream.token))
    for exchange in forget(stream) { goOn(exchange, now) }
    callToPlace(now)
  }

  /// Forgets a connection that is closed.
  ///
  /// - Parameter saysNothing: true when it was closed here to make room, or could not be opened for want of some: that says
  ///   nothing of the upstream.
  /// - Returns: whose queries on it were not answered.
  private func forget(_ stream: UpstreamStream, saysNothing: Bool = false) -> [Exchange] {
    sockets.close(stream.token)
    streams.remove(stream.token)
    timers.remove(stream)
    var affected: [Exchange] = []
    for attempt in stream.upstream.connections.remove(stream) {
      guard let exchange = attempt.exchange, let index = exchange.index(of: attempt.upstream) else { continue }
      release(attempt)
      affected.append(exchange)
      if saysNothing { exchange.lackedRoom = true }
      // A server may close a connection between two questions (RFC 7766 §6.2.3), and a kept one may have died long ago;
      // one that was opened for this question and gave nothing is no good.
      if !saysNothing, stream.responses == 0, attempt.sentAt == stream.openedAt {
        exchange.targets[index].isSpent = true
        exchange.lastProblem = "\(attempt.upstream.upstream) does not answer over TCP"
      }
    }
    return affected
  }

  /// Starts the time after which a connection without questions is closed; one that does not even stand is closed now.
  func idle(_ stream: UpstreamStream, _ now: Instant) {
    guard stream.pending.isEmpty else { return }
    // A question may have been given up long after anything was last received.
    let end = stream.lastReceived + settings.streamIdleTime
    guard stream.isConnected, end > now, !stream.upstream.connections.isUsedUp(stream) else { return drop(stream, now) }
    streams.rest(stream.token)
    timers.set(stream, at: end)
  }

  /// A connection had no questions for a while.
  func wake(_ stream: UpstreamStream, _ now: Instant) {
    guard stream.pending.isEmpty else { return }
    drop(stream, now)
  }
}
