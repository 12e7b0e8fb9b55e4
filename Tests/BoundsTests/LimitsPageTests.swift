import Foundation
import Testing

/// docs/limits.md lists every limit of `Limits.swift` with its value, and no other.
@Suite struct LimitsPageTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func lines(of path: String) throws -> [String] {
    try String(contentsOf: root.appending(path: path), encoding: .utf8).components(separatedBy: "\n")
  }

  /// `Zones.records = 1000000`, from `public static let records = 1_000_000` within `public enum Zones`.
  private static func coded() throws -> [String] {
    var section = ""
    var found: [String] = []
    for line in try lines(of: "Sources/Bounds/Limits.swift") {
      if let match = line.firstMatch(of: /public enum (\w+)/) { section = String(match.1) }
      guard let match = line.firstMatch(of: /public static let (\w+)(?:: \w+)? = ([\d_]+)(?: (<<|\*) ([\d_]+))?/) else {
        #expect(!line.contains("public static"), "not read: \(line)")
        continue
      }
      let first = number(match.2)
      let value = match.4.map { match.3 == "<<" ? first << number($0) : first * number($0) } ?? first
      found.append("\(section).\(match.1) = \(value)")
    }
    return found
  }

  /// The same of `| `records` | 1,000,000 | …` below `## Zones`.
  private static func documented() throws -> [String] {
    var section = ""
    var found: [String] = []
    for line in try lines(of: "docs/limits.md") {
      if let match = line.firstMatch(of: /^## (\w+)/) { section = String(match.1) }
      guard let match = line.firstMatch(of: /^\| `(\w+)` \| ([\d,]+)(?: (KiB|MiB|GiB))? \|/) else { continue }
      let unit = ["KiB": 10, "MiB": 20, "GiB": 30][match.3.map(String.init) ?? ""] ?? 0
      found.append("\(section).\(match.1) = \(number(match.2) << unit)")
    }
    return found
  }

  private static func number(_ text: Substring) -> Int { Int(text.filter(\.isNumber)) ?? -1 }

  @Test func thePageIsTheTable() throws {
    #expect(try Self.coded() == Self.documented())
    #expect(try Self.coded().count > 40)
  }
}
