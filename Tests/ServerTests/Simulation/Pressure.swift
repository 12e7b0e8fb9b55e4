import Forwarding
import Wire

@testable import Server

// What one workspace must still get while others use all there is. No faults beside these.
extension WorkerSimulation {
  private static let light = 0
  private static let heavy = [2, 3]

  /// Heavy workspaces keep every place taken with questions that no upstream answers and with connections; a light one's
  /// questions and connections are answered all the same: from its zones at once, by upstreams in a second and a half.
  func pressure() throws {
    for worker in living {
      try pressOnConnections(worker)
      try pressByOneClient(worker)
      try pressOnQuestions(worker)
    }
    try runEvents(until: now + .seconds(6))
  }

  /// With fewer places than there are workspaces, tries and probes there are no shares to speak of.
  private var hasRoomForShares: Bool { settings.maximumConnections >= 24 }

  private func pressOnConnections(_ worker: Int) throws {
    guard settings.maximumConnections < 100, hasRoomForShares else { return }
    // Idle ones in the order in which they give way; the first has a question under way. They are one client's where that
    // may have so many, and else each another's.
    let isOneClients = settings.maximumConnectionsOfClient >= settings.maximumConnections
    func address(_ number: Int) -> IPAddress {
      SimulatedFolder.address(Self.heavy[1], isOneClients ? 1 : 100 + number)
    }
    var heavy: [Int] = []
    for number in 0..<(settings.maximumConnections + 4) {
      let connection = try connect(address(number), worker)
      heavy.append(connection)
      if number == 0 {
        enqueue(.shared(.init(kind: .silent, number: 500)), on: connections[connection])
        write(.max, on: connection)
      }
      try settle()
      now = now + .microseconds(10)
    }
    let light = try connect(SimulatedFolder.address(Self.light, 1), worker)
    for round in 0..<3 {
      let number = enqueue(.host(round), on: connections[light])
      write(.max, on: light)
      try settle()
      guard asked[number].answers == 1, asked[number].code == 0 else {
        throw breach("a light workspace's connection is not answered at once beside a heavy one's")
      }
      for extra in 0..<4 {
        heavy.append(try connect(address(100 + 10 * round + extra), worker))
        try settle()
      }
    }
    guard connections[light].isOpen else { throw breach("a light workspace's connection gives way to a heavy one's") }
    let open = heavy.map { connections[$0].isOpen }
    guard open[0] || !isOneClients else {
      throw breach("a connection with a question under way gives way before idle ones")
    }
    // The first to go were those that were used longest ago.
    let firstOpen = open.dropFirst().firstIndex(of: true) ?? 0
    guard open[firstOpen...].allSatisfy({ $0 }) else { throw breach("connections give way in another order: \(open)") }
    for connection in heavy + [light] { forget(connections[connection]) }
    try settle()
  }

  /// A client that shows whose it is by its questions alone has as many connections as any: one more is ended by its first
  /// question, and what came behind that is asked of nobody (`checkAlways` sees to it).
  private func pressByOneClient(_ worker: Int) throws {
    guard settings.maximumConnectionsOfClient < 10, let world = worlds.last else { return }
    let client = Self.strangerAddress(7)
    let known = Self.heavy.first { workspace in
      world.owner(of: World.Asking(client: client, worker: worker, token: workspace), at: now) == workspace
    }
    guard let known else { return }
    var opened: [Int] = []
    for round in 0..<(settings.maximumConnectionsOfClient + 3) {
      let number = try connect(client, worker)
      opened.append(number)
      for question in 0..<4 {
        let name = AskedName.Upstreamed(kind: .silent, number: 2000 * (worker + 1) + 10 * round + question)
        enqueue(.shared(name), token: known, on: connections[number])
      }
      write(.max, on: number)
      try settle()
    }
    try runEvents(until: now + .seconds(5))
    for number in opened { forget(connections[number]) }
    try settle()
  }

  private func pressOnQuestions(_ worker: Int) throws {
    let names: [(AskedName.Upstreamed.Kind, Int)] = [(.silent, 30), (.silentStream, 6)]
    for round in 0..<4 {
      for (kind, count) in names {
        for number in 0..<count {
          let workspace = Self.heavy[number % 2]
          let name = AskedName.Upstreamed(kind: kind, number: 1000 * (worker + 1) + 100 * round + number)
          try ask(
            number % 3 == 0 ? .own(name) : .shared(name), SimulatedFolder.address(workspace, 1 + number % 6), worker,
            at: true)
        }
      }
      try settle()
      var light: [Int] = []
      let fresh = AskedName.Upstreamed(kind: .answered, number: 1000 * (worker + 1) + 100 * round + 77)
      for name in [AskedName.host(1), .shared(fresh), .own(fresh)] {
        light.append(try ask(name, SimulatedFolder.address(Self.light, 2), worker, at: true))
      }
      try settle()
      guard asked[light[0]].answers == 1 else { throw breach("a light workspace's own name is not answered at once") }
      try runEvents(until: now + .milliseconds(1500))
      for number in light where asked[number].answers != 1 || asked[number].code != 0 {
        throw breach(
          "a light workspace's \(asked[number].name?.text ?? "") is not answered beside heavy ones: "
            + "\(asked[number].code.map { "code \($0)" } ?? "no answer")")
      }
    }
  }
}
