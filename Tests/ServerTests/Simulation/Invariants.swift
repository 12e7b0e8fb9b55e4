import Answering
import Forwarding
import TestKit
import Wire

@testable import Server

// What must hold, whatever happens.
extension WorkerSimulation {
  /// After every step: bounds, and nobody waits past the deadline.
  func checkAlways() throws {
    figures.checks += 1
    for index in living where !workers[index].isFinished {
      let worker = workers[index]
      let forwarder = worker.forwarding.forwarder
      let usage = forwarder.usage
      let limits = settings.forwarding
      guard usage.exchanges <= limits.maximumExchanges, usage.sockets <= limits.maximumSockets,
        usage.streams <= limits.maximumStreams, usage.waiters <= limits.maximumWaiters
      else { throw breach("worker \(index) is beyond its bounds: \(usage)") }
      // What has come for a connection that is not read waits on for its answer to be written.
      let isUnread = worker.waiting.count > usage.waiters && connections.contains { $0.hasPaused }
      guard worker.waiting.count == usage.waiters || isUnread else {
        throw breach("\(worker.waiting.count) questions wait, and for hops \(usage.waiters)")
      }
      for question in worker.waiting.all {
        guard case .connection(let number) = question.returnPath else { continue }
        guard worker.connections[number] != nil else { throw breach("a question of a connection that is gone waits") }
      }
      guard worker.connections.count <= settings.maximumConnections,
        worker.connections.strangerCount <= max(1, settings.maximumConnections / 8)
      else { throw breach("\(worker.connections.count) connections") }
      if let due = worker.nextDeadline, due <= now { throw breach("what is due is not done") }
    }
    if hasLongTexts { try checkUnsent() }
    while let first = unanswered.first, let sentAt = asked[first].sentAt {
      guard sentAt + Self.longest <= now else { break }
      unanswered.removeFirst()
      try checkAnswered(first, turns: 0)
    }
  }

  /// Of answers that a client does not read no more is kept than the limit, one answer more, and the small ones that were
  /// waited for.
  private func checkUnsent() throws {
    for index in living {
      for number in 0...UInt64(connections.count) {
        guard let unsent = workers[index].connections[number]?.unsent.count else { continue }
        guard unsent <= settings.maximumUnsentOctets + 65_537 + 512 * settings.maximumPipelined else {
          throw breach("\(unsent) octets are kept for a client that does not read")
        }
      }
    }
  }

  /// How long a question may take.
  static let longest = Duration.milliseconds(4001)

  /// A question's time is up.
  ///
  /// - Parameter turns: how often it was waited for already: on a connection those that wait for others are behind them.
  func checkAnswered(_ number: Int, turns: Int) throws {
    let question = asked[number]
    guard question.answers == 0, !question.isForgiven else { return }
    if question.isStream, let connection = connection(of: number) {
      let before = connection.questions.prefix { $0.number != number }.count
      if turns < before / settings.maximumPipelined || (!connection.reads && turns < 20) {
        return events.add(.due(number, turns: turns + 1), at: now + Self.longest)
      }
      // What it had not read kept more from being answered.
      if let since = connection.readsSince, now < since + Self.longest {
        return events.add(.due(number, turns: turns + 1), at: since + Self.longest)
      }
    }
    try checkOwed(number, "in time")
  }

  func connection(of question: Int) -> SimulatedConnection? {
    connections.first { $0.questions.contains { $0.number == question } }
  }

  /// A question that has no answer must be one that is owed none.
  func checkOwed(_ number: Int, _ when: String) throws {
    let question = asked[number]
    guard !question.isForgiven, let name = question.name else { return }
    if question.isStream {
      guard let connection = connection(of: number), connection.reads, question.answers == 0 else { return }
      if isStopping {
        // One that had to wait for others may have been taken when there was no time left to ask an upstream.
        let before = connection.questions.prefix { $0.number != number }.count { openAtStop.contains($0.number) }
        guard before < settings.maximumPipelined else { return }
      }
    } else {
      // Of what comes late over UDP clients are sent so much a second.
      guard workers[question.asking.worker].lateAnswers.dropped == 0 else { return }
    }
    throw breach(
      "\(name.text) of \(question.asking.client), asked at \((question.sentAt?.nanoseconds ?? 0) / 1_000_000) ms over "
        + "\(question.isStream ? "TCP" : "UDP") \(question.sent) times, is answered \(question.answers) times \(when)")
  }

  // MARK: Connections

  /// The server has ended a connection.
  func ended(_ number: Int) throws {
    let connection = connections[number]
    digest.add(number)
    trace("connection \(number) of \(connection.client) is ended by the server")
    defer { forget(connection) }
    guard connection.isOpen, !dead.contains(connection.worker), !workers[connection.worker].isFinished,
      !connection.breaksProtocol, !connection.hasPaused
    else { return }
    let isAnswered = connection.questions.prefix(connection.firstUnsent).allSatisfy { asked[$0.number].answers == 1 }
    if connection.isHalfClosed, isAnswered || connection.firstUnsent < connection.questions.count { return }
    if now >= connection.lastUse + .milliseconds(Int64(settings.idleMilliseconds)) { return }
    endedEarly.append(number)
  }

  /// A connection gives way only where there is no room, and only to a newcomer or to one that turned out to be another's.
  func checkEvictions() throws {
    guard !endedEarly.isEmpty else { return }
    for number in endedEarly {
      figures.evictions += 1
      let connection = connections[number]
      let isTight = settings.maximumConnections < 100 || settings.maximumConnectionsOfClient < 10
      let isStranger = connection.questions.allSatisfy { asked[$0.number].code == 5 || asked[$0.number].answers == 0 }
      guard newcomers.union(streamAnswered).contains(connection.worker), isTight || isStranger else {
        throw breach(
          "the server ends a connection of \(connection.client) that was used \(now.since(connection.lastUse)) ago, with "
            + "\(connection.firstUnsent) questions of \(connection.questions.count) sent")
      }
    }
  }

  // MARK: Counters

  /// Every datagram was answered or dropped, and every answer was received.
  func checkCounters() throws {
    for index in living {
      let totals = WorkerCounters.Totals([mail.counters[index]])
      let datagrams = totals.queries[.udp] ?? [:]
      let all = datagrams.values.reduce(0, +)
      guard all == UInt64(datagramsSent[index]) else {
        throw breach("\(datagramsSent[index]) datagrams were sent, and \(all) are counted")
      }
      let answered = all - (datagrams[.dropped] ?? 0) - (totals.events[.unsentAnswers] ?? 0)
      guard answered == UInt64(datagramsReceived[index]) else {
        throw breach("\(answered) answers are counted, and \(datagramsReceived[index]) were received")
      }
      let streamAnswered = (totals.queries[.tcp] ?? [:]).filter { $0.key != .dropped }.values.reduce(0, +)
      guard streamAnswered >= UInt64(streamAnswers[index]) else {
        throw breach("\(streamAnswers[index]) answers over TCP were received, and \(streamAnswered) are counted")
      }
      guard totals.events[.openedConnections] == totals.events[.closedConnections] else {
        throw breach("\(totals.events) connections")
      }
    }
  }
}
