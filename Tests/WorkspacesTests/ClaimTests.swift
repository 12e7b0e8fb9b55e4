import Testing
import Text
import Wire

@testable import Workspaces

/// What a workspace's file claims beside prefixes, and what becomes of two that claim the same.
@Suite struct ClaimTests {
  static let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
  static let other = "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"

  private func read(_ text: String) throws -> WorkspaceClaims {
    try WorkspaceFile(Array(text.utf8), file: "w").claims
  }

  @Test func readsClaims() throws {
    let claims = try read(
      """
      {
        "tokens": [{ "id": "one", "sha256": "\(Self.digest)", "comment": "first" },
                   { "id": "two", "sha256": "\(Self.other.uppercased())" }],
        "listen": ["127.0.0.1:5301", "[::1]:5302"],
        "require": ["token", "clients", "lease"]
      }
      """)
    #expect(claims.tokens.map(\.id) == ["one", "two"])
    #expect(claims.tokens.map { "\($0.digest)" } == [Self.digest, Self.other])
    #expect(claims.tokens.map(\.comment) == ["first", nil])
    #expect(claims.listeners.map { "\($0.address)" } == ["127.0.0.1:5301", "[::1]:5302"])
    #expect(claims.required.all == [.token, .lease, .clients])
  }

  @Test(arguments: [
    (#"{"tokens": {}}"#, "\"tokens\" must be a list"), (#"{"tokens": [7]}"#, "a token must be an object"),
    (#"{"tokens": [{"id": "a"}]}"#, "a token has an \"id\" and a \"sha256\""),
    (#"{"tokens": [{"id": "A", "sha256": ""}]}"#, "\"A\" is not a token's id"),
    (#"{"tokens": [{"id": "a", "sha256": "12"}]}"#, "64 hexadecimal digits"),
    (#"{"tokens": [{"id": "a", "sha25": "12"}]}"#, "unknown key \"sha25\"; did you mean \"sha256\"?"),
    (#"{"listen": ["127.0.0.1"]}"#, "\"127.0.0.1\" is not an address and port"),
    (#"{"listen": ["127.0.0.1:1", "127.0.0.1:1"]}"#, "127.0.0.1:1 stands here twice, first in line 1"),
    (#"{"require": ["tokens"]}"#, "\"tokens\" cannot be required; did you mean \"token\"?"),
    (#"{"require": "token"}"#, "\"require\" must be a list"),
  ]) func saysWhatIsWrong(text: String, message: String) {
    #expect {
      _ = try read(text)
    } throws: { error in
      (error as? Problems)?.all.contains { $0.message.contains(message) && $0.position != nil } == true
    }
  }

  @Test func aTokenStandsOnce() {
    for second in [
      "{ \"id\": \"a\", \"sha256\": \"\(Self.other)\" }", "{ \"id\": \"b\", \"sha256\": \"\(Self.digest)\" }",
    ] {
      #expect(throws: Problems.self) {
        try read("{ \"tokens\": [{ \"id\": \"a\", \"sha256\": \"\(Self.digest)\" }, \(second)] }")
      }
    }
  }

  private func workspace(
    _ name: String, _ text: String, listeners: [SocketAddress] = []
  ) throws -> (workspace: Workspace, problems: [Problem]) {
    let source = WorkspaceSource(
      name: try #require(WorkspaceName(name)), folder: "zones/\(name)",
      files: [WorkspaceFile.fileName: Array(text.utf8)])
    let (workspace, problems) = Workspace.load(source, serverRules: [], own: OwnAddresses(listeners))
    return (try #require(workspace, "\(problems)"), problems)
  }

  @Test func tiesAreErrorsThatNameBoth() throws {
    let token = "\"tokens\": [{ \"id\": \"t\", \"sha256\": \"\(Self.digest)\" }]"
    let listen = "\"listen\": [\"127.0.0.1:5301\"]"
    let (snapshot, problems) = Snapshot.make([
      try workspace("acme", "{ \(token), \(listen), \"clients\": [\"10.1.0.0/16\"] }").workspace,
      try workspace("beta", "{\n  \(token),\n  \(listen) }").workspace,
      try workspace("gamma", "{ \(token) }").workspace,
    ])
    #expect(problems.allSatisfy { $0.severity == .error })
    #expect(
      problems.map { "\($0.file ?? ""):\($0.position?.line ?? 0) \($0.message.prefix(54))" } == [
        "zones/beta/workspace.json:2 the token \"t\" is one of workspace acme too, so whoever",
        "zones/beta/workspace.json:3 the listening address 127.0.0.1:5301 is that of worksp",
        "zones/gamma/workspace.json:1 the token \"t\" is one of workspace acme too, so whoever",
      ])
    // Then nobody has it, and nothing stronger or weaker helps.
    let client = try #require(IPAddress("10.1.0.1"))
    let digest = try #require(SHA256Digest(Self.digest))
    let listener = SocketAddress("127.0.0.1:5301", defaultPort: 0)
    #expect(snapshot.decide(Asking(client: client, token: digest)) == .failure(.disputed(.token)))
    #expect(snapshot.decide(Asking(client: client, listener: listener)) == .failure(.disputed(.listener)))
    #expect(try snapshot.decide(Asking(client: client)).get().workspace == 0)
  }

  @Test func warnsOfWhatHasNoEffect() throws {
    let own = [try #require(SocketAddress("127.0.0.1:5300", defaultPort: 0))]
    let text =
      "{ \"listen\": [\"127.0.0.1:5301\", \"127.0.0.1:5300\"], \"require\": [\"token\", \"clients\", \"lease\"] }"
    let problems = try workspace("acme", text, listeners: own).problems
    #expect(problems.allSatisfy { $0.severity == .warning && $0.file == "zones/acme/workspace.json" })
    #expect(
      problems.map(\.message) == [
        "the server does not listen on 127.0.0.1:5301, so this does nothing; "
          + "start it with --listen 127.0.0.1:5301 too, or remove the address",
        "\"token\" is required and this file has none, so everybody is refused; make one with backroad workspace token",
        "\"clients\" is required and this file has none, so everybody is refused; name some in \"clients\"",
      ])
    // `backroad check` does not know where a server listens.
    #expect(try workspace("acme", text).problems.count == 2)
  }

  // MARK: Deciding

  /// Three workspaces; all have a token and an address to listen on, and beta's clients are within acme's.
  private func snapshot(require: String = "") throws -> Snapshot {
    let files = [
      "acme": "\"clients\": [\"10.1.0.0/16\"], \"listen\": [\"127.0.0.1:1\"]",
      "beta": "\"clients\": [\"10.1.2.0/24\"], \"listen\": [\"127.0.0.1:2\"]",
      "none": "\"listen\": [\"127.0.0.1:3\"]",
    ]
    return Snapshot.make(
      try files.sorted { $0.key < $1.key }.enumerated().map { index, file in
        let digest = SHA256.digest([UInt8(index)])
        let token = "\"tokens\": [{ \"id\": \"t\", \"sha256\": \"\(digest)\" }]"
        return try workspace(file.key, "{ \(file.value), \(token)\(file.key == "acme" ? require : "") }").workspace
      }
    ).snapshot
  }

  private func asking(_ client: String, token: UInt8? = nil, listener: UInt16? = nil, lease: Int? = nil) -> Asking {
    Asking(
      client: IPAddress(client) ?? .v4(0), token: token.map { SHA256.digest([$0]) },
      listener: listener.map { SocketAddress(.v4(0x7f00_0001), port: $0) }, leasedTo: lease)
  }

  /// Token, lease, listening address, longest prefix; two that disagree are refused.
  @Test func decidesInOrder() throws {
    let snapshot = try snapshot()
    func decided(_ asking: Asking) throws -> String {
      switch snapshot.decide(asking) {
      case .success(let decision):
        return "\(decision.workspace) by \(decision.shown.all.map(\.word).joined(separator: "+"))"
      case .failure(.violation(let first, let second)):
        return "\(first.basis.word) of \(first.workspace), \(second.basis.word) of \(second.workspace)"
      case .failure(let refusal): return "\(refusal)"
      }
    }
    #expect(try decided(asking("10.1.0.1")) == "0 by clients")
    #expect(try decided(asking("10.1.2.1")) == "1 by clients")
    #expect(try decided(asking("10.9.0.1")) == "nobodys")
    #expect(try decided(asking("10.9.0.1", token: 0)) == "0 by token")
    #expect(try decided(asking("10.1.2.1", token: 1, listener: 2, lease: 1)) == "1 by token+lease+listener+clients")
    #expect(try decided(asking("10.9.0.1", listener: 3)) == "2 by listener")
    #expect(try decided(asking("10.9.0.1", listener: 9)) == "nobodys")
    #expect(try decided(asking("10.9.0.1", lease: 2)) == "2 by lease")
    #expect(try decided(asking("10.1.0.1", token: 9)) == "unknownToken")
    // Each pair that disagrees, whichever is stronger.
    #expect(try decided(asking("10.1.0.1", token: 1)) == "token of 1, clients of 0")
    #expect(try decided(asking("10.9.0.1", token: 1, listener: 1)) == "token of 1, listener of 0")
    #expect(try decided(asking("10.9.0.1", token: 1, lease: 0)) == "token of 1, lease of 0")
    #expect(try decided(asking("10.9.0.1", listener: 1, lease: 1)) == "lease of 1, listener of 0")
    #expect(try decided(asking("10.1.2.1", listener: 1)) == "listener of 0, clients of 1")
    #expect(try decided(asking("10.1.2.1", lease: 0)) == "lease of 0, clients of 1")
    #expect(try decided(asking("10.1.2.1", token: 0, listener: 1, lease: 0)) == "token of 0, clients of 1")
  }

  @Test func aWorkspaceMayRequireMore() throws {
    let snapshot = try snapshot(require: ", \"require\": [\"token\", \"clients\"]")
    #expect(snapshot.decide(asking("10.1.0.1")) == .failure(.missing(.token)))
    #expect(snapshot.decide(asking("10.1.0.1", listener: 1)) == .failure(.missing(.token)))
    #expect(snapshot.decide(asking("10.9.0.1", token: 0)) == .failure(.missing(.clients)))
    #expect(try snapshot.decide(asking("10.1.0.1", token: 0)).get().workspace == 0)
    // It is that workspace's own wish.
    #expect(try snapshot.decide(asking("10.1.2.1")).get().workspace == 1)
  }
}
