import Admin
import Server
import Text
import Wire
import Workspaces
import Zones

/// `backroad explain`.
enum ExplainCommand {
  private static let client = Flag("--client", "ADDR", help: "the client whose question it is")
  private static let workspace = Flag("--workspace", "W", help: "or the workspace, whoever its clients are")
  private static let token = Flag("--token", "HEX", help: "the token that the client's query has")
  private static let listener = Flag("--listener", "ADDR:PORT", help: "the server's address that the query comes to")

  static let command = Command(
    words: ["explain"], summary: "tell step by step why a client's question gets its answer",
    operands: "NAME [TYPE]", operandCount: 1...2,
    flags: [client, workspace, token, listener] + Arguments.serverFlags + [.json],
    details: """
      Asks the running server, which answers the question as it would the client's, and tells how: whose it is and
      by what, which zone holds each name, which forwarding rule takes it, and what the cache has. No upstream is
      asked and nothing changes. TYPE is A unless another is named.
      """,
    examples: [
      "backroad explain --client 10.1.2.3 account.privatelink.snowflakecomputing.com",
      "backroad explain --workspace acme www.example.com AAAA",
    ],
    run: { arguments, console in
      guard arguments.has(client) != arguments.has(workspace) else {
        let both = arguments.has(client) ? ", and not both" : ""
        throw UsageError("name who asks: \(client.name) ADDR, or \(workspace.name) W\(both)")
      }
      try checkWords(arguments)
      var members: [(String, JSON)] = [("name", .string(arguments.operands[0]))]
      if arguments.operands.count > 1 { members.append(("type", .string(arguments.operands[1]))) }
      for (flag, key) in [(client, "client"), (workspace, "workspace"), (token, "token"), (listener, "listener")] {
        if let value = arguments.value(flag) { members.append((key, .string(value))) }
      }
      let json = try arguments.runningServer().ask(.post, ["v1", "explain"], body: .object(members))
      console.print(arguments.has(.json) ? json.text : json.string("text"))
      return .done
    })

  /// Refuses what the server would refuse, in the words of the command line and not of the request's body.
  private static func checkWords(_ arguments: Arguments) throws(UsageError) {
    if let text = arguments.value(client), IPAddress(text) == nil {
      throw UsageError("\(client.name): \(shown(text)) is no address")
    }
    if let text = arguments.value(workspace) { _ = try workspaceName(text) }
    if let text = arguments.value(token), hexadecimal(text) == nil {
      throw UsageError("\(token.name) is hexadecimal, as backroad workspace token printed it")
    }
    if let text = arguments.value(listener) {
      _ = try readFlag(listener) { () throws(Problem) in try ServerSettings.listenAddress(text) }
    }
    let name = arguments.operands[0]
    do throws(NameTextError) {
      _ = try Name(name)
    } catch {
      throw UsageError("\(shown(name)) is no name: \(error)")
    }
    if let type = arguments.operands.dropFirst().first, RecordType(mnemonic: type) == nil {
      throw UsageError("\(shown(type)) is no record type; write A, AAAA, TYPE65 …")
    }
  }
}
