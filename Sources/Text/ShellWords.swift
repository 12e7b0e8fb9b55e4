/// A word of a command line that is printed for a person to copy: as it is where a shell takes it for nothing else, and in
/// single quotes otherwise, so that nothing in it is run, expanded or split (POSIX.1-2024, Shell Command Language §2.2.2).
///
/// What a terminal obeys is spelled out within the quotes, as everywhere.
public func shellWord(_ text: some StringProtocol) -> String {
  // zsh takes a word with "=" at its start for the path of a command.
  guard text.isEmpty || text.utf8.first == UInt8(ascii: "=") || !text.utf8.allSatisfy(isPlainInShell) else {
    return String(text)
  }
  var shown = ""
  for scalar in text.unicodeScalars { shown += scalar == "'" ? "'\\''" : printable(scalar) }
  return "'\(shown)'"
}

/// Operands for the end of a command line that is printed, behind `--` where one would be taken for a flag.
public func shellOperands(_ operands: [String]) -> String {
  let areFlags = operands.contains { $0.utf8.first == UInt8(ascii: "-") && $0.utf8.count > 1 }
  return ((areFlags ? ["--"] : []) + operands.map { shellWord($0) }).joined(separator: " ")
}

extension DefaultStringInterpolation {
  /// `"backroad link show \(word: name)"`: a word of a command line that the text prints (`shellWord`).
  public mutating func appendInterpolation(word text: some StringProtocol) { appendInterpolation(shellWord(text)) }
}

/// True for what means nothing but itself wherever it stands in a word, in any shell.
private func isPlainInShell(_ octet: UInt8) -> Bool {
  switch octet {
  case 0x61...0x7a, 0x41...0x5a, 0x30...0x39: true
  default: "@%+=:,./_-".utf8.contains(octet)
  }
}
