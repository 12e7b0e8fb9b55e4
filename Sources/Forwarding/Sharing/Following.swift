import Wire

// How workers share the asking: one asks, the others follow.
extension Forwarder {
  /// Asks upstreams, unless another worker is at it: then its result is waited for.
  func askOrFollow(_ exchange: Exchange, _ now: Instant) {
    let wasFollowing = exchange.isFollowing
    let claim = shared?.claim(
      exchange.question, by: worker, aliveUntil: now + QuestionsInFlight.lateness, follows: !exchange.isBackground,
      now: now)
    if case .another(let aliveUntil) = claim {
      // What nobody waits for is not followed.
      guard !exchange.isBackground else { return end(exchange, nil, now) }
      if !wasFollowing { counters.followed += 1 }
      exchange.isFollowing = true
      exchange.nextTryAt = aliveUntil
      return arm(exchange)
    }
    if wasFollowing { counters.takeOvers += 1 }
    exchange.isFollowing = false
    counters.exchanges += 1
    hedgeBudget = min(hedgeBudget + 0.1, 10)
    tryNext(exchange, now)
    arm(exchange)
  }

  /// Tells the workers that follow that it goes on.
  func renew(_ exchange: Exchange) {
    guard let shared, !exchange.isFollowing else { return }
    shared.renew(exchange.question, by: worker, aliveUntil: exchange.nextEvent + QuestionsInFlight.lateness)
  }

  /// True while anybody waits for it, here or at another worker.
  func isWanted(_ exchange: Exchange) -> Bool {
    if !exchange.waiters.isEmpty || exchange.isBackground { return true }
    guard let shared, !exchange.isFollowing else { return false }
    return shared.isFollowed(exchange.question, by: worker)
  }

  /// An exchange is over: leaves word for the workers that follow it, and has them woken.
  func tellFollowers(of exchange: Exchange, _ result: ForwardResult?) {
    guard let shared else { return }
    guard !exchange.isFollowing else { return shared.leave(exchange.question, worker) }
    for follower in shared.end(exchange.question, by: worker, result, queries: exchange.tries) {
      actions.append(.wake(worker: follower))
    }
  }

  /// Takes what other workers learned for questions that wait here; to be called when this worker was woken.
  public func takeNotices(now: Instant) {
    guard let shared else { return }
    let (notices, hints) = shared.takeNotices(for: worker)
    for hint in hints { take(hint, now) }
    for notice in notices {
      guard let exchange = exchanges[notice.question], exchange.isFollowing else { continue }
      guard !exchange.waiters.isEmpty else {
        end(exchange, nil, now)
        continue
      }
      guard let result = notice.result else {
        askOrFollow(exchange, now)
        continue
      }
      exchange.tries = notice.queries
      end(exchange, nil, now)
      if case .failure(let failure) = result, let stale = exchange.staleAnswer {
        deliver(staleResult(stale, failure.error.text), to: exchange)
      } else {
        deliver(result, to: exchange)
      }
    }
  }
}
