import Links

/// How a process ends.
enum ExitStatus: Int32 {
  case done = 0
  /// What was checked is wrong, or what was asked for is refused.
  case refused = 1
  case usage = 2
}

/// A sub-command: what it takes, what it does, and what its help says.
struct Command: Sendable {
  /// What is typed: `import snowflake`.
  let words: [String]
  /// One line for lists of commands.
  let summary: String
  /// What stands beside the flags, for help.
  var operands = ""
  /// How many of those there may be.
  var operandCount = 0...0
  let flags: [Flag]
  /// Further lines for the command's own help.
  var details = ""
  /// Command lines that a person can adapt.
  var examples: [String] = []
  /// Commands whose flags a person may have meant.
  var relatives: [Command] = []
  let run: @Sendable (Arguments, Console) throws -> ExitStatus

  /// The whole of it, as it is typed.
  var name: String { "backroad " + words.joined(separator: " ") }
}

/// What a command was given, checked against what it takes.
struct Arguments: Sendable {
  /// The command, as it is typed: `backroad link add`.
  fileprivate(set) var command = ""
  fileprivate(set) var operands: [String] = []
  fileprivate var values: [Flag: [String]] = [:]
  /// What was pasted, once another command has read it and found out what it is.
  var pasted: Pasted?

  /// What a command is handed in the place of a file.
  struct Pasted: Sendable {
    /// The input; nil where the operands say all of it.
    var input: [UInt8]?
    /// What the input is called in errors.
    var file: String
    /// The endpoint service that it names; nil where it names none, or the command looks for itself.
    var service: VPCEndpointService?
    /// What it was taken for, for the plan.
    var remarks: [String]
    /// What of it is likely not as it should be.
    var warnings: [String]
  }

  /// The flags as words of a command line, in the order of the command's flags.
  func words(of command: Command) -> [String] {
    command.flags.flatMap { flag in
      (values[flag] ?? []).flatMap { flag.value == nil ? [flag.name] : [flag.name, $0] }
    }
  }

  /// A flag's value; nil when it is not there.
  func value(_ flag: Flag) -> String? { values[flag]?.last }

  /// A repeated flag's values, in order.
  func values(_ flag: Flag) -> [String] { values[flag] ?? [] }

  /// True when the flag is there.
  func has(_ flag: Flag) -> Bool { values[flag] != nil }
}

/// A command line that cannot be understood.
struct UsageError: Error {
  let message: String
  /// The command whose help says more: `backroad link`.
  var command: String?

  init(_ message: String, command: String? = nil) {
    self.message = message
    self.command = command
  }
}

extension Arguments {
  /// Reads what stands after a command's words.
  init(_ words: ArraySlice<String>, of command: Command) throws(UsageError) {
    self.command = command.name
    var rest = words
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        operands.append(word)
        continue
      }
      try take(word, &rest, command)
    }
    for flag in command.flags where flag.count == .required && values[flag] == nil {
      let given = flag.name == Flag.workspace.name && command.operandCount.upperBound == 0 ? operands.first : nil
      throw UsageError(
        "\(flag.usage) is missing" + (given.map { "; write \(flag.name) \(shown($0))" } ?? ""), command: command.name)
    }
    try checkOperands(of: command)
  }

  private mutating func take(
    _ word: String, _ rest: inout ArraySlice<String>, _ command: Command
  ) throws(UsageError) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
    guard let flag = command.flags.first(where: { $0.name == parts[0] }) else {
      if parts[0] == Flag.workspace.name, command.operands.hasPrefix("W") {
        throw UsageError(
          "the workspace stands without a flag here: \(command.name) \(command.operands)", command: command.name)
      }
      let owners = command.relatives.filter { $0.flags.contains { $0.name == parts[0] } }.map(\.name)
      guard owners.isEmpty else {
        throw UsageError(
          "\(parts[0]) is a flag of \(owners.joined(separator: " and of ")); name the kind of the link",
          command: owners[0])
      }
      if parts[0] == Flag.endpoint.name, command.operands.contains("VPCE") {
        throw UsageError(
          "the endpoint stands without a flag here: \(command.name) \(command.operands)", command: command.name)
      }
      throw unknown("flag", parts[0], among: command.flags.map(\.name) + [Flag.help], command: command.name)
    }
    guard values[flag] == nil || flag.count == .repeated else {
      throw UsageError("\(flag.name) is given twice", command: command.name)
    }
    guard let value = flag.value else {
      guard parts.count == 1 else { throw UsageError("\(flag.name) takes no value", command: command.name) }
      values[flag] = [""]
      return
    }
    if parts.count == 2 {
      values[flag, default: []].append(parts[1])
    } else if let next = rest.first, !next.hasPrefix("--") {
      values[flag, default: []].append(next)
      rest = rest.dropFirst()
    } else {
      throw UsageError("\(flag.name) needs a value: \(flag.name) \(value)", command: command.name)
    }
  }

  private func checkOperands(of command: Command) throws(UsageError) {
    if operands.count > command.operandCount.upperBound {
      let extra = operands[command.operandCount.upperBound]
      let takesWorkspace = operands.count == 1 && command.flags.contains { $0.name == Flag.workspace.name }
      let remedy = takesWorkspace ? "; a workspace is named with \(Flag.workspace.name) \(shown(extra))" : ""
      throw UsageError("\(shown(extra)) is one argument too many\(remedy)", command: command.name)
    }
    if operands.count < command.operandCount.lowerBound {
      throw UsageError("arguments are missing: \(command.operands)", command: command.name)
    }
  }
}
