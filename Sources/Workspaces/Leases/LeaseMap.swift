import Bounds

/// Leases by address, of one family: a hash table with open addressing, at most half full.
///
/// A value: a copy shares the memory until one of the two changes, so that what was handed to the workers never does.
struct LeaseMap<Bits: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  /// A place of the table, and the lease that may be in it.
  struct Slot: Sendable {
    var address: Bits
    /// The lease book's number of the workspace; -1 in an empty place.
    var owner: Int32
    /// When it ends, in nanoseconds of the monotonic clock; 0 when it was revoked.
    var end: UInt64

    static var empty: Slot { Slot(address: 0, owner: -1, end: 0) }
    var isEmpty: Bool { owner < 0 }
  }

  /// A power of two of them, or none.
  private(set) var slots: [Slot] = []
  /// How many are in use.
  private(set) var count = 0
  /// Chosen at random, so that nobody can register addresses that collide.
  private let seed: UInt64

  /// - Parameter capacity: how many leases fit before the table grows.
  init(capacity: Int = 0, seed: UInt64) {
    self.seed = seed | 1
    guard capacity > 0 else { return }
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = Array(repeating: .empty, count: size)
  }

  /// What is known of an address; nil for nothing.
  func find(_ address: Bits) -> Slot? {
    guard count > 0 else { return nil }
    let slot = slots[place(of: address)]
    return slot.isEmpty ? nil : slot
  }

  /// Sets what is known of an address; true when nothing was known of it.
  @discardableResult
  mutating func set(_ slot: Slot) -> Bool {
    if (count + 1) * 2 > slots.count { grow() }
    let place = place(of: slot.address)
    let isNew = slots[place].isEmpty
    if isNew { count += 1 }
    slots[place] = slot
    return isNew
  }

  /// The address's place, or the empty one where it would be; the table has an empty place.
  private func place(of address: Bits) -> Int {
    let mask = slots.count - 1
    var place = hash(address) & mask
    while !slots[place].isEmpty, slots[place].address != address { place = (place + 1) & mask }
    return place
  }

  private func hash(_ address: Bits) -> Int {
    // A shift by more than an IPv4 address has gives 0 in Swift.
    let high = UInt64(truncatingIfNeeded: address >> 64)
    let low = UInt64(truncatingIfNeeded: address)
    let product = ((high ^ seed) &* 0x9e37_79b9_7f4a_7c15 ^ low).multipliedFullWidth(by: seed)
    return Int(truncatingIfNeeded: ((product.high ^ product.low) &* 0xa076_1d64_78bd_642f) >> 20)
  }

  private mutating func grow() {
    var larger = LeaseMap(capacity: max(slots.count, 8), seed: seed)
    for slot in slots where !slot.isEmpty { larger.set(slot) }
    self = larger
  }
}

extension LeaseMap.Slot: Comparable {
  /// By the address, of which there is one slot.
  static func < (a: Self, b: Self) -> Bool { a.address < b.address }
}

/// Leases of one family in two layers: a large one that seldom changes, and a small one of the latest changes before it.
///
/// A change copies the small layer alone, a few dozen kilobytes, however many leases there are. When it is full the two
/// become one, at the price of a copy of everything each time after as many changes as it holds.
struct LeaseLayers<Bits: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  /// How many changes the small layer takes.
  static var recentCapacity: Int { 1024 }

  private(set) var base: LeaseMap<Bits>
  private(set) var recent: LeaseMap<Bits>
  /// No lease of the large layer ends before this, as of the last merge.
  private(set) var nextEnd = UInt64.max
  private let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed
    base = LeaseMap(seed: seed)
    recent = LeaseMap(seed: seed)
  }

  var isEmpty: Bool { base.count == 0 && recent.count == 0 }
  var isFull: Bool { recent.count >= Self.recentCapacity }

  /// What is known of an address, ended leases among it; nil for nothing.
  @inline(__always) func find(_ address: Bits) -> LeaseMap<Bits>.Slot? {
    recent.find(address) ?? base.find(address)
  }

  /// Sets what is known of an address; true when nothing was known of it.
  mutating func set(_ slot: LeaseMap<Bits>.Slot) -> Bool {
    if recent.slots.isEmpty { recent = LeaseMap(capacity: Self.recentCapacity, seed: seed) }
    return recent.set(slot) && base.find(slot.address) == nil
  }

  /// Sets what is known of an address in the large layer itself, while there is no other.
  mutating func restore(_ slot: LeaseMap<Bits>.Slot) { base.set(slot) }

  /// Calls `body` with each address's slot, in no order.
  func forEach(_ body: (LeaseMap<Bits>.Slot) -> Void) {
    for slot in recent.slots where !slot.isEmpty { body(slot) }
    for slot in base.slots where !slot.isEmpty && recent.find(slot.address) == nil { body(slot) }
  }

  /// How many have an end after a time.
  func count(endingAfter now: UInt64) -> Int {
    var count = 0
    for slot in base.slots where !slot.isEmpty && slot.end > now { count += 1 }
    // What is known lately counts in the place of what was known before.
    for slot in recent.slots where !slot.isEmpty {
      if slot.end > now { count += 1 }
      if let former = base.find(slot.address), former.end > now { count -= 1 }
    }
    return count
  }

  /// Those with the lowest addresses that have an end after a time, in order: one look at each, whatever the limit.
  ///
  /// - Parameters:
  ///   - first: only addresses after this one; nil for all.
  ///   - owner: only this one's; nil for all.
  func lowest(_ limit: Int, after first: Bits?, of owner: Int32?, endingAfter now: UInt64) -> [LeaseMap<Bits>.Slot] {
    var lowest = Lowest<LeaseMap<Bits>.Slot>(limit: limit)
    func isWanted(_ slot: LeaseMap<Bits>.Slot) -> Bool {
      !slot.isEmpty && slot.end > now && (owner == nil || slot.owner == owner)
        && first.map { $0 < slot.address } ?? true
    }
    for slot in recent.slots where isWanted(slot) { lowest.add(slot) }
    for slot in base.slots where isWanted(slot) && lowest.admits(slot) && recent.find(slot.address) == nil {
      lowest.add(slot)
    }
    return lowest.inOrder
  }

  /// Makes one layer of the two, of the leases that have not ended.
  ///
  /// - Parameter number: an owner's new number.
  mutating func merge(now: UInt64, number: (Int32) -> Int32) {
    var merged = LeaseMap<Bits>(capacity: base.count + recent.count, seed: seed)
    nextEnd = .max
    forEach { slot in
      guard slot.end > now else { return }
      nextEnd = min(nextEnd, slot.end)
      merged.set(.init(address: slot.address, owner: number(slot.owner), end: slot.end))
    }
    base = merged
    recent = LeaseMap(seed: seed)
  }
}
