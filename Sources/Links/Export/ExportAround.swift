import Bounds
import Text
import Wire

/// What stands around an export when it came by mail, chat or a web page.
extension ExportReader {
  /// The text without what mail and Markdown put around it, when there is something of that kind.
  ///
  /// - Throws: when there are several blocks of code, and which is meant cannot be told.
  mutating func unwrapped(_ text: SourceText) throws(Problem) -> SourceText? {
    if let quoted = withoutQuoteMarks(text) {
      note("the > of a quoted mail was left out")
      return quoted
    }
    if let block = try codeBlock(text) {
      note("what stands outside the block of code was left out")
      return block
    }
    if let plain = withoutBackslashes(text) {
      note("backslashes before quotes were taken off")
      return plain
    }
    return nil
  }

  /// The text without the `>` that a mail program puts before each line that it quotes; nil when there are none.
  private func withoutQuoteMarks(_ text: SourceText) -> SourceText? {
    let lines = text.lines
    guard lines.contains(where: { $0.trimmed.octet(0) == UInt8(ascii: ">") }) else { return nil }
    var plain = SourceText(end: text.end)
    for line in lines {
      plain.append(line.withoutQuoteMarks)
      plain.append(0x0a, from: line.end)
    }
    return plain
  }

  /// What stands between Markdown's fences; nil when there are none around anything that the function may have given.
  private func codeBlock(_ text: SourceText) throws(Problem) -> SourceText? {
    guard text.octets.has("```") else { return nil }
    var blocks: [SourceText] = []
    var open: Int?
    var at = 0
    for line in text.lines {
      // Where the line starts and ends in the text; its end may have been CR LF.
      let next = (text.octets[at...].firstIndex(of: 0x0a) ?? text.count - 1) + 1
      if line.trimmed.octets.starts(with: "```".utf8) {
        if let start = open { blocks.append(text[start..<at].trimmed) }
        open = open == nil ? next : nil
      }
      at = next
    }
    // The last fence is missing where the selection ended.
    if let start = open, start < text.count { blocks.append(text[start..<text.count].trimmed) }
    let likely = blocks.filter { mayHold($0) }
    guard let block = likely.first else { return nil }
    guard likely.count == 1 else {
      let lines = likely.map { "\($0.position(0).line)" }.joined(separator: " and ")
      throw problem(
        likely[1], 0, "there are \(likely.count) blocks of code with a config, in the lines \(lines); paste one alone")
    }
    return block
  }

  /// True for a text that may be the function's, or the listing function's.
  private func mayHold(_ text: SourceText) -> Bool {
    let lower = text.string.asciiLowercased.utf8
    return lower.has("privatelink") || (lower.has("type") && lower.has("host"))
  }

