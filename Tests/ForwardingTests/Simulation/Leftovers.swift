@testable import Forwarding

/// What a run made, by weak references: at its end nothing may be kept alive by anything.
struct Leftovers {
  private struct Weak {
    weak var object: AnyObject?
    let worker: Int
  }

  private var made: [ObjectIdentifier: Weak] = [:]
  /// How many objects were noted.
  private(set) var count = 0

  /// Notes an object of a worker, unless it is noted already.
  mutating func note(_ object: AnyObject, of worker: Int) {
    let id = ObjectIdentifier(object)
    // Where an object was that is gone another one may be.
    if made[id]?.object != nil { return }
    made[id] = Weak(object: object, worker: worker)
    count += 1
  }

  /// The types of those that some workers still keep.
  func kept(by workers: [Int]) -> [String] {
    made.values.compactMap { weak in
      weak.object.flatMap { workers.contains(weak.worker) ? "\(type(of: $0))" : nil }
    }.sorted()
  }
}

extension Simulation {
  /// Notes who waits with a ticket, and for what.
  func noteWaiter(_ ticket: Int, _ worker: Int) {
    guard let waiter = workers[worker].waits[Ticket(UInt64(ticket))] else { return }
    leftovers.note(waiter, of: worker)
    if let exchange = waiter.exchange { leftovers.note(exchange, of: worker) }
  }

  /// Notes who uses a socket that was just opened or written to.
  func noteUser(of token: SocketToken, _ worker: Int) {
    switch workers[worker].sockets[token] {
    case nil: return
    case .datagram(let attempt):
      leftovers.note(attempt, of: worker)
      if let exchange = attempt.exchange { leftovers.note(exchange, of: worker) }
    case .stream(let stream):
      leftovers.note(stream, of: worker)
      for attempt in stream.pending.values { leftovers.note(attempt, of: worker) }
    }
  }
}
