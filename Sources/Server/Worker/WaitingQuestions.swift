import Answering
import Forwarding
import SystemIO
import Wire
import Workspaces

/// Where an answer that took a while goes.
enum ReturnPath {
  case datagram(DatagramPeer, listener: Int)
  case connection(UInt64)
}

/// A client's question that waits for an upstream.
struct WaitingQuestion {
  let resolution: Resolution
  let returnPath: ReturnPath
  let askedAt: Instant
  let deadline: Instant
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

  /// A ticket that no other question has.
  mutating func nextTicket() -> Ticket {
    lastTicket += 1
    return Ticket(lastTicket)
  }

  mutating func add(_ ticket: Ticket, _ question: WaitingQuestion) {
    byTicket[ticket] = question
    order.append((ticket, question.deadline))
  }

  subscript(ticket: Ticket) -> WaitingQuestion? { byTicket[ticket] }

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
      let isWaiting = byTicket[ticket] != nil
      guard deadline <= now || !isWaiting else { break }
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

  /// Does what the forwarder wants, until it wants nothing more; results let questions go on.
  func carryOut() {
    while true {
      let results = forwarding.carryOut(&poller, now)
      guard !results.isEmpty else { return }
      for (ticket, result, queries) in results { goOn(ticket, result, queries: queries) }
    }
  }

  private func goOn(_ ticket: Ticket, _ result: ForwardResult, queries: Int) {
    guard let question = waiting[ticket] else { return }
    question.resolution.learn(result, queries: queries)
    var source = hopSource(ticket, question.resolution)
    let (buffer, names) = (buffer, names)
    var writer = MessageWriter(
      buffer.output(), limit: question.resolution.transport.maximumAnswerLength, names: names.table())
    switch responder.run(question.resolution, in: snapshot, &source, &writer) {
    case .waiting: return
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
