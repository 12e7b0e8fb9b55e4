/// Which workspaces claim something of one kind, by slot: tokens, or listening addresses.
///
/// Changed one claim at a time, so that a workspace's change costs what that workspace claims, and a copy.
struct Claimants<Key: Hashable & Sendable>: Sendable {
  /// The slot of the one that claims a key, or -1 where several do.
  private var single: [Key: Int32] = [:]
  /// The slots of those, where several do, in order.
  private var several: [Key: [Int32]] = [:]

  /// True when nobody claims anything.
  var isEmpty: Bool { single.isEmpty }

  /// Whose a key is; nil when nobody claims it.
  func owner(of key: Key) -> ClaimTable.Owner? {
    guard let slot = single[key] else { return nil }
    return slot < 0 ? .disputed : .workspace(Int(slot))
  }

  /// True when a workspace claims a key, whoever else does.
  func isClaimed(_ key: Key, by slot: Int) -> Bool {
    switch owner(of: key) {
    case nil: false
    case .workspace(let owner): owner == slot
    case .disputed: several[key].map { Self.contains($0, slot) } ?? false
    }
  }

  /// The slots of all that claim a key, in order.
  func slots(of key: Key) -> [Int] {
    switch owner(of: key) {
    case nil: []
    case .workspace(let owner): [owner]
    case .disputed: (several[key] ?? []).map { Int($0) }
    }
  }

  /// Adds a workspace's claim, which it does not make yet.
  mutating func add(_ key: Key, _ slot: Int32) {
    guard let first = single[key] else {
      single[key] = slot
      return
    }
    single[key] = -1
    var slots = several.removeValue(forKey: key) ?? [first]
    slots.insert(slot, at: Self.place(of: slot, in: slots))
    several[key] = slots
  }

  /// Takes a workspace's claim back.
  mutating func remove(_ key: Key, _ slot: Int32) {
    guard let first = single[key] else { return }
    guard first < 0 else {
      if first == slot { single[key] = nil }
      return
    }
    var slots = several.removeValue(forKey: key) ?? []
    slots.removeAll { $0 == slot }
    if slots.count > 1 { several[key] = slots } else { single[key] = slots.first }
  }

  private static func contains(_ slots: [Int32], _ slot: Int) -> Bool {
    let place = place(of: slot, in: slots)
    return place < slots.count && slots[place] == slot
  }

  /// Where a slot is or belongs in a list in order.
  private static func place(of slot: some BinaryInteger, in slots: [Int32]) -> Int {
    var (low, high) = (0, slots.count)
    while low < high {
      let middle = (low + high) / 2
      if slots[middle] < slot { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
