import Forwarding
import TestKit
import Testing
import Wire

/// ALIAS: a name, mostly an apex, that is answered with another name's addresses.
@Suite struct AliasTests {
  static let script = [
    "lb.public.test. A": "NOERROR\nlb.public.test. 50 CNAME lb2.public.test.\nlb2.public.test. 40 A 198.51.100.1",
    "lb.public.test. AAAA": "NOERROR\nauthority: public.test. 30 SOA ns.public.test. h.public.test. 1 2 3 4 30",
    "gone.public.test. A": "NXDOMAIN",
    "gone.public.test. AAAA": "NXDOMAIN",
    "bad.public.test. A": "SERVFAIL",
    "back.public.test. A": "NOERROR\nback.public.test. 25 CNAME target.example.\ntarget.example. 60 A 203.0.113.66",
  ]

  let server = TestServer(
    zones: [
      "example": """
      @        600  ALIAS  target
      @        600  TXT    "apex"
      target   60   A      192.0.2.1
      target   60   A      192.0.2.2
      target   60   AAAA   2001:db8::1
      two      30   ALIAS  cn
      cn       600  CNAME  target
      four     600  ALIAS  v4
      v4       60   A      192.0.2.3
      missing  600  ALIAS  nowhere
      far      600  ALIAS  lb.public.test.
      farshort 20   ALIAS  lb.public.test.
      fargone  600  ALIAS  gone.public.test.
      farbad   600  ALIAS  bad.public.test.
      farback  600  ALIAS  back.public.test.
      cut      600  ALIAS  x.child
      child    60   NS     ns.elsewhere.test.
      into     60   CNAME  far
      old      40   DNAME  new
      x.new    60   A      192.0.2.9
      redir    600  ALIAS  x.old
      *.wild   60   ALIAS  v4
      """
    ], forward: [".": "10.9.0.9"], ScriptedUpstreams(Self.script))

  static let soa = "authority: example. 300 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300"

  @Test func addressesAreTheTargets() {
    #expect(
      server.ask("eXample") == """
        NOERROR aa rd ra
        eXample. 60 IN A 192.0.2.1
        eXample. 60 IN A 192.0.2.2
        """)
    #expect(server.ask("example", .aaaa) == "NOERROR aa rd ra\nexample. 60 IN AAAA 2001:db8::1")
    #expect(server.ask("example", flags: []).hasPrefix("NOERROR aa ra\nexample. 60 IN A 192.0.2.1"))
  }

  /// Without recursion nobody is asked: what the zones or the cache hold is given, and else it is as with any name that
  /// is not held here.
  @Test func withoutRecursionNobodyIsAsked() {
    let refused = """
      REFUSED ra
      error 20: no zone of workspace acme holds this name, and recursion was not asked for
      """
    #expect(server.ask("far.example", flags: []) == refused)
    #expect(server.ask("into.example", flags: []) == "NOERROR aa ra\ninto.example. 60 IN CNAME far.example.")
    #expect(server.upstreams.asked.isEmpty)
    #expect(server.ask("far.example") == "NOERROR aa rd ra\nfar.example. 40 IN A 198.51.100.1")
    let asked = server.upstreams.asked
    for forgets in [false, true] {
      server.forgetsAnswers = forgets
      #expect(server.ask("far.example", flags: []) == "NOERROR aa ra\nfar.example. 40 IN A 198.51.100.1")
    }
    server.upstreams.now = server.upstreams.now + .seconds(100)
    #expect(server.ask("far.example", flags: []) == refused)
    #expect(server.ask("four.example", flags: []) == "NOERROR aa ra\nfour.example. 60 IN A 192.0.2.3")
    #expect(server.upstreams.asked == asked)
  }

  @Test func otherTypesAreTheNamesOwn() {
    #expect(server.ask("example", .txt) == "NOERROR aa rd ra\nexample. 600 IN TXT \"apex\"")
    #expect(server.ask("example", .mx) == "NOERROR aa rd ra\n\(Self.soa)")
    #expect(server.ask("example", .soa).contains("IN SOA"))
  }

  /// The TTL is the smallest of the ALIAS and every hop to the addresses.
  @Test func theSmallestTTL() {
    #expect(server.ask("two.example").hasPrefix("NOERROR aa rd ra\ntwo.example. 30 IN A 192.0.2.1"))
    #expect(server.ask("far.example") == "NOERROR aa rd ra\nfar.example. 40 IN A 198.51.100.1")
    #expect(server.ask("farshort.example") == "NOERROR aa rd ra\nfarshort.example. 20 IN A 198.51.100.1")
  }

  @Test func throughADNAME() {
    #expect(server.ask("redir.example") == "NOERROR aa rd ra\nredir.example. 40 IN A 192.0.2.9")
  }

  @Test func noAddressOfThisFamily() {
    #expect(server.ask("four.example", .aaaa) == "NOERROR aa rd ra\n\(Self.soa)")
    #expect(server.ask("far.example", .aaaa) == "NOERROR aa rd ra\n\(Self.soa)")
  }

  /// What cannot be had is SERVFAIL, never an empty or missing name, which clients would keep (PowerDNS #6666).
  @Test func aMissingTargetFails() {
    let text = "SERVFAIL rd ra\nerror 0: the ALIAS leads to "
    #expect(server.ask("missing.example") == text + "nowhere.example., which does not exist")
    #expect(server.ask("fargone.example") == text + "gone.public.test., which does not exist")
    #expect(server.ask("fargone.example", .aaaa) == text + "gone.public.test., which does not exist")
    #expect(
      server.ask("cut.example") == text
        + "x.child.example., which is delegated, add a forwarding rule to have it resolved")
    #expect(server.ask("farbad.example").hasPrefix("SERVFAIL rd ra\nerror "))
  }

  /// A private zone's say over its names holds for what an upstream's chain leads to as well.
  @Test func privateZonesWinOverUpstreams() {
    #expect(server.ask("farback.example").hasPrefix("NOERROR aa rd ra\nfarback.example. 25 IN A 192.0.2.1"))
  }

  @Test func atTheEndOfAChainAndAtAWildcard() {
    #expect(
      server.ask("into.example") == """
        NOERROR aa rd ra
        into.example. 60 IN CNAME far.example.
        far.example. 40 IN A 198.51.100.1
        """)
    #expect(server.ask("a.wild.example") == "NOERROR aa rd ra\na.wild.example. 60 IN A 192.0.2.3")
  }
}
