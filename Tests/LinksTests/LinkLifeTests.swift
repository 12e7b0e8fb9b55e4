import Testing
import Text
import Wire
import Workspaces
import Zones

@testable import Links

private let parent = "privatelink.snowflakecomputing.com"
private let config = """
  {"privatelink-account-name":"kd1.us-east-1.privatelink","privatelink-account-url":"kd1.us-east-1.\(parent)",\
  "snowsight-privatelink-url":"app.us-east-1.\(parent)","privatelink-vpce-id":"\(serviceName)"}
  """

extension WorkspaceFolder {
  /// The folder after a plan was carried out as commands do it, with what takes it back.
  fileprivate func done(_ plan: Plan) -> WorkspaceFolder { changed(LinkUndo.changes(of: plan, in: self)) }

  /// What is there of links and zones, without what is kept of the last change.
  fileprivate var texts: [String: String] {
    files.filter { $0.key != LinkUndo.path }.mapValues { String(decoding: $0, as: UTF8.self) }
  }
}

private func addition(_ folder: WorkspaceFolder, endpoint: String? = nil, service: String? = nil) throws -> Plan {
  let endpoint = try endpoint.map { try readEndpoint($0) }
  return try LinkUpdate.addition(
    of: Link(
      name: "prod", kind: Link.undecidedKind, service: service, main: Link.Route(endpoint: endpoint, hosts: [])),
    choices: LinkChoices(), in: folder)
}

private func setEndpoint(
  _ argument: String, _ choices: LinkChoices = LinkChoices(), link: String = "prod", in folder: WorkspaceFolder
) throws -> Plan {
  var choices = choices
  let given = try Endpoint.read(argument)
  choices.emptiesPins = given.emptiesPins
  return try LinkUpdate.endpoint(given.endpoint, of: link, choices: choices, in: folder)
}

