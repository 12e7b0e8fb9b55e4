import Links
import Testing
import Text
import Wire

private let parent = "privatelink.snowflakecomputing.com"
private let url = "qx98765.us-east-1.\(parent)"

/// What else than the whole config a customer sends of a Snowflake account: the list of hosts, two values, a mail.
@Suite struct SnowflakeLetters {
  private func hosts(_ plan: Plan) -> [String] { plan.hosts.map { $0.host.textWithoutFinalDot }.sorted() }

  private static let rows = [
    ("SNOWFLAKE_DEPLOYMENT", url, 443), ("SNOWFLAKE_DEPLOYMENT_REGIONLESS", "acme-data_prod.\(parent)", 443),
    ("SNOWSIGHT_DEPLOYMENT", "app.us-east-1.\(parent)", 443),
    ("SNOWSIGHT_DEPLOYMENT_REGIONLESS", "app-acme-data_prod.\(parent)", 443),
    ("CLIENT_FAILOVER", "acme-dr.\(parent)", 443), ("OCSP_CACHE", "ocsp.\(url)", 80),
    ("OCSP_CACHE_REGIONLESS", "ocsp.acme-data_prod.\(parent)", 80),
    ("OCSP_CLIENT_FAILOVER", "ocsp.acme-dr.\(parent)", 80),
    ("APP_SERVICE_PRIVATELINK_WILDCARD", "*.abcxyz.privatelink.snowflake.app", 443),
    ("STAGE", "sfc-a-customer-stage.s3.us-east-1.amazonaws.com", 443),
    ("STAGE", "sfc-b-customer-stage.s3.us-east-1.amazonaws.com", 443),
    ("SNOWSQL_REPO", "sfc-repo.snowflakecomputing.com", 443),
    ("OCSP_CACHE", "ocsp.snowflakecomputing.com", 80), ("CRL_DISTRIBUTION_POINT", "crl.r2m01.amazontrust.com", 80),
    ("DUO_SECURITY", "api-12.duosecurity.com", 443), ("OCSP_RESPONDER", "o.ss2.us", 80),
    ("OUT_OF_BAND_TELEMETRY", "client-telemetry.snowflakecomputing.com", 443),
  ]
  private static let json =
    "["
    + rows.map { "{\"host\":\"\($0.1)\",\"port\":\($0.2),\"type\":\"\($0.0)\"}" }.joined(separator: ",") + "]"

