import Links
import Testing
import Text
import Wire

@Suite struct DatabaseImports {
  private let writer = "prod.cluster-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com"
  private let reader = "prod.cluster-ro-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com"
  private let cluster = "dwh.c1a2b3d4e5f6.us-east-1.redshift.amazonaws.com"

  private func plan(
    _ kind: DatabaseImport.Kind, _ hosts: [String], noRecords: Bool = false, ports: [Int]? = nil,
    in folder: WorkspaceFolder = workspace()
  ) throws -> Plan {
    var options = DatabaseImport.Options(kind, LinkRequest("db", endpoint: try readEndpoint("\(vpce)=10.9.0.4")))
    options.hasNoRecords = noRecords
    options.link.ports = ports
    return try DatabaseImport.plan(hosts.map { HostsImport.Item($0) }, options: options, in: folder)
  }

  /// A driver's URL may name several hosts to try one after the other, each with its port.
  @Test(arguments: ["postgres://", "postgresql://u:p%40@", "jdbc:postgresql://", ""])
  func aURLOfSeveralHostsIsReadWhole(
    start: String
  ) throws {
    let (one, two) = (
      "orders.cluster-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com",
      "orders.cluster-ro-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com"
    )
    let url = "\(start)\(one):5433,\(two)" + (start.isEmpty ? "" : "/orders?target_session_attrs=any")
    let made = try plan(.postgres, [url])
    #expect(made.hosts.map { $0.host.textWithoutFinalDot } == [one, two])
    #expect(try workspace().after(made).link("db").ports == [5432, 5433])
    guard !start.isEmpty else { return }
    // In a mail, too, it goes whole to its importer, without user and password.
    for paste in [url, "url: \(url)", "Please use \(url) from now on"] {
      let readings = try PastedReader.readings(Array(paste.utf8), file: "paste")
      let all = readings.first?.operands.flatMap { $0.split(separator: ",") } ?? []
      #expect(
        all.map { String($0) }.map { $0.hasSuffix(":5433") ? String($0.dropLast(5)) : $0 } == [one, two], "\(paste)")
      #expect(readings.map(\.kind) == [.postgres])
    }
  }

  @Test func whatIsNoHostOfSeveralIsToldOfAndNoPasswordIsShown() throws {
    let one = "orders.cluster-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com"
    let why = refusal { _ = try plan(.postgres, ["postgres://u:s3cret@\(one):5432,db2.corp.example:5432/x"]) }
    #expect(why.contains("\"db2.corp.example:5432\" is not a name that AWS gives") && !why.contains("s3cret"), "\(why)")
    let users = refusal { _ = try plan(.mysql, ["mysql://u:s3cret@\(one):3306,v:0ther@\(one):3307/x"]) }
    #expect(users.contains("names a user for more than one host"), "\(users)")
    #expect(!users.contains("s3cret") && !users.contains("0ther"))
  }

  @Test func anOverlayOfExactlyTheNamesIsMade() throws {
    let proxies = [
      "p.proxy-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com", "r.endpoint.proxy-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com",
    ]
    let hosts = [writer, reader, "one.c1a2b3d4e5f6.cn-north-1.rds.amazonaws.com.cn"] + proxies
    let plan = try plan(.postgres, hosts)
    let zones = plan.files.map(\.path).filter { $0.hasSuffix(".zone") }
    #expect(Set(zones) == Set((hosts + [vpce]).map { "\($0).zone" }))
    #expect(workspace().after(plan).records("\(writer).zone") == ["\(writer). A 10.9.0.4"])
    #expect(plan.warnings.contains { $0.message.contains("the writer and the reader lead to one endpoint") })
    #expect(plan.warnings.contains { $0.message.contains("is in cn-north-1, and the endpoint's service in us-east-1") })
  }

  @Test func withoutRecordsThereAreNoNames() throws {
    let before = workspace().after(try plan(.mysql, [writer]))
    let plan = try plan(.mysql, [writer], noRecords: true, in: before)
    #expect(plan.hosts.map(\.change) == [.removed])
    #expect(before.after(plan).files["\(writer).zone"] == nil)
    #expect(plan.nextSteps[0].contains("set the host in your connector to \(vpce), port 3306"))
    #expect(refusal { _ = try self.plan(.mysql, []) }.contains("--no-records"))
  }

  @Test func portsComeFromTheNamesUnlessTheyAreStated() throws {
    func ports(_ plan: Plan) throws -> [Int] { try workspace().after(plan).link("db").ports }
    #expect(try ports(plan(.postgres, [writer])) == [5432])
    #expect(try ports(plan(.postgres, [writer, "\(reader):5433"])) == [5432, 5433])
    #expect(try ports(plan(.postgres, ["\(writer):5433"], ports: [6432])) == [6432])
  }

  @Test(arguments: ["", ":5439/prod", ":5439"]) func redshiftTakesEachForm(rest: String) throws {
    for text in [
      cluster + rest, "jdbc:redshift://\(cluster)\(rest)", "jdbc:redshift:iam://u:secret@\(cluster)\(rest)?x=1",
    ] {
      let plan = try plan(.redshift, [text])
      #expect(plan.hosts.map { $0.host.textWithoutFinalDot } == [cluster])
      #expect(!plan.text(server: "@127.0.0.1").contains("secret"))
      #expect(!plan.warnings.contains { $0.message.contains("outside") })
    }
    let managed = "a-endpoint-x1y2.c1a2b3d4e5f6.us-east-1.redshift.amazonaws.com"
    #expect(try plan(.redshift, ["\(managed):5431/db"]).hosts.count == 1)
  }

  @Test(arguments: [5430, 5456, 8190, 8216]) func aPortThatManagedEndpointsDoNotTakeIsWarnedOf(port: Int) throws {
    let plan = try plan(.redshift, ["\(cluster):\(port)/db"])
    #expect(plan.warnings.contains { $0.message.contains("port \(port) is outside 5431-5455 and 8191-8215") })
  }

  @Test(arguments: [
    // Trap 6: service ids are never hosts. Trap 7: placeholders. Traps 10 and 12: no zone of everybody's. Trap 15.
    ("com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", "is the name of the service"),
    ("<id>.c1.us-east-1.rds.amazonaws.com", "placeholder"), ("rds.amazonaws.com", "would claim those of others"),
    ("us-east-1.rds.amazonaws.com", "would claim those of others"),
    ("*.c1.us-east-1.rds.amazonaws.com", "would claim those of others"),
    ("db.corp.example", "backroad import hosts --workspace acme --link db --port 5432"),
    ("x.c1.us-east-1.redshift.amazonaws.com", "backroad import redshift --workspace acme --link db"),
    ("x.c1.us-east-1.rds.amazonaws.com.evil.example", "is not a name that AWS gives"),
    (vpce, "which goes to --endpoint"), ("x.c1.us-east-1.rds.amazonaws.com:0", "say --port N"),
  ]) func traps6To15AreRefusedWithARemedy(host: String, message: String) {
    let found = refusal { _ = try plan(.postgres, [host]) }
    #expect(found.contains(message), "\(found)")
  }
}

