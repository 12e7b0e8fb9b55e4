import Links
import Testing
import Text
import Wire
import Zones

private let zone = "privatelink.snowflakecomputing.com.zone"
private let parent = "privatelink.snowflakecomputing.com"

private func config(_ values: [(String, String)]) -> String {
  JSON.object((values + [("privatelink-vpce-id", serviceName)]).map { ($0.0, JSON.string($0.1)) }).text
}

private let small = config([
  ("privatelink-account-url", "kd1.us-east-1.\(parent)"), ("privatelink-connection-urls", "[\"dr.\(parent)\"]"),
])

@Suite struct LinkUpdates {
  private func serial(_ folder: WorkspaceFolder) throws -> UInt32 {
    let name = try Name(zone.dropLast(5))
    return try #require(Zone.check(MasterFile.parse(folder.files[zone] ?? [], file: "z", origin: name)).zone).soa.serial
  }

  private func lines(_ plan: Plan) -> [String] {
    plan.hosts.map { "\($0.change.rawValue) \($0.host.textWithoutFinalDot)" }
  }

  @Test func importingAgainChangesNothing() throws {
    let after = workspace().after(try importSnowflake(small))
    let again = try importSnowflake(small, in: after)
    #expect(again.changesNothing && again.files.isEmpty)
    #expect(again.hosts.allSatisfy { $0.change == .kept && $0.remark == nil })
    #expect(again.text(server: "@10.0.0.53").contains("\nNothing changes.\n"))
    #expect(try workspace().after(importSnowflake(small)).files == after.files)
  }

  @Test func theSerialMovesOnlyWithTheContent() throws {
    var folder = workspace().after(try importSnowflake(small))
    #expect(try serial(folder) == 1)
    folder = folder.after(try importSnowflake(small, in: folder))
    #expect(try serial(folder) == 1)
    folder = folder.after(try importSnowflake(small, endpoint: "\(vpce)=10.0.0.1", in: folder))
    #expect(try serial(folder) == 1, "the pinned addresses are in another zone")
    let other = "vpce-0bb-zz.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
    let plan = try importSnowflake(small, endpoint: other, in: folder)
    #expect(plan.hosts.allSatisfy { $0.change == .changed && $0.remark == "was \(vpce)" })
    folder = folder.after(plan)
    #expect(try serial(folder) == 2)
    #expect(folder.files["\(vpce).zone"] == nil, "nothing is pinned any more")
    folder = folder.after(try importSnowflake(small, endpoint: vpce, in: folder))
    #expect(try serial(folder) == 3)
  }

