import Foundation
import Testing

extension EndToEnd {
  /// The lines that docs/pods.md and docs/in-front.md give for forwarders in front, as they stand there, with a link as an
  /// import makes it: CNAMEs to an endpoint whose addresses are pinned.
  @Suite struct ForwarderLines {
    private static let held = "it55102.us-east-1.privatelink.snowflakecomputing.com"
    private static let endpoint =
      "vpce-0121ec40121ec4010-p5d2n8rs.vpce-svc-0a1b2c3d4e5f60718.us-east-1.vpce.amazonaws.com"
    private static let pinned = "10.3.20.7"
    /// What the resolver says that is asked for everything else.
    private static let other = "192.0.2.1"
    /// A trust anchor of all that is below `com`, which nothing there has a signature for.
    private static let digest = String(repeating: "0A", count: 32)

    /// A Backroad with a link, and a resolver for everything else.
    struct Scene {
      let lab: Lab
      let server: Endpoint
      let elsewhere: Endpoint

      /// Lines of a page, with the addresses that this test's servers have.
      func here(_ text: String) -> String {
        ["#", "@", ":", " port "].reduce(text) { text, mark in
          text.replacingOccurrences(of: "10.0.0.53\(mark)53", with: "127.0.0.1\(mark)\(server.port)")
        }
      }

      func start(_ program: String, _ arguments: [String], at port: UInt16) throws -> Endpoint {
        let address = Endpoint("127.0.0.1", port)
        try address.awaitAnswer(from: lab.start(program, arguments))
        return address
      }
    }

    private func scene(answer: String = "name", _ body: (Scene) throws -> Void) throws {
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        try lab.backroad([
          "import", "snowflake", "--workspace", "acme", "--link", "snowflake-prod", "--answer", answer,
          "--endpoint", "\(Self.endpoint)=\(Self.pinned)", Lab.fixture("samples/initech-snowflake.csv").path,
        ])
        let server = try lab.serve()
        let port = try Port.free()
        let scene = Scene(lab: lab, server: server.address, elsewhere: Endpoint("127.0.0.1", port))
        _ = try scene.start("dnsmasq", Self.dnsmasq(port) + ["--address=/#/\(Self.other)"], at: port)
        try body(scene)
      }
    }

    /// The addresses of the link's name and of one that is nobody's, as the forwarder gives them.
    private func addresses(_ scene: Scene, at forwarder: Endpoint) throws -> [String] {
      try [Self.held, "www.example.org"].flatMap { name in
        try Dig.ask(forwarder, ["+time=10", name], in: scene.lab).addresses
      }
    }

    // MARK: Forwarders, with nothing but their lines

    private static func dnsmasq(_ port: UInt16) -> [String] {
      [
        "--keep-in-foreground", "--conf-file=/dev/null", "--port=\(port)", "--listen-address=127.0.0.1",
        "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=", "--user=\(NSUserName())",
      ]
    }

    private func dnsmasq(_ lines: String, _ scene: Scene) throws -> Endpoint {
      let port = try Port.free()
      let flags = lines.split(separator: "\n").map { "--\($0)" }
      // 192.0.2.0/24 is a private range to dnsmasq too.
      return try scene.start(
        "dnsmasq",
        Self.dnsmasq(port) + ["--stop-dns-rebind", "--rebind-domain-ok=/example.org/"]
          + ["--server=127.0.0.1#\(scene.elsewhere.port)"] + flags, at: port)
    }

    /// Unbound that guards private addresses, and validates what is below `com` if it is to.
    private func unbound(_ lines: String, all upstream: Endpoint? = nil, validates: Bool, _ scene: Scene) throws
      -> Endpoint
    {
      let port = try Port.free()
      let everything = upstream ?? scene.elsewhere
      try scene.lab.write(
        """
        server:
          interface: 127.0.0.1
          port: \(port)
          username: ""
          chroot: ""
          directory: "\(scene.lab.folder.path)"
          pidfile: ""
          use-syslog: no
          do-daemonize: no
          num-threads: 1
          do-not-query-localhost: no
          local-zone: "ready.invalid." refuse
          private-address: 10.0.0.0/8
          module-config: "\(validates ? "validator " : "")iterator"
          trust-anchor: "com. DS 12345 13 2 \(Self.digest)"
        remote-control:
          control-enable: no
        forward-zone:
          name: "."
          forward-addr: 127.0.0.1@\(everything.port)
        \(scene.here(lines))
        """, to: "unbound-\(port).conf")
      return try scene.start("unbound", ["-d", "-c", "unbound-\(port).conf"], at: port)
    }

