import Fleet
import Testing
import Text
import Workspaces

@testable import Server

/// What a store says of workspaces that cannot be taken over yet.
struct WaitingChangesTests {
  private let acme = WorkspaceName("acme")

  private func change(
    _ files: [String: String?] = [:], isWhole: Bool = false, bad: [String: String?] = [:]
  ) -> WorkspaceChange {
    var change = WorkspaceChange()
    change.isWhole = isWhole
    change.files = files.mapValues { $0.map { Array($0.utf8) } }
    change.bad = bad
    return change
  }

  private var gone: WorkspaceChange {
    var change = WorkspaceChange()
    change.isGone = true
    return change
  }

  @Test func whatIsGoodGoesOnAtOnce() throws {
    let acme = try #require(acme)
    var waiting = WaitingChanges()
    #expect(waiting.take(change(["a": "1"]), of: acme) == change(["a": "1"]))
    #expect(waiting.all.isEmpty)
  }

  @Test func aBadKeyHoldsItsWorkspaceUntilItIsGone() throws {
    let (acme, globex) = (try #require(acme), try #require(WorkspaceName("globex")))
    var waiting = WaitingChanges()
    #expect(waiting.take(change(["a": "1"], bad: ["x": "why"]), of: acme) == nil)
    #expect(waiting.take(change(["a": "2", "b": "1", "c": nil]), of: acme) == nil)
    #expect(waiting.take(change(["a": "1"]), of: globex) != nil, "another's workspace goes on")
    #expect(waiting.problems(of: acme, in: "etcd:x").map(\.file) == ["etcd:x/ws/acme/x"])
    let both = change(["a": "2", "b": "1", "c": nil])
    #expect(waiting.take(change(bad: ["x": nil]), of: acme) == both, "nothing of what came meanwhile is lost")
    #expect(waiting.all.isEmpty)
  }

  @Test func allOfAWorkspaceTakesThePlaceOfWhatWaits() throws {
    let acme = try #require(acme)
    var waiting = WaitingChanges()
    #expect(waiting.take(change(["a": "1"], bad: ["x": "why"]), of: acme) == nil)
    #expect(waiting.take(change(["b": "1"], isWhole: true), of: acme) == change(["b": "1"], isWhole: true))
    #expect(waiting.take(change(["a": "1"], bad: ["x": "why"]), of: acme) == nil)
    #expect(waiting.take(gone, of: acme) == gone)
    #expect(waiting.all.isEmpty)
  }

  @Test func whatComesAfterAWorkspaceHasGoneIsAllOfIt() throws {
    let acme = try #require(acme)
    var waiting = WaitingChanges()
    waiting.failed(gone, of: acme, Problem("full"))
    #expect(waiting.take(change(["a": "1", "b": nil]), of: acme) == change(["a": "1"], isWhole: true))
  }

  @Test func whatTheDiskDidNotTakeIsTriedAgainWithWhatCameSince() throws {
    let acme = try #require(acme)
    var waiting = WaitingChanges()
    waiting.failed(change(["a": "1", "b": "1"], isWhole: true), of: acme, Problem("full"))
    #expect(waiting.retried == [acme])
    #expect(waiting.problems(of: acme, in: "etcd:x").map(\.message) == ["full"])
    let now = waiting.take(change(["a": "2", "b": nil]), of: acme)
    #expect(now == change(["a": "2"], isWhole: true))
    waiting.failed(try #require(now), of: acme, Problem("full"))
    #expect(waiting.takeRetried(acme) == change(["a": "2"], isWhole: true))
    #expect(waiting.retried.isEmpty)
  }
}
