import Testing
import Wire

@testable import Forwarding

/// Which rule a name is forwarded by, and how upstreams are written.
struct RuleTests {
  private func rule(_ zone: String, _ owner: ForwardRule.Owner = .server, _ to: String = "10.0.0.1") throws
    -> ForwardRule
  {
    ForwardRule(owner: owner, zone: try Name(zone), upstreams: [try #require(Upstream(to))])
  }

  @Test func longestZoneWins() throws {
    let zones = [".", "example.", "Corp.Example.", "a.b.c.d.e.", "arpa."]
    let rules = ForwardRules(try zones.map { try rule($0) })
    let cases = [
      ("example.", "example."), ("www.example.", "example."), ("x.CORP.example.", "corp.example."),
      ("xcorp.example.", "example."), ("corp.example.", "corp.example."), ("com.", "."), (".", "."),
      ("b.c.d.e.", "."), ("z.a.b.c.d.e.", "a.b.c.d.e."), ("1.2.3.4.5.6.7.8.9.arpa.", "arpa."),
    ]
    for (name, zone) in cases { #expect(rules.match(try Name(name))?.zone == (try Name(zone)), "\(name)") }
  }

  @Test func noneForNamesOutside() throws {
    #expect(ForwardRules([try rule("example.")]).match(try Name("test.")) == nil)
    #expect(ForwardRules([]).match(.root) == nil)
  }

  @Test func manyRules() throws {
    let rules = ForwardRules(try (0..<500).map { try rule("z\($0).example.") })
    for number in 0..<500 {
      #expect(rules.match(try Name("w.z\(number).example."))?.zone == (try Name("z\(number).example.")))
    }
    #expect(rules.match(try Name("z500.example.")) == nil)
  }

  @Test func ownRulesComeBeforeTheServers() throws {
    let own = [try rule("corp.", .workspace("acme"), "10.9.9.9")]
    let server = [try rule("."), try rule("corp.")]
    let rules = ForwardRules(own: own, server: ForwardRules(server))
    #expect(rules.match(try Name("x.corp.")) === own[0])
    #expect(rules.match(try Name("x.com.")) === server[0], "the server's rule itself, so that its answers are shared")
    let apart = ForwardRules(own: own, server: ForwardRules(server), cacheOwner: .workspace("acme"))
    #expect(apart.match(try Name("x.com.")) != server[0], "unless the workspace has a cache of its own")
  }

  /// Zones that all fall into one place of FNV-1a's, as anybody can work out who writes a workspace's rules.
  @Test func zonesThatWereChosenToCollideDoNot() throws {
    let count = 1000
    var zones: [Name] = []
    var number = 0
    while zones.count < count {
      let zone = try Name("z\(number).")
      number += 1
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for octet in zone.wire { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3 }
      if (hash ^ hash >> 32) & 2047 == 7 { zones.append(zone) }
    }
    let table = ZoneTable(zones)
    for (index, zone) in zones.enumerated() { #expect(table.longestMatch(zone.wire.span) == index) }
    #expect(table.longestRun < 200, "\(table.longestRun) places in a row are taken")
  }

  @Test func rulesAreEqualByContent() throws {
    #expect(try rule("corp.") == rule("CORP."))
    #expect(try rule("corp.") != rule("corp.", .workspace("acme")))
    #expect(try rule("corp.", .workspace("acme")) != rule("corp.", .workspace("globex")))
    #expect(try rule("corp.") != rule("corp.", .server, "10.0.0.1@eth1"))
  }

  @Test func upstreamsAreReadAndWritten() throws {
    let good = ["10.1.0.2", "10.1.0.2:5353", "[fd00::1]:5353", "fd00::1", "10.1.0.2@10.9.0.1", "10.1.0.2:5353@eth1"]
    for text in good { #expect(Upstream(text)?.description == text) }
    let bad = [
      "", "10.1.0", "example.com", "10.1.0.2@", "10.1.0.2@fd00::1", "10.1.0.2:0", "0.0.0.0", "10.1.0.2@a b",
      "10.1.0.2@abcdefghijklmnop", "10.1.0.2:70000",
    ]
    for text in bad { #expect(Upstream(text) == nil, "\(text)") }
  }

  @Test func timeIsNotWrappedAround() {
    let end = Instant(nanoseconds: .max)
    #expect(end + .seconds(1) == end)
    #expect(Instant(nanoseconds: 5).wholeSeconds(since: end) == 0)
    #expect(Instant(nanoseconds: 2_999_999_999).wholeSeconds(since: Instant(nanoseconds: 0)) == 2)
    #expect(Instant(nanoseconds: 5) + .seconds(-1) == Instant(nanoseconds: 5))
  }
}
