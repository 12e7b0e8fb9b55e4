import Testing
import Text
import Wire
import Workspaces
import Zones

@testable import Links

private let parent = "privatelink.snowflakecomputing.com"
private let east = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
private let west = "vpce-0b1b2c3d4e5f60718-ijklmnop.vpce-svc-0fedcba9876543210.us-west-2.vpce.amazonaws.com"

/// Snowflake's client redirect: connection → account → endpoint, and whose the connection is.
@Suite struct ClientRedirects {
  private let zone = "\(parent).zone"

  private func config(_ locator: String, _ region: String, connections: [String] = ["acme-dr"]) -> String {
    let list = connections.map { "\($0).\(parent)" }.joined(separator: ", ")
    return """
      {"privatelink-account-url": "\(locator).\(region).\(parent)", "privatelink-connection-urls": "[\(list)]",
      "privatelink-connection-ocsp-urls": "[\(connections.map { "ocsp.\($0).\(parent)" }.joined(separator: ", "))]"}
      """
  }

  private func change(
    _ link: String, primary: Bool = false, connections: [String] = ["acme-dr"], in folder: WorkspaceFolder
  ) throws -> Plan {
    let isEast = link == "east"
    var options = SnowflakeImport.Options(LinkRequest(link, endpoint: try readEndpoint(isEast ? east : west)))
    options.isPrimary = primary
    let text = config(isEast ? "ea1" : "we2", isEast ? "us-east-1" : "us-west-2", connections: connections)
    return try SnowflakeImport.plan(Array(text.utf8), file: "cfg", options: options, in: folder)
  }

  private func both() throws -> WorkspaceFolder {
    let one = workspace().after(try change("east", in: workspace()))
    return one.after(try change("west", in: one))
  }

  @Test func oneConnectionOfTwoAccountsIsNoConflict() throws {
    let one = workspace().after(try change("east", in: workspace()))
    // Alone, the connection leads where the account does.
    #expect(one.records(zone).contains("acme-dr.\(parent). CNAME \(east)."))
    let plan = try change("west", in: one)
    let folder = one.after(plan)
    #expect(folder.records(zone).contains("acme-dr.\(parent). CNAME ea1.us-east-1.\(parent)."))
    #expect(folder.records(zone).contains("ocsp.acme-dr.\(parent). CNAME ocsp.ea1.us-east-1.\(parent)."))
    #expect(folder.records(zone).contains("ea1.us-east-1.\(parent). CNAME \(east)."))
    #expect(folder.records(zone).contains("we2.us-west-2.\(parent). CNAME \(west)."))
    #expect(LinkUpdate.problems(in: folder).isEmpty)
    let shown = plan.hosts.first { $0.host.textWithoutFinalDot == "acme-dr.\(parent)" }
    #expect(shown?.target?.text == east)
    #expect(shown?.remark == "the link \"east\" has it now; --primary moves it here")
    #expect(plan.notes.contains { $0.contains("(client redirect): the link \"east\" has it now") })
  }

