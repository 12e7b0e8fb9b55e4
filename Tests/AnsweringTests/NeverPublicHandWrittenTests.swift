import TestKit
import Testing
import Wire
import Workspaces

/// A link's name that somebody's own zone answers, by a wildcard, a DNAME, a delegation or a record of its own, is the
/// link's all the same.
@Suite struct NeverPublicHandWrittenTests {
  static let zones = [
    "dev.test": "* 60 CNAME public.aws.test.\nfree 60 CNAME public.aws.test.",
    "alias.test": "* 60 ALIAS public.aws.test.",
    "by.test": """
    a 60 ALIAS git.dev.test.
    b 60 CNAME a
    c 60 ALIAS public.d.dn.test.
    d 60 ALIAS e
    e 60 CNAME f
    f 60 ALIAS git.dev.test.
    i 60 ALIAS git.inside.test.
    n 60 ALIAS free.dev.test.
    """,
    "inside.test": "* 60 A 203.0.113.8",
    "dn.test": "d 60 DNAME aws.test.",
    "cut.test": "sub 60 NS ns.elsewhere.test.\nto 60 CNAME git.sub",
    "bind.test": "git 60 A 10.1.1.1\ngit 60 TYPE65 \\# 11 00010000040004cb007107\nvia 60 CNAME git",
    "ghe.test": "x 60 A 203.0.113.30\ny 60 A 10.3.3.3\nz 60 CNAME public.aws.test.",
    "later.test": "x 60 A 10.3.3.4",
    "chain.test": "a 60 CNAME git.dev.test.",
  ]

  let server = TestServer(
    [
      TestWorkspace(
        settings: #"{ "clients": ["10.0.0.0/8"] }"#, zones: Self.zones,
        links: [
          "prod": [
            "git.dev.test", "git.alias.test", "git.inside.test", "public.d.dn.test", "git.sub.cut.test", "to.cut.test",
            "git.bind.test", "via.bind.test", "*.ghe.test", "away.test",
          ]
        ], requested: ["asked": ["*.later.test"]])
    ], forward: [".": "10.9.0.9"], ScriptedUpstreams(NeverPublicTests.script))

  @Test(arguments: [
    ("git.dev.test", RecordType.a, "203.0.113.7"), ("git.dev.test", .aaaa, "2001:db8::7"),
    ("a.chain.test", .a, "203.0.113.7"), ("git.alias.test", .a, "203.0.113.7"), ("git.inside.test", .a, "203.0.113.8"),
    ("public.d.dn.test", .a, "203.0.113.7"), ("x.ghe.test", .a, "203.0.113.30"), ("z.ghe.test", .a, "203.0.113.7"),
  ]) func aNameThatAnotherZoneAnswersIsGuarded(name: String, type: RecordType, address: String) {
    // Twice, for what the first brought is in the cache then.
    for _ in 0..<2 {
      let text = server.ask(name, type)
      #expect(text.hasPrefix("SERVFAIL"), "\(text)")
      #expect(text.contains("link prod leads to the public address \(address)"), "\(text)")
    }
  }

  /// A resolver that follows a referral leaves the private network.
  @Test(arguments: ["git.sub.cut.test", "to.cut.test"]) func aDelegationOfALinksNameIsNotGiven(name: String) {
    let text = server.ask(name)
    #expect(text.hasPrefix("SERVFAIL") && text.contains("link prod leads to a name that is delegated"), "\(text)")
    #expect(server.ask("other.sub.cut.test").contains("NS ns.elsewhere.test."))
  }

  /// RFC 9460 §7.3: hints are connected to like addresses.
  @Test(arguments: ["git.bind.test", "via.bind.test"]) func aServiceBindingInAZoneClosesTheName(name: String) {
    for type in [RecordType.https, .a, .any] {
      let text = server.ask(name, type)
      #expect(text.hasPrefix("SERVFAIL") && text.contains("SVCB or HTTPS"), "\(text)")
    }
  }

  /// An ALIAS leaves nothing of its way in the answer.
  @Test(arguments: [
    ("a.by.test", "203.0.113.7"), ("b.by.test", "203.0.113.7"), ("c.by.test", "203.0.113.7"),
    ("d.by.test", "203.0.113.7"), ("i.by.test", "203.0.113.8"),
  ]) func anAliasThatLeadsThroughALinksNameIsGuarded(name: String, address: String) {
    for _ in 0..<2 {
      let text = server.ask(name)
      #expect(text.hasPrefix("SERVFAIL"), "\(text)")
      #expect(text.contains("link prod leads to the public address \(address)"), "\(text)")
    }
    #expect(server.ask("n.by.test").hasSuffix("203.0.113.7"))
  }

  /// Asked for by browsers where the port is not 443 (RFC 9460 §2.3).
  @Test func aServiceBindingForAPortOfALinksHostIsNotGiven() {
    let text = server.ask("_8443._https.away.test", .https)
    #expect(text.hasPrefix("SERVFAIL") && text.contains("link prod leads to SVCB or HTTPS"), "\(text)")
    #expect(server.ask("_9._https.away.test", .https).hasPrefix("NOERROR"))
    #expect(server.ask("_8443._https.other.test", .https).hasPrefix("NOERROR"))
  }

  @Test func aNameBelowALinksWildcardIsTheLinks() {
    #expect(server.ask("y.ghe.test") == "NOERROR aa rd ra\ny.ghe.test. 60 IN A 10.3.3.3")
    let closed = server.ask("x.later.test")
    #expect(closed.hasPrefix("SERVFAIL") && closed.contains("link asked has no endpoint yet"), "\(closed)")
  }

  @Test func namesOfNoLinkAreAnsweredAsEver() {
    #expect(server.ask("free.dev.test").hasSuffix("203.0.113.7"))
    #expect(server.ask("another.dev.test").hasSuffix("203.0.113.7"))
    #expect(server.ask("another.inside.test").hasSuffix("203.0.113.8"))
  }
}
