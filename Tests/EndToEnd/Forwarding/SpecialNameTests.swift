import Foundation
import Testing

extension EndToEnd {
  /// Rules that are closed, names that never leave, and upstreams that cannot be.
  @Suite struct SpecialNames {
    private func withServer(
      _ rules: KeyValuePairs<String, [Endpoint]> = [:], _ body: (Server, ScriptedUpstream) throws -> Void
    ) throws {
      try Lab.run { lab in
        let script: ScriptedUpstream.Script = { [Message.answer($0.octets, $0.type == 1 ? [.a(10, 9, 9, 9)] : [])] }
        try ScriptedUpstream.run(script) { upstream in
          try lab.workspace("acme", clients: ["127.0.0.1"], forward: rules)
          try body(lab.serve(["--workers", "1", "--forward", upstream.address.text]), upstream)
        }
      }
    }

    @Test func localhostIsThisMachine() throws {
      try withServer { server, upstream in
        for name in ["localhost", "www.localhost"] {
          #expect(try server.dig(name).records == ["\(name). A 127.0.0.1"])
          #expect(try server.dig(name, "AAAA").records == ["\(name). AAAA ::1"])
          let other = try server.dig(name, "TXT")
          #expect(other.status == "NOERROR" && other.answer.isEmpty && other.authority.map(\.type) == ["SOA"])
        }
        #expect(upstream.questions.isEmpty)
      }
    }

    static let closed = [
      "host.invalid", "secret.onion", "printer.local", "1.0.64.100.in-addr.arpa", "1.0.127.100.in-addr.arpa",
      "printer.home.arpa", "7.0.1.10.in-addr.arpa", "1.0.16.172.in-addr.arpa",
      "1.1.168.192.in-addr.arpa", "1.0.0.127.in-addr.arpa", "1.1.254.169.in-addr.arpa",
      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
    ]

    @Test func theyDoNotExistAndDoNotLeave() throws {
      try withServer { server, upstream in
        for name in Self.closed {
          let answer = try server.dig(name, "PTR")
          #expect(answer.status == "NXDOMAIN" && answer.authority.map(\.type) == ["SOA"], "\(name): \(answer.text)")
          #expect(answer.error?.hasPrefix("15 (Blocked)") == true)
        }
        #expect(upstream.questions.isEmpty, "\(upstream.questions.map(\.name)) left")
        #expect(try server.dig("host.example").addresses == ["10.9.9.9"])
        #expect(try server.dig("-x", "192.0.3.1").status == "NOERROR", "a public address's reverse zone is public")
      }
    }

    @Test func aRuleOpensOne() throws {
      try Lab.run { lab in
        try ScriptedUpstream.run({ [Message.answer($0.octets, [.a(10, 1, 1, 1)])] }) { upstream in
          try lab.workspace(
            "acme", clients: ["127.0.0.1"],
            forward: ["10.in-addr.arpa": [upstream.address], "lan.home.arpa": [upstream.address]])
          let server = try lab.serve()
          #expect(try server.dig("7.0.1.10.in-addr.arpa").addresses == ["10.1.1.1"])
          #expect(try server.dig("printer.lan.home.arpa").addresses == ["10.1.1.1"])
          #expect(try server.dig("printer.home.arpa").status == "NXDOMAIN")
          #expect(try server.dig("1.1.168.192.in-addr.arpa").status == "NXDOMAIN")
        }
      }
    }

    @Test func aClosedRuleClosesForItsWorkspaceAlone() throws {
      try Lab.run { lab in
        try ScriptedUpstream.run({ [Message.answer($0.octets, [.a(10, 9, 9, 9)])] }) { upstream in
          try lab.workspace("acme", clients: ["127.0.1.0/24"], forward: ["cluster.test": []])
          try lab.workspace("globex", clients: ["127.0.2.0/24"])
          let server = try lab.serve(["--forward", upstream.address.text])
          let closed = try server.dig("-b", "127.0.1.1", "www.example.com.svc.cluster.test")
          #expect(closed.status == "NXDOMAIN" && closed.authority.map(\.owner) == ["cluster.test."])
          #expect(closed.error?.contains("forwarding of cluster.test. is closed in workspace acme") == true)
          #expect(upstream.questions.isEmpty)
          #expect(try server.dig("-b", "127.0.2.1", "www.cluster.test").addresses == ["10.9.9.9"])
        }
      }
    }

