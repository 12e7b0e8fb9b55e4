import Testing
import Wire

@testable import Forwarding

/// Reading an answer is a step or so for each of its octets, whatever an upstream puts into it.
struct ReadingCostTests {
  enum Shape: CaseIterable {
    /// Many types at one name, and ANY of it.
    case types
    /// Many owners of proofs, each with a signature.
    case proofs
    /// Many records that are not asked for, and a chain through them.
    case others
  }

  private static func response(_ shape: Shape, _ count: Int) -> TestResponse {
    switch shape {
    case .types:
      TestResponse(answer: (0..<count).map { "www.example. 300 TYPE\(1000 + $0) x" })
    case .proofs:
      TestResponse(
        authority: ["example. 300 SOA ns.example. h.example. 60"]
          + (0..<(count / 2)).flatMap { ["n\($0).example. 300 TYPE47 x", "n\($0).example. 300 RRSIG TYPE47"] })
    case .others:
      TestResponse(
        answer: (0..<7).map { "\($0 == 0 ? "www" : "c\($0)").example. 300 CNAME c\($0 + 1).example." }
          + (0..<count).map { "o\($0).example. 300 A 192.0.2.1" } + ["c7.example. 300 A 192.0.2.1"])
    }
  }

  /// The quickest of some readings.
  private static func time(_ shape: Shape, _ count: Int) throws -> Duration {
    let rule = ForwardRule(owner: .server, zone: .root, upstreams: [])
    let type = shape == .types ? RecordType.any : .a
    let question = ForwardQuestion(
      name: try Name("www.example."), type: type, dnssecOK: shape == .proofs, rule: rule)
    let query = UpstreamQuery(
      id: 1, name: question.name.wire, type: type, dnssecOK: true, checkingDisabled: false, hasEDNS: true, cookie: nil)
    let sent = try #require(SentQuery(query.message))
    let message = try response(shape, count).message(to: sent)
    var best = Duration.seconds(100)
    for _ in 0..<7 {
      let start = ContinuousClock.now
      guard case .response(let checked) = Response.check(message.span, for: query, maximumRecords: 2000) else {
        Issue.record("it is no response")
        return .zero
      }
      _ = try AnswerReader.read(checked, for: question, settings: ForwardSettings(), now: Instant(nanoseconds: 0))
      best = min(best, ContinuousClock.now - start)
    }
    return best
  }

  /// Ten times as much takes ten times as long or so, not a hundred times.
  @Test(arguments: Shape.allCases) func tenTimesAsMuchIsTenTimesTheWork(_ shape: Shape) throws {
    let (small, large) = (try Self.time(shape, 90), try Self.time(shape, 900))
    #expect(large < small * 35, "\(small) and \(large)")
  }

  /// Two octets of a message may stand for a name of 255: what all names come to has the limit of an answer, though none
  /// of them belongs to it.
  @Test func ownersThatComeToMoreThanAnAnswerAreRefused() throws {
    let rig = try Rig { $0.maximumAnswerOctets = 2000 }
    let label = String(repeating: "x", count: 60)
    let others = (0..<20).map { "n\($0).\(label).\(label).example. 300 A 192.0.2.1" }
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), TestResponse(answer: ["www.example. 300 A 192.0.2.1"] + others))
    #expect(try rig.text(ticket) == ["failure: 10.1.0.2 answered with more octets than are taken"])
  }
}