    private func bind(options: String, zones: String, _ scene: Scene) throws -> Endpoint {
      let port = try Port.free()
      try scene.lab.write(
        """
        options {
          directory "\(scene.lab.folder.path)";
          pid-file none;
          session-keyfile none;
          listen-on port \(port) { 127.0.0.1; };
          listen-on-v6 { none; };
          recursion yes;
          forward only;
          forwarders { 127.0.0.1 port \(scene.elsewhere.port); };
          dnssec-validation yes;
          \(options)
        };
        controls { };
        trust-anchors { com. static-ds 12345 13 2 "\(Self.digest)"; };
        \(scene.here(zones))
        """, to: "named-\(port).conf")
      return try scene.start("named", ["-g", "-n", "1", "-c", "named-\(port).conf"], at: port)
    }

    private func recursor(_ lines: String, lua: String, _ scene: Scene) throws -> Endpoint {
      let port = try Port.free()
      let folder = scene.lab.folder.appendingPathComponent("recursor-\(port)").path
      try scene.lab.write(
        "clearTA(\".\")\naddTA(\"com\", \"12345 13 2 \(Self.digest)\")\n\(lua)", to: "recursor-\(port)/settings.lua")
      try scene.lab.write(
        """
        local-address=127.0.0.1
        local-port=\(port)
        dnssec=validate
        security-poll-suffix=
        threads=1
        socket-dir=\(folder)
        setuid=
        setgid=
        lua-config-file=\(folder)/settings.lua
        \(scene.here(lines))
        forward-zones-recurse+=.=127.0.0.1:\(scene.elsewhere.port)
        """, to: "recursor-\(port)/recursor.conf")
      return try scene.start("pdns_recursor", ["--config-dir=\(folder)"], at: port)
    }

    private func dnsdist(_ lines: String, _ scene: Scene) throws -> Endpoint {
      let port = try Port.free()
      try scene.lab.write(
        """
        setLocal("127.0.0.1:\(port)")
        setSecurityPollSuffix("")
        newServer({address="127.0.0.1:\(scene.elsewhere.port)"})
        \(scene.here(lines))
        """, to: "dnsdist-\(port).conf")
      return try scene.start("dnsdist", ["--supervised", "--disable-syslog", "-C", "dnsdist-\(port).conf"], at: port)
    }

    // MARK: What the pages say

    /// With guards, DNSSEC and the rest of the world elsewhere: with the page's lines all is as it should be.
    @Test func everyBlockOfThePageLetsTheLinkThroughAndNothingElse() throws {
      let page = try Page("docs/pods.md")
      let named = try page.blocks("BIND", atLeast: 2)
      let settings = try page.blocks("PowerDNS Recursor", atLeast: 2)
      try scene { scene in
        let forwarders = [
          "dnsmasq": try dnsmasq(scene.here(page.blocks("dnsmasq")[0]), scene),
          "Unbound": try unbound(page.blocks("Unbound")[0], validates: true, scene),
          "BIND": try bind(options: named[0], zones: named[1], scene),
          "PowerDNS Recursor": try recursor(settings[0], lua: settings[1], scene),
          "dnsdist": try dnsdist(page.blocks("dnsdist")[0], scene),
        ]
        for (name, forwarder) in forwarders {
          let found = try addresses(scene, at: forwarder)
          #expect(found == [Self.pinned, Self.other], "\(name)")
        }
      }
    }

