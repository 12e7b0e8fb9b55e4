/// Text that came from outside, in double quotes, safe to print on a terminal: control characters as `\u{…}`, and what
/// is longer than `maximumLength` characters cut with an ellipsis.
public func quoted(_ text: String, maximumLength: Int = 80) -> String {
  var shown = ""
  var count = 0
  for scalar in text.unicodeScalars {
    guard count < maximumLength else { return "\"\(shown)…\"" }
    shown += printable(scalar)
    count += 1
  }
  return "\"\(shown)\""
}

/// A scalar as a terminal may show it: control and invisible formatting characters spelled out.
func printable(_ scalar: Unicode.Scalar) -> String {
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
    "\\u{\(String(scalar.value, radix: 16))}"
  default: String(scalar)
  }
}
