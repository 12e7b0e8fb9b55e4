import Testing
import Wire

@testable import Forwarding

/// Looking at what is known leaves no trace: neither a refresh nor a place in the cache comes of it.
@Suite struct KnowledgeTests {
  /// Has an upstream answer a question.
  private func resolve(_ rig: Rig, _ response: TestResponse, _ name: String) throws {
    try rig.ask(name)
    try rig.respond(to: try rig.next(), response)
  }

  private func known(_ rig: Rig, _ name: String) throws -> HopKnowledge {
    let question = ForwardQuestion(name: try Name(name), type: .a, rule: rig.rule)
    return rig.cache.knowledge(of: question, settings: rig.forwarder.settings, now: rig.now)
  }

  @Test func lookingNeitherRefreshesNorMakesARefreshDue() throws {
    let rig = try Rig()
    try resolve(rig, TestResponse(answer: ["www.example. 100 A 192.0.2.1"]), "www.example.")
    rig.pass(.seconds(95))
    for _ in 0..<10 {
      guard case .fresh = try known(rig, "www.example.") else {
        Issue.record("the answer is within its TTL")
        return
      }
    }
    let question = ForwardQuestion(name: try Name("www.example."), type: .a, rule: rig.rule)
    #expect(!rig.cache.find(question, now: rig.now, .use).isRefreshDue, "ten looks are not three uses")
    for _ in 0..<2 { _ = rig.cache.find(question, now: rig.now, .use) }
    #expect(rig.cache.find(question, now: rig.now, .look).isRefreshDue, "and a look does not claim it")
    #expect(rig.cache.find(question, now: rig.now, .refresh).isRefreshDue)
    #expect(!rig.cache.find(question, now: rig.now, .refresh).isRefreshDue)
  }

  @Test func lookingKeepsNothingInTheCache() throws {
    let rig = try Rig(cacheOctets: 16 << 10) { $0.prefetches = false }
    try resolve(rig, TestResponse(answer: ["looked.at. 86400 A 192.0.2.1"]), "looked.at.")
    for number in 0..<200 {
      _ = try known(rig, "looked.at.")
      let name = "n\(number).flood."
      try resolve(rig, TestResponse(answer: ["\(name) 86400 A 192.0.2.1"]), name)
    }
    guard case .unknown(nil) = try known(rig, "looked.at.") else {
      Issue.record("looking kept it")
      return
    }
  }
}
