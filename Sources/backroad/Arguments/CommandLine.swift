import Text

/// What a command line asks for.
enum Request {
  case run(Command, Arguments)
  /// Help on a command.
  case help(Command)
  /// Help on commands that start with the same word; on all of them for an empty word.
  case overview(of: String)
}

/// All commands, and how a command line is matched with them.
struct CommandSet: Sendable {
  let commands: [Command]

  /// Reads the words after the program's name.
  func request(_ words: [String]) throws(UsageError) -> Request {
    guard let first = words.first else { throw UsageError("name a command: \(names(after: nil))", command: "backroad") }
    switch first {
    case "-h", "--help": return .overview(of: "")
    case "help": return try request(words.dropFirst().filter { !$0.hasPrefix("-") } + ["--help"])
    case "--version": return try request(["version"])
    default: break
    }
    guard !first.hasPrefix("-") else {
      if let meant = nearest(to: first, among: ["--help", "--version"]) {
        throw unknown("flag", first, among: [meant], command: "backroad")
      }
      throw UsageError("the flag \(shown(first)) stands before the command; flags come after it", command: "backroad")
    }
    let all = commands.filter { $0.words[0] == first }
    guard let only = all.first else {
      throw unknownFirst(first)
    }
    if all.count == 1, only.words.count == 1 { return try request(for: only, words.dropFirst()) }
    let plain = all.first { $0.words.count == 1 }
    let candidates = all.filter { $0.words.count > 1 }
    guard let second = words.dropFirst().first else {
      throw UsageError("\(first) what? \(names(after: first))", command: "backroad \(first)")
    }
    // A command that goes without a second word starts with a flag, or with what cannot be that word.
    if let plain, second.hasPrefix("-") || second.contains(".") || second.contains("/") {
      return try request(for: plain, words.dropFirst())
    }
    if second == "-h" || second == "--help" { return .overview(of: first) }
    guard let command = candidates.first(where: { $0.words[1] == second }) else {
      throw unknown(
        second.hasPrefix("-") ? "flag" : "command", second,
        among: candidates.map { $0.words[1] } + (second.hasPrefix("-") ? [Flag.help] : []),
        command: "backroad \(first)")
    }
    return try request(for: command, words.dropFirst(2))
  }

  /// That no command starts with a word; one may go on with it: `token` is `workspace token`.
  private func unknownFirst(_ word: String) -> UsageError {
    let firsts = Set(commands.map { $0.words[0] }).sorted()
    let seconds = commands.filter { $0.words.count > 1 }
    let usual = usualWords[word] ?? word
    guard nearest(to: word, among: firsts) == nil, let second = nearest(to: usual, among: seconds.map { $0.words[1] })
    else { return unknown("command", word, among: firsts, command: "backroad") }
    let meant = seconds.filter { $0.words[1] == second }.map { $0.words.joined(separator: " ") }
    let list = meant.count > 1 ? "\(meant.dropLast().joined(separator: ", ")) or \(meant[meant.count - 1])" : meant[0]
    return UsageError("unknown command \(shown(word)); did you mean \(list)?", command: "backroad")
  }

  private func request(for command: Command, _ words: ArraySlice<String>) throws(UsageError) -> Request {
    let flags = words.prefix { $0 != "--" }
    if flags.contains("-h") || flags.contains("--help") { return .help(command) }
    return .run(command, try Arguments(words, of: command))
  }

  private func names(after word: String?) -> String {
    var names: [String] = []
    for command in commands where word == nil || command.words[0] == word {
      guard command.words.count > (word == nil ? 0 : 1) else { continue }
      let name = command.words[word == nil ? 0 : 1]
      if !names.contains(name) { names.append(name) }
    }
    return names.joined(separator: ", ")
  }
}

/// That a word is unknown, naming the nearest known one.
func unknown(_ kind: String, _ word: String, among known: [String], command: String) -> UsageError {
  let usual = usualWords[word].flatMap { known.contains($0) ? $0 : nil }
  let remedy =
    (usual ?? nearest(to: word, among: known)).map { "did you mean \($0)?" }
    ?? (["-v", "--verbose"].contains(word)
      ? "no command says more; explain, doctor and status tell of a running server" : nil)
    ?? (known.isEmpty ? "there is none here" : "there are \(known.joined(separator: ", "))")
  return UsageError("unknown \(kind) \(shown(word)); \(remedy)", command: command)
}

extension Flag {
  /// The flag that every command has.
  static let help = "--help"
}

/// What other programs call what is called otherwise here.
private let usualWords = [
  "rm": "remove", "delete": "remove", "del": "remove", "ls": "list", "get": "show", "create": "add",
]

/// A word of the command line as a message shows it.
func shown(_ word: String) -> String { quoted(word) }
