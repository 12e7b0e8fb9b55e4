import Forwarding
import TestKit
import Testing
import Wire
import Workspaces

/// A link's name is answered with addresses of private networks, or with SERVFAIL and the reason.
@Suite struct NeverPublicTests {
  static let negative = "authority: aws.test. 30 SOA ns.aws.test. h.aws.test. 1 2 3 4 30"
  static let script = [
    "_8443._https.away.test. HTTPS": "NOERROR\n_8443._https.away.test. 60 HTTPS \\# 11 0001000004 0004 cb007107",
    "_8443._https.other.test. HTTPS": "NOERROR\n_8443._https.other.test. 60 HTTPS \\# 11 0001000004 0004 cb007107",
    "_9._https.away.test. HTTPS": "NOERROR\n\(negative)",
    "good.aws.test. A": "NOERROR\ngood.aws.test. 60 A 10.1.2.3",
    "good.aws.test. AAAA": "NOERROR\n\(negative)",
    "v6.aws.test. A": "NOERROR\n\(negative)",
    "v6.aws.test. AAAA": "NOERROR\nv6.aws.test. 60 AAAA fd00::1",
    "public.aws.test. A": "NOERROR\npublic.aws.test. 60 A 10.1.2.3\npublic.aws.test. 60 A 203.0.113.7",
    "public.aws.test. AAAA": "NOERROR\npublic.aws.test. 60 AAAA 2001:db8::7",
    "mapped.aws.test. AAAA": "NOERROR\nmapped.aws.test. 60 AAAA ::ffff:203.0.113.7",
    "metadata.aws.test. A": "NOERROR\nmetadata.aws.test. 60 A 169.254.169.254",
    "pending.aws.test. A": "NXDOMAIN\n\(negative)", "pending.aws.test. AAAA": "NXDOMAIN\n\(negative)",
    "empty.aws.test. A": "NOERROR\n\(negative)", "empty.aws.test. AAAA": "NOERROR\n\(negative)",
    "far.aws.test. A": "NOERROR\nfar.aws.test. 60 CNAME public.aws.test.\npublic.aws.test. 60 A 203.0.113.7",
    "back.aws.test. A": "NOERROR\nback.aws.test. 60 CNAME written.example.",
    "own.aws.test. A": "NOERROR\nown.aws.test. 60 A 198.51.100.9",
    "binding.aws.test. HTTPS": "NOERROR\nbinding.aws.test. 60 HTTPS \\# 11 0001000004 0004 cb007107",
    "lost.example.net. A": "NOERROR\nlost.example.net. 60 A 203.0.113.7",
    "outer.public.test. A":
      "NOERROR\nouter.public.test. 60 CNAME lost.example.net.\nlost.example.net. 60 A 203.0.113.7",
    "free.public.test. A": "NOERROR\nfree.public.test. 60 A 203.0.113.7",
  ]

  static let zone = """
    good       60  CNAME  good.aws.test.
    v6         60  CNAME  v6.aws.test.
    public     60  CNAME  public.aws.test.
    mapped     60  CNAME  mapped.aws.test.
    metadata   60  CNAME  metadata.aws.test.
    pending    60  CNAME  pending.aws.test.
    empty      60  CNAME  empty.aws.test.
    far        60  CNAME  far.aws.test.
    back       60  CNAME  back.aws.test.
    own        60  CNAME  own.aws.test.
    binding    60  CNAME  binding.aws.test.
    @          60  ALIAS  public.aws.test.
    alias      60  ALIAS  good.aws.test.
    aliasgone  60  ALIAS  pending.aws.test.
    *.wild     60  CNAME  public.aws.test.
    pinned     60  A      10.0.0.1
    pinned     60  A      203.0.113.1
    inside     60  CNAME  pinned
    written    60  A      203.0.113.2
    hand       60  CNAME  public
    handalias  60  ALIAS  public
    other      60  A      203.0.113.3
    """

  static let names = [
    "good", "v6", "public", "mapped", "metadata", "pending", "empty", "far", "back", "own", "binding", "alias",
    "aliasgone", "*.wild", "pinned", "inside",
  ].map { "\($0).example" }

  let server = TestServer(
    [
      TestWorkspace(
        settings:
          #"{ "clients": ["10.0.0.0/8"], "own-networks": ["198.51.100.0/28"], "zones": { "example": { "miss": "forward" } } }"#,
        zones: ["example": Self.zone], links: ["prod": Self.names + ["example", "lost.example.net"]],
        requested: ["asked": ["soon.example", "*.later.test", "soon.test"]])
    ], forward: [".": "10.9.0.9"], ScriptedUpstreams(Self.script))

  private func answer(_ name: String, _ type: RecordType = .a) -> String { server.ask(name, type) }

  @Test func privateAddressesAreAnswered() {
    #expect(answer("good.example").hasSuffix("good.aws.test. 60 IN A 10.1.2.3"))
    #expect(answer("v6.example", .aaaa).hasSuffix("v6.aws.test. 60 IN AAAA fd00::1"))
    #expect(answer("alias.example") == "NOERROR aa rd ra\nalias.example. 60 IN A 10.1.2.3")
  }