    /// Each line is there for a reason: without it the link's name has another answer.
    @Test(arguments: [
      "private-domain: \"privatelink.snowflakecomputing.com\"", "private-domain: \"vpce.amazonaws.com\"",
      "domain-insecure: \"privatelink.snowflakecomputing.com\"", "domain-insecure: \"vpce.amazonaws.com\"",
      "name: \"privatelink.snowflakecomputing.com\"", "name: \"vpce.amazonaws.com\"",
    ]) func unboundNeeds(_ line: String) throws {
      let block = try Page("docs/pods.md").blocks("Unbound")[0]
      #expect(block.contains(line))
      // A zone that no name is in stands for the one that is missing.
      let without = block.replacingOccurrences(of: line, with: line.replacingOccurrences(of: "com\"", with: "test\""))
      // Both kinds of answer, for a link whose names are addresses needs no line for the endpoint, and one for itself.
      let answer = line == "private-domain: \"privatelink.snowflakecomputing.com\"" ? "address" : "name"
      try scene(answer: answer) { scene in
        let forwarder = try unbound(without, validates: true, scene)
        let answer = try Dig.ask(forwarder, ["+time=10", Self.held], in: scene.lab)
        #expect(answer.addresses != [Self.pinned], "\(answer.text)")
      }
    }

    /// As Unbound, of which each line is tried.
    @Test func othersThatValidateNeedTheZonesNamedToo() throws {
      let page = try Page("docs/pods.md")
      let zones = try page.blocks("BIND", atLeast: 2)[1]
      let lines = try page.blocks("PowerDNS Recursor", atLeast: 2)[0]
      try scene { scene in
        for forwarder in [try bind(options: "", zones: zones, scene), try recursor(lines, lua: "", scene)] {
          let answer = try Dig.ask(forwarder, ["+time=10", Self.held], in: scene.lab)
          #expect(answer.status == "SERVFAIL", "\(answer.text)")
        }
      }
    }

    @Test func unboundLooksAtTheEndpointsName() throws {
      let lines = try Page("docs/in-front.md").spans("Unbound", under: "The private addresses are thrown away")
      #expect(lines.count == 2)
      func ask(_ lines: [String], _ scene: Scene) throws -> DigAnswer {
        let text = "server:\n" + lines.map { "  \($0)\n" }.joined()
        let forwarder = try unbound(text, all: scene.server, validates: false, scene)
        return try Dig.ask(forwarder, ["+time=10", Self.held], in: scene.lab)
      }
      try scene { scene in
        let both = try ask(lines, scene)
        #expect(both.addresses == [Self.pinned], "\(both.text)")
        let alone = try ask([lines[0]], scene)
        #expect(alone.status == "NOERROR" && alone.answer.map(\.type) == ["CNAME"], "\(alone.text)")
      }
      try scene(answer: "address") { scene in
        let alone = try ask([lines[0]], scene)
        #expect(alone.addresses == [Self.pinned], "\(alone.text)")
      }
    }

    /// Three of the five follow a CNAME themselves.
    @Test func withoutTheEndpointsZoneSomeAskElsewhereForIt() throws {
      let page = try Page("docs/pods.md")
      let endpoint = "vpce.amazonaws.com"
      func linksAlone(_ text: String) -> String { text.replacingOccurrences(of: endpoint, with: "vpce.test") }
      func forwarders(_ scene: Scene) throws -> [(follows: Bool, address: Endpoint)] {
        let named = try page.blocks("BIND", atLeast: 2)
        let settings = try page.blocks("PowerDNS Recursor", atLeast: 2)
        let plain = try page.blocks("Unbound")[0]
        return [
          (false, try dnsmasq(scene.here(linksAlone(page.blocks("dnsmasq")[0])), scene)),
          (false, try dnsdist(linksAlone(page.blocks("dnsdist")[0]), scene)),
          (
            true,
            try unbound(
              plain.replacingOccurrences(of: "name: \"\(endpoint)\"", with: "name: \"vpce.test\""), validates: true,
              scene)
          ),
          (true, try bind(options: named[0], zones: linksAlone(named[1]), scene)),
          (true, try recursor(linksAlone(settings[0]), lua: settings[1], scene)),
        ]
      }
      try scene { scene in
        for (follows, forwarder) in try forwarders(scene) {
          let found = try addresses(scene, at: forwarder)
          #expect(found == [follows ? Self.other : Self.pinned, Self.other])
        }
      }
      try scene(answer: "address") { scene in
        for (_, forwarder) in try forwarders(scene) {
          let found = try addresses(scene, at: forwarder)
          #expect(found == [Self.pinned, Self.other])
        }
      }
    }
  }
}
