import Bounds
import Text
import Wire
import Workspaces

/// Writes whose the pods' addresses are into the store, as the one of several discoveries that leads: a state machine that
/// is handed the time and answers, and hands out one request at a time.
///
/// - Whatever was written is bound to a lease: a minute after the last discovery nothing is left. The leader's key is bound
///   to a shorter one, so that the next leads, and has written all with its own lease, before that minute is over.
/// - **Leading** is to have made the leader's key. Every transaction writes that key again, and compares the revision of
///   its last change: so transactions come one after the other, and one that was given up and arrives late, or is a former
///   leader's, changes nothing.
/// - **Drops come before grants.** A key of another pod, or of the same for another workspace, is deleted in one transaction
///   and written in a later one: whoever follows the store sees the address be nobody's in between.
/// - Every operation compares the revision of its own key too. Where that is not what it was, all is read anew.
/// - A key that no discovery wrote stays as it is, and its address is not granted.
/// - Who does not know all pods does not lead; who no longer does deletes what was dropped and lets another lead.
public struct PodLedger {
  private let keys: StoreKeys
  private let leaderKey: [UInt8]
  private let name: String
  private let settings: LedgerSettings
  private var stage = Stage.candidate
  private var asked: Asked?
  private var askedAt: UInt64 = 0
  private var podLease: Lease
  private var leaderLease: Lease
  private var campaignAt: UInt64 = 0
  private var reloadAt: UInt64 = 0
  private var pausedUntil: UInt64 = 0
  private var failures = 0
  /// The leader's key: when it came to be, and the last change of it.
  private var leaderMade: Int64 = 0
  private var leaderChanged: Int64 = 0
  private var written: [IPAddress: Written] = [:]
  private var wanted: [IPAddress: PodIdentity] = [:]
  /// What is to be deleted; what is to be written, and may be.
  private var drops: Set<IPAddress> = []
  private var grants: Set<IPAddress> = []
  /// The addresses that are wanted and that somebody else has.
  public private(set) var taken: Set<IPAddress> = []
  private var isWhole = false
  private var isResigning = false
  private var notices: [String] = []

  /// Who leads, if it is another; for people.
  public private(set) var otherLeader: String?
  /// How many transactions changed something.
  public private(set) var transactions = 0
  /// True when nothing more is done, after `resign`.
  public private(set) var isDone = false

  /// Knows nothing, and has nothing.
  ///
  /// - Parameters:
  ///   - name: what this discovery is called, for people.
  ///   - keys: the store's.
  public init(name: String, keys: StoreKeys, _ settings: LedgerSettings = LedgerSettings(), now: UInt64) {
    (self.name, self.keys, self.settings) = (name, keys, settings)
    leaderKey = keys.octets(of: .leader("discovery"))
    (campaignAt, pausedUntil) = (now, now)
    podLease = Lease(seconds: settings.podSeconds)
    leaderLease = Lease(seconds: settings.leaderSeconds)
  }

  /// True while this discovery leads, as far as it knows; the store decides.
  public var isLeader: Bool { leaderMade != 0 }
  /// How many addresses the store has of pods.
  public var count: Int { written.values.count { $0.identity != nil } }
  /// How many addresses are to be written or deleted.
  public var pending: Int { drops.count + grants.count }

  /// True when this discovery leads, and the store has all that is wanted and no more, as far as is known.
  public var isSettled: Bool {
    guard case .leading = stage, pending == 0 else { return false }
    if case .batch? = asked { return false }
    return true
  }

  /// What went wrong since this was asked last, for people.
  public mutating func takeNotices() -> [String] {
    defer { notices = [] }
    return notices
  }

  /// The changes of a discovery, in their order.
  ///
  /// - Parameter isWhole: the discovery knows all pods by now.
  public mutating func apply(_ changes: [AddressChange], isWhole: Bool) {
    for change in changes {
      switch change {
      case .drop(let address):
        wanted[address] = nil
        sort(address)
      case .grant(let address, let identity):
        wanted[address] = identity
        sort(address)
      }
    }
    self.isWhole = isWhole
  }

  /// Gives up leading for good, so that another leads at once. What was written stays until its lease ends.
  public mutating func resign() { isResigning = true }

  // MARK: Asking

  /// When `next` has something to ask; the end of time while an answer is waited for.
  public func nextWake(now: UInt64) -> UInt64 {
    guard asked == nil, !isDone else { return .max }
    guard podLease.id != 0, leaderLease.id != 0, !isResigning else { return pausedUntil }
    let due =
      switch stage {
      case .candidate: isWhole ? campaignAt : .max
      case .loading, .fencing: now
      case .leading: pending > 0 || !isWhole ? now : reloadTime
      }
    return max(pausedUntil, min(podLease.due, leaderLease.due, due))
  }

  private var reloadTime: UInt64 {
    taken.isEmpty ? reloadAt : min(reloadAt, reloadAt - settings.reload + settings.reloadOfTaken)
  }

