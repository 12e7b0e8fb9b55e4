import Foundation
import Glibc
import Synchronization

/// An upstream that sends whatever a test wants, as many datagrams as it wants: what no real one ever does.
final class HostileUpstream: Sendable {
  /// What came, and how.
  struct Question: Sendable {
    let name: String
    let type: Int
    let octets: [UInt8]
    let isTCP: Bool
    /// How many questions for this name came before, over either transport.
    let number: Int

    var hasEDNS: Bool { octets.count > 11 && octets[11] == 1 }
  }

  /// Makes the messages for a question, sent in their order; none to stay silent.
  typealias Script = @Sendable (Question) -> [[UInt8]]

  let address: Endpoint
  private let script: Script
  private let asked = Mutex<[Question]>([])
  private let isStopping = Atomic<Bool>(false)

  private init(port: UInt16, _ script: @escaping Script) throws {
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
  static func run<Result>(_ script: @escaping Script, _ body: (HostileUpstream) throws -> Result) throws -> Result {
    let upstream = try HostileUpstream(port: Port.free(), script)
    defer { upstream.isStopping.store(true, ordering: .sequentiallyConsistent) }
    return try body(upstream)
  }

  /// Every question so far.
  var questions: [Question] { asked.withLock { $0 } }

  private var mustStop: Bool { isStopping.load(ordering: .sequentiallyConsistent) }

  private func answers(_ octets: [UInt8], isTCP: Bool) -> [[UInt8]] {
    guard octets.count >= 12 else { return [] }
    let (name, type) = Message.question(octets)
    let question = asked.withLock { asked in
      let number = asked.count { $0.name == name && $0.type == type }
      let question = Question(name: name, type: type, octets: octets, isTCP: isTCP, number: number)
      asked.append(question)
      return question
    }
    return script(question)
  }

  private func serveDatagrams(_ socket: TestSocket) {
    while !mustStop {
      guard let (octets, peer) = socket.receiveFrom(milliseconds: 50) else { continue }
      for answer in answers(octets, isTCP: false) { socket.send(answer, to: peer) }
    }
  }

  private func serveStreams(_ listener: TestSocket) {
    var connections: [TestSocket] = []
    while !mustStop {
      if let connection = listener.accept(milliseconds: connections.isEmpty ? 50 : 5) { connections.append(connection) }
      for connection in connections where connection.isReadable(milliseconds: 0) {
        if let query = connection.message(milliseconds: 100) {
          let answers = answers(query, isTCP: true)
          if !answers.isEmpty { connection.send(messages: answers) }
        } else {
          connections.removeAll { $0 === connection }
        }
      }
    }
  }
}

extension Message {
  /// A record with an owner of its own.
  struct OwnedRecord: Sendable {
    let owner: String
    let record: Record

    static func a(_ owner: String, _ address: [UInt8], ttl: Int = 60) -> OwnedRecord {
      OwnedRecord(owner: owner, record: Record(type: 1, ttlSeconds: ttl, data: address))
    }

    static func cname(_ owner: String, _ target: String, ttl: Int = 60) -> OwnedRecord {
      OwnedRecord(owner: owner, record: Record(type: 5, ttlSeconds: ttl, data: name(target)))
    }

    static func ns(_ owner: String, _ target: String) -> OwnedRecord {
      OwnedRecord(owner: owner, record: Record(type: 2, ttlSeconds: 3600, data: name(target)))
    }

    /// An SOA by which negative answers are kept for so long.
    static func soa(_ owner: String, minimum: Int) -> OwnedRecord {
      let numbers = [1, 3600, 600, 86_400, minimum].flatMap { bigEndian($0 >> 16) + bigEndian($0 & 0xffff) }
      let data = name("ns." + owner) + name("root." + owner) + numbers
      return OwnedRecord(owner: owner, record: Record(type: 6, ttlSeconds: minimum, data: data))
    }
  }

  /// A response to `query` with records in every section.
  static func response(
    _ query: [UInt8], answer: [OwnedRecord] = [], authority: [OwnedRecord] = [], additional: [OwnedRecord] = [],
    code: Int = 0
  ) -> [UInt8] {
    var message = Message.answer(query, [], code: code)
    let counts = [answer.count, authority.count, additional.count]
    message.replaceSubrange(6..<12, with: counts.flatMap(bigEndian))
    for owned in answer + authority + additional {
      let record = owned.record
      message += name(owned.owner) + bigEndian(record.type) + [0, 1]
      message += bigEndian(record.ttlSeconds >> 16) + bigEndian(record.ttlSeconds & 0xffff)
      message += bigEndian(record.data.count) + record.data
    }
    return message
  }

  /// The same message with another id.
  static func with(id: UInt16, _ message: [UInt8]) -> [UInt8] { bigEndian(Int(id)) + message.dropFirst(2) }

  /// The same message with the case of the question's letters turned.
  static func turningCase(_ message: [UInt8]) -> [UInt8] {
    var message = message
    for at in 12..<(questionEnd(message) - 5) where (message[at] | 0x20) >= 0x61 && (message[at] | 0x20) <= 0x7a {
      message[at] ^= 0x20
    }
    return message
  }

  /// The same message with the question's letters in lower case, as servers answer that do not keep it.
  static func loweringCase(_ message: [UInt8]) -> [UInt8] {
    var message = message
    for at in 12..<(questionEnd(message) - 5) where message[at] >= 0x41 && message[at] <= 0x5a { message[at] |= 0x20 }
    return message
  }
}
