import TestKit
import Testing
import Wire

/// Zone cuts inside a private zone: names of other servers' zones (RFC 1034 §4.2.1).
@Suite struct DelegationTests {
  let server = TestServer(zones: [
    "example": """
    child     60  NS  ns1.child
    child     60  NS  ns.elsewhere.test.
    ns1.child 60  A   192.0.2.1
    ns1.child 60  AAAA 2001:db8::1
    into      60  CNAME  www.child
    """
  ])

  static let referral = """
    authority: child.example. 60 IN NS ns.elsewhere.test.
    authority: child.example. 60 IN NS ns1.child.example.
    error 0: this name is delegated to the servers named, add a forwarding rule to have it resolved
    """

  /// RFC 1034 §4.3.2 step 3b: the NS set in the authority section, no AA; at the cut, and below it, glue among it.
  @Test(arguments: ["child.example", "www.child.example", "a.b.child.example", "ns1.child.example"])
  func RFC1034_4_3_2_referral(name: String) {
    #expect(server.ask(name) == "NOERROR rd ra\n\(Self.referral)")
    #expect(server.ask(name, flags: []) == "NOERROR ra\n\(Self.referral)")
  }

  /// NS at the cut is asked of the child, so this is a referral too.
  @Test func theCutsOwnNSIsAReferral() {
    #expect(server.ask("child.example", .ns) == "NOERROR rd ra\n\(Self.referral)")
  }

  /// A DS set belongs to the parent's side of the cut (RFC 4035 §3.1.4.1).
  @Test func RFC4035_3_1_4_1_DSIsTheParents() {
    #expect(
      server.ask("child.example", .ds)
        == "NOERROR aa rd ra\nauthority: example. 300 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 300")
    #expect(server.ask("www.child.example", .ds) == "NOERROR rd ra\n\(Self.referral)")
  }

  /// A chain that leads into a delegation keeps AA, which speaks of its first name (RFC 1035 §4.1.1).
  @Test func aChainLeadsToTheReferral() {
    #expect(
      server.ask("into.example") == """
        NOERROR aa rd ra
        into.example. 60 IN CNAME www.child.example.
        \(Self.referral)
        """)
  }

  /// A zone of the workspace for the delegated name answers for it, and the cut is of no account.
  @Test func aZoneOfItsOwnWins() {
    let server = TestServer(zones: [
      "example": "child 60 NS ns.elsewhere.test.\n", "child.example": "www 60 A 192.0.2.7\n",
    ])
    #expect(server.ask("www.child.example") == "NOERROR aa rd ra\nwww.child.example. 60 IN A 192.0.2.7")
    #expect(server.ask("child.example", .ns) == "NOERROR aa rd ra\nchild.example. 3600 IN NS ns.child.example.")
  }
}
