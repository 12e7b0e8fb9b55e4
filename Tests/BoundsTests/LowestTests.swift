import Testing

@testable import Bounds

@Suite struct LowestTests {
  @Test func theyAreTheFirstOfAllSorted() {
    for _ in 0..<300 {
      let all = (0..<Int.random(in: 0...60)).map { _ in Int.random(in: 0..<40) }
      for limit in [0, 1, 2, 7, 60, 100] {
        #expect(all.lowest(limit, by: { $0 }) == Array(all.sorted().prefix(limit)))
        var lowest = Lowest<Int>(limit: limit)
        for element in all { lowest.add(element) }
        #expect(lowest.inOrder == Array(all.sorted().prefix(limit)))
        #expect(lowest.admits(-1) == (limit > 0))
        #expect(lowest.admits(1000) == (all.count < limit))
      }
    }
    #expect([Int]().lowest(-1, by: { $0 }).isEmpty)
  }

  /// Counts how often two of them are compared.
  private final class Count {
    var value = 0
  }

  private struct Counted: Comparable {
    let number: Int
    let count: Count

    static func < (a: Self, b: Self) -> Bool {
      a.count.value += 1
      return a.number < b.number
    }

    static func == (a: Self, b: Self) -> Bool { a.number == b.number }
  }

  @Test func mostElementsAreComparedOnce() {
    let count = Count()
    let all = (0..<100_000).shuffled().map { Counted(number: $0, count: count) }
    #expect(all.lowest(100, by: { $0 }).map(\.number) == Array(0..<100))
    // Sorting them all takes about 1,700,000; those that are kept for a while are some 800 here.
    #expect(count.value < 150_000, "\(count.value) comparisons")
  }
}
