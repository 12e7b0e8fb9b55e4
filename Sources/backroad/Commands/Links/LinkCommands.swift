import Links
import Storage
import Text
import Wire
import Workspaces

/// `backroad link …`.
enum LinkCommands {
  static let commands = [list, show, remove] + LifeCommands.commands

  private static let closed = Flag(
    "--closed", help: "keep the link without its endpoint, so that its names stay closed")

  private static let list = Command(
    words: ["link", "list"], summary: "list links, and how they stand",
    flags: [.anyWorkspace] + Arguments.serverFlags + [.json],
    details: """
      A running server watches the endpoints of links, and is asked for what it sees; where none answers, the state is
      what the link's file says. docs/links/life.md tells of the states.
      """,
    run: { arguments, console in
      let store = try arguments.store()
      let views: [WorkspaceView]
      let workspace = try arguments.anyWorkspace()
      let states = LinkStatesView(of: workspace, arguments)
      if let name = workspace {
        views = [WorkspaceView(try store.contents(of: name))]
      } else {
        views = try store.views(console)
      }
      if arguments.has(.json) {
        console.print(JSON.array(views.flatMap { view in view.links.map { $0.json(in: view.name, states) } }).text)
      } else {
        var table = Table("WORKSPACE", "LINK", "KIND", "STATE", "SINCE", "HOSTS", "ENDPOINT")
        for view in views {
          for link in view.links {
            table.add(
              "\(view.name)", link.name, link.kind, states.word(of: link, in: view.name),
              states.standing(of: link, in: view.name)?.health.since ?? "-", "\(link.hostCount)",
              states.endpoint(of: link, in: view.name))
          }
        }
        console.print(table, ifEmpty: "there are no links in \(store.path)")
        if !table.isEmpty { console.hint(states.text) }
      }
      return .done
    })

  private static let show = Command(
    words: ["link", "show"], summary: "show a link's hosts, where they lead, and what the customer is to do",
    operands: "W LINK",
    operandCount: 2...2, flags: Arguments.serverFlags + [.json],
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      let contents = try arguments.store().contents(of: name)
      let link = try WorkspaceFolder(contents).link(arguments.operands[1])
      let customer = CustomerPart(link, in: "\(name)", try arguments.operatorProfile())
      let states = LinkStatesView(of: name, arguments)
      console.print(
        arguments.has(.json)
          ? link.json(in: name, states, customer).text : link.text(in: name, states) + customer.section)
      if !arguments.has(.json) { console.hint(states.text) }
      return .done
    })

  private static let remove = Command(
    words: ["link", "remove"], summary: "remove a link, and its hosts from the zones", operands: "W LINK",
    operandCount: 2...2, flags: [closed] + Arguments.zonesFlags + [.dryRun, .all, .json],
    details: """
      The plan says of each name who answers it then: another link, a zone, a rule, or the public DNS.
      --dry-run shows it and changes nothing; link undo takes a removal back.
      """,
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      return try LinkChange(name, arguments, console).make(tellsCustomer: false) { folder in
        let link = arguments.operands[1]
        return arguments.has(closed)
          ? try LinkUpdate.closing(link, in: folder) : try LinkUpdate.removal(of: link, from: folder)
      }
    })
}

extension Link {
  /// For programs: the link's file, with its name and workspace, how it stands, and what its customer is to do.
  fileprivate func json(in workspace: WorkspaceName, _ states: LinkStatesView, _ customer: CustomerPart? = nil) -> JSON
  {
    let named =
      [
        JSON.Member("workspace", .string(workspace.description)), JSON.Member("name", .string(name)),
      ] + states.members(of: self, in: workspace).map { JSON.Member($0.0, $0.1) }
    let members = named + (json.asObject?.members ?? []) + (customer.map { [$0.member] } ?? [])
    return JSON(.object(JSON.Object(members)))
  }

  /// For a terminal.
  fileprivate func text(in workspace: WorkspaceName, _ states: LinkStatesView) -> String {
    var text = "link \(name) of workspace \(workspace), kind \(kind), TTL \(ttlSeconds)\n"
    if let account { text += "account: \(onOneLine(account))\n" }
    if let service { text += "service: \(onOneLine(service))\n" }
    text += states.lines(of: self, in: workspace)
    if let standby {
      text += usesStandby ? "failed over from: \(main.endpoint.text)\n" : "standby: \(standby.textWithAddresses)\n"
      if let failover { text += "failover: by servers \(failover.text)\n" }
    }
    if hasZoneAffinity { text += "zones: clients have the addresses of their own first\n" }
    if !ports.isEmpty { text += "ports: \(portsText)\n" }
    for name in primary.sorted() { text += "has the connection URL now: \(name.textWithoutFinalDot)\n" }
    if let cloud {
      let zones = cloud.zones.isEmpty ? "" : ", in \(cloud.zones.joined(separator: ", "))"
      text += "AWS: \(onOneLine("\(cloud.state)\(zones), as of \(cloud.seen)"))\n"
    }
    for (index, route) in routes.enumerated() {
      let what = index > 0 ? "stage endpoint" : usesStandby ? "standby" : "endpoint"
      text += "\n\(what): \(route.endpoint.text)\n"
      if let endpoint = route.endpoint, endpoint.name != nil || !endpoint.zones.isEmpty, !endpoint.addresses.isEmpty {
        let addresses = endpoint.addresses.map { address in
          endpoint.zones[address].map { "\(address) (\($0))" } ?? "\(address)"
        }
        text += "addresses: \(addresses.joined(separator: ", "))\n"
      }
      var table = Table("HOST", "ZONE", "FROM")
      for host in route.hosts {
        table.add(
          host.name.textWithoutFinalDot, host.zone.textWithoutFinalDot,
          host.sources.map(\.text).joined(separator: "; "))
      }
      if !table.isEmpty { text += "\n" + table.text }
    }
    return text
  }
}
