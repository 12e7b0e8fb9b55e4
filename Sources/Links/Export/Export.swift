import Bounds
import Text

/// A key and its value in a pasted export, whatever form it came in.
public struct ExportEntry: Sendable {
  /// The key as pasted, without quotes and white space.
  public var key: String
  /// Where the key starts in the input.
  public var position: Position
  /// The value with one layer of quotes off: a string's content, a list's text (`["a"]`); empty for null.
  public var value: SourceText

  /// Takes the parts.
  public init(key: String, position: Position, value: SourceText) {
    self.key = key
    self.position = position
    self.value = value
  }
}

/// What the output of a function looked like after whatever program exported it.
public struct Export: Sendable {
  /// The function's keys and values, in the order of the input.
  public var entries: [ExportEntry]
  /// What was taken for something else than it is, for the person to know: smart quotes, missing braces.
  public var notes: [String]
  /// True for the output of the listing function, the entries of which are its rows.
  public var isList: Bool
}

/// A function whose output is a list of hosts, each with a type, which is read where another's is expected.
public struct ListedFunction: Sendable {
  /// The function as people call it.
  public var name: String
  /// What stands in the heading of a column that holds the whole output.
  public var heading: String
  /// What the keys of its entries start with: no other function's do.
  public var prefix: String
  /// The types that are known, in lower case with dashes.
  public var types: [String]

  /// Takes the parts.
  public init(name: String, heading: String, prefix: String, types: [String]) {
    self.name = name
    self.heading = heading
    self.prefix = prefix
    self.types = types
  }

  /// The key of a type.
  func key(_ type: String) -> String {
    prefix + String(decoding: type.utf8.map { $0 == 0x5f ? 0x2d : $0 }, as: UTF8.self).asciiLowercased
  }
}

/// What an importer knows of the function whose output it reads, so that any form of export can be told apart from
/// another function's output.
public struct ExportedFunction: Sendable {
  /// The function as people call it: `SYSTEM$GET_PRIVATELINK_CONFIG()`.
  public var name: String
  /// What stands in the heading of a column that holds the whole output: `GET_PRIVATELINK_CONFIG`.
  public var heading: String
  /// True for a key that the function may give; decides between a wrapped key and another.
  public var knows: @Sendable (String) -> Bool
  /// Every key that is known in full, in the spelling that wrapped keys are compared in.
  public var keys: [String]
  /// The function whose list of hosts is taken too; nil when there is none.
  public var list: ListedFunction?
  /// The key that a value has when it stands alone, by its shape; nil for one that is nobody's.
  public var keyOfValue: @Sendable (String) -> String?

  /// Takes the parts.
  public init(
    name: String, heading: String, keys: [String], knows: @escaping @Sendable (String) -> Bool,
    list: ListedFunction? = nil, keyOfValue: @escaping @Sendable (String) -> String? = { _ in nil }
  ) {
    self.name = name
    self.heading = heading
    self.keys = keys
    self.knows = knows
    self.list = list
    self.keyOfValue = keyOfValue
  }
}

/// Reads an export in whichever form it is: raw JSON, JSON in a JSON string, JSON without its braces, one cell or a
/// flattened table as CSV, tab-separated or ASCII table, one inside the other.
public struct ExportReader {

  let function: ExportedFunction
  let file: String
  var notes: [String] = []
  /// All that was noted, told of or not.
  var noted: Set<OctetText> = []
  /// True once a row of the listing function was found.
  var isList = false

  /// Reads the whole input.
  ///
  /// - Parameter file: the input's name in errors; `-` for standard input.
  /// - Throws: what is wrong, where, and what to paste instead.
  public static func read(_ input: [UInt8], file: String, function: ExportedFunction) throws(Problem) -> Export {
    var reader = ExportReader(function: function, file: file)
    let text = try reader.cleaned(input)
    let entries = try reader.entries(text, layer: 0)
    guard !entries.isEmpty else {
      throw Problem(
        file: file, position: text.trimmed.position(0),
        "the config holds no keys: private connectivity is not enabled for this account, or the role may not see it; "
          + "run select \(function.name) as ACCOUNTADMIN")
    }
    if !reader.isList { try reader.refuseRepeatedKeys(entries) }
    return Export(entries: entries, notes: reader.notes + reader.unnoted, isList: reader.isList)
  }

