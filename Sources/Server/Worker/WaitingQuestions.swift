import Answering
import Bounds
import Forwarding
import SystemIO
import Wire
import Workspaces

/// Where an answer that took a while goes.
enum ReturnPath {
  case datagram(DatagramPeer, listener: Int)
  case connection(UInt64)
}

/// What has come for a client's question that waits.
struct UpstreamResult {
  let ticket: Ticket
  let result: ForwardResult
  /// How many queries to upstreams it took.
  let queries: Int
}

/// A client's question that waits for an upstream.
struct WaitingQuestion {
  let resolution: Resolution
  let returnPath: ReturnPath
  let askedAt: Instant
  let deadline: Instant
  /// True while what has come for it waits for its turn: its time does not run out meanwhile.
  var hasResult = false
}

/// The questions that wait, by ticket, and in the order in which their time runs out.
struct WaitingQuestions {
  private var byTicket: [Ticket: WaitingQuestion] = [:]
  /// Every question has the same time, so the order of their coming is the order of their deadlines.
  private var order: [(ticket: Ticket, deadline: Instant)] = []
  private var firstInOrder = 0
  private var lastTicket: UInt64 = 0

  var isEmpty: Bool { byTicket.isEmpty }
  var count: Int { byTicket.count }
  var all: some Collection<WaitingQuestion> { byTicket.values }

  /// A ticket that no other question has.
  mutating func nextTicket() -> Ticket {
    lastTicket += 1
    return Ticket(lastTicket)
  }

  mutating func add(_ ticket: Ticket, _ question: WaitingQuestion) {
    byTicket[ticket] = question
    order.append((ticket, question.deadline))
  }

  subscript(ticket: Ticket) -> WaitingQuestion? {
    get { byTicket[ticket] }
    set { byTicket[ticket] = newValue }
  }

  mutating func remove(_ ticket: Ticket) -> WaitingQuestion? {
    byTicket.removeValue(forKey: ticket)
  }

  /// When the first question's time runs out; questions that were answered may still count.
  var nextDeadline: Instant? { firstInOrder < order.count ? order[firstInOrder].deadline : nil }

  /// Takes the questions whose time has run out.
  mutating func takeExpired(at now: Instant) -> [(Ticket, WaitingQuestion)] {
    var expired: [(Ticket, WaitingQuestion)] = []
    while firstInOrder < order.count {
      let (ticket, deadline) = order[firstInOrder]
      let isWaiting = byTicket[ticket].map { !$0.hasResult } ?? false
      guard deadline <= now || byTicket[ticket] == nil else { break }
      firstInOrder += 1
      if isWaiting, let question = byTicket.removeValue(forKey: ticket) { expired.append((ticket, question)) }
    }
    if firstInOrder > 1024, firstInOrder * 2 > order.count {
      order.removeFirst(firstInOrder)
      firstInOrder = 0
    }
    return expired
  }
}

/// Asks the worker's forwarder on a question's behalf.
struct WorkerHops: HopSource {
  let forwarder: Forwarder
  let ticket: Ticket
  let asker: Asker
  let now: Instant

  mutating func ask(_ question: ForwardQuestion, queries: Int) -> ForwardOutcome {
    forwarder.ask(question, ticket: ticket, asker: asker, queries: queries, now: now)
  }

  mutating func known(_ question: ForwardQuestion) -> ForwardResult? {
    forwarder.cache.knowledge(of: question, settings: forwarder.settings, now: now).result
  }
}

extension Worker {
  func hopSource(_ ticket: Ticket, _ resolution: Resolution) -> WorkerHops {
    let asker = Asker(workspace: UInt32(resolution.decision.workspace), client: resolution.client.address)
    return WorkerHops(forwarder: forwarding.forwarder, ticket: ticket, asker: asker, now: now)
  }

