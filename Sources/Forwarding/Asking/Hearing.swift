import Wire

// What comes in over datagrams, and what a response means.
extension Forwarder {
  /// A datagram came in on a socket. Whatever it is, it is safe to hand over.
  public func received(_ datagram: Span<UInt8>, on token: SocketToken, now: Instant) {
    guard case .datagram(let attempt) = sockets[token] else {
      counters.lateAnswers += 1
      return
    }
    switch Response.check(datagram, for: attempt.query, maximumRecords: settings.maximumRecordsPerAnswer) {
    case .wrong, .unusable: wrong(attempt, now)
    case .caseDiffers: caseDiffers(attempt, now)
    case .response(let response):
      guard !missesCookie(response, attempt) else { return moveToStream(attempt, now) }
      heard(response, attempt, now)
    }
  }

  /// A datagram socket failed: the upstream's machine refused (ICMP, as ECONNREFUSED), or this machine did.
  ///
  /// The socket counts as closed; no `close` follows.
  /// - Parameters:
  ///   - isLocal: true when this machine could not open or use it, which says nothing about the upstream.
  ///   - isLack: true when that was for want of descriptors, ports or memory, which says nothing of the question, either.
  public func socketFailed(_ token: SocketToken, isLocal: Bool = false, isLack: Bool = false, now: Instant) {
    guard case .datagram(let attempt) = sockets[token] else { return }
    let exchange = attempt.exchange
    let state = attempt.upstream
    release(attempt, token)
    if !isLocal { noteFailure(of: attempt, wasRefused: true, exchange: exchange, now) }
    guard let exchange, exchanges.holds(exchange), let index = exchange.index(of: state) else { return }
    if isLack { exchange.lackedRoom = true }
    exchange.targets[index].refusals += 1
    // It may be starting anew, so it is given a few more tries, as if it were silent.
    if exchange.targets[index].refusals >= 3 {
      exchange.targets[index].isSpent = true
      if isLack { exchange.wasCutShort = true }
      exchange.lastProblem =
        isLocal ? "no socket could be opened for \(state.upstream)" : "\(state.upstream) refuses: nothing listens there"
    }
    guard let next = exchange.bestTarget() else { return goOn(exchange, now) }
    if exchange.targets[next].tries == 0 { goOn(exchange, now) }
  }

  private func wrong(_ attempt: Attempt, _ now: Instant) {
    counters.wrongDatagrams += 1
    guard let exchange = attempt.exchange else { return }
    exchange.wrongDatagrams += 1
    guard exchange.wrongDatagrams >= settings.maximumWrongDatagrams, !exchange.usesStreams,
      exchange.tries < exchange.maximumTries
    else { return }
    // Somebody is guessing; a connection cannot be guessed.
    counters.floods += 1
    moveToStream(attempt, now)
  }

  /// Sends the question anew with the case of its letters as everybody has it. Whoever wants to answer in the upstream's
  /// place has to guess that query's port and id once more.
  private func caseDiffers(_ attempt: Attempt, _ now: Instant) {
    counters.wrongDatagrams += 1
    guard let exchange = attempt.exchange, let index = exchange.index(of: attempt.upstream) else { return }
    close(attempt, now)
    guard exchange.tries < exchange.maximumTries else { return }
    send(exchange, to: index, inPlaceOf: attempt, now)
    arm(exchange)
  }

  /// True when an upstream that is known to give cookies answers without: it may be somebody else (RFC 7873 §5.3).
  private func missesCookie(_ response: Response, _ attempt: Attempt) -> Bool {
    guard !response.isTruncated, let cookie = attempt.query.cookie, response.serverCookie == nil else { return false }
    return cookie.count > UpstreamQuery.clientCookieLength && attempt.exchange != nil
  }

  /// Goes on over TCP: with this upstream first, and with others if it does not answer there.
  func moveToStream(_ attempt: Attempt, _ now: Instant) {
    guard let exchange = attempt.exchange, let index = exchange.index(of: attempt.upstream) else { return }
    guard exchange.tries < exchange.maximumTries else { return }
    exchange.usesStreams = true
    for open in exchange.attempts where open.token != nil { close(open, now) }
    send(exchange, to: index, now)
    arm(exchange)
  }

