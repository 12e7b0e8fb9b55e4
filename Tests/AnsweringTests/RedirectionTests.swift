import TestKit
import Testing
import Wire

/// DNAME (RFC 6672).
@Suite struct RedirectionTests {
  static let label63 = String(repeating: "a", count: 63)
  let server = TestServer(zones: [
    "example": """
    old       60  DNAME  new
    old       60  A      192.0.2.1
    www.new   60  A      192.0.2.2
    cn.new    60  CNAME  www.new
    *.wild    60  TXT    "x"
    away      60  DNAME  other.test.
    long      60  DNAME  \(label63).\(label63)
    loop      60  DNAME  sub.loop2
    sub.loop2 60  DNAME  x.loop
    """,
    "other.test": "www 60 A 192.0.2.3\n",
  ])

  static let soa = "authority: example. 300 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300"

  /// RFC 6672 §3.1: the DNAME, a CNAME made from it with the same TTL, and then on from there.
  @Test func RFC6672_3_1_redirectsWhatIsBelow() {
    #expect(
      server.ask("wWw.old.Example") == """
        NOERROR aa rd ra
        old.Example. 60 IN DNAME new.example.
        wWw.old.Example. 60 IN CNAME wWw.new.example.
        wWw.new.example. 60 IN A 192.0.2.2
        """)
    #expect(
      server.ask("cn.old.example") == """
        NOERROR aa rd ra
        old.example. 60 IN DNAME new.example.
        cn.old.example. 60 IN CNAME cn.new.example.
        cn.new.example. 60 IN CNAME www.new.example.
        www.new.example. 60 IN A 192.0.2.2
        """)
  }

  /// RFC 6672 §2.3: the owner itself is not redirected, and may have other records.
  @Test func RFC6672_2_3_notTheOwner() {
    #expect(server.ask("old.example") == "NOERROR aa rd ra\nold.example. 60 IN A 192.0.2.1")
    #expect(server.ask("old.example", .dname) == "NOERROR aa rd ra\nold.example. 60 IN DNAME new.example.")
    #expect(server.ask("old.example", .mx) == "NOERROR aa rd ra\n\(Self.soa)")
  }

  @Test func RFC6672_3_1_goesToOtherZones() {
    #expect(
      server.ask("www.away.example") == """
        NOERROR aa rd ra
        away.example. 60 IN DNAME other.test.
        www.away.example. 60 IN CNAME www.other.test.
        www.other.test. 60 IN A 192.0.2.3
        """)
  }

  @Test func RFC6604_3_theEndDecides() {
    #expect(
      server.ask("nope.old.example") == """
        NXDOMAIN aa rd ra
        old.example. 60 IN DNAME new.example.
        nope.old.example. 60 IN CNAME nope.new.example.
        \(Self.soa)
        """)
    #expect(
      server.ask("www.old.example", .mx) == """
        NOERROR aa rd ra
        old.example. 60 IN DNAME new.example.
        www.old.example. 60 IN CNAME www.new.example.
        \(Self.soa)
        """)
  }

  /// The CNAME that was asked for is the answer, and is not followed.
  @Test func RFC6672_3_2_askedForCNAME() {
    #expect(
      server.ask("www.old.example", .cname) == """
        NOERROR aa rd ra
        old.example. 60 IN DNAME new.example.
        www.old.example. 60 IN CNAME www.new.example.
        """)
  }

  /// RFC 6672 §2.2: YXDOMAIN, with the DNAME that made the name too long.
  @Test func RFC6672_2_2_tooLong() {
    let fits = [Self.label63, String(repeating: "b", count: 53)].joined(separator: ".")
    // 255 octets: 64 and 54 kept, then twice 64, `example` and the root.
    #expect(server.ask(fits + ".long.example").hasPrefix("NXDOMAIN aa rd ra\nlong.example. 60 IN DNAME"))
    #expect(
      server.ask(fits + "b.long.example") == """
        YXDOMAIN aa rd ra
        long.example. 60 IN DNAME \(Self.label63).\(Self.label63).example.
        """)
  }

  /// Each turn makes the name longer: the chain's bound ends it before 255 octets do.
  @Test func loopsEnd() {
    #expect(
      server.ask("a.loop.example") == """
        SERVFAIL rd ra
        error 0: the chain of CNAMEs is longer than 8 or goes in a circle
        """)
  }
}
