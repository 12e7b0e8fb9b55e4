import Bounds
import Links
import TestKit
import Testing
import Text
import Wire
import Workspaces
import Zones

/// An endpoint of the same service in another zone's account, and one of another region's service.
private let other = vpce.replacing("0a1b2c3d4e5f60718-abcdefgh", with: "0ffffffffffffffff-zyxwvuts")
private let abroad = vpce.replacing("0123456789abcdef0.us-east-1", with: "0aaaaaaaaaaaaaaaa.eu-west-1")

extension LinkChoices {
  /// With a standby as the command line has it, and a rule.
  fileprivate static func standby(_ argument: String?, after rule: String? = nil) throws -> LinkChoices {
    var choices = LinkChoices()
    if let argument {
      let given = try Endpoint.read(argument)
      (choices.standby, choices.emptiesPinsOfStandby) = (.this(given.endpoint), given.emptiesPins)
    }
    if let rule { choices.failover = .this(try FailoverRule(rule)) }
    return choices
  }
}

private func set(
  _ endpoint: String? = nil, _ choices: LinkChoices = LinkChoices(), link: String = "corp", in folder: WorkspaceFolder
) throws -> Plan {
  let given = try endpoint.map { try readEndpoint($0) }
  return try LinkUpdate.endpoint(given, of: link, choices: choices, in: folder)
}

private func failover(_ names: String..., back: Bool = false, in folder: WorkspaceFolder) throws -> Plan {
  try LinkFailover.plan(names, isBack: back, in: folder)
}

private let zone = "git.corp.example.zone"

@Suite struct Standbys {
  /// One link with pinned addresses at both ends.
  private func folder(_ rule: String? = nil) throws -> WorkspaceFolder {
    workspace().after(
      try importHosts(["git.corp.example"], endpoint: "10.0.0.7", choices: .standby("10.9.0.7,10.9.0.8", after: rule)))
  }

  /// AWS's word is of the endpoint, and says nothing of where the names lead now.
  @Test func withoutAServerAWSsWordOfALinkAtItsStandbyIsToldAsTheEndpoints() throws {
    var folder = try folder()
    let path = "links/corp.json"
    let word = "{ \"aws\": { \"state\": \"Available\", \"seen\": \"2026-01-31T12:00:00Z\" },"
    folder.files[path] = Array((folder.text(path) ?? "").replacing("{", with: word, maxReplacements: 1).utf8)
    #expect(try folder.link("corp").stateText == "Available")
    let moved = folder.after(try failover("corp", in: folder))
    #expect(try moved.link("corp").stateText == "unknown (AWS of the endpoint, not of the standby: Available)")
    let back = moved.after(try failover("corp", back: true, in: moved))
    #expect(try back.link("corp").stateText == "Available")
  }

