import Foundation
import Testing

extension EndToEnd {
  /// Forwarders between the clients and Backroad, as docs/in-front.md tells of them.
  @Suite struct InFront {
    private static let zone = "privatelink.snowflakecomputing.com"
    private static let held = "xy12345.us-east-1.\(zone)"
    /// A name whose answer is SERVFAIL with a reason: the chain leads to where nothing is forwarded.
    private static let failing = "broken.\(zone)"

    private func serve(_ body: (Server) throws -> Void) throws {
      try Lab.run { lab in
        try lab.workspace(
          "acme", clients: ["127.0.0.0/8"],
          zones: [Self.zone: "xy12345.us-east-1 A 10.1.20.7\nbroken CNAME nowhere.test.\n"])
        try body(lab.serve())
      }
    }

    private func dnsmasq(_ flags: [String], before server: Server) throws -> Endpoint {
      let address = Endpoint("127.0.0.1", try Port.free())
      let program = try server.lab.start(
        "dnsmasq",
        [
          "--keep-in-foreground", "--conf-file=/dev/null", "--port=\(address.port)", "--listen-address=127.0.0.1",
          "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=", "--user=\(NSUserName())",
          "--server=127.0.0.1#\(server.address.port)",
        ] + flags)
      try address.awaitAnswer(from: program)
      return address
    }

    private func unbound(_ lines: [String], before server: Server) throws -> Endpoint {
      let address = Endpoint("127.0.0.1", try Port.free())
      let folder = server.lab.folder.path
      let settings = [
        "interface: 127.0.0.1", "port: \(address.port)", "username: \"\"", "chroot: \"\"", "directory: \"\(folder)\"",
        "pidfile: \"\"", "use-syslog: no", "do-daemonize: no", "num-threads: 1", "do-not-query-localhost: no",
        "local-zone: \"ready.invalid.\" refuse",
      ]
      let file = "unbound-\(address.port).conf"
      try server.lab.write(
        """
        server:
          \((settings + lines).joined(separator: "\n  "))
        remote-control:
          control-enable: no
        forward-zone:
          name: "\(Self.zone)"
          forward-addr: 127.0.0.1@\(server.address.port)

        """, to: file)
      try address.awaitAnswer(from: server.lab.start("unbound", ["-d", "-c", file]))
      return address
    }

    private func addresses(_ name: String, at forwarder: Endpoint, _ server: Server) throws -> [String] {
      try Dig.ask(forwarder, ["+time=10", name], in: server.lab).addresses
    }

    @Test func dnsmasqThrowsPrivateAddressesAwayUnlessToldOfTheZone() throws {
      try serve { server in
        let guarding = try dnsmasq(["--stop-dns-rebind"], before: server)
        let answer = try Dig.ask(guarding, [Self.held], in: server.lab)
        #expect(answer.status == "NOERROR" && answer.answer.isEmpty && answer.error?.hasPrefix("15 ") == true)
        let told = try dnsmasq(["--stop-dns-rebind", "--rebind-domain-ok=/\(Self.zone)/"], before: server)
        #expect(try addresses(Self.held, at: told, server) == ["10.1.20.7"])
      }
    }

    @Test func unboundThrowsPrivateAddressesAwayUnlessToldOfTheZone() throws {
      try serve { server in
        let guards = ["module-config: \"iterator\"", "private-address: 10.0.0.0/8"]
        let guarding = try unbound(guards, before: server)
        let answer = try Dig.ask(guarding, [Self.held], in: server.lab)
        #expect(answer.status == "NOERROR" && answer.answer.isEmpty, "\(answer.text)")
        let told = try unbound(guards + ["private-domain: \"\(Self.zone)\""], before: server)
        #expect(try addresses(Self.held, at: told, server) == ["10.1.20.7"])
      }
    }

    /// The parent is signed: here by a trust anchor that nothing below has a signature for.
    @Test func aValidatingUnboundNeedsTheZoneNamedInsecure() throws {
      try serve { server in
        let digest = String(repeating: "0A", count: 32)
        let validates = [
          "module-config: \"validator iterator\"", "trust-anchor: \"\(Self.zone). DS 12345 13 2 \(digest)\"",
        ]
        let validating = try unbound(validates, before: server)
        #expect(try Dig.ask(validating, ["+time=10", Self.held], in: server.lab).status == "SERVFAIL")
        let parent = validates.map { $0.replacingOccurrences(of: "\(Self.zone). DS", with: "com. DS") }
        let told = try unbound(parent + ["domain-insecure: \"\(Self.zone)\""], before: server)
        #expect(try addresses(Self.held, at: told, server) == ["10.1.20.7"])
      }
    }

    @Test func dnsmasqAndDnsdistHandTheReasonOn() throws {
      try serve { server in
        let text = "has no forwarding for nowhere.test."
        let dnsmasq = try dnsmasq([], before: server)
        #expect(try Dig.ask(dnsmasq, [Self.failing], in: server.lab).error?.contains(text) == true)
        let dnsdist = try server.lab.dnsdist(
          checking: "checkName=\"whoami.backroad.\", checkType=\"TXT\", checkClass=3", server.address)
        let answer = try Dig.ask(dnsdist.address, [Self.failing], in: server.lab)
        #expect(answer.status == "SERVFAIL" && answer.error?.contains(text) == true, "\(answer.text)")
      }
    }

    @Test(arguments: [Lab.Resolver.unbound, .bind]) func othersKeepTheCodeAlone(
      _ kind: Lab.Resolver
    ) throws {
      try Lab.run { lab in
        try lab.workspace(
          "acme", clients: ["127.0.0.0/8"], zones: ["example.com": "www A 10.1.20.7\nbroken CNAME nowhere.test.\n"])
        let server = try lab.serve()
        let resolver = try lab.resolver(kind, over: server.address)
        #expect(try addresses("www.example.com", at: resolver.address, server) == ["10.1.20.7"])
        let answer = try Dig.ask(resolver.address, ["+time=10", "broken.example.com"], in: lab)
        #expect(answer.status == "SERVFAIL" && answer.error?.contains("no forwarding") != true, "\(answer.text)")
      }
    }
  }
}
