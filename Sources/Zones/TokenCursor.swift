import Text
import Wire

/// Goes along the items of one entry and reads each as what the record needs next.
struct TokenCursor {
  private let tokens: [Token]
  private var index = 0
  private let end: Position
  private let warns: Bool
  /// What is allowed but likely not meant, found on the way.
  private(set) var warnings: [Fault] = []

  /// - Parameter warns: whether warnings are of use.
  init(_ entry: Entry, warns: Bool = false) {
    tokens = entry.tokens
    end = entry.end
    self.warns = warns
  }

  /// The next item, left in place.
  var peek: Token? { index < tokens.count ? tokens[index] : nil }

  /// Where the next item stands, or where it is missing.
  var position: Position { peek?.position ?? end }

  /// Takes the next item if there is one.
  mutating func take() -> Token? {
    defer { index += 1 }
    return peek
  }

  /// Takes the next item, which must be there.
  mutating func take(_ what: String) throws(Fault) -> Token {
    guard let token = take() else { throw Fault(end, "the \(what) is missing: the entry ends here") }
    return token
  }

  /// Takes the next item as text, which must be there and not quoted.
  mutating func word(_ what: String) throws(Fault) -> (text: String, position: Position) {
    let token = try take(what)
    guard !token.isQuoted else { throw Fault(token.position, "the \(what) must not be quoted: remove the quotes") }
    return (token.text, token.position)
  }

  /// Everything must have been taken.
  func finish() throws(Fault) {
    guard let token = peek else { return }
    throw Fault(token.position, "\(token.shown) is too much: the record ends before it; remove it or start a new line")
  }

  /// Takes a domain name, relative to `origin` unless it ends with a dot.
  mutating func name(_ what: String, origin: Name) throws(Fault) -> Name {
    let token = try take(what)
    guard !token.isQuoted else { throw Fault(token.position, "the \(what) must not be quoted: remove the quotes") }
    do throws(NameTextError) {
      let name = try Name(text: token.octets, origin: origin)
      warnOfRepetition(name, token, origin)
      return name
    } catch {
      throw Fault(token.position, "\(token.shown) is not a name for the \(what): \(error)")
    }
  }

  /// `www.example.com` below the origin `example.com.` is `www.example.com.example.com.`, which nobody means.
  private mutating func warnOfRepetition(_ name: Name, _ token: Token, _ origin: Name) {
    // Most names have one label, which no origin of two repeats.
    guard warns, token.octets.last != UInt8(ascii: "."), token.octets.contains(UInt8(ascii: ".")) else { return }
    let originCount = origin.labelCount
    guard originCount >= 2, name.labelCount - originCount >= originCount else { return }
    guard let given = name.labels(above: origin), given.isSubdomain(of: origin) else { return }
    warnings.append(
      Fault(
        token.position, "\(token.shown) is \(name), below the origin \(origin): add a final dot if that is not meant"))
  }

  /// Takes an unsigned decimal number of `octets` octets and appends it in network order.
  mutating func number(_ octets: Int, _ what: String, to data: inout [UInt8]) throws(Fault) {
    let (text, position) = try word(what)
    let limit = UInt64(1) << (8 * UInt64(octets)) - 1
    guard let number = decimal(text, UInt64.self), number <= limit else {
      throw Fault(position, "\(shown(text)) cannot be the \(what), which is a number from 0 to \(limit)")
    }
    data.appendBigEndian(number, octets: octets)
  }

  /// Takes a span of time and appends its seconds as 32 bits.
  mutating func seconds(_ what: String, to data: inout [UInt8]) throws(Fault) {
    let (text, position) = try word(what)
    do throws(TTLText.Failure) {
      data.appendBigEndian(UInt64(try TTLText.seconds(text)), octets: 4)
    } catch {
      throw Fault(
        position,
        "\(shown(text)) cannot be the \(what) time, which is seconds up to \(TTLText.maximumSeconds), or like 1h30m")
    }
  }

  /// Takes one item, quoted or not, as the octets it stands for.
  mutating func string(_ what: String, atMost limit: Int) throws(Fault) -> [UInt8] {
    let token = try take(what)
    guard let octets = token.unescaped else {
      throw Fault(token.position, "a bad escape in the \(what): \(NameTextError.badEscape)")
    }
    guard octets.count <= limit else {
      throw Fault(
        token.position, "a string of \(octets.count) octets: split it into strings of at most \(limit), \"…\" \"…\"")
    }
    return octets
  }
}

extension Token {
  /// As in the file; the tokenizer has let only UTF-8 pass.
  var text: String { String(decoding: octets, as: UTF8.self) }

  /// For a message: in quotes, and cut when long.
  var shown: String { Zones.shown(text) }

  /// The octets that it stands for, escapes read; nil when one of them is bad.
  var unescaped: [UInt8]? {
    var result: [UInt8] = []
    var rest = octets
    while let octet = rest.popFirst() {
      guard octet == UInt8(ascii: "\\") else {
        result.append(octet)
        continue
      }
      guard let (escaped, length) = escapedOctet(rest) else { return nil }
      result.append(escaped)
      rest = rest.dropFirst(length)
    }
    return result
  }
}

/// A piece of the person's text within a message: in quotes, and cut when long.
func shown(_ text: String) -> String {
  text.unicodeScalars.count <= 60 ? "\"\(text)\"" : "\"\(String(text.unicodeScalars.prefix(57)))…\""
}

extension [UInt8] {
  /// Appends the low `octets` octets of `number` in network order.
  mutating func appendBigEndian(_ number: UInt64, octets: Int) {
    var shift = 8 * UInt64(octets)
    while shift > 0 {
      shift -= 8
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
