import TestKit
import Testing
import Wire

/// CNAME chains inside the zones of one workspace (RFC 1034 §3.6.2, RFC 6604).
@Suite struct ChainTests {
  let server = TestServer(zones: [
    "example": """
    one     60  CNAME  two
    two     60  CNAME  Three
    three   60  A      192.0.2.1
    three   60  A      192.0.2.2
    nodata  60  CNAME  three
    gone    60  CNAME  nope
    out     60  CNAME  www.other.test.
    away    60  CNAME  gone.other.test.
    ring1   60  CNAME  ring2.other.test.
    """,
    "other.test": """
    www     60  A      192.0.2.9
    ring2   60  CNAME  ring1.example.
    """,
  ])

  static let soa = "authority: example. 300 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300"
  static let otherSOA =
    "authority: other.test. 300 IN SOA ns.other.test. hostmaster.other.test. 1 7200 900 1209600 300"

  @Test func RFC1034_3_6_2_isFollowed() {
    #expect(
      server.ask("oNe.example") == """
        NOERROR aa rd ra
        oNe.example. 60 IN CNAME two.example.
        two.example. 60 IN CNAME Three.example.
        Three.example. 60 IN A 192.0.2.1
        Three.example. 60 IN A 192.0.2.2
        """)
  }

  @Test func RFC1034_3_6_2_isTheAnswerWhenAskedFor() {
    #expect(server.ask("one.example", .cname) == "NOERROR aa rd ra\none.example. 60 IN CNAME two.example.")
    #expect(server.ask("one.example", .any) == "NOERROR aa rd ra\none.example. 60 IN CNAME two.example.")
  }

  /// RFC 6604 §3: the code is that of the end of the chain, and so is the SOA.
  @Test func RFC6604_3_theEndDecides() {
    #expect(
      server.ask("nodata.example", .mx) == "NOERROR aa rd ra\nnodata.example. 60 IN CNAME three.example.\n\(Self.soa)")
    #expect(server.ask("gone.example") == "NXDOMAIN aa rd ra\ngone.example. 60 IN CNAME nope.example.\n\(Self.soa)")
    #expect(
      server.ask("away.example")
        == "NXDOMAIN aa rd ra\naway.example. 60 IN CNAME gone.other.test.\n\(Self.otherSOA)")
  }

  @Test func goesOnInAnotherZone() {
    #expect(
      server.ask("out.example") == """
        NOERROR aa rd ra
        out.example. 60 IN CNAME www.other.test.
        www.other.test. 60 IN A 192.0.2.9
        """)
  }

  /// Whether more was wanted or not, what the zones hold of a chain is given.
  @Test func isTheSameWithoutRecursionDesired() {
    #expect(
      server.ask("out.example", flags: []) == """
        NOERROR aa ra
        out.example. 60 IN CNAME www.other.test.
        www.other.test. 60 IN A 192.0.2.9
        """)
  }

  /// A circle is SERVFAIL with a reason, not half an answer. One of CNAMEs within a zone does not even load, so that it
  /// takes two zones.
  @Test func aCircleFails() {
    #expect(
      server.ask("ring1.example") == """
        SERVFAIL rd ra
        error 0: the chain of CNAMEs is longer than 8 or goes in a circle
        """)
  }

  /// Eight hops are followed, the ninth is one too many.
  @Test func isBounded() {
    let hops = (1...10).map { "h\($0) 60 CNAME h\($0 + 1)\n" }.joined() + "h11 60 A 192.0.2.1\n"
    let server = TestServer(zones: ["example": hops])
    #expect(server.ask("h3.example").hasSuffix("h11.example. 60 IN A 192.0.2.1"))
    #expect(server.ask("h3.example").split(separator: "\n").count == 10)
    #expect(
      server.ask("h2.example") == """
        SERVFAIL rd ra
        error 0: the chain of CNAMEs is longer than 8 or goes in a circle
        """)
    #expect(server.ask("h2.example", .cname) == "NOERROR aa rd ra\nh2.example. 60 IN CNAME h3.example.")
  }
}
