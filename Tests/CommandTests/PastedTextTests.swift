import SystemIO
import Testing

/// What customers write into forms, tables and sentences: none of it is a file, and none of it is lost without a word.
struct PastedTextTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  private static let line = "import --workspace acme --link one"
  private static let service = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"

  private func form(_ type: String, _ record: String) -> String {
    "- Type: \(type)\n- VPC Endpoint Service Name: \(Self.service)\n- Private hosted zone:\n- DNS record: \(record)\n"
  }

  /// Another customer's config may lie in the folder.
  @Test func aWordOfAFormIsNeverAFile() throws {
    try backroad.write("east2.json", snowflakeConfig("ab12345"))
    for record in ["east2.json", "db.dev.example", "qx1.us-east-1.snowflakecomputing.com"] {
      let done = try backroad("\(Self.line) -", input: form("Snowflake", record))
      #expect(done.status == 1 && !done.output.contains("ab12345"), "\(done.output)")
      #expect(done.errors.contains("names \"\(record)\", which is no private host of Snowflake's"), "\(done.errors)")
      #expect(done.errors.contains("backroad import snowflake --workspace acme --link one CONFIG"), "\(done.errors)")
    }
  }

  /// A form for a server of the customer's own keeps its host, its service and the port of its type.
  @Test func aFormOfAServerOfOnesOwnIsAHost() throws {
    for (type, host, port) in [
      ("Postgres Interface-type", "db.corp.example", "5432"), ("MySQL", "db.corp.example:3307", "3307"),
      ("Redshift", "wh.corp.example", "5439"),
    ] {
      let done = try backroad(Self.line, input: form(type, host))
      #expect(done.status == 0 && done.output.contains("+ \(host.prefix { $0 != ":" })"), "\(done.errors)")
      let shown = try backroad("link show acme one").output
      #expect(shown.contains("ports: \(port)\n") && shown.contains("service: \(Self.service)"), "\(shown)")
      _ = try backroad("link remove acme one")
    }
    let said = try backroad("import postgres --workspace acme --link one db.corp.example:5433").errors
    #expect(said.contains("import hosts --workspace acme --link one --port 5433 db.corp.example"), "\(said)")
  }

  // MARK: - Lists

  @Test func everyLineOfAListIsTakenWithItsPort() throws {
    let done = try backroad(
      Self.line,
      input: """
        Hey,
        1. a.corp.example:443
        2. b.corp.example (port 8443)
        3. c.corp.example - port 444
        - d.corp.example: 445
        - e.corp.example on port 446
        - f.corp.example (the wiki)
        g.corp.example;447
        h.corp.example, 448
        i.corp.example 449/tcp
        - j.corp.example - tickets, on ports 450 and 451
        """)
    #expect(done.status == 0, "\(done.errors)")
    for host in "abcdefghij" { #expect(done.output.contains("+ \(host).corp.example"), "\(host): \(done.output)") }
    let shown = try backroad("link show acme one").output
    #expect(shown.contains("ports: 443, 444, 445, 446, 447, 448, 449, 450, 451, 8443"), "\(shown)")
  }

  /// A host in a sentence may be anybody's: it is named, with the command that takes it.
  @Test func aHostThatIsNotTakenIsNamed() throws {
    let done = try backroad(
      Self.line,
      input: """
        From: Bo <bo@mail.acme.example>
        - wiki.corp.example
        and sso.corp.example too, says config.prod.json, e.g. today
        Jira: https://jira.corp.example:8443/x
        """)
    for host in ["sso.corp.example stands in line 3", "jira.corp.example:8443 stands in line 4"] {
      #expect(done.output.contains(host), "\(done.output)")
    }
    #expect(done.output.contains("import hosts --workspace acme --link one sso.corp.example\n"), "\(done.output)")
    #expect(!done.output.contains("config.prod.json") && !done.output.contains("mail.acme.example"), "\(done.output)")
    let git = try backroad(
      "import --workspace acme --link git",
      input:
        "at https://git.corp.example/ (registry at https://registry.corp.example:5050)\ngit@git.corp.example:a/b.git\n")
    #expect(
      git.output.contains("backroad import vcs --workspace acme --link git registry.corp.example:5050"), "\(git.output)"
    )
    let none = try backroad(Self.line, input: "Jira: jira.corp.example\n")
    #expect(none.status == 1 && none.errors.contains("--link one jira.corp.example"), "\(none.errors)")
  }

  @Test func aQuotedHostIsToldOf() throws {
    let done = try backroad(Self.line, input: "Hi,\n- new.corp.example\nBo\n\n> > old.corp.example\n")
    #expect(done.output.contains("old.corp.example stands in a quoted part of the mail (line 5)"), "\(done.output)")
    let all = try backroad(Self.line, input: "Hi,\n\n> new.corp.example\n> old.corp.example\n")
    #expect(all.status == 0 && !all.output.contains("quoted part"), "\(all.output)")
  }

  // MARK: - Ports of vendors' hosts

  private static let shop = "shop.abc.us-east-1.rds.amazonaws.com"
  private static let wh = "wh.abc.us-east-1.redshift.amazonaws.com"

  @Test(arguments: [
    ("Host,Port,Engine\n\(shop),3307,mysql\n", "3307"), ("Engine;Host;Port\nmysql;\(shop);3307\n", "3307"),
    ("Name\tHost\tPort\tEngine\nshop\t\(shop)\t3307\tMySQL 8\n", "3307"),
    ("Hi,\n\n| Name | Host | Port | Engine |\n|---|---|---|---|\n| shop | `\(shop)` | 3307 | MySQL 8 |\n", "3307"),
    ("Host | Port | Engine\n--- | ---: | ---\n\(shop) | 3307 | MySQL\n", "3307"),
    (#"[{"host": "\#(shop)", "port": 3307, "engine": "mysql"}]"#, "3307"),
    (#"{"db": {"Endpoint": {"Address": "\#(shop)", "Port": "3307"}, "Engine": "mysql"}}"#, "3307"),
    ("We have \(shop) on port 3307 (mysql), say.\n", "3307"), ("\(shop) 3307 mysql\n", "3306"),
    ("Port 5440 is that of \(wh), ok?\n", "5440"), ("- \(wh) (port 5440)\n", "5440"),
    ("Host: \(wh), port: 5440\n", "5440"),
  ]) func thePortBesideAVendorsHostIsTheLinks(paste: String, port: String) throws {
    let done = try backroad(Self.line, input: paste)
    #expect(done.status == 0, "\(paste): \(done.errors)")
    let shown = try backroad("link show acme one").output
    #expect(shown.contains("ports: \(port)\n"), "\(paste): \(shown)")
  }

  @Test func theRowsOfTwoKindsAreEachTheirs() throws {
    let table =
      "Name\tHost\tPort\tEngine\nshop\t\(Self.shop)\t3307\tMySQL\nbill\tbill.abc.us-east-1.rds.amazonaws.com\t5433\tPostgres\n"
    let said = try backroad(Self.line, input: table).errors
    #expect(said.contains("import mysql --workspace acme --link one \(Self.shop):3307\n"), "\(said)")
    #expect(
      said.contains("import postgres --workspace acme --link one bill.abc.us-east-1.rds.amazonaws.com:5433,"), "\(said)"
    )
  }

  @Test func aDrawnTableOfHostsIsRead() throws {
    let table =
      "Hi,\n| Host | IP | Port | Purpose |\n|---|---|---|---|\n| a.corp.example | 10.9.1.10 | 443 | tickets |\n"
    let done = try backroad(Self.line, input: table + "| b.corp.example | 10.9.1.10 | 9092 | see docs.corp.example |\n")
    #expect(done.status == 0 && done.output.contains("+ b.corp.example"), "\(done.errors)")
    let shown = try backroad("link show acme one").output
    #expect(shown.contains("endpoint: 10.9.1.10") && shown.contains("ports: 443, 9092"), "\(shown)")
  }

  // MARK: - What is known already

  @Test func theKindThatTheLinkHasIsMeant() throws {
    _ = try backroad("link add acme one --kind postgres")
    let done = try backroad(Self.line, input: "\(Self.shop)\n")
    #expect(done.status == 0 && done.output.contains("+ \(Self.shop)"), "\(done.errors)")
    #expect(try backroad("link show acme one").output.contains("kind postgres"))
    #expect(try backroad("import --workspace acme --link two", input: "\(Self.shop)\n").status == 2)
  }

  @Test func theCommandsOfTwoWorkspacesAreWhole() throws {
    let two = try backroad(
      "\(Self.line) --dry-run --ttl 30",
      input:
        "https://dbc-11111111-1111.cloud.databricks.com/?o=111 and https://dbc-22222222-2222.cloud.databricks.com/?o=222\n"
    )
    for (link, id) in [("one", "1"), ("one-2", "2")] {
      let line =
        "import databricks --workspace acme --link \(link) --ttl 30 --dry-run --workspace-id \(id)\(id)\(id) dbc-\(id)"
      #expect(two.errors.contains(line), "\(two.errors)")
    }
  }

  @Test func aVendorsConsoleHasNoCommand() throws {
    let url = "https://dbc-11111111-1111.cloud.databricks.com/?o=111"
    for end in [
      "Register at https://accounts.cloud.databricks.com\n", "--\nBo, https://accounts.cloud.databricks.com\n",
    ] {
      let done = try backroad("\(Self.line) --dry-run", input: "\(url)\n\(end)")
      #expect(done.status == 0, "\(done.errors)")
      #expect(
        done.output.contains("and was left out: it is a public name of Databricks\n"), "\(done.output)")
    }
    let other = try backroad(
      "\(Self.line) --dry-run", input: "\(url)\n--\nBo, https://portal.corp.example\nportal.corp.example\n")
    #expect(
      other.output.contains("import hosts --workspace acme --link one-hosts portal.corp.example"), "\(other.output)")
  }

  @Test func theBucketsAndTheirRegionAreKept() throws {
    let done = try backroad(
      Self.line, input: "Hi,\nBuckets: acme-lake, acme-events (both eu-west-1), and arn:aws:s3:::acme-raw/*\n")
    for bucket in ["acme-lake", "acme-events", "acme-raw"] {
      #expect(done.output.contains("+ \(bucket).s3.eu-west-1.amazonaws.com"), "\(done.output)\(done.errors)")
    }
    #expect(!done.output.contains("+ both") && done.output.contains("4 added") == false, "\(done.output)")
    let bare = try backroad("import --workspace acme --link two", input: "s3://acme-raw/x\n")
    #expect(
      bare.errors.contains("import s3 --workspace acme --link two --region us-east-1 acme-raw,"), "\(bare.errors)")
  }

  @Test func anotherRegionIsToldOf() throws {
    let database = try backroad(
      Self.line, input: "Postgres: \(Self.shop)\nService: com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0\n")
    #expect(
      database.output.contains("is in us-east-1, and the service vpce-svc-0123456789abcdef0 in eu-west-1"),
      "\(database)")
    let flake = try backroad(
      "import --workspace acme --link flake",
      input: "Region: eu-west-1\nprivatelink-account-url: ab12345.us-east-1.privatelink.snowflakecomputing.com\n")
    #expect(
      (flake.output + flake.errors).contains("line 1 says the region eu-west-1, and what it is of is in us-east-1"),
      "\(flake.output)")
    let bricks = try backroad(
      "import --workspace acme --link bricks",
      input: "https://dbc-11111111-1111.cloud.databricks.com is our workspace, in us-west-2.\n")
    #expect(bricks.output.contains("if it is the workspace's, say --region us-west-2"), "\(bricks.output)")
  }

  /// The account's two names are told of whatever the latest input has.
  @Test func bothFormsOfTheAccountAreTold() throws {
    let host = "ab12345.us-east-1.privatelink.snowflakecomputing.com"
    _ = try backroad(
      Self.line,
      input:
        "privatelink-account-url: \(host)\nregionless-privatelink-account-url: acme-prod.privatelink.snowflakecomputing.com\n"
    )
    let list = try backroad(Self.line, input: #"[{"type": "SNOWFLAKE_DEPLOYMENT", "host": "\#(host)", "port": 443}]"#)
    #expect(list.output.contains("to ab12345.us-east-1.privatelink, or to acme-prod.privatelink"), "\(list.output)")
  }

  @Test func aRelayIsNoAccount() throws {
    let line = "import databricks --workspace acme --link relay --back-end --region"
    let url = "dbc-11111111-1111.cloud.databricks.com"
    #expect(try backroad("\(line) us-east-1 \(url)").status == 0)
    #expect(try !backroad("link list --json").output.contains("\"account\""))
    let other = try backroad("\(line) us-west-2 \(url)")
    #expect(other.status == 1 && other.errors.contains("--replace"), "\(other.errors)")
    #expect(try backroad("\(line) us-east-1 \(url)").status == 0)
  }
}
