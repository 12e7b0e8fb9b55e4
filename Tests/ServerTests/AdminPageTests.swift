import Admin
import Bounds
import Foundation
import Storage
import Testing
import Text
import Wire
import Workspaces

@testable import Forwarding
@testable import Server

/// Pages of the admin interface: what they list of much, and what that costs.
struct AdminPageTests {
  // MARK: Links

  /// A zones folder with one workspace.
  private final class Zones {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("links-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url("acme/links"), withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func url(_ path: String) -> URL { folder.appendingPathComponent(path) }

    func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: url(path)) }

    func listing() throws -> LinkListing {
      LinkListing(
        of: try #require(WorkspaceName("acme")), in: ZonesFolder(path: folder.path), LinkStates(isWatching: false))
    }
  }

  private static let link = """
    { "kind": "hosts", "ttl": 60, "endpoint": { "addresses": ["10.9.0.1"] }, "zones": { "db.example": {} } }
    """

  /// A zone larger than any that is read, which costs nothing here.
  @Test func linksAreListedWithoutReadingZones() throws {
    let zones = try Zones()
    try zones.write("{ \"clients\": [] }", to: "acme/workspace.json")
    try zones.write(Self.link, to: "acme/links/b.json")
    try zones.write(Self.link, to: "acme/links/a.json")
    try zones.write("{", to: "acme/links/c.json")
    try zones.write(Self.link, to: "acme/links/.d.json")
    try zones.write("", to: "acme/big.example.zone")
    let file = try FileHandle(forWritingTo: zones.url("acme/big.example.zone"))
    try file.truncate(atOffset: UInt64(Limits.Files.octets) + 1)
    try file.close()
    let listing = try zones.listing()
    #expect(listing.listed.map { $0.asObject?["name"]?.asString } == ["a", "b"])
    #expect(listing.problems.count == 1 && listing.problems[0].file?.hasSuffix("acme/links/c.json") == true)
    try FileManager.default.removeItem(at: zones.url("acme/links"))
    #expect(try zones.listing().listed.isEmpty && zones.listing().problems.isEmpty)
  }

  @Test func linksBeyondTheLimitAreToldOf() throws {
    let zones = try Zones()
    let padding = String(repeating: " ", count: Limits.JSON.octets - Self.link.utf8.count)
    for name in ["a", "b", "c", "d", "e", "f"] { try zones.write(Self.link + padding, to: "acme/links/\(name).json") }
    let full = try zones.listing()
    #expect(full.listed.map { $0.asObject?["name"]?.asString } == ["a", "b", "c", "d"])
    #expect(full.problems.map(\.message) == ["more than 4 MiB of links; this and those after it are not listed here"])
    // One that is too large by itself is told of, and the others are listed.
    try zones.write(Self.link + padding + " ", to: "acme/links/a.json")
    #expect(try zones.listing().listed.map { $0.asObject?["name"]?.asString } == ["b", "c", "d", "e"])
    for number in 0...Limits.Admin.entriesOfLinks { try zones.write("", to: "acme/links/n\(number)") }
    let crowd = try zones.listing()
    #expect(
      crowd.listed.isEmpty && crowd.problems.map(\.message) == ["more than 2000 entries, which are not listed here"])
  }

  // MARK: Workspaces

  private func view(_ served: Int, broken: [String]) throws -> ServerState.View {
    let workspaces = try (0..<served).shuffled().map { number in
      let source = WorkspaceSource(
        name: try #require(WorkspaceName("w\(1000 + number)")), folder: "w",
        files: ["workspace.json": Array("{ \"clients\": [] }".utf8)])
      return try #require(Workspace.load(source, serverRules: []).workspace)
    }
    var view = ServerState.View()
    view.snapshot = Snapshot.make(workspaces).snapshot
    for text in broken {
      let name = try #require(WorkspaceName(text))
      view.broken[name] = BrokenWorkspace(name: name, sinceSeconds: 1, isServed: false, problems: [])
    }
    return view
  }

  @Test func workspacesAreListedInOrderAPageAtATime() throws {
    let view = try view(200, broken: ["w1003", "a", "z", "w1100x"])
    let all = (["a"] + (0..<200).map { "w\(1000 + $0)" } + ["w1100x", "z"]).sorted()
    var found: [String] = []
    while true {
      let page = WorkspaceListRoute.names(view, after: found.last, limit: 7).map(\.description)
      found += page
      guard page.count == 7 else { break }
    }
    #expect(found == all)
    #expect(view.broken(atMost: 2).map(\.name.description) == ["a", "w1003"])
  }

  // MARK: Upstreams

  private func report(_ count: Int) throws -> WorkerReport {
    var report = WorkerReport.empty
    var tally = UpstreamTally()
    tally.queryCount = 3
    tally.failureCount = 1
    for number in (0..<count).shuffled() {
      let upstream = Upstream(SocketAddress(.v4(0x0a00_0000 + UInt32(number)), port: 53))
      let trouble = UpstreamTrouble(refuses: true, seconds: UInt32(number))
      report.upstreams.append(
        UpstreamReport(upstream: upstream, isDown: true, trouble: trouble, usualTime: nil, tally: tally))
    }
    return report
  }

  @Test func theFirstUpstreamsByAddressHaveSeriesAndTheRestIsOne() throws {
    let rig = try AdminRig(workers: (2, 2), report: try report(150))
    let lines = try rig.answer(rig.get("/metrics")).body.split(separator: "\n")
    let queries = lines.filter { $0.hasPrefix("backroad_upstream_queries_total{") }
    let expected = (0..<100).map { "backroad_upstream_queries_total{upstream=\"10.0.0.\($0)\"} 6" }
    #expect(queries.map { String($0) } == expected + ["backroad_upstream_queries_total{upstream=\"_other\"} 300"])
    #expect(lines.contains("backroad_upstream_failures_total{upstream=\"_other\"} 100"))
    let status = try rig.answer(rig.get("/v1/status")).body
    let addresses = status.matches(of: /"address": "([^"]*)"/).map { String($0.1) }
    #expect(addresses == (0..<100).map { "10.0.0.\($0)" })
  }

  /// Choosing those that are shown is far from what it takes to name and sort all.
  @Test func whatIsNotShownIsNeitherNamedNorSorted() throws {
    let reports = [try report(8192), try report(8192)]
    func time(_ body: () -> Int) -> Duration {
      (0..<3).map { _ in ContinuousClock().measure { #expect(body() == 100) } }.min() ?? .zero
    }
    let chosen = time { UpstreamHealth.all(reports).lowest(100, by: \.upstream).count }
    let sorted = time { UpstreamHealth.all(reports).sorted { "\($0.upstream)" < "\($1.upstream)" }.prefix(100).count }
    #expect(chosen * 2 < sorted, "\(chosen), and \(sorted) for sorting all by their names")
  }

  /// A worker hands over numbers: this would not compile for text, which takes memory for each.
  @Test func aWorkersReportOfATroubleIsNoText() {
    func isPlain<Value: BitwiseCopyable>(_: Value.Type) -> Bool { true }
    #expect(isPlain(UpstreamTrouble.self))
    #expect("\(UpstreamTrouble(refuses: true, seconds: 5))" == "refuses for 5 s")
    #expect("\(UpstreamTrouble(refuses: false, seconds: 3))" == "is silent for 3 s")
  }
}
