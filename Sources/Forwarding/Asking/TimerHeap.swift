/// Something that wants to be woken at a moment. It is in the heap at most once, so the heap is bounded by what there is.
class TimerItem {
  fileprivate(set) var due = Instant(nanoseconds: .max)
  fileprivate var place = -1

  /// Called when it is due; it is in the heap no more, and may put itself there again.
  func wake(in forwarder: Forwarder, now: Instant) {}
}

/// A binary heap of timers, the earliest on top, each knowing its place so that it can be moved and taken out.
struct TimerHeap {
  private var items: [TimerItem] = []

  var count: Int { items.count }

  /// The earliest moment; nil when there is none.
  var first: Instant? { items.first?.due }

  /// Sets when `item` is woken, in place of what was set before.
  mutating func set(_ item: TimerItem, at due: Instant) {
    item.due = due
    if item.place < 0 {
      item.place = items.count
      items.append(item)
    }
    siftUp(item.place)
    siftDown(item.place)
  }

  /// True while `item` is going to be woken.
  func holds(_ item: TimerItem) -> Bool { item.place >= 0 }

  mutating func remove(_ item: TimerItem) {
    let place = item.place
    guard place >= 0 else { return }
    item.place = -1
    let last = items.removeLast()
    guard place < items.count else { return }
    items[place] = last
    last.place = place
    siftUp(place)
    siftDown(last.place)
  }

  /// Takes out the earliest, if it is due.
  mutating func popDue(at now: Instant) -> TimerItem? {
    guard let item = items.first, item.due <= now else { return nil }
    remove(item)
    return item
  }

  private mutating func swap(_ a: Int, _ b: Int) {
    items.swapAt(a, b)
    items[a].place = a
    items[b].place = b
  }

  private mutating func siftUp(_ start: Int) {
    var at = start
    while at > 0, items[at].due < items[(at - 1) / 2].due {
      swap(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  private mutating func siftDown(_ start: Int) {
    var at = start
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < items.count && items[child].due < items[least].due {
        least = child
      }
      guard least != at else { return }
      swap(at, least)
      at = least
    }
  }
}
