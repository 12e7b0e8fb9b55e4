import Bounds
import Links
import Storage
import Text

/// `backroad import` without a kind: finds out what was pasted, and hands it to the command of that kind.
enum ImportPasted {
  /// The command, which hands on to these.
  static func command(for kinds: [Command]) -> Command {
    let names = kinds.map { $0.words[1] }.joined(separator: ", ")
    return Command(
      words: ["import"], summary: "make a link of what a customer sent: finds out what it is, and says so",
      operands: "[FILE|-|URL|HOST]", operandCount: 0...1,
      // What all kinds know.
      flags: (kinds.first?.flags ?? []).filter { flag in kinds.allSatisfy { $0.flags.contains(flag) } },
      details: """
        Reads a file, or standard input: the result of a function, a form, a mail, a URL, a list of hosts. Where two
        readings are possible it names the commands of both. "backroad import KIND --help" says more of a kind:
        \(names).
        """,
      examples: [
        "backroad import --workspace acme --link snowflake-prod --endpoint 10.1.2.3 mail.txt",
        "backroad import --workspace acme --link git --endpoint 10.1.2.3 https://gitlab.corp.example",
      ],
      relatives: kinds,
      run: { arguments, console in try run(arguments, console, kinds) })
  }

  private static func run(_ arguments: Arguments, _ console: Console, _ kinds: [Command]) throws -> ExitStatus {
    _ = try arguments.workspace()
    _ = try linkName(arguments.value(.link) ?? "")
    let path = arguments.operands.first ?? "-"
    // What is no file and reads as a host is one; a name that ends as files do was to be read.
    let isFile = path == "-" || ImportCommands.isFile(path)
    let mayBeHost = PastedReader.isHost(path) && (path.contains("@") || !path.contains("/"))
    let isHost = !isFile && (path.contains("://") || mayBeHost && !ImportCommands.isCalledAsFile(path))
    if !isHost, !isFile, mayBeHost {
      throw Problem("there is no file \(shown(path)) here; if it is a host, write https://\(path)")
    }
    let input =
      isHost
      ? Array(path.utf8)
      : try readInput(path, "what a customer sent", maximumOctets: Limits.Links.pasteOctets, console)
    let file = isHost ? "the argument" : inputName(path)
    let readings = try PastedReader.readings(
      input, file: file, link: (arguments.value(.workspace) ?? "W", arguments.value(.link) ?? "NAME"))
    var choices = readings.compactMap { reading in
      handedOn(reading, arguments, kinds).map { Choice(reading: reading, command: $0, words: $1) }
    }
    // Of several readings the one is meant that the link is of already.
    if choices.count > 1, let kind = kind(of: arguments),
      let meant = choices.first(where: { $0.command.words[1] == kind })
    {
      choices = [meant]
    }
    guard let choice = choices.first else { return .refused }
    guard choices.allSatisfy({ $0.command.words == choice.command.words && $0.words == choice.words }) else {
      throw UsageError(
        "this can be read as " + readings.map { "\($0.kind.text) (\($0.why))" }.joined(separator: ", or as ")
          + "; say which: " + choices.map { $0.line(isHost ? "-" : path) }.joined(separator: ", or "))
    }
    try choice.checkCount(arguments, file: file)
    if let endpoint = arguments.value(.endpoint) { try choice.reading.check(Endpoint.read(endpoint).endpoint) }
    var handed = try Arguments(choice.words[...], of: choice.command)
    // Several readings that one command makes the same of are none to ask about.
    let kinds = choices.count > 1 ? ["taken for " + readings.map(\.kind.text).joined(separator: " or ")] : []
    handed.pasted = Arguments.Pasted(
      input: choice.reading.input, file: file, service: choice.reading.service,
      remarks: kinds + (kinds.isEmpty ? [choice.reading.remark] : []) + choice.reading.notes,
      warnings: choice.reading.warnings)
    return try choice.command.run(handed, console)
  }

  /// The kind that the link has; nil where there is no link yet, or nobody has said its kind.
  private static func kind(of arguments: Arguments) -> String? {
    guard let workspace = try? arguments.workspace(), let name = arguments.value(.link),
      let contents = try? arguments.store().contents(of: workspace)
    else { return nil }
    return (try? WorkspaceFolder(contents).link(name))?.kind
  }

  /// A reading, and the command that it is handed to.
  private struct Choice {
    let reading: PastedReading
    let command: Command
    let words: [String]

    /// What the command takes without flags; nil where it reads what was pasted.
    private var operands: [String]? { words.firstIndex(of: "--").map { Array(words[($0 + 1)...]) } }
    private var flags: [String] { Array(words.prefix { $0 != "--" }) }

    /// The command line that a person would type, with all that was said.
    func line(_ path: String) -> String {
      let input =
        command.flags.contains { $0.name == ImportCommands.from.name } ? [ImportCommands.from.name, path] : [path]
      let start = [command.name] + (flags + (operands == nil ? input : [])).map { shellWord($0) }
      guard let operands else { return start.joined(separator: " ") }
      let more = operands.count > 8 ? " …" : ""
      return (start + [shellOperands(Array(operands.prefix(8)))]).joined(separator: " ") + more
    }

    /// Refuses several of what a link has one of, naming a link for each.
    func checkCount(_ arguments: Arguments, file: String) throws(Problem) {
      guard let operands, operands.count > command.operandCount.upperBound else { return }
      let name = arguments.value(.link) ?? "NAME"
      // All that was said is said again, but the link's name; what a thing says of itself goes with it.
      let said = arguments.words(of: command)
      let lines = reading.parts.prefix(4).enumerated().map { index, part in
        var words = said
        if index > 0, let at = words.firstIndex(of: Flag.link.name), at + 1 < words.count {
          words[at + 1] = "\(name)-\(index + 1)"
        }
        words += part.flags.filter { flag in command.flags.contains { $0.name == flag.name } }.flatMap {
          [$0.name, $0.value]
        }
        return ([command.name] + words.map { shellWord($0) } + [shellOperands([part.operand])]).joined(separator: " ")
      }
      throw Problem(
        file: file,
        "there are \(operands.count) of them (\(choiceText)), and a link is of one; make a link of each: "
          + lines.joined(separator: ", and ") + (operands.count > 4 ? ", …" : ""))
    }

    private var choiceText: String { "each \(reading.kind.text)" }
  }

  /// The command of a reading's kind and its words; nil where there is none.
  private static func handedOn(
    _ reading: PastedReading, _ arguments: Arguments, _ kinds: [Command]
  ) -> (Command, [String])? {
    guard let command = kinds.first(where: { $0.words[1] == reading.kind.rawValue }) else { return nil }
    // What the person says of the endpoint is said instead of the paste's.
    let isSaid = arguments.has(.endpoint) || arguments.has(.address)
    let own = reading.flags.filter { flag in
      command.flags.contains { $0.name == flag.name } && !(isSaid && flag.name == Flag.address.name)
        && !(arguments.has(.port) && flag.name == Flag.port.name)
    }
    let operands = reading.input == nil ? reading.operands : []
    let flags = arguments.words(of: command) + own.flatMap { [$0.name, $0.value] }
    return (command, flags + (operands.isEmpty ? [] : ["--"] + operands))
  }
}
