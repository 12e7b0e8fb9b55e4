import Foundation
import Testing

extension EndToEnd {
  /// `doctor` judges what the running server answers for every host of a workspace's links.
  @Suite struct Doctor {
    private func serve(_ address: String, _ body: (Server) throws -> Void) throws {
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.1.0/24"])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "db", "--endpoint", "vpce-1.vpce.example=\(address)",
          "--answer", "address", "db.corp.example", "api.corp.example",
        ])
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
        let rows = outcome.output.split(separator: "\n").dropFirst().map { $0.split(separator: " ").map(String.init) }
        #expect(rows == [["api.corp.example", "db", "10.9.0.1", "ok"], ["db.corp.example", "db", "10.9.0.1", "ok"]])
      }
    }

    @Test func aPublicAddressIsWrong() throws {
      try serve("203.0.113.9") { server in
        let outcome = try doctor(server)
        #expect(outcome.status == 1)
        let lines = outcome.output.split(separator: "\n").dropFirst()
        #expect(lines.count { $0.hasSuffix("wrong") } == 2)
        #expect(lines.count { $0.contains("link db leads to the public address 203.0.113.9") } >= 2, "\(lines)")
      }
    }

    @Test func anAddressIsReachedOrNot() throws {
      try serve("127.0.0.1") { server in
        #expect(try doctor(server, "--connect", "\(server.address.port)").status == 0)
        let port = try Port.free()
        let outcome = try doctor(server, "--connect", "\(port)")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("127.0.0.1:\(port) is not reached: Connection refused"))
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
