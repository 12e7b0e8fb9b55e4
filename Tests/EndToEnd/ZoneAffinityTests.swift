import Foundation
import Testing

extension EndToEnd {
  /// Clients of two availability zones, each with the endpoint's addresses of its own zone first.
  @Suite struct ZoneAffinity {
    private static let endpoint =
      "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
    private static let host = "git.corp.example"

    /// The addresses that a client gets, in order, over UDP and TCP, by the name and by the endpoint's.
    private func order(_ server: Server, from client: String) throws -> Set<[String]> {
      var orders: Set<[String]> = []
      for transport in ["+notcp", "+tcp"] {
        for name in [Self.host, Self.endpoint] {
          let answer = try server.dig("-b", client, transport, name)
          #expect(answer.status == "NOERROR", "\(answer.text)")
          orders.insert(answer.answer.filter { $0.type == "A" }.map(\.data))
        }
      }
      return orders
    }

    @Test func aClientGetsTheAddressesOfItsZoneFirst() throws {
      try Lab.run { lab in
        try lab.write(
          """
          { "clients": ["127.0.0.0/8"],
            "client-zones": { "us-east-1a": ["127.0.1.0/24"], "us-east-1b": ["127.0.2.0/24"] } }
          """, to: "zones/acme/workspace.json")
        let plan = try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--endpoint", Self.endpoint, "--zone-address",
          "us-east-1a=10.0.1.7,10.0.1.8", "--zone-address", "us-east-1b=10.0.2.7", "--zone-affinity", Self.host,
        ])
        #expect(plan.contains("clients of us-east-1a, us-east-1b are answered with the addresses there"), "\(plan)")
        let server = try lab.serve()
        let plain = ["10.0.1.7", "10.0.1.8", "10.0.2.7"]
        #expect(try order(server, from: "127.0.0.1") == [plain])
        #expect(try order(server, from: "127.0.1.1") == [plain])
        #expect(try order(server, from: "127.0.2.1") == [["10.0.2.7", "10.0.1.7", "10.0.1.8"]])
        // An import that does not speak of it keeps it, and a running server follows what is said.
        try lab.backroad(["import", "hosts", "--workspace", "acme", "--link", "git", Self.host])
        try lab.backroad(["link", "set-endpoint", "acme", "git", "--zone-address", "us-east-1a=10.0.2.7"])
        try lab.backroad(["link", "set-endpoint", "acme", "git", "--zone-address", "us-east-1b=10.0.1.8"])
        try eventually("the server follows", within: 60) {
          try order(server, from: "127.0.1.1") == [["10.0.1.7", "10.0.2.7", "10.0.1.8"]]
            && order(server, from: "127.0.2.1") == [["10.0.1.8", "10.0.1.7", "10.0.2.7"]]
        }
        #expect(try order(server, from: "127.0.0.1") == [plain])
        try lab.backroad(["link", "set-endpoint", "acme", "git", "--no-zone-affinity"])
        try eventually("the server follows", within: 60) { try order(server, from: "127.0.2.1") == [plain] }
      }
    }
  }
}
