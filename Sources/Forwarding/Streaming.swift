import Wire

// Connections to upstreams.
extension Forwarder {
  /// A connection with room for one more question, a new one if need be; nil when the limits leave none.
  func stream(to state: UpstreamState, _ now: Instant) -> UpstreamStream? {
    let open = state.streams.filter { $0.pending.count < settings.maximumQuestionsPerStream }
    if let idle = open.min(by: { $0.pending.count < $1.pending.count }) { return idle }
    guard state.streams.count < settings.maximumStreamsPerUpstream else { return nil }
    if streams.count >= settings.maximumStreams {
      guard let unused = streams.first(where: { $0.pending.isEmpty }) else { return nil }
      drop(unused, now)
    }
    let stream = UpstreamStream(state, now: now)
    stream.token = sockets.open(.stream(stream))
    state.streams.append(stream)
    streams.append(stream)
    actions.append(.openStream(stream.token, to: state.upstream))
    return stream
  }

  func send(_ exchange: Exchange, to index: Int, on stream: UpstreamStream, _ now: Instant) {
    var id = random.number16()
    while stream.pending[id] != nil { id &+= 1 }
    let query = query(
      exchange.question, to: stream.upstream, plainCase: true, hasEDNS: stream.upstream.knowsEDNS(at: now), id: id, now)
    let attempt = Attempt(query, stream.upstream, exchange, now: now, timeout: settings.streamTimeout)
    attempt.stream = stream
    stream.pending[id] = attempt
    stream.upstream.openTries += 1
    exchange.attempts.append(attempt)
    exchange.targets[index].tries += 1
    exchange.tries += 1
    exchange.nextTryAt = attempt.timeoutAt
    counters.streamQueries += 1
    timers.remove(stream)
    let message = query.message
    var framed: [UInt8] = []
    framed.append(bigEndian: UInt16(truncatingIfNeeded: message.count))
    framed += message
    if stream.isConnected {
      actions.append(.send(stream.token, framed))
    } else {
      stream.outbox.append(framed)
    }
  }

  /// A connection stands.
  public func streamConnected(_ token: SocketToken, now: Instant) {
    guard case .stream(let stream) = sockets[token], !stream.isConnected else { return }
    stream.isConnected = true
    stream.lastReceived = now
    for message in stream.outbox { actions.append(.send(token, message)) }
    stream.outbox.removeAll()
    idle(stream, now)
  }

  /// Octets came in on a connection, in any portions.
  public func streamReceived(_ octets: Span<UInt8>, on token: SocketToken, now: Instant) {
    guard case .stream(let stream) = sockets[token] else {
      counters.lateAnswers += 1
      return
    }
    stream.lastReceived = now
    stream.receive(octets) { message in received(message.span, on: stream, now) }
    if stream.wrongMessages >= settings.maximumWrongDatagrams { drop(stream, now) }
  }

  private func received(_ message: Span<UInt8>, on stream: UpstreamStream, _ now: Instant) {
    guard let header = Header(message), let attempt = stream.pending[header.id] else {
      counters.lateAnswers += 1
      return
    }
    switch Response.check(message, for: attempt.query, maximumRecords: settings.maximumRecordsPerAnswer) {
    case .response(let response):
      stream.responses += 1
      heard(response, attempt, now)
    case .wrong, .caseDiffers:
      counters.wrongDatagrams += 1
      stream.wrongMessages += 1
    }
  }

  /// A connection could not be made or has ended. It counts as closed; no `close` follows.
  public func streamClosed(_ token: SocketToken, now: Instant) {
    guard case .stream(let stream) = sockets[token] else { return }
    forget(stream, now)
  }

  /// Closes a connection, and sends its questions elsewhere.
  func drop(_ stream: UpstreamStream, _ now: Instant) {
    guard case .stream = sockets[stream.token] else { return }
    actions.append(.close(stream.token))
    forget(stream, now)
  }

  private func forget(_ stream: UpstreamStream, _ now: Instant) {
    sockets.close(stream.token)
    streams.removeAll { $0 === stream }
    timers.remove(stream)
    stream.upstream.streams.removeAll { $0 === stream }
    let unanswered = stream.pending.values.sorted { ($0.sentAt, $0.query.id) < ($1.sentAt, $1.query.id) }
    stream.pending.removeAll()
    var affected: [Exchange] = []
    for attempt in unanswered {
      guard let exchange = attempt.exchange, let index = exchange.index(of: attempt.upstream) else { continue }
      release(attempt)
      affected.append(exchange)
      // A server may close a connection between two questions (RFC 7766 §6.2.3), and a kept one may have died long ago;
      // one that was opened for this question and gave nothing is no good.
      if stream.responses == 0, attempt.sentAt == stream.openedAt {
        exchange.targets[index].isSpent = true
        exchange.lastProblem = "\(attempt.upstream.upstream) does not answer over TCP"
      }
    }
    for exchange in affected { goOn(exchange, now) }
  }

  /// Starts the time after which a connection without questions is closed; one that does not even stand is closed now.
  func idle(_ stream: UpstreamStream, _ now: Instant) {
    guard stream.pending.isEmpty else { return }
    guard stream.isConnected else { return drop(stream, now) }
    timers.set(stream, at: stream.lastReceived + settings.streamIdleTime)
  }

  /// A connection had no questions for a while.
  func wake(_ stream: UpstreamStream, _ now: Instant) {
    guard stream.pending.isEmpty else { return }
    drop(stream, now)
  }
}