  /// A checked response: first what it says of the upstream, then what it says of the question.
  func heard(_ response: Response, _ attempt: Attempt, _ now: Instant) {
    let state = attempt.upstream
    let before = state.health
    state.health.heard(now)
    if attempt.token != nil { state.answered(after: now.since(attempt.sentAt)) }
    learn(response, attempt, now)
    if let exchange = attempt.exchange {
      answer(exchange, response, attempt, now)
    } else {
      close(attempt, now)
    }
    guard before.isInQuestion || attempt.isProbe else { return }
    // Those that are to find out whether EDNS is dropped are not cut short by what is answered without.
    if attempt.isProbe || !state.quirks.doubtsEDNS {
      timers.remove(state)
      if let probe = state.probe { close(probe, now) }
    }
    if attempt.isProbe, state.quirks.doubtsEDNS { check(state, now) }
    guard before.standing != .up else { return }
    if before.hasGoneDown {
      counters.upstreamsUp += 1
      tell(UpstreamNews(state.use, before.trouble(now), isDown: false))
      shared?.endProbing(state.use, by: worker)
      tellOthers(of: state)
    }
    resume(state, now)
  }

  private func learn(_ response: Response, _ attempt: Attempt, _ now: Instant) {
    let state = attempt.upstream
    if let cookie = response.serverCookie { state.quirks.learned(serverCookie: cookie) }
    guard attempt.token != nil else {
      // What a connection says is not forged: cookies are not given here any more.
      if attempt.query.cookie != nil, response.serverCookie == nil { state.quirks.forgetServerCookie() }
      return
    }
    state.quirks.heardDatagram(
      hadEDNS: attempt.query.hasEDNS, isProbe: attempt.isProbe, now, settings: settings)
    if attempt.isProbe, lacksEDNS(response, attempt) { state.quirks.forgoEDNS(until: now + settings.quirkMemory) }
    if attempt.isPlainRepeat {
      state.quirks.lostCase(now, settings: settings)
    } else if attempt.query.name.contains(where: { $0 &- 0x41 < 26 }) {
      state.quirks.keptCase()
    }
  }

  /// True for the answer of a server from before EDNS (RFC 6891 §7).
  private func lacksEDNS(_ response: Response, _ attempt: Attempt) -> Bool {
    guard response.edns == nil, attempt.query.hasEDNS else { return false }
    let code = ResponseCode(rawValue: response.code)
    return code == .formatError || code == .notImplemented
  }

  private func answer(_ exchange: Exchange, _ response: Response, _ attempt: Attempt, _ now: Instant) {
    if response.isTruncated {
      guard attempt.token != nil else { return reject(attempt, "truncated its answer over TCP", now) }
      counters.truncated += 1
      guard exchange.tries < exchange.maximumTries else {
        exchange.wasCutShort = true
        return reject(attempt, "truncated its answer, and the question's queries are spent", now)
      }
      return moveToStream(attempt, now)
    }
    switch ResponseCode(rawValue: response.code) {
    case .noError, .nameError, .nameTooLong:
      do throws(Unusable) {
        let answer = try AnswerReader.read(response, for: exchange.question, settings: settings, now: now)
        finish(exchange, answer, now)
      } catch {
        reject(attempt, error.text, now)
      }
    case .formatError where lacksEDNS(response, attempt), .notImplemented where lacksEDNS(response, attempt):
      // It may be about this name alone: a probe finds out.
      if let index = exchange.index(of: attempt.upstream) { exchange.targets[index].lacksEDNS = true }
      check(attempt.upstream, now)
      again(exchange, attempt, now)
    case nil where response.code == Self.badCookie && attempt.token != nil:
      let isFirst = !exchange.renewedCookie
      exchange.renewedCookie = true
      if isFirst { again(exchange, attempt, now) } else { moveToStream(attempt, now) }
    case let code:
      let name = code?.mnemonic ?? "RCODE \(response.code)"
      reject(attempt, "answered \(name)" + errorText(response), now)
    }
  }

  /// BADCOOKIE, RFC 7873 §8.
  private static let badCookie: UInt16 = 23

  /// Sends the question to the same upstream once more, as what was just learned demands.
  private func again(_ exchange: Exchange, _ attempt: Attempt, _ now: Instant) {
    guard let index = exchange.index(of: attempt.upstream) else { return }
    close(attempt, now)
    guard exchange.tries < exchange.maximumTries else { return goOn(exchange, now) }
    send(exchange, to: index, now)
    arm(exchange)
  }

  /// The upstream's own Extended DNS Error, if it gave one (RFC 8914 §2).
  private func errorText(_ response: Response) -> String {
    let message = response.octets.span
    guard let edns = response.edns, let range = edns.option(ExtendedError.optionCode, in: message), range.count >= 2
    else { return "" }
    let text = String(decoding: response.octets[(range.lowerBound + 2)..<range.upperBound].prefix(80), as: UTF8.self)
    let code = message.bigEndian16(at: range.lowerBound)
    return " with Extended DNS Error \(code)" + (text.isEmpty ? "" : ": " + text)
  }
}