  @Test func aStandbyIsInTheLinksFileAndInNoZone() throws {
    let folder = try folder("2m,1h30m")
    #expect(
      folder.text("links/corp.json")?.contains(
        """
        "standby": { "addresses": ["10.9.0.7", "10.9.0.8"] },
          "failover": { "after": "2m", "back": "1h30m" },
        """) == true, "\(folder.text("links/corp.json") ?? "")")
    #expect(folder.records(zone) == ["git.corp.example. A 10.0.0.7"])
    // The same said once more changes nothing, and an import that does not say it keeps it.
    #expect(try importHosts(["git.corp.example"], endpoint: nil, in: folder).changesNothing)
    let both = try importHosts(
      ["git.corp.example"], endpoint: "10.0.0.7", choices: .standby("10.9.0.8,10.9.0.7", after: "120s,5400"), in: folder
    )
    #expect(both.changesNothing)
    // With the standby after the names, or the names after it, the files are the same.
    var later = workspace().after(try importHosts(["git.corp.example"], endpoint: "10.0.0.7"))
    later = later.after(try set(nil, .standby("10.9.0.7,10.9.0.8", after: "2m,1h30m"), in: later))
    #expect(later.files == folder.files)
  }

  @Test func theZonesFollowAFailoverAndComeBackByteForByte() throws {
    let before = try folder()
    let plan = try failover("corp", in: before)
    #expect(plan.hosts.map(\.remark) == ["was 10.0.0.7"])
    #expect(plan.nextSteps.joined().contains("backroad link failover acme corp --back"))
    let over = before.after(plan)
    #expect(over.text("links/corp.json")?.contains("\"active\": \"standby\"") == true)
    #expect(over.records(zone) == ["git.corp.example. A 10.9.0.7", "git.corp.example. A 10.9.0.8"])
    #expect(LinkUpdate.problems(in: over) == [], "what is generated is what the links say")
    #expect(try failover("corp", in: over).changesNothing)
    // An import leaves the names where the failover has led them.
    #expect(try importHosts(["git.corp.example"], endpoint: "10.0.0.7", in: over).changesNothing)
    let back = over.after(try failover("corp", back: true, in: over))
    #expect(back.files["links/corp.json"] == before.files["links/corp.json"])
    #expect(back.records(zone) == before.records(zone))
    // By undo too, and once more.
    let done = before.changed(LinkUndo.changes(of: plan, in: before))
    let undo = try LinkUpdate.undo(in: done)
    #expect(undo.notes == ["takes back: failover of the link corp"])
    let undone = done.changed(LinkUndo.changes(of: undo, in: done))
    #expect(undone.files["links/corp.json"] == before.files["links/corp.json"])
    let redone = undone.after(try LinkUpdate.undo(in: undone))
    #expect(redone.records(zone) == over.records(zone))
  }

  /// By the names of endpoints: a host of its own becomes an ALIAS, pins stand in a zone of their own, and those of the endpoint
  /// that nothing leads to are in none.
  @Test func theNamesOfEndpointsFollowToo() throws {
    let before = workspace().after(
      try importSnowflake(
        "{\"privatelink-account-url\": \"kd1.us-east-1.privatelink.snowflakecomputing.com\"}",
        endpoint: "\(vpce)=10.0.0.1",
        choices: .standby("\(abroad)=10.9.0.1")))
    #expect(before.files["\(vpce).zone"] != nil && before.files["\(abroad).zone"] == nil)
    let over = before.after(try failover("prod", in: before))
    #expect(over.files["\(vpce).zone"] == nil && over.files["\(abroad).zone"] != nil)
    let records = over.records("privatelink.snowflakecomputing.com.zone")
    #expect(records.contains("kd1.us-east-1.privatelink.snowflakecomputing.com. CNAME \(abroad)."), "\(records)")
  }

  @Test func aStandbyOfAnotherServiceIsTakenAndSaid() throws {
    let config =
      "{\"privatelink-account-url\": \"kd1.us-east-1.privatelink.snowflakecomputing.com\",\"privatelink-vpce-id\": \"\(serviceName)\"}"
    let plan = try importSnowflake(config, choices: .standby(abroad))
    #expect(
      plan.notes.contains { $0.contains("the standby is of vpce-svc-0aaaaaaaaaaaaaaaa in eu-west-1, and the link of") })
    #expect(
      !(try importSnowflake(config, choices: .standby(other)).notes.contains { $0.contains("the standby is of") }))
    #expect(
      refusal { _ = try importSnowflake(config, endpoint: abroad) }.contains("the config is for the service"),
      "the endpoint is not"
    )
  }

  @Test func whatIsNoStandbyIsRefusedWithARemedy() throws {
    let plain = workspace().after(try importHosts(["git.corp.example"], endpoint: "10.0.0.7"))
    #expect(
      refusal { _ = try failover("corp", in: plain) }.contains(
        "has no standby; name it first: backroad link set-endpoint acme corp --standby VPCE"))
    #expect(refusal { _ = try set(nil, .standby("10.0.0.7"), in: plain) }.contains("and its standby too"))
    #expect(
      refusal { _ = try set(nil, .standby(nil, after: "2m"), in: plain) }.contains("name one with --standby VPCE"))
    #expect(refusal { _ = try set(nil, .standby("203.0.113.7"), in: plain) }.contains("203.0.113.7 is not private"))
    #expect(throws: Problem.self) { try Endpoint.read("acme.snowflakecomputing.com", flag: "--standby") }
    let folder = try folder()
    #expect(refusal { _ = try set("10.9.0.7,10.9.0.8", in: folder) }.contains("and its standby too"))
    let asked = workspace().after(try importHosts(["git.corp.example"], endpoint: nil, choices: .standby("10.9.0.7")))
    #expect(refusal { _ = try failover("corp", in: asked) }.contains("has no endpoint that could have failed"))
    for (text, why) in [
      ("0s", "not a time from 1s to 1d"), ("2d", "not a time from"), ("soon", "is not a time"),
      ("2m,", "is not a time"),
    ] {
      #expect(refusal { _ = try FailoverRule(text) }.contains(why), "\(text)")
    }
  }

  /// Whoever says where the names lead means it: from then on they lead there, and no more to a standby.
  @Test func anotherEndpointEndsAFailover() throws {
    let over = try folder("2m").after(try failover("corp", in: folder("2m")))
    let replaced = over.after(try set("10.0.0.9", in: over))
    #expect(replaced.records(zone) == ["git.corp.example. A 10.0.0.9"])
    #expect(try replaced.link("corp").standby != nil && !replaced.link("corp").usesStandby)
    #expect(over.after(try set("10.0.0.7", in: over)).records(zone) == ["git.corp.example. A 10.0.0.7"])
    let imported = over.after(try importHosts(["git.corp.example"], endpoint: "10.0.0.9", in: over))
    #expect(imported.records(zone) == ["git.corp.example. A 10.0.0.9"])
    // The standby becomes the endpoint, and the endpoint the standby.
    let promoted = over.after(try set("10.9.0.7,10.9.0.8", .standby("10.0.0.7"), in: over))
    #expect(promoted.records(zone) == over.records(zone))
    let closed = over.after(try LinkUpdate.closing("corp", in: over))
    #expect(closed.records(zone) == [] && closed.text("links/corp.json")?.contains("standby") == false)
    var without = LinkChoices()
    (without.standby, without.failover) = (.none, .none)
    let none = over.after(try set(nil, without, in: over))
    #expect(try none.link("corp").standby == nil && none.records(zone) == ["git.corp.example. A 10.0.0.7"])
  }

  /// Two accounts of one region share a name, which leads to one endpoint: they are moved together.
  @Test func linksThatShareANameAreMovedTogether() throws {
    var folder = workspace().after(
      try importHosts(
        ["a.corp.example", "app.corp.example"], link: "a", endpoint: "10.0.0.7", choices: .standby("10.9.0.7")))
    let plan = try importHosts(
      ["b.corp.example", "app.corp.example"], link: "b", endpoint: "10.0.0.7", choices: .standby("10.9.0.7"), in: folder
    )
    #expect(plan.warnings.contains { $0.message.contains("this link alone cannot be failed over: links that share") })
    folder = folder.after(plan)
    let why = refusal { _ = try failover("a", in: folder) }
    #expect(why.contains("app.corp.example leads to"), "\(why)")
    #expect(why.contains("moved together: backroad link failover acme a b"), "\(why)")
    #expect(!why.contains("--take-over"), "\(why)")
    let together = try failover("a", "b", "a", in: folder)
    let back = ["and back: backroad link failover acme a b --back"]
    #expect(together.nextSteps == back, "a link that is named twice is moved once")
    let over = folder.after(together)
    #expect(try failover("a", "b", back: true, in: over).count(.changed) == 4)
    #expect(over.records("app.corp.example.zone") == ["app.corp.example. A 10.9.0.7"])
    #expect(
      try LinkUpdate.undo(in: folder.changed(LinkUndo.changes(of: failover("a", "b", in: folder), in: folder))).count(
        .changed) == 4)
  }

  /// What is said of two links names both, and whole, and what is to be typed is what works.
  @Test func whatKeepsALinkFromMovingNamesBothAndTheWay() throws {
    let names = (1...2).map { "a-rather-long-host-name-of-the-kind-that-customers-have-\($0).corp.example" }
    var folder = workspace().after(try importHosts(names, link: "one", choices: .standby(other)))
    folder = folder.after(try importHosts(names + ["b.corp.example"], link: "two", in: folder))
    let plan = try set(nil, .standby(other, after: "2m"), link: "two", in: folder)
    let warning = try #require(plan.warnings.map(\.message).first { $0.contains("alone") })
    #expect(warning.contains("backroad link failover acme two one"), "\(warning)")
    #expect(warning.contains("by the link \"one\"") && warning.contains("by the link \"two\""), "\(warning)")
    #expect(!warning.contains("this link, and") && !warning.hasSuffix("…"), "\(warning)")
    // The other one has none yet, and the command that gives it one is said.
    folder = workspace().after(try importHosts(names, link: "one", choices: .standby(other)))
    folder = folder.after(try importHosts(names, link: "two", in: folder))
    let why = refusal { _ = try failover("one", in: folder) }
    #expect(why.contains("backroad link failover acme one two, once they have the same standby"), "\(why)")
    #expect(why.contains("backroad link set-endpoint acme two --standby \(other)"), "\(why)")
    folder = folder.after(try set(nil, .standby(other), link: "two", in: folder))
    #expect(try failover("one", "two", in: folder).count(.changed) == 4)
    // Links with standbys of their own are told that it must be one.
    folder = folder.after(try set(nil, .standby(abroad), link: "two", in: folder))
    let apart = refusal { _ = try failover("one", "two", in: folder) }
    #expect(apart.contains("need the same standby: backroad link set-endpoint acme two --standby \(other)"), "\(apart)")
  }

  @Test(arguments: [
    ("\"standby\": {}", "an endpoint has a \"name\", or \"addresses\""),
    ("\"active\": \"standby\"", "the key \"standby\" is missing"),
    ("\"failover\": { \"after\": \"2m\" }", "the key \"standby\" is missing"),
    (
      "\"standby\": { \"addresses\": [\"10.0.0.9\"] }, \"active\": \"main\"",
      "\"active\" is \"endpoint\" or \"standby\""
    ),
    (
      "\"standby\": { \"addresses\": [\"10.0.0.9\"] }, \"failover\": { \"back\": \"2m\" }",
      "the key \"after\" is missing"
    ),
    (
      "\"standby\": { \"addresses\": [\"10.0.0.9\"] }, \"failover\": { \"after\": \"0\" }",
      "is not a time from 1s to 1d"
    ),
    ("\"standby\": { \"addresses\": [\"10.0.0.9\"] }, \"failover\": { \"after\": 120 }", "\"after\" of \"failover\""),
    ("\"standby\": { \"addresses\": [\"10.0.0.9\"] }, \"failover\": { \"after\": \"2m\", \"bakc\": \"1m\" }", "bakc"),
  ])
  func aMistakeInTheFileIsNamed(members: String, message: String) {
    let folder = workspace([
      "links/corp.json":
        "{ \"kind\": \"hosts\", \"endpoint\": { \"addresses\": [\"10.0.0.7\"] }, \(members), \"zones\": {} }"
    ])
    let why = refusal { _ = try folder.link("corp") }
    #expect(why.contains(message) && why.contains("zones/acme/links/corp.json:1:"), "\(why)")
  }

  // MARK: By the server

  private func load(_ folder: WorkspaceFolder, _ failedOver: Set<String>) throws -> (Workspace, [Problem]) {
    let source = WorkspaceSource(name: try #require(WorkspaceName("acme")), folder: "zones/acme", files: folder.files)
    let (workspace, problems) = Workspace.loadLinked(source, failedOver: failedOver, in: WorkspaceSetting())
    return (try #require(workspace, "\(problems)"), problems)
  }

  private func addresses(_ workspace: Workspace, _ name: String) throws -> [String] {
    var hashes = NameHashes()
    let (image, name) = (workspace.image, try Name(name))
    guard case .addresses(let found) = image.view.addresses(of: name, .a, maximumHops: 4, &hashes) else { return [] }
    return found.map(\.description).sorted()
  }

  /// A server fails a link over without a change of its files, and of that link's zones alone.
  @Test func aServerMakesTheZonesForAFailoverByItself() throws {
    var folder = try folder("2m")
    folder = folder.after(
      try importHosts(["db.corp.example"], link: "db", endpoint: "10.0.0.8", choices: .standby("10.9.0.9"), in: folder))
    // What somebody did to another link's zone stays, though an import would make it anew.
    let edited = folder.text("db.corp.example.zone")?.replacing("10.0.0.8", with: "10.0.0.88") ?? ""
    folder.files["db.corp.example.zone"] = Array(edited.utf8)
    let (plain, _) = try load(folder, [])
    #expect(try addresses(plain, "git.corp.example") == ["10.0.0.7"] && plain.guards.failedOver == [])
    let (moved, problems) = try load(folder, ["corp", "gone"])
    #expect(try addresses(moved, "git.corp.example") == ["10.9.0.7", "10.9.0.8"], "\(problems)")
    #expect(try addresses(moved, "db.corp.example") == ["10.0.0.88"])
    #expect(moved.guards.failedOver == ["corp"] && problems == [])
    // By hand it leads there already: then that is no decision of the server's.
    let over = folder.after(try failover("corp", in: folder))
    #expect(try load(over, ["corp"]).0.guards.failedOver == [])
    #expect(moved.guards.automatic.keys.sorted() == ["corp"] && plain.guards.automatic == moved.guards.automatic)
    #expect(try load(over, []).0.guards.automatic == [:])
  }

  /// One of two links that share a name cannot be failed over alone; the other, and both together, can.
  @Test func whatCannotBeFailedOverStaysAndIsSaid() throws {
    var folder = try folder()
    for link in ["a", "b"] {
      folder = folder.after(
        try importHosts(
          ["\(link).corp.example", "app.corp.example"], link: link, endpoint: "10.0.0.1", choices: .standby("10.9.0.1"),
          in: folder))
    }
    let (one, problems) = try load(folder, ["a", "corp"])
    #expect(one.guards.failedOver == ["corp"])
    #expect(
      problems.map(\.message).joined().contains(
        "this link is not failed over to its standby, because then app.corp.example"))
    #expect(try addresses(one, "git.corp.example") == ["10.9.0.7", "10.9.0.8"])
    #expect(try addresses(one, "app.corp.example") == ["10.0.0.1"])
    let (both, none) = try load(folder, ["a", "b"])
    #expect(try addresses(both, "app.corp.example") == ["10.9.0.1"] && none == [])
  }

  /// Where folders are handed over, answers show what takes connections in the server's network for the operator's word alone.
  @Test(arguments: [
    "{}", #"{ "acme": {} }"#, #"{ "acme": { "failover": false } }"#, #"{ "acme": { "failover": true } }"#,
  ])
  func withGrantsAServerFailsOverOnTheOperatorsWordAlone(text: String) throws {
    var folder = try folder("2m")
    folder.files["workspace.json"] = Array("{ \"clients\": [] }".utf8)
    let json = try JSON.parse(Array(text.utf8), file: "backroad.json", comments: false)
    let setting = WorkspaceSetting(grants: try Grants(json, file: "backroad.json"))
    let source = try #require(folder.source)
    let (loaded, problems) = Workspace.loadLinked(source, failedOver: ["corp"], in: setting)
    let workspace = try #require(loaded, "\(problems)")
    guard !text.contains("true") else {
      #expect(workspace.guards.automatic.keys.sorted() == ["corp"] && workspace.guards.failedOver == ["corp"])
      return #expect(problems == [])
    }
    #expect(workspace.guards.automatic == [:] && workspace.guards.failedOver == [])
    #expect(try addresses(workspace, "git.corp.example") == ["10.0.0.7"])
    let why =
      text == "{}"
      ? "backroad.json has no grant for workspace acme"
      : "the grant of workspace acme (backroad.json:1:3) does not say \"failover\": true"
    #expect(
      problems.map { "\($0)" } == [
        "zones/acme/links/corp.json: warning: servers do not fail this link over by themselves, because \(why)"
      ])
    // A person's word stands in the file, and counts.
    let over = try #require(folder.after(try failover("corp", in: folder)).source)
    let byPerson = try #require(Workspace.loadLinked(over, in: setting).workspace)
    #expect(try addresses(byPerson, "git.corp.example") == ["10.9.0.7", "10.9.0.8"])
  }

  @Test func moreFailoversThanAWorkspaceMayHaveAreRefused() throws {
    var folder = workspace()
    let most = Limits.Links.failoversOfWorkspace
    for index in 0...most {
      let standby = "\"standby\": { \"addresses\": [\"10.9.0.1\"] }, \"failover\": { \"after\": \"2m\" }"
      folder.files["links/l\(index).json"] = Array(
        "{ \"kind\": \"hosts\", \"endpoint\": { \"addresses\": [\"10.0.0.7\"] }, \(standby), \"zones\": {} }".utf8)
    }
    let source = WorkspaceSource(name: try #require(WorkspaceName("acme")), folder: "zones/acme", files: folder.files)
    #expect(Workspace.loadLinked(source, in: WorkspaceSetting()).workspace == nil)
    folder.files["links/l\(most).json"] = nil
    _ = try load(folder, [])
    let why = refusal {
      _ = try importHosts(
        ["x.corp.example"], link: "x", endpoint: "10.0.0.7", choices: .standby("10.9.0.1", after: "2m"), in: folder)
    }
    #expect(why.contains("more than \(most) of the workspace are failed over by servers"), "\(why)")
  }
}

