import TestKit
import Testing
import Wire

/// Where a zone ends: another zone inside it, a forwarding rule inside it, and names that it does not hold.
@Suite struct BorderTests {
  static let script = [
    "www.fwd.example. A": "NOERROR\nwww.fwd.example. 50 A 198.51.100.1",
    "fwd.example. A": "NOERROR\nfwd.example. 50 A 198.51.100.2",
    "nope.open.test. A": "NOERROR\nnope.open.test. 50 A 198.51.100.3",
    "ent.open.test. A": "NOERROR\nent.open.test. 50 A 198.51.100.4",
    "deep.in.sub.example. A": "NOERROR\ndeep.in.sub.example. 50 A 198.51.100.5",
  ]

  let server = TestServer(
    zones: [
      "example": """
      www      60 A 192.0.2.1
      www.fwd  60 A 192.0.2.2
      *        60 A 192.0.2.3
      www.sub  60 A 192.0.2.4
      sub      60 TXT "hidden"
      """,
      "sub.example": "own 60 A 192.0.2.5\n",
      "open.test": "www 60 A 192.0.2.6\na.ent 60 A 192.0.2.7\nonly 60 A 192.0.2.8\n",
    ],
    settings: """
      {
        "clients": ["10.0.0.0/8"],
        "forward": [
          { "zone": "fwd.example", "to": ["10.9.0.1"] }, { "zone": "in.sub.example", "to": ["10.9.0.2"] },
          { "zone": "shut.test", "to": [] }
        ],
        "zones": { "open.test": { "miss": "forward" } }
      }
      """, forward: [".": "10.9.0.9"], ScriptedUpstreams(Self.script))

  /// RFC 1034 §4.3.2 step 2: the zone that is the nearest ancestor, and only that.
  @Test func RFC1034_4_3_2_theDeepestZoneAnswers() {
    #expect(server.ask("own.sub.example") == "NOERROR aa rd ra\nown.sub.example. 60 IN A 192.0.2.5")
    #expect(server.ask("www.sub.example").hasPrefix("NXDOMAIN aa rd ra\nauthority: sub.example."))
    #expect(server.ask("sub.example", .txt).hasPrefix("NOERROR aa rd ra\nauthority: sub.example."))
    #expect(server.ask("sub.example", .ns) == "NOERROR aa rd ra\nsub.example. 3600 IN NS ns.sub.example.")
  }

  /// A forwarding rule inside a zone takes its name and all below, from records and wildcards of the zone too.
  @Test func aRuleInsideAZoneCutsIt() {
    #expect(server.ask("www.fwd.example") == "NOERROR rd ra\nwww.fwd.example. 50 IN A 198.51.100.1")
    #expect(server.ask("fwd.example") == "NOERROR rd ra\nfwd.example. 50 IN A 198.51.100.2")
    #expect(server.ask("deep.in.sub.example") == "NOERROR rd ra\ndeep.in.sub.example. 50 IN A 198.51.100.5")
    #expect(server.ask("other.example") == "NOERROR aa rd ra\nother.example. 60 IN A 192.0.2.3")
    // Between the zone's apex and the rule nothing appears that was not there.
    #expect(server.ask("in.sub.example", flags: []).hasPrefix("REFUSED"))
  }

  @Test func aMissMayBeForwarded() {
    #expect(server.ask("www.open.test") == "NOERROR aa rd ra\nwww.open.test. 60 IN A 192.0.2.6")
    #expect(server.ask("nope.open.test") == "NOERROR rd ra\nnope.open.test. 50 IN A 198.51.100.3")
    // An empty non-terminal is not held either.
    #expect(server.ask("ent.open.test") == "NOERROR rd ra\nent.open.test. 50 IN A 198.51.100.4")
    // A name that is held is answered from here for all types: it is not there and elsewhere at once.
    #expect(server.ask("only.open.test", .aaaa).hasPrefix("NOERROR aa rd ra\nauthority: open.test."))
  }

  /// One host of a domain, as vendors have it written down, hides nothing of the domain's own name.
  @Test func whatTheApexOfAnOpenZoneLacksIsForwarded() {
    let upstreams = ScriptedUpstreams([
      "corp.test. MX": "NOERROR\ncorp.test. 50 MX 10 mx.corp.test.",
      "corp.test. A": "NOERROR\ncorp.test. 50 A 198.51.100.9",
    ])
    let server = TestServer(
      zones: [
        "corp.test": "git 60 A 10.1.0.7\na.in 60 A 10.1.0.8\n@ 60 CAA 0 issue \"none.test\"\n",
        "host.test": "@ 60 A 10.1.0.9\n",
        "shut.test": "git 60 A 10.1.0.7\n",
      ],
      settings: """
        {
          "clients": ["10.0.0.0/8"],
          "zones": { "corp.test": { "miss": "forward" }, "host.test": { "miss": "forward" } }
        }
        """, forward: [".": "10.9.0.9"], upstreams)
    #expect(server.ask("corp.test", .mx) == "NOERROR rd ra\ncorp.test. 50 IN MX 10 mx.corp.test.")
    #expect(server.ask("corp.test", .a) == "NOERROR rd ra\ncorp.test. 50 IN A 198.51.100.9")
    // What it has is its own: those two that every zone has, which say who answers here, and what a person wrote.
    #expect(server.ask("corp.test", .ns) == "NOERROR aa rd ra\ncorp.test. 3600 IN NS ns.corp.test.")
    #expect(server.ask("corp.test", .soa).hasPrefix("NOERROR aa rd ra\ncorp.test. 3600 IN SOA"))
    #expect(server.ask("corp.test", .caa).hasPrefix("NOERROR aa rd ra\ncorp.test. 60 IN CAA"))
    #expect(server.ask("corp.test", .any).hasPrefix("NOERROR aa rd ra\n"))
    // A host's other types would lead around its address.
    #expect(server.ask("git.corp.test", .aaaa).hasPrefix("NOERROR aa rd ra\nauthority: corp.test."))
    #expect(server.ask("host.test", .aaaa).hasPrefix("NOERROR aa rd ra\nauthority: host.test."))
    #expect(server.ask("host.test", .mx).hasPrefix("NOERROR aa rd ra\nauthority: host.test."))
    #expect(server.ask("shut.test", .mx).hasPrefix("NOERROR aa rd ra\nauthority: shut.test."))
    #expect(server.ask("corp.test", .mx, flags: []).hasPrefix("REFUSED ra"))
  }

