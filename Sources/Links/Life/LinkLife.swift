import Text
import Wire
import Workspaces

/// What becomes of a link besides imports: asked for, given its endpoint, closed.
extension LinkUpdate {
  /// Plans a link that is asked for: it may have an endpoint, and has no names until something is imported into it.
  ///
  /// - Throws: that there is one of that name, or what is wrong with it.
  public static func addition(
    of asked: Link, choices: LinkChoices, warnings: [Problem] = [], in workspace: WorkspaceFolder
  ) throws(Problems) -> Plan {
    var link = asked
    var plan = Plan(workspace: workspace.name, link: link.name)
    plan.what = "addition of the link \(link.name)"
    plan.warnings = warnings
    try oneProblem { () throws(Problem) in
      _ = try workspace.settings()
      try FolderName.check(link.name, "link")
      guard workspace.files[link.path] == nil else {
        throw Problem(
          file: workspace.shown(link.path),
          "there is a link \(quoted(link.name)) already; its endpoint is changed with backroad link set-endpoint "
            + "\(word: workspace.name) \(word: link.name) VPCE, and its names by an import")
      }
      link.main.endpoint = try LinkKind.named(link.kind)?.spelling(link.main.endpoint) ?? link.main.endpoint
      try link.takeStandby(choices, after: nil, &plan.notes)
      plan.warnings += try link.takeZones(choices, after: nil, in: workspace, &plan.notes)
      plan.warnings += try link.checkEndpoint()
      try choices.checkArePrivate(link, insteadOf: nil, in: workspace)
      try choices.profile?.check(link, insteadOf: nil, &plan, in: workspace)
    }
    if link.main.endpoint == nil { plan.headline = "asked for, with no names yet" }
    plan.nextSteps = [stepToNames(link, in: workspace)] + waysOn(link, in: workspace)
    try finish(&plan, Change(links: [link.name: link]), in: workspace)
    return plan
  }

  /// Plans another endpoint, or the first, for a link that there is; or another standby alone.
  ///
  /// - Parameter endpoint: nil for the one that the link has, or none.
  /// - Throws: that there is no such link, or what is wrong with the endpoint.
  public static func endpoint(
    _ endpoint: Endpoint?, of name: String, choices: LinkChoices, warnings: [Problem] = [],
    in workspace: WorkspaceFolder
  ) throws(Problems) -> Plan {
    var plan = Plan(workspace: workspace.name, link: name)
    let (old, link) = try oneProblem { () throws(Problem) in
      _ = try workspace.settings()
      let old = try workspace.link(name)
      var link = old
      link.isPublic = choices.isPublic ?? old.isPublic
      let named = try LinkKind.named(old.kind)?.spelling(endpoint) ?? endpoint
      let given = named.keepingPins(of: old.main.endpoint, choices, &plan.notes)
      link.main.endpoint = given ?? old.main.endpoint
      try link.takeStandby(choices, after: old, &plan.notes)
      link.takeCloud(of: old, in: workspace, &plan.notes)
      let doubts = try link.takeZones(choices, after: old, in: workspace, &plan.notes)
      // Whoever says where the names lead means it.
      if endpoint != nil { link.usesStandby = false }
      if choices.replaces { link.service = link.serviceOfEndpoint ?? link.service }
      plan.warnings = try link.checkEndpoint() + doubts
      try choices.checkArePrivate(link, insteadOf: old, in: workspace)
      return (old, link)
    }
    plan.what = "endpoint of the link \(name)"
    plan.hosts = changes(from: old, to: link, draft: nil)
    plan.warnings = warnings + plan.warnings
    try oneProblem { () throws(Problem) in
      try choices.profile?.check(link, insteadOf: old, &plan, in: workspace)
    }
    plan.proof = link.main.hosts.first { !$0.name.isWildcard }?.name
    if link.hostCount == 0 { plan.nextSteps = [stepToNames(link, in: workspace)] }
    var change = Change(links: [name: link])
    if choices.takesOver { try takeOver(by: link, &change, &plan, in: workspace) }
    try finish(&plan, change, in: workspace)
    return plan
  }

  /// Plans that a link loses its endpoints and keeps its names, which are held closed then.
  ///
  /// - Throws: that there is no such link, or what is wrong with the workspace's links.
  public static func closing(_ name: String, in workspace: WorkspaceFolder) throws(Problems) -> Plan {
    let old = try oneProblem { () throws(Problem) in
      _ = try workspace.settings()
      return try workspace.link(name)
    }
    var link = old
    link.main.endpoint = nil
    link.stage?.endpoint = nil
    link.isPublic = false
    link.cloud = nil
    (link.standby, link.usesStandby, link.failover) = (nil, false, nil)
    var plan = Plan(workspace: workspace.name, link: name)
    plan.what = "closing of the link \(name)"
    plan.hosts = changes(from: old, to: link, draft: nil)
    if link.hostCount == 0 { plan.notes = ["the link has no names that could be held closed"] }
    if let standby = old.standby { plan.notes.append("the standby goes with the endpoint: \(standby.text)") }
    plan.nextSteps = waysOn(link, in: workspace)
    try finish(&plan, Change(links: [name: link], occasion: .files), in: workspace)
    return plan
  }

