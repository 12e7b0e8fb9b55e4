import Bounds
import Text
import Wire
import Zones

/// What an importer made of its input; every kind of link ends here.
public struct LinkDraft: Sendable {
  /// The link as the input alone has it.
  public var link: Link
  /// Keys that the input has hosts for: a host that came from one of them and is not in the input is gone.
  public var givenKeys: Set<String> = []
  /// What the zones' misses are to do, where the person said so.
  public var misses: [Name: MissPolicy] = [:]
  /// True when `link.ttlSeconds` is the default and not a person's choice.
  public var usesDefaultTTL = false
  /// True when `link.answer` is the default and not a person's choice.
  public var usesDefaultAnswer = false
  /// True to lead the connection URLs here that other links have too.
  public var isPrimary = false
  /// What was left out.
  public var leftOut: [Plan.LeftOut] = []
  /// What is likely not as it should be.
  public var warnings: [Problem] = []
  /// How the input was understood.
  public var notes: [String] = []
  /// What the person does next.
  public var nextSteps: [String] = []
  /// The host whose answer proves that it works.
  public var proof: Name?

  /// Takes the link; the rest is said after.
  public init(link: Link) { self.link = link }
}

/// Puts a link into a workspace, replaces it or takes it out, and makes the plan of it.
public enum LinkUpdate {
  /// Plans an import.
  ///
  /// Hosts of the link as it was stay when the input says nothing of the keys that they came from, because a key can be
  /// missing only for a parameter that was off (and a list of hosts may name just the latest).
  ///
  /// What the input does not say stays too: the endpoint and its pins, the ports, the answer form. So it does not matter
  /// whether the endpoint is known before the names or after them.
  ///
  /// - Parameters:
  ///   - request: what the person said of it: `prune` removes such hosts.
  /// - Throws: everything that stands in the way; then nothing is to be written.
  public static func plan(
    _ draft: LinkDraft, for request: LinkRequest, in workspace: WorkspaceFolder
  ) throws(Problems) -> Plan {
    let (name, choices) = (draft.link.name, request.choices)
    let old = try oneProblem { () throws(Problem) in try previous(draft, choices, in: workspace) }
    var notes: [String] = []
    var (draft, before) = (draft, old)
    try oneProblem { () throws(Problem) in
      guard let kind = LinkKind.named(draft.link.kind) else { return }
      draft.link.main.endpoint = try kind.spelling(draft.link.main.endpoint)
      before?.main.endpoint = try kind.spelling(old?.main.endpoint)
    }
    var link = merged(draft, with: before, prune: request.prune, choices, in: workspace, &notes)
    let others = try workspace.links(except: [name])
    let (changed, redirects) = settle(&link, isPrimary: draft.isPrimary, among: others)
    let doubts = try oneProblem { () throws(Problem) in
      try link.takeStandby(choices, after: choices.replaces ? nil : old, &notes)
      let zones = try link.takeZones(choices, after: choices.replaces ? nil : old, in: workspace, &notes)
      if choices.replaces, link.standby == nil, let dropped = old?.standby {
        notes.append("\(dropped.text) was the standby of the link before, and is dropped")
      }
      let doubts = try link.checkEndpoint() + zones
      try choices.checkArePrivate(link, insteadOf: old, in: workspace)
      return doubts
    }
    var plan = Plan(workspace: workspace.name, link: name)
    plan.hosts = changes(from: old, to: link, draft: draft)
    plan.leftOut = draft.leftOut
    let after = others.map { other in changed.first { $0.name == other.name } ?? other } + [link]
    plan.show(redirects: others + (old.map { [$0] } ?? []), after) { owner in
      "the link \(quoted(owner)) has it now; --primary moves it here"
    }
    plan.notes = draft.notes + notes + redirects
    plan.nextSteps = draft.nextSteps + waysOn(link, in: workspace)
    plan.proof = link.main.endpoint == nil ? nil : draft.proof
    plan.warnings = draft.warnings + doubts
    try oneProblem { () throws(Problem) in
      try choices.profile?.check(link, insteadOf: old, &plan, in: workspace)
    }
    let named = Set(draft.link.routes.flatMap { $0.hosts.map(\.name) })
    let kept = Set(link.routes.flatMap { $0.hosts.map(\.name) }).subtracting(named)
    var change = Change(links: [name: link], misses: draft.misses, kept: (name, kept))
    for other in changed { change.links[other.name] = other }
    if choices.takesOver { try takeOver(by: link, &change, &plan, in: workspace) }
    try finish(&plan, change, in: workspace)
    return plan
  }

