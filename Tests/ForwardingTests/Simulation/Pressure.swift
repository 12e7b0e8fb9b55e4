import Wire

@testable import Forwarding

// What one workspace must still get while others use all there is, and while upstreams are dead. No faults beside these.
extension Simulation {
  /// Heavy workspaces keep every place taken with questions that no upstream answers, over UDP or, because of what is
  /// truncated, over TCP; a light one's fresh questions are answered all the same.
  func pressure() throws {
    guard hasRoomForShares else { return }
    // Three workspaces ask over TCP: with two connections one of them has none.
    let usesTCP = settings.maximumStreams >= 16
    let end = now + .seconds(3)
    var number = 0
    while now < end {
      for worker in living {
        for _ in 0..<10 {
          number += 1
          // Silent about the name, or truncated over UDP and silent over TCP.
          let name = try Name("\(number % 3 == 0 ? "y" : "z")\(seed)x\(number)a.abcdefgh.example.")
          try ask(
            ForwardQuestion(name: name, type: .a, rule: rules[number % 2]), worker,
            as: Asker(workspace: UInt32(100 + number % 2), client: .v4(UInt32(number % 12))))
        }
        number += 1
        let isTruncated = usesTCP && number % 4 == 0
        let fresh = ForwardQuestion(
          name: try Name("light\(number)name\(isTruncated ? 6 : 0).abcdefgh.example."), type: .a, rule: rules[0])
        let ticket = try ask(fresh, worker, as: Asker(workspace: 7, client: .v4(7)))
        let asked = now
        while asks[ticket]?.result == nil, now < asked + .milliseconds(500) {
          try runEvents(until: now + .milliseconds(5))
        }
        guard case .answer? = asks[ticket]?.result else {
          throw breach(
            "a light workspace's question (truncated: \(isTruncated)) is not answered beside heavy ones: "
              + "\(asks[ticket]?.result as Any)")
        }
        figures.checks += 1
      }
      try runEvents(until: now + .milliseconds(40))
    }
    try runEvents(until: now + .seconds(6))
  }

  /// A workspace whose rule names the server's upstreams for a zone about which they are silent: the server's rule finds
  /// them as they are.
  func sharedUpstreams() throws {
    let end = now + .seconds(4)
    var number = 0
    while now < end {
      for worker in living {
        number += 1
        try ask(
          ForwardQuestion(name: try Name("n\(number).silent."), type: .a, rule: rules[3]), worker,
          as: Asker(workspace: 100, client: .v4(UInt32(number % 12))))
      }
      try runEvents(until: now + .milliseconds(100))
    }
    for worker in living {
      let states = workers[worker].upstreams.all.filter { $0.use.owner == .server }
      guard states.allSatisfy(\.isUp) else { throw breach("another's rule took the server's upstreams down") }
      let fresh = ForwardQuestion(name: try Name("shared\(worker)name0.abcdefgh.example."), type: .a, rule: rules[0])
      let ticket = try ask(fresh, worker, as: Asker(workspace: 7, client: .v4(7)))
      try runEvents(until: now + .milliseconds(500))
      guard case .answer? = asks[ticket]?.result else {
        throw breach("another's rule took the server's upstreams down: \(asks[ticket]?.result as Any)")
      }
      figures.checks += 1
    }
    try runEvents(until: now + .seconds(5))
  }

  /// With fewer places than there are workspaces, tries and probes there are no shares to speak of.
  private var hasRoomForShares: Bool {
    settings.maximumSockets >= 16 && settings.maximumExchanges >= 20 && settings.maximumWaiters >= 16
  }

  /// All upstreams die: within two seconds and a little nobody waits any more, and once they are back they are used within
  /// two seconds and a little.
  func outage() throws {
    guard hasRoomForShares else { return }
    for index in upstreams.indices { upstreams[index].isSilent = true }
    func fresh(_ text: String, _ worker: Int) throws -> Int {
      try ask(ForwardQuestion(name: try Name("\(text)name0.abcdefgh.example."), type: .a, rule: rules[0]), worker)
    }
    for worker in living {
      let first = try fresh("first\(worker)", worker)
      let start = now
      while asks[first]?.result == nil, now < start + .seconds(4) { try runEvents(until: now + .milliseconds(10)) }
      // A try's time follows what the faults made of an upstream's speed, a probe's does not.
      guard now <= start + .milliseconds(3300) else { throw breach("a dead upstream held a question for 3.3 s") }
    }
    try runEvents(until: now + .seconds(3))
    for worker in living {
      let ticket = try fresh("second\(worker)", worker)
      guard case .failure? = asks[ticket]?.result else { throw breach("a dead upstream holds a question") }
      figures.checks += 1
    }
    for index in upstreams.indices { upstreams[index].isSilent = false }
    try runEvents(until: now + .milliseconds(2300))
    for worker in living {
      let ticket = try fresh("second\(worker)", worker)
      try runEvents(until: now + .milliseconds(500))
      guard case .answer? = asks[ticket]?.result else {
        throw breach("an upstream is not used 2.3 s after its return: \(asks[ticket]?.result as Any)")
      }
    }
  }

  /// What no question may say is not asked, and changes nothing.
  func reserved() throws {
    for type in [UInt16(0), 41, 128, 251, 255, 65_535] where type != RecordType.any.rawValue {
      for worker in living {
        let ticket = try ask(ForwardQuestion(name: .root, type: RecordType(type), rule: rules[0]), worker)
        guard case .failure? = asks[ticket]?.result else { throw breach("type \(type) is asked") }
      }
    }
  }
}