@Suite struct S3Imports {
  private let endpoint = "vpce-0a1b2c3d4e5f60718-abcdefgh.s3.us-east-1.vpce.amazonaws.com"

  private func plan(
    _ buckets: [String], endpoint: String? = nil, addresses: [String] = [], region: String? = nil
  ) throws -> Plan {
    let text = endpoint ?? (addresses.isEmpty ? self.endpoint : nil)
    var options = S3Import.Options(
      LinkRequest("lake", endpoint: try readEndpoint(text, addresses)))
    options.region = region
    return try S3Import.plan(buckets, options: options, in: workspace())
  }

  @Test(arguments: ["", "bucket.", "*."]) func aBucketLeadsToTheBucketsNameOfTheEndpoint(prefix: String) throws {
    let plan = try plan(["acme-lake", "s3://acme-in/x"], endpoint: "\(prefix)\(endpoint)=10.9.0.4")
    let zones = plan.files.map(\.path).filter { $0.hasSuffix(".zone") }
    let hosts = ["acme-in.s3.us-east-1.amazonaws.com", "acme-lake.s3.us-east-1.amazonaws.com", "bucket.\(endpoint)"]
    #expect(zones.sorted() == hosts.map { "\($0).zone" })
    #expect(plan.hosts.allSatisfy { $0.target?.text == "bucket.\(endpoint)" })
  }

  @Test func theRegionIsTheEndpointsOrStated() throws {
    #expect(
      try plan(["abc"], addresses: ["10.9.0.4"], region: "cn-north-1").hosts[0].host.textWithoutFinalDot
        == "abc.s3.cn-north-1.amazonaws.com.cn")
    #expect(refusal { _ = try plan(["abc"], addresses: ["10.9.0.4"]) }.contains("--link lake --region us-east-1"))
    #expect(refusal { _ = try plan(["abc"], region: "us-west-2") }.contains("--region us-east-1"))
    #expect(
      refusal { _ = try plan(["abc"], region: "us-east-1a") }.contains(
        "--region: \"us-east-1a\" is an availability zone; write its region, us-east-1"))
    #expect(refusal { _ = try plan(["abc"], region: "us-2-east-1") }.contains("is not a region of AWS; write one like"))
    #expect(refusal { _ = try plan(["abc"], endpoint: "control.\(endpoint)") }.contains("not the name for buckets"))
    #expect(refusal { _ = try plan(["abc"], endpoint: vpce) }.contains("not of S3"))
  }

  @Test(arguments: [
    // Trap 7: placeholders. Trap 12: never the region's whole zone.
    ("s3.us-east-1.amazonaws.com", "give the bucket alone"), ("<bucket>", "placeholder"), ("ab", "3 to 63"),
    (String(repeating: "a", count: 64), "3 to 63"), ("Acme", "lower-case"), ("a_b", "lower-case"), ("*", "3 to 63"),
    ("-abc", "at its ends"), ("abc-", "at its ends"), ("a..b", "beside each dot"),
    ("10.1.2.3", "looks like an address"),
    ("xn--abc", "none starts with"), ("abc--x-s3", "endpoint of another kind"),
    ("abc.s3.eu-west-1.amazonaws.com", "give the bucket alone"),
  ]) func traps7And12AreRefused(bucket: String, message: String) {
    let found = refusal { _ = try plan([bucket]) }
    #expect(found.contains(message), "\(found)")
  }

  @Test func aBucketWithDotsIsWarnedOf() throws {
    #expect(try plan(["acme.logs"]).warnings.contains { $0.message.contains("TLS fails for a bucket with dots") })
  }
}
