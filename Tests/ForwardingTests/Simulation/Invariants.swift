import Wire

@testable import Forwarding

// What must hold, whatever happens.
extension Simulation {
  /// After every step: bounds, and nobody waits past the deadline.
  func checkAlways() throws {
    figures.checks += 1
    for index in living {
      let worker = workers[index]
      let usage = worker.usage
      guard usage.exchanges <= settings.maximumExchanges else { throw breach("\(usage.exchanges) questions in flight") }
      guard usage.sockets <= settings.maximumSockets else { throw breach("\(usage.sockets) sockets") }
      guard usage.streams <= settings.maximumStreams else { throw breach("\(usage.streams) connections") }
      guard usage.timers <= usage.exchanges + usage.streams + usage.upstreams else {
        throw breach("\(usage.timers) timers")
      }
      guard usage.sockets + usage.streams == sockets[index].count else {
        throw breach("\(sockets[index].count) sockets are open, \(usage.sockets) + \(usage.streams) are known")
      }
      if let due = worker.nextDeadline, due < now { throw breach("a timer in the past is still set") }
    }
    guard shared.count <= workers.count * settings.maximumExchanges else { throw breach("\(shared.count) questions") }
    guard cache.usedOctets <= Self.cacheOctets else { throw breach("\(cache.usedOctets) octets cached") }
    while firstWaiting < waiting.count {
      let ticket = waiting[firstWaiting]
      guard let ask = asks[ticket], ask.result == nil, !ask.isCancelled else {
        firstWaiting += 1
        continue
      }
      if now > ask.askedAt + settings.deadline { throw breach("ticket \(ticket), \(ask.question.name), has no result") }
      break
    }
  }

  /// Two workers never have queries for one question on the wire. One worker's are tries of one exchange.
  func checkAskedOnce(by worker: Int) throws {
    figures.checks += 1
    for other in living where other != worker {
      for (question, exchange) in workers[worker].exchanges.all where !exchange.attempts.isEmpty {
        guard workers[other].exchanges[question]?.attempts.isEmpty != false else {
          throw breach("\(question.name) \(question.type) is asked by two workers")
        }
      }
    }
  }

  /// Every record of an answer was sent by an upstream of the question's rule, for this question or, when the answer is
  /// that a name above does not exist, for that; and its TTL only counted down.
  func checkResult(_ question: ForwardQuestion, _ result: ForwardResult) throws {
    figures.checks += 1
    switch result {
    case .closed: throw breach("a closed rule")
    case .failure: return
    case .answer(let answer): try check(answer, question, isStale: false)
    case .stale(let answer, _):
      guard settings.maximumStaleSeconds > 0 else { throw breach("a stale answer, though that is switched off") }
      try check(answer, question, isStale: true)
    }
  }

  private func check(_ answer: UpstreamAnswer, _ question: ForwardQuestion, isStale: Bool) throws {
    let name = Name(wire: Array(answer.octets[..<(RecordData.nameLength(answer.octets[...]) ?? 0)])) ?? .root
    guard name == question.name || (answer.ending == .nameError && question.name.isSubdomain(of: name)) else {
      throw breach("\(question.name) is answered with \(name)")
    }
    let octets = answer.octets
    for set in answer.sets {
      let owner = Name(wire: ownerOctets(answer, set)) ?? .root
      var at = Int(set.start)
      while at < set.end {
        let end = at + 12 + Int(octets.span.bigEndian16(at: at + 10))
        let datum = SimulatedUpstream.Datum(
          owner: owner, type: set.type, data: Array(octets[(at + 12)..<end]))
        try check(datum, set, answer, question, name, isStale)
        at = end
      }
    }
  }

  private func ownerOctets(_ answer: UpstreamAnswer, _ set: RecordSet) -> [UInt8] {
    let start = Int(set.owner)
    return Array(answer.octets[start..<(start + (RecordData.nameLength(answer.octets[start...]) ?? 0))])
  }

  private func check(
    _ datum: SimulatedUpstream.Datum, _ set: RecordSet, _ answer: UpstreamAnswer, _ question: ForwardQuestion,
    _ name: Name, _ isStale: Bool
  ) throws {
    let types = name == question.name ? [question.type] : [.a, .aaaa]
    var until: UInt64?
    for index in upstreams.indices where question.rule.upstreams.contains(upstreams[index].upstream) {
      for type in types {
        let found = sent[Question(upstream: index, name: name, type: type)]?[datum]
        until = [until, found].compactMap { $0 }.max()
      }
    }
    guard let until else {
      throw breach("\(question.name) \(question.type) has a record that no upstream of its rule sent: \(datum)")
    }
    guard !isStale else { return }
    let age = now.wholeSeconds(since: answer.storedAt)
    let left = set.ttlSeconds > age ? set.ttlSeconds - age : 0
    // It arrived after it was sent, by what the network took, and ages in whole seconds.
    let slack = UInt64(4_000_000_000)
    guard now.nanoseconds + UInt64(left) * 1_000_000_000 <= until + slack else {
      throw breach("a TTL went up: \(datum)")
    }
  }

  /// Six seconds after the faults: every name is answered, by every rule, on every worker.
  func everythingResolves() throws {
    for worker in living {
      for rule in rules {
        for zone in worker == living[0] ? Self.zones : ["corp."] {
          for number in 0..<10 {
            let name = try Name("aname\(number).\(zone)")
            guard name.isSubdomain(of: rule.zone) else { continue }
            try resolves(ForwardQuestion(name: name, type: .a, rule: rule), worker)
          }
        }
      }
    }
  }

  private func resolves(_ question: ForwardQuestion, _ worker: Int) throws {
    let ticket = try ask(question, worker)
    let start = now
    while asks[ticket]?.result == nil, now < start + .seconds(5) { try runEvents(until: now + .milliseconds(50)) }
    guard let result = asks[ticket]?.result else { throw breach("\(question.name) has no result after the faults") }
    let isBroken = SimulatedUpstream.kind(of: question.name) == .broken
    switch result {
    case .answer: return
    case .failure where isBroken: return
    case .failure(let failure): throw breach("\(question.name) fails after the faults: \(failure.error.text)")
    case .stale(_, let error): throw breach("\(question.name) is stale after the faults: \(error.text)")
    case .closed: throw breach("a closed rule")
    }
  }

  /// After a minute without questions nothing is open, waiting or set.
  func silence() throws {
    for index in living {
      let usage = workers[index].usage
      guard usage.exchanges + usage.waiters + usage.sockets + usage.streams + usage.timers == 0 else {
        throw breach("worker \(index) is not done: \(usage)")
      }
    }
    let kept = leftovers.kept(by: living)
    guard kept.isEmpty else { throw breach("\(kept.count) of \(leftovers.count) objects are kept: \(Set(kept))") }
    guard !dead.isEmpty || shared.count == 0 else { throw breach("\(shared.count) questions are still in flight") }
    for (ticket, ask) in asks where !ask.isCancelled && ask.result == nil {
      throw breach("ticket \(ticket) has no result")
    }
  }
}
