import Links
import Testing
import Text
import Wire

/// What the customer is to do: what applies to the kind and the state of the link, and nothing else.
@Suite struct ChecklistTests {
  private func link(
    _ kind: String, _ endpoint: String? = nil, service: String? = nil, hosts: [String] = [], aws state: String? = nil
  ) throws -> Link {
    var link = Link(
      name: "prod", kind: kind, service: service,
      main: Link.Route(
        endpoint: try endpoint.map { try readEndpoint($0) },
        hosts: try hosts.compactMap { Link.Host(name: try Name($0), zone: try Name($0), sources: []) }))
    link.cloud = state.map { CloudState(state: $0, service: nil, zones: [], seen: "") }
    return link
  }

  private func what(_ link: Link, _ profile: OperatorProfile?) -> [String] {
    Checklist(for: link, profile: profile).items.map(\.what.rawValue)
  }

  /// All of it, to be sent as it is.
  @Test func theListOfAGitServerIsWholeAndPlain() throws {
    let service = "com.amazonaws.vpce.us-east-2.vpce-svc-0123456789abcdef0"
    let endpoint = vpce.replacing("us-east-1", with: "us-east-2") + "=10.0.1.7"
    let list = Checklist(for: try link("vcs", endpoint, service: service), profile: try ProfileTests.profile())
    #expect(
      list.text == """
        For the private link prod to com.amazonaws.vpce.us-east-2.vpce-svc-0123456789abcdef0, please:
        1. Allow arn:aws:iam::111122223333:role/private-links, arn:aws:iam::444455556666:root as principal of the endpoint service.
        2. Add us-east-1 to the supported regions of the service, which is in us-east-2.
        3. Let 10.0.1.0/24 in on TCP 22, 443, in the security group of the load balancer, or switch "Enforce inbound rules on PrivateLink traffic" off there.
        4. Accept the connection of vpce-0a1b2c3d4e5f60718, as soon as it is shown as Pending Acceptance.
        5. Have the load balancer in at least two zones, with cross-zone load balancing on, and healthy targets.

        """)
    #expect(list.json.asObject?["environment"] == "us")
    #expect(list.json.asObject?["items"]?.asArray?.count == 5)
  }

  /// Who could make the endpoint was allowed to, from a region that was enabled; what is Available was accepted.
  @Test func whatAWSSaysIsDoneIsNotAskedFor() throws {
    let profile = try ProfileTests.profile()
    #expect(what(try link("hosts", vpce), profile) == ["principal", "network", "accept"])
    #expect(what(try link("hosts", vpce, aws: "PendingAcceptance"), profile) == ["network", "accept"])
    #expect(what(try link("hosts", vpce, aws: "Available"), profile) == ["network"])
    #expect(what(try link("hosts", vpce, aws: "Pending"), profile) == ["network"])
    #expect(what(try link("hosts", vpce, aws: "Rejected"), profile) == ["principal", "network", "accept"])
    #expect(what(try link("hosts", service: serviceName), profile) == ["principal", "network", "accept"])
  }

  /// By AWS's word an endpoint has an id before the link leads to it.
  @Test func theEndpointIsCalledByItsIdOnceThatIsKnown() throws {
    var asked = try link("hosts", service: serviceName)
    #expect(Checklist(for: asked, profile: nil).text.contains("Accept the connection of our endpoint, as soon"))
    asked.cloud = CloudState(
      state: "PendingAcceptance", id: "vpce-0a1b2c3d4e5f60718", service: nil, zones: [], seen: "")
    #expect(
      Checklist(for: asked, profile: nil).text.contains("Accept the connection of vpce-0a1b2c3d4e5f60718, as soon"))
    asked.main.endpoint = try readEndpoint(vpce.replacing("0a1b2c3d4e5f60718", with: "0bbbbbbbbbbbbbbbb"))
    #expect(
      Checklist(for: asked, profile: nil).text.contains("Accept the connection of vpce-0bbbbbbbbbbbbbbbb, as soon"))
  }

  /// What answers there is reached from the networks of its own environment.
  @Test func theNetworksOfAStandbyAreLetInToo() throws {
    var one = try link("hosts", vpce)
    one.standby = try readEndpoint(vpce.replacing("us-east-1", with: "eu-west-1"))
    let profile = try ProfileTests.profile()
    let networks = Checklist(for: one, profile: profile).items.first { $0.what == .network }?.text ?? ""
    #expect(networks.hasPrefix("Let 10.0.1.0/24, and 10.8.1.0/24 for the standby endpoint vpce-"), "\(networks)")
    one.standby = try readEndpoint(vpce.replacing("0a1b2c3d4e5f60718", with: "0bbbbbbbbbbbbbbbb"))
    let same = Checklist(for: one, profile: profile).items.first { $0.what == .network }?.text ?? ""
    #expect(same.hasPrefix("Let 10.0.1.0/24 in on"), "\(same)")
  }

  @Test func theRegionIsAskedForWhereItDiffersAlone() throws {
    let profile = try ProfileTests.profile()
    #expect(!what(try link("hosts", vpce), profile).contains("region"))
    let other = vpce.replacing("us-east-1", with: "eu-central-1")
    #expect(what(try link("hosts", other), profile).contains("region"))
  }

  @Test func addressesOfOtherCloudsNeedNoPrincipal() throws {
    let items = Checklist(for: try link("hosts", "10.2.0.7"), profile: try ProfileTests.profile()).items
    #expect(items.map(\.what) == [.network, .accept])
    #expect(
      items[0].text.contains("one of our networks, 10.0.1.0/24 (us), 10.8.1.0/24 (EMEA) in on the service's TCP ports"))
  }

  @Test func aDatabasesTargetsChange() throws {
    let items = Checklist(for: try link("postgres", vpce), profile: try ProfileTests.profile()).items
    #expect(items.last?.what == .keep && items.last?.text.contains("fails over") == true)
    #expect(
      items.contains { $0.text.contains("TCP 5432, in the security groups of the load balancer and of the database") })
  }

  @Test func databricksIsToldOfTheEndpoint() throws {
    let profile = try ProfileTests.profile()
    let host = "dbc-a1b2c3d4-e5f6.cloud.databricks.com"
    let text = Checklist(for: try link("databricks", vpce, hosts: [host]), profile: profile).text
    #expect(
      text.contains(
        "1. Register vpce-0a1b2c3d4e5f60718 (AWS account 111122223333, 444455556666, region us-east-1) in the account console"
      ))
    #expect(text.contains("2. Attach a private access setting that allows it to the workspace \(host)."))
    let relay = try link("databricks", vpce, hosts: ["tunnel.privatelink.us-east-1.cloud.databricks.com"])
    #expect(Checklist(for: relay, profile: profile).text.contains("in the network configuration of the workspace"))
    let azure = try link("databricks", "10.2.0.7", hosts: ["adb-1.7.azuredatabricks.net"])
    #expect(
      Checklist(for: azure, profile: profile).items.map(\.text) == [
        "Approve the private endpoint 10.2.0.7 at the workspace, under Networking."
      ])
    #expect(what(try link("databricks"), profile) == ["send", "register", "register"])
  }

  @Test func snowflakeLetsTheAccountInAndSendsItsConfig() throws {
    let profile = try ProfileTests.profile()
    var asked = try link("snowflake", service: serviceName)
    asked.account = "ab12345.us-east-1.privatelink"
    let items = Checklist(for: asked, profile: profile).items
    #expect(items.map(\.what) == [.principal, .send, .network])
    #expect(items[0].text.contains("connect to your account ab12345.us-east-1.privatelink by PrivateLink"))
    #expect(items[0].text.contains("SYSTEM$AUTHORIZE_PRIVATELINK('ACCOUNT', 'TOKEN')"))
    asked.service = serviceName.replacing("us-east-1", with: "us-east-2")
    let region = Checklist(for: asked, profile: profile).items.first { $0.what == .region }?.text
    #expect(region?.hasPrefix("Ask Snowflake's support to add us-east-1 to the supported regions") == true)
    let well = try link("snowflake", vpce, hosts: ["ab12345.privatelink.snowflakecomputing.com"], aws: "Available")
    #expect(what(well, profile) == ["network"])
  }

  @Test func redshiftAndBucketsAreTheCustomersInAWSItself() throws {
    let profile = try ProfileTests.profile()
    let cluster = try link("redshift", hosts: ["reports.abc123.us-east-1.redshift.amazonaws.com"])
    #expect(what(cluster, profile) == ["principal", "network"])
    #expect(Checklist(for: cluster, profile: profile).text.contains("--cluster-identifier reports --account ACCOUNT"))
    #expect(what(try link("redshift", vpce), profile) == ["principal", "network", "accept"])
    let bucket = Checklist(
      for: try link("s3", "vpce-0a1b2c3d-x.s3.us-east-1.vpce.amazonaws.com"), profile: profile)
    #expect(bucket.items.map(\.text).first?.contains("aws:SourceVpce vpce-0a1b2c3d") == true)
  }

  /// An endpoint that Redshift manages has a name of its own, which is no cluster's.
  @Test func theNameOfAManagedEndpointIsNoClusters() throws {
    let managed = try link("redshift", hosts: ["dwh-endpoint-x1.abc123.us-east-1.redshift.amazonaws.com"])
    let text = Checklist(for: managed, profile: try ProfileTests.profile()).text
    #expect(text.contains("--cluster-identifier CLUSTER ") && !text.contains("dwh-endpoint-x1 "), "\(text)")
  }

  @Test func theInternalStageIsToBeReachedByItsEndpoint() throws {
    let profile = try ProfileTests.profile()
    for (host, items) in [
      ("sfc-a-customer-stage.s3.us-east-1.amazonaws.com", ["network", "keep"]),
      ("acme.blob.core.windows.net", ["network", "keep", "accept"]),
    ] {
      var staged = try link("snowflake", vpce, hosts: ["ab12345.privatelink.snowflakecomputing.com"], aws: "Available")
      let name = try Name(host)
      staged.stage = Link.Route(
        endpoint: try readEndpoint("10.1.2.3"), hosts: [try #require(Link.Host(name: name, zone: name, sources: []))])
      #expect(what(staged, profile) == items)
      #expect(Checklist(for: staged, profile: profile).text.contains("ENABLE_INTERNAL_STAGES_PRIVATELINK"))
    }
  }

  /// What the profile does not say stands as the key that would.
  @Test func whatIsNotSaidNamesItsKey() throws {
    let text = Checklist(for: try link("hosts", vpce), profile: nil).text
    #expect(text.contains("Allow <\"principals\" of \"operator\" in backroad.json> as principal"))
    #expect(text.contains("Let <\"cidrs\" of \"environments\" of \"operator\" in backroad.json> in on"))
    #expect(text.contains("another region than <\"region\" of \"environments\" of \"operator\" in backroad.json>"))
    let some = try ProfileTests.profile(#"{ "environments": { "us": { "region": "us-east-1" } } }"#)
    #expect(
      Checklist(for: try link("hosts", vpce), profile: some).text.contains(
        "<\"cidrs\" of \"us\" of \"operator\" in backroad.json>"))
  }
}
