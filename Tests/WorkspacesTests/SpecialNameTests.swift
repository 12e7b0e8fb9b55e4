import Forwarding
import Testing
import Text
import Wire

@testable import Workspaces

/// Names that stay at home unless a rule lets them out.
struct SpecialNameTests {
  static let zones = SpecialNames.zones
  private static let server = ForwardRule(owner: .server, zone: .root, upstreams: upstreams("10.9.9.9"))

  private static func upstreams(_ text: String) -> [Upstream] { [Upstream(text)].compactMap { $0 } }

  /// The rules of a workspace beside the server's, which are these and, for special names, its own.
  private func rules(_ forward: String = "", server: [ForwardRule] = [Self.server]) throws -> ForwardRules {
    let name = try #require(WorkspaceName("acme"))
    let file = "{ \"clients\": [\"10.0.0.0/8\"], \"forward\": [\(forward)] }"
    let source = WorkspaceSource(name: name, folder: "zones/acme", files: ["workspace.json": Array(file.utf8)])
    let all = server + SpecialNames.rules(beside: server)
    let (workspace, problems) = Workspace.load(source, serverRules: all)
    #expect(problems.isEmpty, "\(problems)")
    return try #require(workspace).rules
  }

  @Test(arguments: zones) func itStaysAtHome(_ zone: String) throws {
    let rules = try rules()
    for name in [zone, "a.b.\(zone)"] { #expect(rules.match(try Name(name))?.isClosed == true) }
    #expect(rules.match(try Name("x\(zone)"))?.isClosed == false, "another name that ends alike")
  }

  @Test(arguments: zones) func aRuleOfTheServerLetsItOut(_ zone: String) throws {
    let open = ForwardRule(owner: .server, zone: try Name(zone), upstreams: Self.upstreams("10.8.8.8"))
    let rules = try rules(server: [Self.server, open])
    #expect(rules.match(try Name("a.\(zone)"))?.upstreams == open.upstreams)
  }

  @Test(arguments: zones) func aRuleOfAWorkspaceLetsItOutThere(_ zone: String) throws {
    let rules = try rules(#"{ "zone": "\#(zone)", "to": ["10.7.7.7"] }"#)
    #expect(rules.match(try Name("a.\(zone)"))?.upstreams == Self.upstreams("10.7.7.7"))
    let below = try self.rules(#"{ "zone": "b.\#(zone)", "to": ["10.7.7.7"] }"#)
    #expect(below.match(try Name("a.b.\(zone)"))?.isClosed == false, "or a part of it")
    #expect(below.match(try Name("a.\(zone)"))?.isClosed == true)
  }

  /// A rule for what is above says nothing of it: who forwards all of `in-addr.arpa` does not mean 10/8.
  @Test(arguments: zones) func aRuleForWhatIsAboveDoesNot(_ zone: String) throws {
    let parent = try #require(Name(zone).parent)
    let rules = try rules(#"{ "zone": "\#(parent)", "to": ["10.7.7.7"] }"#)
    #expect(rules.match(try Name("a.\(zone)"))?.isClosed == true)
  }

  /// RFC 6761 §6, RFC 6762 §22.1, RFC 7686, RFC 8375, RFC 9462 §6.4, RFC 6303 §4 and RFC 7793, and this server's own, by hand.
  @Test func theListIsThatOfTheStandards() throws {
    let private172 = (16...31).map { "\($0).172.in-addr.arpa" }
    let zeros = String(repeating: "0.", count: 31)
    let expected: Set = Set(
      ["localhost", "invalid", "onion", "home.arpa", "10.in-addr.arpa", "168.192.in-addr.arpa", "0.in-addr.arpa"]
        + ["127.in-addr.arpa", "254.169.in-addr.arpa", "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa"]
        + ["113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa", "1.\(zeros)ip6.arpa", "0.\(zeros)ip6.arpa"]
        + ["d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa"]
        + ["8.b.d.0.1.0.0.2.ip6.arpa", "local", "resolver.arpa", "whoami.backroad"] + private172
        + (64...127).map { "\($0).100.in-addr.arpa" })
    #expect(Set(Self.zones) == expected && Self.zones.count == expected.count)
  }
}
