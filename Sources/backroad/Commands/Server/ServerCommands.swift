import Admin
import Server
import Text
import Workspaces

/// The commands that ask a running server.
enum ServerCommands {
  static let commands = [status, reload, flush]

  private static let status = Command(
    words: ["status"], summary: "show how the running server is", flags: Arguments.serverFlags + [.json],
    details:
      "The exit status is 1 when a workspace is broken, the last reload met an error, or the store is not followed or not all served.",
    run: { arguments, console in
      let json = try arguments.runningServer().ask(.get, ["v1", "status"])
      console.print(arguments.has(.json) ? json.text : ServerStatus(json).text)
      return ServerStatus(json).isGood ? .done : .refused
    })

  private static let reload = Command(
    words: ["reload"], summary: "have the running server read the workspaces' files again, and wait for it",
    flags: [.anyWorkspace] + Arguments.serverFlags + [.json],
    details: """
      The server sees most changes by itself; this is for file systems that do not tell of any, and for scripts that
      wait until a change is served. The exit status is 1 when something is wrong; what was right before is served on.
      """,
    run: { arguments, console in
      let name = try arguments.anyWorkspace()
      let body = JSON.object(name.map { [("workspace", .string($0.description))] } ?? [])
      let json = try arguments.runningServer().ask(.post, ["v1", "reload"], body: body)
      let problems = reloadProblems(json)
      if arguments.has(.json) {
        console.print(json.text)
      } else {
        let changed = json.list("changed").compactMap(\.asString)
        console.print(line: changed.isEmpty ? "nothing has changed" : "reloaded \(changed.joined(separator: ", "))")
        for problem in problems { console.problem(problem) }
      }
      return problems.contains { $0.severity == .error } ? .refused : .done
    })

  /// What is wrong after a reload, as the server answers it.
  static func reloadProblems(_ json: JSON) -> [Problem] {
    var problems = json.list("problems").map { Problem($0) }
    let silent = json.number("silentWorkers")
    if silent > 0 {
      problems.append(
        Problem(
          """
          \(counted(silent, "worker")) did not say within half a second that this is served; what is asked of them may be \
          answered as before, until they are done with what they are at
          """))
    }
    return problems
  }

  private static let flush = Command(
    words: ["cache", "flush"], summary: "have the running server forget upstreams' answers", operands: "[NAME]",
    operandCount: 0...1, flags: [.anyWorkspace] + Arguments.serverFlags + [.json],
    details: """
      With NAME, only that name and those below it. With --workspace, only what the workspace's own forwarding brought;
      what the server's forwarding brought is everybody's.
      """,
    examples: ["backroad cache flush corp.example", "backroad cache flush --workspace acme"],
    run: { arguments, console in
      var members: [(String, JSON)] = []
      if let name = try arguments.anyWorkspace() { members.append(("workspace", .string(name.description))) }
      if let name = arguments.operands.first { members.append(("name", .string(name))) }
      let json = try arguments.runningServer().ask(.post, ["v1", "cache", "flush"], body: .object(members))
      if arguments.has(.json) {
        console.print(json.text)
      } else {
        console.print("\(counted(json["flushed"]?.asInt ?? 0, "entry", "entries")) forgotten\n")
      }
      return .done
    })
}

/// Reading what a server of this version answers; what is missing is as if it were empty.
extension JSON {
  /// An object's member.
  subscript(key: String) -> JSON? { asObject?[key] }

  /// An object's member that is a list.
  func list(_ key: String) -> [JSON] { self[key]?.asArray ?? [] }

  /// An object's member that is a whole number.
  func number(_ key: String) -> Int { self[key]?.asInt ?? 0 }

  /// An object's member that is a string.
  func string(_ key: String) -> String { self[key]?.asString ?? "" }
}

extension Problem {
  /// A problem as the server tells it.
  init(_ json: JSON) {
    let line = json["line"]?.asInt
    self.init(
      file: json["file"]?.asString, position: line.map { Position(line: $0, column: json["column"]?.asInt ?? 1) },
      severity: json.string("severity") == "warning" ? .warning : .error, json.string("message"))
  }
}