  /// The entries of a text that may be any form.
  mutating func entries(_ whole: SourceText, layer: Int) throws(Problem) -> [ExportEntry] {
    let text = whole.trimmed
    guard layer < Limits.Links.pasteLayers else { throw problem(text, 0, "wrapped too many times; \(pasteTheCell)") }
    guard let first = text.octet(0) else {
      throw problem(text, 0, "the input is empty; \(pasteTheCell)")
    }
    if let wrong = WrongPaste.recognized(text, function: function.name) {
      throw problem(text, 0, "\(wrong); \(pasteTheCell)")
    }
    if let inner = try unwrapped(text) { return try entries(inner, layer: layer + 1) }
    if ASCIITable.isOne(text) {
      return try entries(rows: ASCIITable.rows(of: text, function: function), of: text, layer)
    }
    if let cell = belowHeading(text) { return try entries(cell, layer: layer + 1) }
    switch first {
    case UInt8(ascii: "{"), UInt8(ascii: "["): return try entries(json: text, layer)
    case UInt8(ascii: "\""): return try entries(quoted: text, layer)
    default:
      do throws(Problem) {
        return try entries(rows: SeparatedValues.rows(of: text, file: file), of: text, layer)
      } catch {
        if let inner = configInside(text) { return try entries(inside: inner, of: text, layer) }
        if let entries = try keyedLines(text) { return entries }
        throw error
      }
    }
  }

  /// What starts with a quote: JSON in a string, JSON without its braces, or CSV.
  private mutating func entries(quoted text: SourceText, _ layer: Int) throws(Problem) -> [ExportEntry] {
    if let end = closingQuote(text) {
      var next = end + 1
      while let octet = text.octet(next), isSpace(octet) { next += 1 }
      if next == text.count {
        note("JSON inside a JSON string was unpacked")
        return try entries(JSON.unescaped(string: 0..<(end + 1), in: text, file: file), layer: layer + 1)
      }
      if text.octet(next) == UInt8(ascii: ":") { return try entries(withoutBraces: text, layer) }
    }
    return try entries(rows: SeparatedValues.rows(of: text, file: file), of: text, layer)
  }

  /// What stands below a first line that is the heading of the function's column, when it is JSON and not CSV.
  private func belowHeading(_ text: SourceText) -> SourceText? {
    guard let lineEnd = text.octets.firstIndex(of: 0x0a), lineEnd < 200, isHeading(text[0..<lineEnd].string) else {
      return nil
    }
    let rest = text[lineEnd..<text.count].trimmed
    return rest.octet(0) == UInt8(ascii: "{") || rest.octet(0) == UInt8(ascii: "[") ? rest : nil
  }

  private mutating func entries(withoutBraces text: SourceText, _ layer: Int) throws(Problem) -> [ExportEntry] {
    note("the braces around the config were missing")
    var whole = SourceText(end: text.end)
    whole.append(UInt8(ascii: "{"), from: text.position(0))
    // The closing brace may have been copied, and a final comma, where the selection ended.
    var body = text
    for ending in [UInt8(ascii: "}"), UInt8(ascii: ",")] where body.octets.last == ending {
      body = body[0..<(body.count - 1)].trimmed
    }
    whole.append(body)
    whole.append(UInt8(ascii: "}"), from: text.end)
    return try entries(json: whole, layer)
  }

  /// Where the JSON string that starts the text ends; nil when it does not.
  private func closingQuote(_ text: SourceText) -> Int? {
    var at = 1
    while let octet = text.octet(at) {
      if octet == UInt8(ascii: "\"") { return at }
      at += octet == UInt8(ascii: "\\") ? 2 : 1
    }
    return nil
  }

  /// Refuses keys that stand twice, and what is too long for one.
  private func refuseRepeatedKeys(_ entries: [ExportEntry]) throws(Problem) {
    var places: [OctetText: Position] = [:]
    for entry in entries {
      guard entry.key.utf8.count <= Limits.JSON.keyOctets else {
        throw Problem(
          file: file, position: entry.position,
          "a key longer than \(Limits.JSON.keyOctets) octets: \(quoted(entry.key)); \(pasteTheCell)")
      }
      guard let first = places.updateValue(entry.position, forKey: OctetText(entry.key.asciiLowercased)) else {
        continue
      }
      throw Problem(
        file: file, position: entry.position,
        "the key \(quoted(entry.key)) is given twice: first at line \(first.line), column \(first.column); paste the "
          + "output of one call alone")
    }
  }

  /// Tells of something once, however often it is met; of more than anybody reads, how many they are.
  mutating func note(_ text: String) {
    guard noted.insert(OctetText(text)).inserted, notes.count < Limits.Links.remarks else { return }
    notes.append(text)
  }

  /// How many notes there was no room for, as one.
  private var unnoted: [String] {
    noted.count > notes.count ? ["and \(noted.count - notes.count) more of these"] : []
  }

  func problem(_ text: SourceText, _ index: Int, _ message: String) -> Problem {
    Problem(file: file, position: text.position(index), message)
  }

  var pasteTheCell: String { "paste the whole result of select \(function.name)" }
}

/// Space, tab, line feed and carriage return.
func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0a || octet == 0x0d }

extension Sequence<UInt8> {
  /// True when the octets of `word` stand somewhere in these.
  func has(_ word: String) -> Bool {
    let (octets, wanted) = (Array(self), Array(word.utf8))
    guard let first = wanted.first else { return true }
    return octets.indices.contains { octets[$0] == first && octets[$0...].starts(with: wanted) }
  }
}
