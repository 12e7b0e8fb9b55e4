import Bounds
import Text
import Wire

/// A table in a paste, as its heading has it: CSV with any separator, or drawn with `|`.
struct PastedTable {
  private let separator: UInt8
  private let headings: [String]
  /// The column of the hosts; nil where no heading says which it is.
  let host: Int?
  /// The column of the ports; nil where there is none.
  let port: Int?

  private static let bar = UInt8(ascii: "|")
  private static let addresses = ["address", "endpoint", "url", "server", "domain", "dns record"]

  /// Reads a line; nil where it is no heading of a table.
  ///
  /// - Parameter next: the line below it, which is a rule in tables that are drawn.
  init?(heading line: SourceText, before next: SourceText?) {
    guard line.count <= Limits.Links.hostTextOctets else { return nil }
    let isDrawn = next.map { Self.isRule($0.trimmed) } ?? false
    let known = [0x09, 0x2c, 0x3b].first { line.octets.contains($0) }
    let isBarred = line.octets.contains(Self.bar) && (isDrawn || line.trimmed.octet(0) == Self.bar)
    guard let separator = isBarred ? Self.bar : known else { return nil }
    let headings = Self.split(line, at: separator).map { $0.string.asciiLowercased }
    guard headings.count > 1 else { return nil }
    func column(_ names: [String]) -> Int? { names.lazy.compactMap { headings.firstIndex(of: $0) }.first }
    let host = column(HostColumns.hosts.filter { $0 != "name" }) ?? column(Self.addresses) ?? column(["name"])
    let port = column(HostColumns.ports)
    // The rows of a list say themselves what they are: only a heading has none of it.
    guard isBarred && isDrawn || host != nil || port != nil else { return nil }
    guard !headings.contains(where: { PastedHost($0, in: PastedWords()) != nil || IPAddress($0) != nil }) else {
      return nil
    }
    self.separator = separator
    self.headings = headings
    self.host = host
    self.port = port
  }

  /// A column's heading, in lower case; nil where there is none.
  func label(_ column: Int) -> String? { column < headings.count && !headings[column].isEmpty ? headings[column] : nil }

  /// True for a column that may have hosts in its rows: that of the hosts, and where none is surely theirs the names'.
  func mayHoldHost(_ column: Int) -> Bool {
    guard column != host else { return true }
    let isSure = host.flatMap { label($0) }.map { HostColumns.hosts.contains($0) } ?? false
    return !isSure && label(column)?.isSame(as: "name") == true
  }

  /// True for a column that says where the hosts of its rows lead.
  func saysWhere(_ column: Int) -> Bool { label(column).map(HostColumns.saysWhere) ?? false }

  /// The cells of a line that is a row, of a table or by itself; nil for another line. A rule has none.
  static func cells(of line: SourceText, in table: PastedTable?) -> [SourceText]? {
    let trimmed = line.trimmed
    guard trimmed.count > 0, trimmed.count <= Limits.Links.pasteOctets / 16 else { return nil }
    let isBarred = trimmed.octet(0) == bar
    if isBarred || table?.separator == bar, isRule(trimmed) { return [] }
    if isBarred { return split(line, at: bar) }
    if let table, line.octets.contains(table.separator) { return split(line, at: table.separator) }
    // Nobody writes sentences with tabs.
    return trimmed.octets.contains(0x09) ? split(line, at: 0x09) : nil
  }

  /// A rule between heading and rows; without bars at its ends too.
  private static func isRule(_ line: SourceText) -> Bool {
    ASCIITable.isRule(line)
      || (line.octet(0) == UInt8(ascii: "-") && line.octets.contains(bar)
        && line.octets.allSatisfy { "|-: ".utf8.contains($0) })
  }

  /// The cells, without quotes and emphasis around them.
  private static func split(_ line: SourceText, at separator: UInt8) -> [SourceText] {
    guard separator == bar else { return HostColumns.split(line, at: separator) }
    var line = line.trimmed
    if line.octet(0) == bar { line = line[1..<line.count] }
    if line.octets.last == bar { line = line[0..<(line.count - 1)] }
    return HostColumns.split(line, at: bar).map { cell in
      var cell = cell
      for mark in ["`", "**", "*"] {
        let length = mark.utf8.count
        guard cell.count > 2 * length, cell.octets.starts(with: mark.utf8),
          cell.octets.suffix(length).elementsEqual(mark.utf8),
          cell.octet(length) != UInt8(ascii: ".")
        else { continue }
        cell = cell[length..<(cell.count - length)].trimmed
      }
      return cell
    }
  }
}