  /// Plans the removal of a link, whatever is in its file.
  ///
  /// - Throws: that there is none of that name, or what is wrong with the links that stay.
  public static func removal(of name: String, from workspace: WorkspaceFolder) throws(Problems) -> Plan {
    var old: Link?
    do throws(Problem) {
      _ = try workspace.settings()
      old = try workspace.link(name)
    } catch {
      // A file that cannot be read is removed all the same; one that is not there cannot be.
      guard workspace.files[Link.path(name)] != nil, workspace.files["workspace.json"] != nil else {
        throw Problems([error])
      }
    }
    var plan = Plan(workspace: workspace.name, link: name)
    plan.hosts = changes(from: old, to: nil, draft: nil)
    plan.what = "removal of the link \(name)"
    plan.isRemoval = true
    try finish(&plan, Change(links: [name: nil], occasion: .files), in: workspace)
    return plan
  }

  /// Everything wrong with the links and generated zones of a workspace: files that cannot be read, links that contradict
  /// each other, zones that are not what the links say.
  public static func problems(in workspace: WorkspaceFolder) -> [Problem] {
    do throws(Problems) {
      let links = try workspace.links()
      let settings: JSON
      do throws(Problem) { settings = try workspace.settings() } catch { throw Problems([error]) }
      let generation = Generation(workspace: workspace, links: links, settings: settings)
      guard generation.errors.isEmpty else { return generation.errors + generation.warnings }
      let stale = try generation.changes().map { change in
        Problem(
          file: workspace.shown(change.path),
          change.content == nil
            ? "no link leads here any more; import a link again, or remove the file"
            : "this generated zone is missing or not what the links say; import one of the links again")
      }
      return stale + generation.warnings + obstacles(among: links, settings, in: workspace)
        + doubts(ofZonesOf: links, in: workspace)
    } catch { return error.all }
  }

  /// What becomes of a workspace's links and of the settings of their zones.
  struct Change {
    /// Links as they are to be, by name; nil for one that goes.
    var links: [String: Link?]
    /// What the zones' misses are to do; nil to leave that to the default.
    var misses: [Name: MissPolicy?] = [:]
    /// The hosts that a link keeps though its input did not name them; nil where there is no input.
    var kept: (link: String, hosts: Set<Name>)?
    /// What it is for.
    var occasion = Generation.Occasion.input
  }

  /// Works out the files: the links', the zones of all links together, the settings.
  static func finish(_ plan: inout Plan, _ change: Change, in workspace: WorkspaceFolder) throws(Problems) {
    var files: [FileChange] = []
    for (name, link) in change.links.sorted(by: { $0.key < $1.key }) {
      let content = link.map { Array($0.fileText.utf8) }
      if content != workspace.files[Link.path(name)] {
        files.append(FileChange(path: Link.path(name), content: content))
      }
    }
    let others = try workspace.links(except: Set(change.links.keys))
    let links = (others + change.links.values.compactMap { $0 }).sorted { $0.name < $1.name }
    var after = workspace
    let settings = try oneProblem { () throws(Problem) in
      for (zone, miss) in change.misses.sorted(by: { $0.key < $1.key }) {
        try after.change { (bytes, file) throws(Problem) in
          guard let miss else { return try WorkspaceSettings.removing([zone], from: bytes, file: file) }
          return try WorkspaceSettings.setting(miss, of: zone, in: bytes, file: file)
        }
      }
      return try after.settings()
    }
    let generation = Generation(
      workspace: workspace, links: links, settings: settings, for: change.occasion,
      telling: Set(change.links.keys), kept: change.kept)
    let zones = try generation.changes()
    plan.warnings += generation.warnings
    files += zones
    // Settings for a zone that is gone would be settings for nothing; one that waits for an endpoint is not gone.
    let gone = Set(zones.filter { $0.content == nil }.compactMap { try? Name($0.path.dropLast(5)) })
      .subtracting(links.flatMap { $0.routes.flatMap { $0.hosts.map(\.zone) } })
    if !gone.isEmpty {
      try oneProblem { () throws(Problem) in
        try after.change { (bytes, file) throws(Problem) in
          try WorkspaceSettings.removing(gone, from: bytes, file: file)
        }
      }
    }
    if after.files["workspace.json"] != workspace.files["workspace.json"], let settings = after.files["workspace.json"]
    {
      files.append(FileChange(path: "workspace.json", content: settings))
    }
    if change.occasion != .move { plan.warnings += obstacles(to: change, links, settings, in: workspace) }
    plan.tellLeads(of: change.links, in: workspace)
    let changed = change.links.sorted { $0.key < $1.key }.compactMap(\.value)
    for link in changed { try PlanSums.check(link, links, zones: generation.zones.count, in: workspace) }
    let misses = (before: LinkUndo.misses(in: workspace), after: LinkUndo.misses(in: after))
    plan.misses = Set(misses.before.keys).union(misses.after.keys).sorted().compactMap { zone in
      let change = Plan.MissChange(zone: zone, was: misses.before[zone], now: misses.after[zone])
      return change.was == change.now ? nil : change
    }
    plan.files = files
    if !files.isEmpty {
      try ReadBack.check(workspace.changed(plan.changes), insteadOf: workspace, holding: changed)
    }
    plan.existing = Set(workspace.files.keys)
    plan.tellWhoAnswers(after: workspace)
  }

