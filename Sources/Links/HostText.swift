import Text
import Wire

/// Host names as people paste them: with scheme, path, port, quotes, capitals, final dots.
enum HostText {
  /// What a text turned out to be.
  enum Reading: Hashable {
    /// A host name in lower case, and what had to be taken off or changed, if anything.
    case host(Name, changes: [String])
    /// None; why.
    case none(String)
  }

  /// Reads one host name, the leftmost label of which may be `*`.
  static func read(_ text: String) -> Reading {
    var rest = text[...]
    var changes: [String] = []
    func strip(_ what: String, _ shorter: Substring) {
      guard shorter.utf8.count != rest.utf8.count else { return }
      rest = shorter
      changes.append(what)
    }
    strip("white space", trimmed(rest))
    if let scheme = rest.range(of: "://"), rest[..<scheme.lowerBound].allSatisfy({ $0.isLetter }) {
      strip("the scheme \(rest[..<scheme.upperBound])", rest[scheme.upperBound...])
    }
    if let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" || $0 == "#" }) { strip("the path", rest[..<slash]) }
    if let colon = rest.lastIndex(of: ":"),
      rest[rest.index(after: colon)...].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      rest[..<colon].firstIndex(of: ":") == nil
    {
      strip("the port", rest[..<colon])
    }
    if rest.hasSuffix(".") { strip("the final dot", rest.dropLast()) }
    let lower = rest.lowercased()
    if lower != rest { changes.append("capitals") }
    if IPAddress(lower) != nil { return .none("is an address, not a host name") }
    if let why = fault(of: lower) { return .none(why) }
    do throws(NameTextError) {
      return .host(try Name(lower), changes: changes)
    } catch {
      return .none("is not a host name: \(error)")
    }
  }

  /// What keeps a text from being a host name; nil when nothing does. Underscores are legal in names (RFC 2181 §11), and
  /// accounts have them.
  private static func fault(of text: String) -> String? {
    if text.isEmpty { return "is empty" }
    for (index, label) in text.split(separator: ".", omittingEmptySubsequences: false).enumerated() {
      if index == 0, label == "*", text != "*" { continue }
      if label.isEmpty { return "is not a host name: two dots in a row, or a dot at the start" }
      if let bad = label.unicodeScalars.first(where: { !isHostCharacter($0) }) {
        return "is not a host name: it holds \(quoted(String(bad)))"
      }
      if label.hasPrefix("-") || label.hasSuffix("-") { return "is not a host name: a label starts or ends with \"-\"" }
    }
    return nil
  }

  private static func isHostCharacter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "0"..."9", "-", "_": true
    default: false
    }
  }
}

/// The text without white space at its start and end.
func trimmed(_ text: Substring) -> Substring {
  guard let first = text.firstIndex(where: { !$0.isWhitespace }), let last = text.lastIndex(where: { !$0.isWhitespace })
  else { return text.prefix(0) }
  return text[first...last]
}

extension Substring {
  /// Where `word` first stands.
  func range(of word: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(word) { return start..<index(start, offsetBy: word.count) }
      start = index(after: start)
    }
    return nil
  }
}

/// What documentation writes where the reader's own values belong.
enum Placeholder {
  private static let words = [
    "account_identifier", "account-identifier", "account_locator", "account-locator", "account_name", "account-name",
    "your-account", "your_account", "youraccount", "your-org", "your_org", "yourorg", "my-account", "my_account",
    "orgname",
    "changeme", "replace-me", "replace_me",
  ]

  /// The placeholder that is left in a value; nil when there is none.
  static func found(in text: String) -> String? {
    if let open = text.firstIndex(of: "<") {
      let close = text[open...].firstIndex(of: ">") ?? text.index(before: text.endIndex)
      return String(text[open...close])
    }
    if text.contains("{{") || text.contains("${") { return text }
    let parts = text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    for part in parts {
      if let word = words.first(where: { part == $0 || part.hasPrefix($0 + "-") || part.hasPrefix($0 + "_") }) {
        return word
      }
      for piece in part.split(whereSeparator: { $0 == "-" || $0 == "_" }) {
        let tail = piece.drop { $0.isNumber }
        if tail.count >= 4, tail.allSatisfy({ $0 == "x" }) { return String(piece) }
      }
    }
    return nil
  }
}
