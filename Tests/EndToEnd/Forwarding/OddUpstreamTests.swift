import Foundation
import Testing

extension EndToEnd {
  /// Upstreams that are what one expects, but for one thing.
  @Suite struct OddUpstreams {
    private static let address: [UInt8] = [10, 9, 9, 9]

    private func serve(_ lab: Lab, _ upstreams: ScriptedUpstream...) throws -> Server {
      try lab.workspace("acme", clients: ["127.0.0.1"], forward: [".": upstreams.map(\.address)])
      // One worker, which remembers all that there is to remember.
      return try lab.serve(["--workers", "1"])
    }

    private static func answer(_ question: ScriptedUpstream.Question, ttl: Int = 60) -> [UInt8] {
      Message.response(question.octets, answer: [.a(question.name, address, ttl: ttl)])
    }

    @Test func oneFromBeforeEDNSIsAskedWithout() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          [question.hasEDNS ? Message.answer(question.octets, [], code: 1) : Self.answer(question)]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          #expect(try server.dig("one.example").addresses == ["10.9.9.9"])
          #expect(upstream.questions.filter { $0.type != 6 }.map(\.hasEDNS) == [true, false])
          #expect(try server.dig("two.example").addresses == ["10.9.9.9"])
          #expect(
            upstream.questions.filter { $0.type != 6 }.map(\.hasEDNS) == [true, false, false], "it is remembered")
        }
      }
    }

    /// What stands before some upstreams drops whatever it does not know.
    @Test func oneThatIsSilentToEDNSIsAskedWithout() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { $0.hasEDNS && !$0.isTCP ? [] : [Self.answer($0)] }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          for name in ["one", "two", "three", "four"] {
            #expect(try server.dig("\(name).example").addresses == ["10.9.9.9"])
          }
          #expect(upstream.questions.filter { $0.name == "four.example." }.map(\.hasEDNS) == [false])
        }
      }
    }

    @Test func oneThatLosesTheCaseIsAskedInPlainCase() throws {
      try Lab.run { lab in
        try ScriptedUpstream.run({ [Message.loweringCase(Self.answer($0))] }) { upstream in
          let server = try serve(lab, upstream)
          for index in 0..<8 { #expect(try server.dig("a-long-name-\(index).example").addresses == ["10.9.9.9"]) }
          // Three are asked twice; then it is known.
          #expect(upstream.questions.count == 8 + 3)
        }
      }
    }

    @Test func aTruncatedAnswerGoesToTCPAndIsNeverKept() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          guard !question.isTCP else { return [Self.answer(question)] }
          // With records, as if that were all.
          var message = Message.response(question.octets, answer: [.a(question.name, [6, 6, 6, 6])])
          message[2] |= 2
          return [message]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          for _ in 0..<2 { #expect(try server.dig("host.example").addresses == ["10.9.9.9"]) }
          #expect(upstream.questions.map(\.isTCP) == [false, true])
        }
      }
    }

    @Test func connectionsAreKeptAndShared() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          [question.isTCP ? Self.answer(question) : Message.answer(question.octets, [], truncated: true)]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          let before = server.program.resources.descriptors
          let names = (0..<30).map { "host\($0).example" }
          for answer in try server.dig(each: names) { #expect(answer.addresses == ["10.9.9.9"]) }
          #expect(server.program.resources.descriptors <= before + 2)
          try eventually("idle connections are closed", within: 12) {
            server.program.resources.descriptors <= before
          }
        }
      }
    }

    /// TTL 0 is for those who asked (RFC 1035 §3.2.1), and is passed on as it is.
    @Test func anAnswerWithTTL0IsNotKept() throws {
      try Lab.run { lab in
        try ScriptedUpstream.run({ [Self.answer($0, ttl: 0)] }) { upstream in
          let server = try serve(lab, upstream)
          for count in 1...3 {
            let answer = try server.dig("host.example")
            #expect(answer.answer.map(\.ttlSeconds) == [0] && answer.addresses == ["10.9.9.9"])
            #expect(upstream.questions.count == count)
          }
        }
      }
    }

    @Test func lateAnswersGoToNobody() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          // Later than the first tries wait, and before the last.
          if question.number < 2 { usleep(700_000) }
          return [Self.answer(question)]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          let start = Date()
          #expect(try server.dig("slow.example").addresses == ["10.9.9.9"])
          #expect(Date().timeIntervalSince(start) < 3)
          for index in 0..<5 { #expect(try server.dig("host\(index).example").addresses == ["10.9.9.9"]) }
        }
      }
    }

    /// SERVFAIL is told, kept for seconds, and does not stand before what comes after.
    @Test func aFailureIsRememberedForSecondsOnly() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          [question.number == 0 ? Message.answer(question.octets, [], code: 2) : Self.answer(question)]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          let first = try server.dig("host.example")
          #expect(first.status == "SERVFAIL" && first.error?.contains("answered SERVFAIL") == true, "\(first.text)")
          let second = try server.dig("host.example")
          #expect(second.status == "SERVFAIL" && second.error?.hasPrefix("13 (Cached Error)") == true)
          #expect(upstream.questions.count == 1)
          try eventually("the name resolves", within: 3) { try server.dig("host.example").addresses == ["10.9.9.9"] }
        }
      }
    }

    @Test func negativeAnswersAreKeptAsTheSOASays() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          let soa = Message.OwnedRecord.soa("example", minimum: question.name.hasPrefix("long") ? 86_400 : 2)
          return [Message.response(question.octets, authority: [soa], code: question.type == 1 ? 3 : 0)]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          let missing = try server.dig("short.example")
          #expect(missing.status == "NXDOMAIN" && missing.authority.map(\.type) == ["SOA"])
          #expect(try server.dig("below.short.example").status == "NXDOMAIN")
          #expect(upstream.questions.count == 1, "nothing is below a name that does not exist (RFC 8020)")
          let empty = try server.dig("other.example", "AAAA")
          #expect(empty.status == "NOERROR" && empty.answer.isEmpty && empty.authority.map(\.type) == ["SOA"])
          try eventually("two seconds are over", within: 4) {
            _ = try server.dig("short.example")
            return upstream.questions.count { $0.name == "short.example." } == 2
          }
          let long = try server.dig("long.example")
          #expect(long.authority.first.map { $0.ttlSeconds <= 60 } == true, "a minute at most: \(long.text)")
        }
      }
    }

    @Test func aStaleAnswerSaysSo() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { $0.number == 0 ? [Self.answer($0, ttl: 1)] : [] }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          #expect(try server.dig("host.example").answer.map(\.ttlSeconds) == [1])
          var answer = DigAnswer()
          try eventually("the TTL is over", within: 6) {
            answer = try server.dig("host.example")
            return answer.error != nil
          }
          #expect(answer.status == "NOERROR" && answer.addresses == ["10.9.9.9"], "\(answer.text)")
          #expect(answer.error?.hasPrefix("3 (Stale Answer)") == true && answer.answer.map(\.ttlSeconds) == [30])
          let start = Date()
          #expect(try server.dig("host.example").addresses == ["10.9.9.9"])
          #expect(Date().timeIntervalSince(start) < 1, "once the upstream counts as down, nobody waits for it")
        }
      }
    }

    @Test func aStormForOneNameIsOneQuery() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          usleep(150_000)
          return [Self.answer(question)]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          let socket = try TestSocket(.init(rawValue: 2), server.address)
          #expect(socket.connect())
          for id in 0..<200 { socket.send(Message.query("storm.example", id: UInt16(id))) }
          var heard: Set<UInt16> = []
          while let message = socket.receive(milliseconds: 2000), heard.count < 200 {
            #expect(Message.answerCount(message) == 1)
            heard.insert(Message.id(message))
            if heard.count == 200 { break }
          }
          #expect(heard.count == 200 && upstream.questions.count == 1)
        }
      }
    }

    /// At a client's limit the others go on unharmed.
    @Test func oneClientsStormLeavesRoomForOthers() throws {
      try Lab.run { lab in
        try ScriptedUpstream.run({ $0.name.hasPrefix("bad") ? [] : [Self.answer($0)] }) { upstream in
          try lab.workspace("acme", clients: ["127.0.0.0/8"], forward: [".": [upstream.address]])
          let server = try lab.serve(["--workers", "1"])
          #expect(try server.dig("-b", "127.0.0.2", "good.example").addresses == ["10.9.9.9"])
          let socket = try TestSocket(.init(rawValue: 2), server.address)
          #expect(socket.connect())
          var refused = 0
          // No more at once than the client's own buffer takes.
          for id in 0..<1000 {
            socket.send(Message.query("bad\(id).example", id: UInt16(id)))
            guard id % 50 == 49 else { continue }
            while let message = socket.receive(milliseconds: 20) { refused += Message.code(message) == 2 ? 1 : 0 }
          }
          let other = try server.dig("-b", "127.0.0.2", "good2.example")
          #expect(other.addresses == ["10.9.9.9"], "\(other.text)")
          #expect(refused >= 1000 - 512, "\(refused) were told at once")
        }
      }
    }
  }
}
