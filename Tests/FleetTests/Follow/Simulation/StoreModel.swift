import Fleet
import Forwarding

/// What a cluster of etcd holds, with all of its history; the judge of what is handed on.
struct StoreModel {
  typealias Key = [UInt8]

  struct Entry: Hashable {
    var value: [UInt8]
    var create: Int64
    var mod: Int64
    var version: Int64
    var lease: Int64
  }

  /// A change of one key; nil where it was deleted.
  struct Event {
    var key: Key
    var entry: Entry?
  }

  struct Lease {
    var seconds: Int64
    var expires: Instant
    var keys: Set<Key> = []
  }

  /// Tells it from every other of a world.
  var number = 0
  var clusterID: UInt64
  var term: UInt64 = 2
  var revision: Int64 = 1
  var compacted: Int64 = 0
  /// The events of each revision, in the order of their operations, and when it was committed.
  var history: [Int64: (events: [Event], at: Instant)] = [:]
  /// The changes of each key.
  var keys: [Key: [(revision: Int64, entry: Entry?)]] = [:]
  var leases: [Int64: Lease] = [:]
  var nextLease: Int64 = 7_000_000_000_000_000_001
  /// The database is full.
  var isFull = false

  init(clusterID: UInt64) { self.clusterID = clusterID }

  func entry(_ key: Key, at revision: Int64? = nil) -> Entry? {
    guard let changes = keys[key] else { return nil }
    guard let revision else { return changes.last?.entry }
    return changes.last { $0.revision <= revision }?.entry
  }

  /// The keys of a range as they were at a revision, in order.
  func range(_ start: Key, _ end: Key?, at revision: Int64? = nil) -> [(key: Key, entry: Entry)] {
    guard let end else { return entry(start, at: revision).map { [(start, $0)] } ?? [] }
    return keys.keys.filter { !$0.lexicographicallyPrecedes(start) && $0.lexicographicallyPrecedes(end) }
      .sorted { $0.lexicographicallyPrecedes($1) }
      .compactMap { key in entry(key, at: revision).map { (key, $0) } }
  }

  /// Writes and deletes keys at once.
  ///
  /// - Parameter changes: keys and values; nil to delete. Each key once.
  @discardableResult
  mutating func commit(_ changes: [(key: Key, value: [UInt8]?)], lease: Int64 = 0, now: Instant) -> Int64 {
    let next = revision + 1
    var events: [Event] = []
    for (key, value) in changes {
      let old = entry(key)
      if value == nil, old == nil { continue }
      if let old, old.lease != 0 { leases[old.lease]?.keys.remove(key) }
      let new = value.map {
        Entry(value: $0, create: old?.create ?? next, mod: next, version: (old?.version ?? 0) + 1, lease: lease)
      }
      if lease != 0, new != nil { leases[lease]?.keys.insert(key) }
      keys[key, default: []].append((next, new))
      events.append(Event(key: key, entry: new))
    }
    guard !events.isEmpty else { return revision }
    revision = next
    history[next] = (events, now)
    return next
  }

  mutating func grant(_ seconds: Int64, now: Instant) -> Int64 {
    nextLease += 1
    leases[nextLease] = Lease(seconds: seconds, expires: now + .seconds(seconds))
    return nextLease
  }

  /// Ends leases whose time is over: all keys of one in one revision.
  mutating func expire(now: Instant) -> Bool {
    let over = leases.filter { $0.value.expires <= now }.map(\.key).sorted()
    for id in over { revoke(id, now: now) }
    return !over.isEmpty
  }

  mutating func revoke(_ id: Int64, now: Instant) {
    guard let lease = leases.removeValue(forKey: id) else { return }
    commit(lease.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { ($0, nil) }, now: now)
  }
}
