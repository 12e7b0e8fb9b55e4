import Foundation
import Testing

extension EndToEnd {
  /// From what an admin pastes to what a client is answered, with nothing but the two programs.
  @Suite struct Importing {
    private static let endpoint =
      "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
    private static let otherEndpoint =
      "vpce-0f0e0d0c0b0a09080-ijklmnop.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"

    /// The config's hosts, read by hand; for a pattern, a name that it covers.
    private static let hosts = [
      "kd40127.us-east-1.privatelink.snowflakecomputing.com",
      "ocsp.kd40127.us-east-1.privatelink.snowflakecomputing.com",
      "northwind-ana_lytics.privatelink.snowflakecomputing.com",
      "ocsp.northwind-ana_lytics.privatelink.snowflakecomputing.com",
      "northwind-ana-lytics.privatelink.snowflakecomputing.com",
      "ocsp.northwind-ana-lytics.privatelink.snowflakecomputing.com",
      "app-northwind-ana_lytics.privatelink.snowflakecomputing.com",
      "app-northwind-ana-lytics.privatelink.snowflakecomputing.com",
      "northwind-dr.privatelink.snowflakecomputing.com",
      "ocsp.northwind-dr.privatelink.snowflakecomputing.com",
      "northwind-ana-lytics.registry.privatelink.snowflakecomputing.com",
      "northwind-ana-lytics.openflow.sh4rdq.privatelink.snowflakecomputing.com",
      "telemetry.sh4rdq.privatelink.snowflakecomputing.com",
      "my-service.northwind-ana-lytics.us-east-1.aws.privatelink.snowflake.app",
    ]
    /// Hosts that every account of the region has.
    private static let shared = [
      "app.us-east-1.privatelink.snowflakecomputing.com",
      "sfc-endpoint-login.sh4rdq.privatelink.snowflakecomputing.com",
      "my-service.sh4rdq.privatelink.snowflake.app",
    ]
    private static let otherConfig = """
      {"privatelink-account-url":"zz99999.us-east-1.privatelink.snowflakecomputing.com",
       "snowsight-privatelink-url":"app.us-east-1.privatelink.snowflakecomputing.com",
       "spcs-auth-privatelink-url":"sfc-endpoint-login.sh4rdq.privatelink.snowflakecomputing.com",
       "app-service-privatelink-url":"*.sh4rdq.privatelink.snowflake.app",
       "privatelink-vpce-id":"com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"}
      """

    /// One config as every program exports it.
    static let forms: [String] = {
      let folder = Lab.repository.appendingPathComponent("Tests/LinksTests/Fixtures/accepted/aws").path
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.filter { $0.hasPrefix("input-") }.sorted()
    }()

