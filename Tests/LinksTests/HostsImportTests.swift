import Links
import Testing
import Text
import Wire
import Zones

@Suite struct HostsImports {
  private let pinned = "\(vpce)=10.9.0.4,fd00:9::4"

  @Test func pinnedHostsBecomeZonesOfTheirOwnWithAddresses() throws {
    let after = workspace().after(try importHosts(["git.corp.example", "Wiki.corp.example."], endpoint: pinned))
    #expect(
      after.records("git.corp.example.zone") == ["git.corp.example. A 10.9.0.4", "git.corp.example. AAAA fd00:9::4"])
    #expect(after.records("wiki.corp.example.zone").count == 2)
    #expect(after.records("\(vpce).zone") == ["\(vpce). A 10.9.0.4", "\(vpce). AAAA fd00:9::4"])
    #expect(after.files["corp.example.zone"] == nil)
  }

  @Test func unpinnedHostsBecomeAliases() throws {
    let after = workspace().after(try importHosts(["git.corp.example"]))
    #expect(after.records("git.corp.example.zone") == ["git.corp.example. TYPE65401 \(vpce)."])
    #expect(after.text("git.corp.example.zone")?.contains("TYPE65401 \\# ") == true)
    #expect(after.text("git.corp.example.zone")?.contains("; ALIAS \(vpce).") == true)
  }

  @Test func addressesAloneStandAtTheApex() throws {
    let after = workspace().after(try importHosts(["git.corp.example"], endpoint: nil, addresses: ["10.9.0.4"]))
    #expect(after.records("git.corp.example.zone") == ["git.corp.example. A 10.9.0.4"])
  }

  @Test func inAZoneHostsAreCNAMEsAndTheMissIsSet() throws {
    let plan = try importHosts(
      ["git.corp.example", "corp.example", "*.pages.corp.example"], zone: ("corp.example", .forward))
    let after = workspace().after(plan)
    #expect(
      after.records("corp.example.zone") == [
        "*.pages.corp.example. CNAME \(vpce).", "corp.example. TYPE65401 \(vpce).", "git.corp.example. CNAME \(vpce).",
      ])
    #expect(
      after.text("workspace.json") == """
        {
          "clients": ["10.1.0.0/16"],
          "zones": { "corp.example": { "miss": "forward" } }
        }

        """)
    #expect(plan.files.map(\.path).contains("workspace.json"))
    let again = try importHosts(["git.corp.example"], zone: ("corp.example", .forward), in: after)
    #expect(again.changesNothing && again.count(.kept) == 3)
    #expect(
      refusal { _ = try importHosts(["git.corp.example"], zone: ("corp.example", .nxdomain), in: after) }
        .hasPrefix("zones/acme/workspace.json:3:40: misses in corp.example are set to \"forward\", and --miss says"))
    let removed = after.after(try LinkUpdate.removal(of: "corp", from: after))
    #expect(removed.text("workspace.json") == "{\n  \"clients\": [\"10.1.0.0/16\"],\n  \"zones\": { }\n}\n")
    #expect(removed.files.keys.sorted() == ["workspace.json"])
  }

  @Test func addressesAloneInAZone() throws {
    let after = workspace().after(
      try importHosts(["git.corp.example"], endpoint: nil, addresses: ["10.9.0.4"], zone: ("corp.example", .nxdomain)))
    #expect(after.records("corp.example.zone") == ["git.corp.example. A 10.9.0.4"])
    #expect(after.text("workspace.json")?.contains("\"corp.example\": { \"miss\": \"nxdomain\" }") == true)
  }

  @Test func wildcardsStandInTheZoneAboveThem() throws {
    let plan = try importHosts(["*.ghe.corp.example"], endpoint: pinned)
    #expect(workspace().after(plan).records("ghe.corp.example.zone") == ["*.ghe.corp.example. CNAME \(vpce)."])
    #expect(
      plan.warnings.map(\.message) == [
        "ghe.corp.example itself has no address in the zone of *.ghe.corp.example; import ghe.corp.example too if it should"
      ])
    let both = try importHosts(["*.ghe.corp.example", "ghe.corp.example"], endpoint: pinned)
    #expect(both.warnings.isEmpty)
    #expect(workspace().after(both).records("ghe.corp.example.zone").count == 3)
  }

  @Test func noZoneHidesAHostOfAnother() throws {
    let first = workspace().after(
      try importHosts(["raw.git.corp.example"], link: "one", zone: ("corp.example", .forward)))
    let second = first.after(try importHosts(["git.corp.example"], link: "two", in: first))
    // The zone git.corp.example is closer to raw.git.corp.example than corp.example is.
    #expect(
      second.records("git.corp.example.zone") == [
        "git.corp.example. TYPE65401 \(vpce).", "raw.git.corp.example. CNAME \(vpce).",
      ])
    #expect(second.files["corp.example.zone"] == nil)
    let back = second.after(try LinkUpdate.removal(of: "two", from: second))
    #expect(back.records("corp.example.zone") == ["raw.git.corp.example. CNAME \(vpce)."])
    #expect(back.files["git.corp.example.zone"] == nil)
  }

  @Test(arguments: [
    ("com", "would hide every public name below it"), ("co.uk", "would hide every public name below it"),
    ("acme.com", "use --zone acme.com --miss forward"), ("acme.co.uk", "use --zone acme.co.uk --miss forward"),
    ("*.acme.com", "use --zone acme.com --miss forward"),
    ("snowflakecomputing.com", "would hide the names of everybody"), ("amazonaws.com", "would hide the names"),
    ("s3.us-east-1.amazonaws.com", "would hide the names"), ("us-east-1.vpce.amazonaws.com", "would hide the names"),
    ("rds.amazonaws.com", "would hide"), ("us-gov-west-1.amazonaws.com", "would hide"),
    ("cloud.databricks.com", "would hide the names"), ("github.com", "would hide the names"),
    ("privatelink.snowflakecomputing.com", "would hide the names of every account"),
    ("*.blob.core.windows.net", "would hide the names"),
    ("10.0.0.1", "is an address, not a host name"), ("git corp", "it holds \" \""), ("*", "it holds \"*\""),
    ("a.*.corp.example", "it holds \"*\""), ("git..corp.example", "two dots in a row"), ("", "is empty"),
    ("-a.corp.example", "starts or ends with \"-\""), ("<host>.corp.example", "placeholder \"<host>\""),
    ("bücher.corp.example", "it holds \"ü\"; write it as the DNS has it, xn--…"),
    ("a.corp.example,b.corp.example", "it holds \",\"; write names apart, with a space between them"),
    ("10.1.2.3", "is an address, not a host name; where the hosts lead is said with --address"),
    ("\(String(repeating: "a", count: 64)).corp.example", "longer than 63"),
  ]) func refuses(host: String, why: String) {
    let message = refusal { _ = try importHosts([host]) }
    #expect(message.contains(why), "\(message)")
  }

  @Test(arguments: [
    "git.corp.example", "git.internal", "gitlab.acme.com", "db.abc123.us-east-1.rds.amazonaws.com",
    "bucket.s3.us-east-1.amazonaws.com", "dbc-1.cloud.databricks.com", "a_b.acme.com", "acme.ghe.acme.co.uk",
  ]) func takes(host: String) throws {
    #expect(try importHosts([host]).hosts.map { $0.host.textWithoutFinalDot } == [host])
  }

  @Test func refusesHostsOutsideTheZoneAndZonesOfOthers() {
    #expect(
      refusal { _ = try importHosts(["git.other.example"], zone: ("corp.example", .forward)) }
        == "\"git.other.example\" is not in the zone corp.example; name a zone above it with --zone, or leave --zone out"
    )
    #expect(
      refusal { _ = try importHosts(["a.acme.com"], zone: ("com", .forward)) }.hasPrefix("--zone: a zone com would"))
    #expect(
      refusal { _ = try importHosts(["a.acme.com"], zone: ("*.acme.com", .forward)) }.contains("is not a zone's name"))
    #expect(refusal { _ = try importHosts([]) }.hasPrefix("no hosts"))
  }

  @Test func anEndpointThatItsOwnZoneWouldHideIsRefused() throws {
    let inside = "lb.git.corp.example"
    #expect(refusal { _ = try importHosts(["git.corp.example"], endpoint: inside) }.contains("pin its addresses"))
    #expect(!(try importHosts(["git.corp.example"], endpoint: "\(inside)=10.0.0.1")).changesNothing)
    #expect(
      refusal { _ = try importHosts(["git.corp.example"], endpoint: inside, zone: ("corp.example", .nxdomain)) } != "")
    #expect(!(try importHosts(["git.corp.example"], endpoint: inside, zone: ("corp.example", .forward))).changesNothing)
  }

  @Test func readsHostsFromAFileWithTheirPlaces() throws {
    let text = "# ours\n\ngit.corp.example  wiki.corp.example # two\n\tci.corp.example,\r\n"
    let items = try HostsImport.items(Array(text.utf8), file: "hosts.txt")
    #expect(items.map(\.text) == ["git.corp.example", "wiki.corp.example", "ci.corp.example"])
    #expect(items.map { $0.position?.line } == [3, 3, 4])
    #expect(items.map { $0.position?.column } == [1, 19, 2])
    let bad = try HostsImport.items(Array("git.corp.example\n  bad..example\ncom\n".utf8), file: "hosts.txt")
    let options = HostsImport.Options(LinkRequest("corp", endpoint: try readEndpoint(vpce)))
    let message = refusal { _ = try HostsImport.plan(bad, file: "hosts.txt", options: options, in: workspace()) }
    #expect(message.split(separator: "\n").map { String($0.prefix(14)) } == ["hosts.txt:2:3:", "hosts.txt:3:1:"])
    #expect(refusal { _ = try HostsImport.items(Array("# none\n".utf8), file: "f") }.contains("names no host"))
  }
}
