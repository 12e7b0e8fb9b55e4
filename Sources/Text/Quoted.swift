/// Text that came from outside, in double quotes, safe to print on a terminal: control characters as `\u{…}`, quotes and
/// backslashes behind a backslash so that the quotes end where the text does, and what is longer than `maximumLength` characters cut with an ellipsis.
public func quoted(_ text: String, maximumLength: Int = 80) -> String {
  var shown = ""
  var count = 0
  for scalar in text.unicodeScalars {
    guard count < maximumLength else { return "\"\(shown)…\"" }
    shown += scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : printable(scalar)
    count += 1
  }
  return "\"\(shown)\""
}

/// Text as a terminal may show it, on one line: what a terminal obeys, does not show or shows elsewhere (control
/// characters, line ends among them, bidirectional overrides, invisible ones) spelled out as `\u{…}`.
///
/// Everything that comes from outside goes through this where it is printed, whatever was done to it before: files,
/// their names, pastes, messages, upstreams' texts.
public func onOneLine(_ text: some StringProtocol) -> String {
  guard !text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else { return String(text) }
  var shown = ""
  for scalar in text.unicodeScalars { shown += printable(scalar) }
  return shown
}

/// The same of text that has lines of its own: each line end stays.
public func onItsLines(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { onOneLine($0) }.joined(separator: "\n")
}

/// A scalar as a terminal may show it: control and invisible formatting characters spelled out.
func printable(_ scalar: Unicode.Scalar) -> String {
  scalar.isPrintable ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
}

extension Unicode.Scalar {
  /// False for what a terminal obeys or does not show.
  var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    default: true
    }
  }
}

/// A text of at most so many characters (Unicode scalars), the last of them an ellipsis where it was longer.
public func cut(_ text: String, toCharacters count: Int) -> String {
  guard text.utf8.count > count else { return text }
  let scalars = text.unicodeScalars
  guard let end = scalars.index(scalars.startIndex, offsetBy: count, limitedBy: scalars.endIndex),
    end < scalars.endIndex
  else { return text }
  return String(scalars[..<scalars.index(before: end)]) + "…"
}
