import Links
import Testing
import Text
import Wire

/// Whoever says where a link leads, and in whatever order: the same is taken, refused and warned of.
@Suite struct EndpointFits {
  private static let s3 = "vpce-0a1b-x.s3.us-east-1.vpce.amazonaws.com"

  private func buckets(
    _ names: [String], _ endpoint: String?, region: String? = "us-east-1", link: String = "lake", prune: Bool = false,
    in folder: WorkspaceFolder = workspace()
  ) throws -> Plan {
    var options = S3Import.Options(LinkRequest(link, endpoint: try endpoint.map { try readEndpoint($0) }))
    options.region = region
    options.link.prune = prune
    return try S3Import.plan(names, options: options, in: folder)
  }

  private func set(_ argument: String, _ link: String, replaces: Bool = false, in folder: WorkspaceFolder) throws
    -> Plan
  {
    var choices = LinkChoices()
    choices.replaces = replaces
    return try LinkUpdate.endpoint(readEndpoint(argument), of: link, choices: choices, in: folder)
  }

  private func add(_ kind: String, _ endpoint: String, link: String = "lake") throws -> Plan {
    try LinkUpdate.addition(
      of: Link(name: link, kind: kind, main: Link.Route(endpoint: try readEndpoint(endpoint), hosts: [])),
      choices: LinkChoices(), in: workspace())
  }

  /// S3 answers for buckets at a name of its own: each way to say it, and each order, gives the same files.
  @Test(arguments: [s3, "bucket.\(s3)", "*.\(s3)", "\(s3)=10.0.0.9"])
  func theOrderDoesNotMatterForBuckets(endpoint: String) throws {
    let atOnce = workspace().after(try buckets(["acme-lake"], endpoint))
    #expect(atOnce.text("links/lake.json")?.contains("\"bucket.\(Self.s3)\"") == true)
    let named = workspace().after(try buckets(["acme-lake"], nil))
    #expect(try named.after(set(endpoint, "lake", in: named)).files == atOnce.files)
    for kind in ["s3", Link.undecidedKind] {
      let asked = workspace().after(try add(kind, endpoint))
      #expect(try asked.after(buckets(["acme-lake"], nil, region: nil, in: asked)).files == atOnce.files, "\(kind)")
    }
    #expect(try buckets(["other-lake"], endpoint, link: "other", in: atOnce).warnings.isEmpty)
  }

  /// A standby is an endpoint as any other.
  @Test func aStandbyIsHeldToTheKindToo() throws {
    let folder = workspace().after(try buckets(["acme-lake"], Self.s3))
    func standby(_ text: String) throws -> Plan {
      var choices = LinkChoices()
      choices.standby = .this(try readEndpoint(text))
      return try LinkUpdate.endpoint(nil, of: "lake", choices: choices, in: folder)
    }
    #expect(refusal { _ = try standby(vpce) }.contains("not of S3"))
    let other = Self.s3.replacing("0a1b", with: "0c2d")
    #expect(try folder.after(standby(other)).link("lake").standby?.text == "bucket.\(other)")
  }

