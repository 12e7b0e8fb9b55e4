import Glibc
import SystemIO
import Text

/// The program: finds the command, runs it, and says how that ended.
@main
struct Main {
  static let commands = CommandSet(
    commands: [ServeCommand.command] + ImportCommands.commands + WorkspaceCommands.commands + LinkCommands.commands
      + LeaseCommands.commands + [CheckCommand.command, ExplainCommand.command, DoctorCommand.command]
      + StoreCommands.commands + [ReplicasCommand.command, DiscoverCommand.kubernetes] + ServerCommands.commands
      + [VersionCommand.command])

  static func main() {
    StandardStream.ignoreBrokenPipes()
    let console = Console()
    var status = run(Array(CommandLine.arguments.dropFirst()), console)
    if let error = console.outputError {
      let remark = status == .done ? "; what was asked for is done" : ""
      console.note("cannot print: \(error)\(remark)")
      if status == .done { status = .refused }
    }
    exit(status.rawValue)
  }

  private static func run(_ words: [String], _ console: Console) -> ExitStatus {
    do {
      switch try commands.request(words) {
      case .run(let command, let arguments):
        do {
          return try command.run(arguments, console)
        } catch let error as UsageError {
          throw UsageError(error.message, command: command.name)
        }
      case .help(let command): console.print(Help.text(of: command))
      case .overview(let word): console.print(Help.overview(of: commands.commands, startingWith: word))
      }
      return .done
    } catch let error as UsageError {
      console.note(error.message)
      if let command = error.command { console.note("see \(command) --help") }
      return .usage
    } catch let problem as Problem {
      console.problem(problem)
    } catch let problems as Problems {
      for problem in problems.all { console.problem(problem) }
    } catch {
      console.note("\(error)")
    }
    return .refused
  }
}
