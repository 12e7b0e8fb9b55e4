import TestKit
import Testing
import Wire

/// Names that exist, and names that do not (RFC 1034 §4.3.2, RFC 2308).
@Suite struct ExactTests {
  let server = TestServer(zones: [
    "example": """
    www      300  A     192.0.2.1
    www      300  A     192.0.2.2
    www      300  TXT   "hello" "there"
    Mixed    300  A     192.0.2.3
    a.b.c    300  A     192.0.2.4
    mail     300  MX    10 mx1
    mail     300  MX    20 mx2.elsewhere.test.
    unknown  300  TYPE65280 \\# 3 010203
    """
  ])

  static let soa = "authority: example. 300 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300"

  @Test func RFC1034_3_7_allRecordsOfTheSet() {
    #expect(
      server.ask("www.example") == """
        NOERROR aa rd ra
        www.example. 300 IN A 192.0.2.1
        www.example. 300 IN A 192.0.2.2
        """)
    #expect(server.ask("www.example", .txt) == "NOERROR aa rd ra\nwww.example. 300 IN TXT \"hello\" \"there\"")
    #expect(
      server.ask("mail.example", .mx) == """
        NOERROR aa rd ra
        mail.example. 300 IN MX 10 mx1.example.
        mail.example. 300 IN MX 20 mx2.elsewhere.test.
        """)
  }

  @Test func RFC3597_3_unknownTypes() {
    #expect(
      server.ask("unknown.example", RecordType(65_280)) == """
        NOERROR aa rd ra
        unknown.example. 300 IN TYPE65280 \\# 3 010203
        """)
  }

  @Test func theApexHasItsOwnRecords() {
    #expect(
      server.ask("example", .soa)
        == "NOERROR aa rd ra\nexample. 3600 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300")
    #expect(server.ask("example", .ns) == "NOERROR aa rd ra\nexample. 3600 IN NS ns.example.")
  }

  /// RFC 2308 §2.2: the name exists, the type does not: NOERROR, an empty answer, and the SOA.
  @Test func RFC2308_2_2_noData() {
    #expect(server.ask("www.example", .aaaa) == "NOERROR aa rd ra\n\(Self.soa)")
    #expect(server.ask("example", .a) == "NOERROR aa rd ra\n\(Self.soa)")
  }

  /// RFC 2308 §2.1: NXDOMAIN and the SOA, its TTL no longer than its MINIMUM (§3).
  @Test(arguments: ["nope.example", "www.www.example", "x.a.b.c.example", "b.example", "\\000.example"])
  func RFC2308_2_1_nameError(missing: String) {
    #expect(server.ask(missing) == "NXDOMAIN aa rd ra\n\(Self.soa)")
  }

  /// RFC 2308 §3: the SOA's own TTL, when it is smaller than MINIMUM, is the negative answer's.
  @Test func RFC2308_3_theSmallerTTL() {
    let server = TestServer(zones: [
      "example": "@ 60 SOA ns hostmaster 1 7200 900 1209600 300\n@ 60 NS ns\nns 60 A 192.0.2.53\n"
    ])
    #expect(
      server.ask("nope.example").hasSuffix(
        "authority: example. 60 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300"))
  }

  /// RFC 8020 §2 and RFC 4592 §2.2.2: a name with others below it exists, though it has no records.
  @Test(arguments: ["b.c.example", "c.example"])
  func RFC4592_2_2_2_emptyNonTerminals(name: String) {
    #expect(server.ask(name) == "NOERROR aa rd ra\n\(Self.soa)")
  }

  /// RFC 4343 §3 and §4.1: names match in any case, and the question comes back in its own.
  @Test func RFC4343_4_1_caseOfTheQuestion() {
    #expect(server.ask("mIxEd.EXAMPLE") == "NOERROR aa rd ra\nmIxEd.EXAMPLE. 300 IN A 192.0.2.3")
    #expect(
      server.ask("nOpe.eXample") == "NXDOMAIN aa rd ra\n"
        + "authority: eXample. 300 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300")
  }

  @Test func theQuestionIsEchoedOctetForOctet() throws {
    let query = RawMessage.query(wire("wWw.ExAmPlE"), .a, id: 0xfeed).octets
    let answer = try #require(server.answer(query))
    #expect(Array(answer[..<2]) == [0xfe, 0xed])
    #expect(answer[12..<query.count] == query[12...])
  }

  /// The root can be a zone like any other.
  @Test func theRootZone() {
    let server = TestServer(zones: [
      ".": "@ 60 SOA ns.test. hostmaster.test. 1 7200 900 1209600 300\n@ 60 NS ns.test.\nns.test. 60 A 192.0.2.53\n"
    ])
    #expect(server.ask("ns.test") == "NOERROR aa rd ra\nns.test. 60 IN A 192.0.2.53")
    #expect(server.ask(".", .ns) == "NOERROR aa rd ra\n. 60 IN NS ns.test.")
    #expect(
      server.ask("nope") == "NXDOMAIN aa rd ra\nauthority: . 60 IN SOA ns.test. hostmaster.test. 1 7200 900 1209600 300"
    )
  }

  @Test func RFC8482_4_1_anyGetsOneSet() {
    #expect(
      server.ask("www.example", .any) == """
        NOERROR aa rd ra
        www.example. 300 IN A 192.0.2.1
        www.example. 300 IN A 192.0.2.2
        """)
    #expect(server.ask("nope.example", .any) == "NXDOMAIN aa rd ra\n\(Self.soa)")
    #expect(server.ask("c.example", .any) == "NOERROR aa rd ra\n\(Self.soa)")
  }
}
