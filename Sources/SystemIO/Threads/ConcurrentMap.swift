import Synchronization

/// What `body` makes of each of the first numbers, in their order, worked out on several threads.
///
/// - Parameters:
///   - count: how many numbers, from 0 on.
///   - threads: how many threads at most, the calling one among them; fewer where there is little to do, or where the
///     system gives no more.
public func concurrentMap<Result: Sendable>(
  _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Result
) -> [Result] {
  let work = ConcurrentWork(count, body)
  // A thread that cannot be had leaves its share to the others.
  let helpers = (1..<max(1, min(threads, count))).compactMap { index in
    try? ConcurrentHelper(Thread(name: "asker-\(index)") { work.run() })
  }
  work.run()
  for helper in helpers { helper.join() }
  return work.results
}

/// Numbers that several threads take, one by one.
private final class ConcurrentWork<Result: Sendable>: Sendable {
  private let count: Int
  private let body: @Sendable (Int) -> Result
  private let next = Atomic<Int>(0)
  private let done = Mutex<[(number: Int, result: Result)]>([])

  init(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) {
    self.count = count
    self.body = body
  }

  /// Takes numbers until there are none.
  func run() {
    while true {
      let number = next.add(1, ordering: .relaxed).oldValue
      guard number < count else { return }
      let result = body(number)
      done.withLock { $0.append((number, result)) }
    }
  }

  /// All results, once every thread has ended.
  var results: [Result] {
    done.withLock { $0.sorted { $0.number < $1.number } }.map(\.result)
  }
}

private final class ConcurrentHelper {
  private var thread: Thread?
  init(_ thread: consuming Thread) { self.thread = consume thread }
  func join() { thread.take()?.join() }
}
