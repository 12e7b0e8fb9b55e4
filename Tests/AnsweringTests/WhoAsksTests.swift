import Answering
import TestKit
import Testing
import Wire
import Workspaces

/// Tokens, listening addresses, leases and prefixes, from octets to octets.
@Suite struct WhoAsksTests {
  static let acme = [UInt8](0..<16)
  static let beta = [UInt8](0..<32)

  static func workspace(_ name: String, _ settings: String, token: [UInt8]? = nil, address: String) -> TestWorkspace {
    let tokens = token.map { "\"tokens\": [{ \"id\": \"t\", \"sha256\": \"\(SHA256.digest($0))\" }]" }
    return TestWorkspace(
      name, settings: "{ \([settings, tokens].compactMap { $0 }.joined(separator: ", ")) }",
      zones: ["shared.test": "www 60 A \(address)\n"])
  }

  let server = TestServer([
    workspace("acme", "\"clients\": [\"10.1.0.0/16\"]", token: acme, address: "192.0.2.1"),
    workspace(
      "beta", "\"clients\": [\"10.2.0.0/16\"], \"listen\": [\"127.0.0.1:5301\"]", token: beta, address: "192.0.2.2"),
    workspace(
      "careful", "\"clients\": [\"10.3.0.0/16\"], \"require\": [\"clients\", \"lease\"]", address: "192.0.2.3"),
  ])

  private func address(
    _ client: String, token: [UInt8]? = nil, at listener: String? = "127.0.0.1:5300", lease: String? = nil,
    via transport: Transport = .udp
  ) -> String {
    let options = token.map { option(Int(Responder.defaultTokenOption), $0) } ?? []
    if let lease { server.lease([client: lease]) }
    let answer = server.ask("www.shared.test", from: client, via: transport, at: listener, options: options)
    let lines = answer.split(separator: "\n")
    return String(lines.count == 2 ? lines[1].replacing("www.shared.test. 60 IN A ", with: "") : "\(answer)")
  }

  @Test func eachWayLeadsToTheWorkspace() {
    for transport in [Transport.udp, .tcp] {
      #expect(address("10.1.0.1", via: transport) == "192.0.2.1")
      #expect(address("10.9.0.1", token: Self.acme, via: transport) == "192.0.2.1")
      #expect(address("10.9.0.1", token: Self.beta, via: transport) == "192.0.2.2")
      #expect(address("10.9.0.1", at: "127.0.0.1:5301", via: transport) == "192.0.2.2")
      #expect(address("10.9.0.1", lease: "acme", via: transport) == "192.0.2.1")
      #expect(address("10.3.0.1", lease: "careful", via: transport) == "192.0.2.3")
      #expect(address("10.2.0.1", token: Self.beta, at: "127.0.0.1:5301", via: transport) == "192.0.2.2")
    }
    #expect(server.refusals.violations == 0)
  }