  /// What to ask the store now; nil while an answer is waited for, and where there is nothing to ask.
  public mutating func next(now: UInt64) -> LedgerRequest? {
    guard asked == nil, now >= pausedUntil, !isDone else { return nil }
    askedAt = now
    if isResigning { return resignation() }
    if let request = leaseRequest(now) { return request }
    switch stage {
    case .candidate:
      guard isWhole, now >= campaignAt else { return nil }
      asked = .campaign
      return transaction([.init(leaderKey, .createRevision(0))], [leaderPut])
    case .loading(let revision, let after):
      asked = .page
      let rest = after.isEmpty ? keys.pods : .range(after + [0], upTo: keys.pods.end ?? [0])
      return .range(rest, limit: settings.pageKeys, revision: revision)
    case .fencing:
      asked = .fence
      return transaction(leads, [leaderPut])
    case .leading:
      if pending > 0 { return batch() }
      if !isWhole { return resignation() }
      guard now >= reloadTime else { return nil }
      load()
      return next(now: now)
    }
  }

  private mutating func leaseRequest(_ now: UInt64) -> LedgerRequest? {
    for (kind, lease) in [(Lease.Kind.leader, leaderLease), (.pods, podLease)] {
      guard lease.id != 0 else {
        asked = .grant(kind)
        return .grantLease(seconds: lease.seconds)
      }
      guard now < lease.due else {
        asked = .keepAlive(kind)
        return .keepAlive(lease.id)
      }
    }
    return nil
  }

  private var leaderPut: EtcdTransaction.Operation {
    let value: JSON = ["name": .string(name)]
    return .put(leaderKey, Array(value.compactText.utf8), lease: leaderLease.id)
  }

  private var leads: [EtcdTransaction.Comparison] {
    [.init(leaderKey, .createRevision(leaderMade)), .unchanged(leaderKey, since: leaderChanged)]
  }

  /// Where a comparison does not hold the leader's key is read.
  private func transaction(
    _ comparisons: [EtcdTransaction.Comparison], _ operations: [EtcdTransaction.Operation]
  ) -> LedgerRequest {
    .transaction(EtcdTransaction(comparisons, success: operations, failure: [.range(.key(leaderKey))]))
  }

  private mutating func resignation() -> LedgerRequest? {
    guard isLeader else {
      isDone = isResigning
      return nil
    }
    asked = .resignation
    return transaction(leads, [.delete(.key(leaderKey))])
  }

  /// The next transaction: drops first.
  private mutating func batch() -> LedgerRequest {
    var changes: [(address: IPAddress, identity: PodIdentity?)] = []
    var comparisons = leads
    var operations = [leaderPut]
    for address in drops.prefix(settings.operations - 1) {
      changes.append((address, nil))
      operations.append(.delete(.key(key(address))))
    }
    for address in grants.prefix(settings.operations - operations.count) {
      guard let identity = wanted[address] else { continue }
      changes.append((address, identity))
      let value = PodRecord.octets(identity, seconds: settings.podSeconds)
      operations.append(.put(key(address), value, lease: podLease.id))
    }
    for (address, _) in changes {
      comparisons.append(.unchanged(key(address), since: written[address]?.revision ?? 0))
    }
    asked = .batch(changes)
    return transaction(comparisons, operations)
  }

  private func key(_ address: IPAddress) -> [UInt8] { keys.octets(of: .pod(address)) }

  /// Puts an address where it belongs: to be deleted, to be written, or neither.
  private mutating func sort(_ address: IPAddress) {
    drops.remove(address)
    grants.remove(address)
    taken.remove(address)
    let want = wanted[address]
    guard let have = written[address] else {
      if want != nil { grants.insert(address) }
      return
    }
    guard let identity = have.identity else {
      if want != nil { taken.insert(address) }
      return
    }
    if identity != want {
      drops.insert(address)
    } else if have.isOfAnotherLease {
      grants.insert(address)
    }
  }

  // MARK: Answers

  /// The store has answered the last request.
  ///
  /// - Parameters:
  ///   - message: what it said.
  ///   - keyValues: what was handed on before it: a range's, or what a transaction read instead.
  public mutating func answered(_ message: EtcdMessage, _ keyValues: [EtcdKeyValue], now: UInt64) {
    guard let asked else { return }
    self.asked = nil
    if let error = message.error { return failed(error, asked, now) }
    failures = 0
    switch asked {
    case .grant(let kind):
      guard message.leaseID != 0 else { return pause(now, "the store gave no lease") }
      change(kind) { $0.id = message.leaseID }
    case .keepAlive(let kind):
      guard message.leaseSeconds > 0 else { return leaseLost(kind) }
      change(kind) { _ in }
    case .campaign:
      guard message.succeeded else { return judge(keyValues, now) }
      lead(made: message.revision, changed: message.revision)
    case .page: page(message, keyValues, now)
    case .batch(let changes):
      guard message.succeeded else { return judge(keyValues, now) }
      leaderChanged = message.revision
      transactions += 1
      for (address, identity) in changes {
        written[address] = identity.map { Written(identity: $0, revision: message.revision, isOfAnotherLease: false) }
        sort(address)
      }
    case .fence:
      guard message.succeeded else { return judge(keyValues, now) }
      lead(made: leaderMade, changed: message.revision)
    case .resignation:
      isDone = isResigning
      follow(now, nil)
    }
  }