  /// `{\"key\": \"value\"}`, as it stands inside a program's string or a log; nil for anything else.
  private func withoutBackslashes(_ text: SourceText) -> SourceText? {
    let start = text.octets.firstIndex { !isSpace($0) && $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "[") }
    guard let start, start > 0, text.octet(start) == 0x5c, text.octet(start + 1) == 0x22 else { return nil }
    var plain = SourceText(end: text.end)
    var at = 0
    while let octet = text.octet(at) {
      guard octet == 0x5c, let next = text.octet(at + 1) else {
        plain.append(octet, from: text.position(at))
        at += 1
        continue
      }
      switch next {
      case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"): plain.append(0x20, from: text.position(at))
      default: plain.append(next, from: text.position(at + 1))
      }
      at += 2
    }
    return plain
  }

  /// The JSON of the function in a text that says more, a mail's; nil when there is none, or it cannot be told where it
  /// ends.
  func configInside(_ text: SourceText) -> SourceText? {
    guard let first = text.octets.firstIndex(of: UInt8(ascii: "{")) else { return nil }
    var (start, closing) = (first, UInt8(ascii: "}"))
    if let before = text.octets[..<first].lastIndex(where: { !isSpace($0) }), text.octet(before) == UInt8(ascii: "[") {
      (start, closing) = (before, UInt8(ascii: "]"))
    }
    // A signature may have brackets too; more than a few are nobody's.
    var found: (end: Int, json: JSON)?
    for end in text.octets.indices.reversed().lazy.filter({ text.octets[$0] == closing }).prefix(8) where end > start {
      if let json = try? JSON.parse(text[start..<(end + 1)], file: file, comments: false) {
        found = (end, json)
        break
      }
    }
    guard let (end, json) = found else { return nil }
    // What goes on after it is its own, and was cut off: part of a list is not the list.
    let next = text.octets[(end + 1)...].first { !isSpace($0) }
    if let next, ",]}:".utf8.contains(next) { return nil }
    let objects = json.asObject.map { [$0] } ?? json.asArray?.compactMap(\.asObject) ?? []
    let isTheirs = objects.contains { object in
      let keys = object.members.map(\.key.asciiLowercased)
      return keys.contains(where: function.knows)
        || (function.list != nil && keys.contains("type") && keys.contains("host"))
    }
    return isTheirs ? text[start..<(end + 1)] : nil
  }

  /// The entries of a config that stands in a text; what stands around it is told of.
  mutating func entries(inside inner: SourceText, of text: SourceText, _ layer: Int) throws(Problem) -> [ExportEntry] {
    try refuseSecondConfig(inner, in: text)
    note(
      "what stands before line \(inner.position(0).line), column \(inner.position(0).column), and after line "
        + "\(inner.position(inner.count - 1).line) was left out")
    return try entries(inner, layer: layer + 1)
  }

  /// Refuses a text in which what would be left out holds another config: of two none is the one that is meant.
  private func refuseSecondConfig(_ inner: SourceText, in text: SourceText) throws(Problem) {
    let (start, end) = (inner.position(0), inner.position(inner.count - 1))
    guard let first = text.octets.indices.first(where: { text.position($0) >= start }),
      let last = text.octets.indices.last(where: { text.position($0) <= end })
    else { return }
    for rest in [text[0..<first], text[(last + 1)..<text.count]] where rest.count > 0 {
      let lines = rest.lines.map { line in
        let open = line.octets.firstIndex { !isSpace($0) && $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "[") }
        return KeyedLine(line[(open ?? line.count)..<line.count])
      }
      let keyed = lines.first { line in line.value.count > 0 && line.key.map { function.knows($0.string) } == true }
      guard let other = configInside(rest)?.position(0) ?? keyed?.text.position(0) else { continue }
      throw Problem(
        file: file, position: other,
        "there are two configs, one at line \(start.line) and another at line \(other.line); paste one alone, and the other with "
          + "another --link")
    }
  }

  /// The entries of lines: `key: value`, `key = value`, with bullets or without, and values alone, which have the keys
  /// that their shapes say. Nil when no line is such a one.
  mutating func keyedLines(_ text: SourceText) throws(Problem) -> [ExportEntry]? {
    var entries: [ExportEntry] = []
    var waiting: (key: String, position: Position)?
    var ignored = 0
    for line in text.lines.map(KeyedLine.init) where line.text.count > 0 {
      if let key = line.key?.string, function.knows(key), !key.contains(" ") {
        if let waiting {
          entries.append(ExportEntry(key: waiting.key, position: waiting.position, value: line.text[0..<0]))
        }
        waiting = nil
        if line.value.count == 0 {
          waiting = (key, line.text.position(0))
        } else {
          entries.append(ExportEntry(key: key, position: line.text.position(0), value: line.value))
        }
      } else if let last = waiting {
        // The value stands in the line below its key.
        entries.append(ExportEntry(key: last.key, position: last.position, value: line.whole))
        waiting = nil
      } else if let key = function.keyOfValue(line.value.string) {
        entries.append(ExportEntry(key: key, position: line.value.position(0), value: line.value))
        note("\(line.value.string) was taken for \(key)")
      } else {
        let said = valuesInside(line.whole).filter { value in
          !entries.contains { $0.value.octets.elementsEqual(value.1.octets) }
        }
        for (key, value) in said {
          entries.append(ExportEntry(key: key, position: value.position(0), value: value))
          note("\(value.string) was taken for \(key)")
        }
        if said.isEmpty { ignored += 1 }
      }
    }
    if let waiting { entries.append(ExportEntry(key: waiting.key, position: waiting.position, value: text[0..<0])) }
    guard !entries.isEmpty else { return nil }
    note("lines with a key and its value were read" + (ignored > 0 ? ", and \(ignored) others left out" : ""))
    return entries
  }
}

extension ExportReader {
  /// The values in a sentence that have a key by their shape, each once.
  private func valuesInside(_ line: SourceText) -> [(String, SourceText)] {
    var values: [(String, SourceText)] = []
    let marks = Array("\"'`()<>[],;.!?".utf8)
    var start = 0
    for end in 0...line.count where end == line.count || isSpace(line.octets[end]) {
      let word = line[start..<end]
      start = end + 1
      guard let first = word.octets.firstIndex(where: { !marks.contains($0) }),
        let last = word.octets.lastIndex(where: { !marks.contains($0) })
      else { continue }
      let value = word[first..<(last + 1)]
      guard let key = function.keyOfValue(value.string), !values.contains(where: { $0.1.octets == value.octets }) else {
        continue
      }
      values.append((key, value))
    }
    return values
  }
}

