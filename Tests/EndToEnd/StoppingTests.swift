import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// SIGTERM finishes what is in flight, and then the process ends well.
  @Suite struct Stopping {
    @Test(arguments: [SIGTERM, SIGINT]) func whatIsInFlightIsAnswered(signal: Int32) throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 9, 9, 9)]) }
        upstream.hold()
        try lab.workspace("acme", clients: ["127.0.0.1"], forward: ["example.com": [upstream.address]])
        let server = try lab.serve()
        let datagrams = try TestSocket(SOCK_DGRAM, server.address)
        let stream = try TestSocket(SOCK_STREAM, server.address)
        #expect(datagrams.connect() && stream.connect())
        datagrams.send(Message.query("one.example.com", id: 1))
        stream.send(messages: [Message.query("two.example.com", id: 2)])
        try eventually("both wait for the upstream", within: 5) {
          Set(upstream.questions.map(\.name)) == ["one.example.com.", "two.example.com."]
        }
        server.program.signal(signal)
        try eventually("the server says that it stops", within: 5) { server.program.errors.contains("stopping") }
        #expect(server.program.isRunning, "it must not end while questions wait")
        upstream.release()
        #expect(datagrams.receive(milliseconds: 3000).map(Message.answerCount) == 1)
        #expect(stream.message(milliseconds: 3000).map(Message.answerCount) == 1)
        #expect(try server.program.wait(seconds: 6).status == 0)
      }
    }

    @Test func withNothingInFlightItEndsAtOnce() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.1"])
        let server = try lab.serve()
        let idle = try TestSocket(SOCK_STREAM, server.address)
        #expect(idle.connect())
        let start = Date()
        server.program.signal(SIGTERM)
        #expect(try server.program.wait(seconds: 6).status == 0)
        #expect(Date().timeIntervalSince(start) < 2)
      }
    }

    /// An upstream that never answers does not keep it from ending.
    @Test func itEndsWithinItsTime() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { _ in nil }
        try lab.workspace("acme", clients: ["127.0.0.1"], forward: ["example.com": [upstream.address]])
        let server = try lab.serve()
        let datagrams = try TestSocket(SOCK_DGRAM, server.address)
        #expect(datagrams.connect())
        datagrams.send(Message.query("one.example.com", id: 1))
        try eventually("the question waits", within: 5) { !upstream.questions.isEmpty }
        server.program.signal(SIGTERM)
        #expect(try server.program.wait(seconds: 8).status == 0)
        #expect(datagrams.receive(milliseconds: 100).map(Message.code) == 2, "the client is told SERVFAIL")
      }
    }
  }
}
