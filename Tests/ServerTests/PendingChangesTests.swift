import Testing
import Workspaces

@testable import Server

/// When changed workspaces are read.
struct PendingChangesTests {
  private static let millisecond: UInt64 = 1_000_000

  private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  @Test func nothingIsDueUntilTheFilesAreQuiet() throws {
    var pending = PendingChanges()
    #expect(pending.milliseconds(from: 0) == nil)
    #expect(pending.takeDue(at: 0) == nil)
    pending.note(try name("a"), at: 0)
    pending.note(try name("a"), at: 15 * Self.millisecond)
    #expect(pending.milliseconds(from: 15 * Self.millisecond) == 5, "it may be then, and is looked at again")
    #expect(pending.takeDue(at: 20 * Self.millisecond) == nil)
    #expect(pending.milliseconds(from: 20 * Self.millisecond) == 15)
    #expect(pending.takeDue(at: 34 * Self.millisecond) == nil)
    #expect(pending.takeDue(at: 35 * Self.millisecond) == .workspaces([try name("a")]))
    #expect(pending.takeDue(at: 35 * Self.millisecond) == nil)
    #expect(pending.milliseconds(from: 35 * Self.millisecond) == nil)
  }

  @Test func oneThatKeepsChangingIsReadAfterAWhileAndHoldsUpNoOther() throws {
    var pending = PendingChanges()
    var read: [UInt64] = []
    pending.note(try name("quiet"), at: 0)
    for time in 0...300 {
      let now = UInt64(time) * Self.millisecond
      if time % 10 == 0 { pending.note(try name("busy"), at: now) }
      guard let due = pending.takeDue(at: now) else { continue }
      if due == .workspaces([try name("quiet")]) { #expect(time == 20) }
      if due == .workspaces([try name("busy")]) { read.append(UInt64(time)) }
    }
    #expect(read == [250])
  }

  @Test func everythingTakesTheRestWithIt() throws {
    var pending = PendingChanges()
    pending.noteEverything(at: 0)
    pending.note(try name("a"), at: 10 * Self.millisecond)
    #expect(pending.takeDue(at: 20 * Self.millisecond) == .everything(isConfirmed: false))
    #expect(pending.milliseconds(from: 20 * Self.millisecond) == nil)
  }

  /// A person's word is not lost by what the kernel tells beside it, and holds once.
  @Test func whatIsConfirmedIsSoOnce() {
    var pending = PendingChanges()
    pending.noteEverything(at: 0, isConfirmed: true)
    pending.noteEverything(at: 10 * Self.millisecond)
    #expect(pending.takeDue(at: 30 * Self.millisecond) == .everything(isConfirmed: true))
    pending.noteEverything(at: 40 * Self.millisecond)
    #expect(pending.takeDue(at: 60 * Self.millisecond) == .everything(isConfirmed: false))
  }

  /// A read error is nobody's change: nothing else says when to look again.
  @Test func whatCouldNotBeReadIsReadAgainEachTimeAfterTwiceAsLong() {
    var retries = Retries<String>()
    retries.failed("b", at: 0)
    retries.succeeded("b")
    var now: UInt64 = 0
    for pause in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] {
      retries.failed("a", at: now)
      #expect(retries.milliseconds(from: now) ?? 0 <= Int32(pause))
      now += UInt64(pause) * Self.millisecond
      let early = retries.takeDue(at: now - 1)
      let due = retries.takeDue(at: now)
      #expect(early.isEmpty && due == ["a"])
      #expect(retries.milliseconds(from: now) == nil, "not again while it is read")
    }
    retries.succeeded("a")
    retries.failed("a", at: now)
    #expect(retries.milliseconds(from: now) == 1000)
  }
}