@Suite struct LinkLives {
  @Test func aLinkIsAskedForBeforeItsNamesAndItsEndpoint() throws {
    let plan = try addition(workspace(), service: serviceName)
    let asked = workspace().after(plan)
    #expect(
      asked.text("links/prod.json")
        == "{ \"kind\": \"undecided\", \"service\": \"\(serviceName)\", \"ttl\": 60, \"zones\": {} }\n")
    #expect(plan.nextSteps.joined().contains("backroad link set-endpoint acme prod VPCE"))
    #expect(refusal { _ = try addition(asked) }.contains("there is a link \"prod\" already"))
    // The names come, and lead nowhere: no zone is made of them.
    let named = try importSnowflake(config, endpoint: nil, in: asked)
    #expect(named.files.map(\.path) == ["links/prod.json"] && named.proof == nil)
    let says = named.text(server: "@::1")
    #expect(says.contains("held closed until there is an endpoint:\n  + app.us-east-1"))
    #expect(says.contains("backroad link set-endpoint acme prod VPCE[=ADDR,…], or import again with --endpoint"))
    #expect(try asked.after(named).link("prod").kind == "snowflake")
  }

  /// The endpoint first, or the names first, or both at once: the same files, byte for byte.
  @Test(arguments: ["\(vpce)", "\(vpce)=10.0.0.1,fd00::1", "10.0.0.7"])
  func theOrderOfNamesAndEndpointDoesNotMatter(endpoint: String) throws {
    let atOnce = workspace().after(try importSnowflake(config, endpoint: endpoint))
    var folder = workspace().after(try addition(workspace(), endpoint: endpoint, service: serviceName))
    folder = folder.after(try importSnowflake(config, endpoint: nil, in: folder))
    #expect(folder.files == atOnce.files)
    folder = workspace().after(try importSnowflake(config, endpoint: nil))
    folder = folder.after(try setEndpoint(endpoint, in: folder))
    #expect(folder.files == atOnce.files)
    folder = workspace().after(try addition(workspace()))
    folder = folder.after(try setEndpoint(endpoint, in: folder))
    folder = folder.after(try importSnowflake(config, endpoint: nil, in: folder))
    #expect(folder.files == atOnce.files)
  }

  /// The same of hosts in a zone, whose setting is there before the zone is, and stays while the link is closed.
  @Test func theOrderDoesNotMatterForAZoneWithASettingEither() throws {
    let zone = ("corp.example", MissPolicy.forward)
    let atOnce = workspace().after(try importHosts(["git.corp.example"], endpoint: "10.0.0.7", zone: zone))
    let named = workspace().after(try importHosts(["git.corp.example"], endpoint: nil, zone: zone))
    let after = named.after(try setEndpoint("10.0.0.7", link: "corp", in: named))
    #expect(after.files == atOnce.files)
    let closed = after.after(try LinkUpdate.closing("corp", in: after))
    #expect(closed.files == named.files)
    let (_, problems) = Workspace.loadLinked(try #require(closed.source), in: WorkspaceSetting())
    #expect(problems.isEmpty, "the setting waits for the zone: \(problems)")
  }

  @Test func anImportKeepsWhatItDoesNotSay() throws {
    let pinned = workspace().after(try importSnowflake(config, endpoint: "\(vpce)=10.0.0.1"))
    #expect(try importSnowflake(config, endpoint: nil, in: pinned).changesNothing)
    #expect(try importSnowflake(config, endpoint: nil, prune: true, in: pinned).changesNothing)
    let again = try importSnowflake(config, endpoint: vpce, in: pinned)
    #expect(again.changesNothing)
    #expect(again.notes.contains { $0.contains("(10.0.0.1): the pinned addresses stay; \(vpce)= without any empties") })
    let emptied = pinned.after(try importSnowflake(config, endpoint: "\(vpce)=", in: pinned))
    #expect(try emptied.link("prod").main.endpoint?.addresses == [])
    #expect(try pinned.after(setEndpoint(vpce, in: pinned)).files == pinned.files)
    #expect(try pinned.after(setEndpoint("\(vpce)=", in: pinned)).files == emptied.files)
  }

  @Test func anotherAccountServiceOrKindNeedsReplace() throws {
    let folder = workspace().after(try importSnowflake(config, endpoint: vpce))
    let other = config.replacing("kd1", with: "zz9")
    #expect(
      refusal { _ = try importSnowflake(other, endpoint: nil, in: folder) }.contains(
        "is of the account \"kd1.us-east-1.privatelink\", and the input of \"zz9.us-east-1.privatelink\""))
    var choices = LinkChoices()
    choices.replaces = true
    let replaced = try importSnowflake(other, endpoint: nil, choices: choices, in: folder)
    // Nothing of the account before stays but the endpoint, which is of the same service.
    let fresh = workspace().after(try importSnowflake(other, endpoint: vpce))
    #expect(folder.after(replaced).text("links/prod.json") == fresh.text("links/prod.json"))
    #expect(folder.after(replaced).records("\(parent).zone") == fresh.records("\(parent).zone"))
    let moved = config.replacing("0123456789abcdef0", with: "0aa")
    #expect(
      refusal { _ = try importSnowflake(moved, endpoint: nil, in: folder) }.contains(
        "is of the service \"\(serviceName)\""))
    let closed = folder.after(try importSnowflake(moved, endpoint: nil, choices: choices, in: folder))
    #expect(try closed.link("prod").main.endpoint == nil, "the endpoint was of the other service")
    let hosts = { try importHosts(["git.corp.example"], link: "prod", endpoint: nil, choices: $0, in: folder) }
    #expect(refusal { _ = try hosts(LinkChoices()) }.contains("is of the kind snowflake; give this one another --link"))
    #expect(try folder.after(hosts(choices)).link("prod").kind == "hosts")
  }

  @Test func anEndpointOfAnotherServiceIsRefused() throws {
    let asked = workspace().after(try addition(workspace(), service: serviceName))
    let wrong = "vpce-0bb-zz.vpce-svc-99.us-east-1.vpce.amazonaws.com"
    for endpoint in [
      wrong, vpce.replacing("us-east-1", with: "us-west-2"), "vpce-0ff-st.s3.us-east-1.vpce.amazonaws.com",
    ] {
      #expect(refusal { _ = try setEndpoint(endpoint, in: asked) }.contains("give the endpoint of that service"))
    }
    var choices = LinkChoices()
    choices.replaces = true
    let service = try asked.after(setEndpoint(wrong, choices, in: asked)).link("prod").service
    #expect(service == "com.amazonaws.vpce.us-east-1.vpce-svc-99")
  }

  @Test(arguments: ["8.8.8.8", "172.32.0.1", "2001:db8::1", "169.254.169.254", "\(vpce)=8.8.8.8"])
  func aPublicEndpointIsRefusedUnlessItIsSaid(endpoint: String) throws {
    let importing = { (choices: LinkChoices, folder: WorkspaceFolder) in
      try importHosts(["git.corp.example"], link: "prod", endpoint: endpoint, choices: choices, in: folder)
    }
    let asked = workspace().after(try addition(workspace()))
    for refused in [
      refusal { _ = try importing(LinkChoices(), workspace()) }, refusal { _ = try setEndpoint(endpoint, in: asked) },
      refusal { _ = try addition(workspace(), endpoint: endpoint) },
    ] { #expect(refused.contains("is not private") && refused.contains("--public"), "\(refused)") }
    var choices = LinkChoices()
    choices.isPublic = true
    let open = workspace().after(try importing(choices, workspace()))
    #expect(
      try open.link("prod").isPublic && open.after(setEndpoint(endpoint, choices, in: asked)).link("prod").isPublic)
    #expect(try importing(LinkChoices(), open).changesNothing, "a link that may be public stays so")
    guard !endpoint.hasPrefix("169.254") else {
      // Nobody's own: a list with it is refused, and is not what is advised.
      return #expect(!refusal { _ = try importing(LinkChoices(), workspace()) }.contains("own-networks"))
    }
    // The workspace's own networks, or the server's.
    let address = endpoint.split(separator: "=").last.map(String.init) ?? ""
    let own = workspace(["workspace.json": "{ \"clients\": [], \"own-networks\": [\"\(address)\"] }"])
    #expect(try importing(LinkChoices(), own).warnings.allSatisfy { !$0.message.contains("public") })
    choices = LinkChoices()
    choices.networks = PrivateNetworks(own: [try IPPrefix(address)])
    #expect(try !workspace().after(importing(choices, workspace())).link("prod").isPublic)
  }

  /// Trap 17: two accounts of a region share `app.<region>`, and lead it to different endpoints.
  @Test func aNameOfTwoLinksIsShownAndTakenOverWhereThatIsSaid() throws {
    let one = workspace().after(try importSnowflake(config, link: "one", endpoint: "10.0.0.1"))
    let other = config.replacing("kd1", with: "zz9")
    let refused = refusal { _ = try importSnowflake(other, link: "two", endpoint: "10.0.0.2", in: one) }
    #expect(
      refused.contains("app.us-east-1.\(parent) leads to 10.0.0.2 by this link, and to 10.0.0.1 by the link \"one\""))
    #expect(refused.contains("--take-over") && refused.contains("leave it out of the input"))
    var choices = LinkChoices()
    choices.takesOver = true
    let plan = try importSnowflake(other, link: "two", endpoint: "10.0.0.2", choices: choices, in: one)
    #expect(plan.notes.contains("app.us-east-1.\(parent) is taken over from the link one"))
    let two = one.done(plan)
    #expect(two.records("\(parent).zone").contains("app.us-east-1.\(parent). A 10.0.0.2"))
    #expect(try two.link("one").hostCount == one.link("one").hostCount - 1)
    #expect(try two.done(LinkUpdate.undo(in: two)).texts["links/one.json"] == one.texts["links/one.json"])
    // While one of both has no endpoint, it is a warning.
    let asked = try importSnowflake(other, link: "two", endpoint: nil, in: one)
    #expect(asked.warnings.map(\.message).joined().contains("app.us-east-1.\(parent) is answered by the link \"one\""))
    let moved = try importSnowflake(other, link: "two", endpoint: nil, choices: choices, in: one)
    #expect(moved.warnings.map(\.message).allSatisfy { $0.contains("worked by the link one, and will be held closed") })
  }

  @Test func aRemovalSaysWhoAnswersThen() throws {
    let soa = "@ 60 IN SOA ns.example. me.example. 1 1 1 1 1\n@ 60 IN NS ns.example.\n"
    var folder = workspace([
      "workspace.json": """
      { "clients": [], "forward": [{ "zone": "fwd.example", "to": ["10.1.0.2"] }],
        "zones": { "open.example": { "miss": "forward" } } }
      """, "own.example.zone": soa + "held 60 IN A 10.5.5.5\n*.wild 60 IN A 10.5.5.6\n", "open.example.zone": soa,
    ])
    let names = [
      "a.public.example", "held.own.example", "x.wild.own.example", "lost.own.example", "a.open.example",
      "a.fwd.example",
      "shared.example",
    ]
    folder = folder.after(try importHosts(names, endpoint: "10.0.0.1", in: folder))
    folder = folder.after(try importHosts(["shared.example"], link: "other", endpoint: "10.0.0.1", in: folder))
    let plan = try LinkUpdate.removal(of: "corp", from: folder)
    let remarks = Dictionary(uniqueKeysWithValues: plan.hosts.map { ($0.host.textWithoutFinalDot, $0.remark ?? "") })
    #expect(
      remarks == [
        "a.public.example": "public again", "held.own.example": "answered by the zone own.example",
        "x.wild.own.example": "answered by the zone own.example",
        "lost.own.example": "the zone own.example says that it does not exist", "a.open.example": "public again",
        "a.fwd.example": "forwarded by the rule for fwd.example to 10.1.0.2",
        "shared.example": "answered by the link other",
      ])
    let warning = plan.warnings.map(\.message).joined()
    #expect(warning.contains("a.open.example and 1 more will be asked for as public names again"), "\(warning)")
    // Or they stay closed.
    let closed = folder.after(try LinkUpdate.closing("corp", in: folder))
    #expect(try closed.link("corp").main.endpoint == nil && closed.link("corp").hostCount == names.count)
    #expect(closed.files["a.public.example.zone"] == nil && closed.files["shared.example.zone"] != nil)
  }
}