  @Test(arguments: [Transport.udp, .tcp]) func twoThatDisagreeAreRefusedAndCounted(transport: Transport) {
    let different = "are of different workspaces, see the server's log"
    #expect(
      address("10.2.0.1", token: Self.acme, via: transport)
        == "error 18: the token and the client's prefix \(different)")
    #expect(
      address("10.9.0.1", token: Self.acme, at: "127.0.0.1:5301", via: transport)
        == "error 18: the token and the listening address \(different)")
    #expect(
      address("10.1.0.1", at: "127.0.0.1:5301", via: transport)
        == "error 18: the listening address and the client's prefix \(different)")
    #expect(
      address("10.2.0.1", lease: "acme", via: transport)
        == "error 18: the lease of the client's address and the client's prefix \(different)")
    #expect(server.refusals.violations == 4)
    #expect(
      server.refusals.lastViolation.map { "\($0)" }
        == "client 10.2.0.1: the lease of the client's address is of workspace acme, the client's prefix of workspace beta"
    )
  }

  /// Nobody falls back to a weaker sign: the client that brings a token means it.
  @Test func aTokenThatNobodyHasIsRefused() {
    let unknown = "error 18: the token is no workspace's, make one with backroad workspace token"
    var last = Self.acme
    last[15] ^= 1
    for token in [
      last, [], Array(Self.acme.dropLast()), Self.acme + [0], Self.beta + [32], Array(repeating: 1, count: 900),
    ] {
      #expect(address("10.1.0.1", token: token) == unknown)
    }
    #expect(server.refusals.badTokens == 6)
    // A file that has SHA-256 for a token does not make that digest a token.
    let digest = (0..<32).map { index in
      UInt8("\(SHA256.digest(Self.acme))".dropFirst(2 * index).prefix(2), radix: 16) ?? 0
    }
    #expect(address("10.1.0.1", token: digest) == unknown)
  }

  @Test func twoTokensAreAFormatError() {
    let code = Int(Responder.defaultTokenOption)
    for options in [
      option(code, Self.acme) + option(code, Self.acme), option(code, Self.acme) + option(10, [1]) + option(code, []),
    ] {
      #expect(
        server.ask("www.shared.test", from: "10.1.0.1", options: options)
          == "FORMERR rd\nerror 0: the query has two tokens, and may have one")
    }
  }

  @Test func theTokenStandsAnywhereAmongOptions() {
    let code = Int(Responder.defaultTokenOption)
    let options = option(10, [1, 2]) + option(code, Self.acme) + option(12, [0, 0, 0])
    #expect(server.ask("www.shared.test", from: "10.9.0.1", options: options).hasSuffix("A 192.0.2.1"))
    // Another option's code is not a token's.
    #expect(server.ask("www.shared.test", from: "10.1.0.1", options: option(code + 1, [1])).hasSuffix("A 192.0.2.1"))
  }

  @Test func whatAWorkspaceRequiresMustBeThere() {
    #expect(address("10.3.0.1") == "error 18: the workspace requires a lease, and the client's address has none")
    #expect(
      address("10.9.0.1", lease: "careful")
        == "error 18: the workspace requires its clients' prefixes, and the client is in none")
    #expect(server.refusals.missing == 2)
  }

  @Test(
    arguments: [
      ("10.1.2.3", nil, nil, nil, #""by=prefix" "prefix=10.1.0.0/16""#),
      ("10.9.2.3", acme, nil, nil, #""by=token""#), ("10.1.2.3", acme, nil, nil, #""by=token" "prefix=10.1.0.0/16""#),
      ("10.9.2.3", nil, "127.0.0.1:5301", nil, #""by=listener""#), ("10.9.2.3", nil, nil, "acme", #""by=lease""#),
    ] as [(String, [UInt8]?, String?, String?, String)])
  func whoAmITellsByWhatItWasDecided(
    client: String, token: [UInt8]?, listener: String?, lease: String?, by: String
  ) {
    let options = token.map { option(Int(Responder.defaultTokenOption), $0) } ?? []
    if let lease { server.lease([client: lease]) }
    let answer = server.ask(
      "whoami.backroad", .txt, class: .chaos, from: client, at: listener, options: options)
    let name = listener == nil ? "acme" : "beta"
    #expect(answer.hasSuffix("TXT \"workspace=\(name)\" \"client=\(client)\" \(by)"), "\(answer)")
  }

  /// The upstream's query has an OPT record of its own, whatever the client's had.
  @Test func noAnswerHasTheTokensOption() throws {
    let message = RawMessage.query(wire("www.shared.test"), additional: 1)
      .opt(options: option(Int(Responder.defaultTokenOption), Self.acme)).octets
    let answer = try #require(server.answer(message, from: "10.1.0.1"))
    let start = answer.count - 11
    #expect(Array(answer[start...]) == octets("00 0029 04d0 00000000 0000"))
  }
}
