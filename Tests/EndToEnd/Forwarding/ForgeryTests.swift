import Foundation
import Testing

extension EndToEnd {
  /// Answers that are not the upstream's, or not to the question.
  @Suite struct Forgeries {
    private typealias Records = [Message.OwnedRecord]
    private static let lie: [UInt8] = [6, 6, 6, 6]
    private static let truth: [UInt8] = [10, 9, 9, 9]

    private func serve(_ lab: Lab, _ upstream: ScriptedUpstream, zones: [String: String] = [:]) throws -> Server {
      try lab.workspace("acme", clients: ["127.0.0.1"], zones: zones, forward: [".": [upstream.address]])
      return try lab.serve()
    }

    private static func answer(_ question: ScriptedUpstream.Question, _ address: [UInt8]) -> [UInt8] {
      Message.response(question.octets, answer: [.a(question.name, address)])
    }

    /// Each comes before the true answer, from the right address and port.
    enum Forgery: String, CaseIterable {
      case id, name, type, kase, query, cut, pointers

      func make(_ question: ScriptedUpstream.Question) -> [UInt8] {
        let lie = Forgeries.answer(question, Forgeries.lie)
        switch self {
        case .id: return Message.with(id: Message.id(lie) ^ 1, lie)
        case .name:
          let other = Message.query("other.example", id: Message.id(lie))
          return Message.response(other, answer: [.a(question.name, Forgeries.lie)])
        case .type:
          let other = Message.query("host.example", type: 28, id: Message.id(lie))
          return Message.response(other, answer: [.a(question.name, Forgeries.lie)])
        case .kase:
          // Asked in plain case after that, and of another port; whoever could follow could do without forging.
          return question.number == 0 ? Message.turningCase(lie) : Message.with(id: Message.id(lie) ^ 2, lie)
        case .query: return Array(lie[..<2]) + [lie[2] & 0x7f] + lie[3...]
        case .cut: return Array(lie.prefix(20))
        case .pointers: return Array(lie[..<12]) + [0xc0, 12, 0, 1, 0, 1]
        }
      }
    }

