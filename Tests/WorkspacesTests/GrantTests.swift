import Forwarding
import Testing
import Text
import Wire

@testable import Workspaces

/// What workspaces may claim, and what becomes of claims beyond.
@Suite struct GrantTests {
  private func grants(_ text: String) throws -> Grants {
    try Grants(JSON.parse(Array(text.utf8), file: "backroad.json", comments: false), file: "backroad.json")
  }

  private func grant(of name: String, _ grants: Grants) throws -> Grant {
    let name = try #require(WorkspaceName(name))
    return try #require(grants.all[name])
  }

  private func messages(_ body: () throws -> Void) -> [String] {
    do {
      try body()
      return []
    } catch let error as Problems {
      return error.all.map { "\($0)" }
    } catch {
      return ["\(error)"]
    }
  }

  private func load(
    _ name: String, _ settings: String, _ grants: Grants?
  ) throws -> (workspace: Workspace?, problems: [Problem]) {
    let source = WorkspaceSource(
      name: try #require(WorkspaceName(name)), folder: "zones/\(name)",
      files: [WorkspaceFile.fileName: Array(settings.utf8)])
    return Workspace.load(source, serverRules: [], grants: grants)
  }

  // MARK: Reading

  @Test func aGrantIsRead() throws {
    let read = try grants(
      """
      { "acme": { "clients": ["10.1.0.0/16", "10.1.2.0/24", "fd00::/16"], "listen": ["10.0.0.53:5301"], "tokens": 4,
          "failover": true },
        "beta": {} }
      """)
    let acme = try grant(of: "acme", read)
    #expect(
      acme.clients.map(\.description) == ["10.1.0.0/16", "fd00::/16"], "what lies in another of its own is left out")
    #expect(acme.listeners.map(\.description) == ["10.0.0.53:5301"])
    #expect(acme.tokens == 4 && acme.failover)
    let beta = try grant(of: "beta", read)
    #expect(beta.clients.isEmpty && beta.listeners.isEmpty && beta.tokens == 0 && !beta.failover)
  }

  @Test(arguments: [
    ("[]", "backroad.json:1:1: \"grants\" must be an object"),
    ("{ \"Acme\": {} }", "backroad.json:1:3: \"Acme\" is not a workspace's name"),
    ("{ \"acme\": { \"token\": 1 } }", "backroad.json:1:13: unknown key \"token\"; did you mean \"tokens\"?"),
    ("{ \"acme\": { \"tokens\": 65 } }", "backroad.json:1:23: \"tokens\" must be a whole number from 0 to 64, not 65"),
    ("{ \"acme\": { \"failover\": 1 } }", "backroad.json:1:25: \"failover\" must be true or false"),
    ("{ \"acme\": { \"clients\": [\"10.1.0.1/16\"] } }", "backroad.json:1:25: \"10.1.0.1/16\" has bits set"),
    ("{ \"acme\": { \"listen\": [\"10.0.0.1\"] } }", "backroad.json:1:24: \"10.0.0.1\" is not an address and port"),
  ]) func saysWhatIsWrong(text: String, message: String) {
    let told = messages { _ = try grants(text) }
    #expect(told.count == 1 && told[0].hasPrefix(message), "\(told)")
  }

  /// Neither the same prefix nor one in another, in whichever order, nor a listening address.
  @Test func grantsOfTwoDoNotOverlap() {
    for (acme, beta) in [
      ("10.1.0.0/16", "10.1.0.0/16"), ("10.0.0.0/8", "10.1.0.0/16"), ("10.1.0.0/16", "10.0.0.0/8"),
      ("0.0.0.0/0", "192.0.2.1"), ("fd00::/16", "fd00:1::/64"),
    ] {
      let text = "{ \"acme\": { \"clients\": [\"\(acme)\"] },\n\"beta\": { \"clients\": [\"\(beta)\"] } }"
      let told = messages { _ = try grants(text) }
      #expect(told.count == 1 && told[0].hasPrefix("backroad.json:2:23: "), "\(acme) and \(beta): \(told)")
      #expect(told.first?.contains("to workspace beta, and") == true && told.first?.contains("workspace acme:") == true)
    }
    let listen = "\"listen\": [\"10.0.0.53:5301\"]"
    let told = messages { _ = try grants("{ \"acme\": { \(listen) },\n\"beta\": { \(listen) } }") }
    #expect(told.map { $0.prefix(57) } == ["backroad.json:2:22: 10.0.0.53:5301 is granted to workspac"])
    #expect(messages { _ = try grants("{ \"acme\": { \"clients\": [\"10.0.0.0/8\", \"10.0.0.0/8\"] } }") } == [])
  }

  /// Compared with looking at every pair, for prefixes that are mostly near each other.
  @Test func overlapsAreFoundWhateverTheOrder() throws {
    for seed in UInt64(1)...300 {
      var state = seed
      func random(_ bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
      }
      var given: [(Int, IPPrefix)] = []
      for _ in 0..<6 {
        let prefix = try #require(
          IPPrefix(.v4(0x0a00_0000 | UInt32(random(64)) << 18), length: 8 + Int(random(9))))
        given.append((Int(random(3)), prefix))
      }
      let text = (0..<3).map { owner in
        "\"w\(owner)\": { \"clients\": [\(given.filter { $0.0 == owner }.map { "\"\($0.1)\"" }.joined(separator: ", "))] }"
      }
      let overlaps = given.contains { a in
        given.contains { b in a.0 != b.0 && (a.1.contains(b.1.base) || b.1.contains(a.1.base)) }
      }
      let told = messages { _ = try grants("{ \(text.joined(separator: ", ")) }") }
      #expect(told.isEmpty == !overlaps, "\(text): \(told)")
      guard !overlaps else { continue }
      let read = try grants("{ \(text.joined(separator: ", ")) }")
      for owner in 0..<3 {
        let grant = try grant(of: "w\(owner)", read)
        let own = given.filter { $0.0 == owner }.map(\.1)
        for (_, claim) in given {
          let isIn = own.contains { $0.length <= claim.length && $0.contains(claim.base) }
          #expect(grant.holds(claim) == isIn, "\(claim) in \(own)")
        }
      }
    }
  }

  // MARK: Claims

  @Test(
    arguments: [
      ("\"clients\": [\"10.1.0.0/16\"]", nil), ("\"clients\": [\"10.1.0.0/17\", \"10.1.128.0/17\"]", nil),
      ("\"clients\": [\"10.1.2.3\"], \"listen\": [\"10.0.0.53:5301\"]", nil),
      ("\"clients\": [\n\"10.0.0.0/8\"]", "2:1: 10.0.0.0/8 is not in the grant of workspace acme (backroad.json:1:3)"),
      ("\"clients\": [\"0.0.0.0/0\"]", "1:15: 0.0.0.0/0 is not in the grant"),
      ("\"clients\": [\"10.2.0.0/24\"]", "1:15: 10.2.0.0/24 is not in the grant"),
      ("\"clients\": [\"10.0.255.255\"]", "1:15: 10.0.255.255/32 is not in the grant"),
      ("\"clients\": [\"::/0\"]", "1:15: ::/0 is not in the grant"),
      ("\"listen\": [\"10.0.0.53:53\"]", "1:14: the listening address 10.0.0.53:53 is not in the grant"),
      (
        "\"tokens\": [{ \"id\": \"a\", \"sha256\": \"\(ClaimTests.digest)\" }, { \"id\": \"b\", \"sha256\": \"\(ClaimTests.other)\" }]",
        "1:107: workspace acme has 2 tokens and 1 granted in backroad.json"
      ),
    ] as [(String, String?)])
  func aClaimBeyondTheGrantIsAnErrorOfThatWorkspaceAlone(claims: String, message: String?) throws {
    let grants = try grants(
      """
      { "acme": { "clients": ["10.1.0.0/16"], "listen": ["10.0.0.53:5301"], "tokens": 1 },
        "beta": { "clients": ["10.2.0.0/16"] } }
      """)
    let (workspace, problems) = try load("acme", "{ \(claims) }", grants)
    #expect((workspace != nil) == (message == nil))
    #expect(problems.map { "\($0)" }.allSatisfy { $0.hasPrefix("zones/acme/workspace.json:\(message ?? "-")") })
    #expect(problems.count == (message == nil ? 0 : 1), "\(problems)")
    #expect(try load("beta", "{ \"clients\": [\"10.2.0.0/16\"] }", grants).workspace != nil)
  }

  @Test func withoutAGrantNothingMayBeClaimed() throws {
    let grants = try grants("{}")
    let (workspace, problems) = try load("acme", "{ \"clients\": [\"10.1.0.0/16\"] }", grants)
    #expect(workspace == nil)
    #expect(
      problems.map { "\($0)" } == [
        "zones/acme/workspace.json:1:15: 10.1.0.0/16 is not granted: backroad.json has no grant for workspace acme; "
          + "have it granted, or claim a part of what is"
      ])
    #expect(try load("acme", "{}", grants).workspace != nil, "it may be there")
    #expect(try load("acme", "{ \"clients\": [\"10.1.0.0/16\"] }", nil).workspace != nil)
  }

  @Test func nestedPrefixesOfGrantsAreNoConflict() throws {
    let grants = try grants(
      "{ \"acme\": { \"clients\": [\"10.0.0.0/8\"] }, \"beta\": { \"clients\": [\"11.0.0.0/8\"] } }")
    let acme = try load("acme", "{ \"clients\": [\"10.0.0.0/8\", \"10.1.0.0/16\"] }", grants).workspace
    let beta = try load("beta", "{ \"clients\": [\"11.0.0.0/8\"] }", grants).workspace
    #expect(Snapshot.make([acme, beta].compactMap { $0 }, grants: grants).problems == [])
  }

  // MARK: Leases and tokens

  private func asking(_ client: String, token: UInt8? = nil, lease: Int? = nil) -> Asking {
    Asking(client: IPAddress(client) ?? .v4(0), token: token.map { SHA256.digest([$0]) }, leasedTo: lease)
  }

  @Test func aLeaseOfWhatIsAnothersCountsForNothing() throws {
    let grants = try grants(
      "{ \"acme\": { \"clients\": [\"10.1.0.0/16\"] }, \"gone\": { \"clients\": [\"10.3.0.0/16\"] }, \"beta\": {} }")
    let acme = try load("acme", "{ \"clients\": [\"10.1.1.0/24\"] }", grants).workspace
    let beta = try load("beta", "{}", grants).workspace
    let snapshot = Snapshot.make([acme, beta].compactMap { $0 }, grants: grants).snapshot
    let (a, b) = (0, 1)
    #expect(try snapshot.decide(asking("10.1.1.1", lease: b)).get().workspace == a)
    #expect(snapshot.decide(asking("10.1.2.1", lease: b)) == .failure(.nobodys), "though acme does not claim it now")
    #expect(snapshot.decide(asking("10.3.0.1", lease: b)) == .failure(.nobodys), "though nobody of the grant is there")
    #expect(try snapshot.decide(asking("10.1.2.1", lease: a)).get().workspace == a)
    #expect(try snapshot.decide(asking("10.9.0.1", lease: b)).get().workspace == b, "nobody's address")
    // Nor is it given.
    var book = LeaseBook(seed: 1)
    let surroundings = LeaseSurroundings(
      clients: ClientMap([]), index: { snapshot.workspaces.slot(of: $0) }, name: { snapshot.workspaces[$0].name },
      grants: snapshot.grants)
    let (name, now) = (try #require(WorkspaceName("beta")), Instant(nanoseconds: 0))
    func lease(_ text: String) throws {
      let address = try #require(IPAddress(text))
      try book.checkGrant([address], to: name, ttlSeconds: 60, in: surroundings, now: now)
    }
    let others = try #require(IPAddress("10.1.2.1"))
    #expect(throws: LeaseRefusal.granted(others, name)) { try lease("10.1.2.1") }
    try lease("10.9.0.1")
  }

  @Test func aCopiedTokenIsDecidedByAllElse() throws {
    let grants = try grants(
      """
      { "acme": { "clients": ["10.1.0.0/16"], "tokens": 1 }, "beta": { "clients": ["10.2.0.0/16"], "tokens": 1 },
        "gamma": { "clients": ["10.3.0.0/16"] } }
      """)
    let token = "\"tokens\": [{ \"id\": \"t\", \"sha256\": \"\(SHA256.digest([7]))\" }]"
    let loaded = try [("acme", 1), ("beta", 2), ("gamma", 3)].map { name, part in
      try load(name, "{ \"clients\": [\"10.\(part).0.0/16\"]\(part < 3 ? ", " + token : "") }", grants).workspace
    }
    let (snapshot, problems) = Snapshot.make(loaded.compactMap { $0 }, grants: grants)
    #expect(problems.map(\.file) == ["zones/beta/workspace.json"])
    for workspace in 0...1 {
      let decision = try snapshot.decide(asking("10.\(workspace + 1).0.1", token: 7)).get()
      #expect(decision.workspace == workspace && decision.shown == [BasisSet(.token), BasisSet(.clients)])
    }
    #expect(snapshot.decide(asking("10.9.0.1", token: 7)) == .failure(.disputed(.token)))
    #expect(snapshot.decide(asking("10.3.0.1", token: 7)) == .failure(.disputed(.token)))
    #expect(try snapshot.decide(asking("10.9.0.1", token: 7, lease: 1)).get().workspace == 1)
  }
}
