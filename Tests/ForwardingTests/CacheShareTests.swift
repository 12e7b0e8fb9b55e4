import Testing
import Wire

@testable import Forwarding

/// The cache's octets are on the account of whoever brought them.
struct CacheShareTests {
  private func isCached(_ rig: Rig, _ name: String) throws -> Bool {
    let question = ForwardQuestion(name: try Name(name), type: .a, rule: rig.rule)
    return rig.cache.find(question, now: rig.now, .look).answer != nil
  }

  private func bring(_ rig: Rig, _ name: String, _ workspace: UInt32) throws {
    try rig.ask(name, workspace: workspace)
    try rig.respond(to: try rig.next(), "\(name) 3000 A 192.0.2.1")
  }

  /// A flood of names of one workspace puts out its own, whether the others' were asked for since or not.
  @Test func whoHasMostGivesWay() throws {
    let rig = try Rig(cacheOctets: 64 << 10)
    for number in 0..<20 { try bring(rig, "light\(number).example.", 2) }
    for number in 0..<2000 { try bring(rig, "n\(number).example.", 1) }
    for number in 0..<20 { #expect(try isCached(rig, "light\(number).example.")) }
    #expect(rig.cache.usedOctets <= 64 << 10 && rig.cache.usedOctets > 60 << 10)
  }

  @Test func partsBecomeEqual() throws {
    let rig = try Rig(cacheOctets: 96 << 10)
    for workspace in UInt32(1)...3 {
      for number in 0..<500 { try bring(rig, "n\(workspace)x\(number).example.", workspace) }
    }
    for workspace in 1...3 {
      let count = try (0..<500).count { try isCached(rig, "n\(workspace)x\($0).example.") }
      #expect(count * 4 > rig.cache.count, "workspace \(workspace) has \(count) of \(rig.cache.count)")
    }
  }

  /// Within a workspace's part what is asked for stays.
  @Test func whatIsAskedForStays() throws {
    let rig = try Rig(cacheOctets: 32 << 10)
    try bring(rig, "www.example.", 1)
    for number in 0..<500 {
      try rig.ask("www.example.", workspace: 3)
      try bring(rig, "n\(number).example.", 1)
    }
    #expect(try isCached(rig, "www.example.") && !isCached(rig, "n0.example."))
  }

  /// Who brings anew what has expired has it on its account from then on, if it has less than whoever brought it first.
  @Test func whatIsBroughtAnewIsOnTheAccountOfWhoeverDidIt() throws {
    let rig = try Rig(cacheOctets: 32 << 10)
    try bring(rig, "www.example.", 1)
    for number in 0..<20 { try bring(rig, "n\(number).example.", 1) }
    rig.pass(.seconds(3001))
    try bring(rig, "www.example.", 2)
    for number in 0..<500 {
      try bring(rig, "m\(number).example.", 1)
      // Each that stays is used, so that nothing is spared for that.
      let question = ForwardQuestion(name: try Name("m\(number).example."), type: .a, rule: rig.rule)
      _ = rig.cache.find(question, now: rig.now, .use)
    }
    #expect(try isCached(rig, "www.example."))
  }

  /// What is counted comes to what is there, whatever is brought, taken over, put out and flushed.
  @Test func accountsAreRight() throws {
    let cache = AnswerCache(capacityOctets: 20 << 10, shards: 1, seed: 1)
    let rig = try Rig(cache: cache)
    var random = SplitMix(seed: 7)
    for step in 0..<5000 {
      let name = "n\(random.number(below: 60)).\(random.number(below: 9)).example."
      let ticket = try rig.ask(name, workspace: UInt32(random.number(below: 5)))
      if rig.results[ticket] == nil {
        try rig.respond(to: try rig.next(), "\(name) \(1 + random.number(below: 30)) A 192.0.2.1")
      }
      if random.oneIn(50) { _ = cache.flush(CacheSelection(name: try Name("\(random.number(below: 9)).example."))) }
      if random.oneIn(20) { rig.pass(.seconds(5)) }
      guard cache.usedOctets <= 20 << 10 else {
        Issue.record("step \(step): \(cache.usedOctets) octets")
        return
      }
    }
    _ = cache.flush(CacheSelection())
    #expect(cache.usedOctets == 0 && cache.count == 0)
    try bring(rig, "www.example.", 1)
    #expect(cache.count == 1)
  }
}
