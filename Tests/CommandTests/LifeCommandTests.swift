import Foundation
import Testing

/// `backroad link …` as a person uses it, from asking for a link to taking back its removal.
struct LifeCommandTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  private func done(_ line: String, input: String? = nil) throws -> String {
    let outcome = try backroad(line, input: input)
    #expect(outcome.status == 0 && outcome.errors == "", "\(line): \(outcome.errors)")
    return outcome.output
  }

  private func refused(_ line: String, status: Int32 = 1) throws -> String {
    let before = try backroad.state()
    let outcome = try backroad(line)
    #expect(outcome.status == status && outcome.output == "", "\(line)")
    #expect(try backroad.state() == before, "\(line)")
    return outcome.errors
  }

  private static let described = """
    {"VpcEndpoints": [{"State": "available", "ServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
     "DnsEntries": [{"DnsName": "\(endpoint)"}]}]}
    """

  @Test func aLinkLives() throws {
    _ = try done(
      "link add acme prod --kind snowflake --service com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0")
    #expect(try done("link list").contains("acme       prod  snowflake  requested  -      0      no endpoint yet\n"))
    let imported = try done("import snowflake --workspace acme --link prod", input: snowflakeConfig("ab12345"))
    #expect(
      imported.contains("held closed until there is an endpoint:") && imported.contains("link set-endpoint acme prod"))
    let state = try done("link state acme prod", input: Self.described)
    #expect(state.hasPrefix("workspace acme, link prod: AWS says Available\n"))
    #expect(state.contains("the endpoint is there: backroad link set-endpoint acme prod \(endpoint)\n"))
    let json = try done("link state acme prod - --json --dry-run", input: Self.described)
    #expect(json.contains("\"aws\": {") && json.contains("\"names\": [\"\(endpoint)\"]"))
    let asked = try backroad.state().filter { $0.key != "zones/acme/links/.undo" }
    _ = try done("link set-endpoint acme prod \(endpoint)=10.1.0.10")
    #expect(try done("link list").contains("Available"))
    #expect(try done("link show acme prod").contains("state: Available\nports: 80, 443\nAWS: Available, as of 2"))
    #expect(try done("link list --json").contains("\"state\": \"Available\""))
    #expect(try done("link show acme prod --json").contains("\"ports\": [80, 443]"))
    let set = try backroad.state()
    // A plan before it, and another after.
    #expect(try done("link undo acme --dry-run").contains("takes back: endpoint of the link prod"))
    #expect(try backroad.state() == set)
    _ = try done("link undo acme")
    #expect(try backroad.state().filter { $0.key != "zones/acme/links/.undo" } == asked)
    #expect(try done("link undo acme").contains("does again: endpoint of the link prod"))
    let closed = try done("link remove acme prod --closed")
    #expect(closed.contains("(was \(endpoint))") && !closed.contains("public again"))
    _ = try done("link undo acme")
    let removed = try done("link remove acme prod")
    #expect(removed.contains("(public again)") && removed.contains("--link prod-closed "), "\(removed)")
    _ = try done("link undo acme")
    #expect(try done("check") == "1 workspace, 2 zones, 1 link: nothing is wrong\n")
    try backroad.write(
      "zones/acme/links/prod.json",
      backroad.read("zones/acme/links/prod.json").replacing("\"ttl\": 60", with: "\"ttl\": 61"))
    #expect(try refused("link undo acme").contains("zones/acme/links/prod.json: \"ttl\" changed since"))
  }

  /// As a flag's value of any other flag: the command line is wrong, and not what it is about.
  @Test(arguments: [
    "--address 10.0.0", "--address 10.0.0.7,", "--zone-address us-east-1a", "--zone-address us-east-1a=10.0.0",
    "--standby-zone-address a=b",
  ])
  func aMalformedAddressIsAMistakeOfTheCommandLine(flag: String) throws {
    _ = try done("import hosts --workspace acme --link git --endpoint 10.1.0.7 git.corp.example")
    #expect(try refused("link set-endpoint acme git \(flag)", status: 2).contains(flag.split(separator: " ")[0]))
    guard !flag.hasPrefix("--standby") else { return }
    #expect(
      try refused("import hosts --workspace acme --link git \(flag) git.corp.example", status: 2).contains(
        "backroad: --"))
  }

  /// What is printed to be typed is for then when it works.
  @Test func aLinkThatIsOnlyPlannedIsShownOnceItIsThere() throws {
    let line = "import hosts --workspace acme --link git --endpoint \(endpoint) git.corp.example"
    let later = "what the customer is to do: backroad link show acme git, once the link is there\n"
    #expect(try done(line + " --dry-run").hasSuffix(later))
    #expect(try done(line).hasSuffix("what the customer is to do: backroad link show acme git\n"))
    #expect(try done(line + " --ttl 61 --dry-run").hasSuffix(": backroad link show acme git\n"))
  }

  /// What is said of a removal works before it and after it.
  @Test func namesThatAreRemovedAreKeptClosedByWhatIsSaid() throws {
    let hosts = (1...6).map { " h\($0).corp.example" }.joined()
    _ = try done("import hosts --workspace acme --link many --endpoint 10.1.0.7\(hosts)")
    let many = try done("link remove acme many")
    #expect(
      many.contains("link remove acme many --closed in the place of this, after backroad link undo acme where"),
      "\(many)")
    _ = try done("link undo acme")
    _ = try done("link remove acme many --closed")
    _ = try done("import hosts --workspace acme --link few --endpoint 10.1.0.7 a.corp.example b.corp.example")
    for line in ["link remove acme few --dry-run", "link remove acme few"] {
      let removed = try done(line)
      let remedy = "import hosts --workspace acme --link few-closed a.corp.example b.corp.example"
      #expect(removed.contains("to keep them closed: backroad \(remedy)\n"), "\(removed)")
      #expect(try done("\(remedy) --dry-run").contains("held closed until there is an endpoint:"))
    }
  }

  @Test func aLinkAnswersByZones() throws {
    _ = try done("import hosts --workspace acme --link git --endpoint 10.1.0.7 git.corp.example")
    let set = try done("link set-endpoint acme git --zone-address us-east-1b=10.1.16.7 --zone-affinity")
    #expect(set.contains("addresses by availability zone: us-east-1b 10.1.16.7\n"), "\(set)")
    #expect(set.contains("no client is known to be in a zone: \"client-zones\" in workspace.json says which are"))
    let shown = try done("link show acme git")
    #expect(shown.contains("zones: clients have the addresses of their own first\n"), "\(shown)")
    #expect(shown.contains("addresses: 10.1.0.7, 10.1.16.7 (us-east-1b)\n"), "\(shown)")
    _ = try done("link undo acme")
    #expect(try !backroad.read("zones/acme/links/git.json").contains("zonal"))
  }

  @Test func aLinkIsFailedOverAndBack() throws {
    _ = try done("import hosts --workspace acme --link git --endpoint 10.1.0.7 git.corp.example")
    #expect(
      try refused("link failover acme git").contains(
        "backroad: zones/acme/links/git.json: the link \"git\" has no standby; name it first: backroad link set-endpoint acme "
          + "git --standby VPCE[=ADDR,…]"))
    let set = try done("link set-endpoint acme git --standby 10.9.0.7 --failover-after 2m")
    #expect(set.contains("standby: 10.9.0.7\n") && set.contains("fail over by themselves after 2m, and back after 10m"))
    #expect(
      try done("link show acme git").contains("standby: 10.9.0.7\nfailover: by servers after 2m, and back after 10m\n"))
    let before = try backroad.state().filter { $0.key != "zones/acme/links/.undo" }
    let planned = try done("link failover acme git --dry-run")
    #expect(
      planned.contains("to 10.9.0.7:\n  ~ git.corp.example  (was 10.1.0.7)") && planned.contains("Nothing was written"))
    #expect(try done("link show acme git --json").contains("\"active\": \"endpoint\""))
    let json = try done("link failover acme git --json --dry-run")
    #expect(json.contains("\"path\": \"links/git.json\", \"change\": \"changed\""), "\(json)")
    #expect(json.contains("\"target\": \"10.9.0.7\"") && json.contains("\"remark\": \"was 10.1.0.7\""))
    _ = try done("link failover acme git")
    #expect(try backroad.read("zones/acme/git.corp.example.zone").contains("10.9.0.7"))
    #expect(try done("link list").contains("10.9.0.7 (standby)"))
    for line in ["link list --json", "link show acme git --json"] {
      let json = try done(line)
      #expect(json.contains("\"active\": \"standby\"") && json.contains("\"failedOverBy\": \"person\""), "\(json)")
      #expect(json.matches(of: /"active"/).count == 1 && !json.contains("\"failedOver\":"), "\(json)")
    }
    #expect(try done("link show acme git").contains("failed over from: 10.1.0.7\n"))
    #expect(try done("workspace show acme").contains("10.9.0.7 (standby)"))
    #expect(try done("check") == "1 workspace, 1 zone, 1 link: nothing is wrong\n")
    #expect(try done("link failover acme git").contains("git leads to 10.9.0.7 already"))
    _ = try done("link undo acme")
    #expect(try done("link list").contains("10.1.0.7\n"))
    #expect(try done("link undo acme").contains("does again: failover of the link git"))
    let back = try done("link failover acme git --back")
    #expect(back.contains("(was 10.9.0.7)"))
    let after = try backroad.state().filter { $0.key != "zones/acme/links/.undo" }
    #expect(after["zones/acme/links/git.json"] == before["zones/acme/links/git.json"])
    #expect(try done("link failover acme git --back").contains("set-endpoint acme git --failover-after off"))
    _ = try done("link set-endpoint acme git --standby none")
    #expect(try !backroad.read("zones/acme/links/git.json").contains("standby"))
    #expect(try refused("link set-endpoint acme git --standby acme.snowflakecomputing.com").contains("--standby: "))
  }

  @Test func whatIsPrivateIsTheConfigurationsWordToo() throws {
    let line = "import hosts --workspace acme --link git --endpoint 203.0.113.7 git.corp.example"
    #expect(try refused(line).contains("203.0.113.7 is not private"))
    #expect(try refused("link add acme git --address 203.0.113.7").contains("say with --public"))
    try backroad.write("own.json", "{ \"own-networks\": [\"203.0.113.0/24\"] }")
    _ = try done(line + " --config own.json --zones zones")
    #expect(try !backroad.read("zones/acme/links/git.json").contains("public"))
    _ = try done("link remove acme git")
    _ = try done(line + " --public")
    #expect(try backroad.read("zones/acme/links/git.json").contains("\"public\": true"))
    #expect(try done("link list").contains(" (may be public)\n"))
    #expect(try done("link show acme git").contains("public: the names may be answered with public addresses\n"))
    #expect(try refused("link set-endpoint acme git --public --no-public", status: 2).contains("opposite things"))
    _ = try done("link set-endpoint acme git 10.1.0.7")
    #expect(try done("link show acme git").contains("public: the names"), "a private endpoint alone does not end it")
    _ = try done("link set-endpoint acme git --no-public")
    #expect(try !backroad.read("zones/acme/links/git.json").contains("public"))
    #expect(try !done("link list").contains("public"))
  }

  @Test func aNameOfTwoLinksIsRefusedOrTakenOver() throws {
    _ = try done("import hosts --workspace acme --link one --endpoint 10.1.0.1 git.corp.example")
    let line = "import hosts --workspace acme --link two --endpoint 10.1.0.2 git.corp.example"
    #expect(
      try refused(line).contains(
        "by the link \"one\"; within a workspace a name leads to one endpoint: say it again with --take-over"))
    #expect(try done(line + " --take-over").contains("git.corp.example is taken over from the link one"))
    #expect(try backroad.read("zones/acme/git.corp.example.zone").contains("10.1.0.2"))
  }

  @Test func aRequestedLinkHasNoStage() throws {
    _ = try done("link add acme prod")
    let text = try done("link show acme prod")
    #expect(text.contains("\nendpoint: no endpoint yet\n") && !text.contains("stage"))
  }

  @Test func whatStandsInAnothersPlaceIsTold() throws {
    _ = try done("link add acme prod")
    #expect(
      try refused("link set-endpoint prod acme \(endpoint)", status: 2).contains(
        "\"acme\" is the workspace, and comes first: backroad link set-endpoint acme prod"))
    #expect(
      try refused("link set-endpoint acme prod --endpoint \(endpoint)", status: 2).contains(
        "the endpoint stands without a flag here"))
    #expect(try refused("doctor acme", status: 2).contains("--workspace W is missing; write --workspace \"acme\""))
    #expect(try refused("link show acme qqqqqq").contains("has no link \"qqqqqq\"; it has \"prod\""))
    #expect(
      try refused("link add acme two --service com.amazonaws.vpce.us-east-1.vpce-svc-XXXX", status: 2).contains(
        "is not the name of an endpoint service"))
  }

  @Test func setEndpointTakesOver() throws {
    _ = try done("import hosts --workspace acme --link one --endpoint 10.1.0.1 git.corp.example")
    _ = try done("import hosts --workspace acme --link two git.corp.example")
    #expect(try refused("link set-endpoint acme two 10.1.0.2").contains("say it again with --take-over"))
    _ = try done("link set-endpoint acme two 10.1.0.2 --take-over")
    #expect(try backroad.read("zones/acme/git.corp.example.zone").contains("10.1.0.2"))
  }
}
