import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// The running server is asked about itself: by the commands, by curl, and by what means it harm.
  @Suite struct Admin {
    private func serve(_ lab: Lab, _ flags: [String] = []) throws -> Server {
      try lab.workspace("acme", clients: ["127.0.0.1"], zones: ["corp.example": "www A 10.1.0.1\n"])
      try lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["corp.example": "www A 10.2.0.1\n"])
      return try lab.serve(["--workers", "2"] + flags)
    }

    // MARK: What it says

    @Test func statusTellsOfABrokenWorkspaceAndReloadMendsIt() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        #expect(try lab.backroad(["status"]).contains("workspaces: 2 served from zones, 0 broken"))
        try lab.zone("corp.example", "www A nonsense\n", in: "acme")
        let broken = try lab.run(Lab.backroad(), ["reload"])
        #expect(broken.status == 1 && broken.output == "nothing has changed\n")
        #expect(broken.errors.contains("zones/acme/corp.example.zone:4:7: "))
        let status = try lab.run(Lab.backroad(), ["status"])
        #expect(status.status == 1)
        #expect(status.output.contains("workspace acme is broken, and served as it was before:\n  zones/acme/"))
        #expect(try server.metric("backroad_workspaces_broken") == 1)
        let list = try server.json("/v1/workspaces")["workspaces"] as? [[String: Any]]
        #expect(list?.map { $0["state"] as? String } == ["broken", "good"])
        #expect(try server.dig("www.corp.example").addresses == ["10.1.0.1"])
        try lab.zone("corp.example", "www A 10.1.0.9\n", in: "acme")
        _ = try lab.run(Lab.backroad(), ["reload", "--workspace", "acme"])
        #expect(try server.dig("www.corp.example").addresses == ["10.1.0.9"], "the answer came when it was served")
        #expect(try lab.run(Lab.backroad(), ["status"]).status == 0)
        #expect(try server.metric("backroad_workspaces_broken") == 0)
        #expect(try (server.metric("backroad_reload_failures_total") ?? 0) >= 1)
      }
    }

    /// What a reload answered is what the next query sees, from every worker.
    @Test func aReloadAnswersOnceEveryWorkerServesIt() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        for version in 2..<30 {
          try lab.zone("corp.example", "www A 10.1.0.\(version)\n", in: "acme")
          let reload = try server.curl("/v1/reload", "--json", "{}")
          #expect(reload.status == 200)
          for _ in 0..<4 {
            let socket = try TestSocket(SOCK_DGRAM, server.address)
            #expect(socket.connect())
            socket.send(Message.query("www.corp.example", id: 1))
            #expect(socket.receive(milliseconds: 2000)?.suffix(4) == [10, 1, 0, UInt8(version)])
          }
        }
      }
    }

    @Test func aWorkspaceIsShownAsItIsServed() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { (_: ScriptedUpstream.Question) -> [UInt8]? in nil }
        try lab.workspace("initech", clients: ["127.0.3.0/24"], forward: ["far.example": [upstream.address]])
        let server = try serve(lab)
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "db", "--endpoint", "vpce-1.example=10.9.0.1",
          "db.internal.example",
        ])
        _ = try server.curl("/v1/reload", "--json", "{}")
        let acme = try server.json("/v1/workspaces/acme")
        #expect(acme["clients"] as? [String] == ["127.0.0.1/32"])
        #expect((acme["zones"] as? [[String: Any]])?.contains { $0["zone"] as? String == "corp.example" } == true)
        #expect((acme["links"] as? [[String: Any]])?.map { $0["name"] as? String } == ["db"])
        let links = try server.json("/v1/workspaces/acme/links")["links"] as? [[String: Any]]
        #expect(links?.first?["endpoint"] as? String == "vpce-1.example")
        let forward = try server.json("/v1/workspaces/initech")["forward"] as? [[String: Any]]
        #expect(forward?.first?["to"] as? [String] == [upstream.address.text])
        let page = try server.json("/v1/workspaces?limit=2&after=acme")
        #expect((page["workspaces"] as? [[String: Any]])?.map { $0["name"] as? String } == ["globex", "initech"])
        #expect(page["next"] is NSNull)
        #expect(try server.json("/v1/workspaces?limit=1")["next"] as? String == "acme")
        #expect(try server.curl("/v1/workspaces/nobody").status == 404)
        #expect(try server.curl("/v1/workspaces?limit=0").status == 422)
      }
    }

    /// A slip in a name must not look like nothing to do.
    @Test func aWorkspaceThatNobodyKnowsIsAnErrorWithTheNearestName() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        for line in [
          "reload --workspace acmee", "cache flush --workspace acmee", "lease list --workspace acmee",
          "lease add --workspace acmee --ttl 1h 127.0.7.7", "explain --workspace acmee www.corp.example",
        ] {
          let outcome = try lab.run(Lab.backroad(), line.split(separator: " ").map { String($0) })
          #expect(outcome.status == 1 && outcome.output == "", "\(line)")
          #expect(
            outcome.errors == "backroad: there is no workspace \"acmee\" here; did you mean \"acme\"?\n",
            "\(line): \(outcome.errors)")
        }
        for path in ["/v1/reload", "/v1/cache/flush"] {
          #expect(try server.curl(path, "--json", #"{ "workspace": "nobody" }"#).status == 404, "\(path)")
        }
        for path in ["/v1/leases?workspace=nobody", "/v1/workspaces/nobody"] {
          #expect(try server.curl(path).status == 404, "\(path)")
        }
        // What is new on the disk is known to the reload that is to read it.
        try lab.workspace("acmee", clients: ["127.0.3.1"], zones: ["corp.example": "www A 10.3.0.1\n"])
        try lab.backroad(["reload", "--workspace", "acmee"])
        #expect(try server.dig("-b", "127.0.3.1", "www.corp.example").addresses == ["10.3.0.1"])
      }
    }

    @Test func theCacheIsFlushed() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { question in
          Message.answer(question.octets, [.a(10, 7, 7, 7, ttl: 300)])
        }
        try lab.workspace("acme", clients: ["127.0.0.1"], forward: ["far.example": [upstream.address]])
        let server = try lab.serve(["--workers", "1", "--forward", upstream.address.text])
        let names = ["a.far.example", "b.far.example", "a.other.example"]
        for name in names + names { #expect(try server.dig(name).addresses == ["10.7.7.7"]) }
        #expect(upstream.questions.count == 3)
        #expect(try (server.metric("backroad_cache_hits_total") ?? 0) >= 3)
        #expect(try server.metric("backroad_cache_entries") == 3)
        #expect(try lab.backroad(["cache", "flush", "A.far.example"]) == "1 entry forgotten\n")
        #expect(try lab.backroad(["cache", "flush", "ar.example"]) == "0 entries forgotten\n", "no part of a label")
        for name in names { _ = try server.dig(name) }
        #expect(upstream.questions.count == 4)
        #expect(try lab.backroad(["cache", "flush", "--workspace", "acme"]) == "2 entries forgotten\n")
        for name in names { _ = try server.dig(name) }
        #expect(upstream.questions.count == 6)
        #expect(try lab.backroad(["cache", "flush"]) == "3 entries forgotten\n")
        for name in names { _ = try server.dig(name) }
        #expect(upstream.questions.count == 9)
        #expect(try lab.run(Lab.backroad(), ["cache", "flush", "a..b"]).status == 1)
      }
    }

    @Test func metricsPassPrometheussOwnCheckAndCountWhatHappened() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        for _ in 0..<3 { _ = try server.dig("www.corp.example") }
        _ = try server.dig("+tcp", "nothing.corp.example")
        _ = try server.dig("-b", "127.0.9.1", "www.corp.example")
        let before = try server.metric("backroad_query_duration_seconds_count") ?? 0
        #expect(try server.metric(#"backroad_queries_total{transport="tcp",outcome="nxdomain"}"#) == 1)
        #expect(try server.metric(#"backroad_queries_total{transport="udp",outcome="noerror"}"#) == 3)
        #expect(try (server.metric(#"backroad_queries_total{transport="udp",outcome="refused"}"#) ?? 0) >= 1)
        #expect(before >= 5)
        #expect(try server.metric("backroad_tcp_connections_total") == 1)
        let page = try server.curl("/metrics")
        let check = try lab.run("promtool", ["check", "metrics"], input: Array(page.body.utf8))
        #expect(check.status == 0 && check.errors == "" && check.output == "", "\(check.output)\(check.errors)")
        // More workspaces, no more series; no name that was asked for.
        let series = page.body.split(separator: "\n").count
        for number in 0..<50 { try lab.workspace("more-\(number)", clients: ["127.8.\(number).0/24"]) }
        _ = try server.curl("/v1/reload", "--json", "{}")
        let more = try server.curl("/metrics").body
        #expect(more.contains("\nbackroad_workspaces 52\n"))
        #expect(more.split(separator: "\n").count == series)
        #expect(!more.contains("corp.example") && !more.contains("acme"))
      }
    }

    // MARK: Who may ask, and how

    @Test func onlyItsOwnUserMayAskAndOnlyProperly() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        let attributes = try FileManager.default.attributesOfItem(atPath: server.adminPath)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try server.curl("/v1/status", "-H", "Host: evil.example").status == 421)
        #expect(try server.curl("/v1/reload", "-d", "{}").status == 415)
        #expect(try server.curl("/v1/reload", "--json", "{}", "-H", "Origin: http://evil.example").status == 403)
        #expect(try server.curl("/v1/reload", "--json", "{").status == 422)
        #expect(try server.curl("/v1/reload", "--json", #"{ "workspaec": "acme" }"#).body.contains("did you mean"))
        #expect(try server.curl("/v1/reload").status == 405)
        #expect(try server.curl("/v1/nothing").status == 404)
        #expect(try server.curl("/metrics", "-H", "Transfer-Encoding: chunked").status == 501)
        let head = try server.curl("/metrics", "-I")
        #expect(head.status == 200 && head.body.contains("Content-Length: ") && !head.body.contains("# HELP"))
        // What is smuggled behind a refused request is not answered.
        let socket = try #require(AdminSocket(path: server.adminPath))
        socket.send(
          "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "0\r\n\r\nGET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let answer = socket.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.components(separatedBy: "HTTP/1.1 ").count == 2)
      }
    }

    /// Clients that send or read slowly, or not at all, keep nobody from anything.
    @Test func slowClientsHoldUpNobody() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        var slow: [AdminSocket] = []
        for number in 0..<40 {
          guard let socket = AdminSocket(path: server.adminPath) else { throw LabError("no connection \(number)") }
          socket.send("GET /metrics HTTP/1.1\r\nHost: local")
          slow.append(socket)
        }
        // Those that have been slow for longest make room.
        let start = Date()
        #expect(try server.curl("/v1/status").status == 200)
        try lab.zone("corp.example", "www A 10.1.0.2\n", in: "acme")
        #expect(try server.curl("/v1/reload", "--json", "{}").status == 200)
        #expect(Date().timeIntervalSince(start) < 2)
        #expect(try server.dig("www.corp.example").addresses == ["10.1.0.2"])
        #expect(slow[0].receiveAll(milliseconds: 5000) == "")
        // The others are told after their ten seconds, and gone.
        #expect(slow[39].receiveAll(milliseconds: 15_000).hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(Date().timeIntervalSince(start) < 14)
      }
    }

    @Test func aReaderThatStopsIsLetGoAndCostsNobodyAnything() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        let socket = try #require(AdminSocket(path: server.adminPath))
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
        // More answers than the kernel keeps for a reader that reads none.
        for _ in 0..<500 where !socket.send(request) { break }
        #expect(try server.curl("/v1/status").status == 200)
        #expect(server.program.isRunning)
      }
    }

    @Test func onTCPATokenIsAskedFor() throws {
      try Lab.run { lab in
        let port = try Port.free()
        let address = "127.0.0.1:\(port)"
        try lab.workspace("acme", clients: ["127.0.0.1"])
        let bare = try lab.run(
          Lab.backroad(), ["serve", "--listen", "127.0.0.1:\(try Port.free())", "--admin", address])
        #expect(bare.status == 1 && bare.errors.contains("--admin-token-file"))
        try lab.write("0123456789abcdef-secret\n", to: "token")
        let token = lab.folder.appendingPathComponent("token").path
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: token)
        let flags = ["--admin", address, "--admin-token-file", "token"]
        let open = try lab.run(Lab.backroad(), ["serve", "--listen", "127.0.0.1:\(try Port.free())"] + flags)
        #expect(open.status == 1 && open.errors.contains("chmod"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: token)
        let server = try lab.serve(["--workers", "1"] + flags)
        let ask = { (arguments: [String]) throws -> String in
          try lab.run("curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}"] + arguments).output
        }
        let url = "http://\(address)/v1/status"
        #expect(try ask([url]) == "401")
        #expect(try ask(["-H", "Authorization: Bearer wrong-0123456789abcdef", url]) == "401")
        let right = ["-H", "Authorization: Bearer 0123456789abcdef-secret"]
        #expect(try ask(right + [url]) == "200")
        #expect(try ask(right + ["-H", "Host: evil.example:\(port)", url]) == "421")
        #expect(try lab.backroad(["status"] + flags).contains("1 worker"))
        #expect(!server.program.errors.contains("secret"))
        try lab.write("another-0123456789abcdef\n", to: "token")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: token)
        #expect(try lab.run(Lab.backroad(), ["status"] + flags).errors.contains("give the token"))
      }
    }

    // MARK: Where it is

    @Test func aSocketThatWasLeftBehindIsReplacedAndALiveOneIsNot() throws {
      try Lab.run { lab in
        let first = try serve(lab)
        let path = first.adminPath
        first.program.signal(SIGKILL)
        _ = try first.program.wait()
        #expect(FileManager.default.fileExists(atPath: path), "nobody cleared it up")
        let gone = try lab.run(Lab.backroad(), ["status"])
        #expect(gone.status == 1 && gone.errors.contains("no server is running there"))
        let second = try lab.serve()
        #expect(try second.curl("/v1/status").status == 200)
        // A third is refused the place when it names it, and goes without when it does not.
        let listen = "127.0.0.1:\(try Port.free())"
        let refused = try lab.run(Lab.backroad(), ["serve", "--listen", listen, "--admin", path])
        #expect(refused.status == 1 && refused.errors.contains("another server's admin interface is there"))
        let third = try lab.serve()
        try eventually("the log says so", within: 5) { third.program.errors.contains("no admin interface: ") }
        let said = third.program.errors.split(separator: "\n").filter { $0.contains("no admin interface: ") }
        #expect(said.count == 1 && said[0].hasSuffix("is there; name another place for it with --admin"), "\(said)")
        third.program.signal(SIGTERM)
        _ = try third.program.wait()
        #expect(try second.curl("/v1/status").status == 200, "the third left the second's socket alone")
        try lab.write("precious", to: "file")
        let file = lab.folder.appendingPathComponent("file").path
        let blocked = try lab.run(Lab.backroad(), ["serve", "--listen", listen, "--admin", file])
        #expect(blocked.status == 1 && blocked.errors.contains("this is no socket"))
        #expect(try lab.read("file") == "precious")
        second.program.signal(SIGTERM)
        #expect(try second.program.wait().status == 0)
        #expect(!FileManager.default.fileExists(atPath: path), "an orderly end leaves nothing")
      }
    }

    @Test func theCommandsFindTheServerByItsConfiguration() throws {
      try Lab.run { lab in
        try lab.write(#"{ "forward": [], "admin": "run/b.sock", "workers": 1 }"#, to: "backroad.json")
        try FileManager.default.createDirectory(
          at: lab.folder.appendingPathComponent("run"), withIntermediateDirectories: true)
        let server = try serve(lab)
        #expect(try lab.backroad(["status"]).contains("2 workers"))
        #expect(!FileManager.default.fileExists(atPath: server.adminPath))
        #expect(try lab.backroad(["status", "--admin", "run/b.sock", "--json"]).contains("\"uptimeSeconds\": "))
        #expect(try lab.run(Lab.backroad(), ["status", "--admin", "run/other.sock"]).status == 1)
        let off = try lab.serve(["--workers", "1", "--admin", "off"])
        #expect(!off.program.errors.contains("admin interface on"))
      }
    }
  }
}
