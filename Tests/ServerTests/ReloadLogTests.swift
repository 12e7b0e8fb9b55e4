import Bounds
import Synchronization
import Testing
import Text
import Workspaces

@testable import Server

/// What the log says of workspaces that are broken, and how often.
struct ReloadLogTests {
  private static let second: UInt64 = 1_000_000_000

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    func take() -> [String] {
      lines.withLock { lines in
        defer { lines = [] }
        return lines
      }
    }
  }

  private func subject(_ text: String) throws -> ReloadLog.Subject {
    .workspace(try #require(WorkspaceName(text)))
  }

  @Test func theSameIsToldOnceAndCounted() throws {
    let lines = Lines()
    var log = ReloadLog(lines.add)
    let acme = try subject("acme")
    // Touched every 20 ms for two minutes.
    for step in 0..<6000 { log.tell([Problem("one"), Problem("two")], of: acme, at: UInt64(step) * 20_000_000) }
    #expect(lines.take() == ["one", "two"])
    log.tell([Problem("three")], of: acme, at: 121 * Self.second)
    #expect(lines.take() == ["what was wrong with workspace acme before was found 5999 times more", "three"])
    log.tell([], of: acme, at: 122 * Self.second)
    log.tell([Problem("three")], of: acme, at: 123 * Self.second)
    #expect(lines.take() == ["three"], "it was right in between")
  }

  @Test func whatIsAnotherEachTimeIsToldNowAndThenAndTheLastInTheEnd() throws {
    let lines = Lines()
    var log = ReloadLog(lines.add)
    let acme = try subject("acme")
    var now: UInt64 = 0
    for step in 0..<6000 {
      now = UInt64(step) * 20_000_000
      log.tell([Problem("problem \(step)")], of: acme, at: now)
      log.goOn(at: now)
    }
    let told = lines.take()
    #expect((20...24).contains(told.count), "ten at once, and one every ten seconds; they were \(told.count)")
    #expect(log.milliseconds(from: now) != nil)
    log.goOn(at: now + 20 * Self.second)
    #expect(lines.take() == ["problem 5999"])
    #expect(log.milliseconds(from: now + 20 * Self.second) == nil)
  }

  @Test func muchThatIsWrongTakesFewLines() throws {
    let lines = Lines()
    var log = ReloadLog(lines.add)
    log.tell((0..<5000).map { Problem("problem \($0)") }, of: try subject("acme"), at: 0)
    let told = lines.take()
    #expect(told.count == Limits.Building.linesOfReport + 1)
    #expect(told.last == "4980 more are wrong with workspace acme; backroad check tells of all")
  }

  @Test func manyWorkspacesAreToldOfInTheirTime() throws {
    let lines = Lines()
    var log = ReloadLog(lines.add)
    for number in 0..<5000 { log.tell([Problem("\(number)")], of: try subject("w\(number)"), at: 0) }
    #expect(lines.take().count == 2000)
    var told = 0
    for second in UInt64(1)...61 {
      log.goOn(at: second * Self.second)
      let count = lines.take().count
      #expect(count <= 50)
      told += count
    }
    #expect(told == 3000, "none is forgotten")
  }

  /// One workspace claims what others have, something else each time; of another's conflict all is told at once.
  @Test func theClaimsOfOneTakeNoLinesOfAnothers() throws {
    let lines = Lines()
    var log = ReloadLog(lines.add)
    let (hostile, acme) = (try #require(WorkspaceName("hostile")), try #require(WorkspaceName("acme")))
    for step in 0..<3000 {
      let problems = (0..<30).map { Problem("hostile \(step).\($0)") }
      log.tellMore(problems, of: .claims(hostile), at: UInt64(step) * 20_000_000)
    }
    #expect(
      lines.take().last?.hasSuffix(" more are wrong with what workspace hostile claims; backroad check tells of all")
        == true)
    log.tellMore([Problem("acme")], of: .claims(acme), at: 60 * Self.second)
    #expect(lines.take() == ["acme"])
  }

  /// What waits to be told has some kept of it and the rest counted: the count goes on with what comes.
  @Test func whatIsNotKeptWhileItWaitsIsCountedToo() throws {
    let lines = Lines()
    var log = ReloadLog(lines.add)
    let claims = ReloadLog.Subject.claims(try #require(WorkspaceName("acme")))
    // More than may be told at once, so that what comes then waits.
    for step in 0..<10 { log.tellMore([Problem("told \(step)")], of: claims, at: 0) }
    #expect(lines.take().count == 10)
    for step in 0..<3 { log.tellMore((0..<100).map { Problem("waits \(step).\($0)") }, of: claims, at: 0) }
    #expect(lines.take().isEmpty)
    log.goOn(at: 10 * Self.second)
    let told = lines.take()
    let kept = Limits.Building.linesOfReport
    #expect(told.count == kept + 1)
    #expect(
      told.last == "\(300 - kept) more are wrong with what workspace acme claims; backroad check tells of all")
  }

  @Test func whatIsReloadedIsToldInFewLines() throws {
    let lines = Lines()
    var log = ReloadLog(lines.add)
    let names = try (10..<60).map { try #require(WorkspaceName("w\($0)")) }
    log.tellReloaded(names, at: 0)
    let line = try #require(lines.take().first)
    #expect(line.hasPrefix("reloaded w10, w11, ") && line.hasSuffix(", w29 and 30 more"))
    for step in 1...3000 { log.tellReloaded([names[step % 2]], at: UInt64(step) * 20_000_000) }
    #expect((70...85).contains(lines.take().count), "twenty at once, and one a second in a minute")
    log.tellReloaded(names[..<1], at: 60 * Self.second + 1)
    log.tellReloaded(names[1...1], at: 60 * Self.second + 2)
    _ = lines.take()
    log.tellReloaded(names[2...2], at: 60 * Self.second + 3)
    #expect(lines.take().isEmpty)
    log.goOn(at: 62 * Self.second)
    #expect(lines.take().first?.hasSuffix("w12") == true, "what is left is told in the end")
  }
}
