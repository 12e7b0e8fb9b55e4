import Foundation
import Links
import Testing
import Text
import Wire

/// What a mail has around its hosts, and what must not leave it.
@Suite struct PastedMails {
  private func read(_ octets: [UInt8]) throws -> [PastedReading] { try PastedReader.readings(octets, file: "paste") }
  private func read(_ text: String) throws -> [PastedReading] { try read(Array(text.utf8)) }

  /// Hosts and where they lead, of what the importer of hosts is handed.
  private func handed(_ octets: [UInt8]) throws -> [String: [String]] {
    let reading = try #require(try read(octets).first)
    let items = try HostsImport.items(try #require(reading.input), file: "paste").filter { $0.leftOut == nil }
    return Dictionary(items.map { ($0.text, $0.addresses.map(\.description)) }) { $0 + $1 }
  }

  private func flags(_ text: String) throws -> [String] {
    try read(text).flatMap { $0.flags.map { "\($0.name) \($0.value)" } + ($0.input == nil ? [] : ["input"]) }
  }

  @Test(arguments: [
    "https://user:s3cret@git.corp.example/a/b.git", "ssh://git:s3cret@scm.corp.example:7999/a.git",
    "jdbc:redshift://wh.abc.us-east-1.redshift.amazonaws.com:5439/dev;UID=app;PWD=s3cret",
    "jdbc:redshift://wh.abc.us-east-1.redshift.amazonaws.com:5439/dev?password=s3cret",
    "wh.abc.us-east-1.redshift.amazonaws.com:5439/dev;PWD=s3cret",
    "postgresql://app:s3cret@wh.abc.us-east-1.redshift.amazonaws.com:5439/dev?password=s3cret",
    "postgres://app:s3cret@orders.abc.us-east-1.rds.amazonaws.com:5432/o?password=s3cret",
    "jdbc:mysql://app:s3cret@orders.abc.us-east-1.rds.amazonaws.com/o", "s3://acme-lake/k?X-Amz-Signature=s3cret",
    "s3://acme-lake?X-Amz-Signature=s3cret", "https://acme-lake.s3.us-east-1.amazonaws.com/k?X-Amz-Signature=s3cret",
    "https://s3.us-east-1.amazonaws.com/acme-lake?X-Amz-Signature=s3cret",
    "https://your-org.corp.example/x?token=s3cret",
    "Service Name: \(serviceName)\nPrivate hosted zone: corp.example\nDNS record: https://u:s3cret@wiki.corp.example",
  ]) func secretsAreNotShown(text: String) {
    var said = ""
    said += refusal {
      for reading in try read(text) {
        said += "\(reading.remark)\(reading.notes)\(reading.operands)\(reading.flags.map { $0.name + $0.value })"
      }
    }
    #expect(!said.isEmpty && !said.contains("s3cret"), "\(said)")
  }

  /// They stand in the commands that a person is offered where there are two readings.
  @Test func whatIsHandedOnIsAHostOrABucket() throws {
    for text in [
      "jdbc:redshift://wh.abc.us-east-1.redshift.amazonaws.com/$(reboot);x\npostgres://db.abc.us-east-1.rds.amazonaws.com",
      "bucket: --public\nbucket: $(reboot)\npostgres://db.abc.us-east-1.rds.amazonaws.com/x",
      "https://s3.us-east-1.amazonaws.com/$(reboot)",
      "s3://--public/x\ns3://$(reboot)\ndb.abc.us-east-1.rds.amazonaws.com",
    ] {
      let operands = try read(text).flatMap(\.operands)
      #expect(!operands.isEmpty && operands.allSatisfy { shellOperands([$0]) == $0 }, "\(operands)")
    }
  }

  @Test func anAddressIsThatOfTheHostsOfItsLine() throws {
    for text in [
      "10.20.0.2 is our resolver.\nappx.corp.example\n", "appx.corp.example\n10.9.9.9 Main street\n",
      "127.0.0.1 localhost\n::1 localhost\nappx.corp.example\n",
      "10.20.0.2 is the resolver for everything\nappx.corp.example\n", "10.20.0.2, our resolver\nappx.corp.example\n",
      "10.20.0.2 resolves corp.example for all\nappx.corp.example\n",
    ] {
      #expect(try flags(text) == [], "\(text)")
      #expect(try read(text).map(\.operands) == [["appx.corp.example"]], "\(text)")
    }
    #expect(
      try flags("Hello,\n10.1.2.3 appx.corp.example appx\n10.20.0.2 is our resolver.\n") == ["--address 10.1.2.3"])
    #expect(try flags("127.0.0.1 localhost\n10.1.2.3 appx.corp.example\n") == ["--address 10.1.2.3"])
    // A host of a loopback address is its machine's own, which the importer of hosts says with its place.
    #expect(try flags("127.0.0.1 appx.corp.example\n") == ["input"])
  }

