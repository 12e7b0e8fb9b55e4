import Admin
import Bounds
import Testing
import Workspaces

@testable import Server

/// What the metrics say of each workspace.
struct WorkspaceMetricsTests {
  private func tallies(_ names: [String]) throws -> [(name: WorkspaceName, tally: WorkspaceTally)] {
    try names.map { (try #require(WorkspaceName($0)), WorkspaceTally()) }
  }

  private func lines(_ tallies: [(name: WorkspaceName, tally: WorkspaceTally)]) -> [String] {
    var text = MetricsText()
    WorkspaceMetrics.write(&text, tallies)
    return text.text.split(separator: "\n").map { String($0) }
  }

  @Test func workspacesAreListedByName() throws {
    let tallies = try tallies(["b", "a"])
    for (index, code) in WorkspaceTally.Code.allCases.enumerated() {
      for _ in 0...index { tallies[0].tally.count(code) }
    }
    #expect(
      lines(tallies) == [
        "# HELP backroad_workspace_queries_total Queries of a workspace's clients, by what became of them.",
        "# TYPE backroad_workspace_queries_total counter",
        #"backroad_workspace_queries_total{workspace="a",code="noerror"} 0"#,
        #"backroad_workspace_queries_total{workspace="a",code="nxdomain"} 0"#,
        #"backroad_workspace_queries_total{workspace="a",code="servfail"} 0"#,
        #"backroad_workspace_queries_total{workspace="a",code="refused"} 0"#,
        #"backroad_workspace_queries_total{workspace="a",code="other"} 0"#,
        #"backroad_workspace_queries_total{workspace="b",code="noerror"} 1"#,
        #"backroad_workspace_queries_total{workspace="b",code="nxdomain"} 2"#,
        #"backroad_workspace_queries_total{workspace="b",code="servfail"} 3"#,
        #"backroad_workspace_queries_total{workspace="b",code="refused"} 4"#,
        #"backroad_workspace_queries_total{workspace="b",code="other"} 5"#,
      ])
  }

  @Test func thoseBeyondTheLimitAreTogether() throws {
    let limit = Limits.Admin.workspacesOfMetrics
    let codes = WorkspaceTally.Code.allCases.count
    // Names of one length, the last first: their order is that of the numbers.
    let tallies = try tallies((0..<limit + 3).reversed().map { "w\(100_000 + $0)" })
    for (_, tally) in tallies { tally.count(.nameError) }
    let within = lines(Array(tallies.suffix(limit)))
    #expect(within.count == 2 + limit * codes && !within.contains { $0.contains("_other") })
    let beyond = lines(tallies)
    #expect(beyond.count == 2 + (limit + 1) * codes)
    #expect(Array(beyond.prefix(2 + limit * codes)) == within, "the first by name are the ones with series")
    #expect(
      beyond.suffix(codes).map { $0.dropFirst("backroad_workspace_queries_total".count) } == [
        #"{workspace="_other",code="noerror"} 0"#, #"{workspace="_other",code="nxdomain"} 3"#,
        #"{workspace="_other",code="servfail"} 0"#, #"{workspace="_other",code="refused"} 0"#,
        #"{workspace="_other",code="other"} 0"#,
      ])
  }
}
