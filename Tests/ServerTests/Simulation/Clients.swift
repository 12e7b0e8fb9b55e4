import Forwarding
import SystemIO
import TestKit
import Wire

@testable import Server

/// A question of a client: what was asked, by whom, and since when an answer may be.
struct AskedQuestion {
  let id: UInt16
  /// Name, type and class, as they were sent.
  let question: [UInt8]
  /// Nil for octets that are no query.
  let name: AskedName?
  let asking: World.Asking
  let isStream: Bool
  /// When it was first sent whole; nil before.
  var sentAt: Instant?
  /// Which of `worlds` was then.
  var world = 0
  /// How often it was sent, and answered.
  var sent = 0
  var answers = 0
  /// The answer's code, once there is one.
  var code: UInt16?
  /// No answer is owed: its worker died, or what it came by was closed.
  var isForgiven = false
}

/// A client's UDP socket to one worker.
final class SimulatedDatagrams {
  let client: IPAddress
  let worker: Int
  let socket: SimulatedSocket
  /// Its questions by id, numbers of `WorkerSimulation.asked`.
  var questions: [UInt16: Int] = [:]

  init(_ client: IPAddress, _ worker: Int, _ socket: consuming Socket) {
    self.client = client
    self.worker = worker
    self.socket = SimulatedSocket(socket)
  }
}

/// A client's connection.
final class SimulatedConnection {
  let client: IPAddress
  let worker: Int
  var socket: SimulatedSocket?
  /// Messages with their lengths, and how many octets are sent.
  var outgoing: [UInt8] = []
  var sent = 0
  /// Its questions, and where in `outgoing` each ends.
  var questions: [(number: Int, end: Int)] = []
  var firstUnsent = 0
  var received: [UInt8] = []
  var reads = true
  /// It did not read for a while: what it has may be older than it seems.
  var hasPaused = false
  /// A question on it was refused, so that it was nobody's for a while, or is.
  var wasNobodys = false
  /// Since when it reads, where it did not before.
  var readsSince: Instant?
  var isHalfClosed = false
  /// It sends what is no query, which ends it.
  var breaksProtocol = false
  /// When it last was of use, as far as can be seen from outside, to whoever is somebody's client.
  var lastUse: Instant

  init(_ client: IPAddress, _ worker: Int, _ socket: consuming Socket, now: Instant) {
    self.client = client
    self.worker = worker
    self.socket = SimulatedSocket(socket)
    lastUse = now
  }

  var isOpen: Bool { socket != nil }
}

// What clients send, and what they take.
extension WorkerSimulation {
  /// A question, encoded.
  func newQuestion(
    _ name: AskedName?, _ asking: World.Asking, isStream: Bool, id: UInt16
  ) -> (number: Int, octets: [UInt8]) {
    var octets: [UInt8] = bigEndian(Int(id)) + [1, 0, 0, 1, 0, 0, 0, 0]
    var question: [UInt8] = []
    if let name {
      question = wire(name.text) + bigEndian(Int(name.type.rawValue)) + [0, 1]
      let shown = asking.token.map { option(Int(Self.tokenOption), SimulatedFolder.token(of: $0)) } ?? []
      let hasOPT = asking.token != nil || id % 3 != 0
      octets += bigEndian(hasOPT ? 1 : 0) + question
      if hasOPT { octets += [0, 0, 41, 4, 0xd0, 0, 0, 0, 0] + bigEndian(shown.count) + shown }
    } else {
      octets = Array((octets + [0, 0, 3, 0x77]).prefix(2 + Int(id % 14)))
    }
    asked.append(AskedQuestion(id: id, question: question, name: name, asking: asking, isStream: isStream))
    return (asked.count - 1, octets)
  }

  // MARK: Datagrams

  /// Asks over UDP, now or, where the network is slow, later, not at all, or twice.
  @discardableResult
  func ask(_ name: AskedName?, _ client: IPAddress, _ worker: Int, token: Int? = nil, at once: Bool = false) throws
    -> Int
  {
    let socket = try datagrams(of: client, worker)
    lastID &+= 1
    let asking = World.Asking(client: client, worker: worker, token: token)
    let (number, octets) = newQuestion(name, asking, isStream: false, id: lastID)
    datagramSockets[socket].questions[lastID] = number
    figures.questions += 1
    if once {
      try send(octets, of: number, socket)
    } else if !random.happens(weather.loss) {
      for _ in 0..<(random.happens(weather.repetition) ? 2 : 1) {
        let delay = Duration.microseconds(random.number(below: weather.longestDelay))
        events.add(.datagram(socket: socket, question: number, octets), at: now + delay)
      }
    }
    return number
  }

  func datagrams(of client: IPAddress, _ worker: Int) throws -> Int {
    if let found = datagramSockets.firstIndex(where: { $0.client == client && $0.worker == worker }) { return found }
    let socket = try Socket.client(.udp, to: listening[worker], from: .address(client))
    datagramSockets.append(SimulatedDatagrams(client, worker, socket))
    let number = datagramSockets.count - 1
    try poller.add(datagramSockets[number].socket.socket.raw, .readable, token: Token.datagrams(number).rawValue)
    return number
  }

