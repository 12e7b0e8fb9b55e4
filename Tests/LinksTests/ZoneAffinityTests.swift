import Links
import Testing
import Text
import Wire
import Workspaces

@Suite struct ZoneAffinities {
  private func choices(_ affinity: Bool?, _ addresses: String...) throws -> LinkChoices {
    var choices = LinkChoices()
    choices.zoneAffinity = affinity
    choices.zonal = try ZonalAddresses(addresses, flag: "--zone-address")
    return choices
  }

  private func guards(_ folder: WorkspaceFolder) throws -> LinkGuards {
    let source = WorkspaceSource(
      name: try #require(WorkspaceName(folder.name)), folder: folder.directory, files: folder.files)
    let (workspace, problems) = Workspace.loadLinked(source, in: WorkspaceSetting())
    return try #require(workspace, "\(problems)").guards
  }

  private let two = ["us-east-1a=10.0.1.7", "us-east-1b=10.0.2.7"]

  @Test func addressesByZoneArePinnedAndKept() throws {
    let plan = try importHosts(
      ["git.corp.example"], choices: choices(true, two[0], two[1]), in: workspace())
    #expect(plan.notes.contains("addresses by availability zone: us-east-1a 10.0.1.7, us-east-1b 10.0.2.7"))
    #expect(plan.notes.contains { $0.hasPrefix("no client is known to be in a zone: \"client-zones\"") })
    var folder = workspace().after(plan)
    let text = try #require(folder.text("links/corp.json"))
    #expect(text.contains("\"zone_affinity\": true"), "\(text)")
    #expect(folder.records("\(vpce).zone").count == 2, "both are pinned")
    #expect(
      try guards(folder).zonal.mapValues { $0.map(\.description) } == [
        "us-east-1a": ["10.0.1.7"], "us-east-1b": ["10.0.2.7"],
      ])
    // Whatever does not speak of it leaves it, also the same addresses said once more.
    for endpoint in [nil, vpce, "\(vpce)=10.0.1.7,10.0.2.7"] as [String?] {
      let again = try importHosts(["git.corp.example"], endpoint: endpoint, in: folder)
      #expect(again.changesNothing, "\(endpoint ?? "none"): \(again.files.map(\.path))")
    }
    // An address that goes takes its zone with it; one that is moved is in the other.
    folder = folder.after(try importHosts(["git.corp.example"], endpoint: "\(vpce)=10.0.1.7,10.0.3.7", in: folder))
    #expect(try guards(folder).zonal.keys.sorted() == ["us-east-1a"])
    let moved = try LinkUpdate.endpoint(
      nil, of: "corp", choices: choices(nil, "us-east-1c=10.0.1.7,10.0.3.7"), in: folder)
    #expect(moved.hosts.allSatisfy { $0.remark == "zones of the addresses" })
    folder = folder.after(moved)
    #expect(try guards(folder).zonal["us-east-1c"]?.count == 2)
    // Without the wish nothing is in another order, and what is known stays known.
    let off = try LinkUpdate.endpoint(nil, of: "corp", choices: choices(false), in: folder)
    #expect(off.notes == ["clients of all zones are answered in the same order again"])
    folder = folder.after(off)
    #expect(try guards(folder).zonal.isEmpty)
    #expect(folder.text("links/corp.json")?.contains("\"us-east-1c\"") == true)
  }

  @Test func whereAddressesComeFromUpstreamNothingIsReordered() throws {
    let plan = try importHosts(["git.corp.example"], choices: choices(true))
    #expect(plan.notes.contains { $0.hasPrefix("in which zones the endpoint's addresses are is not known") })
    #expect(try guards(workspace().after(plan)).zonal.isEmpty)
  }

