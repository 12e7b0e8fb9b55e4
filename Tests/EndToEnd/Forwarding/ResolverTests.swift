import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Real resolvers as upstreams: what they answer comes through, and they may die and return.
  @Suite struct Resolvers {
    static let records = """
      www A 10.1.0.1
      www AAAA fd00:1::1
      alias CNAME www
      out CNAME db.corp.example.
      text TXT "a text"
      \((0..<90).map { "many A 10.2.0.\($0)\n" }.joined())
      short 1 A 10.1.0.9
      d DNAME e
      x.e A 10.1.0.5
      * A 10.1.0.77

      """
    static let zone = "$TTL 300\n@ SOA ns root 1 3600 600 604800 60\n@ NS ns\nns A 127.0.0.1\n" + records

    private func withResolver(
      _ kind: Lab.Resolver, _ body: (Lab, Server, Lab.Peer) throws -> Void
    ) throws {
      try Lab.run { lab in
        // Whatever is not below example.com does not exist.
        let root =
          "$TTL 60\n. SOA ns.invalid. root.invalid. 1 3600 600 604800 60\n. NS ns.example.com.\n"
          + "example.com. NS ns.example.com.\nns.example.com. A 127.0.0.1\n"
        let authority = try lab.nsd(["example.com": Self.zone, ".": root])
        let peer = try lab.resolver(kind, over: authority.address)
        try lab.workspace(
          "acme", clients: ["127.0.0.1"], zones: ["corp.example": "db A 10.5.0.1\n"],
          forward: [".": [peer.address]])
        try body(lab, lab.serve(), peer)
      }
    }

    @Test(arguments: Lab.Resolver.allCases) func whatItAnswersComesThrough(_ kind: Lab.Resolver) throws {
      try withResolver(kind) { _, server, _ in try Self.expectTheFixture(server) }
    }

    @Test func whatPowerDNSAnswersComesThrough() throws {
      try Lab.run { lab in
        let peer = try lab.powerDNS("example.com", "$ORIGIN example.com.\n" + Self.zone)
        try lab.workspace(
          "acme", clients: ["127.0.0.1"], zones: ["corp.example": "db A 10.5.0.1\n"],
          forward: [".": [peer.address]])
        try Self.expectTheFixture(lab.serve())
      }
    }

    private static func expectTheFixture(_ server: Server) throws {
      for transport in ["+notcp", "+tcp"] {
        for flag in ["+nodnssec", "+dnssec"] {
          let host = try server.dig(transport, flag, "www.example.com")
          #expect(host.addresses == ["10.1.0.1"] && host.answer.count == 1, "\(host.text)")
          #expect(!host.flags.contains("ad") && !host.flags.contains("aa"), "neither is anybody's to claim here")
        }
        #expect(try server.dig(transport, "www.example.com", "AAAA").addresses == ["fd00:1::1"])
        let alias = try server.dig(transport, "alias.example.com")
        #expect(alias.records == ["alias.example.com. CNAME www.example.com.", "www.example.com. A 10.1.0.1"])
        let home = try server.dig(transport, "out.example.com")
        #expect(home.records == ["out.example.com. CNAME db.corp.example.", "db.corp.example. A 10.5.0.1"])
        #expect(try server.dig(transport, "text.example.com", "TXT").answer.map(\.data) == ["\"a text\""])
        #expect(try server.dig(transport, "many.example.com").addresses.count == 90)
        let dname = try server.dig(transport, "x.d.example.com")
        #expect(
          dname.addresses == ["10.1.0.5"] && dname.answer.map(\.type) == ["DNAME", "CNAME", "A"], "\(dname.text)")
        let empty = try server.dig(transport, "www.example.com", "MX")
        #expect(empty.status == "NOERROR" && empty.answer.isEmpty && empty.authority.map(\.type) == ["SOA"])
        let missing = try server.dig(transport, "no.www.example.com")
        #expect(missing.status == "NXDOMAIN" && missing.authority.map(\.type) == ["SOA"], "\(missing.text)")
        #expect(try server.dig(transport, "anything.example.com").addresses == ["10.1.0.77"])
      }
    }

    enum Outage: String, CaseIterable {
      case stopped, killed
    }

    /// Gone for six seconds: names that are known are answered, stale or not; new ones within 5 s of the return.
    @Test(arguments: Lab.Resolver.allCases, Outage.allCases)
    func itReturns(_ kind: Lab.Resolver, _ outage: Outage) throws {
      try withResolver(kind) { _, server, peer in
        #expect(try server.dig("www.example.com").addresses == ["10.1.0.1"])
        #expect(try server.dig("short.example.com").addresses == ["10.1.0.9"])
        switch outage {
        case .stopped: peer.program.signal(SIGSTOP)
        case .killed: peer.kill()
        }
        let start = Date()
        var count = 0
        while Date().timeIntervalSince(start) < 6 {
          count += 1
          let new = try server.dig("+time=6", "new\(count).example.com")
          #expect(new.status == "SERVFAIL" && new.error != nil, "\(new.text)")
          #expect(try server.dig("www.example.com").addresses == ["10.1.0.1"], "what is kept is answered")
        }
        let stale = try server.dig("short.example.com")
        #expect(stale.addresses == ["10.1.0.9"] && stale.error?.hasPrefix("3 (Stale Answer)") == true, "\(stale.text)")
        switch outage {
        case .stopped: peer.program.signal(SIGCONT)
        case .killed: try peer.restart()
        }
        try eventually("names resolve again", within: 5) {
          count += 1
          return try server.dig("+time=6", "new\(count).example.com").addresses == ["10.1.0.77"]
        }
        try eventually("what was stale is fresh", within: 5) {
          let short = try server.dig("short.example.com")
          return short.addresses == ["10.1.0.9"] && short.error == nil
        }
      }
    }

    /// With two upstreams nobody notices that one is gone.
    @Test(arguments: Outage.allCases) func anotherTakesOver(_ outage: Outage) throws {
      try Lab.run { lab in
        let authority = try lab.nsd(["example.com": Self.zone])
        let peers = try [Lab.Resolver.unbound, .dnsmasq].map { try lab.resolver($0, over: authority.address) }
        try lab.workspace("acme", clients: ["127.0.0.1"], forward: [".": peers.map(\.address)])
        let server = try lab.serve()
        var count = 0
        func ask(within seconds: Double) throws {
          count += 1
          let start = Date()
          let answer = try server.dig("new\(count).example.com")
          #expect(answer.addresses == ["10.1.0.77"], "\(answer.text)")
          #expect(Date().timeIntervalSince(start) < seconds)
        }
        for _ in 0..<20 { try ask(within: 2) }
        for gone in [0, 1] {
          if outage == .stopped { peers[gone].program.signal(SIGSTOP) } else { peers[gone].kill() }
          for _ in 0..<20 { try ask(within: 2.5) }
          if outage == .stopped { peers[gone].program.signal(SIGCONT) } else { try peers[gone].restart() }
          // Until the probe that finds it back, before the other one goes.
          let back = Date()
          while Date().timeIntervalSince(back) < 4 { try ask(within: 2.5) }
        }
      }
    }
  }
}
