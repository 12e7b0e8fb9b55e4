import Bounds

/// Rows of text in aligned columns, for a terminal.
public struct Table: Sendable {
  private var rows: [[String]]
  /// The remarks below each row.
  private var remarks: [[String]] = [[]]

  /// Takes the columns' headings, by convention in capitals.
  public init(_ headings: String...) { rows = [headings] }

  /// Adds a row; cells that are missing are empty.
  ///
  /// - Parameter remarks: what there is to say of it that is too long for a cell, each on a line of its own below it.
  public mutating func add(_ cells: String..., remarks: [String] = []) {
    rows.append(cells)
    self.remarks.append(remarks)
  }

  /// True when there are headings alone.
  public var isEmpty: Bool { rows.count == 1 }

  /// The lines: columns two spaces apart, remarks behind two spaces, no space at a line's end, control characters spelled
  /// out, and what is longer than `Limits.Text.cellCharacters`, or as a remark than `remarkCharacters`, cut.
  public var text: String {
    let shown = rows.map { $0.map { cut(onOneLine($0), toCharacters: Limits.Text.cellCharacters) } }
    let columns = shown.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      shown.map { column < $0.count ? $0[column].unicodeScalars.count : 0 }.max() ?? 0
    }
    var text = ""
    for (row, remarks) in zip(shown, remarks) {
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.unicodeScalars.count + 2)
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
      for remark in remarks { text += "  \(cut(onOneLine(remark), toCharacters: Limits.Text.remarkCharacters))\n" }
    }
    return text
  }
}
