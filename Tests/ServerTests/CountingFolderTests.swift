import Glibc
import Storage
import Testing
import Workspaces

@testable import Server
@testable import SystemIO

/// Which zones folder says of a workspace that it has gone.
struct CountingFolderTests {
  private static func identity(_ number: UInt64) -> Files.Identity {
    var status = stat()
    status.st_ino = ino_t(number)
    return Files.Identity(status)
  }

  /// One that counts, with the number 1.
  private static var served: CountingFolder {
    var counting = CountingFolder()
    _ = counting.judges(1, "abcd", served: "")
    return counting
  }

  @Test(arguments: [
    ("abcd", true), ("abc", true), ("ab", true), ("abxyz", true), ("a", false), ("axyz", false), ("", false),
  ])
  func anotherCountsThatHasHalfOfWhatIsServed(has: String, isSo: Bool) {
    var counting = Self.served
    #expect(counting.judges(2, has, served: "abcd") == isSo)
    #expect(counting.isCounting(Self.identity(2)) == isSo && counting.isCounting(Self.identity(1)) != isSo)
    #expect(counting.isLacking(Self.identity(2)) != isSo)
  }

  @Test func theSameMayLackAnything() {
    var counting = Self.served
    #expect(counting.judges(1, "", served: "abcd") == true)
  }

  @Test func whereNothingIsServedAnyCounts() {
    var counting = Self.served
    #expect(counting.judges(2, "", served: "") == true)
  }

  @Test func aPersonsWordCounts() {
    var counting = Self.served
    #expect(counting.judges(2, "", served: "abcd") == false)
    #expect(counting.judges(2, "", served: "abcd", isConfirmed: true) == true)
    #expect(counting.isCounting(Self.identity(2)) && !counting.isLacking(Self.identity(2)))
    #expect(counting.judges(1, "", served: "ab") == false, "the old one is another now")
  }

  @Test func theOldOneCountsWhenItIsBack() {
    var counting = Self.served
    #expect(counting.judges(2, "", served: "abcd") == false)
    #expect(counting.judges(1, "a", served: "abcd") == true)
    #expect(!counting.isLacking(Self.identity(2)))
  }

  /// Workspaces are copied into it, or new ones are made there, which are served too: neither lets others go.
  @Test func oneThatLackedMuchCountsOnceItLacksNothing() {
    var counting = Self.served
    #expect(counting.judges(2, "", served: "abcd") == false)
    #expect(counting.judges(2, "uvwxyz", served: "abcduvwxyz") == false)
    #expect(counting.judges(2, "abc", served: "abcduvwxyz") == false)
    #expect(counting.judges(2, "abcd", served: "abcduvwxyz") == true)
  }

  @Test func aThirdIsJudgedByWhatWasServedBeforeTheSecond() {
    var counting = Self.served
    #expect(counting.judges(2, "uvwxyz", served: "abcd") == false)
    #expect(counting.judges(3, "uvwxyza", served: "abcduvwxyz") == false)
    #expect(counting.judges(4, "abc", served: "abcduvwxyz") == true)
  }
}

extension CountingFolder {
  /// Judges a folder by its number and the letters of what is in it.
  fileprivate mutating func judges(
    _ number: UInt64, _ has: String, served: String, isConfirmed: Bool = false
  ) -> Bool {
    var status = stat()
    status.st_ino = ino_t(number)
    func names(_ letters: String) -> [WorkspaceName] { letters.compactMap { WorkspaceName("\($0)") } }
    let listing = ZonesFolder.Listing(names: names(has), folder: Files.Identity(status))
    return judge(listing, served: Set(names(served)), isConfirmed: isConfirmed)
  }
}