  @Test func aStandbyHasZonesToo() throws {
    let link = """
      { "kind": "hosts", "zone_affinity": true,
        "endpoint": { "addresses": ["10.0.1.7"], "zonal": { "a": ["10.0.1.7"] } },
        "standby": { "addresses": ["10.9.1.7", "10.9.2.7"], "zonal": { "a": ["10.9.2.7"] } },
        "zones": { "git.corp.example": { "git.corp.example": [] } } }
      """
    var read = try LinkFileReader.read(Array(link.utf8), name: "corp", file: "f")
    #expect(try LinkFileReader.read(Array(read.fileText.utf8), name: "corp", file: "f") == read)
    read.ttlSeconds = 61
    let folder = workspace(["links/corp.json": read.fileText])
    let source = WorkspaceSource(
      name: try #require(WorkspaceName(folder.name)), folder: folder.directory, files: folder.files)
    let guards = try #require(Workspace.loadLinked(source, in: WorkspaceSetting()).workspace).guards
    #expect(guards.zonal["a"]?.map(\.description).sorted() == ["10.0.1.7", "10.9.2.7"])
  }

  /// A workspace with a link by name alone, of which AWS has said that it is in two zones.
  private func said(zones clients: String = "\"us-east-1a\": [\"10.1.0.0/20\"]") throws -> WorkspaceFolder {
    let folder = workspace([
      "workspace.json": "{ \"clients\": [\"10.1.0.0/16\"], \"client-zones\": { \(clients) } }"
    ])
    let made = folder.after(try importHosts(["git.corp.example"], in: folder))
    let names = ["", "-us-east-1b", "-us-east-1a"].map { vpce.replacing("-abcdefgh", with: "-abcdefgh\($0)") }
    let entries = names.map { "{\"DnsName\": \"\($0)\"}" }.joined(separator: ", ")
    let json = "{\"State\": \"available\", \"ServiceName\": \"\(serviceName)\", \"DnsEntries\": [\(entries)]}"
    let endpoints = try DescribedEndpoint.read(Array(json.utf8), file: "aws")
    let one = try DescribedEndpoint.find(for: made.link("corp"), among: endpoints, file: "aws")
    return made.after(try LinkUpdate.state(one, of: "corp", seen: "2026-01-31T12:00:00Z", in: made))
  }

  /// An endpoint by its name has the addresses of all its zones; pinned it has those that were named.
  @Test func whatIsPinnedWithoutAZoneIsWarnedOf() throws {
    let folder = try said()
    let plan = try LinkUpdate.endpoint(nil, of: "corp", choices: choices(true, two[0]), in: folder)
    #expect(plan.notes.contains { $0.hasPrefix("\(vpce) is pinned to these addresses from now on") }, "\(plan.notes)")
    let missing = "us-east-1b is missing, where AWS says that the endpoint is too"
    #expect(plan.warnings.map(\.message).contains { $0.contains(missing) }, "\(plan.warnings)")
    #expect(LinkUpdate.problems(in: folder.after(plan)).map(\.message).contains { $0.contains(missing) })
    // As it is by an address whose zone nobody says, and in an import.
    for endpoint in ["\(vpce)=10.0.1.7"] {
      #expect(try importHosts(["git.corp.example"], endpoint: endpoint, in: folder).warnings.count == 1)
    }
    for all in [try choices(true, two[0], two[1]), try choices(nil, two[0], two[1])] {
      let whole = try LinkUpdate.endpoint(nil, of: "corp", choices: all, in: folder)
      #expect(whole.warnings == [] && LinkUpdate.problems(in: folder.after(whole)) == [])
    }
    #expect(try importHosts(["git.corp.example"], endpoint: "\(vpce)=10.0.1.7,10.0.2.7", in: folder).warnings == [])
    // What is pinned already is so no more from now on than before.
    let pinned = folder.after(try importHosts(["git.corp.example"], endpoint: "\(vpce)=10.0.1.7", in: folder))
    let more = try LinkUpdate.endpoint(nil, of: "corp", choices: choices(nil, two[1]), in: pinned)
    #expect(!more.notes.contains { $0.contains("from now on") } && more.warnings == [])
  }

  @Test(arguments: ["use1-az1", "us-east-1z", "eu-west-1a"])
  func zonesThatDoNotMeetAreWarnedOf(client: String) throws {
    let folder = try said(zones: "\"\(client)\": [\"10.1.0.0/20\"]")
    let plan = try LinkUpdate.endpoint(nil, of: "corp", choices: choices(true, two[0], two[1]), in: folder)
    let doubt =
      "the addresses are in us-east-1a, us-east-1b, and the clients of \"client-zones\" in workspace.json in \(client): nobody is"
    #expect(plan.warnings.contains { $0.message.contains(doubt) }, "\(plan.warnings)")
    #expect(!plan.notes.contains { $0.contains("first") }, "\(plan.notes)")
    #expect(LinkUpdate.problems(in: folder.after(plan)).contains { $0.message.contains(doubt) })
    // Where some meet, the others are named.
    let both = try said(zones: "\"us-east-1b\": [\"10.1.0.0/20\"], \"\(client)\": [\"10.1.16.0/20\"]")
    let some = try LinkUpdate.endpoint(nil, of: "corp", choices: choices(true, two[0], two[1]), in: both)
    #expect(
      some.notes.suffix(3) == [
        "clients of us-east-1b are answered with the addresses there first",
        "no client is in us-east-1a, as \"client-zones\" in workspace.json has it",
        "no address is in \(client): clients there are answered in the usual order",
      ], "\(some.notes)")
    #expect(some.warnings == [] && LinkUpdate.problems(in: both.after(some)) == [])
  }

  /// As it is for the endpoint's own.
  @Test func theZonesOfAStandbyAreSaidByAFlag() throws {
    let folder = workspace().after(try importHosts(["git.corp.example"], endpoint: "10.0.1.7"))
    var said = try choices(true, "us-east-1a=10.0.1.7")
    said.zonalOfStandby = try ZonalAddresses(["us-east-1a=10.9.1.7"], flag: "--standby-zone-address")
    #expect(
      refusal { _ = try LinkUpdate.endpoint(nil, of: "corp", choices: said, in: folder) }.contains(
        "--standby-zone-address: the link \"corp\" has no standby; name it with --standby VPCE"))
    said.standby = .this(try readEndpoint("10.9.2.7"))
    let plan = try LinkUpdate.endpoint(nil, of: "corp", choices: said, in: folder)
    #expect(plan.notes.contains("the standby's addresses by availability zone: us-east-1a 10.9.1.7"), "\(plan.notes)")
    #expect(
      try guards(folder.after(plan)).zonal.mapValues { $0.map(\.description).sorted() } == [
        "us-east-1a": ["10.0.1.7", "10.9.1.7"]
      ])
    #expect(try folder.after(plan).link("corp").standby?.addresses.count == 2)
  }

  @Test func theAddressesAreHeldToWhatAllAddressesAre() throws {
    #expect(
      refusal { _ = try importHosts(["git.corp.example"], choices: choices(true, "us-east-1a=203.0.113.7")) }.contains(
        "203.0.113.7 is not private"))
    for (text, message) in [
      ("10.0.1.7", "\"10.0.1.7\" is not ZONE=ADDRESS, as us-east-1a=10.0.1.7"),
      ("us-east-1a=", "--zone-address: there is an address missing beside a comma"),
      ("us-east-1a=10.0.1.7,us-east-1b", "\"us-east-1b\" is not an IP address"),
    ] { #expect(refusal { _ = try choices(nil, text) }.contains(message), "\(text)") }
    #expect(
      refusal { _ = try choices(nil, "a=10.0.1.7", "b=10.0.1.7") }.contains(
        "10.0.1.7 is given to the zones a and b; an address is in one"))
  }
}
