import Testing

extension EndToEnd {
  /// Who asks decides everything: nobody's clients are refused, and nobody sees another workspace.
  @Suite struct Isolation {
    private func serve(_ body: (Server) throws -> Void) throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.1", "127.0.1.0/24"], zones: ["corp.example": "www A 10.1.0.1\n"])
        try lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["corp.example": "www A 10.2.0.1\n"])
        try body(lab.serve())
      }
    }

    @Test func eachWorkspaceSeesItsOwnZones() throws {
      try serve { server in
        for (client, address) in [("127.0.0.1", "10.1.0.1"), ("127.0.1.77", "10.1.0.1"), ("127.0.2.3", "10.2.0.1")] {
          for transport in ["+notcp", "+tcp"] {
            let answer = try server.dig("-b", client, transport, "www.corp.example")
            #expect(answer.status == "NOERROR" && answer.flags.contains("aa"))
            #expect(answer.addresses == [address], "asked from \(client)")
          }
        }
      }
    }

    @Test func nobodysClientsAreRefusedAndToldWhy() throws {
      try serve { server in
        for question in [["www.corp.example"], ["example.com"], ["CH", "TXT", "version.bind"], ["-x", "10.1.0.1"]] {
          for transport in ["+notcp", "+tcp"] {
            let answer = try Dig.ask(server.address, ["-b", "127.0.9.9", transport] + question, in: server.lab)
            #expect(answer.status == "REFUSED" && answer.answer.isEmpty && answer.authority.isEmpty)
            #expect(
              answer.error
                == "18 (Prohibited): (client 127.0.9.9 is in no workspace, add it to the clients of one or lease it)")
          }
        }
      }
    }

    @Test func classChaosTellsWhoAsks() throws {
      try serve { server in
        let who = try server.dig("-b", "127.0.2.9", "CH", "TXT", "whoami.backroad")
        #expect(who.answer.map(\.data) == [#""workspace=globex" "client=127.0.2.9" "by=prefix" "prefix=127.0.2.0/24""#])
        let single = try server.dig("-b", "127.0.0.1", "CH", "TXT", "whoami.backroad")
        #expect(
          single.answer.map(\.data) == [#""workspace=acme" "client=127.0.0.1" "by=prefix" "prefix=127.0.0.1/32""#])
        let version = try server.dig("CH", "TXT", "version.bind")
        #expect(version.answer.first?.data.hasPrefix("\"Backroad ") == true)
        for name in ["id.server", "hostname.bind"] {
          let answer = try server.dig("CH", "TXT", name)
          #expect(answer.status == "NOERROR" && answer.answer.count == 1, "\(name): \(answer.text)")
        }
        let other = try server.dig("CH", "TXT", "authors.bind")
        #expect(other.status == "REFUSED" && other.error?.hasPrefix("21 (Not Supported)") == true)
      }
    }

    /// A name that only one workspace has is not even hinted at to the other.
    @Test func anotherWorkspacesNamesDoNotExist() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.1.0/24"], zones: ["corp.example": "secret A 10.1.0.1\n"])
        try lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["corp.example": "www A 10.2.0.1\n"])
        let server = try lab.serve()
        let own = try server.dig("-b", "127.0.1.1", "secret.corp.example")
        let other = try server.dig("-b", "127.0.2.1", "secret.corp.example")
        let never = try server.dig("-b", "127.0.2.1", "never-there.corp.example")
        #expect(own.addresses == ["10.1.0.1"])
        #expect(other.status == "NXDOMAIN" && never.status == "NXDOMAIN")
        #expect(other.authority == never.authority && other.error == never.error)
      }
    }
  }
}
