import Text

extension ExportReader {
  /// The entries of a JSON text: the config itself, or rows that hold it, as `--format json` of a client gives them.
  mutating func entries(json text: SourceText, _ layer: Int) throws(Problem) -> [ExportEntry] {
    let json: JSON
    do throws(Problem) {
      json = try JSON.parse(text, file: file, comments: false)
    } catch {
      if let rows = rowsWithoutBrackets(text) { return try entries(json: rows, layer + 1) }
      if let inner = configInside(text), inner.count < text.count { return try entries(inside: inner, of: text, layer) }
      throw explained(error, text)
    }
    switch json.content {
    case .object(let object): return try entries(object: object, of: text, layer)
    case .array(let rows): return try entries(rows: rows, of: text, layer)
    default: throw problem(text, 0, "this is \(json.kind), not a config; \(pasteTheCell)")
    }
  }

  private mutating func entries(object: JSON.Object, of text: SourceText, _ layer: Int) throws(Problem) -> [ExportEntry]
  {
    if object.members.count == 1, let only = object.members.first, isHeading(only.key) {
      return try entries(content(of: only.value, in: text), layer: layer + 1)
    }
    if let entry = try listed(object, of: text) { return [entry] }
    let keys = object.members.map(\.key)
    if let other = WrongPaste.function(withKeys: keys) { throw wrongFunction(other, text) }
    if !keys.isEmpty, !keys.contains(where: function.knows) {
      throw problem(text, 0, "no key of this object is one of \(function.name); \(pasteTheCell)")
    }
    var entries: [ExportEntry] = []
    for member in object.members {
      entries.append(
        ExportEntry(key: member.key, position: member.keyPosition, value: try content(of: member.value, in: text)))
    }
    return entries
  }

  private mutating func entries(rows: [JSON], of text: SourceText, _ layer: Int) throws(Problem) -> [ExportEntry] {
    let objects = rows.compactMap(\.asObject)
    var list: [ExportEntry] = []
    for object in objects { if let entry = try listed(object, of: text) { list.append(entry) } }
    if !list.isEmpty, list.count == rows.count { return list }
    let keys = objects.lazy.flatMap { $0.members.map(\.key) }
    if let other = WrongPaste.function(withKeys: keys) { throw wrongFunction(other, text) }
    var entries: [ExportEntry] = []
    for object in objects {
      guard let value = member("value", of: object) else { continue }
      // A list that was flattened has no keys, and a row of it in each value.
      if let row = value.asObject, let entry = try listed(row, of: text) {
        entries.append(entry)
        continue
      }
      guard let key = member("key", of: object), let name = key.asString else { continue }
      entries.append(ExportEntry(key: name, position: key.position, value: try unquoted(content(of: value, in: text))))
    }
    if entries.isEmpty, rows.count == 1, let object = objects.first {
      return try self.entries(object: object, of: text, layer)
    }
    guard !entries.isEmpty, entries.count == rows.count else {
      throw problem(text, 0, "this list is not the output of \(function.name); \(pasteTheCell)")
    }
    return entries
  }

  /// A row of the listing function, by its type and host; nil when the object is none.
  mutating func listed(_ object: JSON.Object, of text: SourceText) throws(Problem) -> ExportEntry? {
    guard let list = function.list, let type = member("type", of: object), let name = type.asString,
      let host = member("host", of: object), host.asString != nil
    else { return nil }
    isList = true
    return ExportEntry(key: list.key(name), position: type.position, value: try content(of: host, in: text))
  }

  /// Rows of the listing function that were copied without their brackets.
  private func rowsWithoutBrackets(_ text: SourceText) -> SourceText? {
    guard function.list != nil, text.octet(0) == UInt8(ascii: "{"), text.octets.has("\"host\"") else { return nil }
    var whole = SourceText(end: text.end)
    whole.append(UInt8(ascii: "["), from: text.position(0))
    whole.append(text.octets.last == UInt8(ascii: ",") ? text[0..<(text.count - 1)] : text)
    whole.append(UInt8(ascii: "]"), from: text.end)
    return (try? JSON.parse(whole, file: file, comments: false)) == nil ? nil : whole
  }

  /// The value of a key, whatever its case.
  private func member(_ key: String, of object: JSON.Object) -> JSON? {
    object.members.first { $0.key.asciiLowercased.isSame(as: key) }?.value
  }

  /// A string's content; nothing for null; the text of anything else.
  private func content(of json: JSON, in text: SourceText) throws(Problem) -> SourceText {
    if json.isNull { return SourceText(end: json.position) }
    if json.asString != nil { return try JSON.unescaped(string: json.octets, in: text, file: file) }
    return text[json.octets]
  }

  /// A value of a flattened table without the quotes that VARIANT keeps, unless it was cast to text; `null` is nothing.
  func unquoted(_ cell: SourceText) throws(Problem) -> SourceText {
    var value = cell.trimmed
    // What Markdown writes as code.
    if value.count > 2, value.octet(0) == 0x60, value.octets.last == 0x60 {
      value = value[1..<(value.count - 1)].trimmed
    }
    if value.octets.elementsEqual("null".utf8) { return SourceText(end: value.position(0)) }
    guard value.octet(0) == UInt8(ascii: "\"") else { return value }
    do throws(Problem) {
      let json = try JSON.parse(value, file: file, comments: false)
      return try JSON.unescaped(string: json.octets, in: value, file: file)
    } catch {
      throw explained(error, value)
    }
  }

  /// True for the heading of a column, or the key of a row, that holds the function's whole output.
  func isHeading(_ text: String) -> Bool {
    let lower = text.asciiLowercased
    return ([function.heading] + (function.list.map { [$0.heading] } ?? [])).contains {
      lower.utf8.has($0.lowercased())
    }
  }

  func wrongFunction(_ other: String, _ text: SourceText) -> Problem {
    problem(text, 0, "wrong function: this is the output of \(other); \(pasteTheCell)")
  }

  /// A problem of the JSON, with the usual cause when the text ends too early: clients show long cells cut off.
  func explained(_ error: Problem, _ text: SourceText) -> Problem {
    guard let position = error.position, position >= text.trimmed.end else {
      guard !error.message.contains(";") else { return error }
      return Problem(file: file, position: error.position, "\(error.message); \(pasteTheCell)")
    }
    return Problem(
      file: file, position: position,
      "\(error.message): the cell was cut off; copy the whole of it, or save the result to a file")
  }
}
