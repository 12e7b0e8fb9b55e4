import Bounds

/// Something that wants to be woken at a moment. It is in the heap at most once, so the heap is bounded by what there is.
class TimerItem {
  fileprivate(set) var due = Instant(nanoseconds: .max)
  fileprivate var place: Int?

  /// Called when it is due; it is in the heap no more, and may put itself there again.
  func wake(in forwarder: Forwarder, now: Instant) {}
}

/// A heap of timers, the earliest on top, each knowing its place so that it can be moved and taken out.
struct TimerHeap {
  private struct EarliestFirst: HeapOrder {
    func isHigher(_ a: TimerItem, than b: TimerItem) -> Bool { a.due < b.due }
    func note(_ item: TimerItem, at place: Int?) { item.place = place }
  }

  private var heap = Heap(order: EarliestFirst())

  var count: Int { heap.count }

  /// The earliest moment; nil when there is none.
  var first: Instant? { heap.first?.due }

  /// Sets when `item` is woken, in place of what was set before.
  mutating func set(_ item: TimerItem, at due: Instant) {
    item.due = due
    if let place = item.place { heap.update(at: place) } else { heap.insert(item) }
  }

  /// True while `item` is going to be woken.
  func holds(_ item: TimerItem) -> Bool { item.place != nil }

  mutating func remove(_ item: TimerItem) {
    if let place = item.place { heap.remove(at: place) }
  }

  /// Takes out the earliest, if it is due.
  mutating func popDue(at now: Instant) -> TimerItem? {
    guard let item = heap.first, item.due <= now else { return nil }
    heap.remove(at: 0)
    return item
  }
}
