import SystemIO
import Testing
import Text
import Workspaces

/// `backroad workspace token`: made once, stored as a digest, listed and revoked.
struct TokenCommandTests {
  let backroad: Backroad
  init() throws { backroad = try Backroad() }

  private func settings() throws -> WorkspaceFile {
    try WorkspaceFile(Array(try backroad.read("zones/acme/workspace.json").utf8), file: "w")
  }

  @Test func aTokenIsShownOnceAndStoredAsItsDigest() throws {
    _ = try backroad("workspace add acme --no-token --client 10.1.0.0/16")
    try backroad.write("zones/acme/workspace.json", "{\n  // ours\n  \"clients\": [\"10.1.0.0/16\"]\n}\n")
    let made = try backroad.run(["workspace", "token", "acme", "--comment", "the cluster"])
    #expect(made.status == 0 && made.errors == "")
    let token = String(try #require(made.output.split(separator: "\n").dropFirst().first).dropFirst(2))
    let octets = try #require(hexadecimal(token))
    #expect(octets.count == 16)
    #expect(made.output.contains("dig @127.0.0.1 -p 5300 +ednsopt=65314:\(token) CH TXT whoami.backroad\n"))
    #expect(made.output.contains("rewrite edns0 local set 65314 0x\(token)\n"))
    let stored = try settings().claims.tokens
    #expect(stored.map(\.digest) == [SHA256.digest(octets)])
    #expect(stored.map(\.comment) == ["the cluster"])
    let file = try backroad.read("zones/acme/workspace.json")
    #expect(file.hasPrefix("{\n  // ours\n  \"clients\": [\"10.1.0.0/16\"],\n  \"tokens\": [\n    {"))
    // It is nowhere else.
    #expect(try backroad.state().values.allSatisfy { !$0.contains(token) })
    let id = stored[0].id
    let list = try backroad("workspace token acme --list")
    #expect(list.output.contains("\(id)  ") && list.output.contains("the cluster") && !list.output.contains(token))
    #expect(try backroad("workspace show acme").output.contains("tokens: \(id)\n"))
  }

  @Test func severalAreValidUntilOneIsRevoked() throws {
    _ = try backroad("workspace add acme --no-token")
    let first = try backroad("workspace token acme --json")
    let second = try backroad("workspace token acme --json --token-option 65400")
    let json = try [first, second].map { try JSON.parse(Array($0.output.utf8), file: "-", comments: false).asObject }
    #expect(json.map { $0?["option"]?.asInt } == [65_314, 65_400])
    let tokens = json.map { hexadecimal($0?["token"]?.asString ?? "") ?? [] }
    #expect(tokens[0] != tokens[1])
    #expect(try settings().claims.tokens.map(\.digest) == tokens.map { SHA256.digest($0) })
    let id = try #require(json[0]?["id"]?.asString)
    let before = try backroad.state()
    #expect(try backroad("workspace token acme --revoke \(id) --dry-run").output.contains("would be revoked"))
    #expect(try backroad("workspace token acme --dry-run").status == 0)
    #expect(try backroad.state() == before)
    #expect(try backroad("workspace token acme --revoke \(id)").output == "token \(id) of workspace acme revoked\n")
    #expect(try settings().claims.tokens.map(\.digest) == [SHA256.digest(tokens[1])])
    let again = try backroad("workspace token acme --revoke \(id)")
    #expect(again.status == 1 && again.errors.contains("zones/acme/workspace.json: there is no token \"\(id)\""))
  }

  @Test func whatCannotBeDoneChangesNothing() throws {
    _ = try backroad("workspace add acme --no-token")
    let before = try backroad.state()
    for (line, status, message) in [
      ("workspace token globex", 1, "zones: there is no workspace \"globex\" here"),
      ("workspace token", 2, "arguments are missing"),
      ("workspace token acme --list --revoke x", 2, "exclude each other"),
      ("workspace token acme --token-option 15", 2, "--token-option is a whole number from 65001 to 65534"),
    ] as [(String, Int32, String)] {
      let outcome = try backroad(line)
      #expect(outcome.status == status, "\(line)")
      #expect(outcome.errors.contains(message), "\(line): \(outcome.errors)")
      #expect(try backroad.state() == before, "\(line)")
    }
    let none = try backroad("workspace token acme --list")
    #expect(none.status == 0 && none.errors.contains("has no tokens; make one with backroad workspace token acme"))
  }

  @Test func noMoreAreMadeThanAreGranted() throws {
    try backroad.write(
      "backroad.json", "{ \"grants\": { \"acme\": { \"clients\": [\"10.1.0.0/16\"], \"tokens\": 1 } } }")
    let refused = try backroad("workspace add acme --no-token --client 10.0.0.0/8")
    #expect(refused.status == 1 && refused.errors.contains("10.0.0.0/8 is not in the grant of workspace acme"))
    _ = try backroad("workspace add acme --no-token --client 10.1.2.0/24")
    #expect(try backroad("workspace token acme").status == 0)
    let before = try backroad.state()
    let second = try backroad("workspace token acme")
    #expect(second.status == 1 && second.errors.contains("workspace acme has 2 tokens and 1 granted in backroad.json"))
    #expect(try backroad.state() == before)
    #expect(try backroad("workspace token acme --revoke \(settings().claims.tokens[0].id)").status == 0)
  }
}
