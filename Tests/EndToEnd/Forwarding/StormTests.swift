import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Many questions at once: asked once, and not sent to a victim all at once.
  @Suite struct Storms {
    /// Clients on as many ports as there are sockets, so that the kernel deals them out to all workers.
    private func clients(_ count: Int, of server: Server) throws -> [TestSocket] {
      try (0..<count).map { _ in
        let socket = try TestSocket(SOCK_DGRAM, server.address)
        guard socket.connect() else { throw LabError("no socket to \(server.address.text)") }
        return socket
      }
    }

    @Test func equalQuestionsOfAllWorkersAreAskedOnce() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 9, 9, 9)]) }
        try lab.workspace("acme", clients: ["127.0.0.1"], forward: [".": [upstream.address]])
        let server = try lab.serve(["--workers", "4"])
        for round in 0..<5 {
          upstream.hold()
          let name = "storm\(round).example."
          let sockets = try clients(64, of: server)
          let start = Date()
          for (index, socket) in sockets.enumerated() { socket.send(Message.query(name, id: UInt16(index))) }
          try eventually("it is asked", within: 3) { upstream.questions.contains { $0.name == name } }
          // The other workers' turn, which nothing shows from outside when it brings no query.
          usleep(100_000)
          // A further query is the next try.
          let tries = 1 + Int(Date().timeIntervalSince(start) / 0.4)
          let count = upstream.questions.count { $0.name == name }
          #expect(count <= tries, "\(count) queries for one question")
          upstream.release()
          for (index, socket) in sockets.enumerated() {
            let answer = try #require(socket.receive(milliseconds: 4500), "client \(index) has no answer")
            #expect(Message.id(answer) == UInt16(index) && answer.suffix(4).elementsEqual([10, 9, 9, 9]))
          }
        }
      }
    }

    /// DNSBomb (CVE-2024-33655): what was saved up does not come in one moment; over TCP it does.
    @Test func aBurstOfLateAnswersIsNotSent() throws {
      try Lab.run { lab in
        let record = Message.Record(type: 16, ttlSeconds: 60, data: [200] + Array(repeating: 0x78, count: 200))
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [record, record]) }
        try lab.workspace("acme", clients: ["127.0.0.0/8"], forward: [".": [upstream.address]])
        let server = try lab.serve(["--workers", "1"])
        upstream.hold()
        let start = Date()
        let attacked = try clients(1, of: server)[0]
        for id in 0..<300 { attacked.send(Message.query("bomb.example", type: 16, id: UInt16(id))) }
        let stream = try TestSocket(SOCK_STREAM, server.address)
        #expect(stream.connect())
        stream.send(messages: [Message.query("bomb.example", type: 16, id: 7)])
        while Date().timeIntervalSince(start) < 2.2 { usleep(20_000) }
        upstream.release()
        let whole = try #require(stream.message(milliseconds: 3000))
        #expect(Message.answerCount(whole) == 2)
        var octets = 0
        while let answer = attacked.receive(milliseconds: 500) { octets += answer.count }
        #expect(octets > 10_000, "some are sent")
        #expect(octets <= 2 * 16_384, "16 KiB in each of two seconds at most, not \(octets) octets")
        #expect(try server.dig("bomb.example", "TXT").answer.count == 2, "who asks again has it from the cache")
      }
    }
  }
}