/// When a server moves a link by itself.
@Suite struct FailoverDecisions {
  private static let second: UInt64 = 1_000_000_000
  private let id = LinkID(WorkspaceName("acme") ?? { fatalError() }(), "corp")

  private func link(_ rule: String = "2m,10m", endpoint: String = "10.0.0.7") throws -> AutomaticFailover {
    AutomaticFailover(endpoint: endpoint, standby: "10.9.0.7", rule: try FailoverRule(rule))
  }

  private func note(
    _ book: inout FailoverBook, _ main: EndpointHealth, _ standby: EndpointHealth, at seconds: UInt64,
    _ link: AutomaticFailover? = nil
  ) throws -> FailoverBook.Move? {
    let sighting = FailoverBook.Sighting(try link ?? self.link(), main: main, standby: standby)
    return book.note(id, sighting, at: seconds * Self.second)
  }

  @Test func aLinkIsFailedOverAfterItsTimeAndGoesBackAfterTheOther() throws {
    var book = FailoverBook()
    #expect(try note(&book, .up, .up, at: 0) == nil)
    #expect(try note(&book, .down, .up, at: 10) == nil)
    #expect(try note(&book, .down, .up, at: 129) == nil)
    #expect(try note(&book, .down, .up, at: 130) == .over)
    #expect(book.failedOver == [id])
    #expect(try note(&book, .up, .up, at: 200) == nil)
    // What comes and goes starts anew, and so does what is not known, and what only half answers.
    for (between, seconds) in [(EndpointHealth.down, 700), (.unknown, 1300), (.degraded, 1900)]
      as [(EndpointHealth, UInt64)]
    {
      #expect(try note(&book, between, .up, at: seconds) == nil)
      #expect(try note(&book, .up, .up, at: seconds + 1) == nil)
    }
    #expect(try note(&book, .up, .up, at: 2500) == nil)
    #expect(try note(&book, .up, .up, at: 2501) == .back)
    #expect(book.failedOver == [])
  }

