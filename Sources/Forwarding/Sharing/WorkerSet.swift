/// Numbers of workers, in order; each operation is a step or, for all of them, one for 64 workers.
struct WorkerSet: Sendable {
  private var words: [UInt64] = []

  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  mutating func insert(_ worker: Int) {
    while words.count <= worker / 64 { words.append(0) }
    words[worker / 64] |= 1 << UInt64(worker % 64)
  }

  mutating func remove(_ worker: Int) {
    guard worker / 64 < words.count else { return }
    words[worker / 64] &= ~(1 << UInt64(worker % 64))
  }

  var all: [Int] {
    words.indices.flatMap { word in (0..<64).filter { words[word] >> UInt64($0) & 1 == 1 }.map { word * 64 + $0 } }
  }
}
