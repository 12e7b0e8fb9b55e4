import Forwarding

/// What is asked for by one request.
enum Ask: Hashable {
  case authenticate
  /// Whether it is the same store, and no older.
  case probe
  case grant
  case keepAlive
  case canary
  case presence
  case page
  case mend
  case compare
  case revoke

  /// It writes something.
  var isWrite: Bool { [.grant, .keepAlive, .canary, .presence].contains(self) }

  /// For people.
  var words: String {
    switch self {
    case .authenticate: "authenticating"
    case .probe: "looking for the store"
    case .grant, .keepAlive, .revoke: "the replica's lease"
    case .canary: "putting the canary"
    case .presence: "putting the replica's state"
    case .page, .mend: "loading"
    case .compare: "comparing"
    }
  }
}

/// A request that waits for its answer.
struct Asked {
  let ask: Ask
  let sentAt: Instant
  /// Which store was known when it was sent.
  let identity: StoreIdentity
  var message: EtcdMessage?
}

// The connection that asks: one request at a time, what is most urgent first.
extension Follower {
  /// Sends the next request, if there is one and the connection is free.
  func pump(_ now: Instant) {
    guard !isStopped, let link = asking, link.isOpen, asked == nil else { return }
    if link.isSpent { return reopenAsking(now, isEnded: false) }
    watchIfDue(now)
    guard let ask = nextAsk(now) else { return }
    do throws(FollowFailure) {
      let octets = try request(for: ask, now)
      asked = Asked(ask: ask, sentAt: now, identity: identity)
      asking?.begin(deadline: now + settings.answering)
      actions.append(.send(link.connection, octets))
      counters.requests += 1
    } catch {
      fail(error, now)
    }
  }

  private func nextAsk(_ now: Instant) -> Ask? {
    if credentials != nil, token == nil, !needsNoToken { return .authenticate }
    if isStopping { return .revoke }
    guard isProbed else { return .probe }
    if let write = dueWrite(now) { return write }
    if loading != nil { return .page }
    guard watch?.isCreated == true else { return nil }
    if mend != nil || !mends.isEmpty { return .mend }
    return comparison != nil ? .compare : nil
  }

  private func request(for ask: Ask, _ now: Instant) throws(FollowFailure) -> [UInt8] {
    switch ask {
    case .authenticate:
      return try send(
        .authenticate(user: credentials?.user ?? "", password: credentials?.password ?? ""), withToken: false)
    case .probe: return try send(.range(.key(keys.format)))
    case .grant: return try send(.grantLease(seconds: settings.leaseSeconds))
    case .keepAlive: return try send(.keepLeaseAlive(lease?.id ?? 0))
    case .revoke: return try send(.revokeLease(lease?.id ?? 0))
    case .canary: return try send(.put(keys.canary, canary.next(at: now), lease: lease?.id ?? 0))
    case .presence: return try send(.put(keys.replica, presenceValue(now), lease: lease?.id ?? 0))
    case .page:
      loading?.paging.begin()
      if loading?.startedAt == nil { loading?.startedAt = now }
      return try send(loading?.paging.request(keysOnly: false))
    case .mend:
      beginMend()
      return try send(mend?.paging.request(keysOnly: false))
    case .compare:
      comparison?.paging.begin()
      return try send(comparison?.paging.request(keysOnly: true))
    }
  }

  private func send(_ request: EtcdRequest?, withToken: Bool = true) throws(FollowFailure) -> [UInt8] {
    guard let request else { throw .protocolFault("there is nothing to ask for") }
    return try keys.octets(request, to: store.members[endpoint], token: withToken ? token : nil)
  }

  /// Reads what the connection has brought.
  func heardAnswer(_ octets: [UInt8], _ now: Instant) throws(FollowFailure) {
    var at = 0
    let connection = asking?.connection
    while asking?.connection == connection {
      guard asked != nil else {
        guard at == octets.count else { throw .protocolFault("octets that nobody asked for") }
        return
      }
      asking?.deadline = now + settings.answering
      guard let event = try asking?.next(octets.span, at: &at) else { return }
      switch event {
      case .keyValue(let entry): add(entry)
      case .message(let message):
        guard asked?.message == nil else { throw .protocolFault("two messages in one answer") }
        asked?.message = message
      case .ended(let status): try answered(status, now)
      }
    }
  }

  private func add(_ entry: EtcdKeyValue) {
    switch asked?.ask {
    case .page: loading?.paging.add(entry)
    case .mend: mend?.paging.add(entry)
    case .compare: comparison?.paging.add(entry)
    default: break
    }
  }

  /// An answer is there.
  private func answered(_ status: Int, _ now: Instant) throws(FollowFailure) {
    guard let asked else { return }
    self.asked = nil
    guard let message = asked.message else { throw .protocolFault("status \(status), and nothing else") }
    if let why = identity.judge(clusterOf: message) {
      becomeOther(why, clusterID: message.clusterID, now)
      return
    }
    if let error = message.error { return try refused(asked.ask, error, now) }
    guard status == 200 else { throw .protocolFault("status \(status)") }
    if asked.ask != .authenticate { isTokenFresh = false }
    // Of a lease a member says its own revision, which may be behind.
    if [.probe, .canary, .presence, .page, .mend, .compare].contains(asked.ask),
      asked.identity.clusterID == nil || asked.identity.clusterID == identity.clusterID,
      let why = identity.judge(message, asked: asked.identity)
    {
      becomeOther(why, clusterID: message.clusterID, now)
      return
    }
    try succeeded(asked, message, now)
  }

  private func succeeded(_ asked: Asked, _ message: EtcdMessage, _ now: Instant) throws(FollowFailure) {
    switch asked.ask {
    case .authenticate:
      guard !message.token.isEmpty else { throw .protocolFault("no token for the password") }
      (token, isTokenFresh) = (message.token, true)
    case .probe: isProbed = true
    case .grant: granted(message, asked.sentAt)
    case .keepAlive: keptAlive(message, asked.sentAt)
    case .revoke: finishStop()
    case .canary: try canaryWasPut(at: message.revision, now)
    case .presence: presence.wasPut(at: asked.sentAt, settings)
    case .page: try pageCame(message, now)
    case .mend: try mendCame(message, now)
    case .compare: try comparisonCame(message, now)
    }
  }

  /// Etcd has refused: what can be mended is, and asked for again.
  private func refused(_ ask: Ask, _ error: EtcdError, _ now: Instant) throws(FollowFailure) {
    if ask == .authenticate { return try authenticationRefused(error) }
    if error.isUnauthenticated {
      guard credentials != nil else { throw .credentials("the store wants a user and a password (\(error))") }
      token = nil
      needsNoToken = false
      guard !isTokenFresh else { throw .credentials("the store does not take the token that it gave (\(error))") }
      forgetWrite(ask)
      return
    }
    switch ask {
    case .page where error.isCompacted || error.isFutureRevision: startLoading(error.message, now)
    case .mend where error.isCompacted: mend = nil
    case .compare where error.isCompacted: comparison = nil
    case .revoke: finishStop()
    case _ where error.isOutOfSpace && ask.isWrite: storeIsFull(error, now)
    case _ where error.isLeaseGone && ask.isWrite: leaseIsGone(ask)
    default: throw .refused(error)
    }
  }

  private func authenticationRefused(_ error: EtcdError) throws(FollowFailure) {
    // FailedPrecondition: it knows no users, so it wants no token either.
    guard error.code == 9 else { throw .credentials("the user or the password is wrong (\(error))") }
    needsNoToken = true
  }
}