  /// RFC 8020: that there is no such name is said of all names below it, and the zone has some.
  @Test func RFC8020_whatExistsHereIsNoNameErrorOfAnUpstream() {
    let upstreams = ScriptedUpstreams([
      "corp.test. TXT": "NXDOMAIN ad\nauthority: test. 60 SOA a.test. b.test. 1 2 3 4 60",
      "in.corp.test. A": "NXDOMAIN\nauthority: test. 60 SOA a.test. b.test. 1 2 3 4 60",
      "no.corp.test. A": "NXDOMAIN\nauthority: test. 60 SOA a.test. b.test. 1 2 3 4 60",
    ])
    let server = TestServer(
      zones: ["corp.test": "a.in 60 A 10.1.0.8\n"],
      settings: """
        { "clients": ["10.0.0.0/8"], "zones": { "corp.test": { "miss": "forward" } } }
        """, forward: [".": "10.9.0.9"], upstreams)
    let soa = "authority: test. 60 IN SOA a.test. b.test. 1 2 3 4 60"
    for _ in 1...2 {
      #expect(server.ask("corp.test", .txt, dnssecOK: true) == "NOERROR rd ra\n\(soa)")
      #expect(server.ask("in.corp.test") == "NOERROR rd ra\n\(soa)")
      #expect(server.ask("no.corp.test") == "NXDOMAIN rd ra\n\(soa)")
    }
  }

  /// RFC 1034 §4.3.1: without recursion desired, only what is held here.
  @Test func RFC1034_4_3_1_withoutRecursionDesired() {
    let refused = "REFUSED ra\nerror 20: no zone of workspace acme holds this name, and recursion was not asked for"
    #expect(server.ask("nope.open.test", flags: []) == refused)
    #expect(server.ask("www.fwd.example", flags: []) == refused)
    #expect(server.ask("elsewhere.test", flags: []) == refused)
    #expect(server.ask("www.example", flags: []) == "NOERROR aa ra\nwww.example. 60 IN A 192.0.2.1")
  }

  /// A rule without upstreams is closed: its names do not exist, and nobody is asked.
  @Test func aClosedRuleSaysNameError() {
    #expect(
      server.ask("www.shut.test") == """
        NXDOMAIN rd ra
        authority: shut.test. 60 IN SOA ns.backroad.invalid. nobody.invalid. 1 3600 600 86400 60
        error 15: forwarding of shut.test. is closed in workspace acme
        """)
    #expect(!server.upstreams.asked.contains { $0.contains("shut.test") })
  }

  /// Who is told that a name is closed learns by whom, and so whom to ask to have it opened.
  @Test func whoClosedItIsTold() {
    let upstreams = ScriptedUpstreams(["www.open.local. A": "NOERROR\nwww.open.local. 50 A 198.51.100.1"])
    let settings = """
      {
        "clients": ["10.0.0.0/8"], "cache": "own",
        "forward": [{ "zone": "mine.test", "to": [] }, { "zone": "open.local", "to": ["10.9.0.1"] }]
      }
      """
    let server = TestServer(
      [TestWorkspace(settings: settings)], forward: [".": "10.9.0.9", "servers.test": ""], closesSpecialNames: true,
      upstreams)
    func error(_ name: String, _ type: RecordType = .a) -> String {
      String(server.ask(name, type).split(separator: "\n").last ?? "")
    }
    #expect(error("a.mine.test") == "error 15: forwarding of mine.test. is closed in workspace acme")
    #expect(error("a.servers.test") == "error 15: forwarding of servers.test. is closed by a rule of the server")
    let reasons = ", for no upstream has such names, a rule for it opens it"
    for (name, zone) in [
      ("4.3.2.10.in-addr.arpa", "10.in-addr.arpa."), ("printer.local", "local."),
      ("1.0.64.100.in-addr.arpa", "64.100.in-addr.arpa."), ("a.b.127.100.in-addr.arpa", "127.100.in-addr.arpa."),
    ] {
      #expect(server.ask(name).hasPrefix("NXDOMAIN"))
      #expect(error(name) == "error 15: forwarding of \(zone) is closed\(reasons)")
    }
    #expect(server.ask("www.open.local").hasSuffix("www.open.local. 50 IN A 198.51.100.1"))
    // RFC 9462 §6.4: no data, and not that there is no such name.
    #expect(server.ask("_dns.resolver.arpa", RecordType(64)).hasPrefix("NOERROR rd ra\nauthority: resolver.arpa."))
  }
}
