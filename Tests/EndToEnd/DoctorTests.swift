import Foundation
import Testing

extension EndToEnd {
  /// `doctor` judges what the running server answers for every host of a workspace's links.
  @Suite struct Doctor {
    private func serve(_ address: String, _ body: (Server) throws -> Void) throws {
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.1.0/24"])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "db", "--endpoint", "vpce-1.vpce.example=10.9.0.1",
          "--answer", "address", "db.corp.example", "api.corp.example",
        ])
        // By hand, for an import takes no public address.
        for path in ["links/db.json", "db.corp.example.zone", "api.corp.example.zone", "vpce-1.vpce.example.zone"] {
          let text = try lab.read("zones/acme/\(path)").replacingOccurrences(of: "10.9.0.1", with: address)
          try lab.write(text, to: "zones/acme/\(path)")
        }
        try body(lab.serve())
      }
    }

    private func doctor(_ server: Server, _ flags: String..., from: String = "127.0.1.5") throws -> Outcome {
      try server.lab.run(
        Lab.backroad(),
        ["doctor", "--workspace", "acme", "--server", server.address.text, "--from", from] + flags)
    }

    @Test func privateAddressesAreWell() throws {
      try serve("10.9.0.1") { server in
        let outcome = try doctor(server)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(
          outcome.output.hasPrefix(
            "as a client of workspace acme, asked at \(server.address.text): workspace=acme client=127.0.1.5 by=prefix"),
          "\(outcome.output)")
        let rows = outcome.output.split(separator: "\n").dropFirst(2).map { $0.split(separator: " ").map(String.init) }
        #expect(
          rows == [
            ["api.corp.example", "db", "vpce-1.vpce.example", "10.9.0.1", "ok"],
            ["db.corp.example", "db", "vpce-1.vpce.example", "10.9.0.1", "ok"],
          ])
      }
    }

    /// The server holds such a name closed, so that the address is not even told; and nothing is connected to.
    @Test func aPublicAddressIsWrong() throws {
      try serve("203.0.113.9") { server in
        let outcome = try doctor(server, "--connect", "443")
        #expect(outcome.status == 1)
        let lines = outcome.output.split(separator: "\n").dropFirst(2)
        #expect(lines.count { $0.hasSuffix("wrong") } == 2, "\(outcome.output)")
        #expect(lines.count { $0.contains("SERVFAIL") && $0.contains("public address 203.0.113.9") } == 4)
        // One cause of both, told once.
        #expect(lines.count { $0.hasPrefix("  likely: it is not the private endpoint, or an older answer") } == 1)
        #expect(lines.count { $0.hasPrefix("  likely: as for ") } == 1)
        #expect(!outcome.output.contains("TIME (UTC)"))
      }
    }

    @Test func anAddressIsReachedOrNot() throws {
      try serve("127.0.0.1") { server in
        let well = try doctor(server, "--connect", "\(server.address.port)")
        #expect(well.status == 0)
        // For flow logs: when, from where and where to.
        let time = /\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z +127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +\d+ +reached\n/
        #expect(well.output.matches(of: time).count >= 1, "\(well.output)")
        let port = try Port.free()
        let outcome = try doctor(server, "--connect", "\(port)")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("127.0.0.1:\(port) is not reached: Connection refused"))
        #expect(
          outcome.output.contains("\n  likely: something is there and says no: a listener or target group of another"))
        let both = try doctor(server, "--connect", "\(server.address.port)", "--connect", "\(port)")
        #expect(both.output.contains("\n  likely: other ports take connections: "), "\(both.output)")
      }
    }

    @Test func aLinkWithoutAnEndpointIsToldHowToGetOne() throws {
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.1.0/24"])
        try lab.write(Self.requested, to: "zones/acme/links/db.json")
        let outcome = try doctor(lab.serve())
        #expect(
          outcome.status == 1 && outcome.output.contains("has no endpoint yet"), "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("likely: the link is only asked for: "), "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("backroad link set-endpoint acme db VPCE"))
      }
    }

    /// Who may ask the server's admin interface needs to be nobody's client.
    @Test func whereThisMachineIsNoClientTheServerItselfIsAsked() throws {
      try serve("10.9.0.1") { server in
        let words = ["doctor", "--workspace", "acme", "--zones", "zones"]
        let outcome = try server.lab.run(Lab.backroad(), words)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(
          outcome.output.hasPrefix("as the server on \(server.address.text) says that it answers workspace acme"),
          "\(outcome.output)")
        #expect(outcome.output.contains("10.9.0.1"))
      }
    }

    /// Through the admin interface no upstream is asked by the server, so the same upstreams are asked from here.
    @Test func whatUpstreamsKnowIsAskedOfTheServersUpstreams() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream {
          Message.answer($0.octets, $0.type == 1 ? [.a(10, 9, 0, 4)] : [])
        }
        try lab.workspace("acme", clients: ["127.0.1.0/24"], zones: [:], forward: ["vpce.example": [upstream.address]])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "db", "--endpoint", "vpce-1.vpce.example", "--zone",
          "corp.example", "--miss", "forward", "db.corp.example",
        ])
        let server = try lab.serve()
        for flags in [["--server", server.address.text, "--from", "127.0.1.5"], []] {
          let outcome = try lab.run(Lab.backroad(), ["doctor", "--workspace", "acme"] + flags)
          #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
          #expect(outcome.output.contains("vpce-1.vpce.example  10.9.0.4   ok"), "\(outcome.output)")
        }
      }
    }

    private static let requested = #"{ "kind": "hosts", "zones": { "db.corp.example": { "db.corp.example": [] } } }"#

    /// Whoever waits sees the link become well once the server has taken in what has changed.
    @Test func waitingEndsWhenAllIsWell() throws {
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        try lab.write(Self.requested, to: "zones/acme/links/db.json")
        let server = try lab.serve()
        let words = ["doctor", "--workspace", "acme", "--server", server.address.text]
        let given = try lab.run(Lab.backroad(), words + ["--wait", "1s"])
        #expect(given.status == 1 && given.output.contains("wrong"), "\(given.output)\(given.errors)")
        let waiting = try lab.start(Lab.backroad(), words + ["--wait", "2m"])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "db", "--endpoint", "10.9.0.1", "db.corp.example",
          "api.corp.example",
        ])
        let outcome = try waiting.wait()
        #expect(
          outcome.status == 0 && outcome.output.contains("api.corp.example"), "\(outcome.output)\(outcome.errors)")
      }
    }

    @Test func onlyTheLinkThatIsNamedIsLookedAt() throws {
      try serve("10.9.0.1") { server in
        try server.lab.write(
          Self.requested.replacing("db.corp", with: "new.corp"), to: "zones/acme/links/new.json")
        let outcome = try doctor(server, "--link", "db")
        #expect(outcome.status == 0 && !outcome.output.contains("new.corp"), "\(outcome.output)\(outcome.errors)")
        let other = try doctor(server, "--link", "dd")
        #expect(other.status == 1 && other.errors.contains("no link \"dd\"; did you mean db?"), "\(other.errors)")
      }
    }

    @Test func whoIsNoClientIsTold() throws {
      try serve("10.9.0.1") { server in
        let outcome = try doctor(server, from: "127.0.9.9")
        #expect(outcome.status == 1 && outcome.output == "")
        #expect(
          outcome.errors.hasPrefix("backroad: these questions are refused: client 127.0.9.9 is in no workspace"),
          "\(outcome.errors)")
        #expect(outcome.errors.contains("--from ADDR, or with its token with --token HEX"))
      }
    }

    /// What another workspace's clients are answered says nothing of this one.
    @Test func whoIsAnotherWorkspacesClientIsTold() throws {
      try serve("10.9.0.1") { server in
        try server.lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["db.corp.example": "@ A 10.2.0.1\n"])
        try eventually("globex is served", within: 5) {
          try server.dig("-b", "127.0.2.5", "db.corp.example").addresses == ["10.2.0.1"]
        }
        let outcome = try doctor(server, from: "127.0.2.5")
        #expect(outcome.status == 1 && outcome.output == "")
        #expect(
          outcome.errors.hasPrefix("backroad: these questions are workspace globex's, not acme's: ask from one of"),
          "\(outcome.errors)")
      }
    }

    @Test func anAddressThatIsNotOfThisMachineIsTold() throws {
      try serve("10.9.0.1") { server in
        let outcome = try doctor(server, from: "192.0.2.1")
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("backroad: --from: 192.0.2.1 is no address of this machine"))
      }
    }

    /// An endpoint, how hosts are answered, and what is said where the server has db.corp.example at 10.9.0.1.
    private static let others = [
      ("vpce-1.vpce.example=10.9.0.2", "10.9.0.1 is no address of the link's vpce-1.vpce.example"),
      ("vpce-1.vpce.example=10.9.0.1,10.9.0.2", "the link's address 10.9.0.2 is missing"),
      ("10.9.0.7", "10.9.0.1 is no address of the link's 10.9.0.7"),
    ]

    /// A private address is well only where it is the link's.
    @Test(arguments: others) func anAnswerThatIsNotTheLinksIsWrong(endpoint: String, complaint: String) throws {
      try serve("10.9.0.1") { server in
        try server.lab.backroad(["workspace", "add", "acme", "--zones", "other"])
        try server.lab.backroad([
          "import", "hosts", "--zones", "other", "--workspace", "acme", "--link", "db", "--endpoint", endpoint,
          "--answer", "address", "db.corp.example",
        ])
        let outcome = try doctor(server, "--zones", "other")
        #expect(outcome.status == 1 && outcome.output.contains(complaint), "\(outcome.output)\(outcome.errors)")
      }
    }

    @Test func aNameThatIsNotTheLinksEndpointIsWrong() throws {
      try Lab.run { lab in
        for (zones, endpoint) in [("zones", "vpce-1.vpce.example=10.9.0.1"), ("other", "vpce-2.vpce.example=10.9.0.1")]
        {
          try lab.backroad(["workspace", "add", "acme", "--client", "127.0.1.0/24", "--zones", zones])
          try lab.backroad([
            "import", "hosts", "--zones", zones, "--workspace", "acme", "--link", "db", "--endpoint", endpoint,
            "--zone", "corp.example", "--miss", "nxdomain", "db.corp.example",
          ])
        }
        let server = try lab.serve()
        #expect(try doctor(server).status == 0)
        let outcome = try doctor(server, "--zones", "other")
        #expect(outcome.status == 1)
        #expect(
          outcome.output.contains("leads to vpce-1.vpce.example, and not to the link's vpce-2.vpce.example"),
          "\(outcome.output)\(outcome.errors)")
      }
    }

    /// Names of the longest kind, beyond a cell's width.
    @Test func aReasonIsTheWholeReason() throws {
      let label = String(repeating: "n", count: 60)
      let (first, second) = ("a.\(label).\(label).\(label).example", "b.\(label).\(label).\(label).example")
      try Lab.run { lab in
        for (zones, endpoint) in [("zones", first), ("other", second)] {
          try lab.backroad(["workspace", "add", "acme", "--client", "127.0.1.0/24", "--zones", zones])
          try lab.backroad([
            "import", "hosts", "--zones", zones, "--workspace", "acme", "--link", "db", "--endpoint",
            "\(endpoint)=10.9.0.1", "--zone", "corp.example", "--miss", "nxdomain", "db.corp.example",
          ])
        }
        let outcome = try doctor(lab.serve(), "--zones", "other")
        #expect(outcome.status == 1)
        #expect(
          outcome.output.contains("\n  leads to \(first), and not to the link's \(second)\n"),
          "\(outcome.output)\(outcome.errors)")
      }
    }

    @Test func aServerThatIsNotThereIsTold() throws {
      try serve("10.9.0.1") { server in
        server.program.stop()
        let outcome = try doctor(server)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("the server at \(server.address.text) cannot be asked: Connection refused"))
      }
    }
  }
}
