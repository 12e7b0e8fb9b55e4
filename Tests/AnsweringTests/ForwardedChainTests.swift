import Answering
import Forwarding
import TestKit
import Testing
import Wire

/// Chains that go over zones and upstreams.
@Suite struct ForwardedChainTests {
  static let settings = """
    {
      "clients": ["10.0.0.0/8"],
      "forward": [{ "zone": "corp.test", "to": ["10.9.0.1"] }],
    }
    """.replacing(",\n}", with: "\n}")

  static func server(_ script: [String: String], zones: [String: String]) -> TestServer {
    TestServer(zones: zones, settings: settings, forward: [".": "10.9.0.9"], ScriptedUpstreams(script))
  }

  static let zones = [
    "example": """
    www    60  CNAME  app.corp.test.
    out    60  CNAME  www.public.test.
    priv   90  A      192.0.2.1
    d      60  DNAME  corp.test.
    """
  ]

  /// Without any zone: the question is forwarded by the longest matching rule, and the case of the question is kept.
  @Test func aPlainQuestionIsForwarded() {
    let server = Self.server(
      ["www.public.test. A": "NOERROR\nwww.public.test. 50 A 198.51.100.1", "a.corp.test. A": "NXDOMAIN"],
      zones: Self.zones)
    #expect(server.ask("wWw.Public.test") == "NOERROR rd ra\nwWw.Public.test. 50 IN A 198.51.100.1")
    #expect(server.ask("a.corp.test") == "NXDOMAIN rd ra")
    #expect(server.upstreams.asked == ["10.9.0.9 www.public.test. A", "10.9.0.1 a.corp.test. A"])
  }

