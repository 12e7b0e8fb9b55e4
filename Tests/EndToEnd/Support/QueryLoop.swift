import Foundation
import Glibc
import Synchronization

/// Asks the same question again and again over UDP, and remembers every answer's time.
final class QueryLoop: Sendable {
  /// A change of what is answered.
  struct Change: Sendable {
    /// The first record's address, or the response code.
    let answer: String
    let at: Date
  }

  private struct State {
    var changes: [Change] = []
    var asked = 0
    var lost = 0
  }

  private let state = Mutex(State())
  private let mustStop = Atomic<Bool>(false)
  private let hasStopped = Atomic<Bool>(false)

  /// Starts asking for the address of `host`.
  ///
  /// - Parameter client: the IPv4 address that asks; whichever the kernel takes for nil.
  init(_ host: String, at server: Endpoint, from client: String? = nil) throws {
    let socket = try TestSocket(SOCK_DGRAM, server)
    guard client.map({ socket.connect(from: $0) }) ?? socket.connect() else { throw LabError("cannot ask \(server)") }
    let box = Handover(socket)
    Thread { self.run(host, box.take()) }.start()
    try eventually("the loop has an answer", within: 10) { state.withLock { !$0.changes.isEmpty } }
  }

  private func run(_ host: String, _ socket: TestSocket) {
    var id: UInt16 = 0
    while !mustStop.load(ordering: .relaxed) {
      id &+= 1
      socket.send(Message.query(host, id: id))
      let answer = nextAnswer(id, socket)
      state.withLock { state in
        state.asked += 1
        guard let answer else { return state.lost += 1 }
        if state.changes.last?.answer != answer { state.changes.append(Change(answer: answer, at: Date())) }
      }
    }
    hasStopped.store(true, ordering: .sequentiallyConsistent)
  }

  private func nextAnswer(_ id: UInt16, _ socket: TestSocket) -> String? {
    while let message = socket.receive(milliseconds: 2000) {
      guard message.count >= 12, Message.id(message) == id else { continue }
      guard Message.answerCount(message) > 0 else { return "code \(Message.code(message))" }
      return message.suffix(4).map(String.init).joined(separator: ".")
    }
    return nil
  }

  /// What has been answered so far, in order, without repetitions.
  var answers: [String] { state.withLock { $0.changes.map(\.answer) } }

  /// Waits for an answer; returns when it first came after `start`.
  func wait(for answer: String, since start: Date, within seconds: Double = 5) throws -> TimeInterval {
    try eventually("the answer \(answer); there were \(answers)", within: seconds) { answers.last == answer }
    let change = state.withLock { $0.changes.last { $0.answer == answer } }
    return change.map { $0.at.timeIntervalSince(start) } ?? .infinity
  }

  /// Ends the loop.
  ///
  /// - Returns: how many questions there were, and how many of them had no answer.
  func stop() throws -> (asked: Int, lost: Int) {
    mustStop.store(true, ordering: .relaxed)
    try eventually("the loop ends", within: 10) { hasStopped.load(ordering: .sequentiallyConsistent) }
    return state.withLock { ($0.asked, $0.lost) }
  }
}