@Suite struct TakingBack {
  /// Each change taken back gives the files from before, and taken back once more those from after it.
  @Test func everyChangeIsTakenBackAndDoneAgain() throws {
    let zone = ("corp.example", MissPolicy.forward)
    var states = [workspace()]
    func step(_ plan: (WorkspaceFolder) throws -> Plan) throws {
      let before = states[states.count - 1]
      let after = before.done(try plan(before))
      #expect(after.texts != before.texts)
      let back = after.done(try LinkUpdate.undo(in: after))
      #expect(withoutSerials(back) == withoutSerials(before))
      let again = back.done(try LinkUpdate.undo(in: back))
      #expect(withoutSerials(again) == withoutSerials(after))
      states.append(again)
    }
    try step { try addition($0) }
    try step { try importSnowflake(config, endpoint: nil, in: $0) }
    try step { try setEndpoint("\(vpce)=10.0.0.1", in: $0) }
    try step { try importHosts(["git.corp.example"], endpoint: "10.0.0.7", zone: zone, in: $0) }
    try step { try LinkUpdate.closing("prod", in: $0) }
    try step { try LinkUpdate.removal(of: "corp", from: $0) }
  }

  private func withoutSerials(_ folder: WorkspaceFolder) -> [String: String] {
    // An object that is empty again stays where its last member was.
    folder.texts.mapValues { text in
      text.split(separator: "\n").filter {
        !$0.contains("SOA") && !$0.contains("\"zones\": { }") && !$0.contains("clients")
      }
      .joined(separator: "\n")
    }
  }