  /// Trap 16: an absent key can mean that a parameter was off.
  @Test func absentKeysKeepTheirHostsUnlessPruned() throws {
    let folder = workspace().after(try importSnowflake(small))
    let less = config([("privatelink-account-url", "kd1.us-east-1.\(parent)")])
    let kept = try importSnowflake(less, in: folder)
    #expect(kept.changesNothing)
    #expect(kept.hosts.count { $0.remark == "not in this input; --prune removes it" } == 2)
    let empty = config([("privatelink-account-url", "kd1.us-east-1.\(parent)"), ("privatelink-connection-urls", "[]")])
    #expect(try importSnowflake(empty, in: folder).changesNothing)
    let pruned = try importSnowflake(less, prune: true, in: folder)
    #expect(
      lines(pruned) == [
        "- dr.\(parent)", "- ocsp.dr.\(parent)", "= kd1.us-east-1.\(parent)", "= ocsp.kd1.us-east-1.\(parent)",
      ])
    #expect(folder.after(pruned).records(zone).count == 2)
  }

  @Test func aKeyWithAnotherValueReplacesItsHosts() throws {
    let folder = workspace().after(try importSnowflake(small))
    let moved = config([
      ("privatelink-account-url", "kd1.us-east-1.\(parent)"), ("privatelink-connection-urls", "[\"new.\(parent)\"]"),
    ])
    #expect(
      lines(try importSnowflake(moved, in: folder)) == [
        "- dr.\(parent)", "- ocsp.dr.\(parent)", "+ new.\(parent)", "+ ocsp.new.\(parent)", "= kd1.us-east-1.\(parent)",
        "= ocsp.kd1.us-east-1.\(parent)",
      ])
  }

  @Test func theTimeToLiveStaysUnlessItIsSaid() throws {
    var options = SnowflakeImport.Options(LinkRequest("prod", endpoint: try readEndpoint(vpce)))
    options.link.ttlSeconds = 300
    let bytes = Array(small.utf8)
    let folder = workspace().after(try SnowflakeImport.plan(bytes, file: "cfg", options: options, in: workspace()))
    #expect(folder.text(zone)?.contains("$TTL 300") == true)
    options.link.ttlSeconds = nil
    #expect(try SnowflakeImport.plan(bytes, file: "cfg", options: options, in: folder).changesNothing)
    options.link.ttlSeconds = 60
    let plan = try SnowflakeImport.plan(bytes, file: "cfg", options: options, in: folder)
    #expect(plan.hosts.allSatisfy { $0.change == .changed && $0.remark == "TTL was 300" })
  }

  @Test func aHandWrittenZoneInTheWayIsRefused() {
    let folder = workspace([zone: "; ours\n@ 60 IN SOA ns.example. me.example. 1 1 1 1 1\n@ IN NS ns.example.\n"])
    let message = refusal { _ = try importSnowflake(small, in: folder) }
    #expect(
      message.hasPrefix("zones/acme/\(zone):1:1: this zone was written by hand and stands where the link prod needs"))
  }

  @Test func handWrittenZonesAroundAreLeftAloneAndToldOf() throws {
    let soa = "@ 60 IN SOA ns.example. me.example. 1 1 1 1 1\n@ 60 IN NS ns.example.\n"
    let folder = workspace(["corp.example.zone": soa, "us-east-1.\(parent).zone": soa])
    let hosts = try importHosts(["git.corp.example"], in: folder)
    #expect(
      hosts.warnings.map(\.message).joined().contains("hides what zones/acme/corp.example.zone says of that name"))
    #expect(!hosts.files.contains { $0.path == "corp.example.zone" })
    let snowflake = try importSnowflake(small, in: folder)
    #expect(snowflake.warnings.map(\.message).joined().contains("written by hand, hides kd1.us-east-1.\(parent)"))
  }

  @Test func whatIsEditedInAGeneratedZoneIsFoundAndMadeGood() throws {
    var folder = workspace().after(try importSnowflake(small))
    #expect(LinkUpdate.problems(in: folder).isEmpty)
    folder.files[zone] = Array(((folder.text(zone) ?? "") + "extra 60 IN A 10.0.0.1\n").utf8)
    #expect(LinkUpdate.problems(in: folder).map(\.description).joined().contains("not what the links say"))
    let plan = try importSnowflake(small, in: folder)
    #expect(plan.files.map(\.path) == [zone])
    #expect(LinkUpdate.problems(in: folder.after(plan)).isEmpty)
    folder.files["links/prod.json"] = nil
    #expect(LinkUpdate.problems(in: folder).map(\.description).joined().contains("no link leads here any more"))
  }

  @Test func pinsOfOneEndpointAgree() throws {
    let folder = workspace().after(try importSnowflake(small, endpoint: "\(vpce)=10.0.0.1"))
    // A link that pins nothing uses the addresses of the one that does.
    let shared = folder.after(try importHosts(["git.corp.example"], in: folder))
    #expect(shared.records("git.corp.example.zone") == ["git.corp.example. A 10.0.0.1"])
    let message = refusal { _ = try importHosts(["git.corp.example"], endpoint: "\(vpce)=10.0.0.2", in: folder) }
    #expect(message.contains("is pinned to 10.0.0.1") && message.contains("10.0.0.2"), "\(message)")
  }

  @Test func removalTakesWhatNoOtherLinkNeeds() throws {
    let one = workspace().after(try importSnowflake(small))
    let two = one.after(try importHosts(["git.corp.example"], in: one))
    let plan = try LinkUpdate.removal(of: "prod", from: two)
    #expect(plan.count(.removed) == 4)
    #expect(plan.files.map { "\($0.content == nil ? "-" : "~") \($0.path)" } == ["- links/prod.json", "- \(zone)"])
    #expect(two.after(plan).files.keys.sorted() == ["git.corp.example.zone", "links/corp.json", "workspace.json"])
    #expect(refusal { _ = try LinkUpdate.removal(of: "prd", from: two) }.contains("did you mean \"prod\"?"))
    // A link file that nobody can read can still be removed.
    var broken = two
    broken.files["links/prod.json"] = Array("{".utf8)
    #expect(broken.after(try LinkUpdate.removal(of: "prod", from: broken)).files[zone] == nil)
    #expect(
      refusal { _ = try importHosts(["a.corp.example"], in: broken) }.hasPrefix("zones/acme/links/prod.json:1:2:"))
  }

  @Test func refusesWhatHasNoPlace() throws {
    var nowhere = workspace()
    nowhere.files["workspace.json"] = nil
    #expect(refusal { _ = try importSnowflake(small, in: nowhere) }.contains("backroad workspace add acme"))
    for name in ["", "Prod", "a/b", "-a", "..", "a b", String(repeating: "a", count: 64)] {
      #expect(refusal { _ = try importSnowflake(small, link: name) }.contains("is not a link's name"))
    }
    let folder = workspace().after(try importHosts(["git.corp.example"], link: "prod"))
    #expect(refusal { _ = try importSnowflake(small, in: folder) }.contains("is of the kind hosts"))
  }

  @Test func tellsOfThePlanToPeopleAndPrograms() throws {
    let plan = try importSnowflake(small)
    let text = plan.text(server: "@10.0.0.53", isDone: true)
    #expect(text.contains("dig @10.0.0.53 kd1.us-east-1.\(parent)\n"))
    #expect(text.contains("set the account in your connector to kd1.us-east-1.privatelink"))
    #expect(!text.contains("Nothing"))
    let json = try JSON.parse(Array(plan.json(server: "@10.0.0.53").text.utf8), file: "plan", comments: false)
    #expect(json.asObject?["hosts"]?.asArray?.count == 4)
    #expect(json.asObject?["changes"]?.asBool == true)
  }
}
