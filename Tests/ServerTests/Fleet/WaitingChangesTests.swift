import Fleet
import Testing
import Text
import Workspaces

@testable import Server

/// What a store says of workspaces that the mirror does not have yet.
struct WaitingChangesTests {
  private static let second: UInt64 = 1_000_000_000
  private let acme: WorkspaceName
  private let globex: WorkspaceName
  private var waiting = WaitingChanges()

  init() throws {
    acme = try #require(WorkspaceName("acme"))
    globex = try #require(WorkspaceName("globex"))
  }

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

  @Test mutating func eachHasItsTurnInTheirOrder() {
    waiting.take(change(["a": "1"]), of: globex)
    waiting.take(change(["a": "1"]), of: acme)
    waiting.take(change(["b": "2"]), of: globex)
    let first = waiting.next(at: 0)
    #expect(first?.name == globex && first?.change == change(["a": "1", "b": "2"]), "what came of one is made at once")
    #expect(waiting.next(at: 0)?.name == acme)
    #expect(waiting.next(at: 0) == nil && waiting.all.isEmpty)
    #expect(waiting.milliseconds(from: 0) == nil)
  }

  /// Whoever writes one workspace without end leaves others four fifths of the time.
  @Test mutating func aWorkspaceWhoseChangesTakeLongLeavesOthersTheirTime() {
    waiting.take(change(["a": "1"]), of: acme)
    _ = waiting.next(at: 0)
    waiting.made(acme, nanoseconds: Self.second, at: Self.second)
    for number in 0..<1000 { waiting.take(change(["a": "\(number)"]), of: acme) }
    waiting.take(change(["a": "1"]), of: globex)
    #expect(waiting.next(at: Self.second)?.name == globex)
    #expect(waiting.next(at: 5 * Self.second - 1) == nil)
    #expect(waiting.milliseconds(from: Self.second) == 4000)
    #expect(waiting.next(at: 5 * Self.second)?.change == change(["a": "999"]))
  }

  /// What is refused costs time as well.
  @Test mutating func aWorkspaceWhoseChangesAreRefusedRestsToo() {
    waiting.failed(
      change(["a": "{"]), of: acme, [Problem("no JSON")], isRetried: false, nanoseconds: Self.second, at: Self.second)
    waiting.take(change(["a": "{{"]), of: acme)
    #expect(waiting.next(at: 5 * Self.second - 1) == nil)
    #expect(waiting.next(at: 5 * Self.second)?.change == change(["a": "{{"]))
    waiting.failed(
      change(["a": "{{"]), of: acme, [Problem("no JSON")], isRetried: false, nanoseconds: Self.second, at: Self.second)
    #expect(waiting.next(at: 1000 * Self.second) == nil, "not tried again for nothing")
  }

  @Test mutating func aBadKeyHoldsItsWorkspaceUntilItIsGone() {
    waiting.take(change(["a": "1"], bad: ["x": "why"]), of: acme)
    waiting.take(change(["a": "2", "b": "1", "c": nil]), of: acme)
    #expect(waiting.next(at: 0) == nil && waiting.held == [acme])
    waiting.take(change(["a": "1"]), of: globex)
    #expect(waiting.next(at: 0)?.name == globex, "another's workspace goes on")
    #expect(waiting.problems(of: acme, in: "etcd:x").map(\.file) == ["etcd:x/ws/acme/x"])
    waiting.take(change(bad: ["x": nil]), of: acme)
    #expect(waiting.next(at: 0)?.change == change(["a": "2", "b": "1", "c": nil]), "nothing that came is lost")
    #expect(waiting.all.isEmpty && waiting.held.isEmpty)
  }

  @Test mutating func aValueThatWasTooLongGivesWayToAnother() {
    waiting.take(change(bad: ["a.zone": "too long"]), of: acme)
    #expect(waiting.next(at: 0) == nil)
    waiting.take(change(["a.zone": "1"]), of: acme)
    #expect(waiting.next(at: 0)?.change == change(["a.zone": "1"]) && waiting.held.isEmpty)
  }

  /// What is told of a workspace costs the same, however many keys somebody puts there.
  @Test mutating func ofManyBadKeysAFewAreTold() {
    waiting.take(change(bad: Dictionary(uniqueKeysWithValues: (0..<10_000).map { ("bad\($0)", "why") })), of: acme)
    let problems = waiting.problems(of: acme, in: "etcd:x")
    #expect(problems.count < 50)
    #expect(problems.first?.file == "etcd:x/ws/acme/bad0")
  }

  @Test mutating func allOfAWorkspaceTakesThePlaceOfWhatWaits() {
    for whole in [change(["b": "1"], isWhole: true), gone] {
      waiting.take(change(["a": "1"], bad: ["x": "why"]), of: acme)
      waiting.take(whole, of: acme)
      #expect(waiting.next(at: 0)?.change == whole)
      #expect(waiting.all.isEmpty)
    }
  }

  @Test mutating func whatComesAfterAWorkspaceHasGoneIsAllOfIt() {
    waiting.take(gone, of: acme)
    waiting.take(change(["a": "1", "b": nil]), of: acme)
    #expect(waiting.next(at: 0)?.change == change(["a": "1"], isWhole: true))
  }

  @Test mutating func whatTheDiskDidNotTakeIsTriedAgainWithWhatCameSince() {
    waiting.take(change(["a": "2", "b": nil]), of: acme)
    let former = change(["a": "1", "b": "1"], isWhole: true)
    waiting.failed(former, of: acme, [Problem("full")], isRetried: true, nanoseconds: 0, at: 0)
    #expect(waiting.held == [acme] && waiting.problems(of: acme, in: "etcd:x").map(\.message) == ["full"])
    #expect(waiting.next(at: 0)?.change == change(["a": "2"], isWhole: true), "what comes is tried at once")
    waiting.failed(former, of: acme, [Problem("full")], isRetried: true, nanoseconds: 0, at: 0)
    #expect(waiting.next(at: Self.second) == nil, "each time later")
    #expect(waiting.next(at: 2 * Self.second)?.change == former)
  }

  /// It is not tried without end: whoever mends it changes the workspace.
  @Test mutating func whatWouldNotBeServedWaitsForWhatComesNext() {
    waiting.failed(change(["a": "{"]), of: acme, [Problem("no JSON")], isRetried: false, nanoseconds: 0, at: 0)
    #expect(waiting.next(at: 1000 * Self.second) == nil)
    waiting.take(change(["b": "1"]), of: acme)
    #expect(waiting.next(at: 0)?.change == change(["a": "{", "b": "1"]))
  }
}