  private static func doubled(_ text: String) -> String {
    "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// One list as every program exports it.
  static let forms: [(name: String, text: String)] = [
    ("raw", json),
    ("without brackets", String(json.dropFirst().dropLast())),
    ("in a string", JSON.literal(json)),
    ("one cell", "\"SYSTEM$ALLOWLIST_PRIVATELINK()\"\n\(doubled(json))\n"),
    ("cell below a heading", "SYSTEM$ALLOWLIST_PRIVATELINK()\n\(json)\n"),
    ("rows", "TYPE,HOST,PORT\n" + rows.map { "\($0.0),\($0.1),\($0.2)\n" }.joined()),
    (
      "rows with VARIANT quotes",
      "type,host,port\n" + rows.map { "\(doubled("\"\($0.0)\"")),\(doubled("\"\($0.1)\"")),\($0.2)\n" }.joined()
    ),
    (
      "rows with their expressions",
      "T.VALUE:TYPE::VARCHAR\tT.VALUE:HOST::VARCHAR\tT.VALUE:PORT\n"
        + rows.map { "\($0.0)\t\($0.1)\t\($0.2)\n" }.joined()
    ),
    (
      "flattened",
      "SEQ,KEY,PATH,INDEX,VALUE,THIS\n"
        + rows.enumerated().map { index, row in
          "1,,[\(index)],\(index),\(doubled("{\"host\":\"\(row.1)\",\"port\":\(row.2),\"type\":\"\(row.0)\"}")),x\n"
        }.joined()
    ),
    (
      "table",
      "+------+------+------+\n| TYPE | HOST | PORT |\n|------+------+------|\n"
        + rows.map { "| \($0.0) | \($0.1) | \($0.2) |\n" }.joined() + "+------+------+------+\n17 Row(s) produced.\n"
    ),
    (
      "rows of JSON",
      "[" + rows.map { "{\"TYPE\":\"\($0.0)\",\"HOST\":\"\($0.1)\",\"PORT\":\"\($0.2)\"}" }.joined(separator: ",") + "]"
    ),
    ("with backslashes", String(JSON.literal(json).dropFirst().dropLast())),
    ("in Markdown", "Hi,\n\n```json\n\(json)\n```\n\nRegards\n"),
    ("in a mail", "Hi [team],\nhere: \(json)\nRegards [Bo]\n"),
    ("in a quoted mail", "> Hi,\n> \(json)\n> Regards\n"),
  ]

  @Test(arguments: forms.indices) func everyFormOfTheListSaysTheSame(index: Int) throws {
    let (name, text) = Self.forms[index]
    let plan = try importSnowflake(text)
    #expect(
      hosts(plan)
        == [
          url, "ocsp.\(url)", "acme-data_prod.\(parent)", "ocsp.acme-data_prod.\(parent)", "acme-data-prod.\(parent)",
          "ocsp.acme-data-prod.\(parent)", "app.us-east-1.\(parent)", "app-acme-data_prod.\(parent)",
          "app-acme-data-prod.\(parent)", "acme-dr.\(parent)", "ocsp.acme-dr.\(parent)",
          "*.abcxyz.privatelink.snowflake.app",
        ].sorted(), "\(name)")
    #expect(plan.leftOut.count == 8, "\(name): \(plan.leftOut)")
    #expect(plan.notes.contains { $0.hasPrefix("the output of SYSTEM$ALLOWLIST_PRIVATELINK()") })
  }

  @Test func aWrappedTableOfTheListIsRead() throws {
    let table = """
      +-----------------+---------------------+------+
      | TYPE            | HOST                | PORT |
      |-----------------+---------------------+------|
      | SNOWFLAKE_DEPLO | qx98765.us-east-1.p | 443  |
      | YMENT           | rivatelink.snowflak |      |
      |                 | ecomputing.com      |      |
      | SNOWFLAKE_DEPLOYMENT | a-b.privatelink.snowflakecomputing.com | 443 |
      | _REGIONLESS     |                     |      |
      +-----------------+---------------------+------+
      """
    #expect(try hosts(importSnowflake(table)) == ["a-b.\(parent)", "ocsp.a-b.\(parent)", "ocsp.\(url)", url].sorted())
  }

  /// Whatever is missing at its end, part of a list is not taken for the list.
  @Test(arguments: [2, 20, 60, 100, 170, 400]) func trap04AListThatWasCutOffIsRefused(missing: Int) {
    let cut = String(Self.json.dropLast(missing))
    for text in [cut, String(cut.dropFirst()), "Hi,\n\(cut)\n", "```\n\(cut)\n```\n"] {
      #expect(refusal { _ = try importSnowflake(text) } != "", "\(text.suffix(80))")
    }
  }

  @Test func trap11StagesOfTheListLeadElsewhereByName() throws {
    let s3 = "bucket.vpce-0ff-st.s3.us-east-1.vpce.amazonaws.com"
    #expect(refusal { _ = try importSnowflake(Self.json, stage: s3) }.contains("say with --stage-host NAME which"))
    var options = SnowflakeImport.Options(LinkRequest("prod", endpoint: try readEndpoint(vpce)))
    options.stage = try readEndpoint(s3)
    options.stageHosts = [try Name("sfc-b-customer-stage.s3.us-east-1.amazonaws.com")]
    let plan = try SnowflakeImport.plan(Array(Self.json.utf8), file: "cfg", options: options, in: workspace())
    #expect(plan.files.contains { $0.path == "sfc-b-customer-stage.s3.us-east-1.amazonaws.com.zone" })
    #expect(!hosts(plan).contains { $0.hasPrefix("sfc-a-") })
  }

  @Test func trap10TheListClaimsNoNameOfOthers() {
    for host in ["kd1.privatelink.bank.example", "kd1.privatelink.snowflakecomputing.com.evil.example", "*.\(parent)"] {
      let list = "[{\"type\": \"SNOWFLAKE_DEPLOYMENT\", \"host\": \"\(host)\", \"port\": 443}]"
      #expect(refusal { _ = try importSnowflake(list) } != "", "\(host)")
    }
  }

  private static let config = """
    {"privatelink-account-name": "qx98765.us-east-1.privatelink", "privatelink-account-url": "\(url)",
    "regionless-privatelink-account-url": "acme-data_prod.\(parent)", "privatelink-connection-urls": "[acme-dr.\(parent)]",
    "privatelink-vpce-id": "\(serviceName)"}
    """

  /// The config and the list are one link, whichever comes first, and neither takes from the other.
  @Test func theListIsMergedIntoTheConfigsLink() throws {
    let one = workspace().after(try importSnowflake(Self.config))
    let both = one.after(try importSnowflake(Self.json, in: one))
    let two = workspace().after(try importSnowflake(Self.json))
    let other = two.after(try importSnowflake(Self.config, in: two))
    #expect(both.text("links/prod.json") == other.text("links/prod.json"))
    #expect(both.records("\(parent).zone") == other.records("\(parent).zone"))
    #expect(both.text("links/prod.json")?.contains(#""account": "qx98765.us-east-1.privatelink""#) == true)
    for input in [Self.config, Self.json] { #expect(try importSnowflake(input, in: both).changesNothing) }
    // What the list alone names stays when the config comes again.
    #expect(try hosts(importSnowflake(Self.config, in: both)).contains("app.us-east-1.\(parent)"))
  }

  @Test func theListsOwnEndpointIsCheckedAgainstTheServiceOfTheConfigBefore() throws {
    let folder = workspace().after(try importSnowflake(Self.config))
    #expect(try importSnowflake(Self.json, in: folder).warnings.isEmpty)
    let wrong = "vpce-0bb-zz.vpce-svc-0ffffffffffffffff.us-east-1.vpce.amazonaws.com"
    #expect(refusal { _ = try importSnowflake(Self.json, endpoint: wrong, in: folder) }.contains("vpce-svc-0fff"))
  }

  @Test func bothFormsOfTheAccountAreNextSteps() throws {
    let steps = try importSnowflake(Self.config).nextSteps
    #expect(
      steps.first
        == "set the account in your connector to qx98765.us-east-1.privatelink, or to acme-data_prod.privatelink")
    let regionless = try importSnowflake("{\"regionless-privatelink-account-url\": \"acme-data_prod.\(parent)\"}")
      .nextSteps
    #expect(regionless.first == "set the account in your connector to acme-data_prod.privatelink")
  }

  /// The two values that some vendors ask for, as people send them.
  @Test(arguments: [
    "privatelink-vpce-id: S\nprivatelink-account-url: U\n",
    "privatelink-vpce-id = S\nprivatelink-account-url = U\n",
    "Hi Bo,\n\n  • privatelink-vpce-id: `S`\n  • privatelink-account-url: <https://U>\n\nRegards\nAnn\nhttps://www.acme.example\n",
    "- **privatelink-vpce-id**: S\n- **privatelink-account-url**: [U](https://U)\n",
    "1. privatelink_vpce_id:\n   S\n2. privatelink_account_url:\n   U\n",
    "S\nU\n", "https://U/console/login\nS", "Service: S\nAccount: U<https://U>\n",
    "{\"privatelink-vpce-id\": \"S\", \"privatelink-account-url\": \"U\"}",
    "{\\\"privatelink-vpce-id\\\": \\\"S\\\", \\\"privatelink-account-url\\\": \\\"U\\\"}",
    "\"privatelink-vpce-id\": \"S\",\n\"privatelink-account-url\": \"U\"",
    "```\nprivatelink-vpce-id: S\nprivatelink-account-url: U\n```\n",
    "> privatelink-vpce-id: S\n> privatelink-account-url: U\n",
    "privatelink-vpce-id,S\nprivatelink-account-url,U\n",
  ]) func theTwoValuesAloneMakeALink(text: String) throws {
    let text = text.filling(["S": serviceName, "U": url])
    let plan = try importSnowflake(text)
    #expect(hosts(plan) == ["ocsp.\(url)", url], "\(text)")
    #expect(plan.warnings.isEmpty, "\(text): \(plan.warnings)")
    #expect(workspace().after(plan).text("links/prod.json")?.contains("\"service\": \"\(serviceName)\"") == true)
  }

  @Test(arguments: [false, true]) func utf16IsRead(isBig: Bool) throws {
    let units = Array("\u{feff}\(Self.config)".utf16)
    let bytes = units.flatMap { isBig ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)] }
    let options = SnowflakeImport.Options(LinkRequest("prod", endpoint: try readEndpoint(vpce)))
    let plan = try SnowflakeImport.plan(bytes, file: "cfg", options: options, in: workspace())
    #expect(hosts(plan).contains(url))
    #expect(plan.notes.first == "UTF-16 text (\(isBig ? "big" : "little")-endian) was read")
  }

  /// Parts of two accounts' configs in one paste.
  @Test(arguments: [
    ("\"privatelink-account-name\": \"zz1.us-east-1.privatelink\"", "account qx98765"),
    ("\"privatelink-account-name\": \"qx98765.us-west-2.privatelink\"", "region us-east-1"),
    ("\"privatelink-vpce-id\": \"com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0\"", "region us-west-2"),
    ("\"privatelink_ocsp-url\": \"ocsp.zz1.us-east-1.P\"", "account zz1"),
    ("\"snowsight-privatelink-url\": \"app.us-west-2.P\"", "region us-west-2"),
    ("\"regionless-privatelink-ocsp-url\": \"ocsp.other-acct.P\"", "account name other-acct"),
    ("\"regionless-snowsight-privatelink-url\": \"app-other-acct.P\"", "account name other-acct"),
    ("\"privatelink-gcp-service-attachment\": \"projects/p/regions/us-east4/serviceAttachments/s\"", "region us-east4"),
    ("\"privatelink-pls-id\": \"sf-pvlinksvc-x.1.westeurope.azure.privatelinkservice\"", "region westeurope"),
  ]) func accountAndRegionMustAgree(pair: String, told: String) {
    let pair = pair.filling(["P": parent])
    let message = refusal {
      _ = try importSnowflake(
        "{\"privatelink-account-url\": \"\(url)\", \"regionless-privatelink-account-url\": \"acme-data_prod.\(parent)\", \(pair)}",
        endpoint: nil, addresses: ["10.1.2.3"])
    }
    #expect(message.contains("is of the ") && message.contains(told), "\(message)")
    #expect(message.contains("paste the config of one account, whole"), "\(message)")
  }

  @Test func regionsAgreeAsEachCloudWritesThem() throws {
    for config in [
      """
      {"privatelink-account-name": "a1.east-us-2.azure.privatelink", "privatelink-account-url": "a1.east-us-2.azure.\(parent)",
      "snowsight-privatelink-url": "app.east-us-2.azure.\(parent)",
      "privatelink-pls-id": "sf-pvlinksvc-azeastus2.9f0e.eastus2.azure.privatelinkservice"}
      """,
      """
      {"privatelink-account-url": "a1.us-central1.gcp.\(parent)",
      "privatelink-gcp-service-attachment": "projects/p/regions/us-central1/serviceAttachments/s"}
      """,
      """
      {"regionless-privatelink-account-url": "acme-data_prod.\(parent)", "privatelink-account-name": "acme-data-prod.privatelink",
      "regionless-snowsight-privatelink-url": "app-acme-data_prod.\(parent)"}
      """,
    ] {
      #expect(refusal { _ = try importSnowflake(config, endpoint: nil, addresses: ["10.1.2.3"]) } == "", "\(config)")
    }
  }

  @Test func theWrongFunctionIsCalledSo() {
    let message = refusal {
      _ = try importSnowflake(#"{"snowflake-vpc-id": ["vpc-0a1b2c3d"], "snowflake-egress-vpc-ids": []}"#)
    }
    #expect(
      message.contains("wrong function: this is the output of SYSTEM$GET_SNOWFLAKE_PLATFORM_INFO()"), "\(message)")
    #expect(message.contains("SYSTEM$GET_PRIVATELINK_CONFIG()"), "\(message)")
  }
}

