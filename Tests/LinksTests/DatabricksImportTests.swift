import Links
import Testing
import Text
import Wire

private let url = "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com"
private let host = "dbc-a1b2c3d4-e5f6.cloud.databricks.com"
private let relay = "tunnel.privatelink.us-east-1.cloud.databricks.com"

/// Plans an import of a Databricks workspace.
func importDatabricks(
  _ url: String = url, link: String = "dbx", endpoint: String? = vpce, addresses: [String] = [], id: String? = nil,
  region: String? = nil, backEnd: Bool = false, prune: Bool = false, replaces: Bool = false,
  in folder: WorkspaceFolder = workspace()
) throws -> Plan {
  let none = endpoint == nil && addresses.isEmpty
  var options = DatabricksImport.Options(
    LinkRequest(link, endpoint: none ? nil : try readEndpoint(endpoint, addresses)))
  options.workspaceID = id
  options.region = region
  options.isBackEnd = backEnd
  options.link.prune = prune
  options.link.choices.replaces = replaces
  return try DatabricksImport.plan(url, options: options, in: folder)
}

private func hosts(_ plan: Plan) -> [String] { plan.hosts.map { $0.host.textWithoutFinalDot } }

@Suite struct DatabricksImports {
  @Test func theWorkspacesHostAloneIsAZoneOfItsOwn() throws {
    let plan = try importDatabricks(endpoint: "\(vpce)=10.0.1.7,10.0.2.7")
    let after = workspace().after(plan)
    #expect(hosts(plan) == [host])
    #expect(after.records("\(host).zone") == ["\(host). A 10.0.1.7", "\(host). A 10.0.2.7"])
    #expect(workspace().after(try importDatabricks()).records("\(host).zone") == ["\(host). TYPE65401 \(vpce)."])
    #expect(after.text("links/dbx.json")?.contains("\"account\": \"\(host)\"") == true)
    #expect(plan.proof?.textWithoutFinalDot == host)
    #expect(try importDatabricks(endpoint: "\(vpce)=10.0.1.7,10.0.2.7", in: after).changesNothing)
  }

  @Test(arguments: [
    (host, "AWS"), ("\(url)/", "AWS"), ("\(url)/?o=1234567890123456#job/1", "AWS"), ("\(host.uppercased()).", "AWS"),
    ("\(host):443", "AWS"), ("jdbc:databricks://\(host):443/default;transportMode=http;PWD=dapi0123", "AWS"),
    ("acme-prod.cloud.databricks.com", "AWS"), ("dbc-a1b2c3d4-e5f6.cloud.databricks.us", "AWS"),
    ("https://adb-1234567890123456.7.azuredatabricks.net/?o=1234567890123456", "Azure"),
    ("adb-1234567890123456.7.databricks.azure.cn", "Azure"),
    ("https://1234567890123456.7.gcp.databricks.com/?o=1234567890123456", "Google Cloud"),
  ]) func readsTheURLsOfAllClouds(text: String, cloud: String) throws {
    let plan = try importDatabricks(text, endpoint: nil, addresses: ["10.1.2.3"])
    #expect(plan.notes.contains { $0.hasPrefix("a workspace of \(cloud): ") })
    let first = try #require(hosts(plan).first { !$0.contains("-dp-") })
    #expect(workspace().after(plan).records("\(first).zone") == ["\(first). A 10.1.2.3"])
    #expect(!plan.text(server: "").contains("dapi0123"))
  }