  @Test func linesOfIPv6AddressesAreRead() throws {
    for address in ["fd00::3", "fd00:1:2:3:4:5:6:7", "fd12::"] {
      #expect(try flags("\(address) appx.corp.example\n") == ["--address \(address)"])
    }
    #expect(
      try handed(Array("10.1.2.3 appx.corp.example\nfd00::3 appx.corp.example\n".utf8)) == [
        "appx.corp.example": ["10.1.2.3", "fd00::3"]
      ])
  }

  @Test func aListInAMailIsReadAsOneAlone() throws {
    let list = ["10.1.2.3 appx.corp.example", "10.1.2.4 appy.corp.example"]
    let expected = ["appx.corp.example": ["10.1.2.3"], "appy.corp.example": ["10.1.2.4"]]
    for text in [
      list.joined(separator: "\n"), "Hello,\n\(list.joined(separator: "\n"))\nBest regards\nBo",
      list.map { "> \($0)" }.joined(separator: "\n"), list.map { "- \($0)" }.joined(separator: "\n"),
      "Hi Bo,\n```\n\(list.joined(separator: "\n"))\n```\n",
      list.map { $0.replacing(" ", with: "\u{a0}") }.joined(separator: "\r\n"),
      "127.0.0.1 localhost\n" + list.joined(separator: "\n") + "\n10.20.0.2 is our resolver.",
    ] {
      #expect(try handed(Array(text.utf8)) == expected, "\(text)")
      let wide = "\u{feff}\(text)".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
      #expect(try handed(wide) == expected, "UTF-16: \(text)")
    }
  }

  @Test func whatIsWrongWithALineHasItsPlace() throws {
    let text = "Hello,\n\n> 10.1.2.3 appx.corp.example\n> 10.1.2.4 appy.corp.example\n"
    let reading = try #require(try read(text).first)
    let items = try HostsImport.items(try #require(reading.input), file: "paste")
    #expect(items.map { $0.position?.line } == [3, 4])
  }

  /// A mail as its program saves it.
  @Test func quotedPrintableIsRead() throws {
    let head =
      "From: a@b.example\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
    let reading = try #require(
      try read("\(head)Gr=FC=DFe,\n- wiki.corp.=\nexample\n- sso.corp.example:=20443\n").first)
    #expect(reading.operands == ["wiki.corp.example", "sso.corp.example:443"])
    let html = "--x=_1\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<a>other.corp.example\n"
    let parts = try read(
      "MIME-Version: 1.0\n\n--x=_1\n\(head.split(separator: "\n").dropFirst().joined(separator: "\n"))\n\nwiki.corp.exam=\nple\n\(html)"
    )
    #expect(parts.flatMap(\.operands) == ["wiki.corp.example"])
    let config = "\(head)privatelink-account-url: ab1.us-east-1.privatelink.snowflake=\ncomputing.com\n"
    #expect(
      try importSnowflake(config, endpoint: nil).hosts.contains {
        "\($0.host)".hasPrefix("ab1.us-east-1.privatelink.snowflakecomputing.com")
      })
    let base64 = refusal { _ = try read(head.replacing("quoted-printable", with: "base64") + "d2lraS5jb3Jw\n") }
    #expect(base64.contains("paste:5:1") && base64.contains("base64; open the mail"), "\(base64)")
  }

  @Test func aTableUnderHeadingsOfOnesOwnIsAnExport() throws {
    let url = "ab1.us-east-1.privatelink.snowflakecomputing.com"
    for (head, rule) in [("Setting | Value", "---------|-------"), ("KEY | VALUE", " --- | :---: ")] {
      let table =
        "| \(head) |\n|\(rule)|\n| privatelink-account-url | `\(url)` |\n| privatelink-vpce-id | `\(serviceName)` |\n"
      for text in [table, "Hello,\n\n\(table)\nThanks!\n"] {
        let plan = try importSnowflake(text)
        #expect(plan.hosts.contains { "\($0.host)".hasPrefix(url) }, "\(text)")
      }
    }
  }

  @Test func theValuesOfASentenceAreRead() throws {
    let url = "ab1.us-east-1.privatelink.snowflakecomputing.com"
    let plan = try importSnowflake("Hi, our URL is \(url), the service (\(serviceName)).\nUse \(url).\n")
    #expect(plan.hosts.contains { "\($0.host)".hasPrefix(url) })
    let said = refusal { _ = try importSnowflake("Hi,\nour privatelink account, see\nbelow\n") }
    #expect(said.hasPrefix("cfg:2:1: this is not a form"), "\(said)")
  }

  @Test func theEndpointsOfAMailWithAConfigAreNamed() throws {
    let notes = try read("privatelink-vpce-id: \(serviceName)\n- prod: \(vpce)\n").flatMap(\.notes)
    #expect(notes.contains { $0.hasPrefix("\(vpce) is an endpoint's name") }, "\(notes)")
  }

  // MARK: - Where hosts lead

  /// What the importer of hosts says of a paste; empty where it makes a link of it.
  private func refusalOfHosts(_ text: String) throws -> String {
    let reading = try #require(try read(text).first)
    var options = HostsImport.Options(LinkRequest("one", endpoint: nil))
    if let address = reading.flags.first(where: { $0.name == "--address" })?.value {
      options.link.endpoint = try Endpoint.read(nil, addresses: [address]).endpoint
    }
    return refusal {
      var items = reading.operands.map { HostsImport.Item($0) }
      if let input = reading.input { items = try HostsImport.items(input, file: "paste") }
      _ = try HostsImport.plan(items, file: "paste", options: options, in: workspace())
    }
  }

  @Test(arguments: [
    "10.1.1.1 wiki.corp.example\njira.corp.example\n", "Hi,\njira.corp.example\n- 10.1.1.1 wiki.corp.example\n",
    "10.20.0.2 dns.corp.example\nappx.corp.example\n", "wiki.corp.example 10.1.1.1\n- Host: jira.corp.example\n",
    "10.1.1.1\twiki.corp.example\njira.corp.example\n", "- wiki.corp.example (10.1.1.1)\n- jira.corp.example (Jira)\n",
    "Hello,\n10.1.2.3 appx.corp.example\n10.1.2.4 appx.corp.example\n- Host: appz.corp.example\n",
    #"[{"host": "wiki.corp.example", "address": "10.1.1.1"}, {"host": "jira.corp.example"}]"#,
  ]) func anAddressOfOneHostIsNotAnothers(text: String) throws {
    let said = try refusalOfHosts(text)
    #expect(
      said.contains("not where it leads") && said.contains("say --endpoint or --address for all"), "\(text): \(said)")
    #expect(try !flags(text).contains { $0.hasPrefix("--address") }, "\(text)")
  }

  @Test func aMachinesOwnHostLeadsNowhere() throws {
    for text in [
      "127.0.0.1 me.corp.example\n10.1.2.3 appx.corp.example\n",
      "0.0.0.0 ads.example.com\n10.1.2.3 appx.corp.example\n",
    ] {
      #expect(try handed(Array(text.utf8)) == ["appx.corp.example": ["10.1.2.3"]], "\(text)")
      #expect(try flags("Hi Bo,\n\(text)- sso.corp.example: 10.1.2.3\n") == ["input"])
    }
  }

  @Test func ofATableItsOwnColumnsSayWhereHostsLead() throws {
    for text in [
      "host,gateway\na.corp.example,10.0.0.1\n", "Hi,\nHost;DNS server\na.corp.example;10.0.0.1\nThanks\n",
      "| Host | Default route |\n|---|---|\n| a.corp.example | 10.0.0.1 |\n", "- a.corp.example (gateway 10.0.0.1)\n",
      "a.corp.example\tgateway 10.0.0.1\n",
    ] {
      let readings = try read(text)
      #expect(try flags(text) == [] && readings.map(\.operands) == [["a.corp.example"]], "\(text)")
      #expect(
        readings[0].notes.contains { $0.hasPrefix("10.0.0.1 stands in the text too, and was left out") }, "\(text)")
    }
    for text in [
      "Hi,\nhost,gateway,ip\na.corp.example,10.0.0.1,10.1.1.1\nb.corp.example,10.0.0.1,10.1.1.1\n",
      "Name\tAddress\na.corp.example\t10.1.1.1\n", "10.1.1.1\ta.corp.example a\tb.corp.example\n",
      "- a.corp.example -> 10.1.1.1\n", "| a.corp.example | 10.1.1.1 |\n",
    ] { #expect(try flags(text) == ["--address 10.1.1.1"], "\(text)") }
    let several = try refusalOfHosts("a.corp.example,b.corp.example,10.0.0.1\n")
    #expect(several.contains("stands in a line with several hosts"), "\(several)")
  }

  /// An older mail's hosts are others', and lead elsewhere.
  @Test func quotedHostsAreNotAMailsOwn() throws {
    let said = refusal { _ = try read("please connect wiki.corp.example\n\n> old.corp.example 10.3.3.3\n") }
    for part in [
      "wiki.corp.example stands in line 1, and was left out",
      "old.corp.example stands in a quoted part of the mail (line 3)",
    ] { #expect(said.contains(part), "\(said)") }
    for text in [
      "- wiki.corp.example\n> old.corp.example 10.3.3.3\n", "> - wiki.corp.example\n> > old.corp.example 10.3.3.3\n",
      "wiki.corp.example\nKind regards\nBo\n> wiki.corp.example\n> old.corp.example 10.3.3.3\n",
    ] {
      let readings = try read(text)
      #expect(try flags(text) == [] && readings.map(\.operands) == [["wiki.corp.example"]], "\(text)")
      let notes = readings.flatMap(\.notes)
      #expect(notes.contains { $0.hasPrefix("old.corp.example stands in a quoted part") }, "\(notes)")
      #expect(notes.contains { $0.hasPrefix("10.3.3.3 stands in the text too") }, "\(notes)")
    }
    for text in [
      "See below.\n> a.corp.example 10.1.1.1\n", "please connect a.corp.example, as in\n> a.corp.example 10.1.1.1\n",
      "See below.\n--\nportal.acme.example\n> a.corp.example 10.1.1.1\n",
    ] { #expect(try flags(text) == ["--address 10.1.1.1"], "\(text)") }
  }

  @Test func otherKindsKeepTheAddressOfTheirLine() throws {
    let database = "orders.abc.us-east-1.rds.amazonaws.com"
    for text in [
      "10.0.0.5 \(database):5432\n", "\(database):5432,10.0.0.5\n",
    ] {
      #expect(
        try read(text).allSatisfy { $0.flags.contains { $0.name == "--address" && $0.value == "10.0.0.5" } }, "\(text)")
    }
    let both = try read("10.0.0.5 gitlab.corp.example\n")
    #expect(both.map(\.kind) == [.vcs, .hosts] || both.map(\.kind) == [.vcs], "\(both.map(\.kind))")
    #expect(both.allSatisfy { $0.flags.contains { $0.value == "10.0.0.5" } })
    let two = try read("10.0.0.5 \(database):5432\n10.0.0.6 bill.abc.us-east-1.rds.amazonaws.com:5432\n")
    #expect(two.flatMap(\.flags).isEmpty)
    for address in ["10.0.0.5", "10.0.0.6"] {
      #expect(two.flatMap(\.notes).contains { $0.hasPrefix("\(address) stands in the text too, and was left out") })
    }
    let own = try read("127.0.0.1 \(database):5432\n").flatMap(\.notes)
    #expect(own.contains("127.0.0.1 is a machine's own address, and was left out"), "\(own)")
  }

  /// Regions have two dashes or three.
  @Test func theRegionOfAFormIsThatOfItsService() throws {
    for (region, isOther) in [
      ("us-gov-west-1", true), ("eusc-de-east-1", true), ("eu-west-1", true), ("us-east-1 (N. Virginia)", false),
      ("`us-east-1`", false), ("eu-west-1 (Ireland)", true), ("Virginia", false),
    ] {
      let form = "Type: Postgres\nService Name: \(serviceName)\nRegion: \(region)\nDNS record: db.corp.example\n"
        .replacing("Service Name", with: "VPC Endpoint Service Name")
      let said = refusal { _ = try read(form) }
      #expect(said.contains("ask which is right") == isOther, "\(region): \(said)")
    }
  }
}