  func send(_ octets: [UInt8], of number: Int, _ socket: Int) throws {
    noteSent(number)
    let worker = datagramSockets[socket].worker
    if !dead.contains(worker) { datagramsSent[worker] += 1 }
    guard try datagramSockets[socket].socket.socket.send(octets) else { throw breach("the kernel takes no datagram") }
  }

  func noteSent(_ number: Int) {
    if asked[number].sentAt == nil {
      asked[number].sentAt = now
      asked[number].world = worlds.count - 1
      if dead.contains(asked[number].asking.worker) { asked[number].isForgiven = true }
      if !asked[number].isForgiven { unanswered.append(number) }
    }
    asked[number].sent += 1
  }

  func readAnswers(_ socket: Int) throws {
    while true {
      let count: Int?
      do throws(SystemError) {
        count = try datagramSockets[socket].socket.socket.descriptor.read(into: &buffer)
      } catch {
        // The kernel's word that a worker's socket is gone.
        return
      }
      guard let count else { return }
      let answer = Array(buffer[..<count])
      guard count >= Header.length, let number = datagramSockets[socket].questions[answer.span.bigEndian16(at: 0)]
      else { throw breach("a datagram that is no answer to what was asked from there") }
      datagramsReceived[datagramSockets[socket].worker] += 1
      try judge(answer, number)
    }
  }

  // MARK: Connections

  /// Opens a connection; what it asks is sent by `write`.
  func connect(_ client: IPAddress, _ worker: Int) throws -> Int {
    let socket = try Socket.client(.tcp, to: listening[worker], from: .address(client))
    let connection = SimulatedConnection(client, worker, socket, now: now)
    connections.append(connection)
    figures.connections += 1
    newcomers.insert(worker)
    let number = connections.count - 1
    guard let raw = connection.socket?.socket.raw else { return number }
    try poller.add(raw, .readable, token: Token.connection(number).rawValue)
    return number
  }

  /// Puts a question behind what the connection sends.
  @discardableResult
  func enqueue(_ name: AskedName?, token: Int? = nil, on connection: SimulatedConnection) -> Int {
    lastID &+= 1
    let asking = World.Asking(client: connection.client, worker: connection.worker, token: token)
    let (number, octets) = newQuestion(name, asking, isStream: true, id: lastID)
    connection.outgoing += bigEndian(octets.count) + octets
    connection.questions.append((number, connection.outgoing.count))
    if name == nil { connection.breaksProtocol = true }
    figures.questions += 1
    return number
  }

  /// Sends so many octets of what the connection has to send.
  func write(_ count: Int, on number: Int) {
    let connection = connections[number]
    guard let socket = connection.socket, connection.sent < connection.outgoing.count else { return }
    let end = connection.sent + min(count, connection.outgoing.count - connection.sent)
    do throws(SystemError) {
      let written = try socket.socket.descriptor.write(connection.outgoing[connection.sent..<end]) ?? 0
      connection.sent += written
      if written < end - connection.sent { events.add(.write(number, count), at: now + .milliseconds(50)) }
    } catch {
      // Ended by the other side; reading tells.
      return
    }
    while connection.firstUnsent < connection.questions.count,
      connection.questions[connection.firstUnsent].end <= connection.sent
    {
      let question = connection.questions[connection.firstUnsent].number
      noteSent(question)
      connection.firstUnsent += 1
      if worlds[worlds.count - 1].owner(of: asked[question].asking, at: now) != nil {
        connection.lastUse = now
      } else {
        connection.wasNobodys = true
      }
    }
  }

  /// Takes what came on a connection.
  func read(_ number: Int) throws {
    let connection = connections[number]
    guard let socket = connection.socket, connection.reads else { return }
    var isEnded = false
    do throws(SystemError) {
      while !isEnded, let count = try socket.socket.descriptor.read(into: &buffer) {
        connection.received += buffer[..<count]
        isEnded = count == 0
      }
    } catch {
      isEnded = true
    }
    try takeAnswers(connection)
    if isEnded { try ended(number) }
  }

  private func takeAnswers(_ connection: SimulatedConnection) throws {
    var at = 0
    while connection.received.count - at >= 2 {
      let length = Int(connection.received[at]) << 8 | Int(connection.received[at + 1])
      guard connection.received.count - at - 2 >= length else { break }
      let answer = Array(connection.received[(at + 2)..<(at + 2 + length)])
      at += 2 + length
      guard length >= Header.length,
        let question = connection.questions.first(where: { asked[$0.number].id == answer.span.bigEndian16(at: 0) })
      else { throw breach("an answer on a connection to what was not asked there") }
      streamAnswers[connection.worker] += 1
      try judge(answer, question.number)
      streamAnswered.insert(connection.worker)
      if answer.span.bigEndian16(at: 2) & 15 == 5 { connection.wasNobodys = true }
      // For nobody's clients what they take counts for nothing.
      if !connection.wasNobodys, !connection.hasPaused { connection.lastUse = now }
    }
    connection.received.removeFirst(at)
  }

  /// Forgives what is not answered on a connection that is no more.
  func forget(_ connection: SimulatedConnection) {
    connection.socket = nil
    for question in connection.questions { asked[question.number].isForgiven = true }
  }
}
