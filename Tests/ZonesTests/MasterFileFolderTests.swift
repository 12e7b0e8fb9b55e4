import Foundation
import Testing
import Text
import Wire
import Zones

/// The files of `MasterFiles`: each `good/X.zone` is the zone example.com and is written as `good/X.canonical`; each
/// `bad/X.zone` has exactly the problems of `bad/X.problems`.
///
/// With `RECORD_EXPECTED=1` in the environment the expected files are written as the code has them, and the tests fail.
@Suite struct MasterFileFolderTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "MasterFiles")

  static func zoneFiles(_ name: String) -> [String] {
    let path = folder.appending(path: name).path
    let all = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return all.filter { $0.hasSuffix(".zone") }.map { "\(name)/\($0.dropLast(5))" }.sorted()
  }

  private func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: Self.folder.appending(path: name)))
  }

  private func expect(_ actual: String, equals name: String) throws {
    if ProcessInfo.processInfo.environment["RECORD_EXPECTED"] == "1" {
      try Data(actual.utf8).write(to: Self.folder.appending(path: name))
      Issue.record("wrote \(name): look at it, and run again without RECORD_EXPECTED")
    } else {
      let expected = String(decoding: try read(name), as: UTF8.self)
      #expect(actual == expected, "\(name) is different; this is what came:\n\(actual)")
    }
  }

  @Test func bothFoldersHaveFiles() {
    #expect(Self.zoneFiles("good").count >= 8)
    #expect(Self.zoneFiles("bad").count >= 18)
  }

  @Test(arguments: zoneFiles("good")) func goodFileIsWrittenCanonically(_ name: String) throws {
    let (zone, problems) = try check(read("\(name).zone"))
    #expect(problems.map(\.description) == [])
    let written = MasterFile.text(of: try #require(zone), header: ["\(name)"])
    try expect(written, equals: "\(name).canonical")
    let (again, none) = check(Array(written.utf8))
    #expect(none.map(\.description) == [])
    #expect(again?.records == zone?.records)
    #expect(MasterFile.text(of: try #require(again), header: ["\(name)"]) == written)
  }

  @Test(arguments: zoneFiles("bad")) func badFileHasTheseProblems(_ name: String) throws {
    let (zone, problems) = try check(read("\(name).zone"))
    #expect((zone == nil) == problems.contains { $0.severity == .error })
    #expect(!problems.isEmpty)
    let lines = problems.map { String($0.description.dropFirst("test:".count)) + "\n" }
    try expect(lines.joined(), equals: "\(name).problems")
  }
}

/// What a file holds as the zone example.com.
func check(_ text: [UInt8]) -> (zone: Zone?, problems: [Problem]) {
  Zone.check(MasterFile.parse(text, file: "test", origin: exampleCom), apex: exampleCom)
}

/// `example.com.`
let exampleCom = name("example.com.")

/// A name that the test knows to be one; the root, and an issue, when it is not.
func name(_ text: String) -> Name {
  do {
    return try Name(text)
  } catch {
    Issue.record("\(text): \(error)")
    return .root
  }
}
