import Text

extension ExportReader {
  /// The entries of a table: a flattened config with a row for each key, or one cell that holds the whole.
  mutating func entries(rows: [[SourceText]], of text: SourceText, _ layer: Int) throws(Problem) -> [ExportEntry] {
    guard let heading = rows.first else { throw problem(text, 0, "the table is empty; \(pasteTheCell)") }
    let names = heading.map { OctetText(bare($0).asciiLowercased) }
    if let other = WrongPaste.function(withKeys: names.map(\.string)) { throw wrongFunction(other, text) }
    if let list = function.list, let type = column("type", names), let host = column("host", names) {
      isList = true
      return try entries(flattened: rows.dropFirst(), key: type, value: host, columns: names.count).map { entry in
        ExportEntry(key: list.key(entry.key), position: entry.position, value: entry.value)
      }
    }
    if let key = names.firstIndex(of: "key"), let value = names.firstIndex(of: "value") {
      return try entries(flattened: rows.dropFirst(), key: key, value: value, columns: names.count)
    }
    if heading.count >= 2, function.knows(bare(heading[0])), !bare(heading[0]).contains(where: { ":= ".contains($0) }) {
      return try entries(flattened: rows[...], key: 0, value: 1, columns: 2)
    }
    // Under headings of a person's own the keys are the function's all the same.
    if heading.count >= 2, rows.count > 1, rows.allSatisfy({ $0.count == heading.count }),
      rows.dropFirst().contains(where: { row in
        function.keys.contains { $0.isSame(as: function.spelling(bare(row[0]))) }
      })
    {
      return try entries(flattened: rows.dropFirst(), key: 0, value: 1, columns: names.count)
    }
    let cells = (isHeading(names[0].string) || !holdsConfig(heading[0]) ? rows.dropFirst() : rows[...])
    guard heading.count == 1, cells.count == 1, let cell = cells.first?.first, holdsConfig(cell) else {
      throw problem(
        text, firstMark(text),
        "this is not a form of \(function.name) that is known: neither JSON nor a table with columns KEY and VALUE; "
          + pasteTheCell)
    }
    return try entries(cell, layer: layer + 1)
  }

  /// Where the first line starts that has what the function's keys have; the start where none has.
  private func firstMark(_ text: SourceText) -> Int {
    var start = 0
    for line in text.octets.split(separator: 0x0a, omittingEmptySubsequences: false) {
      if function.knows(String(decoding: line, as: UTF8.self)) { return start }
      start += line.count + 1
    }
    return 0
  }

  /// The column of that name, which a client that was told no other heads with the expression: `T.VALUE:HOST::VARCHAR`.
  private func column(_ name: String, _ headings: [OctetText]) -> Int? {
    headings.firstIndex { heading in
      let text = heading.string
      return text == name || text.hasSuffix(":\(name)") || text.utf8.has(":\(name)::")
    }
  }

  private mutating func entries(
    flattened rows: ArraySlice<[SourceText]>, key: Int, value: Int, columns: Int
  ) throws(Problem) -> [ExportEntry] {
    var entries: [ExportEntry] = []
    for row in rows {
      guard row.count > max(key, value), let first = row.first else {
        // What clients print after the rows ("17 Row(s) produced") is one cell.
        if row.count == 1, let only = row.first, !function.knows(bare(only)) { continue }
        throw Problem(
          file: file, position: row.first?.position(0),
          "this row has \(row.count) of \(columns) columns: the table was cut off; copy the whole of it")
      }
      guard row.count <= columns || value == columns - 1 else {
        throw problem(first, 0, "this row has \(row.count) columns, and the heading \(columns); export it again as CSV")
      }
      // A list that the export left without quotes: its commas are its own.
      var cell = row[value]
      for rest in row.dropFirst(max(columns, value + 1)) {
        cell.append(UInt8(ascii: ","), from: rest.position(0))
        cell.append(rest)
      }
      let name = row[key].trimmed
      // A list that was flattened has no keys, and a row of it in each value.
      if name.count == 0 || name.octets.elementsEqual("null".utf8), let entry = try listed(cell) {
        entries.append(entry)
        continue
      }
      entries.append(ExportEntry(key: bare(name), position: name.position(0), value: try unquoted(cell)))
    }
    return entries
  }