  @Test func theDataPlanesHostComesWithTheId() throws {
    let dataPlane = "dbc-dp-1234567890123456.cloud.databricks.com"
    for plan in [
      try importDatabricks(id: "1234567890123456"), try importDatabricks("\(url)/?o=1234567890123456"),
      try importDatabricks("\(url)/?o=1234567890123456", id: "1234567890123456"),
    ] {
      #expect(hosts(plan) == [host, dataPlane])
      #expect(workspace().after(plan).records("\(dataPlane).zone") == ["\(dataPlane). TYPE65401 \(vpce)."])
    }
    #expect(hosts(try importDatabricks()) == [host])
    let google = "1234567890123456.7.gcp.databricks.com"
    #expect(
      Set(hosts(try importDatabricks(google, endpoint: "10.0.0.7", id: "1234567890123456"))) == [
        google, "dp-\(google)",
      ])
    let azure = "adb-1234567890123456.7.azuredatabricks.net"
    #expect(hosts(try importDatabricks(azure, endpoint: "10.0.0.7", id: "1234567890123456")) == [azure])
    // An import that says nothing of the id keeps what came of it; another workspace's goes with that.
    let before = workspace().after(try importDatabricks(id: "1234567890123456"))
    #expect(try importDatabricks(in: before).changesNothing)
  }

  /// Databricks offers two services in a region: one for workspaces, one for the relay that clusters call.
  @Test func aBackEndLinkHasTheRegionsRelay() throws {
    for plan in [
      try importDatabricks(backEnd: true), try importDatabricks(region: "us-east-1", backEnd: true),
      try importDatabricks(endpoint: nil, addresses: ["10.0.0.7"], region: "US-EAST-1", backEnd: true),
    ] {
      #expect(hosts(plan) == [relay] && plan.proof?.textWithoutFinalDot == relay)
      #expect(plan.leftOut.map(\.what) == [host])
      #expect(
        plan.leftOut[0].why.contains(
          "backroad import databricks --workspace acme --link dbx-workspace --endpoint VPCE \(host)"))
    }
    #expect(
      refusal { _ = try importDatabricks(endpoint: nil, addresses: ["10.0.0.7"], backEnd: true) }.contains(
        "say --region us-east-1"))
    let front = workspace().after(try importDatabricks())
    let message = refusal { _ = try importDatabricks(backEnd: true, in: front) }
    #expect(message.contains("the link \"dbx\" is a workspace's") && message.contains("--link dbx-back-end"))
    let back = workspace().after(try importDatabricks(backEnd: true))
    #expect(refusal { _ = try importDatabricks(in: back) }.contains("--link dbx-workspace"))
    let both = front.after(
      try importDatabricks(link: "dbx-back-end", endpoint: "10.0.0.8", region: "us-east-1", backEnd: true, in: front))
    #expect(both.records("\(relay).zone") == ["\(relay). A 10.0.0.8"])
    #expect(both.records("\(host).zone") == ["\(host). TYPE65401 \(vpce)."])
  }

  @Test func theNextStepIsToRegisterTheEndpoint() throws {
    let plan = try importDatabricks()
    #expect(
      plan.nextSteps == [
        "the customer must register vpce-0a1b2c3d4e5f60718 in the account console: accounts.cloud.databricks.com, VPC "
          + "endpoints, region us-east-1",
        "then the private access setting: attach one that allows vpce-0a1b2c3d4e5f60718 to the workspace",
      ])
    let requested = try importDatabricks(endpoint: nil)
    #expect(
      requested.nextSteps.first?.contains("must register vpce-… in the account console (the endpoint's id)") == true)
    let azure = try importDatabricks("adb-1234567890123456.7.azuredatabricks.net", endpoint: "10.0.0.7")
    #expect(azure.nextSteps.first?.contains("approve the private endpoint") == true)
    let google = try importDatabricks("1234567890123456.7.gcp.databricks.com", endpoint: "10.0.0.7")
    #expect(google.nextSteps.first?.contains("accounts.gcp.databricks.com") == true)
  }

  @Test func withoutAnEndpointTheHostIsHeldClosed() throws {
    let plan = try importDatabricks(endpoint: nil)
    let after = workspace().after(plan)
    #expect(hosts(plan) == [host] && plan.hosts[0].target == nil)
    #expect(after.files.keys.sorted() == ["links/dbx.json", "workspace.json"])
    let then = after.after(try importDatabricks(in: after))
    #expect(then.records("\(host).zone") == ["\(host). TYPE65401 \(vpce)."])
    #expect(try importDatabricks(endpoint: nil, in: then).changesNothing)
  }

  @Test(arguments: [
    ("accounts.cloud.databricks.com", "is a console of Databricks for all customers"),
    ("https://accounts.azuredatabricks.net", "is a console of Databricks for all customers"),
    ("https://accounts.gcp.databricks.com/login", "is a console of Databricks for all customers"),
    ("cloud.databricks.com", "is the domain of all workspaces"),
    ("nvirginia.cloud.databricks.com", "one of Databricks' own"),
    ("nvirginia.privatelink.cloud.databricks.com", "all workspaces of a region have"),
    (relay, "say --back-end and --region"),
    ("dbc-dp-1234567890123456.cloud.databricks.com", "with --workspace-id 1234567890123456"),
    ("westeurope.azuredatabricks.net", "all workspaces of a region share"),
    ("westeurope.pl-auth.azuredatabricks.net", "all workspaces of a region have"),
    ("dp-1234567890123456.7.gcp.databricks.com", "is the data plane's host"),
    ("tunnel.us-east4.gcp.databricks.com", "that a region's back-end links have"),
    ("a.dbc-a1b2c3d4-e5f6.cloud.databricks.com", "not a workspace's host"),
    ("acme.databricks.com", "is not a workspace's URL"), ("git.corp.example", "is not a workspace's URL"),
    ("dbc-a1b2c3d4-e5f6.cloud.databricks.com.evil.example", "is not a workspace's URL"),
    ("xcloud.databricks.com", "is not a workspace's URL"), ("*.cloud.databricks.com", "is not a workspace's URL"),
    ("10.0.0.7", "is not a workspace's URL"), ("", "is not a workspace's URL"),
    ("adb-1234567890123456.7.azuredatabricks.net/?o=42", "says 42; copy the URL again"),
    (vpce, "which goes to --endpoint"), (serviceName, "is the name of the service"),
  ]) func refusesWhatIsNoWorkspaceAndSaysWhatToGive(text: String, why: String) {
    let message = refusal { _ = try importDatabricks(text, endpoint: "10.0.0.7") }
    #expect(message.contains(why), "\(message)")
    #expect(message.contains("dbc-a1b2c3d4-e5f6.cloud.databricks.com") || message.contains("copy the URL again"))
  }

  @Test func theNumberAndTheRegionAreLookedAt() {
    #expect(refusal { _ = try importDatabricks(id: "dbc-1") }.contains("--workspace-id 1234567890123456"))
    #expect(refusal { _ = try importDatabricks("\(url)/?o=12", id: "34") }.contains("says 34, and the URL says 12"))
    #expect(refusal { _ = try importDatabricks(region: "us-east-1a") }.contains("write its region, us-east-1"))
    #expect(
      refusal { _ = try importDatabricks(region: "virginia") }.contains(
        "is not a region of AWS; write one like us-east-1"))
    #expect(refusal { _ = try importDatabricks(region: "us east") }.contains("is not a region"))
    for cloud in ["adb-1234567890123456.7.azuredatabricks.net", "1234567890123456.7.gcp.databricks.com"] {
      let message = refusal { _ = try importDatabricks(cloud, endpoint: "10.0.0.7", region: "eastus", backEnd: true) }
      #expect(message.contains("leave out --back-end"), "\(message)")
    }
  }
}

