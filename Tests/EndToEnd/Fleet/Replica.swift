import Foundation
import Glibc

extension Lab {
  /// Tests that take minutes are run too.
  static var isLong: Bool { ProcessInfo.processInfo.environment["BACKROAD_LONG"] == "1" }

  /// A server that follows a store and has read it.
  ///
  /// - Parameter mirror: its folder in the lab.
  func replica(of store: String, _ flags: [String] = [], mirror: String = "mirror") throws -> Server {
    let server = try serve(["--workers", "1"] + flags, zones: mirror, store: store)
    try server.awaitStore()
    return server
  }

  /// Adds a workspace to a store.
  func add(_ workspace: String, clients: [String], to store: String, _ flags: [String] = []) throws {
    try backroad(
      ["workspace", "add", workspace, "--no-token", "--store", store] + clients.flatMap { ["--client", $0] } + flags)
  }

  /// Imports hosts into a workspace of a store, or moves those of the link to another address.
  func importHosts(
    _ hosts: [String], _ link: String = "git", of workspace: String, at address: String, into store: String,
    _ flags: [String] = []
  ) throws {
    try backroad(
      ["import", "hosts", "--workspace", workspace, "--link", link, "--address", address, "--store", store] + flags
        + hosts)
  }

  /// Two workspaces that have a host of the same name, at 10.0.1.7 for 127.1.1.1 and at 10.0.2.7 for 127.1.2.1.
  func acmeAndGlobex(in store: String) throws {
    try workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: store)
    try workspace("globex", client: "127.1.2.1", at: "10.0.2.7", in: store)
  }

  /// A workspace with one host.
  func workspace(
    _ name: String, client: String, host: String = "git.corp.example", at address: String, in store: String
  ) throws {
    try add(name, clients: [client], to: store)
    try importHosts([host], of: name, at: address, into: store)
  }
}

extension Server {
  /// How it follows its store, as its status says.
  func store() throws -> [String: Any] {
    guard let store = try json("/v1/status")["store"] as? [String: Any] else { throw LabError("it follows no store") }
    return store
  }

  /// Waits until it follows the store, having read all of it.
  func awaitStore(within seconds: Double = 30) throws {
    try eventually("the store is followed; the server said \(program.errors)", within: seconds) {
      let store = try store()
      return store["live"] as? Bool == true && store["ready"] as? Bool == true
    }
  }

  /// What a client is answered: the last record's address, or the response code.
  func answer(to host: String = "git.corp.example", from client: String) throws -> String {
    let socket = try TestSocket(SOCK_DGRAM, address)
    guard socket.connect(from: client) else { throw LabError("cannot ask from \(client)") }
    socket.send(Message.query(host, id: 9))
    guard let message = socket.receive(milliseconds: 3000), message.count >= 12 else { return "silence" }
    return Message.answerCount(message) > 0
      ? message.suffix(4).map(String.init).joined(separator: ".") : "code \(Message.code(message))"
  }

  /// Waits until a client is answered so.
  func await(
    _ answer: String, to host: String = "git.corp.example", from client: String, within seconds: Double = 10
  ) throws {
    var last = ""
    do {
      try eventually("", within: seconds) {
        last = try self.answer(to: host, from: client)
        return last == answer
      }
    } catch {
      throw LabError(
        "\(client) is answered \(last) for \(host), and not \(answer) within \(seconds) s; the store: \(try store())")
    }
  }

  /// Waits until it has said something.
  func awaitLine(_ text: String, within seconds: Double = 10) throws {
    try eventually("it says \(text), and not only: \(program.errors)", within: seconds) {
      program.errors.contains(text)
    }
  }

  /// Ends it, as an operator does.
  func end() throws {
    program.signal(SIGTERM)
    guard try program.wait(seconds: 10).status == 0 else { throw LabError("it ended badly: \(program.errors)") }
  }
}
