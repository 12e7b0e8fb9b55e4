import Bounds
import Links
import Storage
import SystemIO
import Text
import Workspaces

/// How commands read the values that they are given.
extension Arguments {
  /// A flag's whole number.
  func number(_ flag: Flag, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = value(flag) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        "\(flag.name) is a whole number from \(range.lowerBound) to \(range.upperBound), not \(shown(text))")
    }
    return number
  }

  /// The workspace that `--workspace` names.
  func workspace() throws(UsageError) -> WorkspaceName? {
    guard let text = value(.workspace) else { return nil }
    return try workspaceName(text)
  }

  /// The workspace that `--workspace` narrows a command to, where it may be left out.
  func anyWorkspace() throws(UsageError) -> WorkspaceName? {
    guard let text = value(.anyWorkspace) else { return nil }
    return try workspaceName(text)
  }

  /// The time to live that `--ttl` gives.
  func ttlSeconds() throws(UsageError) -> UInt32? {
    let range = Link.ttlRangeSeconds
    return try number(.ttl, in: Int(range.lowerBound)...Int(range.upperBound)).map { UInt32($0) }
  }
}

extension Arguments {
  /// What `--answer` says.
  func answer() throws(UsageError) -> Link.Answer? {
    guard let text = value(.answer) else { return nil }
    guard let answer = Link.Answer(rawValue: text) else {
      throw UsageError("\(Flag.answer.name) is name or address, not \(shown(text))")
    }
    return answer
  }
}

extension Arguments {
  /// The ports that `--port` names, in ascending order; nil when it is not there.
  func ports() throws(UsageError) -> [Int]? {
    guard has(.port) else { return nil }
    var ports: Set<Int> = []
    for text in values(.port) {
      guard let port = Int(text), Link.portRange.contains(port) else {
        let range = "from \(Link.portRange.lowerBound) to \(Link.portRange.upperBound)"
        throw UsageError("\(Flag.port.name) is a whole number \(range), not \(shown(text))")
      }
      ports.insert(port)
    }
    guard ports.count <= Limits.Links.portsOfLink else {
      throw UsageError("\(Flag.port.name): more than \(Limits.Links.portsOfLink) ports in one link")
    }
    return ports.sorted()
  }
}

/// A word as a workspace's name.
func workspaceName(_ text: String) throws(UsageError) -> WorkspaceName {
  guard let name = WorkspaceName(text) else {
    throw UsageError("\(shown(text)) is not a workspace's name: \(WorkspaceName.rule)")
  }
  return name
}

/// A word as a link's name.
func linkName(_ text: String) throws(UsageError) -> String {
  guard isPlainName(text) else {
    throw UsageError("\(shown(text)) is not a link's name: \(WorkspaceName.rule)")
  }
  return text
}

/// Reads a flag's value; what is wrong with it is an error of the command line.
func readFlag<Result>(_ flag: Flag, _ body: () throws(Problem) -> Result) throws(UsageError) -> Result {
  do throws(Problem) {
    return try body()
  } catch {
    throw UsageError("\(flag.name): \(error.message)")
  }
}

/// What a person is told that a problem is in: the file that they named, or what `-` stands for.
func inputName(_ path: String) -> String { path == "-" ? "standard input" : path }

/// Reads a file that a person named, or standard input for `-`.
///
/// - Parameter what: what is expected, for a person who is to type or paste it.
func readInput(_ path: String, _ what: String, maximumOctets: Int, _ console: Console) throws(Problem) -> [UInt8] {
  do throws(SystemError) {
    guard path == "-" else { return try Files.read(path, maximumSize: maximumOctets) }
    if StandardStream.inputIsTerminal { console.hint("paste \(what), and end it with Ctrl-D on a line of its own") }
    return try Files.readStandardInput(maximumSize: maximumOctets)
  } catch {
    switch error.kind {
    case .tooLarge: throw Problem(file: inputName(path), "larger than \(maximumOctets >> 10) KiB; this is not \(what)")
    default: throw Problem(file: inputName(path), "cannot read \(what): \(error.reason)")
    }
  }
}

extension WorkspaceFolder {
  /// A workspace as it was read from the disk.
  init(_ contents: WorkspaceContents) {
    self.init(name: contents.name.description, directory: contents.folder, files: contents.files)
  }
}
