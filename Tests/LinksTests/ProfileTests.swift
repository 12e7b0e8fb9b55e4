import Links
import Testing
import Text
import Wire
import Workspaces

/// The operator's profile: read strictly, chosen from by where a link is, and held against every change of a link.
@Suite struct ProfileTests {
  static let text = """
    { "principals": ["arn:aws:iam::111122223333:role/private-links", "444455556666"],
      "environments": {
        "us": { "region": "us-east-1", "cidrs": ["10.0.1.0/24"], "service-regions": ["us-east-1", "us-east-2"] },
        "EMEA": { "region": "eu-west-1", "cidrs": ["10.8.1.0/24"] } },
      "links-per-workspace": 2 }
    """

  static func profile(_ text: String = Self.text) throws -> OperatorProfile {
    try OperatorProfile(try JSON.parse(Array(text.utf8), file: "backroad.json", comments: true), file: "backroad.json")
  }

  @Test func itIsRead() throws {
    let profile = try Self.profile()
    #expect(
      profile.principals == ["arn:aws:iam::111122223333:role/private-links", "arn:aws:iam::444455556666:root"])
    #expect(profile.accounts == ["111122223333", "444455556666"])
    #expect(profile.environments.map(\.name) == ["us", "EMEA"])
    #expect(profile.environments[0].takesServices(of: "us-east-2") && !profile.environments[0].takesServices(of: "x"))
    #expect(profile.environments[1].takesServices(of: "ap-southeast-2"))
    #expect(profile.linksPerWorkspace == 2)
    for region in ["us-gov-west-1", "cn-north-1", "eusc-de-east-1", "ap-southeast-2"] {
      _ = try Self.profile("{ \"environments\": { \"a\": { \"region\": \"\(region)\" } } }")
    }
  }

  static let mistakes = [
    ("[]", "1:1: \"operator\" must be an object"),
    (#"{ "principal": [] }"#, "1:3: unknown key \"principal\"; did you mean \"principals\"?"),
    (#"{ "principals": ["*"] }"#, "1:18: \"*\" would allow everybody"),
    (
      #"{ "principals": ["11112222333"] }"#,
      "1:18: \"11112222333\" is not a principal; write an account's twelve digits"
    ),
    (#"{ "principals": ["arn:aws:iam::111122223333:role/"] }"#, "1:18: "),
    (#"{ "principals": ["arn:aws:s3:::bucket"] }"#, "1:18: \"arn:aws:s3:::bucket\" is not a principal"),
    (#"{ "principals": ["111122223333", "arn:aws:iam::111122223333:root"] }"#, "1:34: "),
    (#"{ "environments": { "u s": { "region": "us-east-1" } } }"#, "1:21: \"u s\" is not an environment's name"),
    (#"{ "environments": { "us": {} } }"#, "1:21: the environment \"us\" has no \"region\""),
    (
      #"{ "environments": { "us": { "region": "us-east-1", "cidr": [] } } }"#,
      "1:52: unknown key \"cidr\"; did you mean \"cidrs\"?"
    ),
    (
      #"{ "environments": { "us": { "region": "us-east-1a" } } }"#,
      "1:39: \"us-east-1a\" is an availability zone; write its region, us-east-1"
    ),
    (
      #"{ "environments": { "us": { "region": "US-EAST-1" } } }"#,
      "1:39: \"US-EAST-1\" is not a region of AWS; write one: us-east-1"
    ),
    (
      #"{ "environments": { "us": { "region": "Virginia" } } }"#,
      "1:39: \"Virginia\" is not a region of AWS; write one like"
    ),
    (
      #"{ "environments": { "a": { "region": "us-east-1" }, "b": { "region": "us-east-1" } } }"#,
      "1:53: the environment \"a\" is in us-east-1 too"
    ),
    (
      #"{ "environments": { "us": { "region": "us-east-1", "cidrs": ["203.0.113.0/24"] } } }"#,
      "1:62: 203.0.113.0/24 is not private"
    ),
    (
      #"{ "environments": { "us": { "region": "us-east-1", "cidrs": ["10.0.1.5/24"] } } }"#,
      "1:62: \"10.0.1.5/24\" has bits set after its length; write 10.0.1.0/24"
    ),
    (
      #"{ "environments": { "us": { "region": "us-east-1", "cidrs": ["8.0.0.0/5"] } } }"#,
      "1:62: 8.0.0.0/5 is not private"
    ),
    (
      #"{ "environments": { "us": { "region": "us-east-1", "service-regions": ["us-east"] } } }"#,
      "1:72: \"us-east\" is not a region of AWS"
    ),
    (
      #"{ "environments": { "us": { "region": "us-east-1", "service-regions": [] } } }"#,
      "1:71: \"service-regions\" names no region"
    ),
    (#"{ "links-per-workspace": 0 }"#, "1:26: \"links-per-workspace\" must be a whole number from 1 to 1000, not 0"),
  ]

  @Test(arguments: mistakes) func whatIsWrongIsToldWithItsPlace(text: String, message: String) throws {
    let said = refusal { _ = try Self.profile(text) }
    #expect(said.hasPrefix("backroad.json:\(message)"), "\(said)")
    #expect(!said.contains("\n"), "\(said)")
  }

  /// Everything that is wrong is told of at once.
  @Test func allThatIsWrongIsTold() {
    let text = """
      { "principals": ["x", "y"], "limit": 1,
        "environments": { "us": { "region": "us-east-1", "cidrs": ["z"] }, "-": {} } }
      """
    #expect(refusal { _ = try Self.profile(text) }.split(separator: "\n").count == 5)
  }

  @Test func anOperatorsOwnNetworksArePrivate() throws {
    let json = try JSON.parse(
      Array(#"{ "environments": { "us": { "region": "us-east-1", "cidrs": ["203.0.113.0/25"] } } }"#.utf8), file: "f",
      comments: true)
    let own = PrivateNetworks(own: [try IPPrefix("203.0.113.0/24")])
    #expect(try OperatorProfile(json, networks: own, file: "f").environments[0].networks.count == 1)
  }

  // MARK: The environment of a link

  private func link(
    _ endpoint: String? = nil, service region: String? = nil, zones: [String] = []
  ) throws -> Link {
    var link = Link(
      name: "git", kind: "hosts", service: region.map { "com.amazonaws.vpce.\($0).vpce-svc-0123456789abcdef0" },
      main: Link.Route(endpoint: try endpoint.map { try readEndpoint($0) }, hosts: []))
    if !zones.isEmpty {
      link.cloud = CloudState(state: "Available", service: nil, zones: zones, seen: "")
    }
    return link
  }

  /// Across regions an endpoint's name has the service's region, so that its zones and addresses say more.
  @Test func theEnvironmentIsWhereTheEndpointIs() throws {
    let profile = try Self.profile()
    let name = "vpce-0a1b-x.vpce-svc-0123456789abcdef0.us-east-2.vpce.amazonaws.com"
    func text(_ link: Link) -> String? { profile.environment(of: link)?.text }
    #expect(
      text(try link(name, zones: ["eu-west-1b"]))
        == "environment EMEA (eu-west-1): the endpoint has the zone eu-west-1b")
    #expect(
      text(try link("\(name)=10.8.1.7"))
        == "environment EMEA (eu-west-1): the endpoint's address 10.8.1.7 is in its networks")
    #expect(text(try link(service: "eu-west-1")) == "environment EMEA (eu-west-1): the service is in this region")
    #expect(text(try link(name)) == "environment us (us-east-1): the first of 2 that take services of us-east-2")
    #expect(
      text(try link(service: "eu-central-1")) == "environment EMEA (eu-west-1): it takes services of eu-central-1")
    #expect(text(try link("10.99.0.1")) == nil)
    // Across regions AWS names zones by their ids.
    #expect(
      profile.environment(of: try link(name, zones: ["euw1-az2"]))?.reason == "the endpoint has the zone euw1-az2")
    #expect(profile.environment(of: try link(name, zones: ["use1-az4"]))?.environment.name == "us")
    #expect(profile.environment(of: try link(name, zones: ["usw1-az4"]))?.reason.hasPrefix("the first of") == true)
    // What begins like a zone is none, wherever it is written.
    for zone in ["use1-az4x", "use1-az4-x", "use1-az", "use1-az123", "us-east-1a-use1-az4 "] {
      #expect(
        profile.environment(of: try link(name, zones: [zone]))?.reason.hasPrefix("the first of") == true, "\(zone)")
      let zonal = "vpce-0a1b-x-\(zone).vpce-svc-0123456789abcdef0.us-east-2.vpce.amazonaws.com"
      guard !zone.hasSuffix(" ") else { continue }
      #expect(profile.environment(of: try link(zonal))?.reason.hasPrefix("the first of") == true, "\(zone)")
    }
    let one = try Self.profile(#"{ "environments": { "us": { "region": "us-east-1" } } }"#)
    #expect(one.environment(of: try link("10.99.0.1"))?.reason == "there is no other")
  }

  // MARK: What links are held to

  private func choices(_ text: String = Self.text) throws -> LinkChoices {
    var choices = LinkChoices()
    choices.profile = try Self.profile(text)
    return choices
  }

  private static let narrow = """
    { "environments": { "us": { "region": "us-east-1", "cidrs": ["10.0.1.0/24"], "service-regions": ["us-east-1"] } } }
    """

  @Test func aServiceOfARegionThatNoEnvironmentTakesIsRefused() throws {
    let name = vpce.replacing("us-east-1", with: "ap-south-1")
    let said = refusal {
      _ = try importHosts(["git.corp.example"], endpoint: name, choices: choices(Self.narrow))
    }
    #expect(said.hasPrefix("the service is in ap-south-1, and no environment of backroad.json takes services of it"))
    #expect(said.contains("us in us-east-1, with services of us-east-1") && said.contains("\"service-regions\""))
    let service = Link(
      name: "git", kind: "vcs", service: "com.amazonaws.vpce.ap-south-1.vpce-svc-0123456789abcdef0",
      main: Link.Route(endpoint: nil, hosts: []))
    #expect(
      refusal { _ = try LinkUpdate.addition(of: service, choices: choices(Self.narrow), in: workspace()) } == said)
    #expect(
      try importHosts(["git.corp.example"], choices: choices()).notes.contains {
        $0 == "environment us (us-east-1): the service is in this region"
      })
  }

  @Test func anEndpointWhereThereIsNoEnvironmentIsRefused() throws {
    let zonal = vpce.replacing("abcdefgh.", with: "abcdefgh-us-west-2a.")
    let said = refusal { _ = try importHosts(["git.corp.example"], endpoint: zonal, choices: choices()) }
    #expect(
      said.hasPrefix("the endpoint is in us-west-2, as its zone us-west-2a says, and backroad.json has no environment"))
    #expect(said.contains("add an environment to \"operator\""))
  }

  @Test func aServiceThatTheEndpointsEnvironmentDoesNotTakeIsRefused() throws {
    let name = vpce.replacing("us-east-1", with: "eu-central-1")
    let said = refusal {
      _ = try importHosts(["git.corp.example"], endpoint: "\(name)=10.0.1.9", choices: choices())
    }
    #expect(
      said.hasPrefix("the service is in eu-central-1, and the link is of the environment us (us-east-1)"), "\(said)")
    #expect(said.contains("add eu-central-1 to its \"service-regions\" in backroad.json"))
  }

  /// What is there stays changeable: it is warned of.
  @Test func whatALinkIsAlreadyIsWarnedOf() throws {
    let name = vpce.replacing("us-east-1", with: "ap-south-1")
    let before = workspace()
    let folder = before.after(try importHosts(["git.corp.example"], endpoint: name, in: before))
    let plan = try importHosts(["new.corp.example"], endpoint: nil, choices: choices(Self.narrow), in: folder)
    #expect(plan.warnings.map(\.message).contains { $0.hasPrefix("the service is in ap-south-1") })
    let found = try Self.profile(Self.narrow).warnings(in: folder)
    #expect(found.map(\.file) == ["zones/acme/links/corp.json"] && found[0].severity == .warning)
    let endpoint = try readEndpoint(name.replacing("ap-south-1", with: "sa-east-1"))
    var other = try choices(Self.narrow)
    other.replaces = true
    #expect(
      refusal { _ = try LinkUpdate.endpoint(endpoint, of: "corp", choices: other, in: folder) }.hasPrefix(
        "the service is in sa-east-1"))
  }

  /// It may be of another region than the link, as where the vendor has a second one.
  @Test func aStandbyWhereThereIsNoEnvironmentIsWarnedOf() throws {
    func warnings(_ standby: String) throws -> (plan: [String], check: [Problem]) {
      var choices = try choices()
      choices.standby = .this(try readEndpoint(standby))
      let before = workspace()
      let plan = try importHosts(["git.corp.example"], endpoint: vpce, choices: choices, in: before)
      return (plan.warnings.map(\.message), try Self.profile().warnings(in: before.after(plan)))
    }
    let zonal = vpce.replacing("vpce-0a", with: "vpce-0b").replacing("abcdefgh.", with: "abcdefgh-us-west-2a.")
    let zone =
      "of the standby \(zonal): the endpoint is in us-west-2, as its zone us-west-2a says, and backroad.json has no"
    let found = try warnings(zonal)
    #expect(found.plan.contains { $0.hasPrefix(zone) }, "\(found.plan)")
    #expect(found.check.count == 1 && found.check[0].message.hasPrefix(zone) && found.check[0].severity == .warning)
    #expect(try warnings("10.0.1.9").plan.allSatisfy { !$0.hasPrefix("of the standby") })
    #expect(try warnings("10.0.1.9").check.isEmpty)
  }

  @Test func moreLinksThanAWorkspaceMayHaveAreRefused() throws {
    var folder = workspace()
    for name in ["a", "b"] {
      folder = folder.after(
        try importHosts(["\(name).corp.example"], link: name, choices: choices(), in: folder))
    }
    let said = refusal { _ = try importHosts(["c.corp.example"], link: "c", choices: choices(), in: folder) }
    #expect(
      said
        == "workspace acme has 2 links, and backroad.json allows 2; remove one with backroad link remove acme NAME, or raise "
        + "\"links-per-workspace\" of \"operator\"")
    #expect(try importHosts(["d.corp.example"], link: "b", choices: choices(), in: folder).count(.added) == 1)
    let third = folder.after(try importHosts(["c.corp.example"], link: "c", in: folder))
    #expect(
      try Self.profile().warnings(in: third).map(\.message).first?.hasPrefix("3 links, and backroad.json") == true)
  }
}
