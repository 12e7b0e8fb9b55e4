import Bounds

/// Whose entries a part of the cache holds, how many octets each has, and who has most.
///
/// Each holder has a queue of its own entries, so that what gives way is found without looking at anybody else's. The
/// heaviest is on top of a heap: a few steps for each change.
struct CacheHolders {
  /// One workspace, or the server for what nobody waited for.
  struct Holder {
    let group: UInt32?
    fileprivate(set) var octets = 0
    /// How many entries it has.
    var count = 0
    /// Its entries, from the newest to the oldest, and where the hand stands that goes from the oldest to the newest.
    var newest: Int32 = -1
    var oldest: Int32 = -1
    var hand: Int32 = -1
    fileprivate var place: Int?

    fileprivate init(_ group: UInt32?) { self.group = group }
  }

  /// Slots of holders, by how many octets these have.
  private struct HeaviestFirst: HeapOrder {
    var holders: [Holder] = []

    func isHigher(_ a: Int32, than b: Int32) -> Bool { holders[Int(a)].octets > holders[Int(b)].octets }
    mutating func note(_ slot: Int32, at place: Int?) { holders[Int(slot)].place = place }
  }

  private var heap = Heap(order: HeaviestFirst())
  private var free: [Int32] = []
  private var slots: [UInt32?: Int32] = [:]

  subscript(slot: Int32) -> Holder {
    get { heap.order.holders[Int(slot)] }
    set { heap.order.holders[Int(slot)] = newValue }
  }

  /// Who has most; nil when nobody has anything.
  var heaviest: Int32? { heap.first }

  /// The slot of a workspace, which is made if need be.
  mutating func slot(of group: UInt32?) -> Int32 {
    if let slot = slots[group] { return slot }
    let slot: Int32
    if let reused = free.popLast() {
      slot = reused
      self[slot] = Holder(group)
    } else {
      slot = Int32(truncatingIfNeeded: heap.order.holders.count)
      heap.order.holders.append(Holder(group))
    }
    slots[group] = slot
    heap.insert(slot)
    return slot
  }

  /// A holder's entries take so many octets more, or fewer.
  mutating func add(_ octets: Int, to slot: Int32) {
    self[slot].octets += octets
    if let place = self[slot].place { heap.update(at: place) }
  }

  /// Forgets a holder without entries.
  mutating func removeIfEmpty(_ slot: Int32) {
    let holder = self[slot]
    guard holder.count == 0, let place = holder.place else { return }
    slots[holder.group] = nil
    free.append(slot)
    heap.remove(at: place)
  }
}
