import Bounds
import Testing

struct TurnQueueTests {
  @Test func accountsTakeTurnsAndInOneWhoCameFirstComesFirst() {
    var queue = TurnQueue<String, Int>()
    for number in 0..<1000 { queue.append(number, of: "heavy") }
    queue.append(-1, of: "light")
    queue.append(-2, of: "light")
    #expect((0..<5).compactMap { _ in queue.next() } == [0, -1, 1, -2, 2])
    queue.append(-3, of: "light")
    #expect((0..<3).compactMap { _ in queue.next() } == [3, -3, 4])
    #expect(queue.count == 995)
  }

  @Test func everyElementComesOnce() {
    var queue = TurnQueue<Int, Int>()
    var random = SystemRandomNumberGenerator()
    var added = 0
    var taken: [Int] = []
    for _ in 0..<5000 {
      if Int.random(in: 0..<5, using: &random) < 3 {
        queue.append(added, of: added % 7)
        added += 1
      } else if let element = queue.next() {
        taken.append(element)
      }
      #expect(queue.count == added - taken.count && queue.isEmpty == (added == taken.count))
    }
    while let element = queue.next() { taken.append(element) }
    #expect(taken.sorted() == Array(0..<added))
    for account in 0..<7 {
      let own = taken.filter { $0 % 7 == account }
      #expect(own == own.sorted())
    }
    #expect(queue.isEmpty)
  }

  @Test func inASetEachWaitsOnce() {
    var set = TurnSet<String, Int>()
    for element in [1, 2, 1, 3, 2] { set.insert(element, of: "heavy") }
    set.insert(4, of: "light")
    set.insert(1, of: "light")
    #expect((0..<2).compactMap { _ in set.next() } == [1, 4])
    set.insert(1, of: "light")
    #expect((0..<4).compactMap { _ in set.next() } == [2, 1, 3])
    #expect(set.isEmpty)
  }
}