  /// The whole chain is in the answer, the zone's part first; AA speaks of the first name.
  @Test func aChainThatLeavesIsWhole() {
    let server = Self.server(
      ["app.corp.test. A": "NOERROR\napp.corp.test. 50 CNAME b.corp.test.\nb.corp.test. 40 A 198.51.100.1"],
      zones: Self.zones)
    #expect(
      server.ask("WWW.example") == """
        NOERROR aa rd ra
        WWW.example. 60 IN CNAME app.corp.test.
        app.corp.test. 50 IN CNAME b.corp.test.
        b.corp.test. 40 IN A 198.51.100.1
        """)
  }

  @Test func aDNAMELeavesToo() {
    let server = Self.server(["app.corp.test. A": "NOERROR\napp.corp.test. 50 A 198.51.100.1"], zones: Self.zones)
    #expect(
      server.ask("app.d.example") == """
        NOERROR aa rd ra
        d.example. 60 IN DNAME corp.test.
        app.d.example. 60 IN CNAME app.corp.test.
        app.corp.test. 50 IN A 198.51.100.1
        """)
  }

  /// RFC 6604 §3, over the border: the code and the SOA are the upstream's.
  @Test func RFC6604_3_theEndDecides() {
    let soa = "corp.test. 30 SOA ns.corp.test. host.corp.test. 1 2 3 4 30"
    let server = Self.server(
      ["app.corp.test. A": "NXDOMAIN\nauthority: \(soa)", "app.corp.test. MX": "NOERROR\nauthority: \(soa)"],
      zones: Self.zones)
    let chain = "www.example. 60 IN CNAME app.corp.test."
    let shown = "authority: corp.test. 30 IN SOA ns.corp.test. host.corp.test. 1 2 3 4 30"
    #expect(server.ask("www.example") == "NXDOMAIN aa rd ra\n\(chain)\n\(shown)")
    #expect(server.ask("www.example", .mx) == "NOERROR aa rd ra\n\(chain)\n\(shown)")
  }

  /// A private zone wins over what an upstream says of its names, also in the middle of a chain.
  @Test func privateZonesWinOverUpstreams() {
    let server = Self.server(
      ["www.public.test. A": "NOERROR\nwww.public.test. 50 CNAME priv.example.\npriv.example. 50 A 203.0.113.66"],
      zones: Self.zones)
    #expect(
      server.ask("www.public.test") == """
        NOERROR rd ra
        www.public.test. 50 IN CNAME priv.example.
        priv.example. 90 IN A 192.0.2.1
        """)
  }

  /// Out into the world, and back into the zone, and out by another rule: each hop is asked where it belongs.
  @Test func eachTargetIsAskedByItsOwnRule() {
    let server = Self.server(
      [
        "start.public.test. A": "NOERROR\nstart.public.test. 50 CNAME www.example.\nwww.example. 50 A 203.0.113.66",
        "app.corp.test. A":
          "NOERROR\napp.corp.test. 50 CNAME end.public.test.\nend.public.test. 50 A 203.0.113.66",
        "end.public.test. A": "NOERROR\nend.public.test. 20 A 198.51.100.7",
      ], zones: Self.zones)
    #expect(
      server.ask("start.public.test") == """
        NOERROR rd ra
        start.public.test. 50 IN CNAME www.example.
        www.example. 60 IN CNAME app.corp.test.
        app.corp.test. 50 IN CNAME end.public.test.
        end.public.test. 20 IN A 198.51.100.7
        """)
    #expect(
      server.upstreams.asked == [
        "10.9.0.9 start.public.test. A", "10.9.0.1 app.corp.test. A", "10.9.0.9 end.public.test. A",
      ])
  }

  /// What the general upstream says of names that a more specific rule is for is not believed.
  @Test func aTargetInAMoreSpecificRuleIsAskedThere() {
    let server = Self.server(
      [
        "a.public.test. A": "NOERROR\na.public.test. 50 CNAME app.corp.test.\napp.corp.test. 50 A 203.0.113.66",
        "app.corp.test. A": "NOERROR\napp.corp.test. 20 A 198.51.100.7",
      ], zones: Self.zones)
    #expect(
      server.ask("a.public.test") == """
        NOERROR rd ra
        a.public.test. 50 IN CNAME app.corp.test.
        app.corp.test. 20 IN A 198.51.100.7
        """)
    #expect(server.upstreams.asked == ["10.9.0.9 a.public.test. A", "10.9.0.1 app.corp.test. A"])
  }

  /// A failure at any hop is SERVFAIL with a reason, never half a chain; and AA is not set then.
  @Test(arguments: ["SERVFAIL", "REFUSED"]) func aFailureIsNoHalfAnswer(code: String) {
    let server = Self.server(["app.corp.test. A": code], zones: Self.zones)
    let answer = server.ask("www.example")
    #expect(answer.hasPrefix("SERVFAIL rd ra\nerror "))
    #expect(answer.split(separator: "\n").count == 2)
    #expect(server.ask("www.example", size: nil) == "SERVFAIL rd ra")
  }

  @Test func silenceIsAFailure() {
    let server = Self.server([:], zones: Self.zones)
    let answer = server.ask("www.example")
    #expect(answer.hasPrefix("SERVFAIL rd ra\nerror "))
    #expect(answer.split(separator: "\n").count == 2)
  }

  /// Without recursion desired the zone's part is all there is.
  @Test func RFC1034_4_3_1_withoutRecursionDesired() {
    let server = Self.server([:], zones: Self.zones)
    #expect(server.ask("www.example", flags: []) == "NOERROR aa ra\nwww.example. 60 IN CNAME app.corp.test.")
    #expect(server.upstreams.asked == [])
  }

  /// Hops here and there count together, and a circle over both ends.
  @Test func aCircleOverBothFails() {
    let server = Self.server(
      ["www.public.test. A": "NOERROR\nwww.public.test. 50 CNAME out.example."], zones: Self.zones)
    #expect(
      server.ask("out.example") == """
        SERVFAIL rd ra
        error 0: the chain of CNAMEs is longer than 8 or goes in a circle
        """)
  }

  /// One budget for all hops, never filled up again (CAMP; Unbound CVE-2026-50045): here each hop takes eight queries.
  @Test func theQueriesOfAllHopsAreCounted() {
    let upstreams = (1...8).map { "10.9.1.\($0)" }
    let settings = """
      { "clients": ["10.0.0.0/8"], "forward": [{ "zone": ".", "to": \(upstreams) }] }
      """
    var script: [String: String] = [:]
    for hop in 0..<6 {
      script["h\(hop).test. A"] = "SERVFAIL"
      script["10.9.1.8 h\(hop).test. A"] = "NOERROR\nh\(hop).test. 50 CNAME h\(hop + 1).test."
    }
    script["10.9.1.8 h3.test. A"] = "NOERROR\nh3.test. 50 A 198.51.100.3"
    let short = TestServer(zones: [:], settings: settings, ScriptedUpstreams(script))
    #expect(short.ask("h0.test").hasPrefix("NOERROR") && short.upstreams.asked.count == 32)
    script["10.9.1.8 h3.test. A"] = "NOERROR\nh3.test. 50 CNAME h4.test."
    let long = TestServer(zones: [:], settings: settings, ScriptedUpstreams(script))
    #expect(
      long.ask("h0.test") == """
        SERVFAIL rd ra
        error 0: the 32 queries that a question may cost were spent on the way to h4.test.
        """)
    #expect(long.upstreams.asked.count == 32)
  }

  /// TTLs are counted down while an answer is in the cache; those of the zones stand.
  @Test func TTLsAreCountedDown() {
    let server = Self.server(["app.corp.test. A": "NOERROR\napp.corp.test. 50 A 198.51.100.1"], zones: Self.zones)
    #expect(server.ask("www.example").hasSuffix("app.corp.test. 50 IN A 198.51.100.1"))
    server.upstreams.now = server.upstreams.now + .seconds(20)
    #expect(
      server.ask("www.example") == """
        NOERROR aa rd ra
        www.example. 60 IN CNAME app.corp.test.
        app.corp.test. 30 IN A 198.51.100.1
        """)
    #expect(server.upstreams.asked.count == 1)
  }

  /// RFC 4035 §3.2.3 and RFC 6840 §5.8: AD is the upstream's, for those who asked, and of whole upstream answers only.
  @Test func RFC6840_5_8_AD() {
    let server = Self.server(
      [
        "www.public.test. A": "NOERROR ad\nwww.public.test. 50 A 198.51.100.1",
        "app.corp.test. A": "NOERROR ad\napp.corp.test. 50 A 198.51.100.2",
      ], zones: Self.zones)
    #expect(server.ask("www.public.test").hasPrefix("NOERROR rd ra\n"))
    #expect(server.ask("www.public.test", flags: [.recursionDesired, .authenticData]).hasPrefix("NOERROR rd ra ad\n"))
    #expect(server.ask("www.public.test", dnssecOK: true).hasPrefix("NOERROR rd ra ad\n"))
    // Nobody validated the zone's own part.
    #expect(server.ask("out.example", dnssecOK: true).hasPrefix("NOERROR aa rd ra\n"))
    #expect(server.ask("www.example", flags: [.recursionDesired, .authenticData]).hasPrefix("NOERROR aa rd ra\n"))
  }

  /// AD is for an answer that the upstream gave to this very question, within its TTL.
  @Test func adIsOfWholeAndFreshAnswersOnly() {
    let soa = "authority: public.test. 30 SOA ns.public.test. h.public.test. 1 2 3 4 30"
    let upstreams = ScriptedUpstreams([
      "www.public.test. A": "NOERROR ad\nwww.public.test. 50 A 198.51.100.1",
      "gone.public.test. A": "NXDOMAIN ad\n\(soa)",
    ])
    let server = TestServer(zones: [:], forward: [".": "10.9.0.9"], upstreams)
    let flags: Flags = [.recursionDesired, .authenticData]
    #expect(server.ask("www.public.test", flags: flags).hasPrefix("NOERROR rd ra ad\n"))
    #expect(server.ask("gone.public.test", flags: flags).hasPrefix("NXDOMAIN rd ra ad\n"))
    #expect(server.ask("below.gone.public.test", flags: flags).hasPrefix("NXDOMAIN rd ra\n"))
    upstreams.script = ["www.public.test. A": "SERVFAIL"]
    upstreams.now = upstreams.now + .seconds(100)
    #expect(server.ask("www.public.test", flags: flags).hasPrefix("NOERROR rd ra\nwww.public.test. 30 IN A"))
    #expect(server.ask("www.public.test", dnssecOK: true).hasPrefix("SERVFAIL rd ra\n"), "never asked with DO before")
  }

  /// What is too large for UDP is truncated whole, and comes over TCP.
  @Test func largeForwardedAnswers() {
    let records = (0..<90).map { "app.corp.test. 50 A 198.51.100.\($0)" }.joined(separator: "\n")
    let server = Self.server(["app.corp.test. A": "NOERROR\n" + records], zones: Self.zones)
    #expect(server.ask("www.example") == "NOERROR aa tc rd ra")
    #expect(server.ask("www.example", via: .tcp).split(separator: "\n").count == 92)
  }
}
