import Fleet

/// A store that does what etcd does with what a ledger asks, plainly.
struct ModelStore {
  private(set) var revision: Int64 = 10
  private(set) var keys: [[UInt8]: EtcdKeyValue] = [:]
  /// When each lease ends, in milliseconds, and its time.
  private(set) var leases: [Int64: (end: UInt64, seconds: Int64)] = [:]
  private var lastLease: Int64 = 700
  /// Each put and deletion of a key: what stood there before, and what does after.
  private(set) var history: [(before: EtcdKeyValue?, after: EtcdKeyValue?, revision: Int64)] = []
  private var old: [(revision: Int64, keys: [[UInt8]: EtcdKeyValue])] = []
  /// Ranges at older revisions than this are refused.
  var compacted: Int64 = 0

  /// Ends leases whose time is over, and deletes what was bound to them.
  mutating func expire(now: UInt64) {
    for (lease, kept) in leases where kept.end <= now {
      leases[lease] = nil
      let bound = keys.values.filter { $0.lease == lease }
      if bound.isEmpty { continue }
      revision += 1
      for pair in bound { set(pair.key, nil) }
    }
  }

  private mutating func set(_ key: [UInt8], _ pair: EtcdKeyValue?) {
    history.append((keys[key], pair, revision))
    keys[key] = pair
  }

  /// Writes a key as somebody else.
  mutating func put(_ key: [UInt8], _ value: [UInt8], lease: Int64 = 0) {
    revision += 1
    put(key, value, lease)
  }

  private mutating func put(_ key: [UInt8], _ value: [UInt8], _ lease: Int64) {
    var pair = EtcdKeyValue()
    (pair.key, pair.value, pair.lease, pair.modRevision) = (key, value, lease, revision)
    pair.createRevision = keys[key]?.createRevision ?? revision
    set(key, pair)
  }

  /// Deletes a key as somebody else.
  mutating func delete(_ key: [UInt8]) {
    guard keys[key] != nil else { return }
    revision += 1
    set(key, nil)
  }

  mutating func endLease(_ lease: Int64) { leases[lease]?.end = 0 }

  /// Does what is asked.
  mutating func answer(_ request: LedgerRequest, now: UInt64) -> (EtcdMessage, [EtcdKeyValue]) {
    expire(now: now)
    var message = EtcdMessage()
    var found: [EtcdKeyValue] = []
    switch request {
    case .grantLease(let seconds):
      lastLease += 1
      leases[lastLease] = (now + UInt64(seconds) * 1000, seconds)
      (message.leaseID, message.leaseSeconds) = (lastLease, seconds)
    case .keepAlive(let lease):
      message.leaseID = lease
      if let kept = leases[lease] {
        leases[lease]?.end = now + UInt64(kept.seconds) * 1000
        message.leaseSeconds = kept.seconds
      }
    case .range(let range, let limit, let at):
      guard at == 0 || at >= compacted else {
        message.error = EtcdError(code: 11, message: "etcdserver: mvcc: required revision has been compacted")
        return (message, [])
      }
      let keys = at == 0 ? self.keys : old.last { $0.revision <= at }?.keys ?? self.keys
      if at == 0 { old.append((revision, keys)) }
      found = Self.range(range, keys)
      message.more = found.count > limit
      found = Array(found.prefix(Int(limit)))
    case .transaction(let transaction): transact(transaction, &message, &found)
    }
    message.revision = revision
    return (message, found)
  }

  private static func range(_ range: KeyRange, _ keys: [[UInt8]: EtcdKeyValue]) -> [EtcdKeyValue] {
    keys.values.filter { pair in
      guard let end = range.end else { return pair.key == range.start }
      return !pair.key.lexicographicallyPrecedes(range.start) && pair.key.lexicographicallyPrecedes(end)
    }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
  }

  private mutating func transact(
    _ transaction: EtcdTransaction, _ message: inout EtcdMessage, _ found: inout [EtcdKeyValue]
  ) {
    message.succeeded = transaction.comparisons.allSatisfy { comparison in
      switch comparison.subject {
      case .modRevision(let revision): (keys[comparison.key]?.modRevision ?? 0) == revision
      case .createRevision(let revision): (keys[comparison.key]?.createRevision ?? 0) == revision
      case .version, .value: false
      }
    }
    let operations = message.succeeded ? transaction.success : transaction.failure
    for case .put(_, _, let lease) in operations where leases[lease] == nil {
      message.succeeded = false
      message.error = EtcdError(code: 5, message: "etcdserver: requested lease not found")
      return
    }
    let writes = operations.contains { if case .range = $0 { false } else { true } }
    if writes { revision += 1 }
    for operation in operations {
      switch operation {
      case .put(let key, let value, let lease): put(key, value, lease)
      case .delete(let range): for pair in Self.range(range, keys) { set(pair.key, nil) }
      case .range(let range, _): found += Self.range(range, keys)
      }
    }
  }
}
