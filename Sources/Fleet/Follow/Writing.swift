import Forwarding

/// The replica's lease: when it goes, what the replica wrote goes with it.
struct StoreLease: Hashable {
  let id: Int64
  /// When it is to be kept alive.
  var keepAliveDue: Instant
}

/// What a replica puts by one connection to see that it comes by the other.
struct Canary {
  /// Tells this run of the follower from every other.
  let boot: UInt64
  private var number = 0
  /// When the next is put; nil while there is no watch, or one is under way.
  var due: Instant?
  private(set) var sentAt: Instant?
  /// The revision of the put; nil before its answer.
  private(set) var revision: Int64?
  private var hasCome = false
  /// Until when it must come by the watch.
  private(set) var deadline: Instant?

  init(boot: UInt64) { self.boot = boot }

  private var value: [UInt8] { Array("\(String(boot, radix: 16)) \(number)".utf8) }

  /// What is put now.
  mutating func next(at now: Instant) -> [UInt8] {
    number += 1
    (due, sentAt, revision, hasCome, deadline) = (nil, now, nil, false, nil)
    return value
  }

  /// True for the value of the one that is under way.
  func isNewest(_ value: [UInt8]) -> Bool { sentAt != nil && value == self.value }

  mutating func wasPut(at revision: Int64, deadline: Instant) {
    self.revision = revision
    if !hasCome { self.deadline = deadline }
  }

  mutating func came() {
    hasCome = true
    deadline = nil
  }

  /// The watch brings what was before it: it is not silent.
  mutating func extend(to deadline: Instant) { if self.deadline != nil { self.deadline = deadline } }

  /// It was put, and has come.
  var isProven: Bool { revision != nil && hasCome }
  var isAwaited: Bool { sentAt != nil && !hasCome }

  /// There is none under way.
  mutating func forget() { (due, sentAt, revision, hasCome, deadline) = (nil, nil, nil, false, nil) }
}

/// What the replica says of itself in the store.
struct Presence {
  /// What it goes by: it is put anew when any of it is another.
  struct Basis: Equatable {
    let revision: Int64
    let loaded: Int64
    let lease: Int64
  }

  /// What was put last, and what is being put.
  private(set) var put: Basis?
  var sent: Basis?
  /// Not before that.
  private(set) var nextAt: Instant?

  mutating func wasPut(at sentAt: Instant, _ settings: FollowSettings) {
    put = sent
    nextAt = sentAt + settings.presenceEvery
  }

  mutating func forget() { put = nil }
}

// What the replica writes: its lease, its canary, what it says of itself.
extension Follower {
  /// The write whose time has come.
  func dueWrite(_ now: Instant) -> Ask? {
    if let fullUntil, now < fullUntil { return keepAliveIsDue(now) ? .keepAlive : nil }
    fullUntil = nil
    guard lease != nil else { return .grant }
    if keepAliveIsDue(now) { return .keepAlive }
    if let due = canary.due, due <= now { return .canary }
    if presenceIsWanted, (presence.nextAt ?? now) <= now { return .presence }
    return nil
  }

  /// When the next write is due, as far as is known; nil for never.
  var nextWrite: Instant? {
    if let fullUntil { return min(fullUntil, lease?.keepAliveDue ?? fullUntil) }
    return [lease?.keepAliveDue, canary.due, presenceIsWanted ? presence.nextAt : nil].compactMap { $0 }.min()
  }

  private func keepAliveIsDue(_ now: Instant) -> Bool { lease.map { $0.keepAliveDue <= now } ?? false }

  // MARK: Lease

  func granted(_ message: EtcdMessage, _ sentAt: Instant) {
    lease = StoreLease(id: message.leaseID, keepAliveDue: sentAt + settings.keepAliveEvery)
  }

  /// A lease that has run out is "kept alive" without any seconds.
  func keptAlive(_ message: EtcdMessage, _ sentAt: Instant) {
    if message.leaseSeconds > 0 {
      lease?.keepAliveDue = sentAt + settings.keepAliveEvery
    } else {
      lease = nil
    }
  }

  /// A put was refused because of it: another lease is asked for, and the put done again.
  func leaseIsGone(_ ask: Ask) {
    lease = nil
    forgetWrite(ask)
  }

  /// A write was refused; it is done again.
  func forgetWrite(_ ask: Ask) {
    guard ask == .canary else { return }
    let sentAt = canary.sentAt
    canary.forget()
    canary.due = sentAt
  }

  /// Nothing can be written. What is there is still there, and is still followed; only the proof must be another.
  func storeIsFull(_ error: EtcdError, _ now: Instant) {
    let why = FollowFailure.refused(error)
    if failure != why { actions.append(.tell(.failed(endpoint: endpoint, why))) }
    failure = why
    canary.forget()
    canary.due = now
    fullUntil = now + settings.canaryEvery * 2
    if watch?.isCreated == true, comparison == nil { beginComparison(at: 0, isProof: true, now) }
  }

  // MARK: Canary

  /// The canary was put: by the watch it must come.
  func canaryWasPut(at revision: Int64, _ now: Instant) throws(FollowFailure) {
    // The watch may have ended meanwhile.
    guard canary.sentAt != nil else { return }
    canary.wasPut(at: revision, deadline: now + settings.canaryWithin)
    try canaryProgress(cursor ?? 0, isProven: false, now)
  }

  /// A revision has come by the watch.
  func canaryProgress(_ revision: Int64, isProven: Bool, _ now: Instant) throws(FollowFailure) {
    if isProven { canary.came() }
    if let sentAt = canary.sentAt, canary.isProven {
      counters.canaries += 1
      hadContact(asOf: sentAt)
      let put = canary.revision ?? revision
      canary.forget()
      canary.due = sentAt + settings.canaryEvery
      (failuresInRow, failure) = (0, nil)
      if revision == put { compareIfDue(at: put, now) }
      mendOversized()
    } else if canary.isAwaited, let put = canary.revision {
      guard revision < put else { throw .torn("the watch has left out what was put at revision \(put)") }
      canary.extend(to: now + settings.canaryWithin)
    }
  }

  // MARK: Presence

  private var presenceIsWanted: Bool {
    cursor != nil && lease != nil && presence.put != presenceBasis
  }

  private var presenceBasis: Presence.Basis {
    Presence.Basis(revision: contentRevision, loaded: loadedRevision, lease: lease?.id ?? 0)
  }

  func presenceValue(_ now: Instant) -> [UInt8] {
    presence.sent = presenceBasis
    return replica.value(
      revision: contentRevision, loaded: loadedRevision,
      age: lastContact.map { Int64(now.wholeSeconds(since: $0)) } ?? -1)
  }
}
