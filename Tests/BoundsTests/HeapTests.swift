import Testing

@testable import Bounds

@Suite struct HeapTests {
  /// Numbers of a table, the one with the lowest value first.
  private struct Table: HeapOrder {
    var values: [Int]
    var places: [Int: Int] = [:]

    func isHigher(_ a: Int, than b: Int) -> Bool { values[a] < values[b] }
    mutating func note(_ element: Int, at place: Int?) { places[element] = place }
  }

  /// What is in it, kept in order the slow way.
  private func check(_ heap: Heap<Table>, holds held: Set<Int>) {
    let values = heap.order.values
    let sorted = held.sorted { values[$0] < values[$1] }
    #expect(heap.count == held.count && Set(heap.unordered) == held)
    #expect(heap.first.map { values[$0] } == sorted.first.map { values[$0] })
    #expect(heap.order.places.count == held.count, "who was taken out has no place")
    for (place, element) in heap.unordered.enumerated() { #expect(heap.order.places[element] == place) }
  }

  @Test func whateverIsDoneTheFirstIsThatOfASortedArray() throws {
    for seed in 0..<40 as Range<UInt64> {
      var random = SplitMix(state: seed)
      // Few values, so that many are equal.
      var heap = Heap(order: Table(values: (0..<50).map { _ in Int.random(in: 0..<30, using: &random) }))
      var held: Set<Int> = []
      for _ in 0..<400 {
        let element = Int.random(in: 0..<50, using: &random)
        switch (Int.random(in: 0..<4, using: &random), heap.order.places[element]) {
        case (0, let place?):
          heap.remove(at: place)
          held.remove(element)
        case (1, nil):
          if let first = heap.first { held.remove(first) }
          heap.replaceFirst(with: element)
          held.insert(element)
        case (_, nil):
          heap.insert(element)
          held.insert(element)
        case (_, let place?):
          heap.order.values[element] = Int.random(in: 0..<30, using: &random)
          heap.update(at: place)
        }
        check(heap, holds: held)
      }
      var taken: [Int] = []
      while let first = heap.first {
        taken.append(heap.order.values[first])
        heap.remove(at: 0)
      }
      #expect(taken == held.map { heap.order.values[$0] }.sorted(), "seed \(seed)")
    }
  }

  @Test func placesWithoutAnElementAreNobodys() {
    var heap = Heap(order: Table(values: [3]))
    heap.remove(at: 0)
    heap.update(at: 0)
    heap.replaceFirst(with: 0)
    for place in [-1, 1] {
      heap.update(at: place)
      heap.remove(at: place)
    }
    check(heap, holds: [0])
  }
}
