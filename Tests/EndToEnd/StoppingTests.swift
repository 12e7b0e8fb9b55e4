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

    /// In a lameduck probes are told to send nobody, and whoever asks is answered as ever, with what changes meanwhile too.
    @Test func inALameduckEveryQueryIsAnsweredAndReadinessFails() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.1"], zones: ["corp.example": "www A 10.1.0.1\n"])
        let probes = Endpoint("127.0.0.1", try Port.free())
        let server = try lab.serve(["--workers", "2", "--lameduck", "600", "--probes", probes.text])
        #expect(try lab.probe(probes, "/readyz").status == 200)
        let loop = try QueryLoop("www.corp.example", at: server.address)
        server.program.signal(SIGTERM)
        try eventually("it is not ready", within: 5) { try lab.probe(probes, "/readyz").status == 503 }
        #expect(try lab.probe(probes, "/readyz").body.contains("told to end"))
        #expect(try lab.probe(probes, "/healthz").status == 200)
        let start = Date()
        try lab.zone("corp.example", "www A 10.1.0.2\n", in: "acme")
        _ = try loop.wait(for: "10.1.0.2", since: start)
        for flag in ["+notcp", "+tcp"] { #expect(try server.dig(flag, "www.corp.example").addresses == ["10.1.0.2"]) }
        try lab.backroad(["reload"])
        #expect(server.program.isRunning)
        let counts = try loop.stop()
        #expect(counts.lost == 0 && counts.asked > 0 && loop.answers == ["10.1.0.1", "10.1.0.2"])
        // A second word ends it at once.
        server.program.signal(SIGTERM)
        #expect(try server.program.wait(seconds: 6).status == 0)
      }
    }

    @Test func aLameduckEndsByItselfAndWithACtrlCThereIsNone() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.1"])
        let first = try lab.serve(["--workers", "1", "--lameduck", "1"])
        first.program.signal(SIGTERM)
        #expect(try first.program.wait(seconds: 10).status == 0)
        #expect(first.program.errors.contains("not ready from now on, and answering for another 1 s"))
        let second = try lab.serve(["--workers", "1", "--lameduck", "600"])
        second.program.signal(SIGINT)
        #expect(try second.program.wait(seconds: 6).status == 0)
      }
    }

    /// Whoever probes shows no token, and is told of nothing but the two.
    @Test func probesHearNothingElse() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.1"])
        let probes = Endpoint("127.0.0.1", try Port.free())
        let server = try lab.serve(["--workers", "1", "--admin", "off", "--probes", probes.text])
        #expect(try lab.probe(probes, "/healthz").status == 200)
        for path in ["/metrics", "/v1/status", "/v1/workspaces/acme"] {
          let answer = try lab.probe(probes, path)
          #expect(answer.status == 404 && !answer.body.contains("acme"), "\(path)")
        }
        #expect(server.program.errors.contains("probes on \(probes.text)"))
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