  /// What leads on from a link that has no endpoint yet.
  static func waysOn(_ link: Link, in workspace: WorkspaceFolder) -> [String] {
    guard link.main.endpoint == nil else { return [] }
    return [
      "the link has no endpoint yet, so that its names are held closed: once it is there, backroad link set-endpoint "
        + "\(word: workspace.name) \(word: link.name) VPCE[=ADDR,…], or import again with --endpoint or --address"
    ]
  }

  private static func stepToNames(_ link: Link, in workspace: WorkspaceFolder) -> String {
    let kind = link.kind == Link.undecidedKind ? "KIND" : link.kind
    return
      "the link has no names yet: backroad import \(word: kind) --workspace \(word: workspace.name) --link \(word: link.name) …"
  }

  /// Takes a link's names from those that lead them elsewhere.
  static func takeOver(
    by link: Link, _ change: inout Change, _ plan: inout Plan, in workspace: WorkspaceFolder
  ) throws(Problems) {
    var endpoints: [Name: Endpoint?] = [:]
    for route in link.routes { for host in route.hosts { endpoints[host.name] = route.endpoint } }
    for var other in try workspace.links(except: [link.name]) {
      if let changed = change.links[other.name] ?? nil { other = changed }
      // A connection URL of both is no quarrel: "primary" says whose it is.
      let redirected = ClientRedirect(link).names.intersection(ClientRedirect(other).names)
      var taken: [Name] = []
      func without(_ route: Link.Route, leadingTo endpoint: Endpoint?) -> Link.Route {
        let leaving = route.hosts.filter { host in
          !redirected.contains(host.name) && endpoints[host.name].map { !$0.leadsWhere(endpoint) } ?? false
        }
        taken += leaving.map(\.name)
        let names = Set(leaving.map(\.name))
        return Link.Route(endpoint: route.endpoint, hosts: route.hosts.filter { !names.contains($0.name) })
      }
      other.main = without(other.main, leadingTo: other.activeEndpoint)
      other.stage = other.stage.map { without($0, leadingTo: $0.endpoint) }.flatMap { $0.hosts.isEmpty ? nil : $0 }
      guard !taken.isEmpty else { continue }
      change.links[other.name] = other
      let left = other.hostCount == 0 ? ", which has no names any more" : ""
      let closed = taken.filter { endpoints[$0] == .some(nil) }.sorted()
      if let first = closed.first {
        let more = closed.count > 1 ? " and \(closed.count - 1) more" : ""
        plan.warnings.append(
          Problem(
            severity: .warning,
            "\(first.textWithoutFinalDot)\(more) worked by the link \(other.name), and will be held closed: this link has no "
              + "endpoint yet; leave --take-over out until backroad link set-endpoint \(word: workspace.name) \(word: link.name) VPCE "
              + "--take-over"))
      }
      plan.notes += taken.sorted().map { "\($0.textWithoutFinalDot) is taken over from the link \(other.name)\(left)" }
    }
    plan.notes = plan.notes.shortened
  }
}

extension Link {
  /// What an input says to be another's than the link is: the account or the service, as it was and as it is said now.
  func difference(from input: Link) -> (what: String, was: String, now: String)? {
    if let was = service, let now = input.service {
      let isSame =
        switch (VPCEndpointService(was), VPCEndpointService(now)) {
        case (let was?, let now?): was == now
        default: was.asciiLowercased.isSame(as: now.asciiLowercased)
        }
      if !isSame { return ("service", was, now) }
    }
    // An account has several names, with its region and without: only two of one form can be held against each other.
    if let was = account, let now = input.account,
      was.utf8.count(where: { $0 == 0x2e }) == now.utf8.count(where: { $0 == 0x2e }),
      !was.asciiLowercased.isSame(as: now.asciiLowercased)
    {
      return ("account", was, now)
    }
    return nil
  }

  /// Without the endpoint that the link had before, unless its name says that it is of the service that the link is of now:
  /// addresses say nothing, and names may not lead to somebody else's server.
  mutating func dropEndpointOfAnother(than input: Link, _ notes: inout [String]) {
    guard input.main.endpoint == nil, let endpoint = main.endpoint else { return }
    if let service = input.service.flatMap({ VPCEndpointService($0) }), let read = endpoint.vpcEndpoint,
      read.service == service.id, read.region == service.region
    {
      return
    }
    notes.append("\(endpoint.text) is not known to be an endpoint of what the link is of now, and is dropped")
    main.endpoint = nil
  }
}