  @Test func whatWasChangedByHandSinceIsNotOverwritten() throws {
    let zone = ("corp.example", MissPolicy.forward)
    let folder = workspace().done(
      try importHosts(["git.corp.example"], endpoint: "10.0.0.7", zone: zone, in: workspace()))
    var edited = folder
    edited.files["links/corp.json"] = Array((folder.text("links/corp.json") ?? "").replacing("60", with: "61").utf8)
    #expect(
      refusal { _ = try LinkUpdate.undo(in: edited) }.hasPrefix(
        "zones/acme/links/corp.json: \"ttl\" changed since import into the link corp\nzones/acme: nothing is taken back"
      ))
    edited = folder
    edited.files["links/corp.json"] = nil
    #expect(refusal { _ = try LinkUpdate.undo(in: edited) }.contains("this link has gone since"))
    edited = folder
    edited.files["workspace.json"] = Array(
      (folder.text("workspace.json") ?? "").replacing("forward", with: "nxdomain").utf8)
    #expect(refusal { _ = try LinkUpdate.undo(in: edited) }.contains("the setting of the zone corp.example changed"))
    // What is not the change's stays: another setting, another link.
    edited = folder
    edited.files["workspace.json"] = Array(
      (folder.text("workspace.json") ?? "").replacing("10.1.0.0/16", with: "10.2.0.0/16").utf8)
    #expect(try edited.done(LinkUpdate.undo(in: edited)).text("workspace.json")?.contains("10.2.0.0/16") == true)
    let removed = folder.done(try LinkUpdate.removal(of: "corp", from: folder))
    let made = removed.after(try importHosts(["a.corp.example"], endpoint: "10.0.0.9", in: removed))
    #expect(refusal { _ = try LinkUpdate.undo(in: made) }.contains("this link has been made again since"))
  }

  @Test func whatCannotBeTakenBackSaysSo() throws {
    #expect(
      refusal { _ = try LinkUpdate.undo(in: workspace()) }.contains("there is no change of the links of \"acme\""))
    var broken = workspace().done(try importHosts(["git.corp.example"], endpoint: "10.0.0.7"))
    broken.files["links/corp.json"] = Array("{".utf8)
    let removed = broken.done(try LinkUpdate.removal(of: "corp", from: broken))
    #expect(
      refusal { _ = try LinkUpdate.undo(in: removed) }.contains("cannot be taken back: a link's file could not be read")
    )
    var hostile = workspace()
    for text in ["", "{", "[]", "{ \"links\": 1 }", "{ \"links\": { \"../x\": { \"was\": null, \"now\": null } } }"] {
      hostile.files[LinkUndo.path] = Array(text.utf8)
      let plan = try? LinkUpdate.undo(in: hostile)
      #expect(plan?.files.allSatisfy { !$0.path.contains("..") } ?? true)
    }
  }

  /// What zones do with misses is a part of the change, shown whatever else is; and it is a link's, or nobody's.
  @Test func whatZonesDoWithMissesIsShown() throws {
    let hosts = ["git.corp.example"]
    let zone = try Name("corp.example")
    let folder = workspace().done(
      try importHosts(hosts, endpoint: "10.0.0.7", zone: ("corp.example", .nxdomain), in: workspace()))
    var hostile = folder
    hostile.files[LinkUndo.path] = Array(
      #"{"change": "", "links": {}, "zones": {"corp.example": {"was": "forward", "now": "nxdomain"}}}"#.utf8)
    let said = refusal { _ = try LinkUpdate.undo(in: hostile) }
    #expect(said.contains("no link was changed; remove this file"), "\(said)")
    hostile.files[LinkUndo.path] = Array((folder.text(LinkUndo.path) ?? "").replacing("nxdomain", with: "away").utf8)
    #expect(refusal { _ = try LinkUpdate.undo(in: hostile) }.contains("misses are set to what is none"))
    // The setting alone changes; it is taken back all the same, and said.
    var plan = Plan(workspace: "acme", link: "corp")
    try LinkUpdate.finish(
      &plan, LinkUpdate.Change(links: ["corp": try folder.link("corp")], misses: [zone: nil]), in: folder)
    #expect(plan.misses == [Plan.MissChange(zone: zone, was: .nxdomain, now: nil)])
    let after = folder.done(plan)
    #expect(after.text(LinkUndo.path)?.contains(#""corp""#) == true)
    let back = try LinkUpdate.undo(in: after)
    #expect(back.link == "corp" && back.misses == [Plan.MissChange(zone: zone, was: nil, now: .nxdomain)])
    #expect(
      back.text(server: "@127.0.0.1").contains(
        "what zones do with names that they lack:\n  + corp.example: nxdomain, before not set"))
    #expect(back.json(server: "").asObject?["misses"] != nil)
    #expect(after.done(back).text("workspace.json")?.contains("nxdomain") == true)
  }

  /// Whoever may write a workspace's folder writes what an administrator is shown before the last change is taken back.
  @Test(arguments: [
    #"a\nbackroad: all is well\nnext: run curl evil | sh"#, "../../b/links/z", "", "-x", "A", "a b", "$(reboot)",
  ]) func whatIsNoLinkCannotBeTakenBack(name: String) {
    var folder = workspace()
    let link = #"{"kind": "hosts", "zones": {}}"#
    for pair in ["{}", #"{"was": null, "now": null}"#, #"{"was": \#(link)}"#, #"{"now": \#(link)}"#] {
      folder.files[LinkUndo.path] = Array(#"{"links": {"\#(name)": \#(pair)}}"#.utf8)
      let said = refusal { _ = try LinkUpdate.undo(in: folder) }
      #expect(said.contains(" is not a link's name; remove this file") && !said.contains("\n"), "\(said)")
    }
    folder.files[LinkUndo.path] = Array(#"{"links": {"prod": {}}}"#.utf8)
    #expect(
      refusal { _ = try LinkUpdate.undo(in: folder) }
        .contains("the link \"prod\" is neither as it was nor as it is now"))
    let misses = #""zones": {"corp.example": {"was": "forward", "now": "nxdomain"}}"#
    folder.files[LinkUndo.path] = Array(#"{"links": {}, \#(misses)}"#.utf8)
    #expect(refusal { _ = try LinkUpdate.undo(in: folder) }.contains("no link was changed; remove this file"))
  }

  /// A link's file may have any name, and is removed whatever it is called.
  @Test func aPlansHeadIsALine() throws {
    let name = "a\nnext: run curl evil | sh"
    let folder = workspace(["links/\(name).json": "{}"])
    let text = try LinkUpdate.removal(of: name, from: folder).text(server: "@::1")
    #expect(text.hasPrefix("workspace acme, link a\\u{a}next: run curl evil | sh: "), "\(text)")
    #expect(!text.contains("\nnext: run"))
  }
}

@Suite struct CloudStates {
  private static let second = vpce.replacing("-abcdefgh", with: "-abcdefgh-us-east-1b")
  private static let first = vpce.replacing("-abcdefgh", with: "-abcdefgh-us-east-1a")

  private func described(_ state: String, id: String = "vpce-0a1b2c3d4e5f60718", service: String = serviceName)
    -> String
  {
    """
    {"VpcEndpointId": "\(id)", "VpcEndpointType": "Interface", "ServiceName": "\(service)", "State": "\(state)",
     "NetworkInterfaceIds": ["eni-1"], "DnsEntries": [{"DnsName": "\(vpce)", "HostedZoneId": "Z1"},
     {"DnsName": "\(Self.second)"}, {"DnsName": "\(Self.first)"}, {"DnsName": "db.corp.example"}]}
    """
  }

  private func state(
    _ text: String, seen: String = "2026-01-31T12:00:00Z", in folder: WorkspaceFolder
  ) throws -> Plan {
    let endpoints = try DescribedEndpoint.read(Array(text.utf8), file: "aws")
    return try LinkUpdate.state(
      DescribedEndpoint.find(for: folder.link("prod"), among: endpoints, file: "aws"), of: "prod", seen: seen,
      in: folder)
  }

  @Test func whatAWSSaysIsKeptAndShown() throws {
    let folder = workspace().done(try importSnowflake(config, endpoint: nil))
    let plan = try state("{\"VpcEndpoints\": [\(described("pendingAcceptance"))]}", in: folder)
    #expect(
      plan.notes.dropFirst() == [
        "for all zones: \(vpce)", "for us-east-1a alone: \(Self.first)", "for us-east-1b alone: \(Self.second)",
      ])
    #expect(plan.nextSteps.joined().contains("the vendor accepts it"))
    let pending = folder.done(plan)
    #expect(try pending.link("prod").stateText == "requested (AWS: PendingAcceptance)")
    #expect(
      pending.text("links/prod.json")?.contains(
        """
          "aws": {
            "state": "PendingAcceptance",
            "id": "vpce-0a1b2c3d4e5f60718",
            "service": "\(serviceName)",
            "zones": ["us-east-1a", "us-east-1b"],
            "seen": "2026-01-31T12:00:00Z"
          },
        """) == true, "\(pending.text("links/prod.json") ?? "")")
    // Accepted: the endpoint's name is there to be taken.
    let there = try state("[\(described("Available"))]", in: pending)
    #expect(there.nextSteps == ["the endpoint is there: backroad link set-endpoint acme prod \(vpce)"])
    let ready = pending.done(there)
    let set = ready.done(try setEndpoint(vpce, in: ready))
    #expect(try set.link("prod").stateText == "Available")
    #expect(try state(described("available"), in: set).nextSteps == [])
    // An import keeps it, another endpoint does not; and it is no change that undo takes back.
    #expect(try importSnowflake(config, endpoint: nil, in: set).changesNothing)
    #expect(try set.done(setEndpoint("10.0.0.1", in: set)).link("prod").stateText == "unknown")
    let failed = set.done(try state(described("Failed"), in: set))
    #expect(try failed.link("prod").stateText == "Failed")
    let back = failed.done(try LinkUpdate.undo(in: failed))
    #expect(try back.link("prod").main.endpoint == nil)
  }

  /// No host shows it where there is none.
  @Test func aLinkWithoutNamesSaysWhereItLeads() throws {
    func head(_ plan: Plan) -> String {
      String(plan.text(server: "@s").prefix { $0 != "\n" }.dropFirst("workspace acme, link prod: ".count))
    }
    let made = try addition(workspace(), endpoint: "10.0.0.1")
    #expect(head(made) == "no names yet, leads to 10.0.0.1")
    #expect(head(try addition(workspace())) == "asked for, with no names yet")
    let folder = workspace().done(made)
    var choices = LinkChoices()
    choices.standby = .this(try readEndpoint("10.9.0.1"))
    let set = try setEndpoint("10.0.0.2", choices, in: folder)
    #expect(head(set) == "no names yet, leads to 10.0.0.2, was 10.0.0.1")
    let there = folder.done(set)
    let over = try LinkFailover.plan(["prod"], isBack: false, in: there)
    #expect(head(over) == "no names yet, leads to 10.9.0.1, was 10.0.0.2")
    #expect(over.notes.contains("the link prod has no names yet, and leads to 10.9.0.1, was 10.0.0.2"))
    #expect(head(try LinkUpdate.undo(in: there)) == "no names yet, leads to 10.0.0.1, was 10.0.0.2")
    #expect(head(try LinkUpdate.closing("prod", in: there)) == "no names yet, leads to no endpoint yet, was 10.0.0.2")
    let named = there.done(try importHosts(["git.corp.example"], link: "prod", endpoint: nil, in: there))
    #expect(head(try setEndpoint("10.0.0.3", link: "prod", in: named)) == "0 added, 1 changed, 0 removed, 0 kept")
  }

  /// A link that is only asked for has no endpoint that the word could be held against but its id.
  @Test(arguments: ["Available", "Rejected", "PendingAcceptance"])
  func aWordIsKeptForTheEndpointThatItIsOf(word: String) throws {
    let asked = workspace().done(try addition(workspace(), service: serviceName))
    let said = asked.done(try state(described(word), in: asked))
    #expect(try said.link("prod").cloud?.id == "vpce-0a1b2c3d4e5f60718")
    let other = vpce.replacing("0a1b2c3d4e5f60718-abcdefgh", with: "0bbbbbbbbbbbbbbbb-abcdefgh")
    for endpoint in [other, "10.0.0.1"] {
      for plan in [
        try setEndpoint(endpoint, in: said),
        try importHosts(["git.corp.example"], link: "prod", endpoint: endpoint, in: said),
      ] {
        let after = try said.done(plan).link("prod")
        #expect(after.stateText == "unknown", "\(endpoint)")
        #expect(plan.notes.contains { $0.hasPrefix("AWS's word of vpce-0a1b2c3d4e5f60718 (\(word)) is forgotten") })
        let list = Checklist(for: after, profile: nil).items.map(\.what)
        #expect(list.contains(.principal) && list.contains(.accept), "\(endpoint)")
      }
    }
    for plan in [try setEndpoint(vpce, in: said), try importHosts(["git.corp.example"], link: "prod", in: said)] {
      #expect(try said.done(plan).link("prod").stateText == word)
    }
    // Of a word without an id nobody knows of which endpoint it is.
    var older = said
    let text = try #require(said.text("links/prod.json"))
    older.files["links/prod.json"] = Array(
      text.split(separator: "\n").filter { !$0.contains("\"id\"") }.joined(separator: "\n").utf8)
    #expect(try older.link("prod").cloud?.id == nil)
    #expect(try older.done(setEndpoint(vpce, in: older)).link("prod").stateText == "unknown")
    // It stands in the customer's list, in command lines among others.
    let hostile = text.replacing("vpce-0a1b2c3d4e5f60718\"", with: "vpce-$(reboot)\"")
    #expect(
      refusal { _ = try LinkFileReader.read(Array(hostile.utf8), name: "prod", file: "f") }.contains(
        "which is not the id of an endpoint, vpce-…"))
    // With another service it is another's too.
    var replacing = LinkChoices()
    replacing.replaces = true
    var options = DatabricksImport.Options(LinkRequest("prod", endpoint: nil))
    options.link.choices = replacing
    options.link.service = serviceName.replacing("0123456789abcdef0", with: "0aaaaaaaaaaaaaaaa")
    let replaced = try DatabricksImport.plan(
      "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com", options: options, in: said)
    #expect(try said.done(replaced).link("prod").cloud == nil)
  }

  /// Who writes a link's file writes what is told as AWS's word.
  @Test func whatHasNotTheFormOfAWSsWordIsNotReadAsIt() throws {
    for zone in ["us-east-1a", "use1-az4", "us-west-2-lax-1a", "us-gov-west-1b", "usw2-lax1-az1", "apne1-az10"] {
      #expect(AWSRegion.isZone(zone), "\(zone)")
    }
    for zone in [
      "", "-", "a", "us-east-1", "use1", "use1-az", "use1-azz", "use1-az1x", "use1-az1.x", "use1-az1 ", "USE1-AZ1",
      "use1--az1", String(repeating: "a-", count: 60) + "1a", "us-east-1a\nx",
    ] { #expect(!AWSRegion.isZone(zone), "\(zone)") }
    #expect(CloudState.isTime(CloudState.time(0)) && CloudState.isTime(CloudState.time(1_769_860_800)))
    for time in [
      "", "9999", "2026-13-31T12:00:00Z", "2026-01-00T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00Z ",
      "2026-01-31 12:00:00Z", "20261-01-31T12:00:0Z", "２026-01-31T12:00:00Z",
    ] { #expect(!CloudState.isTime(time), "\(time)") }
    // What AWS would never name a zone is not kept: the file would not be read again.
    let folder = workspace().done(try importSnowflake(config, endpoint: nil))
    let strange = described("Available").replacing("us-east-1b", with: "x-\(String(repeating: "y", count: 30))")
    let after = folder.done(try state(strange, in: folder))
    #expect(try after.link("prod").cloud?.zones == ["us-east-1a"])
  }

  /// A step names both in a command line.
  @Test func whatAWSDoesNotWriteIsNotItsWord() throws {
    let folder = workspace().done(try importSnowflake(config, endpoint: nil))
    for id in ["vpce-0 $(touch /tmp/x)", "vpce-", "vpce-svc-0", "vpce-0;id", "0a1b", "vpce-0A", "vpce-0\\nx", ""] {
      #expect(
        refusal { _ = try state(described("PendingAcceptance", id: id), in: folder) }
          .contains("\"VpcEndpointId\" is not the id of an endpoint, vpce-…: "), "\(id)")
    }
    for service in ["\(serviceName)`id`", "\(serviceName) x", "$(reboot)", "a;b", "a'b", "a\\nb", ""] {
      #expect(
        refusal { _ = try state(described("PendingAcceptance", service: service), in: folder) }
          .contains("\"ServiceName\" is not the name of a service: "), "\(service)")
    }
  }

  /// What is said of an endpoint that is not the link's, or may be anybody's.
  @Test func anUnrelatedEndpointIsRefused() throws {
    let text = described("Available")
    let azure = workspace().after(
      try importDatabricks(
        "adb-1234567890123456.7.azuredatabricks.net", link: "prod", endpoint: nil, addresses: ["10.1.2.3"]))
    #expect(refusal { _ = try state(text, in: azure) }.contains("runs in Azure, of whose private endpoints"))
    let addressed = workspace().after(try importHosts(["git.corp.example"], link: "prod", endpoint: "10.1.2.3"))
    #expect(refusal { _ = try state(text, in: addressed) }.contains("leads to 10.1.2.3, which does not say whose"))
    let folder = workspace().after(try importSnowflake(config, endpoint: vpce))
    let other = described("Available", service: "com.amazonaws.vpce.us-east-1.vpce-svc-99")
    #expect(
      refusal { _ = try state(other, in: folder) }.contains("and the link \"prod\" of \(serviceName); nothing is kept"))
  }

  /// A ticket puts lines around what AWS printed; what is no JSON is asked for as JSON.
  @Test func whatStandsAroundTheJSONIsLeftOut() throws {
    let asked = workspace().after(try addition(workspace(), service: serviceName))
    let fenced = "Here it is:\n\n```json\n{\"VpcEndpoints\": [\(described("Available"))]}\n```\nThanks, Ann\n"
    #expect(try state(fenced, in: asked).text(server: "").hasPrefix("workspace acme, link prod: AWS says Available"))
    for text in ["VPCENDPOINTS\tvpce-0a\tAvailable\n", "- State: available\n  VpcEndpointId: vpce-0a\n"] {
      #expect(refusal { _ = try state(text, in: asked) }.contains("describe-vpc-endpoints --output json"), "\(text)")
    }
  }

  /// Snowflake's own service is accepted by Snowflake, once the customer has authorized the account.
  @Test func aVendorsServiceIsAcceptedByTheVendor() throws {
    let folder = workspace().done(try importSnowflake(config, endpoint: vpce))
    let plan = try state(described("PendingAcceptance"), in: folder)
    #expect(!plan.nextSteps.joined().contains("accept-vpc-endpoint") && plan.nextSteps.count == 1)
    let link = try folder.done(plan).link("prod")
    #expect(Checklist(for: link, profile: nil).text.contains("SYSTEM$AUTHORIZE_PRIVATELINK"))
    let done = try folder.done(state(described("Available"), in: folder)).link("prod")
    #expect(!Checklist(for: done, profile: nil).text.contains("SYSTEM$AUTHORIZE_PRIVATELINK"))
  }

  @Test func anotherLinksEndpointIsRefused() throws {
    let folder = workspace().after(try importSnowflake(config, endpoint: vpce))
    for text in [
      described("Available", id: "vpce-0ff"),
      "[\(described("Available", id: "vpce-0ff")), \(described("Available", id: "vpce-0ee"))]",
    ] {
      #expect(
        refusal { _ = try state(text, in: folder) }.contains("none of these is the endpoint of the link \"prod\""))
    }
    #expect(
      try state("[\(described("Failed", id: "vpce-0ff")), \(described("Available"))]", in: folder).changesNothing
        == false)
    let asked = workspace().after(try addition(workspace(), service: serviceName))
    let other = described("Available", service: "com.amazonaws.vpce.us-east-1.vpce-svc-99")
    #expect(refusal { _ = try state(other, in: asked) }.contains("its service is \(serviceName)"))
    let two = "[\(described("Available")), \(described("Available", id: "vpce-0ee"))]"
    #expect(refusal { _ = try state(two, in: asked) }.contains("2 of these may be the endpoint"))
    for text in [
      "", "{}", "[]", "{\"VpcEndpoints\": []}", "{\"State\": \"<b>\"}", "{\"State\": 5}", "{\"VpcEndpoints\": 5}",
    ] {
      #expect(refusal { _ = try state(text, in: asked) }.hasPrefix("aws"), "\(text)")
    }
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_709_251_199, "2024-02-29T23:59:59Z"),
    (1_735_689_599, "2024-12-31T23:59:59Z"), (4_102_444_800, "2100-01-01T00:00:00Z"),
  ]) func timesAreWrittenAsCalendarsHaveThem(seconds: Int, text: String) {
    #expect(CloudState.time(UInt64(seconds)) == text)
  }
}
