import SystemIO
import Testing

/// Nothing of what a customer sent is lost without a word, and what is refused says what to do instead.
struct WholePasteTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  private static let line = "import --workspace acme --link one"
  private static let service = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
  private static let other = "vpce-0aaa-x1.vpce-svc-0eeeeeeeeeeeeeeee.us-east-1.vpce.amazonaws.com"
  private static let database = "orders.abc.us-east-1.rds.amazonaws.com"

  private static func form(_ type: String = "VCS Interface-type", region: String = "us-east-1", host: String = "git")
    -> String
  {
    """
    Subject: New Multi-Tenant PrivateLink Request
    - Type: \(type)
    - VPC Endpoint Service Name: \(service)
    - Custom DNS (if HTTPS)
        - Private hosted zone: corp.example
        - DNS record: \(host)
    - VCS install AWS Region (for example, us-east-1, eu-west-2): \(region)

    """
  }

  // MARK: - Forms

  @Test func aFormWithoutAKindKeepsItsService() throws {
    let done = try backroad(Self.line, input: Self.form())
    #expect(done.status == 0 && done.output.contains("+ git.corp.example"), "\(done.output)\(done.errors)")
    #expect(try backroad("link show acme one").output.contains("service: \(Self.service)"))
    let wrong = try backroad("link set-endpoint acme one \(Self.other) --dry-run")
    #expect(
      wrong.status == 1 && wrong.errors.contains("is of the service vpce-svc-0123456789abcdef0"), "\(wrong.errors)")
    let region = try backroad(Self.line, input: Self.form(region: "eu-west-1"))
    #expect(region.status == 1 && region.errors.contains("standard input:7:"), "\(region.errors)")
    #expect(region.errors.contains("its service is in us-east-1"), "\(region.errors)")
    _ = try backroad("link add acme two --service com.amazonaws.vpce.us-east-1.vpce-svc-0eeeeeeeeeeeeeeee")
    let two = try backroad("import --workspace acme --link two", input: Self.form())
    #expect(two.status == 1 && two.errors.contains("--replace"), "\(two.errors)")
  }

  /// Forms of databases have no importer of their own.
  @Test func theRegionOfAnyFormIsHeldAgainstItsService() throws {
    let wrong = try backroad(
      Self.line, input: Self.form("Postgres Interface-type", region: "eu-west-1", host: Self.database))
    #expect(wrong.status == 1 && wrong.errors.contains("standard input:7:"), "\(wrong.output)\(wrong.errors)")
    #expect(wrong.errors.contains("the form says the region \"eu-west-1\", and its service is in us-east-1"))
  }

  @Test func aServiceBesideAHostIsKept() throws {
    let done = try backroad(Self.line, input: "VPC endpoint service: \(Self.service)\nHost: reports.corp.example\n")
    #expect(done.status == 0, "\(done.errors)")
    #expect(try backroad("link show acme one").output.contains("service: \(Self.service)"))
  }

  /// A form of another type is answered by its type.
  @Test func aFormThatNamesNoHostSaysHowToAsk() throws {
    let head = "- Type: Postgres Interface-type\n- VPC Endpoint Service Name: \(Self.service)\n"
    let asked = try backroad(Self.line, input: head)
    #expect(
      asked.status == 1
        && asked.errors.contains("backroad link add acme one --kind postgres --service \(Self.service)"),
      "\(asked.errors)")
    let hosted = try backroad(Self.line, input: head + "- Host: \(Self.database)\n")
    #expect(hosted.status == 0 && hosted.output.contains("+ \(Self.database)"), "\(hosted.errors)")
    let shown = try backroad("link show acme one").output
    #expect(shown.contains("kind postgres") && shown.contains("service: \(Self.service)"), "\(shown)")
    // The type decides, whatever else the text speaks of.
    let more = try backroad(
      Self.line + " --dry-run", input: head + "- Host: \(Self.database)\n- Remark: the MySQL one follows\n")
    #expect(more.status == 0 && more.output.contains("taken for a PostgreSQL database"), "\(more.errors)")
    let managed = try backroad(
      "import --workspace acme --link dwh",
      input: "- Type: Redshift-managed\n- Redshift cluster name: dwh\n- Redshift cluster AWS account ID: 111122223333\n"
    )
    #expect(managed.errors.contains("backroad link add acme dwh --kind redshift"), "\(managed.errors)")
  }

  // MARK: - What stands beside hosts

  @Test(arguments: [
    ("postgres://app@\(database):5433/prod", "ports: 5433"),
    ("jdbc:postgresql://\(database):5433/prod", "ports: 5433"),
    ("mysql://\(database):3307/prod", "ports: 3307"),
    ("Host: \(database)\nPort: 5433\nEngine: postgres\n", "ports: 5433"),
    ("host,ip\nreports.corp.example,10.1.50.9\n", "endpoint: 10.1.50.9"),
    ("reports.corp.example 10.1.50.9\n", "endpoint: 10.1.50.9"),
    (#"[{"host": "reports.corp.example", "addresses": ["10.1.50.9"]}]"#, "endpoint: 10.1.50.9"),
    (#"{"reports.corp.example": "10.1.50.9"}"#, "endpoint: 10.1.50.9"),
    (#"[{"host": "reports.corp.example", "endpoint": "\#(other)"}]"#, "endpoint: \(other)"),
    ("reports.corp.example:8443\n", "ports: 8443"),
    ("https://gitlab.corp.example:8443/team/app.git\n", "ports: 22, 8443"),
    ("ssh://git@gitlab.corp.example:7999/team/app.git\n", "ports: 443, 7999"),
    ("host,port\nreports.corp.example,8443\n", "ports: 8443"),
    (#"[{"host": "reports.corp.example", "port": 8443}]"#, "ports: 8443"),
  ]) func whatStandsBesideAHostIsKept(paste: String, kept: String) throws {
    let done = try backroad(Self.line, input: paste)
    #expect(done.status == 0, "\(done.errors)")
    let shown = try backroad("link show acme one").output
    #expect(shown.contains(kept), "\(paste): \(shown)")
  }

  @Test func hostsThatLeadToTwoPlacesAreRefused() throws {
    let two = try backroad(Self.line, input: "host,ip\na.corp.example,10.1.50.9\nb.corp.example,10.1.50.8\n")
    #expect(two.status == 1 && two.errors.contains("the hosts lead to 2 places"), "\(two.errors)")
    let told = try backroad(Self.line, input: "Hi Bo,\nHost: a.corp.example\nNode: 10.1.50.9\n")
    #expect(told.output.contains("10.1.50.9 stands in the text too, and was left out"), "\(told.output)")
  }

  @Test func ofTwoConfigsOrFormsNoneIsDropped() throws {
    let config = snowflakeConfig("ab12345") + "\nand the other account:\n" + snowflakeConfig("cd67890") + "\n"
    for line in [Self.line, "import snowflake --workspace acme --link one"] {
      let two = try backroad(line, input: config)
      #expect(two.status == 1 && two.errors.contains("there are two configs"), "\(two.errors)")
    }
    let one = try backroad(Self.line, input: "Hi,\n" + snowflakeConfig("ab12345") + "\nBo\n")
    #expect(one.status == 0, "\(one.errors)")
    let forms = try backroad(
      "import --workspace acme --link git", input: Self.form() + Self.form(host: "wiki"))
    #expect(forms.status == 1 && forms.errors.contains("is given twice"), "\(forms.errors)")
    let others = try backroad(
      "import --workspace acme --link db", input: Self.form("Postgres") + Self.form("Postgres", host: "db"))
    #expect(others.status == 1 && others.errors.contains("is given twice, first in line 6"), "\(others.errors)")
    let services = try backroad(
      "import --workspace acme --link web",
      input: "Service: \(Self.service)\nService: com.amazonaws.vpce.us-east-1.vpce-svc-0ff\nHost: a.corp.example\n")
    #expect(services.status == 1 && services.errors.contains("two services are named"), "\(services.errors)")
    let form = try backroad(
      "import --workspace acme --link db",
      input: Self.form("Postgres", host: Self.database) + "Service: com.amazonaws.vpce.us-east-1.vpce-svc-0ff\n")
    #expect(form.status == 1 && form.errors.contains("two services are named"), "\(form.output)\(form.errors)")
  }

  // MARK: - Mails

  @Test(arguments: [
    "Mit freundlichen Grüßen\nAcme GmbH\nhttps://www.acme.com\n", "Kind regards,\nBo Doe\nportal.acme.com\n",
    "Acme Inc, the best\nwww.acme.com\n",
  ]) func whatIsTheSendersOwnIsLeftOutAndNamed(end: String) throws {
    let done = try backroad(
      Self.line, input: "Hello Bo,\nplease add\n- host: a.corp.example\n- host: b.corp.example\n\n" + end)
    #expect(done.status == 0 && done.output.contains("+ b.corp.example"), "\(done.errors)")
    #expect(!done.output.contains("+ www.acme.com") && !done.output.contains("+ portal.acme.com"), "\(done.output)")
    #expect(done.output.contains("acme.com") && done.output.contains("was left out; if it is a host"), "\(done.output)")
  }

  @Test func twoWorkspacesAreALinkEach() throws {
    let two = try backroad(
      Self.line,
      input:
        "https://dbc-11111111-1111.cloud.databricks.com and https://dbc-22222222-2222.cloud.databricks.com please\n")
    #expect(two.status == 1, "\(two.errors)")
    #expect(
      two.errors.contains(
        "backroad import databricks --workspace acme --link one dbc-11111111-1111.cloud.databricks.com")
        && two.errors.contains("--link one-2 dbc-22222222-2222.cloud.databricks.com"), "\(two.errors)")
  }

  // MARK: - The command line

  @Test func aHostAsArgumentIsRead() throws {
    for (word, host) in [
      ("gitlab.corp.example", "+ gitlab.corp.example"), ("git@ghe.corp.example:team/app.git", "+ ghe.corp.example"),
      ("dbc-a1b2c3d4-e5f6.cloud.databricks.com", "+ dbc-a1b2c3d4-e5f6.cloud.databricks.com"),
    ] {
      let done = try backroad("\(Self.line) --dry-run \(word)")
      #expect(done.status == 0 && done.output.contains(host), "\(word): \(done.errors)")
    }
    let missing = try backroad("\(Self.line) nofile.txt")
    #expect(missing.status == 1 && missing.errors.contains("write https://nofile.txt"), "\(missing.errors)")
    for kind in ["hosts", "vcs"] {
      let named = try backroad("import \(kind) --workspace acme --link one nofile.txt")
      #expect(named.status == 1 && named.errors.contains("there is no file \"nofile.txt\" here"), "\(named.errors)")
    }
  }

  @Test func errorsNameTheFileThatWasPasted() throws {
    try backroad.write("trunc.txt", "{\"privatelink-account-url\": \"ab12345.us")
    #expect(try backroad("\(Self.line) trunc.txt").errors.contains("trunc.txt:1:"))
    try backroad.write("eh", "127.0.0.1 a.corp.example\n127.0.0.2 b.corp.example\n")
    let own = try backroad("\(Self.line) eh")
    #expect(own.errors.contains("eh:1:") && own.errors.contains("is the machine's own"), "\(own.errors)")
  }

  @Test func theCommandsOfTwoReadingsAreWhole() throws {
    let two = try backroad(
      "\(Self.line) --dry-run --endpoint 10.1.2.3 --port 8443 --answer address", input: "git.corp.example\n")
    #expect(two.status == 2)
    for kind in ["vcs", "hosts"] {
      #expect(
        two.errors.contains(
          "backroad import \(kind) --workspace acme --link one --endpoint 10.1.2.3 --port 8443 --answer address --dry-run git.corp.example"
        ), "\(two.errors)")
    }
  }

  @Test func aFlagOfOneKindNamesTheKind() throws {
    let stage = try backroad("\(Self.line) --stage-endpoint 10.1.2.3 config.json")
    #expect(stage.status == 2 && stage.errors.contains("is a flag of backroad import snowflake"), "\(stage.errors)")
    let pages = try backroad(
      "import vcs --workspace acme --link git --endpoint 10.1.2.3 --pages pages-corp.com gitlab.corp.example")
    let remedy =
      "backroad import hosts --workspace acme --link git --zone pages-corp.com --miss forward pages-corp.com '*.pages-corp.com'"
    #expect(pages.errors.contains(remedy), "\(pages.errors)")
    let lake = try backroad("import s3 --workspace acme --link lake acme-lake")
    #expect(
      lake.errors.contains("backroad import s3 --workspace acme --link lake --region us-east-1"), "\(lake.errors)")
    let config =
      snowflakeConfig("ab12345").dropLast()
      + ", \"privatelink-internal-stage\": \"sfc-x1-customer-stage.s3.us-east-1.amazonaws.com\"}"
    let next = try backroad(Self.line, input: String(config))
    #expect(
      next.output.contains("backroad import snowflake --workspace acme --link one --stage-endpoint"),
      "\(next.output)\(next.errors)")
  }

  @Test func aPlaceholderIsNoService() throws {
    let placeholder = "com.amazonaws.vpce.us-east-1.vpce-svc-XXXX"
    #expect(try backroad("link add acme two --service \(placeholder)").status == 2)
    for paste in [
      "Service: \(placeholder)\nHost: a.corp.example\n",
      "- Type: VCS\n- VPC Endpoint Service Name: \(placeholder)\n- DNS record: git.corp.example\n",
    ] { #expect(try backroad(Self.line, input: paste).status == 1) }
  }

  @Test func aPortOfAnEndpointIsToldOf() throws {
    let done = try backroad("import hosts --workspace acme --link one --endpoint \(endpoint):443 a.corp.example")
    #expect(done.status == 0 && done.errors.contains("--port 443") || done.output.contains("--port 443"), "\(done)")
    let git = try backroad("import vcs --workspace acme --link git --endpoint 10.1.2.3 git.corp.example:8443")
    #expect(git.output.contains("22, 8443"), "\(git.output)")
  }

  @Test func aDatabaseOfAnotherKindNamesItsCommand() throws {
    let name = "dwh.c1a2b3d4e5f6.us-east-1.redshift.amazonaws.com"
    let wrong = try backroad("import postgres --workspace acme --link dwh \(name)")
    #expect(
      wrong.errors.contains("backroad import redshift --workspace acme --link dwh \(name)"), "\(wrong.errors)")
    let managed = "dwh-endpoint-x1.c1a2b3d4e5f6.us-east-1.redshift.amazonaws.com"
    let needless = try backroad("import redshift --workspace acme --link dwh --address 10.1.2.3 --dry-run \(managed)")
    #expect(needless.output.contains("and needs no link"), "\(needless.output)\(needless.errors)")
    let lead = try backroad("import redshift --workspace acme --link dwh --endpoint \(managed) --dry-run \(name)")
    #expect(lead.status == 0, "\(lead.errors)")
    #expect(!"\(lead.output)\(lead.errors)".contains("is not the DNS name of a VPC endpoint"), "\(lead.output)")
  }

  @Test func aVendorsPublicNameIsWarnedOf() throws {
    let done = try backroad(
      "import hosts --workspace acme --link one --address 10.1.2.3 api.github.com qx1.us-east-1.snowflakecomputing.com a.corp.example"
    )
    let all = done.output + done.errors
    #expect(all.contains("api.github.com is a public name of GitHub"), "\(all)")
    #expect(all.contains("qx1.us-east-1.snowflakecomputing.com is a public name of Snowflake"), "\(all)")
    #expect(!all.contains("a.corp.example is a public name"))
  }

  @Test func aBucketOfAnotherRegionThatMovesIsWarnedOf() throws {
    let first = "vpce-0aa-bb.s3.us-east-1.vpce.amazonaws.com"
    let second = "vpce-0cc-dd.s3.eu-west-1.vpce.amazonaws.com"
    _ = try backroad("import s3 --workspace acme --link lake --endpoint \(first) acme-lake")
    let moved = try backroad("import s3 --workspace acme --link lake --endpoint \(second) acme-eu")
    let all = moved.output + moved.errors
    #expect(all.contains("acme-lake.s3.us-east-1.amazonaws.com is of another region than eu-west-1"), "\(all)")
    let endpoints = ["us-east-1", "eu-west-1"].map { "vpce-0ee-ff.vpce-svc-0123456789abcdef0.\($0).vpce.amazonaws.com" }
    _ = try backroad("import postgres --workspace acme --link db --endpoint \(endpoints[0]) \(Self.database)")
    let base = try backroad(
      "import postgres --workspace acme --link db --replace --endpoint \(endpoints[1]) \(Self.database)")
    #expect((base.output + base.errors).contains("is in us-east-1, and the endpoint's service in eu-west-1"))
  }
}
