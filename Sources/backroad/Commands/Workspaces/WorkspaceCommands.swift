import Admin
import Links
import Server
import Storage
import SystemIO
import Text
import Wire
import Workspaces

/// `backroad workspace …`.
enum WorkspaceCommands {
  static let commands = [add, list, show, remove, TokenCommand.command]

  private static let client = Flag(
    "--client", "CIDR", .repeated, help: "addresses whose queries are the workspace's: 10.1.0.0/16, fd00:1::/64")

  private static let noToken = Flag("--no-token", help: "make no token: clients are told by their address alone")

  private static let add = Command(
    words: ["workspace", "add"], summary: "make a workspace, and a token for its clients", operands: "W",
    operandCount: 1...1, flags: [client, noToken] + Arguments.serverFlags + [.dryRun],
    details: """
      Whose a query is can be told in three ways, each enough by itself: by a token that it brings (one is made and
      shown once, unless --no-token is given or the grants have none for the workspace), by the client's address
      (--client, or a lease), and by the address that it comes to ("listen" in the workspace's file).
      """,
    examples: ["backroad workspace add acme --client 10.1.0.0/16 --client fd00:1::/64"],
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      let clients = try readClients(arguments)
      let store = try arguments.store()
      let isDryRun = arguments.has(.dryRun)
      let token = try mayHaveToken(name, arguments) ? NewToken() : nil
      let isMissing = try !store.exists()
      if isMissing { try checkNobodyMisses(store, arguments) }
      if isMissing, !isDryRun { try store.make() }
      var warnings: [Problem] = []
      if !(isMissing && isDryRun) {
        do {
          warnings = try make(name, clients, token, in: store, arguments, console)
        } catch {
          if isMissing { store.unmake() }
          throw error
        }
      }
      if isMissing, !isDryRun { warnings += store.settle() }
      for warning in warnings { console.problem(warning) }
      let path = "\(store.path(of: name))/\(WorkspaceFile.fileName)"
      console.print(
        """
        + \(onOneLine(path))
        workspace \(name) \(isDryRun ? "would be added" : "added") with \
        \(clients.isEmpty ? "no clients" : clients.map { "\($0)" }.joined(separator: ", "))

        """)
      guard let token else { return .done }
      let option = (try? arguments.configurationFile().tokenOption) ?? ServerConfiguration.defaultTokenOption
      let server = arguments.serverAddress.asDigTakesIt
      console.print(token.guide(of: name, Int(option), path, server, isDry: isDryRun) + waysToAsk(as: clients))
      return .done
    })

  /// False where no token is wanted, or the grants have none for the workspace.
  private static func mayHaveToken(_ name: WorkspaceName, _ arguments: Arguments) throws -> Bool {
    guard !arguments.has(noToken) else { return false }
    guard let grants = try arguments.configurationFile().grants else { return true }
    return (grants.all[name]?.tokens ?? 0) > 0
  }

  private static func waysToAsk(as clients: [IPPrefix]) -> String {
    """

    A query is this workspace's by any of these:
      token     it brings the token, wherever it comes from
      address   its client is in "clients" (\
    \(clients.isEmpty ? "none yet" : "\(clients.prefix(3).map { "\($0)" }.joined(separator: ", "))")), or has a lease
      listener  it comes to an address in "listen" that is the workspace's alone

    """
  }

  /// Refuses to make a zones folder where the running server serves workspaces of one that has gone: it would go on with those,
  /// and a reload would unload all of them. A server that cannot be asked, or surely has its folder elsewhere, keeps nobody
  /// from it.
  private static func checkNobodyMisses(_ store: any Store, _ arguments: Arguments) throws(Problem) {
    guard let status = try? arguments.runningServer().ask(.get, ["v1", "status"]) else { return }
    let count = (status["workspaces"]?.number("served") ?? 0) + (status["workspaces"]?.number("broken") ?? 0)
    let served = status.string("zonesFolder")
    let isElsewhere = served.hasPrefix("/") && store.path.hasPrefix("/") && served != store.path
    guard count > 0, !isElsewhere else { return }
    throw Problem(
      file: store.path,
      """
      there is no such zones folder, and a running server has \(counted(count, "workspace")) of \(onOneLine(served)): mount \
      it or move it back, or name the folder with --zones; where a new one is wanted all the same, make it with mkdir first
      """)
  }

  /// - Returns: what is to be said although it is done.
  private static func make(
    _ name: WorkspaceName, _ clients: [IPPrefix], _ token: NewToken?, in store: any Store, _ arguments: Arguments,
    _ console: Console
  ) throws -> [Problem] {
    var warnings: [Problem] = []
    let path = "\(store.path(of: name))/\(WorkspaceFile.fileName)"
    let told = try store.add(name, beforeWaiting: store.tellOfWaiting(console)) {
      let others = try checkAreFree(clients, in: store, console)
      let settingsWithout = Array(JSON.object([("clients", .array(clients.map { .string("\($0)") }))]).text.utf8)
      let file = try token?.added(to: settingsWithout, file: path) ?? settingsWithout
      let files = [WorkspaceFile.fileName: file]
      let folder = WorkspaceFolder(name: name.description, directory: store.path(of: name), files: files)
      try ReadBack.check(folder, insteadOf: nil)
      let settings = try arguments.configurationFile()
      let own = OwnAddresses(settings.listen ?? [], interfaces: System.interfaceAddresses)
      let source = WorkspaceSource(name: name, folder: store.path(of: name), files: files)
      let (workspace, problems) = Workspace.load(source, serverRules: [], own: own, grants: settings.grants)
      guard let workspace else { throw Problems(problems.filter { $0.severity == .error }) }
      // As check and the server's log tell of them: here is who can still choose otherwise.
      var builder = SnapshotBuilder(grants: settings.grants, own: own)
      for other in others { builder.set(other) }
      _ = builder.build()
      builder.set(workspace)
      warnings = problems + builder.build().map(\.problem)
      return arguments.has(.dryRun) ? nil : files
    }
    return warnings + told
  }

  private static func readClients(_ arguments: Arguments) throws(UsageError) -> [IPPrefix] {
    var clients: [IPPrefix] = []
    var seen: Set<IPPrefix> = []
    for text in arguments.values(client) {
      do throws(IPPrefix.TextError) {
        let prefix = try IPPrefix(text)
        if seen.insert(prefix).inserted { clients.append(prefix) }
      } catch {
        throw UsageError("\(client.name): \(WorkspaceFile.clientMessage(error, text))")
      }
    }
    return clients
  }

  /// Refuses prefixes that are another workspace's: they would be nobody's after. A workspace that cannot be read keeps
  /// nobody from making another, and of those that can only their settings are read.
  ///
  /// - Returns: the others, without their zones.
  private static func checkAreFree(
    _ clients: [IPPrefix], in store: any Store, _ console: Console
  ) throws(Problem) -> [Workspace] {
    let clients = Set(clients)
    guard !clients.isEmpty else { return [] }
    var workspaces: [Workspace] = []
    for name in try store.workspaceNames() {
      let path = "\(store.path(of: name))/\(WorkspaceFile.fileName)"
      let others: [WorkspaceFile.Client]
      do {
        guard let settings = try store.settings(of: name) else { continue }
        others = try WorkspaceFile(settings, file: path).clients
        let source = WorkspaceSource(
          name: name, folder: store.path(of: name), files: [WorkspaceFile.fileName: settings])
        if let workspace = Workspace.load(source, serverRules: []).workspace { workspaces.append(workspace) }
      } catch {
        let why = (error as? Problems)?.all.first ?? (error as? Problem) ?? Problem(file: path, "\(error)")
        console.note("whether these are clients of the workspace \(name) is not known: \(why)")
        continue
      }
      if let taken = others.map(\.prefix).sorted().first(where: clients.contains) {
        throw Problem(
          file: path,
          "the clients \(taken) are those of the workspace \(name); leave the prefix to one of them")
      }
    }
    return workspaces
  }

  private static let list = Command(
    words: ["workspace", "list"], summary: "list the workspaces", flags: Arguments.zonesFlags + [.json],
    run: { arguments, console in
      let store = try arguments.store()
      let views = try store.views(console)
      if arguments.has(.json) {
        console.print(JSON.array(views.map(\.json)).text)
        return .done
      }
      var table = Table("WORKSPACE", "CLIENTS", "LINKS", "ZONES", "STATUS")
      for view in views {
        table.add(
          "\(view.name)", shortened(view.clients), "\(view.links.count)", "\(view.zones.count)", view.status)
      }
      console.print(table, ifEmpty: "there are no workspaces in \(store.path)")
      return .done
    })

  /// The first few of many.
  private static func shortened(_ clients: [IPPrefix]) -> String {
    let shown = clients.prefix(3).map { "\($0)" }.joined(separator: ", ")
    return clients.count > 3 ? "\(shown) and \(clients.count - 3) more" : clients.isEmpty ? "none" : shown
  }

  private static let show = Command(
    words: ["workspace", "show"], summary: "show a workspace's clients, forwarding, zones and links",
    operands: "W", operandCount: 1...1, flags: Arguments.zonesFlags + [.json],
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      let view = WorkspaceView(try arguments.store().contents(of: name))
      console.print(arguments.has(.json) ? view.json.text : view.text)
      for problem in view.problems { console.problem(problem) }
      return view.problems.isEmpty ? .done : .refused
    })

  private static let remove = Command(
    words: ["workspace", "remove"], summary: "remove a workspace with all its zones and links",
    operands: "W", operandCount: 1...1, flags: Arguments.zonesFlags + [.dryRun],
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      let store = try arguments.store()
      let folder = store.path(of: name)
      var lines: [String] = []
      let warnings = try store.remove(name, beforeWaiting: store.tellOfWaiting(console)) {
        lines = removedLines(name, in: store)
        return !arguments.has(.dryRun)
      }
      for warning in warnings { console.problem(warning) }
      for line in lines { console.print(line: "- \(folder)\(line)") }
      console.print("workspace \(name) \(arguments.has(.dryRun) ? "would be removed" : "removed")\n")
      return .done
    })
}

