import Admin
import Bounds
import Foundation
import Links
import Testing
import Workspaces

@testable import Server

/// How what is known of links is told.
struct LinkStatesTests {
  private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  private func id(_ link: String, _ role: EndpointRole = .main) -> LinkTarget.ID {
    LinkTarget.ID(link: link, role: role)
  }

  private func change(_ workspace: String, _ link: String = "git") throws -> HealthChange {
    HealthChange(
      workspace: try name(workspace), id: id(link), former: LinkHealth(.reachable, sinceSeconds: 1),
      health: LinkHealth(.failed, sinceSeconds: 86_400, why: "no answer"))
  }

  @Test func aChangeIsALineWithSinceAndWhy() throws {
    var lines = ChangeLines()
    #expect(
      lines.line(try change("acme"))
        == "link git of workspace acme is failed since 1970-01-02T00:00:00Z, before reachable: no answer")
  }

  @Test func linksThatFlapTakeFewLinesAndNoneOfAnothers() throws {
    var lines = ChangeLines()
    _ = lines.takeRest(at: 6000)
    var told = 0
    for _ in 0..<5000 { if lines.line(try change("flapping")) != nil { told += 1 } }
    #expect(told == Limits.Watching.linesOfWorkspace)
    #expect(lines.line(try change("acme")) != nil)
    #expect(lines.takeRest(at: 6059) == nil)
    #expect(
      lines.takeRest(at: 6060)
        == "links changed their states, or were moved, 4980 times more within a minute, of workspace flapping; see backroad link list"
    )
    #expect(lines.takeRest(at: 6200) == nil)
    #expect(lines.line(try change("flapping")) != nil)
    // All together have a limit, too.
    told = 0
    for index in 0..<2 * Limits.Watching.lines { if lines.line(try change("w\(index)")) != nil { told += 1 } }
    #expect(told == Limits.Watching.lines - 1)
  }

  /// What the server does of failing over takes its lines of what changed states have, and none of another workspace's.
  @Test func movesOfLinksTakeTheirLinesOfTheSameMinute() throws {
    var lines = ChangeLines()
    _ = lines.takeRest(at: 6000)
    let move = FailoverKeeper.Line(id: LinkID(try name("flapping"), "git"), text: "moved")
    var told = 0
    for index in 0..<1000 {
      let line = index % 2 == 0 ? lines.line(move) : lines.line(try change("flapping"))
      if line != nil { told += 1 }
    }
    #expect(told == Limits.Watching.linesOfWorkspace)
    #expect(lines.line(FailoverKeeper.Line(id: LinkID(try name("acme"), "git"), text: "moved")) == "moved")
    #expect(lines.takeRest(at: 6060)?.hasPrefix("links changed their states, or were moved, 980 times ") == true)
  }

  @Test func aLinkIsAsGoodAsTheWorstOfItsEndpoints() throws {
    func together(_ main: LinkHealth.State, _ stage: LinkHealth.State) -> LinkHealth? {
      LinkStanding.all([
        (id("a"), LinkHealth(main, why: "m")), (id("a", .stage), LinkHealth(stage, why: "s")),
        (id("a", .standby), LinkHealth(.failed)),
      ]).first?.health
    }
    #expect(together(.reachable, .reachable)?.state == .reachable)
    #expect(together(.failed, .reachable) == LinkHealth(.failed, why: "m"))
    #expect(together(.reachable, .failed) == LinkHealth(.degraded, why: "the stage endpoint is failed: s"))
    #expect(together(.reachable, .requested)?.state == .degraded)
    #expect(together(.notResolving, .requested)?.state == .requested)
    #expect(together(.reachable, .unknown) == LinkHealth(.reachable, why: "m"))
    #expect(together(.unknown, .unknown)?.state == .unknown)
  }

  /// What clients are answered counts, and why has what they would be answered else.
  @Test func aLinkAtItsStandbyIsAsTheStandbyIs() throws {
    let states = LinkStates(isWatching: true)
    let acme = try name("acme")
    func health(_ main: LinkHealth, _ standby: LinkHealth, stage: LinkHealth? = nil) -> LinkHealth? {
      states.put(
        [(id("a"), main)] + (stage.map { [(id("a", .stage), $0)] } ?? []) + [(id("a", .standby), standby)], of: acme)
      let standing = states.links(of: acme, atStandby: ["a"]).first
      #expect(standing?.parts.map(\.role) == (stage == nil ? [.main, .standby] : [.main, .stage, .standby]))
      return standing?.health
    }
    let failed = LinkHealth(.failed, sinceSeconds: 86_400, why: "no answer")
    let rest = "the names lead to the standby, and the main endpoint is failed since 1970-01-02T00:00:00Z: no answer"
    #expect(
      health(failed, LinkHealth(.reachable, sinceSeconds: 5)) == LinkHealth(.reachable, sinceSeconds: 5, why: rest))
    #expect(health(LinkHealth(.reachable), failed) == failed)
    #expect(health(failed, LinkHealth(.degraded, why: "half")) == LinkHealth(.degraded, why: "half; \(rest)"))
    #expect(
      health(LinkHealth(.reachable), LinkHealth(.reachable), stage: failed)
        == LinkHealth(.degraded, sinceSeconds: 86_400, why: "the stage endpoint is failed: no answer"))
    #expect(states.links(of: acme, atStandby: []).first?.health.state == .degraded)
  }

  @Test func aLineSaysWhichEndpointItIsOf() throws {
    var lines = ChangeLines()
    func line(_ role: EndpointRole, _ isAtStandby: Bool) throws -> String? {
      lines.line(
        HealthChange(
          workspace: try name("acme"), id: id("git", role), former: LinkHealth(.unknown), health: LinkHealth(.failed)),
        isAtStandby: isAtStandby)
    }
    #expect(try line(.main, false) == "link git of workspace acme is failed since now")
    #expect(try line(.main, true) == "the main endpoint of link git of workspace acme is failed since now")
    #expect(try line(.standby, false) == "the standby endpoint of link git of workspace acme is failed since now")
    #expect(
      try line(.standby, true)
        == "the standby endpoint of link git of workspace acme, where its names lead, is failed since now")
  }

  @Test func linksAreListedPageByPageEachWithItsOwnWorkspace() throws {
    let rig = try AdminRig()
    try rig.serve(["a", "b", "c"])
    for workspace in ["a", "b", "c"] {
      rig.context.links.put(
        (0..<3).map { index in
          (id("\(workspace)\(index)"), LinkHealth(index == 0 ? .failed : .reachable, sinceSeconds: 5, why: "w"))
        }, of: try name(workspace))
    }
    func page(_ query: String) throws -> (names: [String], next: String?) {
      let answer = try rig.answer(rig.get("/v1/links\(query)"))
      #expect(answer.status == 200, "\(answer.body)")
      let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
      let links = object?["links"] as? [[String: Any]] ?? []
      return (links.compactMap { $0["name"] as? String }, object?["next"] as? String)
    }
    var all: [String] = []
    var after: String?
    repeat {
      let (names, next) = try page("?limit=2" + (after.map { "&after=\($0)" } ?? ""))
      all += names
      after = next
    } while after != nil
    #expect(all == ["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2"])
    #expect(try page("?workspace=b").names == ["b0", "b1", "b2"])
    #expect(try page("?state=failed").names == ["a0", "b0", "c0"])
    for wrong in ["?workspace=nobody", "?state=well", "?limit=0", "?color=red"] {
      #expect(try rig.answer(rig.get("/v1/links\(wrong)")).status >= 400)
    }
    // What has no links any more is in no list.
    rig.context.links.put([], of: try name("b"))
    #expect(try page("?workspace=b").names == [] && page("").names.count == 6)
  }

  @Test func metricsOfWorkspacesBeyondTheLimitAreTogether() throws {
    var text = MetricsText()
    let states = LinkStates(isWatching: true)
    let limit = Limits.Admin.workspacesOfMetrics
    for index in 0..<limit + 3 {
      states.put([(id("git"), LinkHealth(.degraded))], of: try name("w\(100_000 + index)"))
    }
    LinkMetrics.write(&text, states.counts(in: ServerState.View()), byWorkspace: true)
    let lines = text.text.split(separator: "\n")
    #expect(lines.contains("backroad_links{state=\"degraded\"} \(limit + 3)"))
    #expect(lines.contains("backroad_workspace_links{workspace=\"w100000\",state=\"degraded\"} 1"))
    #expect(lines.contains("backroad_workspace_links{workspace=\"_other\",state=\"degraded\"} 3"))
    #expect(lines.count == 4 + (limit + 2) * LinkHealth.State.allCases.count)
    var bare = MetricsText()
    LinkMetrics.write(&bare, states.counts(in: ServerState.View()), byWorkspace: false)
    #expect(!bare.text.contains("workspace="))
  }
}
