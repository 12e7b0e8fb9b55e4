import Foundation
import Testing

extension EndToEnd {
  /// Queries by workspace, where that is switched on.
  @Suite struct WorkspaceMetrics {
    private func serve(_ lab: Lab, _ flags: [String]) throws -> (server: Server, upstream: ScriptedUpstream) {
      let upstream = try lab.scriptedUpstream { question in
        Message.answer(question.octets, [.a(10, 7, 7, 7, ttl: 300)])
      }
      try lab.workspace(
        "acme", clients: ["127.0.1.0/24"], zones: ["corp.example": "www A 10.1.0.1\n"],
        forward: ["far.example": [upstream.address]])
      try lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["corp.example": "www A 10.2.0.1\n"])
      try lab.write("{ \"forward\": [] }", to: "backroad.json")
      // One worker, so that whatever it remembers of a query is there at the next.
      return (try lab.serve(["--workers", "1"] + flags), upstream)
    }

    private func counts(_ server: Server, of workspace: String) throws -> [Double?] {
      try ["noerror", "nxdomain", "servfail", "refused", "other"].map {
        try server.metric(#"backroad_workspace_queries_total{workspace="\#(workspace)",code="\#($0)"}"#)
      }
    }

    private func check(_ lab: Lab, _ page: String) throws {
      let check = try lab.run("promtool", ["check", "metrics"], input: Array(page.utf8))
      #expect(check.status == 0 && check.errors == "" && check.output == "", "\(check.output)\(check.errors)")
    }

    @Test func eachWorkspacesQueriesAreItsOwn() throws {
      try Lab.run { lab in
        let (server, upstream) = try serve(lab, ["--metrics-by-workspace"])
        #expect(try counts(server, of: "acme") == [0, 0, 0, 0, 0])
        for _ in 0..<3 { _ = try server.dig("-b", "127.0.1.1", "www.corp.example") }
        _ = try server.dig("-b", "127.0.1.1", "+tcp", "www.corp.example")
        _ = try server.dig("-b", "127.0.1.1", "+tcp", "nothing.corp.example")
        // Nobody's query is not the one's that asked before.
        _ = try server.dig("-b", "127.0.9.1", "www.corp.example")
        #expect(try counts(server, of: "acme") == [4, 1, 0, 0, 0])
        #expect(try counts(server, of: "globex") == [0, 0, 0, 0, 0])
        _ = try server.dig("-b", "127.0.2.1", "www.corp.example")
        _ = try server.dig("-b", "127.0.2.1", "+norec", "www.elsewhere.example")
        _ = try server.dig("-b", "127.0.2.1", "www.elsewhere.example")
        _ = try server.dig("-b", "127.0.2.1", "+tcp", "+tries=1", "www.elsewhere.example")
        _ = try server.dig("-b", "127.0.2.1", "+opcode=notify", "www.corp.example")
        #expect(try counts(server, of: "globex") == [1, 0, 2, 1, 0])
        // What waits for an upstream, what the cache holds, and both over TCP.
        for name in ["a.far.example", "b.far.example"] {
          for transport in ["+notcp", "+tcp", "+notcp"] {
            #expect(try server.dig("-b", "127.0.1.1", transport, name).addresses == ["10.7.7.7"])
          }
        }
        #expect(try server.dig("-b", "127.0.1.1", "+tcp", "c.far.example").addresses == ["10.7.7.7"])
        #expect(upstream.questions.count == 3)
        #expect(try counts(server, of: "acme") == [11, 1, 0, 0, 0])
        try check(lab, server.curl("/metrics").body)
      }
    }

    @Test func countsStayWithTheirWorkspace() throws {
      try Lab.run { lab in
        let (server, _) = try serve(lab, ["--metrics-by-workspace"])
        for _ in 0..<2 { _ = try server.dig("-b", "127.0.1.1", "www.corp.example") }
        _ = try server.dig("-b", "127.0.2.1", "www.corp.example")
        // A change, and an error.
        for records in ["www A 10.1.0.2\n", "www A nonsense\n"] {
          try lab.zone("corp.example", records, in: "acme")
          _ = try server.curl("/v1/reload", "--json", "{}")
          #expect(try server.dig("-b", "127.0.1.1", "www.corp.example").addresses == ["10.1.0.2"])
        }
        #expect(try counts(server, of: "acme") == [4, 0, 0, 0, 0])
        let folder = lab.folder.appendingPathComponent("zones/acme")
        try FileManager.default.removeItem(at: folder)
        _ = try server.curl("/v1/reload", "--json", "{}")
        #expect(try counts(server, of: "acme") == [nil, nil, nil, nil, nil])
        // Whoever comes next may have its number, and has none of its counts.
        for name in ["initech", "acme"] {
          try lab.workspace(name, clients: name == "acme" ? ["127.0.1.0/24"] : [], zones: ["corp.example": ""])
          _ = try server.curl("/v1/reload", "--json", "{}")
          #expect(try counts(server, of: name) == [0, 0, 0, 0, 0])
        }
        #expect(try server.dig("-b", "127.0.1.1", "www.corp.example").status == "NXDOMAIN")
        #expect(try counts(server, of: "acme") == [0, 1, 0, 0, 0])
        #expect(try counts(server, of: "globex") == [1, 0, 0, 0, 0])
        try check(lab, server.curl("/metrics").body)
      }
    }

    /// Switched on by the file too; without either there are no such series.
    @Test func itIsSwitchedOnByTheFileOrNotAtAll() throws {
      try Lab.run { lab in
        let (server, _) = try serve(lab, [])
        #expect(try !server.curl("/metrics").body.contains("backroad_workspace_queries_total"))
        try lab.write("{ \"forward\": [], \"metrics-by-workspace\": true }", to: "backroad.json")
        server.program.signal(SIGTERM)
        #expect(try server.program.wait().status == 0)
        #expect(try counts(lab.serve(), of: "globex") == [0, 0, 0, 0, 0])
      }
    }
  }
}