    @Test(arguments: Forgery.allCases) func aForgeryBeforeTheAnswerIsPassedOver(_ forgery: Forgery) throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { [forgery.make($0), Self.answer($0, Self.truth)] }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          for _ in 0..<3 {
            let answer = try server.dig("host.example")
            #expect(answer.addresses == ["10.9.9.9"], "\(answer.text)")
          }
        }
      }
    }

    @Test func aFloodOfGuessesMovesTheQuestionToTCP() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          guard !question.isTCP else { return [Self.answer(question, Self.truth)] }
          let lie = Self.answer(question, Self.lie)
          return (1...200).map { Message.with(id: Message.id(lie) &+ $0, lie) }
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          let start = Date()
          #expect(try server.dig("host.example").addresses == ["10.9.9.9"])
          #expect(Date().timeIntervalSince(start) < 2)
          #expect(upstream.questions.contains { $0.isTCP })
          #expect(try server.dig("host.example").addresses == ["10.9.9.9"], "what was kept is the truth")
        }
      }
    }

    /// An id, a source port and a case of its own for each query (CVE-2020-25684 and its like).
    @Test func queriesCannotBeGuessed() throws {
      try Lab.run { lab in
        try ScriptedUpstream.run({ [Self.answer($0, Self.truth)] }) { upstream in
          let server = try serve(lab, upstream)
          let names = (0..<60).map { "host\($0).letters.example" }
          for answer in try server.dig(each: names) { #expect(answer.addresses == ["10.9.9.9"]) }
          let ids = Set(upstream.questions.map { Message.id($0.octets) })
          #expect(ids.count > 55, "\(ids.count) ids in 60 queries")
          let sequences = zip(upstream.questions, upstream.questions.dropFirst())
            .count { Message.id($1.octets) == Message.id($0.octets) &+ 1 }
          #expect(sequences < 3)
          let mixed = upstream.questions.count { question in
            question.octets[12..<Message.questionEnd(question.octets)].contains { $0 >= 0x41 && $0 <= 0x5a }
          }
          #expect(mixed > 55, "\(mixed) of 60 names had mixed case")
        }
      }
    }

    /// Records that nobody asked for, in every section (MaginotDNS, CVE-2021-25220).
    @Test func extraRecordsAreNeitherGivenNorKept() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          guard question.name == "host.example." else { return [Self.answer(question, Self.truth)] }
          let message = Message.response(
            question.octets, answer: [.a("host.example", Self.truth), .a("bank.example", Self.lie)],
            authority: [.ns("example", "ns.evil.example")],
            additional: [.a("ns.evil.example", Self.lie), .a("www.bank.example", Self.lie)])
          return [message]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream)
          let answer = try server.dig("host.example")
          #expect(answer.records == ["host.example. A 10.9.9.9"] && answer.authority.isEmpty, "\(answer.text)")
          for name in ["bank.example", "www.bank.example", "ns.evil.example"] {
            #expect(try server.dig(name).addresses == ["10.9.9.9"], "\(name) was kept")
          }
        }
      }
    }

    /// The upstream's own word on a private name is not heard, and a chain that leads there ends in the private zone.
    @Test func privateZonesWinOverWhatAnUpstreamSays() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          let records: Records = [.cname("www.public.example", "db.corp.example"), .a("db.corp.example", Self.lie)]
          return [Message.response(question.octets, answer: records)]
        }
        try ScriptedUpstream.run(script) { upstream in
          let server = try serve(lab, upstream, zones: ["corp.example": "db A 10.1.0.1\n"])
          let answer = try server.dig("www.public.example")
          #expect(answer.records == ["www.public.example. CNAME db.corp.example.", "db.corp.example. A 10.1.0.1"])
          #expect(!answer.flags.contains("ad"))
          #expect(try server.dig("db.corp.example").addresses == ["10.1.0.1"])
          #expect(upstream.questions.allSatisfy { $0.name == "www.public.example." })
        }
      }
    }

    /// What an upstream says of names beyond its rule is asked of the rule that has them.
    @Test func aTargetOutsideTheRuleIsAskedByItsOwnRule() throws {
      try Lab.run { lab in
        let liar: ScriptedUpstream.Script = { question in
          let records: Records = [.cname("a.corp.example", "www.public.example"), .a("www.public.example", Self.lie)]
          return [Message.response(question.octets, answer: records)]
        }
        try ScriptedUpstream.run(liar) { corp in
          try ScriptedUpstream.run({ [Self.answer($0, Self.truth)] }) { other in
            try lab.workspace(
              "acme", clients: ["127.0.0.1"], forward: ["corp.example": [corp.address], ".": [other.address]])
            let server = try lab.serve()
            #expect(try server.dig("a.corp.example").addresses == ["10.9.9.9"])
            #expect(other.questions.map(\.name) == ["www.public.example."])
          }
        }
      }
    }

    @Test func endlessChainsEnd() throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { question in
          guard question.name.hasPrefix("n") else {
            return [Message.response(question.octets, answer: [.cname(question.name, "loop.example")])]
          }
          let number = Int(question.name.dropFirst().prefix { $0 != "." }) ?? 0
          // Into another rule's zone each time, so that every hop is a question of its own.
          let zone = number % 2 == 0 ? "odd.example" : "even.example"
          return [Message.response(question.octets, answer: [.cname(question.name, "n\(number + 1).\(zone)")])]
        }
        try ScriptedUpstream.run(script) { upstream in
          try lab.workspace(
            "acme", clients: ["127.0.0.1"],
            forward: [".": [upstream.address], "even.example": [upstream.address], "odd.example": [upstream.address]])
          let server = try lab.serve()
          for name in ["loop.example", "n0.even.example"] {
            #expect(try server.dig(name).status == "SERVFAIL")
          }
          #expect(upstream.questions.count < 24, "\(upstream.questions.count) queries for two questions")
        }
      }
    }
  }
}
