import Bounds
import Synchronization
import SystemIO
import Testing

@testable import Server

@Suite struct LogTests {
  /// What is written where a `LogWriter` writes, which can be held up.
  private final class Page: Sendable {
    private let lines = Mutex<[String]>([])
    /// Held by who reads nothing.
    let isRead = Mutex(())

    var text: String { lines.withLock { $0.joined() } }

    func write(_ line: [UInt8]) {
      isRead.withLock { _ in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
    }
  }

  @Test func linesAreWrittenInTheirOrder() throws {
    let (log, page) = (try Log(), Page())
    let writer = try LogWriter(log) { page.write($0) }
    for number in 0..<1000 { log.note("line \(number)") }
    writer.finish(milliseconds: 30_000)
    #expect(page.text == (0..<1000).map { "backroad: line \($0)\n" }.joined())
    #expect(log.droppedCount == 0)
  }

  @Test func whatDoesNotFitIsDroppedAndToldOf() throws {
    let (log, page) = (try Log(), Page())
    for number in 0..<(Limits.Log.lines + 7) { log.note("line \(number)") }
    #expect(log.droppedCount == 7)
    let writer = try LogWriter(log) { page.write($0) }
    writer.finish(milliseconds: 30_000)
    #expect(page.text.contains("line \(Limits.Log.lines - 1)\nbackroad: 7 lines were dropped here"))
  }

  @Test func theirOctetsAreLimitedToo() throws {
    let log = try Log()
    let long = String(repeating: "x", count: 10_000)
    let fitting = Limits.Log.octets / Limits.Log.lineOctets
    for _ in 0..<(fitting + 5) { log.note(long) }
    #expect(log.droppedCount == 5)
    let batch = log.take()
    #expect(batch.lines.count == fitting && batch.dropped == 5)
    #expect(batch.lines.allSatisfy { $0.count == Limits.Log.lineOctets && $0.suffix(4).elementsEqual("…\n".utf8) })
  }

  /// Cut anywhere, a line is of whole characters.
  @Test(arguments: 0..<4) func aLongLineIsCutBetweenCharacters(shift: Int) throws {
    let log = try Log()
    log.note(String(repeating: "x", count: shift) + String(repeating: "😀", count: 2000))
    let line = try #require(log.take().lines.first)
    #expect(line.count <= Limits.Log.lineOctets && line.count > Limits.Log.lineOctets - 8)
    #expect(String(validating: line, as: UTF8.self) != nil)
  }

  @Test func nobodyWaitsForALogThatIsNotRead() throws {
    let (log, page) = (try Log(), Page())
    let writer = try page.isRead.withLock { _ in
      let writer = try LogWriter(log) { page.write($0) }
      for number in 0..<(4 * Limits.Log.lines) { log.note("line \(number)") }
      #expect(log.droppedCount >= 2 * Limits.Log.lines)
      // Nor at the end, but for the time that is given.
      writer.finish(milliseconds: 1)
      #expect(page.text.isEmpty)
      return writer
    }
    writer.finish(milliseconds: 30_000)
    #expect(page.text.hasPrefix("backroad: line 0\n"))
  }

  @Test func whatIsSaidIsOneLineThatATerminalMayShow() throws {
    let log = try Log()
    log.note("a\nbackroad: b\u{1b}[31m\u{9b}c\u{202e}\u{2028}\u{200b}")
    let lines = log.take().lines.map { String(decoding: $0, as: UTF8.self) }
    #expect(
      lines == ["backroad: a\\u{a}backroad: b\\u{1b}[31m\\u{9b}c\\u{202e}\\u{2028}\\u{200b}\n"])
  }
}
