/// Help texts, made from the same tables that command lines are read by.
enum Help {
  /// How wide lines are.
  private static let width = 100

  /// The list of commands.
  ///
  /// - Parameter word: only those that start with it; all of them when empty.
  static func overview(of commands: [Command], startingWith word: String) -> String {
    let shown = commands.filter { word.isEmpty || $0.words[0] == word }
    var text = word.isEmpty ? "Backroad: private DNS for private links.\n\n" : ""
    text += "Usage: backroad \(word.isEmpty ? "" : "\(word) ")COMMAND …\n\nCommands:\n"
    text += columns(shown.map { ($0.words.joined(separator: " "), $0.summary) })
    text += "\n\"\(word.isEmpty ? "backroad" : "backroad \(word)") COMMAND --help\" says more of a command.\n"
    return text
  }

  /// A command's own help.
  static func text(of command: Command) -> String {
    var text = "\(command.name): \(command.summary)\n\n"
    let parts = command.flags.map(\.usage) + (command.operands.isEmpty ? [] : [command.operands])
    text += wrapped(["Usage: \(command.name)"] + parts, indentation: 7)
    if !command.details.isEmpty { text += "\n\(command.details)\n" }
    let flags = command.flags + [Flag("-h, --help", help: "print this")]
    text += "\nFlags:\n"
    text += columns(
      flags.map { flag in
        let remark = flag.count == .required ? " (required)" : flag.count == .repeated ? " (may be repeated)" : ""
        return (flag.value.map { "\(flag.name) \($0)" } ?? flag.name, flag.help + remark)
      })
    if !command.examples.isEmpty {
      text += "\nExamples:\n" + command.examples.map { "  \($0)\n" }.joined()
    }
    return text
  }

  private static func columns(_ rows: [(String, String)]) -> String {
    let left = rows.map(\.0.count).max() ?? 0
    return rows.map { row in
      let start = "  " + row.0 + String(repeating: " ", count: left - row.0.count + 2)
      return wrapped([start] + row.1.split(separator: " ").map { String($0) }, indentation: left + 4, isStarted: true)
    }.joined()
  }

  /// Puts parts on lines, with a space between them.
  ///
  /// - Parameter isStarted: true when no space is wanted after the first.
  private static func wrapped(_ parts: [String], indentation: Int, isStarted: Bool = false) -> String {
    var text = ""
    var line = parts.first ?? ""
    var needsSpace = !isStarted
    for part in parts.dropFirst() {
      if line.count + part.count + 1 > width, needsSpace {
        text += line + "\n"
        line = String(repeating: " ", count: indentation) + part
      } else {
        line += (needsSpace ? " " : "") + part
      }
      needsSpace = true
    }
    return text + line + "\n"
  }
}