  /// Keeps a question until its hop arrives.
  func wait(_ ticket: Ticket, _ resolution: Resolution, _ path: ReturnPath) {
    let deadline = now + .milliseconds(Int64(settings.deadlineMilliseconds))
    let question = WaitingQuestion(resolution: resolution, returnPath: path, askedAt: now, deadline: deadline)
    // How many there may be, and who gives way, is the forwarder's to say: each waits there for one hop.
    waiting.add(ticket, question)
  }

  /// Does what the forwarder wants. Results wait for their turns, for one answer of an upstream may be what thousands of
  /// questions wait for.
  func carryOut() {
    for (ticket, result, queries) in forwarding.carryOut(&upstreamPoller, now) {
      guard let question = waiting[ticket] else { continue }
      waiting[ticket]?.hasResult = true
      let result = UpstreamResult(ticket: ticket, result: result, queries: queries)
      switch question.returnPath {
      case .datagram: results.append(result, of: question.resolution.decision.workspace)
      case .connection(let number):
        guard let connection = connections[number] else {
          _ = waiting.remove(ticket)
          continue
        }
        connection.take(result)
        connections.queue(connection)
      }
    }
  }

  /// Answers questions over UDP for which something has come, as many as one turn has room for.
  func answerWithResults() {
    guard !results.isEmpty else { return }
    for _ in 0..<settings.resultsPerTurn {
      guard let result = results.next() else { break }
      goOn(result)
    }
    carryOut()
  }

  /// Lets a question go on with what has come for it: to its answer, or to the next hop.
  func goOn(_ result: UpstreamResult) {
    let ticket = result.ticket
    guard let question = waiting[ticket] else { return }
    waiting[ticket]?.hasResult = false
    question.resolution.learn(result.result, queries: result.queries)
    var source = hopSource(ticket, question.resolution)
    let (buffer, names) = (buffer, names)
    var writer = MessageWriter(
      buffer.output(), limit: question.resolution.transport.maximumAnswerLength, names: names.table())
    switch responder.run(question.resolution, in: snapshot, &source, &writer) {
    case .waiting:
      // Its place in the order of deadlines may be gone.
      if question.deadline <= now { giveUp(ticket, question) }
    case .ready:
      _ = waiting.remove(ticket)
      send(writer.message, for: question, ticket)
    }
  }

  /// Ends questions whose time has run out: SERVFAIL, and a text that says so.
  func expireWaiting() {
    for (ticket, question) in waiting.takeExpired(at: now) { giveUp(ticket, question) }
  }

  private func giveUp(_ ticket: Ticket, _ question: WaitingQuestion) {
    _ = waiting.remove(ticket)
    forwarding.forwarder.cancel(ticket, now: now)
    let (buffer, names) = (buffer, names)
    var writer = MessageWriter(
      buffer.output(), limit: question.resolution.transport.maximumAnswerLength, names: names.table())
    responder.giveUp(question.resolution, &writer)
    send(writer.message, for: question, ticket)
  }

  private func send(_ message: Span<UInt8>, for question: WaitingQuestion, _ ticket: Ticket) {
    let transport = question.resolution.transport
    let tally = question.resolution.workspace.tally
    guard message.count > 0, let header = Header(message) else {
      return counters.dropped(transport, for: tally)
    }
    switch question.returnPath {
    case .datagram(let peer, let listener):
      let client = question.resolution.client.address
      let workspace = question.resolution.workspace.number
      guard
        lateAnswers.admit(octets: message.count, to: client, of: workspace, askedAt: question.askedAt, now: now)
      else {
        return counters.dropped(transport, for: tally)
      }
      send(message, to: peer, listener: listener)
    case .connection(let number): send(message, of: ticket, toConnection: number)
    }
    counters.answered(transport, header.flags, for: tally)
    counters.took(nanoseconds: now.nanoseconds &- question.askedAt.nanoseconds)
  }
}

extension Transport {
  /// The longest answer, in octets.
  var maximumAnswerLength: Int {
    switch self {
    case .udp: DatagramBatch.outputSize
    case .tcp: MessageBuffer.size
    }
  }
}
