import Bounds
import Testing
import Text

@testable import Workspaces

/// What a workspace's files can make the log hold is bounded, however wrong they are.
struct ProblemLimitTests {
  private func problems(_ files: [String: String]) throws -> (isServed: Bool, problems: [Problem]) {
    let name = try #require(WorkspaceName("acme"))
    let source = WorkspaceSource(name: name, folder: "zones/acme", files: files.mapValues { Array($0.utf8) })
    let loaded = Workspace.load(source, serverRules: [])
    return (loaded.workspace != nil, loaded.problems)
  }

  private func octets(_ problems: [Problem]) -> Int { problems.reduce(0) { $0 + $1.description.utf8.count } }

  @Test func unknownKeysAreToldOfUpToALimit() throws {
    let keys = (0..<45_000).map { "\"unknown\($0)\":0" }.joined(separator: ",")
    let found = try problems(["workspace.json": "{\(keys)}"]).problems
    #expect(found.count == Limits.JSON.problems + 1)
    #expect(octets(found) < 100_000)
  }

  @Test func problemsOfManyZonesAreToldOfUpToALimit() throws {
    var files = ["workspace.json": "{}"]
    for zone in 0..<500 { files["z\(zone).example.zone"] = String(repeating: "nonsense here\n", count: 200) }
    let (isServed, found) = try problems(files)
    #expect(!isServed)
    #expect(found.count == Limits.Workspaces.problems + 1)
    #expect(found.last?.message == "more than 1000 problems in this workspace: the rest is not shown")
    #expect(found.allSatisfy { $0.severity == .error })
  }

  /// Warnings are cut too, and keep no workspace from being served; one error among them is told.
  @Test func warningsAreToldOfUpToALimitAndHideNoError() throws {
    let settings = (0..<90).map { "\"none\($0).example\": { \"miss\": \"forward\" }" }.joined(separator: ",")
    var files = ["workspace.json": "{ \"zones\": { \(settings) } }"]
    let zone = "$TTL 60\n@ SOA ns.test. n.test. 1 3600 600 604800 60\n@ NS ns.test.\n"
    let dangling = (0..<90).map { "c\($0) CNAME gone\($0)\n" }.joined()
    for index in 0..<40 { files["z\(index).example.zone"] = zone + dangling }
    let (isServed, found) = try problems(files)
    #expect(isServed)
    #expect(found.count == Limits.Workspaces.problems + 1)
    files["zz.example.zone"] = "nonsense here\n"
    let (isStillServed, more) = try problems(files)
    #expect(!isStillServed)
    #expect(more.count == Limits.Workspaces.problems + 1)
    #expect(more.contains { $0.severity == .error && $0.file == "zones/acme/zz.example.zone" })
  }

  @Test func aLongMessageIsCut() {
    let problem = Problem(String(repeating: "ä", count: 100_000))
    #expect(problem.message.count <= Limits.Text.messageCharacters + 1)
    #expect(problem.message.hasSuffix("…"))
  }
}
