import Bounds
import Text
import Wire

/// Host names as people paste them: with scheme, path, port, quotes, capitals, final dots.
///
/// Whatever is in the text, it is gone through octet by octet: only ASCII can be part of a host name, and nothing else is
/// taken for it.
enum HostText {
  /// What a text turned out to be.
  enum Reading {
    /// A host name in lower case, and what had to be taken off or changed, if anything.
    case host(Name, changes: [String])
    /// None; why.
    case none(String)
  }

  /// Reads one host name, the leftmost label of which may be `*`.
  static func read(_ text: String) -> Reading {
    guard text.utf8.count <= Limits.Links.hostTextOctets else {
      return .none("is longer than \(Limits.Links.hostTextOctets) octets, and no host name")
    }
    var rest = Array(text.utf8)[...]
    var changes: [String] = []
    func strip(_ what: String, _ shorter: ArraySlice<UInt8>) {
      guard shorter.count != rest.count else { return }
      rest = shorter
      changes.append(what)
    }
    strip("white space", Array(trimmed(text.unicodeScalars).utf8)[...])
    let word = rest.prefix { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a }
    if rest.dropFirst(word.count).starts(with: "://".utf8) {
      strip("the scheme \(String(decoding: word, as: UTF8.self))://", rest.dropFirst(word.count + 3))
    }
    if let slash = rest.firstIndex(where: { $0 == 0x2f || $0 == 0x3f || $0 == 0x23 }) {
      strip("the path", rest[..<slash])
    }
    if let colon = rest.firstIndex(of: 0x3a), rest[(colon + 1)...].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
      strip("the port", rest[..<colon])
    }
    if rest.last == 0x2e { strip("the final dot", rest.dropLast()) }
    let lower = rest.map { Wire.lowercased($0) }
    if !lower.elementsEqual(rest) { changes.append("capitals") }
    if IPAddress(String(decoding: lower, as: UTF8.self)) != nil { return .none("is an address, not a host name") }
    if let why = fault(of: lower) { return .none(why) }
    do throws(NameTextError) {
      return .host(try Name(text: lower), changes: changes)
    } catch {
      return .none("is not a host name: \(error)")
    }
  }

  /// The port that stands behind a host, in a URL or alone; nil where there is none.
  static func port(_ text: String) -> Int? {
    var octets = Array(text.utf8.prefix(Limits.Links.hostTextOctets))[...]
    if let at = octets.indices.first(where: { octets[$0...].starts(with: "://".utf8) }) { octets = octets[(at + 3)...] }
    octets = octets.prefix { $0 != 0x2f && $0 != 0x3f && $0 != 0x23 && $0 != 0x3b && $0 != 0x2c }
    guard let colon = octets.lastIndex(of: 0x3a) else { return nil }
    let digits = octets[(colon + 1)...]
    guard (1...5).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let port = Int(String(decoding: digits, as: UTF8.self)), Link.portRange.contains(port)
    else { return nil }
    return port
  }

  /// What keeps a text from being a host name; nil when nothing does. Underscores are legal in names (RFC 2181 §11), and
  /// accounts have them.
  private static func fault(of text: [UInt8]) -> String? {
    if text.isEmpty { return "is empty" }
    for (index, label) in text.split(separator: 0x2e, omittingEmptySubsequences: false).enumerated() {
      if index == 0, label.elementsEqual([0x2a]), text.count > 1 { continue }
      if label.isEmpty { return "is not a host name: two dots in a row, or a dot at the start" }
      if let bad = label.firstIndex(where: { !isHostOctet($0) }) {
        let scalar = String(decoding: text[bad..<min(bad + 4, text.count)], as: UTF8.self).unicodeScalars.first
        let remedy =
          switch text[bad] {
          case 0x2c, 0x3b: "; write names apart, with a space between them"
          case 0x80...: "; write it as the DNS has it, xn--…"
          default: ""
          }
        return "is not a host name: it holds \(quoted(scalar.map { String($0) } ?? ""))\(remedy)"
      }
      if label.first == 0x2d || label.last == 0x2d { return "is not a host name: a label starts or ends with \"-\"" }
    }
    return nil
  }

  private static func isHostOctet(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x61...0x7a, 0x30...0x39, 0x2d, 0x5f: true
    default: false
    }
  }

  /// The text without white space at its start and end.
  private static func trimmed(_ text: String.UnicodeScalarView) -> Substring {
    guard let first = text.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = text.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return Substring(text[first...last])
  }
}

/// What documentation writes where the reader's own values belong.
enum Placeholder {
  private static let words = [
    "account_identifier", "account-identifier", "account_locator", "account-locator", "account_name", "account-name",
    "your-account", "your_account", "youraccount", "your-org", "your_org", "yourorg", "my-account", "my_account",
    "orgname",
    "your-workspace", "your_workspace", "yourworkspace", "your-company", "your_company", "your-domain", "your-host",
    "changeme", "replace-me", "replace_me",
  ]

  /// The placeholder that is left in a value; nil when there is none.
  static func found(in text: String) -> String? {
    let octets = text.utf8.map { Wire.lowercased($0) }
    if let open = octets.firstIndex(of: 0x3c) {
      let rest = text.utf8.dropFirst(open)
      let length = rest.firstIndex(of: 0x3e).map { rest.distance(from: rest.startIndex, to: $0) + 1 } ?? rest.count
      return String(decoding: rest.prefix(length), as: UTF8.self)
    }
    for index in octets.indices.dropLast() where octets[index + 1] == 0x7b {
      if octets[index] == 0x7b || octets[index] == 0x24 { return text }
    }
    for part in octets.split(whereSeparator: { !isPart($0) }) {
      if let word = words.first(where: { isWord(part, $0) }) { return word }
      for piece in part.split(whereSeparator: isDash) {
        let tail = piece.drop { $0 >= 0x30 && $0 <= 0x39 }
        if tail.count >= 4, tail.allSatisfy({ $0 == 0x78 }) { return String(decoding: piece, as: UTF8.self) }
      }
    }
    return nil
  }

  /// True for the word, or the word and more after a dash.
  private static func isWord(_ part: ArraySlice<UInt8>, _ word: String) -> Bool {
    part.starts(with: word.utf8) && (part.dropFirst(word.utf8.count).first.map(isDash) ?? true)
  }

  private static func isDash(_ octet: UInt8) -> Bool { octet == 0x2d || octet == 0x5f }

  /// Letters, digits and dashes; letters beyond ASCII too.
  private static func isPart(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x61...0x7a, 0x30...0x39, 0x2d, 0x5f, 0x80...0xff: true
    default: false
    }
  }
}