/// The traps of pasted private links that Databricks' have, by their number and name in the reference.
@Suite struct DatabricksTraps {
  @Test(arguments: ["  \(url)  ", "\u{a0}\(host)\u{a0}", "HTTPS://\(host)/", "\(host).", "\(host):443/path?x#y"])
  func trap03Untidy(text: String) throws { #expect(hosts(try importDatabricks(text)) == [host]) }

  @Test(arguments: [
    "https://<workspace>.cloud.databricks.com", "dbc-xxxxxxxx-xxxx.cloud.databricks.com",
    "your-workspace.cloud.databricks.com", "https://${workspace}.cloud.databricks.com",
  ]) func trap07Placeholders(text: String) {
    #expect(refusal { _ = try importDatabricks(text) }.contains("still holds the placeholder"))
  }

  @Test func trap12NoZoneOfPublicNames() throws {
    let files = try importDatabricks("\(url)?o=12", endpoint: "\(vpce)=10.0.0.7").files.map(\.path)
    #expect(
      files.filter { $0.hasSuffix(".zone") }.sorted() == [
        "dbc-a1b2c3d4-e5f6.cloud.databricks.com.zone", "dbc-dp-12.cloud.databricks.com.zone", "\(vpce).zone",
      ])
    let back = try importDatabricks(backEnd: true).files.map(\.path)
    #expect(back.filter { $0.hasSuffix(".zone") } == ["\(relay).zone"])
  }

  @Test func trap13AnAddressStandsAtTheApexOfTheHostsZone() throws {
    let after = workspace().after(try importDatabricks(endpoint: nil, addresses: ["10.0.0.7", "fd00::7"]))
    #expect(after.records("\(host).zone") == ["\(host). A 10.0.0.7", "\(host). AAAA fd00::7"])
  }

  @Test func trap15TheEndpointIsOfTheRegionAndTheCloud() {
    #expect(
      refusal { _ = try importDatabricks(region: "eu-west-1") }.contains(
        "--region says eu-west-1, and the endpoint \(vpce) is of a service in us-east-1"))
    let azure = "adb-1234567890123456.7.azuredatabricks.net"
    #expect(refusal { _ = try importDatabricks(azure) }.contains("give the private endpoint's address with --address"))
    let s3 = "vpce-0ff-st.s3.us-east-1.vpce.amazonaws.com"
    #expect(refusal { _ = try importDatabricks(endpoint: s3) }.contains("endpoint of AWS's own service s3"))
  }

  @Test func trap16ImportingAgainShowsADiff() throws {
    let before = workspace().after(try importDatabricks("\(url)?o=12"))
    let other = "dbc-ffffffff-0000.cloud.databricks.com"
    #expect(refusal { _ = try importDatabricks(other, in: before) }.contains("with --replace"))
    let plan = try importDatabricks(other, replaces: true, in: before)
    #expect(plan.count(.added) == 1 && plan.count(.removed) == 2)
    #expect(before.after(plan).files.keys.filter { $0.hasSuffix(".zone") } == ["\(other).zone"])
  }

  @Test func trap17TwoRelaysOfOneRegionAreAConflict() throws {
    let first = workspace().after(
      try importDatabricks(link: "one", endpoint: "10.0.0.7", region: "us-east-1", backEnd: true))
    let message = refusal {
      _ = try importDatabricks(link: "two", endpoint: "10.0.0.8", region: "us-east-1", backEnd: true, in: first)
    }
    #expect(message.contains("\(relay) leads to 10.0.0.8 by this link, and to 10.0.0.7 by the link \"one\""))
    let shared = try importDatabricks(link: "two", endpoint: "10.0.0.7", region: "us-east-1", backEnd: true, in: first)
    #expect(first.after(shared).records("\(relay).zone") == ["\(relay). A 10.0.0.7"])
  }
}
