import Wire

/// A part of the cache: a hash table, and queues by which entries are put out when there are too many octets.
///
/// Octets are charged to the workspace that brought them, and whoever has most gives way: each has a queue of its own.
/// The queue is SIEVE's (Zhang et al., NSDI 2024): a new entry enters at one end; a hand goes along from the other,
/// spares once what was asked for since it last came by, and puts out the rest. Names that are asked once, such as those
/// of a random-subdomain flood, go first.
struct CacheShard {
  private struct Entry {
    var hash: UInt64
    var name: [UInt8]
    /// Nil in a place that is free.
    var key: CacheKey?
    var answer: UpstreamAnswer?
    var failure: ForwardFailure?
    var failureUntil = Instant(nanoseconds: 0)
    var failuresInARow: UInt8 = 0
    /// How often it was found, up to 255.
    var hits: UInt8 = 0
    var wasVisited = false
    var isRefreshing = false
    /// The next entry of the same bucket.
    var nextInBucket: Int32 = -1
    var newer: Int32 = -1
    var older: Int32 = -1
    /// Who brought it.
    var holder: Int32 = -1
    var cost = 0
  }

  private let capacityOctets: Int
  private(set) var usedOctets = 0
  private(set) var count = 0
  private var entries: [Entry] = []
  private var free: [Int32] = []
  private var buckets: [Int32] = Array(repeating: -1, count: 16)
  private var holders = CacheHolders()

  /// A refresh is due when this part of the TTL is left, of answers with at least that TTL that were found that often.
  private static let refreshFraction: UInt32 = 10
  private static let refreshHits: UInt8 = 3

  init(capacityOctets: Int) { self.capacityOctets = capacityOctets }

  mutating func find(
    _ name: Span<UInt8>, _ key: CacheKey, _ hash: UInt64, now: Instant, _ purpose: AnswerCache.Purpose
  ) -> AnswerCache.Found {
    guard let index = index(of: name, key, hash) else { return AnswerCache.Found() }
    if purpose != .look {
      entries[index].wasVisited = true
      if entries[index].hits < .max { entries[index].hits += 1 }
    }
    var found = AnswerCache.Found()
    if let answer = entries[index].answer {
      found.answer = answer
      found.isRefreshDue =
        !entries[index].isRefreshing && entries[index].hits >= Self.refreshHits && Self.isLate(answer, now)
      if found.isRefreshDue, purpose == .refresh { entries[index].isRefreshing = true }
    }
    if entries[index].failureUntil > now { found.failure = entries[index].failure }
    return found
  }

  /// True in the last tenth of the TTL.
  private static func isLate(_ answer: UpstreamAnswer, _ now: Instant) -> Bool {
    let age = now.wholeSeconds(since: answer.storedAt)
    guard answer.ttlSeconds >= refreshFraction, age < answer.ttlSeconds else { return false }
    return (answer.ttlSeconds - age) <= answer.ttlSeconds / refreshFraction
  }

  mutating func store(
    _ answer: UpstreamAnswer, _ name: [UInt8], _ key: CacheKey, _ hash: UInt64, of group: UInt32?
  ) {
    let index = index(of: name.span, key, hash) ?? insert(name, key, hash, group)
    pass(index, to: group)
    entries[index].answer = answer
    entries[index].failure = nil
    entries[index].failureUntil = Instant(nanoseconds: 0)
    entries[index].failuresInARow = 0
    entries[index].hits = 0
    entries[index].isRefreshing = false
    settle(index)
  }

  mutating func store(
    _ failure: ForwardFailure, _ name: [UInt8], _ key: CacheKey, _ hash: UInt64, of group: UInt32?, now: Instant,
    first: Duration, longest: Duration
  ) {
    let index = index(of: name.span, key, hash) ?? insert(name, key, hash, group)
    let doubled = first * (1 << Int(min(entries[index].failuresInARow, 8)))
    entries[index].failure = failure
    entries[index].failureUntil = now + min(doubled, longest)
    entries[index].failuresInARow += entries[index].failuresInARow < 8 ? 1 : 0
    entries[index].isRefreshing = false
    settle(index)
  }

  mutating func refreshFailed(_ name: Span<UInt8>, _ key: CacheKey, _ hash: UInt64) {
    if let index = index(of: name, key, hash) { entries[index].isRefreshing = false }
  }

  private func index(of name: Span<UInt8>, _ key: CacheKey, _ hash: UInt64) -> Int? {
    var at = buckets[Int(truncatingIfNeeded: hash) & (buckets.count - 1)]
    while at >= 0 {
      let index = Int(at)
      if entries[index].hash == hash, matches(index, name, key) { return index }
      at = entries[index].nextInBucket
    }
    return nil
  }

  private func matches(_ index: Int, _ name: Span<UInt8>, _ key: CacheKey) -> Bool {
    guard entries[index].key == key, entries[index].name.count == name.count else { return false }
    for at in name.indices where entries[index].name[at] != lowercased(name[at]) { return false }
    return true
  }

