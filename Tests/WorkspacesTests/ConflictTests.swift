import Bounds
import Testing
import Text
import Wire

@testable import Workspaces

/// What is told of claims that meet, and whose a query is where a required proof meets others' weaker claims.
@Suite struct ConflictTests {
  private static func workspace(_ name: String, _ settings: String) throws -> Workspace {
    let source = WorkspaceSource(
      name: try #require(WorkspaceName(name)), folder: "zones/\(name)",
      files: [WorkspaceFile.fileName: Array(settings.utf8)])
    let (workspace, problems) = Workspace.load(source, serverRules: [])
    return try #require(workspace, "\(problems)")
  }

  private static func clients(_ prefixes: [String]) -> String { "{ \"clients\": \(prefixes) }" }

  // MARK: What is told

  @Test func overlapsAreWarnedOf() throws {
    let (_, problems) = Snapshot.make([
      try Self.workspace("acme", Self.clients(["10.0.0.0/8", "10.1.0.0/16"])),
      try Self.workspace("beta", "{\n \"clients\": [\"192.0.2.0/24\",\n\"10.1.0.0/17\", \"10.1.128.0/17\"] }"),
      try Self.workspace("gamma", Self.clients(["::/0"])),
    ])
    #expect(problems.allSatisfy { $0.severity == .warning })
    for (problem, start) in zip(
      problems,
      [
        """
        zones/beta/workspace.json:3:1: warning: the clients 10.1.0.0/17 lie in 10.1.0.0/16 of workspace acme \
        (zones/acme/workspace.json:1:29), and the longest
        """,
        """
        zones/beta/workspace.json:3:16: warning: the clients 10.1.128.0/17 lie in 10.1.0.0/16 of workspace acme \
        (zones/acme/workspace.json:1:29), and the longest
        """, "zones/gamma/workspace.json:1:15: warning: ::/0 takes in everybody: ",
      ])
    { #expect("\(problem)".hasPrefix(start), "\(problem)") }
    #expect(problems.count == 3)
    #expect(
      Snapshot.make([try Self.workspace("acme", Self.clients(["0.0.0.0/0"]))]).problems == [], "nobody else is there")
  }

  @Test func listenersThatLeaveOthersNoneAreWarnedOf() throws {
    let own = OwnAddresses(["127.0.0.1:1", "127.0.0.1:2"].compactMap { SocketAddress($0, defaultPort: 0) })
    let acme = try Self.workspace("acme", "{ \"listen\": [\"127.0.0.1:1\"] }")
    let beta = try Self.workspace("beta", Self.clients(["10.1.0.0/16"]))
    #expect(Snapshot.make([acme, beta], own: own).problems == [])
    let gamma = try Self.workspace("gamma", "{ \"listen\": [\"127.0.0.1:2\"] }")
    let told = Snapshot.make([acme, beta, gamma], own: own).problems
    #expect(told.map(\.file) == ["zones/acme/workspace.json", "zones/gamma/workspace.json"])
    let start =
      "every address that the server listens on is some workspace's own, so clients of those without one (beta)"
    #expect(told.allSatisfy { $0.severity == .warning && $0.position != nil && $0.message.hasPrefix(start) })
    #expect(Snapshot.make([acme, gamma], own: own).problems == [])
  }

