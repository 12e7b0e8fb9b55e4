import Forwarding

/// What is to happen in a simulation, and when; of one moment's in the order in which they were added.
public struct EventQueue<Event> {
  @usableFromInline typealias Entry = (at: UInt64, number: Int, event: Event)

  // Inlinable, as all of it: simulations are optimized, and what tests share is not.
  @usableFromInline var heap: [Entry] = []
  @usableFromInline var next = 0

  /// Nothing is to happen.
  @inlinable public init() {}

  /// When the next thing happens; nil for never.
  @inlinable public var first: Instant? { heap.first.map { Instant(nanoseconds: $0.at) } }

  /// Has something happen.
  @inlinable public mutating func add(_ event: Event, at: Instant) {
    heap.append((at.nanoseconds, next, event))
    next += 1
    var child = heap.count - 1
    while child > 0, Self.less(heap[child], heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Takes out what happens next.
  @inlinable public mutating func pop() -> Event? {
    guard let top = heap.first else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < heap.count && Self.less(heap[child], heap[least]) {
        least = child
      }
      guard least != at else { break }
      heap.swapAt(at, least)
      at = least
    }
    return top.event
  }

  @inlinable static func less(_ a: Entry, _ b: Entry) -> Bool { (a.at, a.number) < (b.at, b.number) }
}
