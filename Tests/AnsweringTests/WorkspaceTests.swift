import Answering
import TestKit
import Testing
import Wire

/// Whose client asks, and that no workspace sees another's names.
@Suite struct WorkspaceTests {
  static func settings(_ clients: String...) -> String {
    "{ \"clients\": [\(clients.map { "\"\($0)\"" }.joined(separator: ", "))] }"
  }

  let server = TestServer([
    TestWorkspace(
      "acme", settings: settings("10.1.0.0/16", "fd00:1::/64", "10.9.0.0/16"),
      zones: ["shared.test": "www 60 A 192.0.2.1\nonly-acme 60 A 192.0.2.2\nother 60 CNAME www.beta.test.\n"]),
    TestWorkspace(
      "beta", settings: settings("10.2.0.0/16", "10.1.7.0/24", "10.9.0.0/16"),
      zones: ["shared.test": "www 60 A 192.0.2.3\n", "beta.test": "www 60 A 192.0.2.4\n"]),
    TestWorkspace("empty", settings: settings("10.3.0.0/16")),
  ])

  @Test(arguments: ["192.0.2.1", "10.4.0.1", "::1", "fd00:2::1", "0.0.0.0"])
  func anUnknownClientIsRefused(client: String) {
    let refused = "REFUSED rd\nerror 18: client \(client) is in no workspace, add it to the clients of one or lease it"
    #expect(server.ask("www.shared.test", from: client) == refused)
    #expect(server.ask("whoami.backroad", .txt, class: .chaos, from: client) == refused)
    // Over TCP as over UDP, and without EDNS just as much.
    #expect(server.ask("www.shared.test", from: client, via: .tcp) == refused)
    #expect(server.ask("www.shared.test", from: client, size: nil) == "REFUSED rd")
  }

  @Test func aPrefixOfTwoWorkspacesIsNobodys() {
    #expect(
      server.ask("www.shared.test", from: "10.9.1.1") == """
        REFUSED rd
        error 18: clients 10.9.0.0/16 are claimed by two workspaces, run backroad check
        """)
  }

  @Test func theSameNameIsEachWorkspacesOwn() {
    #expect(server.ask("www.shared.test", from: "10.1.0.1") == "NOERROR aa rd ra\nwww.shared.test. 60 IN A 192.0.2.1")
    #expect(server.ask("www.shared.test", from: "10.2.0.1") == "NOERROR aa rd ra\nwww.shared.test. 60 IN A 192.0.2.3")
    #expect(server.ask("www.shared.test", from: "fd00:1::9").hasSuffix("192.0.2.1"))
    // The longest prefix decides, whichever workspace has the shorter one around it.
    #expect(server.ask("www.shared.test", from: "10.1.7.1").hasSuffix("192.0.2.3"))
    #expect(server.ask("www.shared.test", from: "10.1.8.1").hasSuffix("192.0.2.1"))
    #expect(server.ask("www.shared.test", from: "::ffff:10.1.8.1").hasSuffix("192.0.2.1"))
  }

  @Test func anotherWorkspacesNamesDoNotExist() {
    #expect(server.ask("only-acme.shared.test", from: "10.2.0.1").hasPrefix("NXDOMAIN aa"))
    // Nor as the target of a CNAME, which leaves acme's zones though beta has such a name.
    let chain = server.ask("other.shared.test", from: "10.1.0.1")
    #expect(chain == "SERVFAIL rd ra\nerror 22: workspace acme has no forwarding for www.beta.test.")
    #expect(!server.ask("www.beta.test", from: "10.1.0.1").contains("192.0.2.4"))
    #expect(!server.ask("www.shared.test", from: "10.3.0.1").contains("192.0.2"))
  }

  /// A workspace without zones still is one: its clients are answered, by its own forwarding alone.
  @Test func anEmptyWorkspaceHasNoNames() {
    #expect(
      server.ask("www.shared.test", from: "10.3.0.1")
        == "SERVFAIL rd ra\nerror 22: workspace empty has no forwarding for www.shared.test.")
    #expect(
      server.ask("www.shared.test", from: "10.3.0.1", flags: [])
        == "REFUSED ra\nerror 20: no zone of workspace empty holds this name, and recursion was not asked for")
  }
}
