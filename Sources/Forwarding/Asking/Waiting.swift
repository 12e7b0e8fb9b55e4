import Bounds
import Wire

// Who waits for what, and who gives way when there is no room.
extension Forwarder {
  /// What is said when there is no room for a question, or when it had to give way to another.
  static let shareIsUsed = ForwardFailure(
    .overload, ExtendedError(.other, "this workspace's share of the questions that may wait for upstreams is used up"))
  static let clientHasTooMany = ForwardFailure(
    .overload, ExtendedError(.other, "too many questions of this client wait for upstreams"))

  /// Makes room for one more that waits and, if it is the first to ask its question, for one more question. Whoever has
  /// most gives way, longest waiting first; a newcomer that has the most itself gets no room.
  ///
  /// - Returns: why there is no room; nil when there is.
  func makeRoom(for account: Account, newExchange: Bool, _ now: Instant) -> ForwardFailure? {
    guard waits.count(of: account) < settings.maximumWaitersPerClient else { return Self.clientHasTooMany }
    // Each turn ends somebody's waiting, who joined once: the work is bounded by the asking before.
    waiters: while true {
      switch waits.admission(of: account) {
      case .room: break waiters
      case .none: return Self.shareIsUsed
      case .inPlaceOf(let ticket):
        guard let waiter = waits[ticket] else { return Self.shareIsUsed }
        displace(waiter, now)
      }
    }
    while newExchange {
      switch exchanges.place(for: account) {
      case .room: return nil
      case .none: return Self.shareIsUsed
      case .inPlaceOf(let exchange): displace(exchange, now)
      }
    }
    return nil
  }

  /// Ends the waiting of whoever a question is charged to: the question goes on for the others, on their account.
  func displace(_ exchange: Exchange, _ now: Instant) {
    // Whoever paid may have its answer already, while the question goes on for the cache.
    let payer = exchange.payingWaiter.flatMap { $0.exchange == nil ? nil : $0 }
    guard let waiter = payer ?? exchange.waiters.first else { return end(exchange, nil, now) }
    displace(waiter, now)
  }

  private func displace(_ waiter: Waiter, _ now: Instant) {
    counters.displaced += 1
    guard let exchange = waiter.exchange else { return }
    waits.remove(waiter)
    let failure = Self.shareIsUsed
    let result = exchange.staleAnswer.map { staleResult($0, failure.error.text) } ?? .failure(failure)
    actions.append(.finished(waiter.ticket, result, queries: exchange.tries))
    settle(exchange, now)
  }

  func join(_ exchange: Exchange, _ ticket: Ticket, _ account: Account, _ now: Instant) {
    let waiter = Waiter(ticket, account, exchange)
    waits.add(waiter)
    exchange.passer = nil
    if let payer = exchange.payingWaiter, exchanges.isLighter(account, than: payer.account) {
      exchange.payingWaiter = waiter
    }
    settle(exchange, now)
    // What kept it from going on may not be in this one's way.
    if exchange.isParked {
      tryNext(exchange, now)
      arm(exchange)
    }
  }

  /// The client gave up or was answered otherwise: the ticket gets no result.
  public func cancel(_ ticket: Ticket, now: Instant) {
    if let exchange = leave(ticket) { settle(exchange, now) }
  }

  /// True while a ticket waits for a question that this server has no room for, or had none for in time.
  public func lacksRoom(for ticket: Ticket) -> Bool { waits[ticket]?.exchange?.isLimited(settings) ?? false }

  /// Takes a ticket out; the question that it waited for is to be settled then.
  func leave(_ ticket: Ticket) -> Exchange? {
    guard let waiter = waits[ticket], let exchange = waiter.exchange else { return nil }
    waits.remove(waiter)
    return exchange
  }

  /// Puts a question on the account of who waits for it now; one that nobody waits for any more ends, and its sockets
  /// are closed.
  func settle(_ exchange: Exchange, _ now: Instant) {
    guard exchanges.holds(exchange) else { return }
    guard isWanted(exchange) else { return end(exchange, nil, now) }
    if exchange.payingWaiter?.exchange == nil {
      exchange.payingWaiter = exchange.waiters.some.reduce(nil as Waiter?) { payer, waiter in
        guard let payer, !exchanges.isLighter(waiter.account, than: payer.account) else { return waiter }
        return payer
      }
    }
    let account = exchange.payingWaiter?.account ?? .server
    guard account != exchange.account else { return }
    exchanges.charge(exchange, to: account)
    for attempt in exchange.attempts {
      attempt.upstream.tries.charge(attempt, to: exchange.payer)
      if let token = attempt.token { sockets.charge(token, to: account) }
      if let stream = attempt.stream {
        attempt.upstream.connections.charge(attempt, on: stream, to: account)
        if stream.oldest === attempt { streams.charge(stream.token, to: account) }
      }
    }
  }

  /// Gives everybody who waits the result.
  func deliver(_ result: ForwardResult, to exchange: Exchange) {
    while let waiter = exchange.waiters.first {
      waits.remove(waiter)
      actions.append(.finished(waiter.ticket, result, queries: exchange.tries))
    }
  }
}
