import Testing
import Wire

@testable import Forwarding

/// Below a name that does not exist there is nothing (RFC 8020), within one rule.
struct NameErrorCutTests {
  static let nameError = TestResponse(code: 3, authority: ["example. 60 SOA ns.example. h.example. 60"])

  private func primed(_ change: (inout ForwardSettings) -> Void = { _ in }) throws -> Rig {
    let rig = try Rig(upstreams: 1, change)
    try rig.ask("junk.example.")
    try rig.respond(to: try rig.next(), Self.nameError)
    return rig
  }

  @Test func namesBelowAreNotAsked() throws {
    let rig = try primed()
    for name in ["a.junk.example.", "x.y.z.JUNK.example."] {
      let ticket = try rig.ask(name, .aaaa)
      #expect(try rig.text(ticket) == ["NXDOMAIN", "authority: example. 60 SOA ns.example. h.example. 60"])
    }
    #expect(rig.sent.isEmpty && rig.forwarder.counters.cutAnswers == 2)
  }

  @Test func siblingsAreAsked() throws {
    let rig = try primed()
    for name in ["ajunk.example.", "b.example.", "example.", "junk.other."] { try rig.ask(name) }
    #expect(rig.sent.count == 4)
  }

  @Test func itNeverCrossesAnotherRule() throws {
    let rig = try primed()
    let specific = ForwardRule(owner: .server, zone: try Name("corp.junk.example."), upstreams: rig.rule.upstreams)
    let foreign = ForwardRule(owner: .workspace("acme"), zone: .root, upstreams: rig.rule.upstreams)
    try rig.ask("a.corp.junk.example.", rule: specific)
    try rig.ask("a.junk.example.", rule: foreign)
    #expect(rig.sent.count == 2)
  }

  @Test func theEndOfAChainCutsNothingBelowItsStart() throws {
    let rig = try Rig()
    try rig.ask("alias.example.")
    var response = Self.nameError
    response.answer = ["alias.example. 60 CNAME gone.example."]
    try rig.respond(to: try rig.next(), response)
    try rig.ask("below.alias.example.")
    #expect(rig.sent.count == 1)
  }

  @Test func notForThoseWhoNeedTheProof() throws {
    let rig = try primed()
    try rig.ask("a.junk.example.", dnssecOK: true)
    #expect(rig.sent.count == 1)
  }

  /// Whatever type is asked for, and whatever the upstream says of it, no other question's answer changes.
  @Test func noTypeThatCanBeAskedForIsACut() throws {
    let rig = try Rig(upstreams: 1, cacheOctets: 64 << 20)
    let nothing = TestResponse(authority: [". 60 SOA ns. h. 60"])
    for type in UInt16.min...UInt16.max {
      try rig.ask(".", RecordType(type))
      if !rig.sent.isEmpty { try rig.respond(to: rig.sent.removeFirst(), nothing) }
    }
    let ticket = try rig.ask("www.example.")
    try rig.respond(to: try rig.next(), "www.example. 1 A 192.0.2.1")
    #expect(try rig.text(ticket) == ["www.example. 1 A 192.0.2.1"])
  }

  @Test func reservedAndMetaTypesAreNotForwarded() throws {
    let rig = try Rig()
    let refused = [0, 41, 65_535] + (128...255).filter { $0 != RecordType.any.rawValue }
    for type in refused {
      let ticket = try rig.ask("example.", RecordType(type))
      #expect(try rig.text(ticket) == ["failure: questions for \(RecordType(type)) are not forwarded"])
    }
    #expect(rig.sent.isEmpty && rig.cache.count == 0)
  }

  /// A resolver that says so is wrong, and may not take all names with it.
  @Test func thereIsAlwaysARoot() throws {
    let rig = try Rig()
    try rig.ask(".", .txt)
    try rig.respond(to: try rig.next(), TestResponse(code: 3, authority: [". 60 SOA ns. h. 60"]))
    try rig.ask("www.example.")
    #expect(rig.sent.count == 1)
  }

  @Test func itEndsWithTheTTLAndCanBeSwitchedOff() throws {
    let rig = try primed()
    rig.pass(.seconds(60))
    try rig.ask("a.junk.example.")
    #expect(rig.sent.count == 1)
    let other = try primed { $0.cutsAtNameErrors = false }
    try other.ask("a.junk.example.")
    #expect(other.sent.count == 1)
  }
}
