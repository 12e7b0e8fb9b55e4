/// The lowest so many of elements that come in any order, however many they are.
///
/// An element that is not among the lowest so far costs one comparison, and nothing is kept of it; so a page of a list
/// costs one look at each element, and no sorting of all.
public struct Lowest<Element: Comparable> {
  @usableFromInline let limit: Int
  /// A heap: none is lower than the two below it, so that the first is the highest.
  @usableFromInline var heap: [Element] = []

  /// - Parameter limit: how many are kept at most.
  @inlinable public init(limit: Int) { self.limit = max(0, limit) }

  /// False for an element that would not be kept.
  @inlinable public func admits(_ element: Element) -> Bool {
    guard heap.count == limit else { return true }
    return limit > 0 && element < heap[0]
  }

  /// Takes an element, in the place of the highest where there are as many as are kept.
  @inlinable public mutating func add(_ element: Element) {
    guard admits(element) else { return }
    if heap.count < limit {
      heap.append(element)
      raiseLast()
    } else {
      heap[0] = element
      lowerFirst()
    }
  }

  /// Those that are kept, the lowest first.
  @inlinable public var inOrder: [Element] { heap.sorted() }

  @inlinable mutating func raiseLast() {
    var place = heap.count - 1
    while place > 0, heap[(place - 1) / 2] < heap[place] {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  @inlinable mutating func lowerFirst() {
    var place = 0
    while true {
      var highest = place
      for below in 2 * place + 1...2 * place + 2 where below < heap.count && heap[highest] < heap[below] {
        highest = below
      }
      guard highest != place else { return }
      heap.swapAt(place, highest)
      place = highest
    }
  }
}

/// An element and what it is ordered by, which is made once.
@usableFromInline struct Keyed<Key: Comparable, Element>: Comparable {
  @usableFromInline let key: Key
  @usableFromInline let element: Element

  @inlinable init(_ key: Key, _ element: Element) {
    self.key = key
    self.element = element
  }

  @inlinable static func < (a: Self, b: Self) -> Bool { a.key < b.key }
  @inlinable static func == (a: Self, b: Self) -> Bool { a.key == b.key }
}

extension Sequence {
  /// The elements with the lowest so many keys, in the order of these.
  ///
  /// - Parameter key: called once for each element.
  @inlinable public func lowest<Key: Comparable>(_ count: Int, by key: (Element) -> Key) -> [Element] {
    var lowest = Lowest<Keyed<Key, Element>>(limit: count)
    for element in self { lowest.add(Keyed(key(element), element)) }
    return lowest.inOrder.map(\.element)
  }
}