extension String {
  /// With what some capitals stand for.
  func filling(_ words: [Character: String]) -> String {
    // A letter alone stands for a word; one within a word is itself.
    var result = ""
    let all = Array(self)
    for (index, character) in all.enumerated() {
      let isAlone = { (at: Int) in all.indices.contains(at) ? !all[at].isLetter : true }
      if let word = words[character], isAlone(index - 1), isAlone(index + 1) {
        result += word
      } else {
        result.append(character)
      }
    }
    return result
  }

  /// What a link has of an endpoint for its stage is that account's: nobody typed it for another one, whose storage may be
  /// elsewhere.
  @Test func anotherAccountIsRefusedAsOneAndTakesNoStageOver() throws {
    func config(_ account: String, _ region: String, _ number: Int) -> String {
      """
      {"privatelink-account-url": "\(account).\(region).\(parent)",
       "privatelink-vpce-id": "com.amazonaws.vpce.\(region).vpce-svc-0123456789abcdef\(number)",
       "privatelink-internal-stage": "sfc-\(account)-customer-stage.s3.\(region).amazonaws.com"}
      """
    }
    let stage = "bucket.vpce-0c1b2a3d4e5f60718-abcdefgh.s3.us-east-1.vpce.amazonaws.com"
    let folder = workspace().after(try importSnowflake(config("ea1", "us-east-1", 0), stage: stage))
    let refused = refusal { _ = try importSnowflake(config("we2", "us-west-2", 1), endpoint: nil, in: folder) }
    #expect(
      refused.contains("give this one another --link, or put it in the place of that one with --replace"), "\(refused)")
    #expect(!refused.contains("--stage-endpoint"), "\(refused)")
    var choices = LinkChoices()
    choices.replaces = true
    let plan = try importSnowflake(config("we2", "us-west-2", 1), endpoint: nil, choices: choices, in: folder)
    #expect(
      plan.notes.contains("\(stage) was the stage's endpoint of the link before, and is dropped"), "\(plan.notes)")
    #expect(try folder.after(plan).link("prod").stage == nil)
    // Of the same account it stays, and one that does not fit is called what it is.
    #expect(try importSnowflake(config("ea1", "us-east-1", 0), endpoint: nil, in: folder).changesNothing)
    let moved = config("ea1", "us-east-1", 0).replacing("stage.s3.us-east-1", with: "stage.s3.us-east-2")
    let other = refusal { _ = try importSnowflake(moved, endpoint: nil, in: folder) }
    #expect(other.contains("the stage's endpoint of the link \"prod\", \"\(stage)\" is in us-east-1"), "\(other)")
  }
}