  /// A change is told of once, with what it meets, and what stays is not told of again.
  @Test func onlyWhatIsNewIsTold() throws {
    var builder = SnapshotBuilder()
    builder.set(try Self.workspace("acme", Self.clients(["10.0.0.0/8"])))
    builder.set(try Self.workspace("beta", Self.clients(["10.1.0.0/16"])))
    #expect(builder.build().map(\.problem.file) == ["zones/beta/workspace.json"])
    builder.set(try Self.workspace("gamma", Self.clients(["10.2.0.0/16"])))
    #expect(builder.build().map(\.problem.file) == ["zones/gamma/workspace.json"])
    builder.set(try Self.workspace("acme", Self.clients(["10.0.0.0/7"])))
    #expect(
      builder.build().map(\.problem.file) == ["zones/beta/workspace.json", "zones/gamma/workspace.json"],
      "the outer one too")
    builder.set(try Self.workspace("beta", "{ \"clients\": [\"10.1.0.0/16\"], \"cache\": \"own\" }"))
    #expect(builder.build() == [])
  }

  /// However many claims one file makes, the log has a few lines of them.
  @Test func problemsOfConflictsAreBounded() throws {
    var builder = SnapshotBuilder()
    for index in 0..<60 { builder.set(try Self.workspace("w\(index)", Self.clients(["10.\(index).0.0/16"]))) }
    #expect(builder.build() == [])
    let hostile = (0..<60).flatMap { ["10.\($0).0.0/17", "10.\($0).128.0/17", "10.\($0).0.0/16"] }
    builder.set(try Self.workspace("x", Self.clients(hostile + ["10.0.0.0/8"])))
    let problems = builder.build()
    #expect(problems.count == Limits.Workspaces.conflictsTold + 1)
    #expect(
      problems.last.map { "\($0.problem)" }
        == "zones/x/workspace.json: warning: 220 more claims of workspace x meet those of "
        + "others; backroad check shows them all", "60 ties, 120 halves, and 60 prefixes in its largest")
  }

  /// Who claims something else each time is told of as the one that does, and takes nothing of what is told of others.
  @Test func whatIsToldIsOfWhoeverHasChanged() throws {
    var builder = SnapshotBuilder()
    builder.set(try Self.workspace("a-hostile", Self.clients(["192.0.2.1"])))
    builder.set(try Self.workspace("beta", Self.clients((0..<60).map { "10.\($0).0.0/16" })))
    builder.set(try Self.workspace("gamma", Self.clients(["172.16.0.0/16"])))
    #expect(builder.build() == [])
    // The ties are told at beta's file, which comes second by its name.
    builder.set(try Self.workspace("a-hostile", Self.clients((0..<60).map { "10.\($0).0.0/16" })))
    let hostile = builder.build()
    #expect(Set(hostile.map(\.claimant.description)) == ["a-hostile"])
    #expect(hostile.count == Limits.Workspaces.conflictsTold + 1)
    #expect(hostile.prefix(20).allSatisfy { $0.problem.file == "zones/beta/workspace.json" })
    // At the same time as another's.
    builder.set(try Self.workspace("a-hostile", Self.clients((0..<59).map { "10.\($0).0.0/16" } + ["192.0.2.1"])))
    builder.set(try Self.workspace("gamma", Self.clients(["172.16.0.0/16", "10.59.0.0/16"])))
    let both = builder.build()
    let gammas = both.filter { $0.claimant.description == "gamma" }.map { "\($0.problem)" }
    #expect(
      gammas.count == 1 && gammas[0].contains("are those of workspace beta too"), "\(both.map { "\($0.problem)" })")
  }

  // MARK: Prefixes

  /// A workspace's own look-up is that of a map with its prefixes alone.
  @Test func aMapKnowsEachWorkspacesOwnPrefixes() throws {
    for _ in 0..<200 {
      var claims: Set<[Int]> = []
      var perWorkspace: [[ClientMap.Claim]] = [[], [], []]
      var all: [ClientMap.Claim] = []
      for _ in 0..<12 {
        let (slot, length, bits) = (Int.random(in: 0...2), Int.random(in: 0...6), Int.random(in: 0..<64))
        let prefix = try #require(IPPrefix(.v4(UInt32(bits) << 26), length: length))
        guard claims.insert([slot, length, Int("\(prefix.base)".split(separator: ".")[0]) ?? 0]).inserted else {
          continue
        }
        let claim = ClientMap.Claim(prefix: prefix, slot: Int32(slot), image: Int32(slot), index: 0)
        all.append(claim)
        perWorkspace[slot].append(claim)
      }
      let map = ClientMap(sorted: all.sorted())
      for slot in 0...2 {
        let alone = ClientMap(sorted: perWorkspace[slot].sorted())
        for bits in 0..<64 as Range<UInt32> {
          let address = IPAddress.v4(bits << 26 | 77)
          let expected = alone.find(address).map { alone.entry(at: $0).prefix }
          #expect(map.find(address, of: slot).map { map.entry(at: $0).prefix } == expected)
        }
      }
    }
  }

  // MARK: Deciding

  private static func digest(_ octet: UInt8) -> String {
    "\"tokens\": [{ \"id\": \"t\", \"sha256\": \"\(SHA256.digest([octet]))\" }]"
  }

  /// A workspace whose clients, at an address of its own, have tokens and leases; and one that claims all of that but
  /// the secret.
  private func snapshot(require: String, hostile: String = "") throws -> Snapshot {
    Snapshot.make([
      try Self.workspace(
        "acme",
        "{ \"clients\": [\"10.1.0.0/16\"], \"listen\": [\"127.0.0.1:1\"], \(Self.digest(1)), \"require\": \(require) }"),
      try Self.workspace(
        "hostile",
        """
        { "clients": ["0.0.0.0/0", "10.1.0.0/16", "10.1.0.0/17", "10.1.1.1"], "listen": ["127.0.0.1:1", "127.0.0.1:2"],
          \(Self.digest(2))\(hostile) }
        """),
    ]).snapshot
  }

  private func asking(_ client: String, token: UInt8? = nil, listener: UInt16? = nil, lease: Int? = nil) -> Asking {
    Asking(
      client: IPAddress(client) ?? .v4(0), token: token.map { SHA256.digest([$0]) },
      listener: listener.map { SocketAddress(.v4(0x7f00_0001), port: $0) }, leasedTo: lease)
  }

  @Test func whatIsRequiredIsNotUndoneByWeakerClaims() throws {
    for hostile in ["", ", \"require\": [\"listener\"]", ", \"require\": [\"clients\", \"lease\"]"] {
      let token = try snapshot(require: "[\"token\"]", hostile: hostile)
      for client in ["10.1.1.1", "10.1.200.1", "192.0.2.1"] {
        for listener in [nil, 1, 2] as [UInt16?] {
          for lease in [nil, 0, 1] as [Int?] {
            let asking = asking(client, token: 1, listener: listener, lease: lease)
            #expect(try token.decide(asking).get().workspace == 0, "\(asking)")
          }
        }
      }
      let lease = try snapshot(require: "[\"lease\"]", hostile: hostile)
      #expect(try lease.decide(asking("10.1.1.1", listener: 2, lease: 0)).get().workspace == 0)
      // A token is stronger, whoever requires the lease.
      #expect(
        lease.decide(asking("10.1.1.1", token: 2, lease: 0))
          == .failure(.violation(.init(basis: .token, workspace: 1), .init(basis: .lease, workspace: 0))))
    }
  }

  /// Its own prefixes and listening addresses count as if there were no others.
  @Test func whatElseIsRequiredIsLookedUpAlone() throws {
    let snapshot = try snapshot(require: "[\"token\", \"clients\", \"listener\"]")
    let decision = try snapshot.decide(asking("10.1.1.1", token: 1, listener: 1)).get()
    #expect(decision.workspace == 0 && decision.shown.all == [.token, .listener, .clients])
    #expect(decision.clientEntry.map { "\(snapshot.clients.entry(at: $0).prefix)" } == "10.1.0.0/16")
    #expect(snapshot.decide(asking("10.1.1.1", token: 1, listener: 2)) == .failure(.missing(.listener)))
    #expect(snapshot.decide(asking("192.0.2.1", token: 1, listener: 1)) == .failure(.missing(.clients)))
  }

  /// Where nothing is required, or only what a file can claim, what disagrees is refused: neither is believed.
  @Test func withoutThatAllHasToAgree() throws {
    for require in ["[]", "[\"listener\"]", "[\"clients\"]"] {
      let snapshot = try snapshot(require: require, hostile: ", \"require\": [\"listener\"]")
      for asking in [
        asking("192.0.2.1", token: 1), asking("10.1.200.1", listener: 2), asking("10.1.1.1", listener: 1, lease: 0),
      ] {
        #expect(throws: AskRefusal.self) { try snapshot.decide(asking).get() }
      }
    }
  }
}