  @Test func aStandbyThatDoesNotAnswerIsNoPlaceToGo() throws {
    for standby in [EndpointHealth.down, .unknown] {
      var book = FailoverBook()
      for seconds in stride(from: UInt64(0), to: 1000, by: 10) {
        #expect(try note(&book, .down, standby, at: seconds) == nil)
      }
      #expect(try note(&book, .down, .degraded, at: 1000) == .over, "some of it answers")
      // Once it fails in its turn, and the endpoint answers at all, that is better.
      #expect(try note(&book, .down, .down, at: 1010) == nil)
      #expect(try note(&book, .degraded, .down, at: 1129) == nil)
      #expect(try note(&book, .degraded, .down, at: 1130) == .back)
    }
  }

  @Test func aLinkThatIsOthersThanItWasStartsAnew() throws {
    var book = FailoverBook()
    _ = try note(&book, .down, .up, at: 0)
    #expect(try note(&book, .down, .up, at: 120) == .over)
    #expect(try note(&book, .down, .up, at: 121, link(endpoint: "10.0.0.8")) == .back)
    #expect(try note(&book, .down, .up, at: 240, link(endpoint: "10.0.0.8")) == nil)
    #expect(try note(&book, .down, .up, at: 241, link(endpoint: "10.0.0.8")) == .over)
    let forgotten = (0..<2).map { _ in book.forget(id, at: 300 * Self.second) }
    #expect(forgotten == [true, false] && book.failedOver == [])
  }