  /// A name with one family alone says of the other that there is none (trap 18).
  @Test func theFamilyThatIsLackingIsNoData() {
    #expect(answer("good.example", .aaaa).hasPrefix("NOERROR aa rd ra\ngood.example. 60 IN CNAME good.aws.test."))
    #expect(answer("v6.example").hasPrefix("NOERROR aa rd ra\nv6.example. 60 IN CNAME v6.aws.test."))
    #expect(answer("alias.example", .aaaa).hasPrefix("NOERROR aa rd ra"))
  }

  /// One public address among private ones is enough: a client may take any.
  @Test(arguments: [
    ("public", RecordType.a, "203.0.113.7"), ("public", .aaaa, "2001:db8::7"), ("far", .a, "203.0.113.7"),
    ("mapped", .aaaa, "203.0.113.7"), ("metadata", .a, "169.254.169.254"), ("back", .a, "203.0.113.2"),
    ("x.wild", .a, "203.0.113.7"), ("hand", .a, "203.0.113.7"), ("handalias", .a, "203.0.113.7"),
    ("pinned", .a, "203.0.113.1"), ("pinned", .any, "203.0.113.1"), ("inside", .a, "203.0.113.1"),
  ]) func aPublicAddressIsNotAnswered(name: String, type: RecordType, address: String) {
    // Twice, for what the first brought is in the cache then.
    for _ in 0..<2 {
      let text = answer("\(name).example", type)
      #expect(text.hasPrefix("SERVFAIL"), "\(text)")
      #expect(text.contains("link prod leads to the public address \(address)"), "\(text)")
      #expect(!text.contains(" IN A "))
    }
  }

  @Test func anApexThatIsALinksNameIsGuarded() {
    #expect(answer("example").contains("the public address 203.0.113.7"))
    #expect(answer("example", .aaaa).contains("the public address 2001:db8::7"))
  }

  /// An endpoint that is not accepted has no name yet, or a name without addresses.
  @Test(arguments: ["pending", "empty"]) func anEndpointWithoutAddressesIsSaid(name: String) {
    for type in [RecordType.a, .aaaa] {
      let text = answer("\(name).example", type)
      #expect(text.hasPrefix("SERVFAIL") && text.contains("the endpoint of link prod has no address yet"), "\(text)")
    }
  }

  /// A zone that forwards nothing has the last word, and nobody has to be asked.
  @Test func aNameThatAZoneLacksIsSaid() {
    let server = TestServer([
      TestWorkspace(zones: ["example": "nowhere 60 CNAME absent"], links: ["prod": ["nowhere.example"]])
    ])
    let text = server.ask("nowhere.example")
    #expect(text.hasPrefix("SERVFAIL"), "\(text)")
    #expect(text.contains("link prod leads to absent.example., which a zone says does not exist"), "\(text)")
  }

  /// What a service binding names would be connected to as well.
  @Test func serviceBindingsAreNotPassedOn() {
    let text = answer("binding.example", .https)
    #expect(text.hasPrefix("SERVFAIL") && text.contains("SVCB or HTTPS"), "\(text)")
  }

  /// Names of a link that is only asked for are closed, in a zone and in none, whatever is asked of them.
  @Test(arguments: ["soon.example", "soon.test", "a.b.later.test"]) func aRequestedLinksNamesAreClosed(name: String) {
    for type in [RecordType.a, .aaaa, .txt] {
      let text = answer(name, type)
      #expect(text.hasPrefix("SERVFAIL") && text.contains("link asked has no endpoint yet"), "\(text)")
    }
    #expect(!server.upstreams.asked.contains { $0.contains("soon") || $0.contains("later") })
  }

  /// A link's name in no zone, because the zone's file is gone, say: by itself and at the end of somebody else's chain.
  @Test func aLinksNameInNoZoneIsGuarded() {
    #expect(answer("lost.example.net").contains("link prod leads to the public address 203.0.113.7"))
    #expect(answer("outer.public.test").contains("link prod leads to the public address 203.0.113.7"))
  }

  @Test func otherNamesAreAnsweredAsEver() {
    #expect(answer("free.public.test") == "NOERROR rd ra\nfree.public.test. 60 IN A 203.0.113.7")
    #expect(answer("other.example") == "NOERROR aa rd ra\nother.example. 60 IN A 203.0.113.3")
    #expect(answer("own.example").hasSuffix("own.aws.test. 60 IN A 198.51.100.9"))
  }

  /// Past its TTL an answer is held to the same.
  @Test func whatIsStaleIsJudgedToo() {
    #expect(answer("public.example").hasPrefix("SERVFAIL"))
    server.upstreams.script = [:]
    server.upstreams.now = server.upstreams.now + .seconds(120)
    #expect(!answer("public.example").contains("203.0.113.7\n") && answer("public.example").hasPrefix("SERVFAIL"))
  }
}
