import Text

/// The tables that command-line clients draw: cells between `|`, lines of `+---+`, long cells wrapped over lines.
enum ASCIITable {
  /// True when a line of the text is drawn.
  static func isOne(_ text: SourceText) -> Bool {
    text.lines.prefix(100).contains { isRule($0.trimmed) }
  }

  /// `+----+----+`, or `|----+----|` between heading and body; Markdown has `| --- | :---: |` there.
  static func isRule(_ line: SourceText) -> Bool {
    guard line.count >= 3, let first = line.octet(0), first == 0x2b || first == 0x7c, line.octets.contains(0x2d) else {
      return false
    }
    return line.octets.allSatisfy { $0 == 0x2b || $0 == 0x2d || $0 == 0x7c || $0 == 0x20 || $0 == 0x3d || $0 == 0x3a }
  }

  /// The rows, the heading first, wrapped cells joined. What stands around the table is left out.
  static func rows(of text: SourceText, function: ExportedFunction) -> [[SourceText]] {
    var rows: [[SourceText]] = []
    var columns: (key: Int, value: Int)?
    var open = false
    let lines = text.lines.map(\.trimmed)
    // A table of Markdown has no line around it, and wraps no cell.
    let wraps = lines.contains { $0.octet(0) == 0x2b && isRule($0) }
    for line in lines {
      guard line.octet(0) == 0x7c, !isRule(line) else {
        open = false
        continue
      }
      let cells = self.cells(of: line)
      if cells.isEmpty { continue }
      if open, joins(cells, to: rows, columns, function, wraps: wraps) {
        for index in cells.indices { rows[rows.count - 1][index].append(cells[index]) }
      } else {
        rows.append(cells)
      }
      if rows.count == 1, columns == nil { columns = self.columns(of: rows[0]) }
      open = true
    }
    return rows
  }

  /// The columns of keys and values, where the heading has them. It may be joined of many lines, and is looked at after each:
  /// cells too long for such a name are not read.
  private static func columns(of heading: [SourceText]) -> (key: Int, value: Int)? {
    func column(_ name: StaticString) -> Int? {
      heading.firstIndex { $0.count == name.utf8CodeUnitCount && $0.string.asciiLowercased.isSame(as: "\(name)") }
    }
    for (key, value) in [("type", "host"), ("key", "value")] as [(StaticString, StaticString)] {
      if let key = column(key), let value = column(value) { return (key, value) }
    }
    return nil
  }

  private static func cells(of line: SourceText) -> [SourceText] {
    var cells: [SourceText] = []
    var start = 1
    for index in 1..<max(1, line.count) where line.octet(index) == 0x7c {
      cells.append(line[start..<index].trimmed)
      start = index + 1
    }
    // The last border is missing where a terminal cut the line.
    if start < line.count { cells.append(line[start..<line.count].trimmed) }
    return cells
  }

  /// The longest that a key is looked at, in octets.
  private static let maximumKeyOctets = 256

  /// True when a line goes on with the last row, no rule being between them.
  private static func joins(
    _ cells: [SourceText], to rows: [[SourceText]], _ columns: (key: Int, value: Int)?, _ function: ExportedFunction,
    wraps: Bool
  ) -> Bool {
    guard let row = rows.last, row.count == cells.count else { return false }
    // A heading, and a table that is one cell, have no keys to tell rows apart by.
    guard let columns, columns.key < cells.count else { return wraps || rows.count == 1 || cells.count == 1 }
    let key = cells[columns.key]
    if key.count == 0 { return true }
    // Once a heading has its names, what has a key is a row, though no rule stands between them.
    guard rows.count > 1 else { return false }
    guard row[columns.key].count + key.count <= maximumKeyOctets else { return false }
    let before = row[columns.key].string
    if row[columns.key].octets.last == 0x2d || row[columns.key].octets.last == 0x5f || key.octet(0) == 0x5f {
      return true
    }
    let joined = function.spelling(before + key.string)
    let keys = function.keys + (function.list?.types ?? [])
    let isWhole = keys.contains { $0.isSame(as: function.spelling(before)) }
    return !isWhole && keys.contains { $0.startsSame(as: joined) }
  }
}

extension ExportedFunction {
  /// A key as `keys` spells it: case (of ASCII), and `_` for `-`, do not count.
  func spelling(_ key: String) -> String {
    String(decoding: key.asciiLowercased.utf8.map { $0 == 0x5f ? 0x2d : $0 }, as: UTF8.self)
  }
}
