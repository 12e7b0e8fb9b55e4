import Wire

/// A question that is being asked, and everybody who waits for it.
final class Exchange: TimerItem {
  /// Later ones have higher numbers.
  let number: UInt64
  let question: ForwardQuestion
  let startedAt: Instant
  let deadline: Instant
  /// The rule's upstreams, in its order, and what became of each here.
  var targets: [Target]
  var waiters = WaiterQueue()
  /// On whose account it is; nil once nobody waits here.
  var payingWaiter: Waiter?
  /// The paying waiter's account, on which its sockets are too; changed by the table of exchanges alone.
  var account: Account
  /// Who asked it of upstreams that are known to be down, and does not wait for it; nil once somebody does.
  var passer: Account?
  /// Who is charged for its tries.
  var payer: Account { passer ?? account }
  /// True when it goes on though nobody waits: to refresh the cache.
  var isBackground: Bool
  /// True while another worker asks, and this one waits for what comes of it.
  var isFollowing = false
  /// What is given instead when the upstreams fail.
  let staleAnswer: UpstreamAnswer?
  let staleAt: Instant

  /// Tries that are open, the oldest first.
  var attempts: [Attempt] = []
  var tries = 0
  var maximumTries: Int
  var nextTryAt: Instant
  /// True while no upstream can take it.
  var isParked = false
  /// True once there was no room here for one of its queries: that took none of its upstreams' time to answer.
  var lackedRoom = false
  /// True when every upstream said no, and only late answers to earlier tries are waited for.
  var isExhausted = false
  /// True once an upstream was given up because the queries that it may cost are spent.
  var wasCutShort = false
  /// True once datagrams are of no use: an answer was truncated, or too many came that were wrong.
  var usesStreams = false
  var wrongDatagrams = 0
  /// True once a query was sent again with a new server cookie (RFC 7873 §5.3).
  var renewedCookie = false
  /// What the last upstream that said no said, for a person.
  var lastProblem: String?

  /// One of the rule's upstreams, for this question.
  struct Target {
    let state: UpstreamState
    var tries = 0
    /// How often its machine refused the socket.
    var refusals = 0
    /// True when it said, to this question, that it does not know EDNS.
    var lacksEDNS = false
    /// True when it said no, and is asked no more.
    var isSpent = false
    /// True once a query to it was silent for as long as one waits.
    var hadItsTime = false
  }

  init(
    _ question: ForwardQuestion, number: UInt64, targets: [UpstreamState], account: Account, now: Instant,
    settings: ForwardSettings, staleAnswer: UpstreamAnswer?, isBackground: Bool, passer: Account? = nil
  ) {
    self.question = question
    self.number = number
    self.account = account
    self.passer = passer
    self.targets = targets.map { Target(state: $0) }
    self.staleAnswer = staleAnswer
    self.isBackground = isBackground
    startedAt = now
    deadline = now + settings.deadline
    staleAt = now + settings.staleAfter
    nextTryAt = now
    maximumTries = settings.maximumTries
  }

  override func wake(in forwarder: Forwarder, now: Instant) { forwarder.wake(self, now) }

  /// The upstream to try next: one that is up before one that is down, the least tried, the fastest, the first.
  ///
  /// Once an upstream said no, silent ones are given two tries each and not all of the deadline, and those that are
  /// down none.
  func bestTarget() -> Int? {
    let someSaidNo = targets.contains { $0.isSpent }
    var best: Int?
    for index in targets.indices where !targets[index].isSpent {
      if someSaidNo, targets[index].tries >= 2 || !targets[index].state.isUp { continue }
      guard let former = best else {
        best = index
        continue
      }
      if isBetter(targets[index], than: targets[former]) { best = index }
    }
    return best
  }

  private func isBetter(_ a: Target, than b: Target) -> Bool {
    if a.state.health.standing != b.state.health.standing { return a.state.health.standing < b.state.health.standing }
    if a.tries != b.tries { return a.tries < b.tries }
    return a.state.latency.order < b.state.latency.order
  }

  /// True when it is a limit of whoever asked, or of this server, that keeps it from going on, not its upstreams: the queries
  /// that it may cost are spent, there is no room on its account, or there was none for so long that an upstream which may
  /// answer never had the time to.
  func isLimited(_ settings: ForwardSettings) -> Bool {
    if wasCutShort { return true }
    guard !isHopeless else { return false }
    return isParked || (tries >= maximumTries && maximumTries < settings.maximumTries)
      || (lackedRoom && targets.contains { !$0.isSpent && !$0.hadItsTime && !$0.state.isDown })
  }

  /// True when every upstream that did not say no is known not to answer.
  var isHopeless: Bool { targets.allSatisfy { $0.isSpent || $0.state.isDown } }

  func index(of state: UpstreamState) -> Int? { targets.firstIndex { $0.state === state } }

  /// When something is to be done next.
  var nextEvent: Instant {
    var next = min(deadline, nextTryAt)
    if staleAnswer != nil, !waiters.isEmpty { next = min(next, staleAt) }
    for attempt in attempts where !attempt.hasTimedOut { next = min(next, attempt.timeoutAt) }
    return next
  }
}