  @Test func aBucketOfAnotherRegionIsWarnedOf() throws {
    let folder = workspace().after(try buckets(["acme-lake"], Self.s3))
    let other = Self.s3.replacing("us-east-1", with: "eu-west-1")
    for plan in [try set(other, "lake", in: folder), try buckets(["eu-lake"], other, region: nil, in: folder)] {
      #expect(
        plan.warnings.count { $0.message.contains("acme-lake.s3.us-east-1.amazonaws.com is of another region") } == 1)
    }
    #expect(
      try buckets(["eu-lake"], other, region: nil, prune: true, in: folder).warnings.allSatisfy {
        !$0.message.contains("another region")
      })
  }

  @Test func anEndpointOfAnotherKindsServiceIsRefused() throws {
    let lake = workspace().after(try buckets(["acme-lake"], nil))
    let dbx = workspace().after(try importDatabricks(endpoint: nil))
    let refused = [
      refusal { _ = try set(vpce, "lake", in: lake) }, refusal { _ = try buckets(["acme-lake"], vpce) },
      refusal { _ = try add("s3", vpce) },
    ]
    for text in refused { #expect(text.contains("not of S3; give the S3 interface endpoint"), "\(text)") }
    for text in [
      refusal { _ = try set(Self.s3, "dbx", in: dbx) }, refusal { _ = try importDatabricks(endpoint: Self.s3) },
      refusal { _ = try add("databricks", Self.s3) },
    ] { #expect(text.contains("AWS's own service s3, not of Databricks'"), "\(text)") }
    for text in [
      refusal { _ = try add("snowflake", Self.s3) },
      refusal { _ = try importSnowflake(account("kd1.us-east-1"), endpoint: Self.s3) },
    ] { #expect(text.contains("AWS's own service s3, not of Snowflake's"), "\(text)") }
  }

  private func account(_ name: String) -> String {
    let url = "\(name).privatelink.snowflakecomputing.com"
    return "{\"privatelink-account-name\":\"\(name).privatelink\",\"privatelink-account-url\":\"\(url)\"}"
  }

  @Test func anEndpointOfAWSIsNoneOfAnotherCloud() throws {
    let azure = "adb-1234567890123456.7.azuredatabricks.net"
    let dbx = workspace().after(try importDatabricks(azure, endpoint: nil, addresses: ["10.1.2.3"]))
    #expect(refusal { _ = try set(vpce, "dbx", in: dbx) }.contains("\(azure) runs in Azure, and"))
    #expect(refusal { _ = try importDatabricks(azure) }.contains("\(azure) runs in Azure, and"))
    let snow = workspace().after(try importSnowflake(account("kd1.west-europe.azure"), endpoint: "10.0.0.1"))
    #expect(refusal { _ = try set(vpce, "prod", in: snow) }.contains("runs in Azure, and"))
    #expect(try set("10.0.0.2", "prod", in: snow).count(.changed) > 0)
  }

  @Test func anEndpointOfAnotherRegionIsRefusedOrWarnedOf() throws {
    let west = vpce.replacing("us-east-1", with: "us-west-2")
    let relay = workspace().after(try importDatabricks(endpoint: nil, region: "us-east-1", backEnd: true))
    #expect(refusal { _ = try set(west, "dbx", in: relay) }.contains("us-east-1.cloud.databricks.com is in us-east-1"))
    #expect(try set(vpce, "dbx", in: relay).warnings.isEmpty)
    let snow = workspace().after(try importSnowflake(account("kd1.us-east-1"), endpoint: nil))
    let south = vpce.replacing("us-east-1", with: "ap-south-1")
    #expect(
      refusal { _ = try set(south, "prod", replaces: true, in: snow) }.contains("is in us-east-1, and the endpoint's"))
    // A database may be reached from elsewhere by a way of the customer's.
    var options = DatabaseImport.Options(.postgres, LinkRequest("db", endpoint: nil))
    let database = [HostsImport.Item("prod.c1a2b3d4e5f6.us-east-1.rds.amazonaws.com")]
    let db = workspace().after(try DatabaseImport.plan(database, options: options, in: workspace()))
    options.link.endpoint = try readEndpoint(west)
    for plan in [
      try set(west, "db", in: db), try DatabaseImport.plan(database, options: options, in: workspace()),
    ] {
      #expect(
        plan.warnings.count { $0.message.contains("is in us-east-1, and the endpoint's service in us-west-2") } == 1)
    }
  }

  /// What was said of the region stays until the endpoint says it, and is what the customer is told.
  @Test func theRegionOfAWorkspaceIsKept() throws {
    let asked = workspace().after(try importDatabricks(endpoint: nil, region: "eu-west-1"))
    #expect(try asked.link("dbx").region == "eu-west-1")
    let profile = try ProfileTests.profile()
    #expect(Checklist(for: try asked.link("dbx"), profile: profile).text.contains("region eu-west-1) in the account"))
    #expect(try asked.after(importDatabricks(endpoint: nil, in: asked)).files == asked.files)
    #expect(refusal { _ = try set(vpce, "dbx", in: asked) }.contains("is of the region eu-west-1, and the endpoint"))
    let west = vpce.replacing("us-east-1", with: "eu-west-1")
    #expect(
      try asked.after(set(west, "dbx", in: asked)).text("links/dbx.json")
        == workspace().after(importDatabricks(endpoint: west)).text("links/dbx.json"))
    let relay = workspace().after(try importDatabricks(endpoint: nil, region: "us-east-1", backEnd: true))
    #expect(Checklist(for: try relay.link("dbx"), profile: profile).text.contains("region us-east-1) in the account"))
    let open = workspace().after(try importDatabricks(endpoint: nil))
    #expect(
      Checklist(for: try open.link("dbx"), profile: profile).text.contains("region us-east-1 (us) or eu-west-1 (EMEA)"))
  }

  @Test(arguments: [
    ("10.1.1.256", "is not an IP address"), ("1.2.3", "is not an IP address"),
    (vpce.replacing("amazonaws.com", with: "amazonaws.co"), "does not end in .vpce.amazonaws.com"),
    (vpce.replacing(".vpce.amazonaws", with: ".amazonaws"), "does not end in .vpce.amazonaws.com"),
    ("bucket." + s3.replacing("amazonaws.com", with: "amazonaws.co"), "does not end in .vpce.amazonaws.com"),
    ("\(vpce)=10.0.1.7,", "an address missing beside a comma"),
    ("git.corp.example=,10.0.1.8", "missing beside a comma"),
  ]) func aMistypedEndpointIsRefused(text: String, why: String) throws {
    #expect(refusal { _ = try readEndpoint(text) }.contains(why))
  }

  @Test func aServicesIdIsHexadecimal() throws {
    #expect(VPCEndpointService("com.amazonaws.vpce.us-east-1.vpce-svc-XXXX") == nil)
    #expect(VPCEndpointService("com.amazonaws.vpce.us-east-1.vpce-svc-0aF9") != nil)
  }
}