extension SourceText {
  /// A line of a mail without the `>` of those who quoted it, each with the white space beside it.
  var withoutQuoteMarks: SourceText {
    let marks = octets.prefix { $0 == 0x3e || $0 == 0x20 || $0 == 0x09 }
    return marks.contains(0x3e) ? self[marks.count..<count] : self
  }
}

/// A line of a mail: a key and its value, or a value alone.
struct KeyedLine {
  /// The line without its bullet.
  let text: SourceText
  /// What stands before the colon or the equals sign; nil when there is none, or it is part of a URL.
  let key: SourceText?
  /// What stands after it, or the line; bare of quotes and of what mail programs and Markdown make of a link.
  let value: SourceText
  /// The whole line as a value.
  let whole: SourceText

  /// Takes a line.
  init(_ line: SourceText) {
    text = Self.withoutBullet(line.trimmed)
    whole = Self.bare(text)
    var split: Int?
    for (at, octet) in text.octets.enumerated() where octet == UInt8(ascii: ":") || octet == UInt8(ascii: "=") {
      // The colon of `https://` or of a port parts nothing.
      let next = text.octet(at + 1)
      if octet == UInt8(ascii: ":"), next.map({ $0 == 0x2f || ($0 >= 0x30 && $0 <= 0x39) }) == true { continue }
      split = at
      break
    }
    // An address of mail or of a repository, and what stands behind a scheme, are no key.
    if let at = split, text.octets[..<at].contains(UInt8(ascii: "@")) || text[0..<at].octets.has("://") { split = nil }
    // The first colon of an IPv6 address is one of several.
    let word = text.octets.prefix { !isSpace($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ";") }
    if word.count(where: { $0 == UInt8(ascii: ":") }) > 1, IPAddress(String(decoding: word, as: UTF8.self)) != nil {
      split = nil
    }
    guard let split, split > 0 else {
      key = nil
      value = whole
      return
    }
    key = Self.bare(text[0..<split])
    value = Self.bare(text[(split + 1)..<text.count])
  }

  /// Without `-`, `*`, `•`, `–` or `1.` at the start.
  private static func withoutBullet(_ line: SourceText) -> SourceText {
    let bullets = ["- ", "* ", "+ ", "• ", "– ", "· ", "◦ ", "▪ "]
    if let bullet = bullets.first(where: { line.octets.starts(with: $0.utf8) }) {
      return line[bullet.utf8.count..<line.count].trimmed
    }
    let digits = line.octets.prefix { $0 >= 0x30 && $0 <= 0x39 }.count
    if digits > 0, digits <= 2, let mark = line.octet(digits), mark == 0x2e || mark == 0x29,
      line.octet(digits + 1) == 0x20
    {
      return line[(digits + 2)..<line.count].trimmed
    }
    return line
  }

  /// Without quotes, emphasis and a final comma; `text<https://…>` and `[text](https://…)` are what they show.
  private static func bare(_ text: SourceText) -> SourceText {
    var text = text.trimmed
    if text.octet(0) == UInt8(ascii: "["), text.octets.last == UInt8(ascii: ")"),
      let end = text.octets.firstIndex(of: 0x5d),
      text.octet(end + 1) == UInt8(ascii: "(")
    {
      text = text[1..<end].trimmed
    }
    if let open = text.octets.firstIndex(of: UInt8(ascii: "<")), text.octets.last == UInt8(ascii: ">"),
      text.octets[(open + 1)...].starts(with: "http".utf8)
    {
      text = open == 0 ? text[1..<(text.count - 1)] : text[0..<open].trimmed
    }
    let marks: [UInt8] = [0x22, 0x27, 0x60]
    let emphasis = "**".utf8
    // Quotes and emphasis stand a few deep; what has more of them is none of a person's.
    for _ in 0..<6 {
      let before = text.count
      if text.octets.last == UInt8(ascii: ",") || text.octets.last == UInt8(ascii: ";") {
        text = text[0..<(text.count - 1)].trimmed
      }
      if text.count >= 2, let first = text.octet(0), marks.contains(first) || first == 0x2a, text.octets.last == first,
        text.octet(1) != 0x2e
      {
        text = text[1..<(text.count - 1)].trimmed
      } else if text.octets.starts(with: emphasis) {
        text = text[2..<text.count].trimmed
      }
      if text.count == before { break }
    }
    return text
  }
}