  /// A row of the listing function in a cell; nil when it holds none.
  private mutating func listed(_ cell: SourceText) throws(Problem) -> ExportEntry? {
    let text = cell.trimmed
    guard text.octet(0) == UInt8(ascii: "{"), let json = try? JSON.parse(text, file: file, comments: false),
      let object = json.asObject
    else { return nil }
    return try listed(object, of: text)
  }

  /// True for a cell that can hold the whole output.
  private func holdsConfig(_ cell: SourceText) -> Bool {
    guard let first = cell.trimmed.octet(0) else { return false }
    return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"")
  }

  /// A key or heading without white space and quotes.
  private func bare(_ cell: SourceText) -> String {
    var text = cell.trimmed
    for _ in 0..<3 {
      guard text.count >= 2, let first = text.octets.first, first == text.octets.last,
        first == 0x22 || first == 0x27 || first == 0x60 || first == 0x2a
      else {
        break
      }
      text = text[1..<(text.count - 1)].trimmed
    }
    return text.string
  }
}

/// Comma-separated values as RFC 4180 has them, or the same with tabs or semicolons.
enum SeparatedValues {
  /// The rows, blank lines left out.
  static func rows(of text: SourceText, file: String) throws(Problem) -> [[SourceText]] {
    let separator = separator(of: text)
    var rows: [[SourceText]] = []
    var row: [SourceText] = []
    var at = 0
    while at < text.count {
      row.append(try cell(of: text, at: &at, separator: separator, file: file))
      if text.octet(at) == separator {
        at += 1
        // A separator at the end of the text is followed by an empty cell.
        if at < text.count { continue }
        row.append(SourceText(end: text.end))
      }
      if row.count > 1 || row.contains(where: { $0.trimmed.count > 0 }) { rows.append(row) }
      row = []
      at += 1
    }
    return rows
  }

  /// The separator that the first line has outside quotes; a comma when it has none.
  private static func separator(of text: SourceText) -> UInt8 {
    var inQuotes = false
    for octet in text.octets {
      if octet == 0x22 { inQuotes.toggle() }
      if inQuotes { continue }
      if octet == 0x0a { break }
      if octet == 0x09 || octet == 0x3b { return octet }
    }
    return 0x2c
  }

  /// The cell at `at`, its doubled quotes undone; moves to the separator or line feed after it.
  private static func cell(
    of text: SourceText, at: inout Int, separator: UInt8, file: String
  ) throws(Problem) -> SourceText {
    while text.octet(at) == 0x20 { at += 1 }
    let start = at
    guard text.octet(at) == 0x22 else {
      while let octet = text.octet(at), octet != separator, octet != 0x0a { at += 1 }
      return text[start..<at].trimmed
    }
    var cell = SourceText(end: text.position(at))
    at += 1
    while let octet = text.octet(at) {
      if octet == 0x22 {
        guard text.octet(at + 1) == 0x22 else { break }
        at += 1
      }
      cell.append(octet, from: text.position(at))
      at += 1
    }
    guard at < text.count else {
      let open = text.position(start)
      throw Problem(
        file: file, position: text.end,
        "the text ends inside the quotes that open at line \(open.line), column \(open.column): the cell was cut off; "
          + "copy the whole of it, or save the result to a file")
    }
    at += 1
    cell.end = text.position(at)
    while let octet = text.octet(at), octet == 0x20 || octet == 0x0d { at += 1 }
    guard let next = text.octet(at) else { return cell }
    guard next == separator || next == 0x0a else {
      throw Problem(
        file: file, position: text.position(at),
        "unexpected \(quoted(text[at..<min(at + 12, text.count)].string)) after a closing quote; quotes inside a CSV cell "
          + "are doubled: export it again as CSV")
    }
    return cell
  }
}