/// What is told of a workspace's files that go: whoever wrote the folder may have made it one that cannot be read or listed, and
/// that must not keep it from being removed.
private func removedLines(_ name: WorkspaceName, in store: any Store) -> [String] {
  do throws(Problem) {
    return try store.files(of: name).map { "/\($0)" }
  } catch {
    return [", with all that is in it (\(error.message))"]
  }
}

extension Store {
  /// Every workspace, in the order of their names.
  func views(_ console: Console) throws(Problem) -> [WorkspaceView] {
    let names = try workspaceNames()
    let progress = Progress()
    var views: [WorkspaceView] = []
    for (index, name) in names.enumerated() {
      progress.update("reading \(index) of \(names.count) workspaces")
      do throws(Problem) {
        views.append(WorkspaceView(try contents(of: name)))
      } catch {
        console.problem(error)
      }
    }
    return views
  }
}

extension WorkspaceView {
  /// For a terminal.
  fileprivate var text: String {
    var text = "workspace \(name) in \(onOneLine(folder))\n"
    text += "clients: \(clients.isEmpty ? "none" : clients.map { "\($0)" }.joined(separator: ", "))\n"
    if !claims.tokens.isEmpty { text += "tokens: \(onOneLine(claims.tokens.map(\.id).joined(separator: ", ")))\n" }
    if !claims.listeners.isEmpty {
      text += "listening addresses: \(claims.listeners.map { "\($0.address)" }.joined(separator: ", "))\n"
    }
    if !claims.required.isEmpty {
      text += "required: \(claims.required.all.map(\.word).joined(separator: ", "))\n"
    }
    for rule in rules {
      let to = rule.upstreams.isEmpty ? "nowhere" : onOneLine(rule.upstreams.map { "\($0)" }.joined(separator: ", "))
      text += "forward: \(rule.zone.textWithoutFinalDot) to \(to)\n"
    }
    var zoneTable = Table("ZONE", "RECORDS", "MISS", "FROM")
    for zone in zones {
      zoneTable.add(
        zone.apex.textWithoutFinalDot, zone.recordCount.map { "\($0)" } ?? "?",
        zone.missIsForwarded ? "forward" : "nxdomain", zone.isGenerated ? "links" : "a person")
    }
    if !zoneTable.isEmpty { text += "\n" + zoneTable.text }
    var linkTable = Table("LINK", "KIND", "HOSTS", "ENDPOINT")
    for link in links {
      linkTable.add(link.name, link.kind, "\(link.hostCount)", link.activeText)
    }
    if !linkTable.isEmpty { text += "\n" + linkTable.text }
    return text
  }
}
