import Answering
import Forwarding
import TestKit
import Testing
import Text
import Wire
import Workspaces
import Zones

/// What `explain` tells is what happens: it goes the same way as an answer, and leaves no trace.
@Suite struct ExplainTests {
  static func explainer(
    _ server: TestServer, _ surroundings: ExplainSurroundings = ExplainSurroundings()
  ) -> Explainer {
    Explainer(
      snapshot: server.snapshot, cache: server.upstreams.cache,
      responder: Responder(identity: ServerIdentity(version: "backroad test", hostName: "host.test")),
      now: server.upstreams.now, surroundings: surroundings)
  }

  /// A prefix out of `"client-zones"` is not in `"clients"`: whoever looks for it is told where it is from.
  @Test func theZoneOfAClientIsTold() throws {
    let server = TestServer([
      TestWorkspace(
        settings: """
          { "clients": ["10.0.0.0/8"], "client-zones": { "us-east-1a": ["10.1.0.0/16"], "us-east-1c": ["10.2.0.0/16"] } }
          """, zones: ["corp.example": "www A 10.9.0.1\n"], zonal: ["us-east-1a": ["10.9.0.1"]])
    ])
    let told = Self.explain(server, "www.corp.example", from: "10.1.0.1")
    #expect(
      told.text.contains(
        "that holds it, 10.1.0.0/16, in the availability zone us-east-1a, whose addresses it is given first\n"),
      "\(told.text)")
    #expect(told.json.compactText.contains(#""zone": "us-east-1a""#), "\(told.json.compactText)")
    // A zone without addresses decides nothing.
    for client in ["10.2.0.1", "10.3.0.1"] {
      #expect(Self.explain(server, "www.corp.example", from: client).text.contains("that holds it, 10.0.0.0/8\n"))
    }
  }

  /// What `next` says and how it ends are one thing.
  @Test func withAllUpstreamsDownItEndsAtOnce() throws {
    let server = TestServer(zones: [:], forward: [".": "10.9.0.9"])
    var surroundings = ExplainSurroundings()
    let upstream = try #require(Upstream("10.9.0.9"))
    surroundings.troubles = { [upstream: "is silent"] }
    var explainer = Self.explainer(server, surroundings)
    let client = ExplainRequest.Asker.client(.v4(0x0a00_0001), token: nil, listener: nil)
    let told = explainer.explain(ExplainRequest(client, name("www.elsewhere"), .a))
    #expect(
      told.text.contains("10.9.0.9 is silent; the client gets SERVFAIL at once\noutcome  SERVFAIL\n"), "\(told.text)")
    #expect(told.json.compactText.contains(#""kind": "failure""#), "\(told.json.compactText)")
  }

  static func explain(
    _ server: TestServer, _ question: String, _ type: RecordType = .a, from client: String = "10.0.0.1"
  ) -> Explanation {
    var explainer = explainer(server)
    let asker = IPAddress(client).map { ExplainRequest.Asker.client($0, token: nil, listener: nil) } ?? .workspace(0)
    return explainer.explain(ExplainRequest(asker, name(question), type))
  }

  /// The server's answer to the same question, read the same way.
  static func answer(_ server: TestServer, _ question: Name, _ type: RecordType) throws -> MessageListing {
    let message = RawMessage.query(question.wire, type, additional: 1).opt(size: 1_232)
    let answer = try #require(server.answer(message.octets, via: .tcp))
    return try MessageListing(answer.span)
  }

  /// Random zones with names that leave them, before and after upstreams answered: the outcome is the server's answer,
  /// and the question that is asked of upstreams is the one that it says.
  @Test(arguments: Seeds.all) func theOutcomeIsTheAnswer(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var (compared, foretold) = (0, 0)
    while compared < 1_500 {
      guard let server = Self.server(&random) else { continue }
      for _ in 0..<20 {
        let question = random.questionName()
        let type = random.pick([RecordType.a, .a, .aaaa, .txt, .cname, .any, .ds])
        var explainer = Self.explainer(server)
        let client = ExplainRequest.Asker.client(.v4(0x0a00_0001), token: nil, listener: nil)
        let request = ExplainRequest(client, question, type)
        let before = explainer.explain(request)
        #expect(Self.text(explainer.explain(request)) == Self.text(before), "telling changes nothing")
        let askedBefore = server.upstreams.asked.count
        let answer = try Self.answer(server, question, type)
        let asked = server.upstreams.asked.dropFirst(askedBefore)
        switch before.outcome {
        case .answer(let told):
          #expect(told == answer, "\(question) \(type)\n\(before.text)")
          #expect(asked.isEmpty)
        case .asks(let first):
          foretold += 1
          #expect(asked.first?.hasSuffix(" \(first.name) \(first.type)") == true, "\(before.text)")
        case .silence, .failure, .staleAnswer: Issue.record("\(question) \(type) has an answer")
        }
        compared += 1
      }
    }
    #expect(foretold > 100)
  }

  private static func text(_ explanation: Explanation) -> String { explanation.text + explanation.json.text }

  /// Zones as the model test has them, with upstreams that know some of the names beyond.
  private static func server(_ random: inout SeededGenerator) -> TestServer? {
    var zones: [String: String] = [:]
    for apex in ["example", "test"] {
      var text = TestWorkspace.preamble
      for _ in 0..<Int.random(in: 1...14, using: &random) { text += random.recordLine(apex) }
      let zoneName = name(apex)
      let parsed = MasterFile.parse(Array(text.utf8), file: apex, origin: zoneName)
      guard Zone.check(parsed, apex: zoneName).0 != nil else { return nil }
      zones[apex] = text
    }
    let script = [
      "x.elsewhere. A": "NOERROR\nx.elsewhere. 50 A 198.51.100.1",
      "x.elsewhere. TXT": "NOERROR\nauthority: elsewhere. 30 SOA ns.elsewhere. host.elsewhere. 1 2 3 4 30",
      "a.elsewhere. A": "NOERROR\na.elsewhere. 50 CNAME a.example.",
      "b.elsewhere. A": "NXDOMAIN\nauthority: elsewhere. 30 SOA ns.elsewhere. host.elsewhere. 1 2 3 4 30",
      "c.elsewhere. A": "NOERROR\nc.elsewhere. 50 CNAME d.far.\nd.far. 50 A 198.51.100.2",
    ]
    return TestServer(zones: zones, forward: ["elsewhere": "10.9.0.9"], ScriptedUpstreams(script))
  }

  @Test func everyStepIsTold() {
    let server = TestServer(
      zones: [
        "corp.example": """
        www     60 CNAME db
        db      60 A     192.0.2.1
        *.wild  60 A     192.0.2.2
        out     60 CNAME far.public.test.
        child   60 NS    ns.elsewhere.
        d       60 DNAME other.example.
        """
      ],
      settings: #"{ "clients": ["10.0.0.0/8"], "forward": [{ "zone": "closed.test", "to": [] }] }"#,
      forward: [".": "10.9.0.9"],
      ScriptedUpstreams(["far.public.test. A": "NOERROR\nfar.public.test. 50 A 198.51.100.1"]))
    #expect(
      Self.explain(server, "www.corp.example").text == """
        who      10.0.0.1 is a client of workspace acme, by the longest client prefix that holds it, 10.0.0.0/8
        zone     www.corp.example.: zone corp.example. holds it: a CNAME to db.corp.example.
        zone     db.corp.example.: zone corp.example. holds it: 1 A record
        outcome  NOERROR
                 www.corp.example. 60 IN CNAME db.corp.example.
                 db.corp.example. 60 IN A 192.0.2.1

        """)
    let lines: [(String, String)] = [
      ("a.wild.corp.example", "the wildcard *.wild.corp.example. of zone corp.example. answers for it: 1 A record\n"),
      ("nope.corp.example", "zone     nope.corp.example.: zone corp.example. holds no such name\n"),
      ("x.child.corp.example", "zone corp.example. delegates child.corp.example. to other servers\n"),
      ("x.d.corp.example", "zone corp.example. has a DNAME at d.corp.example. to other.example.\n"),
      ("public.test", "zone     public.test.: no zone of workspace acme holds it\n"),
      ("public.test", "forward  public.test.: the server's rule for . takes it to 10.9.0.9\n"),
      ("public.test", "cache    public.test. A: nothing\nnext     10.9.0.9 would be asked for public.test. A\n"),
      ("a.closed.test", "workspace acme's rule for closed.test. takes it, which is closed\n"),
    ]
    for (question, line) in lines {
      let text = Self.explain(server, question).text
      #expect(text.contains(line), "\(text)")
    }
  }

  @Test func theCacheIsToldOfAsTimeGoesBy() {
    let server = TestServer(
      zones: [:], forward: [".": "10.9.0.9"],
      ScriptedUpstreams(["far.test. A": "NOERROR\nfar.test. 50 A 198.51.100.1"]))
    _ = server.ask("far.test")
    _ = server.ask("silent.test")
    func says(_ question: String, _ line: String) {
      let text = Self.explain(server, question).text
      #expect(text.contains(line), "\(text)")
    }
    says("silent.test", "cache    silent.test. A: asking failed a moment ago: ")
    server.upstreams.now = server.upstreams.now + .seconds(20)
    says("far.test", " s ago, good for ")
    server.upstreams.now = server.upstreams.now + .seconds(100)
    says("far.test", " s ago, past its TTL\n")
    says("far.test", "if they do not answer, the client gets the answer past its TTL\n")
  }

  @Test func upstreamsThatAreDownAreToldOf() {
    let server = TestServer(zones: [:], forward: [".": "10.9.0.9"], ScriptedUpstreams([:]))
    for (trouble, line) in [
      (nil, "next     10.9.0.9 would be asked for far.test. A\n"),
      (
        "is silent for 7 s",
        "next     10.9.0.9 would be asked for far.test. A; 10.9.0.9 is silent for 7 s; the client gets SERVFAIL at once\n"
      ),
    ] as [(String?, String)] {
      let upstream = server.snapshot.workspaces[0].rules.rules[0].upstreams[0]
      var surroundings = ExplainSurroundings()
      surroundings.troubles = { trouble.map { [upstream: $0] } ?? [:] }
      var explainer = Self.explainer(server, surroundings)
      let told = explainer.explain(ExplainRequest(.workspace(0), name("far.test"), .a)).text
      #expect(told.contains(line), "\(told)")
    }
  }

  @Test func whoIsRefusedIsToldWhy() {
    let server = TestServer(zones: ["example": "a A 192.0.2.1\n"])
    let text = Self.explain(server, "a.example", from: "192.0.2.77").text
    #expect(text.hasPrefix("who      192.0.2.77 is refused: no workspace has it: add it to the clients of one, or"))
    #expect(text.contains("\noutcome  REFUSED\n         EDE 18: client 192.0.2.77 is in no workspace"))
  }

  /// A workspace's question is answered as its clients' are.
  @Test func aWorkspaceCanBeNamed() throws {
    let server = TestServer(zones: ["example": "a A 192.0.2.1\n"])
    let acme = try #require(WorkspaceName("acme"))
    let slot = try #require(server.snapshot.workspaces.slot(of: acme))
    var explainer = Self.explainer(server)
    let told = explainer.explain(ExplainRequest(.workspace(slot), name("a.example"), .a))
    #expect(told.text.hasPrefix("who      taken for a client of workspace acme\n"))
    guard case .answer(let answer) = told.outcome else {
      Issue.record("no answer")
      return
    }
    let expected = try Self.answer(server, name("a.example"), .a)
    #expect(answer == expected)
  }
}
