import Forwarding
import Testing
import Text
import Wire

@testable import Workspaces

/// Search domains of the clients' stubs: closed, but for what somebody has a rule or a zone for.
struct SearchListTests {
  private static let upstream = [Upstream("10.9.9.9")].compactMap { $0 }

  /// The rules of a workspace beside the server's, which forwards everything and has search domains.
  private func rules(
    _ settings: String, server search: [String] = ["cluster.local", "ec2.internal"], zones: [String] = [],
    serverRules: [ForwardRule] = []
  ) throws -> ForwardRules {
    let name = try #require(WorkspaceName("acme"))
    var files = ["workspace.json": Array(settings.utf8)]
    for zone in zones {
      files["\(zone).zone"] = Array("@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n".utf8)
    }
    let server = [ForwardRule(owner: .server, zone: .root, upstreams: Self.upstream)] + serverRules
    let closed = SearchList.rules(try search.map { try SearchList.domain($0) }, owner: .server, beside: server)
    let (workspace, problems) = Workspace.load(
      WorkspaceSource(name: name, folder: "zones/acme", files: files), serverRules: server + closed)
    return try #require(workspace, "\(problems)").rules
  }

  private func isClosed(_ name: String, _ rules: ForwardRules) throws -> Bool {
    let rule = try #require(rules.match(try Name(name)))
    #expect(!rule.isClosed || rule.origin == .searchList)
    return rule.isClosed
  }

  @Test func theServersAndTheWorkspacesOwnAreClosed() throws {
    let rules = try rules(#"{ "search": ["corp.acme", "Svc.Example"] }"#)
    for zone in ["cluster.local", "ec2.internal", "corp.acme", "svc.example"] {
      #expect(try isClosed("snowflake.\(zone)", rules) && isClosed(zone, rules), "\(zone)")
      #expect(try !isClosed("x\(zone)", rules), "another name that ends alike")
    }
    #expect(try !isClosed("snowflake.example", rules))
  }

  @Test func aRuleForTheZoneOrBelowOpensIt() throws {
    let forward =
      #"{ "search": ["corp.acme"], "forward": [{ "zone": "ec2.internal", "to": ["10.7.7.7"] }, "#
      + #"{ "zone": "a.cluster.local", "to": ["10.7.7.7"] }, { "zone": "corp.acme", "to": ["10.7.7.7"] }] }"#
    let rules = try rules(forward)
    #expect(try !isClosed("ip-10-1-2-3.ec2.internal", rules))
    #expect(try !isClosed("b.a.cluster.local", rules))
    #expect(try isClosed("b.cluster.local", rules))
    #expect(try !isClosed("b.corp.acme", rules))
    let above = try self.rules(#"{ "forward": [{ "zone": "internal", "to": ["10.7.7.7"] }] }"#)
    #expect(try isClosed("b.ec2.internal", above), "who forwards what is above does not mean it")
    let ofServer = ForwardRule(owner: .server, zone: try Name("cluster.local"), upstreams: Self.upstream)
    #expect(try !isClosed("b.cluster.local", self.rules("{}", serverRules: [ofServer])))
  }

  /// Zones that forward what they do not hold go on to do so; around them the search domain stays closed.
  @Test func namesOfAZoneAreItsOwn() throws {
    func settings(_ zone: String) -> String { "{ \"zones\": { \"\(zone)\": { \"miss\": \"forward\" } } }" }
    let same = try rules(settings("ec2.internal"), zones: ["ec2.internal"])
    #expect(try !isClosed("b.ec2.internal", same) && isClosed("b.cluster.local", same))
    let above = try rules(settings("internal"), zones: ["internal"])
    #expect(try !isClosed("b.ec2.internal", above))
    let below = try rules(settings("x.ec2.internal"), zones: ["x.ec2.internal"])
    #expect(try !isClosed("b.x.ec2.internal", below) && isClosed("b.ec2.internal", below))
    #expect(below.match(try Name("b.x.ec2.internal"))?.upstreams == Self.upstream)
    let held = try rules("{}", zones: ["x.ec2.internal"])
    #expect(try isClosed("b.x.ec2.internal", held), "whom the zone itself answers with NXDOMAIN")
  }

  @Test(arguments: [
    (#"["."]"#, "the root is no search domain"), (#"["a..b"]"#, "\"a..b\" is not a zone's name"),
    (#"["a.b", "A.b"]"#, "A.b. stands here twice"), (#""a.b""#, "\"search\" must be a list"),
    (#"[7]"#, "a search domain must be a string"),
  ]) func saysWhatIsWrong(list: String, message: String) {
    #expect {
      _ = try WorkspaceFile(Array("{ \"search\": \(list) }".utf8), file: "w")
    } throws: { error in
      let all = (error as? Problems)?.all ?? []
      return all.count == 1 && all[0].message.hasPrefix(message) && all[0].position != nil
    }
  }
}