  /// However the file of a link that has failed is written anew: the link's moves are those of its name, and so is what is told.
  @Test(arguments: ["endpoint", "key", "nothing"])
  func whoRewritesALinkGetsNoMoreMovesForIt(rewritten: String) throws {
    var book = FailoverBook()
    var (moves, held): ([UInt64], Int) = ([], 0)
    // The endpoint comes and goes for as long as it takes, and the file is another while the names lead to the standby.
    for second in 0..<3600 as Range<UInt64> {
      let link = try link("1s,1s", endpoint: rewritten == "endpoint" ? "10.0.\((second + 6) / 8).7" : "10.0.0.7")
      if rewritten == "key", second % 8 == 2, book.forget(id, at: second * Self.second) { moves.append(second) }
      switch try note(&book, second % 8 < 4 ? .down : .up, .up, at: second, link) {
      case .held: held += 1
      case .over, .back: moves.append(second)
      case nil: break
      }
    }
    // One more where the last way to the standby is undone by whoever writes the file.
    #expect((5...Limits.Links.movesOfLink + 1).contains(moves.count), "\(moves)")
    #expect(held == 1)
  }

  /// Other names are other links, and a workspace has so many of them in an hour; another workspace has its own.
  @Test func whoRenamesLinksGetsNoMoreMovesForIt() throws {
    var book = FailoverBook()
    let (most, link) = (Limits.Links.failoversOfWorkspace, try link("1s,1s"))
    func note(_ id: LinkID, at seconds: Int) -> FailoverBook.Move? {
      let now = UInt64(seconds) * Self.second
      _ = book.note(id, FailoverBook.Sighting(link, main: .down, standby: .up), at: now)
      defer { _ = book.forget(id, at: now + Self.second) }
      return book.note(id, FailoverBook.Sighting(link, main: .down, standby: .up), at: now + Self.second)
    }
    var told: [FailoverBook.Move: Int] = [:]
    for index in 0..<1000 {
      if let move = note(LinkID(id.workspace, "l\(index)"), at: index) { told[move, default: 0] += 1 }
    }
    #expect(told == [.over: most, .held: 1])
    let other = LinkID(try #require(WorkspaceName("other")), "corp")
    #expect(note(other, at: 1000) == .over)
    #expect(note(LinkID(id.workspace, "new"), at: 5000) == .over, "an hour later there is room again")
  }

  /// Whatever happens, a link moves only so often within any hour, never without its reason, and rests at the standby.
  @Test func flappingIsBounded() throws {
    let most = Limits.Links.movesOfLink
    for seed in 0..<200 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var book = FailoverBook()
      let link = try link("\(Int.random(in: 1...120, using: &random)),\(Int.random(in: 1...600, using: &random))")
      var (now, moves, isOver): (UInt64, [(at: UInt64, isOver: Bool)], Bool) = (0, [], false)
      var downSince: UInt64?
      for _ in 0..<400 {
        now += UInt64.random(in: 1...60, using: &random)
        let main =
          [EndpointHealth.up, .up, .down, .down, .down, .degraded, .unknown].randomElement(using: &random) ?? .up
        let standby = [EndpointHealth.up, .up, .up, .down].randomElement(using: &random) ?? .up
        downSince = main == .down ? downSince ?? now : nil
        guard let move = try note(&book, main, standby, at: now, link), move != .held else { continue }
        #expect((move == .over) != isOver, "it moves from where it is")
        isOver = move == .over
        #expect(book.isFailedOver(id) == isOver)
        if isOver, let since = downSince {
          #expect(now - since >= UInt64(link.rule.afterSeconds) && standby.answers)
        } else {
          #expect(!isOver && main.answers)
        }
        moves.append((now, isOver))
        let hour = moves.filter { now - $0.at < 3600 }
        #expect(hour.count <= most, "seed \(seed)")
        if hour.count == most { #expect(isOver, "the last move of an hour is the one to the standby") }
      }
    }
  }
}
