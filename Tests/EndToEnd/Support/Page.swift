import Foundation

/// A page of the documents, so that what it shows is run as it stands there.
struct Page {
  let path: String
  private let lines: [String]

  init(_ path: String) throws {
    self.path = path
    let file = Lab.repository.appendingPathComponent(path)
    lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
  }

  /// True for a line that begins or ends a code block, which may be a part of a list.
  private static func isFence(_ line: String) -> Bool { line.drop { $0 == " " }.hasPrefix("```") }

  /// The lines below a heading, up to the next heading.
  private func section(_ heading: String) throws -> [String] {
    guard let start = lines.firstIndex(where: { $0.hasPrefix("#") && $0.drop { $0 == "#" } == " \(heading)" }) else {
      throw LabError("\(path) has no heading \(heading)")
    }
    var section: [String] = []
    var isCode = false
    for line in lines[(start + 1)...] {
      if Self.isFence(line) { isCode.toggle() }
      if !isCode, line.hasPrefix("#") { break }
      section.append(line)
    }
    return section
  }

  /// The code blocks below a heading; at least as many as the caller knows of.
  func blocks(_ heading: String, atLeast count: Int = 1) throws -> [String] {
    var blocks: [String] = []
    var isCode = false
    for line in try section(heading) {
      if Self.isFence(line) {
        isCode.toggle()
        if isCode { blocks.append("") }
      } else if isCode {
        blocks[blocks.count - 1] += line + "\n"
      }
    }
    guard blocks.count >= count else { throw LabError("\(path) has \(blocks.count) blocks under \(heading)") }
    return blocks
  }

  /// The cells of the tables below a heading.
  func rows(_ heading: String) throws -> [[String]] {
    try section(heading).filter { $0.hasPrefix("| ") }.map { line in
      line.dropFirst(2).components(separatedBy: " | ")
    }
  }

  /// What stands between backticks in the last cell of a table's row, which its first cell names.
  func spans(_ row: String, under heading: String) throws -> [String] {
    guard let line = try section(heading).first(where: { $0.hasPrefix("| \(row) |") }),
      let cell = line.components(separatedBy: " | ").last
    else { throw LabError("\(path) has no row \(row) under \(heading)") }
    let parts = cell.components(separatedBy: "`")
    return stride(from: 1, to: parts.count, by: 2).map { parts[$0] }
  }
}
