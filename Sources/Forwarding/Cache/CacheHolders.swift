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
    fileprivate var place = -1

    fileprivate init(_ group: UInt32?) { self.group = group }
  }

  private var holders: [Holder] = []
  private var free: [Int32] = []
  private var slots: [UInt32?: Int32] = [:]
  /// Slots of holders, none with fewer octets than those below it.
  private var heap: [Int32] = []

  subscript(slot: Int32) -> Holder {
    get { holders[Int(slot)] }
    set { holders[Int(slot)] = newValue }
  }

  /// Who has most; nil when nobody has anything.
  var heaviest: Int32? { heap.first }

  /// The slot of a workspace, which is made if need be.
  mutating func slot(of group: UInt32?) -> Int32 {
    if let slot = slots[group] { return slot }
    let slot: Int32
    if let reused = free.popLast() {
      slot = reused
      holders[Int(slot)] = Holder(group)
    } else {
      slot = Int32(truncatingIfNeeded: holders.count)
      holders.append(Holder(group))
    }
    slots[group] = slot
    holders[Int(slot)].place = heap.count
    heap.append(slot)
    return slot
  }

  /// A holder's entries take so many octets more, or fewer.
  mutating func add(_ octets: Int, to slot: Int32) {
    holders[Int(slot)].octets += octets
    let place = holders[Int(slot)].place
    if octets > 0 { siftUp(place) } else { siftDown(place) }
  }

  /// Forgets a holder without entries.
  mutating func removeIfEmpty(_ slot: Int32) {
    let holder = holders[Int(slot)]
    guard holder.count == 0 else { return }
    slots[holder.group] = nil
    free.append(slot)
    let last = heap.removeLast()
    guard last != slot else { return }
    heap[holder.place] = last
    holders[Int(last)].place = holder.place
    siftUp(holder.place)
    siftDown(holders[Int(last)].place)
  }

  private func octets(_ place: Int) -> Int { holders[Int(heap[place])].octets }

  private mutating func swap(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    holders[Int(heap[a])].place = a
    holders[Int(heap[b])].place = b
  }

  private mutating func siftUp(_ start: Int) {
    var at = start
    while at > 0, octets(at) > octets((at - 1) / 2) {
      swap(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  private mutating func siftDown(_ start: Int) {
    var at = start
    while true {
      var most = at
      for child in [2 * at + 1, 2 * at + 2] where child < heap.count && octets(child) > octets(most) { most = child }
      guard most != at else { return }
      swap(at, most)
      at = most
    }
  }
}