  /// The last request was not answered: it may have been carried out, or may yet be.
  ///
  /// - Parameter why: for people.
  public mutating func failed(_ why: String, now: UInt64) {
    guard let asked else { return }
    self.asked = nil
    uncertain(asked)
    pause(now, why)
  }

  private mutating func failed(_ error: EtcdError, _ asked: Asked, _ now: UInt64) {
    // The revision that pages are read at is gone: from the first one again.
    if error.isCompacted, case .page = asked { load() }
    if error.isLeaseGone {
      // Of a transaction nobody can tell which of the two: each is asked after before anything else.
      (podLease.due, leaderLease.due) = (0, 0)
      if case .keepAlive(let kind) = asked { leaseLost(kind) }
    }
    // Not every error says that nothing was done.
    uncertain(asked)
    pause(now, "\(error)")
  }

  private mutating func uncertain(_ asked: Asked) {
    switch asked {
    case .batch, .fence, .resignation: if isLeader { stage = .fencing }
    case .grant, .keepAlive, .campaign, .page: break
    }
  }

  private mutating func pause(_ now: UInt64, _ why: String) {
    tell(why)
    failures += 1
    pausedUntil = now + min(settings.longestPause, settings.shortestPause << UInt64(min(failures - 1, 8)))
    // A courtesy: the lease ends by itself.
    if isResigning, failures > 3 { isDone = true }
  }

  private mutating func tell(_ why: String) {
    if notices.count < Limits.Kubernetes.notices { notices.append(why) }
  }

  private mutating func change(_ kind: Lease.Kind, _ body: (inout Lease) -> Void) {
    switch kind {
    case .pods:
      body(&podLease)
      podLease.isKept(from: askedAt)
    case .leader:
      body(&leaderLease)
      leaderLease.isKept(from: askedAt)
    }
  }

  // MARK: Leading

  private mutating func lead(made: Int64, changed: Int64) {
    (leaderMade, leaderChanged) = (made, changed)
    otherLeader = nil
    load()
  }

  /// A comparison did not hold: who leads?
  private mutating func judge(_ keyValues: [EtcdKeyValue], _ now: UInt64) {
    let key = keyValues.first { $0.key == leaderKey }
    // Made with this lease: by this discovery, with a request whose answer was lost. Or a pod's key is not what it was.
    if let key, key.lease == leaderLease.id {
      pausedUntil = now + settings.shortestPause
      return lead(made: key.createRevision, changed: key.modRevision)
    }
    if isLeader { tell("another discovery leads") }
    follow(now, key)
  }

  private mutating func follow(_ now: UInt64, _ key: EtcdKeyValue?) {
    stage = .candidate
    (leaderMade, leaderChanged) = (0, 0)
    unlearn()
    campaignAt = now + (key == nil ? 0 : settings.campaign)
    otherLeader = key.map { key in
      if let value = try? JSON.parse(key.value, file: "leader", comments: false),
        case .object(let members) = value.content,
        case .string(let name)? = members["name"]?.content
      {
        name
      } else {
        "?"
      }
    }
  }

  private mutating func leaseLost(_ kind: Lease.Kind) {
    switch kind {
    case .pods:
      podLease.id = 0
      if isLeader {
        tell("the lease of the pods' addresses is gone: they are written anew")
        if case .fencing = stage {} else { load() }
      }
    case .leader:
      leaderLease.id = 0
      if isLeader { tell("the lease of who leads is gone") }
      stage = .candidate
      (leaderMade, leaderChanged) = (0, 0)
      unlearn()
    }
  }

  private mutating func unlearn() {
    written = [:]
    (drops, grants, taken) = ([], [], [])
  }

  // MARK: Reading what is there

  private mutating func load() {
    unlearn()
    stage = .loading(revision: 0, after: [])
  }

  private mutating func page(_ message: EtcdMessage, _ keyValues: [EtcdKeyValue], _ now: UInt64) {
    guard case .loading(let pinned, _) = stage else { return }
    for pair in keyValues {
      guard case .key(.pod(let address)) = keys.read(pair.key) else { continue }
      written[address] = Written(
        identity: PodRecord.identity(pair.value), revision: pair.modRevision,
        isOfAnotherLease: pair.lease != podLease.id)
    }
    if message.more, let last = keyValues.last {
      stage = .loading(revision: pinned == 0 ? message.revision : pinned, after: last.key)
      return
    }
    stage = .leading
    reloadAt = now + settings.reload
    for address in Set(written.keys).union(wanted.keys) { sort(address) }
  }
}
