import Links
import Testing
import Text
import Wire

private let parent = "privatelink.snowflakecomputing.com"
private let account = "\"privatelink-account-url\": \"kd1.us-east-1.\(parent)\""
private let service = "\"privatelink-vpce-id\": \"\(serviceName)\""

/// The traps that pasted Snowflake configs are known for, each by its number and its name in the reference.
@Suite struct Traps {
  private func hosts(_ plan: Plan) -> [String] { plan.hosts.map { $0.host.textWithoutFinalDot } }

  @Test func trap01BothOCSPSpellings() throws {
    let both = { (a: String, b: String) in
      "{\(account), \(service), \"privatelink_ocsp-url\": \"\(a).\(parent)\", \"privatelink-ocsp-url\": \"\(b).\(parent)\"}"
    }
    let same = try importSnowflake(both("ocsp.a", "https://OCSP.A"))
    #expect(same.warnings.isEmpty)
    let different = try importSnowflake(both("ocsp.a", "ocsp.b"))
    #expect(different.warnings.count == 1)
    #expect(different.warnings[0].message.contains("are the same key with different values"))
    #expect(hosts(different).contains("ocsp.a.\(parent)") && hosts(different).contains("ocsp.b.\(parent)"))
    // In values the two are different characters.
    let values = try importSnowflake("{\(service), \"privatelink-account-url\": \"x_y.\(parent)\"}")
    #expect(hosts(values).contains("x_y.\(parent)"))
  }

  @Test(arguments: [
    ("\"\"", []), ("\"[]\"", []), ("null", []), ("[]", []), ("\"[ ]\"", []), ("\"null\"", []),
    ("\"[a.P, b.P]\"", ["a", "b"]), (#""[\"a.P\"]""#, ["a"]), ("\"a.P,b.P\"", ["a", "b"]), ("\"a.P:443\"", ["a"]),
    ("[\"a.P\", \"b.P\"]", ["a", "b"]), ("\"['a.P']\"", ["a"]), (#""[\\\"a.P\\\"]""#, ["a"]),
    ("\"a.P b.P\"", ["a", "b"]),
    ("\"[a.P,]\"", ["a"]),
  ]) func trap02Lists(value: String, names: [String]) throws {
    let value = value.replacingParent
    let plan = try importSnowflake("{\(account), \(service), \"privatelink-connection-urls\": \(value)}")
    let found = hosts(plan).filter { !$0.contains("kd1") && !$0.hasPrefix("ocsp.") }
    #expect(found == names.map { "\($0).\(parent)" })
    #expect(plan.leftOut.contains { $0.what == "privatelink-connection-urls" } == names.isEmpty)
  }

  @Test(arguments: [
    "https://kd1.us-east-1.P/console", "kd1.us-east-1.P:443", "kd1.us-east-1.P.", "KD1.US-EAST-1.P",
    "  kd1.us-east-1.P ",
    "\u{a0}kd1.us-east-1.P\u{a0}", "\u{200b}kd1.us-east-1.P", "kd1.us-east-1.P\\n",
  ]) func trap03Untidy(value: String) throws {
    let plan = try importSnowflake("\u{feff}{\(service), “privatelink-account-url”: “\(value.replacingParent)”}")
    #expect(hosts(plan) == ["kd1.us-east-1.\(parent)", "ocsp.kd1.us-east-1.\(parent)"])
    #expect(plan.notes.contains("smart quotes were read as plain quotes"))
  }

  @Test func trap05KeyTwice() {
    let message = refusal { _ = try importSnowflake("{\(account),\n\(account)}") }
    #expect(
      message
        == "cfg:2:1: the key \"privatelink-account-url\" is given twice: first at line 1, column 2; keep one of them")
  }

  @Test(arguments: [
    serviceName, "vpce-svc-0123456789abcdef0", "arn:aws:iam::998877665544:root", "arn:aws-cn:iam::998877665544:root",
    "sf-pvlinksvc-x.1.westeurope.azure.privatelinkservice", "projects/p/regions/r/serviceAttachments/s",
    "/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s", "10.1.2.3",
  ]) func trap06IdsAreNeverHosts(id: String) throws {
    #expect(
      refusal { _ = try importSnowflake("{\(service), \"snowsight-privatelink-url\": \"\(id)\"}") }.hasPrefix("cfg:1:"))
    // Under a key that is not known it is no host either.
    let plan = try importSnowflake("{\(account), \(service), \"privatelink-other\": \"\(id)\"}")
    #expect(hosts(plan).count == 2)
    #expect(plan.leftOut.contains { $0.what == "privatelink-other" && !$0.isForReview })
  }