  /// A failover moves the connection to the other account, and nothing else.
  @Test func aFailoverMovesTheConnection() throws {
    let before = try both()
    let plan = try LinkFailover.plan(["east"], isBack: false, in: before)
    #expect(
      plan.notes.contains { $0.contains("west: acme-dr.\(parent) is a connection URL of \"east\" too") },
      "\(plan.notes)")
    let over = before.after(plan)
    #expect(over.records(zone).contains("acme-dr.\(parent). CNAME we2.us-west-2.\(parent)."))
    #expect(over.records(zone).contains("ea1.us-east-1.\(parent). CNAME \(east)."))
    #expect(LinkUpdate.problems(in: over).isEmpty)
    #expect(try LinkFailover.plan(["east"], isBack: false, in: over).changesNothing)
    let back = over.after(try LinkFailover.plan(["east"], isBack: true, in: over))
    #expect(back.records(zone) == before.records(zone))
    // Of three accounts it is to be said which.
    var three = over
    let text = before.text("links/west.json")?.replacing("we2", with: "we3").replacing(west, with: east)
    three.files["links/third.json"] = text.map { Array($0.utf8) }
    let why = refusal { _ = try LinkFailover.plan(["west"], isBack: false, in: three) }
    #expect(why.contains("backroad link failover acme LINK --back"), "\(why)")
  }

  /// A name that leads elsewhere afterwards is shown as one, once, and where it led.
  @Test func thePlanShowsWhatMoves() throws {
    let names = ["acme-dr.\(parent)", "ocsp.acme-dr.\(parent)"]
    func check(_ plan: Plan, to target: String, was: String, _ link: String) {
      let moved = plan.hosts.filter { names.contains($0.host.textWithoutFinalDot) }
      #expect(moved.count == 2 && plan.count(.changed) == 2, "\(plan.text(server: "@s"))")
      for host in moved {
        #expect(host.change == .changed && host.target?.text == target)
        #expect(host.remark == "was \(was), of the link \"\(link)\"", "\(host.remark ?? "")")
      }
    }
    let folder = try both()
    let imported = try change("west", primary: true, in: folder)
    check(imported, to: west, was: east, "east")
    check(try LinkFailover.plan(["east"], isBack: false, in: folder), to: west, was: east, "east")
    let over = folder.after(imported)
    check(try LinkFailover.plan(["east"], isBack: true, in: over), to: east, was: west, "west")
    // A link that is new with the connection takes it from the one that had it alone.
    let one = workspace().after(try change("east", in: workspace()))
    let first = try change("west", primary: true, in: one).hosts.first { $0.host.textWithoutFinalDot == names[0] }
    #expect(first?.change == .added && first?.remark == "was \(east), of the link \"east\"")
    #expect(try change("west", in: one).count(.changed) == 0)
  }

  /// `--primary` moves it, one import of either moves nothing, and either order of the two accounts will do.
  @Test func primarySaysWhoseItIsAndOthersKeepIt() throws {
    let moved = try both().after(change("west", primary: true, in: both()))
    #expect(moved.records(zone).contains("acme-dr.\(parent). CNAME we2.us-west-2.\(parent)."))
    #expect(moved.records(zone).contains("ocsp.acme-dr.\(parent). CNAME ocsp.we2.us-west-2.\(parent)."))
    #expect(moved.text("links/west.json")?.contains("\"primary\": [") == true)
    #expect(moved.text("links/east.json")?.contains("primary") == false)
    for link in ["east", "west"] { #expect(try change(link, in: moved).changesNothing) }
    let back = moved.after(try change("east", primary: true, in: moved))
    #expect(back.records(zone) == (try both().records(zone)))
    for link in ["links/east.json", "links/west.json"] { #expect(back.text(link) == (try both().text(link))) }
  }

  @Test func aConnectionOfOtherLinksIsNotMovedWithTheRest() throws {
    var folder = try both()
    folder = folder.after(try change("west", primary: true, connections: ["acme-dr", "acme-bi"], in: folder))
    folder = folder.after(try change("east", primary: true, in: folder))
    #expect(folder.records(zone).contains("acme-dr.\(parent). CNAME ea1.us-east-1.\(parent)."))
    #expect(folder.records(zone).contains("acme-bi.\(parent). CNAME \(west)."))
  }

  @Test func theConnectionFollowsWhenItsLinkGoes() throws {
    let folder = try both()
    let without = folder.after(try LinkUpdate.removal(of: "east", from: folder))
    #expect(without.records(zone).contains("acme-dr.\(parent). CNAME \(west)."))
  }

  @Test func aNameThatIsNoConnectionStaysAConflict() throws {
    let folder = try both()
    let message = refusal { _ = try importHosts(["acme-dr.\(parent)"], link: "odd", endpoint: "10.9.9.9", in: folder) }
    #expect(message.contains("acme-dr.\(parent) leads to"), "\(message)")
  }

  @Test func primaryWithoutAConnectionIsRefused() throws {
    let message = refusal { _ = try change("east", primary: true, connections: [], in: workspace()) }
    #expect(message.contains("--primary: the input names no connection URL"), "\(message)")
  }

  @Test func twoThatBothHaveItAreRefused() throws {
    var folder = try both().after(change("west", primary: true, in: both()))
    let primary = "\"primary\": [\"acme-dr.\(parent)\"],\n  \"endpoint\""
    folder.files["links/east.json"] = folder.text("links/east.json").map { text in
      Array(text.replacing("\"endpoint\"", with: primary, maxReplacements: 1).utf8)
    }
    let problems = LinkUpdate.problems(in: folder).map(\.description)
    #expect(
      problems.contains { $0.contains("both say that they have acme-dr.") && $0.contains("--primary") }, "\(problems)")
  }

  /// While the link that has it has no endpoint yet, the connection is held closed: it is not the other's.
  @Test func aConnectionOfALinkThatIsOnlyAskedForIsHeldClosed() throws {
    let folder = try both()
    let links = try folder.links().map { link in
      var link = link
      if link.name == "east" { link.main.endpoint = nil }
      return link
    }
    let guards = try links.guards(in: folder)
    #expect(guards.entry(for: try Name("acme-dr.\(parent)")) == LinkGuards.Entry(link: "east", closure: .noEndpoint))
    let generation = Generation(workspace: folder, links: links, settings: try folder.settings())
    let records = try #require(generation.zones[try Name(parent)]).records
    #expect(!records.contains { $0.owner.textWithoutFinalDot.hasPrefix("acme-dr") })
  }
}
