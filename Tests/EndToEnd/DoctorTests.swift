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
        #expect(outcome.status == 1 && outcome.output.contains("203.0.113.9 is public"))
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
        #expect(outcome.status == 1 && outcome.output.contains("A is REFUSED: client 127.0.9.9 is in no workspace"))
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
