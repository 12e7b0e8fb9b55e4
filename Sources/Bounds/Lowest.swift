/// The lowest so many of elements that come in any order, however many they are.
///
/// An element that is not among the lowest so far costs one comparison, and nothing is kept of it; so a page of a list
/// costs one look at each element, and no sorting of all.
public struct Lowest<Element: Comparable> {
  @usableFromInline let limit: Int
  /// The highest of those that are kept is the first to go.
  @usableFromInline var kept = Heap(order: HighestFirst<Element>())

  /// - Parameter limit: how many are kept at most.
  @inlinable public init(limit: Int) { self.limit = max(0, limit) }

  /// False for an element that would not be kept.
  @inlinable public func admits(_ element: Element) -> Bool {
    guard kept.count == limit else { return true }
    return kept.first.map { element < $0 } ?? false
  }

  /// Takes an element, in the place of the highest where there are as many as are kept.
  @inlinable public mutating func add(_ element: Element) {
    guard admits(element) else { return }
    if kept.count < limit { kept.insert(element) } else { kept.replaceFirst(with: element) }
  }

  /// Those that are kept, the lowest first.
  @inlinable public var inOrder: [Element] { kept.unordered.sorted() }
}

/// The order of elements that compare by themselves, and whose places nobody asks for.
@usableFromInline struct HighestFirst<Element: Comparable>: HeapOrder {
  @inlinable init() {}
  @inlinable func isHigher(_ a: Element, than b: Element) -> Bool { b < a }
  @inlinable func note(_ element: Element, at place: Int?) {}
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