    @Test func searchDomainsDoNotExistAndDoNotLeave() throws {
      try Lab.run { lab in
        try ScriptedUpstream.run({ [Message.answer($0.octets, [.a(10, 9, 9, 9)])] }) { upstream in
          try lab.write(
            #"{ "clients": ["127.0.1.0/24"], "search": ["corp.acme"] }"#, to: "zones/acme/workspace.json")
          try lab.workspace(
            "globex", clients: ["127.0.2.0/24"], zones: ["default.svc.cluster.local": "api A 10.1.0.1\n"],
            forward: ["ec2.internal": [upstream.address]])
          let server = try lab.serve([
            "--forward", upstream.address.text, "--search", "cluster.local", "--search", "ec2.internal",
          ])
          for (name, zone, whose) in [
            ("db.example.default.svc.cluster.local", "cluster.local.", "the server"),
            ("db.example.ec2.internal", "ec2.internal.", "the server"),
            ("db.example.corp.acme", "corp.acme.", "workspace acme"),
          ] {
            let closed = try server.dig("-b", "127.0.1.1", name)
            #expect(closed.status == "NXDOMAIN" && closed.authority.map(\.owner) == [zone], "\(closed.text)")
            #expect(
              closed.error == "15 (Blocked): (\(zone) is a search domain, closed by the search list of \(whose))")
          }
          #expect(upstream.questions.isEmpty)
          #expect(try server.dig("-b", "127.0.2.1", "api.default.svc.cluster.local").addresses == ["10.1.0.1"])
          #expect(try server.dig("-b", "127.0.2.1", "ip-10-1-2-3.ec2.internal").addresses == ["10.9.9.9"])
          #expect(try server.dig("-b", "127.0.2.1", "db.example.corp.acme").addresses == ["10.9.9.9"])
          #expect(try server.dig("-b", "127.0.2.1", "kube-dns.kube-system.svc.cluster.local").status == "NXDOMAIN")
        }
      }
    }

    @Test func theServerItselfIsNoUpstream() throws {
      try withServer { server, upstream in
        let lab = server.lab
        try lab.workspace("acme", clients: ["127.0.0.1"], forward: ["corp.example": [server.address]])
        try eventually("the refusal is told with its place", within: 3) {
          server.program.errors.contains("zones/acme/workspace.json:3:")
            && server.program.errors.contains("is this server itself")
        }
        #expect(try server.dig("www.corp.example").addresses == ["10.9.9.9"], "the last good state is served")
        let outcome = try lab.run(
          Lab.backroad(), ["serve", "--listen", "127.0.0.1:15999", "--forward", "127.0.0.1:15999"])
        #expect(outcome.status == 1 || outcome.status == 2)
        #expect(outcome.errors.contains("is this server itself"), "\(outcome.errors)")
      }
    }

    /// A server on all addresses is reached by each of the machine's, not by the loopback's alone.
    @Test func theMachinesOwnAddressesAreNoUpstreams() throws {
      try Lab.run { lab in
        let words = try lab.run("hostname", ["-I"]).output.split(whereSeparator: \.isWhitespace)
        guard let own = words.first(where: { !$0.contains(":") }) else {
          print("skipped: this machine has no address but the loopback's")
          return
        }
        let port = try Port.free()
        let outcome = try lab.run(
          Lab.backroad(), ["serve", "--listen", "0.0.0.0:\(port)", "--forward", "\(own):\(port)"])
        #expect(outcome.status != 0 && outcome.errors.contains("is this server itself"), "\(outcome.errors)")
      }
    }

    @Test func aLoopThroughDnsmasqEndsInTime() throws {
      try Lab.run { lab in
        let port = try Port.free()
        let folder = lab.folder.path
        try lab.workspace("acme", clients: ["127.0.0.0/8"])
        let listen = try Port.free()
        let dnsmasq = try lab.start(
          "dnsmasq",
          [
            "--keep-in-foreground", "--conf-file=/dev/null", "--port=\(port)", "--listen-address=127.0.0.1",
            "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=\(folder)/dnsmasq.pid",
            "--user=\(NSUserName())",
            "--server=127.0.0.1#\(listen)", "--log-queries", "--log-facility=-",
          ])
        let program = try lab.start(
          Lab.backroad(),
          ["serve", "--listen", "127.0.0.1:\(listen)", "--forward", "127.0.0.1:\(port)", "--workers", "2"])
        let server = Server(program: program, address: Endpoint("127.0.0.1", listen), lab: lab)
        try eventually("both answer", within: 10) { try server.dig("+time=1", "localhost").status == "NOERROR" }
        let start = Date()
        let answer = try server.dig("+time=8", "round.example")
        #expect(answer.status == "SERVFAIL" && Date().timeIntervalSince(start) < 5, "\(answer.text)")
        let rounds = dnsmasq.errors.lowercased().split(separator: "\n").count { $0.contains("query[a] round.example") }
        #expect(rounds > 0 && rounds <= 8, "\(rounds) queries for one question")
        #expect(try server.dig("localhost").addresses == ["127.0.0.1"], "it goes on answering")
      }
    }

    @Test func aLoopThroughAnotherBackroadEndsInTime() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.0/8"])
        let ports = [try Port.free(), try Port.free()]
        let servers = try [(0, 1), (1, 0)].map { own, other in
          let program = try lab.start(
            Lab.backroad(),
            ["serve", "--listen", "127.0.0.1:\(ports[own])", "--forward", "127.0.0.1:\(ports[other])"])
          return Server(program: program, address: Endpoint("127.0.0.1", ports[own]), lab: lab)
        }
        for server in servers {
          try eventually("it answers", within: 10) { try server.dig("+time=1", "localhost").status == "NOERROR" }
        }
        let start = Date()
        let answer = try servers[0].dig("+time=8", "round.example")
        #expect(answer.status == "SERVFAIL" && Date().timeIntervalSince(start) < 5, "\(answer.text)")
      }
    }
  }
}