  /// The link as it is; nil when there is none yet.
  private static func previous(
    _ draft: LinkDraft, _ choices: LinkChoices, in workspace: WorkspaceFolder
  ) throws(Problem) -> Link? {
    _ = try workspace.settings()
    try FolderName.check(draft.link.name, "link")
    guard workspace.files[draft.link.path] != nil else { return nil }
    let old = try workspace.link(draft.link.name)
    guard !choices.replaces else { return old }
    guard old.kind == draft.link.kind || old.kind == Link.undecidedKind else {
      throw Problem(
        file: workspace.shown(old.path),
        "the link \(quoted(old.name)) is of the kind \(old.kind); give this one another --link, or put it in the place of "
          + "that one with --replace")
    }
    if let (what, was, now) = old.difference(from: draft.link) {
      throw Problem(
        file: workspace.shown(old.path),
        "the link \(quoted(old.name)) is of the \(what) \(quoted(was)), and the input of \(quoted(now)); give this one "
          + "another --link, or put it in the place of that one with --replace")
    }
    return old
  }

  /// The input's link, with what the one before has and the input says nothing of.
  private static func merged(
    _ draft: LinkDraft, with old: Link?, prune: Bool, _ choices: LinkChoices, in workspace: WorkspaceFolder,
    _ notes: inout [String]
  ) -> Link {
    var link = draft.link
    link.isPublic = choices.isPublic ?? link.isPublic
    guard let old else { return link }
    let keepsHosts = !prune && !choices.replaces
    // What another function said of a host before stays said.
    let before = Dictionary(old.main.hosts.map { ($0.name, $0.sources) }, uniquingKeysWith: { a, _ in a })
    let named = link.main.hosts.compactMap { host in
      let others = keepsHosts ? before[host.name, default: []].filter { !draft.givenKeys.contains($0.key) } : []
      return Link.Host(name: host.name, zone: host.zone, sources: host.sources + others)
    }
    link.main = Link.Route(
      endpoint: link.main.endpoint.keepingPins(of: old.main.endpoint, choices, &notes) ?? old.main.endpoint,
      hosts: named + (keepsHosts ? kept(old.main, by: draft) : []))
    if let stage = old.stage {
      let endpoint = link.stage?.endpoint.keepingPins(of: stage.endpoint, choices, &notes) ?? stage.endpoint
      let hosts = (link.stage?.hosts ?? []) + (keepsHosts ? kept(stage, by: draft) : [])
      if !hosts.isEmpty { link.stage = Link.Route(endpoint: endpoint, hosts: hosts) }
    }
    if choices.replaces {
      link.service = draft.link.service ?? draft.link.serviceOfEndpoint
      link.dropEndpointOfAnother(than: draft.link, &notes)
    } else {
      link.account = link.account ?? old.account
      link.service = link.service ?? old.service
      link.region = link.region ?? old.region
    }
    link.takeCloud(of: old, in: workspace, &notes)
    if draft.usesDefaultTTL { link.ttlSeconds = old.ttlSeconds }
    if draft.usesDefaultAnswer { link.answer = old.answer }
    link.statedPorts = link.statedPorts ?? old.statedPorts
    link.isPublic = choices.isPublic ?? (link.isPublic || (old.isPublic && !choices.replaces))
    link.primary = old.primary
    return link
  }

