import Foundation
import Synchronization

/// Stands between a client and etcd, and loses what the test says: requests before etcd has them, or its answers.
///
/// One request a connection.
final class Relay: Sendable {
  /// What becomes of a request.
  enum Fate: Sendable {
    case passed
    /// Etcd never sees it.
    case requestLost
    /// Etcd does what it asks for, and nobody hears of it.
    case answerLost
  }

  let address: Endpoint
  private let target: Endpoint
  private let fate: @Sendable (_ path: String, _ number: Int) -> Fate
  private let counts = Mutex<[String: Int]>([:])
  private let isStopping = Atomic(false)

  /// - Parameter fate: decides by the request's path, and how many of that path came before.
  init(to target: Endpoint, _ fate: @escaping @Sendable (_ path: String, _ number: Int) -> Fate) throws {
    address = Endpoint("127.0.0.1", try Port.free())
    self.target = target
    self.fate = fate
    let listener = try TestSocket(SOCK_STREAM, address)
    guard listener.bind() else { throw LabError("port \(address.port) is taken") }
    listener.listen()
    let box = Handover(listener)
    Thread { self.serve(box.take()) }.start()
  }

  /// Runs one for the length of a body.
  static func run<Result>(
    to target: Endpoint, _ fate: @escaping @Sendable (String, Int) -> Fate, _ body: (Relay) throws -> Result
  ) throws -> Result {
    let relay = try Relay(to: target, fate)
    defer { relay.isStopping.store(true, ordering: .sequentiallyConsistent) }
    return try body(relay)
  }

  /// As `--store` takes it.
  var store: String { "etcd:http://\(address.text)" }
  /// How many requests of a path came.
  func count(_ path: String) -> Int { counts.withLock { $0[path] ?? 0 } }

  private func serve(_ listener: TestSocket) {
    while !isStopping.load(ordering: .sequentiallyConsistent) {
      guard let client = listener.accept(milliseconds: 20) else { continue }
      let box = Handover(client)
      Thread { self.relay(box.take()) }.start()
    }
  }

  private func relay(_ client: TestSocket) {
    var request: [UInt8] = []
    while Self.missing(request) {
      guard let octets = client.receive(milliseconds: 5000), !octets.isEmpty else { return }
      request += octets
    }
    let head = String(decoding: request, as: UTF8.self)
    let path = String(head.split(separator: " ").dropFirst().first ?? "")
    let number = counts.withLock { counts in
      defer { counts[path, default: 0] += 1 }
      return counts[path] ?? 0
    }
    let fate = fate(path, number)
    guard fate != .requestLost, let server = try? TestSocket(SOCK_STREAM, target), server.connect() else { return }
    // With its answer's end the server's connection ends, so that the whole of it is known.
    let line = Array("\r\n".utf8)
    let end = request.firstRange(of: line)?.upperBound ?? 0
    server.send(Array(request[..<end]) + Array("Connection: close\r\n".utf8) + Array(request[end...]))
    var answer: [UInt8] = []
    while let octets = server.receive(milliseconds: 15_000), !octets.isEmpty { answer += octets }
    if fate == .passed { client.send(answer) }
  }

  /// True while a request is not whole.
  private static func missing(_ request: [UInt8]) -> Bool {
    guard let end = request.firstRange(of: Array("\r\n\r\n".utf8)) else { return true }
    let head = String(decoding: request[..<end.lowerBound], as: UTF8.self).lowercased()
    let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }?.dropFirst(15)
    return request.count < end.upperBound + (length.flatMap { Int($0.drop { $0 == " " }) } ?? 0)
  }
}
