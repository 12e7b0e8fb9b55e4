import Wire

@testable import Forwarding

extension Simulation {
  /// What can happen.
  enum Event {
    /// A query arrives at its upstream.
    case query(worker: Int, SocketToken, upstream: Int, [UInt8])
    /// A datagram arrives at a worker's socket.
    case datagram(worker: Int, SocketToken, [UInt8])
    case refusal(worker: Int, SocketToken)
    case connected(worker: Int, SocketToken)
    case streamQuery(worker: Int, SocketToken, upstream: Int, [UInt8])
    case streamOctets(worker: Int, SocketToken, [UInt8])
    case streamEnd(worker: Int, SocketToken)
    case ask
    case cancel(worker: Int, Int)
    case fault
    /// Somebody off the path guesses at a socket.
    case forgery(worker: Int, SocketToken)
    case endOfFaults
    /// A worker ends in the middle of everything.
    case death(worker: Int)
    /// A worker hears that others left word for it.
    case wake(worker: Int)
  }
}

extension Simulation.Event {
  /// The worker whose socket it is about.
  var worker: Int? {
    switch self {
    case .query(let worker, _, _, _), .datagram(let worker, _, _), .refusal(let worker, _), .connected(let worker, _),
      .streamQuery(let worker, _, _, _), .streamOctets(let worker, _, _), .streamEnd(let worker, _),
      .forgery(let worker, _):
      worker
    default: nil
    }
  }
}

/// How bad the network is, drawn from the seed; nothing is bad after the faults end.
struct Weather {
  /// One in so many; 0 for never.
  var loss = 0
  var repetition = 0
  var damage = 0
  var truncation = 0
  var lie = 0
  var forgery = 0
  var streamEnd = 0
  /// Milliseconds.
  var longestDelay = 20

  init() {}

  init(_ random: inout SplitMix) {
    func often() -> Int { [0, 0, 2, 3, 5, 10, 40][random.number(below: 7)] }
    loss = often()
    repetition = often()
    damage = often()
    truncation = often()
    lie = often()
    forgery = often()
    streamEnd = often()
    longestDelay = [5, 20, 100, 800, 3000][random.number(below: 5)]
  }
}

extension SplitMix {
  /// True once in `count` times; never for 0.
  mutating func happens(_ count: Int) -> Bool { count > 0 && oneIn(count) }
}