  /// The hosts of a route that the input does not speak against.
  private static func kept(_ route: Link.Route, by draft: LinkDraft) -> [Link.Host] {
    let named = Set(draft.link.routes.flatMap { $0.hosts.map(\.name) })
    return route.hosts.filter { host in
      !named.contains(host.name) && !host.sources.contains { draft.givenKeys.contains($0.key) }
    }
  }

  static func changes(from old: Link?, to new: Link?, draft: LinkDraft?) -> [Plan.HostChange] {
    let before = hosts(of: old)
    let after = hosts(of: new)
    let named = Set(draft?.link.routes.flatMap { $0.hosts.map(\.name) } ?? [])
    return Set(before.keys).union(after.keys).sorted().compactMap { name in
      let was = before[name]
      let becomes = after[name]
      guard let shown = becomes ?? was else { return nil }
      var change = Plan.HostChange(
        change: .kept, host: name, target: shown.endpoint, remark: nil, sources: shown.host.sources.map(\.text))
      if becomes == nil {
        change.change = .removed
      } else if let was {
        let differences = differences(was, shown, old, new)
        if !differences.isEmpty { change.change = .changed }
        change.remark = differences.isEmpty ? nil : differences.joined(separator: ", ")
        if draft != nil, !named.contains(name) {
          change.remark = (change.remark.map { "\($0); " } ?? "") + "not in this input; --prune removes it"
        }
      } else {
        change.change = .added
        change.remark =
          shown.host.sources.contains { $0.derivation == .verbatim } ? nil : shown.host.sources.first?.text
      }
      return change
    }
  }

  private typealias Placed = (host: Link.Host, endpoint: Endpoint?)

  private static func hosts(of link: Link?) -> [Name: Placed] {
    var hosts: [Name: Placed] = [:]
    for route in link?.routes ?? [] { for host in route.hosts { hosts[host.name] = (host, route.endpoint) } }
    return hosts
  }

  private static func differences(_ was: Placed, _ now: Placed, _ old: Link?, _ new: Link?) -> [String] {
    var differences: [String] = []
    if !was.endpoint.leadsWhere(now.endpoint) {
      differences.append(was.endpoint.map { "was \($0.text)" } ?? "had no endpoint")
    } else if was.endpoint?.addresses != now.endpoint?.addresses {
      differences.append("pinned addresses")
    } else if was.endpoint?.zones != now.endpoint?.zones {
      differences.append("zones of the addresses")
    }
    if was.host.zone != now.host.zone { differences.append("was in the zone \(was.host.zone.textWithoutFinalDot)") }
    guard let old, let new else { return differences }
    if old.ttlSeconds != new.ttlSeconds { differences.append("TTL was \(old.ttlSeconds)") }
    if old.ports != new.ports { differences.append("ports were \(old.portsText)") }
    if old.isPublic != new.isPublic { differences.append(new.isPublic ? "may be public now" : "no longer public") }
    if old.answer != new.answer { differences.append("was answered with the endpoint's \(old.answer.rawValue)") }
    return differences
  }
}

/// Runs what can find one problem among what can find many.
func oneProblem<Result>(_ body: () throws(Problem) -> Result) throws(Problems) -> Result {
  do { return try body() } catch { throw Problems([error]) }
}

extension [Problem] {
  /// The first `Limits.Links.remarks`, and one that says that there are more.
  var shortened: [Problem] {
    var short: [Problem] = []
    for problem in prefix(Limits.Links.remarks + 1) { short.addWithinLimit(problem) }
    return short
  }
}

extension [String] {
  /// The first `Limits.Links.remarks`, and how many more there are.
  var shortened: [String] {
    count <= Limits.Links.remarks
      ? self : Array(prefix(Limits.Links.remarks)) + ["and \(count - Limits.Links.remarks) more of these"]
  }
}
