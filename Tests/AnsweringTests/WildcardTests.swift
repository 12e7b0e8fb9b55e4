import TestKit
import Testing
import Wire

/// Wildcards, by the zone and the very queries of RFC 4592 §2.2.1.
@Suite struct WildcardTests {
  let server = TestServer(zones: [
    "example": """
    $TTL 3600
    @ SOA ns.example.com. hostmaster 1 7200 900 1209600 300
    example.                NS    ns.example.com.
    example.                NS    ns.example.net.
    *.example.              TXT   "this is a wildcard"
    *.example.              MX    10 host1.example.
    sub.*.example.          TXT   "this is not a wildcard"
    host1.example.          A     192.0.2.1
    _ssh._tcp.host1.example. SRV  0 0 22 host1.example.
    _ssh._tcp.host2.example. SRV  0 0 22 host1.example.
    subdel.example.         NS    ns.example.com.
    subdel.example.         NS    ns.example.net.
    """
  ])

  static let soa = "authority: example. 300 IN SOA ns.example.com. hostmaster.example. 1 7200 900 1209600 300"

  /// "The following responses would be synthesized from one of the wildcards in the zone."
  @Test func RFC4592_2_2_1_synthesized() {
    #expect(server.ask("host3.example", .mx) == "NOERROR aa rd ra\nhost3.example. 3600 IN MX 10 host1.example.")
    #expect(server.ask("host3.example", .a) == "NOERROR aa rd ra\n\(Self.soa)")
    #expect(
      server.ask("foo.bar.example", .txt) == "NOERROR aa rd ra\nfoo.bar.example. 3600 IN TXT \"this is a wildcard\"")
  }

  /// "The following responses would not be synthesized from any of the wildcards in the zone."
  @Test func RFC4592_2_2_1_notSynthesized() {
    // Because host1 exists.
    #expect(server.ask("host1.example", .mx) == "NOERROR aa rd ra\n\(Self.soa)")
    // Because `sub.*.example` exists, which makes it a name and no wildcard.
    #expect(server.ask("sub.*.example", .mx) == "NOERROR aa rd ra\n\(Self.soa)")
    // Because `_tcp.host1.example` exists, without data.
    #expect(server.ask("_telnet._tcp.host1.example", .srv) == "NXDOMAIN aa rd ra\n\(Self.soa)")
    // Because it is a referral.
    #expect(
      server.ask("host.subdel.example", .a).hasPrefix(
        "NOERROR rd ra\nauthority: subdel.example. 3600 IN NS ns.example.com."))
    // Because `*.example` exists, and what is below it is no match of it.
    #expect(server.ask("ghost.*.example", .mx) == "NXDOMAIN aa rd ra\n\(Self.soa)")
  }

  /// RFC 4592 §2.3: asked for by its own name, a wildcard is a name like any other.
  @Test func RFC4592_2_3_askedForItself() {
    #expect(server.ask("*.example", .txt) == "NOERROR aa rd ra\n*.example. 3600 IN TXT \"this is a wildcard\"")
    #expect(server.ask("*.example", .a) == "NOERROR aa rd ra\n\(Self.soa)")
  }

  /// RFC 4592 §2.2.2: an empty non-terminal exists, so no wildcard answers for it or for what is below.
  @Test func RFC4592_2_2_2_emptyNonTerminalsBlock() {
    #expect(server.ask("_tcp.host2.example", .txt) == "NOERROR aa rd ra\n\(Self.soa)")
    #expect(server.ask("host2.example", .txt) == "NOERROR aa rd ra\n\(Self.soa)")
    #expect(server.ask("x._tcp.host2.example", .txt) == "NXDOMAIN aa rd ra\n\(Self.soa)")
  }

  /// RFC 4592 §4.4: `*` in the middle is nothing special, nor is a label that merely starts with it.
  @Test func RFC4592_2_1_1_onlyTheWholeFirstLabel() {
    let server = TestServer(zones: ["example": "*a 60 A 192.0.2.1\nx.*.b 60 A 192.0.2.2\n"])
    #expect(server.ask("ba.example").hasPrefix("NXDOMAIN"))
    #expect(server.ask("*a.example") == "NOERROR aa rd ra\n*a.example. 60 IN A 192.0.2.1")
    #expect(server.ask("x.y.b.example") == "NOERROR aa rd ra\nauthority: " + Self.plainSOA)
    #expect(server.ask("y.b.example") == "NOERROR aa rd ra\nauthority: " + Self.plainSOA)
  }

  static let plainSOA = "example. 300 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300"

  /// RFC 4592 §3.3.1: the wildcard of the closest encloser answers, and no other.
  @Test func RFC4592_3_3_1_theClosestEncloserDecides() {
    let server = TestServer(zones: [
      "example": "* 60 A 192.0.2.1\n*.sub 60 A 192.0.2.2\nhost.sub 60 TXT \"x\"\nother.deep.sub 60 TXT \"x\"\n"
    ])
    #expect(server.ask("a.example") == "NOERROR aa rd ra\na.example. 60 IN A 192.0.2.1")
    #expect(server.ask("a.b.example") == "NOERROR aa rd ra\na.b.example. 60 IN A 192.0.2.1")
    #expect(server.ask("a.sub.example") == "NOERROR aa rd ra\na.sub.example. 60 IN A 192.0.2.2")
    #expect(server.ask("a.b.sub.example") == "NOERROR aa rd ra\na.b.sub.example. 60 IN A 192.0.2.2")
    #expect(server.ask("host.sub.example") == "NOERROR aa rd ra\nauthority: " + Self.plainSOA)
    #expect(server.ask("a.host.sub.example").hasPrefix("NXDOMAIN aa"))
    #expect(server.ask("a.deep.sub.example").hasPrefix("NXDOMAIN aa"))
  }

  /// RFC 4592 §4.3: a CNAME at a wildcard is followed like any other, with the question's name as its owner.
  @Test func RFC4592_4_3_aWildcardCNAME() {
    let server = TestServer(zones: ["example": "* 60 CNAME target\ntarget 60 A 192.0.2.1\n"])
    #expect(
      server.ask("aNy.example") == """
        NOERROR aa rd ra
        aNy.example. 60 IN CNAME target.example.
        target.example. 60 IN A 192.0.2.1
        """)
    #expect(server.ask("any.example", .cname) == "NOERROR aa rd ra\nany.example. 60 IN CNAME target.example.")
  }

  /// The wildcard of a zone answers for nothing that another zone of the workspace holds.
  @Test func endsWhereAnotherZoneBegins() {
    let server = TestServer(zones: ["example": "* 60 A 192.0.2.1\n", "sub.example": "www 60 A 192.0.2.2\n"])
    #expect(server.ask("a.example") == "NOERROR aa rd ra\na.example. 60 IN A 192.0.2.1")
    #expect(server.ask("nope.sub.example").hasPrefix("NXDOMAIN aa rd ra\nauthority: sub.example."))
  }
}
