extension JSON {
  /// The value as text for people and for version control: two spaces an indentation, members in their order, what
  /// fits into 120 columns on one line (an array of values, an object of values and such arrays), and a line end after
  /// the whole.
  ///
  /// The same value always gives the same text.
  public var text: String { pretty(indentation: 0, before: 0) + "\n" }

  /// The value on one line.
  public var compactText: String {
    switch content {
    case .null: "null"
    case .bool(let truth): truth ? "true" : "false"
    case .number(let text): text
    case .string(let text): Self.literal(text)
    case .array(let elements): "[" + elements.map(\.compactText).joined(separator: ", ") + "]"
    case .object(let object):
      object.members.isEmpty ? "{}" : "{ " + object.members.map(\.compactText).joined(separator: ", ") + " }"
    }
  }

  /// - Parameter before: how many columns of the line are taken before the value.
  private func pretty(indentation: Int, before: Int) -> String {
    let compact = compactText
    // The outermost object stays open, so that a change of a file's one member is a change of one line.
    let maximumDepth = asArray != nil || indentation == 0 ? 1 : 2
    if depth <= maximumDepth, before + compact.unicodeScalars.count < 120 { return compact }
    let inner = String(repeating: " ", count: indentation + 2)
    let outer = String(repeating: " ", count: indentation)
    switch content {
    case .array(let elements):
      let lines = elements.map { inner + $0.pretty(indentation: indentation + 2, before: indentation + 2) }
      return "[\n" + lines.joined(separator: ",\n") + "\n" + outer + "]"
    case .object(let object):
      let lines = object.members.map { member in
        let start = inner + Self.literal(member.key) + ": "
        return start + member.value.pretty(indentation: indentation + 2, before: start.unicodeScalars.count)
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n" + outer + "}"
    default:
      return compact
    }
  }

  /// How many levels of arrays and objects that are not empty.
  private var depth: Int {
    let inner = asArray ?? asObject?.members.map(\.value) ?? []
    return inner.isEmpty ? 0 : 1 + (inner.map(\.depth).max() ?? 0)
  }

  /// A string with its quotes; what a terminal obeys or does not show as `\u` escapes (RFC 8259 §7): control characters,
  /// the line separators, bidirectional overrides, invisible ones.
  public static func literal(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": literal += "\\\""
      case "\\": literal += "\\\\"
      case "\n": literal += "\\n"
      case "\r": literal += "\\r"
      case "\t": literal += "\\t"
      case _ where !scalar.isPrintable:
        // Beyond the first plane as two (a surrogate pair).
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }
}

extension JSON.Member {
  /// The key and the value on one line.
  fileprivate var compactText: String { JSON.literal(key) + ": " + value.compactText }
}