    @Test func everyFormOfExportIsHere() { #expect(Self.forms.count >= 12) }

    @Test(arguments: forms) func everyHostOfTheConfigIsAnsweredToItsWorkspace(form: String) throws {
      try Lab.run { lab in
        let file = Lab.repository.appendingPathComponent("Tests/LinksTests/Fixtures/accepted/aws/\(form)")
        try lab.backroad(["workspace", "add", "northwind", "--client", "127.0.1.0/24", "--zones", "zones"])
        try lab.backroad(["workspace", "add", "other", "--client", "127.0.2.0/24", "--zones", "zones"])
        try lab.backroad([
          "import", "snowflake", "--workspace", "northwind", "--link", "prod", "--endpoint",
          "\(Self.endpoint)=10.20.1.7,10.20.2.7,fd00:20::7", "--zones", "zones", file.path,
        ])
        try lab.backroad(
          [
            "import", "snowflake", "--workspace", "other", "--link", "prod", "--endpoint",
            "\(Self.otherEndpoint)=10.30.1.7", "--zones", "zones", "-",
          ], input: Array(Self.otherConfig.utf8))
        try lab.backroad(["check", "--zones", "zones"])
        try ask(lab.serve())
      }
    }

    private func ask(_ server: Server) throws {
      let hosts = Self.hosts + Self.shared
      for transport in ["+notcp", "+tcp"] {
        let four = try server.dig(each: hosts, "-b", "127.0.1.9", transport)
        let six = try server.dig(each: hosts.map { "\($0) AAAA" }, "-b", "127.0.1.9", transport)
        for (host, answer) in zip(hosts, four) {
          #expect(answer.status == "NOERROR" && answer.flags.contains("aa"), "\(host): \(answer.text)")
          #expect(answer.records.first == "\(host). CNAME \(Self.endpoint).")
          #expect(answer.addresses == ["10.20.1.7", "10.20.2.7"] && answer.answer.count == 3, "\(host)")
        }
        #expect(six.allSatisfy { $0.addresses == ["fd00:20::7"] && $0.answer.count == 2 })
        let others = try server.dig(each: hosts, "-b", "127.0.2.9", transport)
        for (host, answer) in zip(hosts, others) {
          if Self.shared.contains(host) {
            #expect(answer.records.first == "\(host). CNAME \(Self.otherEndpoint).")
            #expect(answer.addresses == ["10.30.1.7"], "\(host) is the other account's too: \(answer.text)")
          } else {
            #expect(answer.status == "NXDOMAIN" && answer.answer.isEmpty, "\(host): \(answer.text)")
          }
        }
      }
    }

    @Test func internalHostsDifferByWorkspaceAndTheirSiblingsAreForwarded() throws {
      try Lab.run { lab in
        let company = try lab.scriptedUpstream { Message.answer($0.octets, [.a(192, 168, 5, 5)]) }
        for (workspace, client, address) in [
          ("acme", "127.0.1.0/24", "10.1.40.9"), ("globex", "127.0.2.0/24", "10.2.40.9"),
        ] {
          try lab.backroad(["workspace", "add", workspace, "--client", client, "--zones", "zones"])
          try lab.backroad([
            "import", "hosts", "--workspace", workspace, "--link", "git", "--address", address, "--zones", "zones",
            "git.corp.example",
          ])
        }
        let server = try lab.serve(["--forward", company.address.text])
        for transport in ["+notcp", "+tcp"] {
          let acme = try server.dig("-b", "127.0.1.1", transport, "git.corp.example")
          let globex = try server.dig("-b", "127.0.2.1", transport, "git.corp.example")
          #expect(acme.records == ["git.corp.example. A 10.1.40.9"] && acme.flags.contains("aa"))
          #expect(globex.records == ["git.corp.example. A 10.2.40.9"] && globex.flags.contains("aa"))
          let noSuchType = try server.dig("-b", "127.0.1.1", transport, "git.corp.example", "AAAA")
          #expect(noSuchType.status == "NOERROR" && noSuchType.answer.isEmpty && noSuchType.authority.count == 1)
          for client in ["127.0.1.1", "127.0.2.1"] {
            let sibling = try server.dig("-b", client, transport, "wiki.corp.example")
            #expect(sibling.addresses == ["192.168.5.5"] && !sibling.flags.contains("aa"), "\(sibling.text)")
          }
        }
        #expect(company.questions.allSatisfy { $0.name == "wiki.corp.example." })
      }
    }

    /// An endpoint without addresses stands at a zone's apex as an ALIAS: its addresses, under the host's own name.
    @Test func anAliasIsAnsweredWithTheEndpointsAddresses() throws {
      try Lab.run { lab in
        let short = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1"
        let nsd = try lab.nsd([
          "vpce.amazonaws.com": Lab.zoneText(
            "\(short) 40 A 10.20.1.7\n\(short) 40 A 10.20.2.7\n\(short) 50 AAAA fd00::7\n")
        ])
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.1", "--zones", "zones"])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--endpoint", Self.endpoint, "--zones", "zones",
          "git.corp.example",
        ])
        let server = try lab.serve(["--forward", "vpce.amazonaws.com=\(nsd.address.text)"])
        for transport in ["+notcp", "+tcp"] {
          let four = try server.dig(transport, "git.corp.example")
          #expect(four.addresses == ["10.20.1.7", "10.20.2.7"])
          #expect(four.answer.allSatisfy { $0.owner == "git.corp.example." && $0.ttlSeconds <= 40 }, "\(four.text)")
          let six = try server.dig(transport, "git.corp.example", "AAAA")
          #expect(six.records == ["git.corp.example. AAAA fd00::7"], "\(six.text)")
          let mail = try server.dig(transport, "git.corp.example", "MX")
          #expect(mail.status == "NOERROR" && mail.answer.isEmpty && mail.authority.first?.type == "SOA")
        }
      }
    }

    @Test func hostsInAZoneThatForwardsItsMissesHideNoSibling() throws {
      try Lab.run { lab in
        let company = try lab.scriptedUpstream { Message.answer($0.octets, [.a(192, 168, 5, 5)]) }
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.1", "--zones", "zones"])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--endpoint", "\(Self.endpoint)=10.20.1.7",
          "--zone", "corp.example", "--miss", "forward", "--zones", "zones", "git.corp.example",
        ])
        let server = try lab.serve(["--forward", company.address.text])
        let git = try server.dig("git.corp.example")
        #expect(git.records.first == "git.corp.example. CNAME \(Self.endpoint)." && git.addresses == ["10.20.1.7"])
        #expect(try server.dig("wiki.corp.example").addresses == ["192.168.5.5"])
        #expect(company.questions.map(\.name) == ["wiki.corp.example."])
      }
    }

    /// What an import changes is live without anything else being done.
    @Test func anImportIntoARunningServerIsLive() throws {
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.1", "--zones", "zones"])
        let server = try lab.serve()
        for address in ["10.1.40.1", "10.1.40.2", "10.1.40.3"] {
          try lab.backroad([
            "import", "hosts", "--workspace", "acme", "--link", "git", "--address", address, "--zones", "zones",
            "git.corp.example",
          ])
          try eventually("\(address) is answered", within: 1) {
            try server.dig("git.corp.example").addresses == [address]
          }
        }
        try lab.backroad(["link", "remove", "acme", "git", "--zones", "zones"])
        try eventually("the host is gone", within: 1) { try server.dig("git.corp.example").answer.isEmpty }
      }
    }
  }
}
