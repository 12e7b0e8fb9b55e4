import Foundation
import Glibc
import Synchronization

/// An upstream that sends whatever the test says, over UDP and TCP on one port, and remembers what it was asked.
final class ScriptedUpstream: Sendable {
  /// What came, and how.
  struct Question: Sendable {
    let name: String
    let type: Int
    let octets: [UInt8]
    let isTCP: Bool
    /// How many questions for this name and type came before, over either transport.
    let number: Int

    var hasEDNS: Bool { octets[11] == 1 }
  }

  /// Makes the messages for a question, sent in their order; none to stay silent.
  typealias Script = @Sendable (Question) -> [[UInt8]]
  /// Makes the answer to a question; nil to stay silent.
  typealias Answer = @Sendable (Question) -> [UInt8]?

  let address: Endpoint
  private let script: Script
  private let asked = Mutex<[Question]>([])
  private let isStopping = Atomic<Bool>(false)
  /// Answers are held while this is set.
  private let isHolding = Atomic<Bool>(false)

  init(port: UInt16, _ script: @escaping Script) throws {
    address = Endpoint("127.0.0.1", port)
    self.script = script
    let datagrams = try TestSocket(SOCK_DGRAM, address)
    let streams = try TestSocket(SOCK_STREAM, address)
    guard datagrams.bind(), streams.bind() else { throw LabError("port \(port) is taken") }
    streams.listen()
    let (datagramBox, streamBox) = (Handover(datagrams), Handover(streams))
    Thread { self.serveDatagrams(datagramBox.take()) }.start()
    Thread { self.serveStreams(streamBox.take()) }.start()
  }

  /// Runs one for the length of a body.
  static func run<Result>(_ script: @escaping Script, _ body: (ScriptedUpstream) throws -> Result) throws -> Result {
    let upstream = try ScriptedUpstream(port: Port.free(), script)
    defer { upstream.stop() }
    return try body(upstream)
  }

  /// Every question so far.
  var questions: [Question] { asked.withLock { $0 } }

  /// Keeps all answers back but those to probes, which ask for an SOA: it is slow and not dead.
  func hold() { isHolding.store(true, ordering: .sequentiallyConsistent) }
  func release() { isHolding.store(false, ordering: .sequentiallyConsistent) }
  func stop() { isStopping.store(true, ordering: .sequentiallyConsistent) }

  private var mustStop: Bool { isStopping.load(ordering: .sequentiallyConsistent) }

  private var mustHold: Bool { isHolding.load(ordering: .sequentiallyConsistent) }

  private func note(_ octets: [UInt8], isTCP: Bool) -> Question {
    let (name, type) = Message.question(octets)
    return asked.withLock { asked in
      let number = asked.count { $0.name == name && $0.type == type }
      asked.append(Question(name: name, type: type, octets: octets, isTCP: isTCP, number: number))
      return asked[asked.count - 1]
    }
  }

  private func serveDatagrams(_ socket: TestSocket) {
    var held: [(question: Question, peer: TestSocket.Peer)] = []
    while !mustStop {
      if let (octets, peer) = socket.receiveFrom(milliseconds: held.isEmpty ? 50 : 2), octets.count >= 12 {
        let question = note(octets, isTCP: false)
        if mustHold, question.type == 6 {
          for answer in script(question) { socket.send(answer, to: peer) }
        } else {
          held.append((question, peer))
        }
      }
      while !mustHold, !held.isEmpty {
        let (question, peer) = held.removeFirst()
        for answer in script(question) { socket.send(answer, to: peer) }
      }
    }
  }

  private func serveStreams(_ listener: TestSocket) {
    var connections: [TestSocket] = []
    var held: [(question: Question, connection: TestSocket)] = []
    while !mustStop {
      if let connection = listener.accept(milliseconds: connections.isEmpty ? 50 : 2) { connections.append(connection) }
      for connection in connections where connection.isReadable(milliseconds: 0) {
        if let query = connection.message(milliseconds: 100), query.count >= 12 {
          held.append((note(query, isTCP: true), connection))
        } else {
          connections.removeAll { $0 === connection }
        }
      }
      while !mustHold, !held.isEmpty {
        let (question, connection) = held.removeFirst()
        let answers = script(question)
        if !answers.isEmpty { connection.send(messages: answers) }
      }
    }
  }
}

/// Hands a socket to the thread that will use it alone.
final class Handover<Value>: @unchecked Sendable {
  private let value: Value
  init(_ value: Value) { self.value = value }
  func take() -> Value { value }
}
