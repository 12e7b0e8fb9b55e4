/// What is on top of a heap, and where an element keeps its place in it.
///
/// An order that elements are compared by may lie outside them, in a table that they are numbers of: then it is the
/// order's, and is changed through `Heap.order`.
public protocol HeapOrder<Element> {
  associatedtype Element

  /// True where `a` is to be nearer the top than `b`.
  func isHigher(_ a: Element, than b: Element) -> Bool

  /// An element has come to a place; nil when it was taken out. Nothing to do where nobody asks for places.
  mutating func note(_ element: Element, at place: Int?)
}

/// A binary heap: at any time none of its elements is higher than the first.
///
/// Elements have places, which the order is told of: by its place one is taken out, or put right after it has changed.
/// Every operation is a few steps, a logarithm of how many there are.
public struct Heap<Order: HeapOrder> {
  /// What elements are compared by. Whoever changes how one compares calls `update` before anything else.
  public var order: Order
  /// None is higher than the one above it, which for the place `n` is at `(n - 1) / 2`.
  @usableFromInline var elements: [Order.Element] = []

  /// Nothing in it.
  @inlinable public init(order: Order) { self.order = order }

  /// How many elements there are.
  @inlinable public var count: Int { elements.count }

  /// An element that none is higher than; nil when there is none.
  @inlinable public var first: Order.Element? { elements.first }

  /// All of them, in no order that means anything.
  @inlinable public var unordered: [Order.Element] { elements }

  /// Adds an element.
  @inlinable public mutating func insert(_ element: Order.Element) {
    order.note(element, at: elements.count)
    elements.append(element)
    raise(elements.count - 1)
  }

  /// Puts an element where it belongs by now.
  ///
  /// - Parameter place: what the order was told last; nothing is done where there is no element.
  @inlinable public mutating func update(at place: Int) {
    guard elements.indices.contains(place) else { return }
    raise(place)
    // One of the two does nothing; when it was raised, what came here is where it belongs.
    lower(place)
  }

  /// Takes an element out.
  ///
  /// - Parameter place: what the order was told last; nothing is done where there is no element.
  @inlinable public mutating func remove(at place: Int) {
    guard elements.indices.contains(place) else { return }
    order.note(elements[place], at: nil)
    let last = elements.removeLast()
    guard place < elements.count else { return }
    elements[place] = last
    order.note(last, at: place)
    update(at: place)
  }

  /// Takes the first out and adds another.
  @inlinable public mutating func replaceFirst(with element: Order.Element) {
    guard !elements.isEmpty else { return insert(element) }
    order.note(elements[0], at: nil)
    elements[0] = element
    order.note(element, at: 0)
    lower(0)
  }

  @inlinable mutating func swap(_ a: Int, _ b: Int) {
    elements.swapAt(a, b)
    order.note(elements[a], at: a)
    order.note(elements[b], at: b)
  }

  @inlinable mutating func raise(_ start: Int) {
    var place = start
    while place > 0, order.isHigher(elements[place], than: elements[(place - 1) / 2]) {
      swap(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  @inlinable mutating func lower(_ start: Int) {
    var place = start
    while true {
      var highest = place
      for below in 2 * place + 1...2 * place + 2
      where below < elements.count && order.isHigher(elements[below], than: elements[highest]) {
        highest = below
      }
      guard highest != place else { return }
      swap(place, highest)
      place = highest
    }
  }
}

extension Heap: Sendable where Order: Sendable, Order.Element: Sendable {}
