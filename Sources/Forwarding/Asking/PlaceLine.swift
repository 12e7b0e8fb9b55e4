/// Questions for which there was no place on a connection, in the order in which they came.
///
/// When a place is free the first looks for one; if it still may not have one, it looks again after its own time.
struct PlaceLine {
  /// Among them those that are parked no more, which are passed over.
  private var exchanges: [Exchange] = []
  private var first = 0
  /// The numbers of those that stand in it.
  private var numbers: Set<UInt64> = []
  /// Once so many stand in it, those that are parked no more are taken out.
  private let capacity: Int

  /// - Parameter questions: how many may be parked at once.
  init(questions: Int) { capacity = 2 * max(1, questions) }

  /// How many stand in it.
  var count: Int { numbers.count }

  /// Takes a question in that is about to be parked; it stands there once.
  mutating func enter(_ exchange: Exchange) {
    guard numbers.insert(exchange.number).inserted else { return }
    if exchanges.count >= capacity { tidy() }
    exchanges.append(exchange)
  }

  /// Takes the first out that is still parked; nil when nobody is.
  mutating func next() -> Exchange? {
    while first < exchanges.count {
      let exchange = exchanges[first]
      first += 1
      numbers.remove(exchange.number)
      if exchange.isParked { return exchange }
    }
    tidy()
    return nil
  }

  /// So seldom that each question is looked at twice or so on average.
  private mutating func tidy() {
    exchanges.removeFirst(first)
    first = 0
    exchanges.removeAll { exchange in
      if !exchange.isParked { numbers.remove(exchange.number) }
      return !exchange.isParked
    }
  }
}