  @Test(arguments: [
    "<guid>.P", "<account_identifier>.P", "xxxxx.us-east-1.P", "your-account.P", "account_identifier.P", "${acct}.P",
  ])
  func trap07Placeholders(value: String) {
    let message = refusal { _ = try importSnowflake("{\"privatelink-account-url\": \"\(value.replacingParent)\"}") }
    #expect(message.contains("still holds the placeholder"), "\(message)")
  }

  @Test func trap08UnderscoresAndTheirTwins() throws {
    let plan = try importSnowflake("{\(service), \"regionless-privatelink-account-url\": \"o-a_b_c.\(parent)\"}")
    #expect(
      Set(hosts(plan)) == [
        "o-a_b_c.\(parent)", "ocsp.o-a_b_c.\(parent)", "o-a-b-c.\(parent)", "ocsp.o-a-b-c.\(parent)",
      ])
  }

  @Test func trap09WildcardsThatStopEarly() throws {
    let plan = try importSnowflake(
      """
      {\(account), \(service), "app-service-privatelink-url": "*.s1.privatelink.snowflake.app",
      "app-service-privatelink-url-next": "*.o-a.us-east-1.aws.privatelink.snowflake.app",
      "openflow-privatelink-url": "of--o-a.spcs.s1.privatelink.snowflake.app"}
      """)
    #expect(plan.warnings.count == 1)
    #expect(plan.warnings[0].message.contains("*.s1.privatelink.snowflake.app does not answer for spcs.s1."))
  }

  @Test(arguments: [
    "login.bank.example", "xprivatelink.snowflakecomputing.com", "P.evil.example", "P",
    "kd1.us-east-1.snowflakecomputing.com",
    "*.P", "*.us-east-1.P", "snowflakecomputing.com", "com", "kd1.privatelink.snowflakecomputing.org",
  ]) func trap10ClaimsOnOthersNames(value: String) {
    let message = refusal { _ = try importSnowflake("{\"snowsight-privatelink-url\": \"\(value.replacingParent)\"}") }
    #expect(
      message.hasPrefix("cfg:1:32: \"\(value.replacingParent)\" in \"snowsight-privatelink-url\" is "), "\(message)")
  }

  @Test func trap11TheStageLeadsElsewhereOrNowhere() throws {
    let stage = "sfc-x-customer-stage.s3.us-east-1.amazonaws.com"
    let config = "{\(account), \(service), \"privatelink-internal-stage\": \"\(stage)\"}"
    let without = try importSnowflake(config)
    #expect(!hosts(without).contains(stage))
    #expect(without.nextSteps.contains { $0.contains("\(stage) still needs an endpoint of S3") })
    let s3 = "bucket.vpce-0ff-st.s3.us-east-1.vpce.amazonaws.com"
    let with = try importSnowflake(config, stage: s3)
    let after = workspace().after(with)
    #expect(after.records("\(stage).zone") == ["\(stage). TYPE65401 \(s3)."])
    #expect(with.hosts.first { $0.host.textWithoutFinalDot == stage }?.target.text == s3)
    // A later import without the flag says nothing of the stage, and leaves it.
    #expect(try importSnowflake(config, in: after).changesNothing)
    for (wrong, why) in [
      (vpce, "not of S3"), ("bucket.vpce-0ff-st.s3.us-west-2.vpce.amazonaws.com", "and the stage in us-east-1"),
    ] { #expect(refusal { _ = try importSnowflake(config, stage: wrong) }.contains(why)) }
    // Nothing that is not storage's shape gets a zone, whatever the key.
    for claim in ["s3.us-east-1.amazonaws.com", "my-bucket.s3.us-east-1.amazonaws.com", "bank.example"] {
      let plan = try importSnowflake(config.replacing(stage, with: claim), stage: s3)
      #expect(!hosts(plan).contains(claim) && plan.warnings.contains { $0.message.contains("not of the shape") })
    }
  }

  @Test func trap12NoZoneOfPublicNames() throws {
    let plan = try importSnowflake(
      "{\(account), \(service), \"app-service-privatelink-url\": \"*.s1.privatelink.snowflake.app\"}")
    #expect(
      plan.files.map(\.path) == [
        "links/prod.json", "privatelink.snowflake.app.zone", "privatelink.snowflakecomputing.com.zone",
      ])
  }

  @Test func trap13And14LoopsAndWhatStandsBesideACNAME() throws {
    let host = "kd1.us-east-1.\(parent)"
    #expect(refusal { _ = try importSnowflake("{\(account)}", endpoint: host) }.contains("would lead to itself"))
    let own = refusal { _ = try importHosts(["git.corp.example"], endpoint: "git.corp.example") }
    #expect(own.contains("a loop: git") && own.contains("give the endpoint's own DNS name, vpce-"), "\(own)")
    let first = workspace().after(try importHosts(["a.corp.example"], link: "one", endpoint: "b.corp.example"))
    let message = refusal {
      _ = try importHosts(["b.corp.example"], link: "two", endpoint: "a.corp.example", in: first)
    }
    #expect(message.contains("a loop: a.corp.example -> b.corp.example -> a.corp.example"), "\(message)")
  }

  @Test func trap15TheEndpointIsTheConfigsService() {
    let other = "{\(account), \"privatelink-vpce-id\": \"com.amazonaws.vpce.us-east-1.vpce-svc-0ffffffffffffffff\"}"
    let message = refusal { _ = try importSnowflake(other) }
    #expect(message.contains("vpce-svc-0ffffffffffffffff") && message.contains("vpce-svc-0123456789abcdef0"))
    let region = "{\(account), \"privatelink-vpce-id\": \"com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0\"}"
    #expect(refusal { _ = try importSnowflake(region) }.contains("the region eu-west-1"))
    let s3 = "vpce-0ff-st.s3.us-east-1.vpce.amazonaws.com"
    #expect(
      refusal { _ = try importSnowflake("{\(account)}", endpoint: s3) }.contains("endpoint of AWS's own service s3"))
  }

  @Test func trap17TwoAccountsOfOneRegionBehindTwoEndpoints() throws {
    let config = { (locator: String, service: String) in
      """
      {"privatelink-account-url": "\(locator).us-east-1.\(parent)", "snowsight-privatelink-url": "app.us-east-1.\(parent)",
      "privatelink-vpce-id": "com.amazonaws.vpce.us-east-1.\(service)"}
      """
    }
    let first = workspace().after(try importSnowflake(config("kd1", "vpce-svc-0123456789abcdef0"), link: "one"))
    let otherEndpoint = "vpce-0bb-zz.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
    let message = refusal {
      _ = try importSnowflake(
        config("kd2", "vpce-svc-0123456789abcdef0"), link: "two", endpoint: otherEndpoint, in: first)
    }
    #expect(
      message.hasPrefix("zones/acme/links/two.json: app.us-east-1.\(parent) leads to \(otherEndpoint) by this link"))
    #expect(message.contains("to \(vpce) by the link \"one\""))
    // Behind one endpoint they share the name.
    let shared = try importSnowflake(config("kd2", "vpce-svc-0123456789abcdef0"), link: "two", in: first)
    let zone = "privatelink.snowflakecomputing.com.zone"
    #expect(first.after(shared).records(zone).count == 5)
    #expect(first.after(shared).text(zone)?.contains(";   links/one.json\n;   links/two.json\n") == true)
  }
}

extension String {
  /// With `P` for Snowflake's parent domain, to keep tables short.
  fileprivate var replacingParent: String {
    split(separator: "P", omittingEmptySubsequences: false).joined(separator: parent)
  }

  fileprivate func replacing(_ old: String, with new: String) -> String { components(old).joined(separator: new) }

  private func components(_ separator: String) -> [String] {
    guard let range = self[...].firstRange(of: separator) else { return [self] }
    return [String(self[..<range.lowerBound])] + String(self[range.upperBound...]).components(separator)
  }
}
