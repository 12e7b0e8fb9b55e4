import Foundation
import Testing

extension EndToEnd {
  /// A link from when it is asked for until it is failed over and back, with real servers in two zones behind its endpoint, and
  /// a cloud's resolver: what clients are answered and what `doctor`, the states and the metrics say agree at each step, and
  /// name the cause that was made.
  @Suite(.enabled(if: Network.isAllowed, "\(Network.reason)")) struct LinkLives {
    private static let host = "git.corp.example"
    private static let service = "vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
    private static let endpoint = "vpce-0a1b2c3d4e5f60718-abcdefgh.\(service)"
    private static let zoneA = "10.1.20.7"
    private static let zoneB = "10.1.21.7"
    private static let standby = "10.9.20.7"

    /// A zone of the customer's, with an address of the endpoint and what stands behind it.
    private final class Zone {
      private let address: String
      private let machine: Machine
      private let listeners: Listeners
      private let certificate: String
      private var programs: [Int: Program] = [:]

      init(_ address: String, number: Int, _ site: Site, _ network: Network) throws {
        self.address = address
        machine = try network.machine("zone\(number)", at: [address])
        try network.cable(site.vendor, "10.77.2\(number).1/24", machine, "10.77.2\(number).2/24")
        try site.vendor.ip("route", "add", "\(address)/32", "via", "10.77.2\(number).2")
        try machine.ip("route", "add", "default", "via", "10.77.2\(number).1")
        listeners = Listeners(lab: site.lab, machine: machine)
        certificate = site.certificate
        for port in [22, 443] { try open(port) }
      }

      /// Has something listen on a port.
      func open(_ port: Int) throws {
        programs[port] = try listeners.https(address, port: port, certificate: certificate, page: address)
      }

      /// Ends what listens on a port, so that connections are refused.
      func close(_ port: Int) { programs[port]?.stop() }

      /// Nobody is at the address any more: what is sent there is lost.
      func vanish() throws { try machine.ip("address", "delete", "\(address)/32", "dev", "lo") }

      /// It is as before.
      func appear() throws { try machine.ip("address", "add", "\(address)/32", "dev", "lo") }
    }

    /// The vendor's machine with Backroad and the cloud's resolver, and a client's.
    private struct Site {
      let lab: Lab
      let vendor: Machine
      let client: Machine
      let resolver: CloudResolver
      let certificate: String

      init(_ lab: Lab, _ network: Network) throws {
        self.lab = lab
        certificate = try Authority(lab).certify(host)
        vendor = try network.machine("vendor", at: ["10.77.0.53", "10.77.0.2"])
        client = try network.machine("client")
        try network.cable(vendor, "10.77.1.1/24", client, "10.77.1.2/24")
        try client.ip("route", "add", "default", "via", "10.77.1.1")
        try vendor.becomeRouter()
        resolver = try CloudResolver("10.77.0.2", on: vendor, in: lab)
      }

      /// Serves the lab's zones on the vendor's machine, and looks at endpoints often.
      func serve() throws -> Server {
        try lab.write(#"{ "forward": [{ "zone": ".", "to": ["10.77.0.2"] }], "watch-every": 1 }"#, to: "backroad.json")
        let program = try vendor.start(
          Lab.backroad(), ["serve", "--listen", "10.77.0.53:53", "--workers", "1"])
        try eventually("it serves; it said \(program.errors)", within: 30) { program.errors.contains("serving 1") }
        return Server(program: program, address: Endpoint("10.77.0.53", 53), lab: lab)
      }
    }

    /// What clients get: addresses, or the reason why there are none.
    private enum Answer {
      case addresses([String])
      case closed(String)
    }

    /// What is to be told of the link: by `link show`, the metrics and the log, which see it through the server, and by
    /// `doctor`, which looks for itself.
    private struct Told {
      /// The state, as programs name it.
      let state: String
      /// What the reason of the state has in it.
      var why = ""
      /// What `doctor` says is likely; none where all is well.
      var causes: [String] = []
    }

    /// Waits until clients get an answer, and until everything that tells of the link tells the same.
    private func expect(_ step: String, _ answer: Answer, _ told: Told, _ site: Site, _ server: Server) throws {
      var last = DigAnswer()
      try eventually("\(step): clients get \(answer)", within: 30) {
        last = Dig.parse(try site.client.run("dig", ["@10.77.0.53", "+tries=1", Self.host]).output)
        switch answer {
        case .addresses(let addresses): return last.status == "NOERROR" && last.addresses == addresses
        case .closed(let reason):
          return last.status == "SERVFAIL" && last.answer.isEmpty && last.error?.contains(reason) == true
        }
      }
      try expectState(step, told, site, server)
      let words = ["doctor", "--workspace", "acme", "--server", "10.77.0.53:53", "--from", "10.77.1.2"]
      let outcome = try site.client.run(Lab.backroad(), words)
      #expect(outcome.status == (told.causes.isEmpty ? 0 : 1), "\(step): \(outcome.output)\(outcome.errors)")
      for cause in told.causes {
        #expect(outcome.output.contains(cause), "\(step): \(outcome.output)\(outcome.errors)")
      }
      #expect(outcome.output.contains("likely:") == !told.causes.isEmpty, "\(step): \(outcome.output)")
    }

    private func expectState(_ step: String, _ told: Told, _ site: Site, _ server: Server) throws {
      var shown = ""
      try eventually("\(step): the link is \(told.state), \(told.why)", within: 60) {
        shown = try site.lab.backroad(["link", "show", "acme", "git", "--json"])
        let link = try #require(JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: Any])
        let why = link["why"] as? String ?? ""
        return link["state"] as? String == told.state && (told.why.isEmpty ? why.isEmpty : why.contains(told.why))
      }
      #expect(shown.contains("\"seenBy\": \"server\""), "\(step): \(shown)")
      #expect(try server.metric("backroad_links{state=\"\(told.state)\"}") == 1, "\(step)")
      let line = "link git of workspace acme is \(told.state.replacing("-", with: " ")) since 20"
      #expect(told.state == "requested" || server.program.errors.contains(line), "\(step): \(server.program.errors)")
    }

    @Test func eachStepIsToldAlike() throws {
      try Lab.run { lab in
        let network = Network(lab)
        let site = try Site(lab, network)
        let (a, b) = (try Zone(Self.zoneA, number: 1, site, network), try Zone(Self.zoneB, number: 2, site, network))
        try lab.backroad(["workspace", "add", "acme", "--no-token", "--client", "10.77.1.0/24"])
        try lab.backroad(["import", "vcs", "--workspace", "acme", "--link", "git", "--product", "gitlab", Self.host])
        let server = try site.serve()
        func step(_ name: String, _ answer: Answer, _ told: Told) throws {
          try expect(name, answer, told, site, server)
        }
        try step(
          "requested", .closed("link git has no endpoint yet"),
          Told(state: "requested", causes: ["the link is only asked for"]))

        try lab.backroad(["link", "set-endpoint", "acme", "git", Self.endpoint])
        let none = Answer.closed("the endpoint of link git has no address yet, it may not be accepted")
        let guess = "probably the connection is not accepted yet"
        try step("not accepted", none, Told(state: "not-resolving", why: guess, causes: [guess]))
        try lab.backroad(["link", "state", "acme", "git"], input: Array(Self.pending.utf8))
        let word = Told(
          state: "not-resolving", why: "AWS said PendingAcceptance",
          causes: ["AWS said PendingAcceptance", "accepts the connection"])
        try step("not accepted, as AWS says", none, word)

        try site.resolver.hold([Self.endpoint: [Self.zoneA, Self.zoneB]])
        let both = Answer.addresses([Self.zoneA, Self.zoneB])
        try step("accepted", both, Told(state: "reachable"))

        try b.vanish()
        let zone = Told(
          state: "degraded", why: "\(Self.zoneB) is lost: no answer: probably a zone",
          causes: ["other addresses take connections on port 22: probably a zone is lost", "\(Self.zoneB):443"])
        try step("one zone lost", both, zone)
        try b.appear()
        try step("the zone is back", both, Told(state: "reachable"))

        for zone in [a, b] { zone.close(443) }
        let port = Told(
          state: "degraded", why: "port 443 is lost: refused: the load balancer has no listener",
          causes: ["other ports take connections: the load balancer has no listener on port 443"])
        try step("one port lost", both, port)
        for zone in [a, b] { try zone.open(443) }
        try step("the port is back", both, Told(state: "reachable"))

        for zone in [a, b] { try zone.vanish() }
        let failed = Told(
          state: "failed", why: "probably a security group without", causes: ["probably a security group without"])
        try step("failed", both, failed)
        for zone in [a, b] { try zone.appear() }
        try step("the end", both, Told(state: "reachable"))
      }
    }

    /// Runs a test of a link with an endpoint in two zones and a standby in a third, which are all well.
    private func withStandby(
      _ flags: [String], _ body: ([Zone], Server, (_ step: String, Answer, Told) throws -> Void) throws -> Void
    ) throws {
      try Lab.run { lab in
        let network = Network(lab)
        let site = try Site(lab, network)
        let zones = [try Zone(Self.zoneA, number: 1, site, network), try Zone(Self.zoneB, number: 2, site, network)]
        _ = try Zone(Self.standby, number: 3, site, network)
        try site.resolver.hold([Self.endpoint: [Self.zoneA, Self.zoneB]])
        try lab.backroad(["workspace", "add", "acme", "--no-token", "--client", "10.77.1.0/24"])
        try lab.backroad(
          [
            "import", "vcs", "--workspace", "acme", "--link", "git", "--product", "gitlab", "--endpoint", Self.endpoint,
            "--standby", Self.standby, Self.host,
          ] + flags)
        let server = try site.serve()
        try expect("both endpoints work", Self.both, Told(state: "reachable"), site, server)
        try body(zones, server) { try expect($0, $1, $2, site, server) }
      }
    }

    private static var both: Answer { .addresses([zoneA, zoneB]) }
    private static var other: Answer { .addresses([standby]) }
    private static let lost = "probably a security group without"

    @Test func aPersonFailsTheLinkOverAndBack() throws {
      try withStandby([]) { zones, server, step in
        for zone in zones { try zone.vanish() }
        try step("the first is lost", Self.both, Told(state: "failed", why: Self.lost, causes: [Self.lost]))
        try server.lab.backroad(["link", "failover", "acme", "git"])
        try step("failed over", Self.other, Told(state: "reachable", why: Self.lost))
        for zone in zones { try zone.appear() }
        try step("the first works, and the names are where the person led them", Self.other, Told(state: "reachable"))
        try server.lab.backroad(["link", "failover", "acme", "git", "--back"])
        try step("led back", Self.both, Told(state: "reachable"))
      }
    }

    @Test func theServerFailsTheLinkOverAndBack() throws {
      try withStandby(["--failover-after", "2s,2s"]) { zones, server, step in
        for zone in zones { try zone.vanish() }
        try step("failed over", Self.other, Told(state: "reachable", why: Self.lost))
        #expect(try server.metric("backroad_links_failed_over") == 1)
        for zone in zones { try zone.appear() }
        try step("led back", Self.both, Told(state: "reachable"))
        #expect(try server.metric("backroad_links_failed_over") == 0)
        #expect(try server.metric("backroad_link_moves_total") == 2)
      }
    }

    /// What `aws ec2 describe-vpc-endpoints` prints of an endpoint that waits.
    private static let pending = """
      { "VpcEndpoints": [ { "VpcEndpointId": "vpce-0a1b2c3d4e5f60718", "State": "PendingAcceptance",
        "ServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", "DnsEntries": [] } ] }
      """
  }
}