/// What becomes of names that a plan takes from a link: whoever answers them then is told of.
@Suite struct NamesThatGo {
  private func choices(replaces: Bool = false, takesOver: Bool = false) -> LinkChoices {
    var choices = LinkChoices()
    (choices.replaces, choices.takesOver) = (replaces, takesOver)
    return choices
  }

  @Test func everyPlanSaysWhoAnswersThem() throws {
    let folder = workspace().after(try importHosts(["wiki.corp.example", "git.corp.example"]))
    for plan in [
      try importHosts(["git.corp.example"], prune: true, in: folder),
      try importHosts(["git.corp.example"], choices: choices(replaces: true), in: folder),
    ] {
      #expect(plan.hosts.first { $0.change == .removed }?.remark == "public again")
      let warning = plan.warnings.map(\.message).joined(separator: "\n")
      #expect(
        warning.contains(
          "wiki.corp.example will be asked for as public names again; to keep them closed: backroad import hosts "
            + "--workspace acme --link corp-closed wiki.corp.example"), "\(warning)")
    }
    // The remedy holds the name closed.
    let after = folder.after(try importHosts(["git.corp.example"], prune: true, in: folder))
    let closed = try importHosts(["wiki.corp.example"], link: "corp-closed", endpoint: nil, in: after)
    #expect(closed.text(server: "").contains("held closed until there is an endpoint:\n  + wiki.corp.example"))
  }

  /// A paste whose key has fewer hosts than before.
  @Test func aPasteWithFewerHostsSaysItToo() throws {
    let parent = "privatelink.snowflakecomputing.com"
    func config(_ urls: String) -> String {
      "{\"privatelink-account-url\":\"kd1.us-east-1.\(parent)\",\"privatelink-connection-urls\":\"\(urls)\"}"
    }
    let both = "[acme-one.\(parent), acme-two.\(parent)]"
    let folder = workspace().after(try importSnowflake(config(both), endpoint: "10.0.0.1"))
    let plan = try importSnowflake(config("[acme-one.\(parent)]"), endpoint: nil, in: folder)
    #expect(plan.hosts.first { $0.change == .removed }?.remark?.isEmpty == false)
  }

  /// What goes from a link without an endpoint is not "held closed until there is one" any more.
  @Test func aNameThatGoesIsNotShownAsHeldClosed() throws {
    let folder = workspace().after(try importHosts(["wiki.corp.example", "git.corp.example"], endpoint: nil))
    let text = try importHosts(["git.corp.example"], endpoint: nil, prune: true, in: folder).text(server: "")
    #expect(text.contains("held closed before:\n  - wiki.corp.example  (public again)\n"), "\(text)")
    #expect(text.contains("until there is an endpoint:\n  = git.corp.example\n"), "\(text)")
    let made = workspace().changed(LinkUndo.changes(of: try importHosts(["a.corp.example"]), in: workspace()))
    #expect(try !LinkUpdate.undo(in: made).warnings.map(\.message).joined().contains("--closed keeps"))
  }

  @Test func aReplacedLinkLeadsNowhereByAddressesAlone() throws {
    let folder = workspace().after(try importHosts(["git.corp.example"], endpoint: "127.16.7.50"))
    let config = "{\"privatelink-account-url\":\"kd1.us-east-1.privatelink.snowflakecomputing.com\"}"
    let plan = try importSnowflake(config, link: "corp", endpoint: nil, choices: choices(replaces: true), in: folder)
    #expect(try folder.after(plan).link("corp").main.endpoint == nil)
    #expect(plan.notes.joined().contains("127.16.7.50 is not known to be an endpoint of what the link is of now"))
  }

  @Test func aNameThatIsTakenOverToNowhereIsWarnedOf() throws {
    let one = workspace().after(try importHosts(["git.corp.example"], link: "one", endpoint: "10.0.0.1"))
    let plan = try importHosts(
      ["git.corp.example"], link: "two", endpoint: nil, choices: choices(takesOver: true), in: one)
    #expect(plan.warnings.map(\.message).joined().contains("git.corp.example worked by the link one, and will be held"))
    let asked = one.after(try importHosts(["git.corp.example"], link: "two", endpoint: nil, in: one))
    let set = try LinkUpdate.endpoint(
      readEndpoint("10.0.0.2"), of: "two", choices: choices(takesOver: true), in: asked)
    #expect(asked.after(set).records("git.corp.example.zone") == ["git.corp.example. A 10.0.0.2"])
  }

  /// Names that another link answers are told of once, however many they are.
  @Test func namesOfAnotherLinkAreOneWarning() throws {
    let hosts = (0..<9).map { "h\($0).corp.example" }
    let one = workspace().after(try importHosts(hosts, link: "one", endpoint: "10.0.0.1"))
    let warnings = try importHosts(hosts, link: "two", endpoint: nil, in: one).warnings.map(\.message)
    #expect(warnings.count == 1 && warnings[0].hasPrefix("h0.corp.example and 8 more are answered by the link \"one\""))
  }

  @Test(arguments: [
    ("corp.examplecorp.com", true), ("corp.example", true), ("git.corp.example", false), ("intranet.acme.co.uk", true),
    ("wiki.acme.com", false),
  ]) func aDomainAsAHostHidesWhatIsBelowIt(host: String, isWarnedOf: Bool) throws {
    let plan = try importHosts([host], endpoint: "10.0.0.1")
    #expect(plan.warnings.contains { $0.message.hasPrefix("\(host) is likely a domain") } == isWarnedOf)
    let after = workspace().after(plan)
    #expect(LinkUpdate.problems(in: after).contains { $0.message.contains("likely a domain") } == isWarnedOf)
    guard isWarnedOf else { return }
    let settings = "{ \"clients\": [], \"zones\": { \"\(host)\": { \"miss\": \"forward\" } } }"
    let forwarded = workspace(["workspace.json": settings])
    #expect(try importHosts([host], endpoint: "10.0.0.1", in: forwarded).warnings.isEmpty)
  }
}