  private mutating func insert(_ name: [UInt8], _ key: CacheKey, _ hash: UInt64, _ group: UInt32?) -> Int {
    if count >= buckets.count { grow() }
    let bucket = Int(truncatingIfNeeded: hash) & (buckets.count - 1)
    var entry = Entry(hash: hash, name: name, key: key)
    entry.nextInBucket = buckets[bucket]
    let index: Int
    if let reused = free.popLast() {
      index = Int(reused)
      entries[index] = entry
    } else {
      index = entries.count
      entries.append(entry)
    }
    buckets[bucket] = Int32(truncatingIfNeeded: index)
    count += 1
    link(index, holders.slot(of: group))
    return index
  }

  /// Puts an entry at the new end of a holder's queue.
  private mutating func link(_ index: Int, _ slot: Int32) {
    let this = Int32(truncatingIfNeeded: index)
    let newest = holders[slot].newest
    (entries[index].holder, entries[index].older, entries[index].newer) = (slot, newest, -1)
    if newest >= 0 { entries[Int(newest)].newer = this } else { holders[slot].oldest = this }
    holders[slot].newest = this
    holders[slot].count += 1
    holders.add(entries[index].cost, to: slot)
  }

  /// Takes an entry out of its holder's queue.
  private mutating func unlink(_ index: Int) {
    let entry = entries[index]
    let slot = entry.holder
    if holders[slot].hand == Int32(truncatingIfNeeded: index) { holders[slot].hand = entry.newer }
    if entry.newer >= 0 { entries[Int(entry.newer)].older = entry.older } else { holders[slot].newest = entry.older }
    if entry.older >= 0 { entries[Int(entry.older)].newer = entry.newer } else { holders[slot].oldest = entry.newer }
    holders[slot].count -= 1
    holders.add(-entry.cost, to: slot)
    holders.removeIfEmpty(slot)
  }

  /// Who brings anew what is there takes it over if it has less than whoever brought it before.
  private mutating func pass(_ index: Int, to group: UInt32?) {
    let before = entries[index].holder
    guard let group, holders[before].group != group else { return }
    let slot = holders.slot(of: group)
    guard holders[before].group == nil || holders[slot].octets < holders[before].octets else {
      return holders.removeIfEmpty(slot)
    }
    unlink(index)
    link(index, slot)
  }

  /// Counts an entry's octets anew, and puts out others, or itself, until all is within the bound.
  private mutating func settle(_ index: Int) {
    let entry = entries[index]
    let failure = entry.failure.map { 48 + $0.error.octets.count } ?? 0
    let cost = MemoryLayout<Entry>.stride + 8 + 32 + entry.name.count + (entry.answer?.cost ?? 0) + failure
    usedOctets += cost - entry.cost
    entries[index].cost = cost
    holders.add(cost - entry.cost, to: entry.holder)
    while usedOctets > capacityOctets, count > 0 { evict() }
  }

  private mutating func evict() {
    guard let slot = holders.heaviest else { return }
    let holder = holders[slot]
    var at = holder.hand >= 0 ? holder.hand : holder.oldest
    // Each round clears the marks that it passes, so the second finds one.
    while entries[Int(at)].wasVisited {
      entries[Int(at)].wasVisited = false
      at = entries[Int(at)].newer >= 0 ? entries[Int(at)].newer : holder.oldest
    }
    holders[slot].hand = at
    // Which moves the hand on.
    remove(Int(at))
  }

  mutating func removeAll(where isMeant: ([UInt8], ForwardRule?) -> Bool) -> Int {
    let before = count
    for index in entries.indices {
      guard let key = entries[index].key, isMeant(entries[index].name, key.rule) else { continue }
      remove(index)
    }
    return before - count
  }

  private mutating func remove(_ index: Int) {
    let entry = entries[index]
    let this = Int32(truncatingIfNeeded: index)
    unlink(index)
    let bucket = Int(truncatingIfNeeded: entry.hash) & (buckets.count - 1)
    if buckets[bucket] == this {
      buckets[bucket] = entry.nextInBucket
    } else {
      var at = Int(buckets[bucket])
      while entries[at].nextInBucket != this { at = Int(entries[at].nextInBucket) }
      entries[at].nextInBucket = entry.nextInBucket
    }
    usedOctets -= entry.cost
    count -= 1
    entries[index] = Entry(hash: 0, name: [])
    free.append(this)
  }

  private mutating func grow() {
    let size = buckets.count * 2
    buckets = Array(repeating: -1, count: size)
    for index in entries.indices where entries[index].key != nil {
      let bucket = Int(truncatingIfNeeded: entries[index].hash) & (size - 1)
      entries[index].nextInBucket = buckets[bucket]
      buckets[bucket] = Int32(truncatingIfNeeded: index)
    }
  }
}
