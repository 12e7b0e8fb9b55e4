import Answering
import Bounds
import Forwarding
import TestKit
import Testing
import Wire

/// What strangers are sent over UDP is no more than they sent, but for a few explanations.
@Suite struct AmplificationTests {
  private let server: TestServer = {
    let server = TestServer(zones: ["example": "www 60 A 192.0.2.1\n"])
    server.limitsExplanations = true
    return server
  }()

  /// Every kind of message that a stranger is answered, each as small as it can be.
  private static let messages: [(String, [UInt8])] = [
    ("without EDNS", RawMessage.query([0], .a).octets),
    ("with EDNS", RawMessage.query([0], .a, additional: 1).opt(size: 1232).octets),
    ("CHAOS", RawMessage.query(wire("whoami.backroad"), .txt, .chaos, additional: 1).opt(size: 1232).octets),
    ("another class", RawMessage.query([0], .a, RecordClass(4), additional: 1).opt(size: 1232).octets),
    ("a transfer", RawMessage.query([0], .axfr, additional: 1).opt(size: 1232).octets),
    ("another version", RawMessage.query([0], .a, additional: 1).opt(size: 1232, version: 1).octets),
    ("another opcode", RawMessage.query([0], .a, flags: 0x2000).octets),
    ("malformed", Array(RawMessage.query(wire("a.example"), .a).octets.dropLast(3))),
    ("an unknown token", RawMessage.query([0], .a, additional: 1).opt(size: 512, options: option(65_314, [1])).octets),
    (
      "two tokens",
      RawMessage.query([0], .a, additional: 1)
        .opt(size: 512, options: option(65_314, [1]) + option(65_314, [2])).octets
    ),
  ]

  private func flood(_ count: Int, from client: (Int) -> String) -> (sent: Int, received: Int, larger: Int) {
    var (sent, received, larger) = (0, 0, 0)
    for number in 0..<count {
      let message = Self.messages[number % Self.messages.count].1
      let answer = server.answer(message, from: client(number)) ?? []
      sent += message.count
      received += answer.count
      if answer.count > message.count { larger += 1 }
    }
    return (sent, received, larger)
  }

  @Test(arguments: [false, true]) func aFloodOfStrangersGetsNoMoreThanItSent(isIPv6: Bool) {
    let client = { isIPv6 ? "2001:db8:0:\(100 + $0 % 99)::\($0 % 9999)" : "203.0.113.\($0 % 256)" }
    let (sent, received, larger) = flood(5000, from: client)
    #expect(larger == Limits.Clients.explanationBurstOfPrefix)
    #expect(received <= sent + 100 * larger)
    // A second later there are as many more as the rate says.
    server.upstreams.now = server.upstreams.now + .seconds(1)
    #expect(flood(2000, from: client).larger == Limits.Clients.explanationsPerSecondOfPrefix)
  }

  @Test func aFloodFromEverywhereGetsNoMoreThanItSent() {
    let (sent, received, larger) = flood(5000) { "198.\($0 / 65_536).\($0 / 256 % 256).\($0 % 256)" }
    let scattered = flood(5000) { "\(100 + $0 % 99).\($0 % 251).\($0 % 241).7" }
    #expect(larger + scattered.larger <= Limits.Clients.explanationBurst)
    #expect(larger + scattered.larger > Limits.Clients.explanationBurst / 2)
    #expect(received + scattered.received <= sent + scattered.sent + 100 * Limits.Clients.explanationBurst)
  }

  @Test(arguments: messages) func whatIsNotExplainedIsNoLarger(_ what: String, message: [UInt8]) throws {
    for _ in 0..<Limits.Clients.explanationBurstOfPrefix { _ = server.answer(Self.messages[1].1, from: "192.0.2.1") }
    let answer = try #require(server.answer(message, from: "192.0.2.1"), "\(what)")
    #expect(answer.count <= message.count)
    #expect(answer.elementsEqual(server.answer(message, from: "192.0.2.1") ?? []))
  }

  @Test func everyRefusalOverTCPExplainsItself() {
    for _ in 0..<1000 {
      #expect(server.ask("www.example", from: "192.0.2.1", via: .tcp).contains("is in no workspace"))
    }
  }

  @Test func clientsOfAWorkspaceAreNotLimited() {
    _ = flood(1000) { _ in "10.0.0.1" }
    #expect(server.ask("www.example", .axfr).contains("zones are not transferred"))
  }
}
