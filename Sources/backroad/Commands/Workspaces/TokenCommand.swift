import Links
import Server
import Storage
import SystemIO
import Text
import Wire
import Workspaces

/// `backroad workspace token`.
enum TokenCommand {
  private static let list = Flag("--list", help: "list the workspace's tokens, and make none")
  private static let revoke = Flag("--revoke", "ID", help: "revoke a token, and make none")
  private static let comment = Flag("--comment", "TEXT", help: "whose the token is or what it is for")
  private static let tokenOption = Flag(
    "--token-option", "N", help: "the EDNS option that the server looks in (default: 65314)")

  static let command = Command(
    words: ["workspace", "token"],
    summary: "make a token whose bearers are the workspace's clients; list or revoke them",
    operands: "W", operandCount: 1...1,
    flags: [list, revoke, comment, tokenOption] + Arguments.zonesFlags + [.dryRun, .json],
    details: """
      A query that brings the token in an EDNS option is the workspace's, wherever it comes from. The token
      is shown once; the workspace's file holds its SHA-256 alone. To rotate it, make a second one, bring it
      to all clients, and revoke the first: both are valid until then.
      """,
    examples: [
      "backroad workspace token acme --comment \"the cluster in us-east-1\"",
      "backroad workspace token acme --list",
      "backroad workspace token acme --revoke 5f0c31aa",
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let name = try workspaceName(arguments.operands[0])
    let id = arguments.value(revoke)
    guard [arguments.has(list), id != nil, arguments.has(comment)].count(where: { $0 }) <= 1 else {
      throw UsageError("\(list.name), \(revoke.name) and \(comment.name) exclude each other")
    }
    if arguments.has(list) { return try showList(of: name, arguments, console) }
    let option = try arguments.number(tokenOption, in: ServerSettings.tokenOptions)
    if let id { return try revokeToken(id, of: name, arguments, console) }
    return try make(of: name, option ?? Int(ServerConfiguration.defaultTokenOption), arguments, console)
  }

  // MARK: Making

  private static func make(
    of name: WorkspaceName, _ option: Int, _ arguments: Arguments, _ console: Console
  ) throws -> ExitStatus {
    let token = try NewToken()
    let (path, unserved) = try change(name, arguments, console) { bytes, file in
      let edited = try token.added(to: bytes, comment: arguments.value(comment), file: file)
      try arguments.checkIsGranted(edited, to: name, path: file)
      return edited
    }
    if arguments.has(.json) {
      let result: JSON = [
        "workspace": .string(name.description), "id": .string(token.id), "token": .string(token.text),
        "option": .number(option), "sha256": .string("\(token.digest)"), "notServed": unserved.json,
      ]
      console.print(result.text)
    } else {
      let server = arguments.serverAddress.asDigTakesIt
      console.print(token.guide(of: name, option, path, server, isDry: arguments.has(.dryRun)))
    }
    return .done
  }

  // MARK: Revoking and listing

  private static func revokeToken(
    _ id: String, of name: WorkspaceName, _ arguments: Arguments, _ console: Console
  ) throws -> ExitStatus {
    let (path, unserved) = try change(name, arguments, console) { bytes, file throws(Problems) in
      try WorkspaceTokens.revoking(id, from: bytes, file: file)
    }
    if arguments.has(.json) {
      let result: JSON = [
        "workspace": .string(name.description), "revoked": .string(id), "notServed": unserved.json,
      ]
      console.print(result.text)
      return .done
    }
    console.print(line: "token \(id) of workspace \(name) \(arguments.has(.dryRun) ? "would be revoked" : "revoked")")
    if !arguments.has(.dryRun), unserved.isEmpty {
      console.hint("a running server refuses it within a second of the change of \(path)")
    }
    return .done
  }

  private static func showList(
    of name: WorkspaceName, _ arguments: Arguments, _ console: Console
  ) throws -> ExitStatus {
    let contents = try arguments.store().contents(of: name)
    let (path, bytes) = try settings(contents)
    let tokens = try WorkspaceFile(bytes, file: path).claims.tokens
    if arguments.has(.json) {
      console.print(
        JSON.array(
          tokens.map { token in
            [
              "id": .string(token.id), "sha256": .string("\(token.digest)"),
              "comment": token.comment.map { .string($0) } ?? nil,
            ]
          }
        ).text)
      return .done
    }
    var table = Table("TOKEN", "SHA-256", "COMMENT")
    for token in tokens { table.add(token.id, "\("\(token.digest)".prefix(16))…", token.comment ?? "") }
    console.print(
      table,
      ifEmpty: "workspace \(name) has no tokens; make one with backroad workspace token \(word: name.description)")
    return .done
  }

  // MARK: The file

  /// Changes the workspace's settings, or with `--dry-run` only tries to.
  ///
  /// - Returns: the file, as the person knows it, and why the change is not served.
  private static func change(
    _ name: WorkspaceName, _ arguments: Arguments, _ console: Console,
    _ edit: ([UInt8], String) throws -> [UInt8]
  ) throws -> (path: String, Unserved) {
    let isDryRun = arguments.has(.dryRun)
    let store = try arguments.store()
    let ((path, after), warnings) = try store.change(name, isDryRun: isDryRun, waitingOn: console) { contents in
      let (path, bytes) = try settings(contents)
      let changes: [String: [UInt8]?] = [WorkspaceFile.fileName: try edit(bytes, path)]
      let before = WorkspaceFolder(contents)
      let after = before.changed(changes)
      try ReadBack.check(after, insteadOf: before)
      return (changes, (path, after))
    }
    let unserved = Unserved(after, arguments)
    for warning in warnings + (unserved.warning.map { [$0] } ?? []) { console.problem(warning) }
    return (path, unserved)
  }

  private static func settings(_ contents: WorkspaceContents) throws(Problem) -> (path: String, bytes: [UInt8]) {
    let path = "\(contents.folder)/\(WorkspaceFile.fileName)"
    guard let bytes = contents.files[WorkspaceFile.fileName] else {
      throw Problem(file: path, "the file is missing; a workspace has one that names its clients: { \"clients\": [] }")
    }
    return (path, bytes)
  }
}
