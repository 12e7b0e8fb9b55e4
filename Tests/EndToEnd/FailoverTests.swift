import Foundation
import Testing

extension EndToEnd {
  /// Upstreams that fail in every way, and what a client sees of it.
  @Suite struct Failover {
    private static let silence: ScriptedUpstream.Answer = { _ in nil }
    private static let answer: ScriptedUpstream.Answer = { Message.answer($0.octets, [.a(10, 9, 9, 9)]) }

    private func serve(_ lab: Lab, _ upstreams: [Endpoint]) throws -> Server {
      try lab.workspace("acme", clients: ["127.0.0.1"], forward: [".": upstreams])
      return try lab.serve()
    }

    /// `dig`'s own patience is five seconds, so that is how soon it has to be told.
    private func answeredInTime(_ server: Server, _ arguments: String...) throws -> DigAnswer {
      let start = Date()
      let answer = try Dig.ask(server.address, ["+time=10"] + arguments, in: server.lab)
      #expect(Date().timeIntervalSince(start) < 5, "a client waits no longer than five seconds")
      return answer
    }

    @Test func aSilentUpstreamIsPassedOver() throws {
      try Lab.run { lab in
        let silent = try lab.scriptedUpstream(Self.silence)
        let good = try lab.scriptedUpstream(Self.answer)
        let server = try serve(lab, [silent.address, good.address])
        for index in 0..<5 {
          let answer = try answeredInTime(server, "host\(index).example")
          #expect(answer.addresses == ["10.9.9.9"], "\(answer.text)")
        }
        #expect(!silent.questions.isEmpty, "the first upstream was never tried")
      }
    }

    @Test func aClosedPortIsPassedOver() throws {
      try Lab.run { lab in
        let good = try lab.scriptedUpstream(Self.answer)
        let server = try serve(lab, [Endpoint("127.0.0.1", Port.free()), good.address])
        #expect(try answeredInTime(server, "host.example").addresses == ["10.9.9.9"])
      }
    }

    @Test(arguments: [2, 4, 5]) func anUpstreamThatFailsIsPassedOver(code: Int) throws {
      try Lab.run { lab in
        let failing = try lab.scriptedUpstream { Message.answer($0.octets, [], code: code) }
        let good = try lab.scriptedUpstream(Self.answer)
        let server = try serve(lab, [failing.address, good.address])
        #expect(try answeredInTime(server, "host.example").addresses == ["10.9.9.9"])
      }
    }

    @Test func withoutAnyUpstreamTheClientIsToldInTime() throws {
      try Lab.run { lab in
        let silent = try lab.scriptedUpstream(Self.silence)
        let server = try serve(lab, [silent.address])
        for transport in ["+notcp", "+tcp"] {
          let answer = try answeredInTime(server, transport, "host-\(transport.dropFirst()).example")
          #expect(answer.status == "SERVFAIL" && answer.answer.isEmpty)
          #expect(answer.error?.hasPrefix("22 (No Reachable Authority)") == true, "\(answer.text)")
        }
        // Nothing waits for it that has an answer at hand.
        #expect(try server.dig("CH", "TXT", "whoami.backroad").status == "NOERROR")
      }
    }

    @Test func aDeadUpstreamIsToldAtOnce() throws {
      try Lab.run { lab in
        let server = try serve(lab, [Endpoint("127.0.0.1", Port.free())])
        let answer = try answeredInTime(server, "host.example")
        #expect(answer.status == "SERVFAIL" && answer.error != nil, "\(answer.text)")
      }
    }

    @Test func withoutARuleTheClientIsToldSo() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.1"], forward: ["corp.example": [Endpoint("127.0.0.1", 9)]])
        let server = try lab.serve()
        let answer = try server.dig("www.example.com")
        #expect(answer.status == "SERVFAIL")
        #expect(
          answer.error == "22 (No Reachable Authority): (workspace acme has no forwarding for www.example.com.)",
          "\(answer.text)")
      }
    }

    @Test func aTruncatedAnswerIsAskedForOverTCP() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { question in
          let records = (0..<60).map { Message.Record.a(10, 1, 2, UInt8($0)) }
          return question.isTCP
            ? Message.answer(question.octets, records) : Message.answer(question.octets, [], truncated: true)
        }
        let server = try serve(lab, [upstream.address])
        #expect(try server.dig("many.example").addresses.count == 60)
        #expect(upstream.questions.map(\.isTCP) == [false, true])
        #expect(try server.dig("+tcp", "many.example").addresses.count == 60)
        #expect(upstream.questions.count == 2, "an answer that came over TCP is kept like any other")
      }
    }

    /// NSD sends 1232 octets at most, and truncates what is more.
    @Test func aLargeAnswerOfARealServerComesWhole() throws {
      try Lab.run { lab in
        let records = (0..<99).map { "many A 10.1.2.\($0)\n" }.joined()
        let nsd = try lab.nsd(["example.com": Lab.zoneText(records)])
        let server = try serve(lab, [nsd.address])
        let answer = try server.dig("many.example.com")
        #expect(answer.addresses.count == 99 && answer.wasRetried && answer.usedTCP)
      }
    }
  }
}
