import Bounds
import Text

extension ExportReader {
  /// The input as text, with what word processors, chat programs and web pages put in taken out again: byte order mark,
  /// no-break and zero-width spaces, smart quotes, lines drawn with box characters.
  mutating func cleaned(_ input: [UInt8]) throws(Problem) -> SourceText {
    guard input.count <= Limits.Links.pasteOctets else {
      throw Problem(
        file: file,
        "the input is \(input.count) octets long; the limit is \(Limits.Links.pasteOctets): \(pasteTheCell), and nothing else"
      )
    }
    let (input, order) = try UTF16Text.decoded(input, file: file)
    if let order { note("UTF-16 text (\(order)) was read") }
    if input.prefix(Limits.Links.pasteOctets).contains(0) {
      throw Problem(file: file, "the input is binary, not text; \(pasteTheCell)")
    }
    let whole = try SourceText(file: input, named: file, maximumOctets: Limits.Links.pasteOctets)
    let text = try MailText.decoded(whole, file: file)
    if text.count != whole.count { note("the mail's quoted-printable text was read") }
    var clean = SourceText(end: text.end)
    var at = 0
    while let octet = text.octet(at) {
      if octet < 0x80 {
        guard octet >= 0x20 || isSpace(octet) else {
          throw problem(text, at, "a control character: the input is not plain text; \(pasteTheCell)")
        }
        clean.append(octet, from: text.position(at))
        at += 1
        continue
      }
      let length = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2
      for scalar in String(decoding: text.octets[at..<(at + length)], as: UTF8.self).unicodeScalars {
        if let plain = plain(scalar) { clean.append(plain, from: text.position(at)) }
      }
      at += length
    }
    return clean
  }

  /// What a scalar stands for; nil for one that stands for nothing.
  private mutating func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    switch scalar {
    case "\u{feff}", "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{ad}":
      note("invisible characters were ignored")
      return nil
    case "\u{a0}", "\u{2000}"..."\u{200a}", "\u{202f}", "\u{205f}", "\u{3000}":
      note("no-break spaces were read as spaces")
      return " "
    case "\u{201c}"..."\u{201f}", "\u{ab}", "\u{bb}", "\u{ff02}":
      note("smart quotes were read as plain quotes")
      return "\""
    case "\u{2018}"..."\u{201b}": return "'"
    case "\u{2502}", "\u{2503}", "\u{2551}": return "|"
    case "\u{2500}", "\u{2501}", "\u{2550}": return "-"
    case "\u{250c}"..."\u{254b}", "\u{2552}"..."\u{256c}", "\u{256d}"..."\u{2570}": return "+"
    default: return scalar
    }
  }
}

/// Text as editors and spreadsheets of Windows save it.
enum UTF16Text {
  /// The input as UTF-8; what is not marked as UTF-16 is as it was.
  ///
  /// - Returns: the text, and the order of octets when it was UTF-16 (RFC 2781 §3.2), for a note.
  /// - Throws: when it is marked so and is not.
  static func decoded(_ input: [UInt8], file: String) throws(Problem) -> (text: [UInt8], order: String?) {
    let isBig = input.starts(with: [0xfe, 0xff])
    guard isBig || input.starts(with: [0xff, 0xfe]) else { return (input, nil) }
    let (high, low) = isBig ? (0, 1) : (1, 0)
    let units = stride(from: 2, to: input.count - 1, by: 2).map { at in
      UInt16(input[at + high]) << 8 | UInt16(input[at + low])
    }
    guard input.count.isMultiple(of: 2), let text = String(validating: units, as: UTF16.self) else {
      throw Problem(file: file, "the input is UTF-16 text, and part of it is missing; save it again, as UTF-8")
    }
    return (Array(text.utf8), isBig ? "big-endian" : "little-endian")
  }
}

/// Things that people paste by mistake.
enum WrongPaste {
  /// What the text is instead of the function's output; nil when it is nothing that is known.
  static func recognized(_ text: SourceText, function: String) -> String? {
    // What is ASCII of it: none of these texts starts with anything else.
    let start = String(decoding: text.octets.prefix(400).prefix { $0 < 0x80 }, as: UTF8.self).lowercased()
    if ["<!doctype", "<html", "<?xml", "<head", "<div", "<table"].contains(where: { start.hasPrefix($0) }) {
      return "this is a web page, not the output of \(function)"
    }
    if start.hasPrefix("select ") || start.hasPrefix("call ") {
      if !text.octets.contains(0x7c) { return "this is the statement, not its result" }
    }
    if isSQLError(start) { return "this is an SQL error: \(quoted(firstLine(text), maximumLength: 120))" }
    if start.hasPrefix("account is authorized") || start.hasPrefix("account is not authorized") {
      return "this is the output of SYSTEM$GET_PRIVATELINK(), which holds no host names"
    }
    return nil
  }

  /// `002140 (42601): SQL compilation error:`, or one of its usual texts.
  private static func isSQLError(_ start: String) -> Bool {
    let parts = start.split(separator: " ", maxSplits: 2)
    if parts.count >= 2, parts[0].count == 6, parts[0].allSatisfy({ $0.isNumber }), parts[1].hasPrefix("(") {
      return true
    }
    return ["sql compilation error", "sql access control error", "sql execution error", "error:", "unknown function"]
      .contains { start.hasPrefix($0) }
  }

  private static func firstLine(_ text: SourceText) -> String {
    text[0..<min(500, text.count)].lines.prefix(2).map(\.string).joined(separator: " ")
  }

  /// Which function gave an object or a list with these keys; nil when none that is known.
  static func function(withKeys keys: some Sequence<String>) -> String? {
    let lower = Set(keys.map { OctetText($0.asciiLowercased) })
    if lower.contains("endpointid") { return "SYSTEM$GET_PRIVATELINK_AUTHORIZED_ENDPOINTS()" }
    if lower.contains(where: {
      ["snowflake-vpc", "snowflake-vnet", "snowflake-egress"].contains(where: $0.string.startsSame)
    }) {
      return "SYSTEM$GET_SNOWFLAKE_PLATFORM_INFO(), which holds no host names"
    }
    return nil
  }
}
