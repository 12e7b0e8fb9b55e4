import Bounds

/// Rows of text in aligned columns, for a terminal.
public struct Table: Sendable {
  private var rows: [[String]]

  /// Takes the columns' headings, by convention in capitals.
  public init(_ headings: String...) { rows = [headings] }

  /// Adds a row; cells that are missing are empty.
  public mutating func add(_ cells: String...) { rows.append(cells) }

  /// True when there are headings alone.
  public var isEmpty: Bool { rows.count == 1 }

  /// The lines: columns two spaces apart, no space at a line's end, control characters spelled out, and a
  /// cell cut that is longer than `Limits.Text.cellCharacters`.
  public var text: String {
    let shown = rows.map { $0.map { cut(onOneLine($0), toCharacters: Limits.Text.cellCharacters) } }
    let columns = shown.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      shown.map { column < $0.count ? $0[column].unicodeScalars.count : 0 }.max() ?? 0
    }
    var text = ""
    for row in shown {
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.unicodeScalars.count + 2)
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }
}
