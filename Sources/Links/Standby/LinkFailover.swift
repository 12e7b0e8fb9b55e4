import Text
import Wire

/// Moves where a link's names lead: from its endpoint to its standby, and back. What can be moved has one function for each
/// form of link.
public enum LinkFailover {
  /// Plans that links are failed over, or back. Links that share names are moved together, for a name leads to one endpoint.
  ///
  /// - Parameters:
  ///   - names: the links'.
  ///   - isBack: true for the way back.
  /// - Throws: that a link has nothing to be failed over to, or what stands in the way.
  public static func plan(_ names: [String], isBack: Bool, in workspace: WorkspaceFolder) throws(Problems) -> Plan {
    var seen: Set<String> = []
    let names = names.filter { seen.insert($0).inserted }
    var plan = Plan(workspace: workspace.name, link: names.joined(separator: ", "))
    plan.what = "\(isBack ? "way back" : "failover") of the link \(names.joined(separator: ", "))"
    var change = LinkUpdate.Change(links: [:], occasion: .move)
    var moved: [String] = []
    for name in names {
      let links = try workspace.links().map { change.links[$0.name].flatMap { $0 } ?? $0 }
      try oneProblem { () throws(Problem) in
        _ = try workspace.settings()
        let link = try workspace.link(name)
        let redirected = link.standby == nil ? ClientRedirect.shared(links).filter { $1.links.contains(name) } : [:]
        let after =
          redirected.isEmpty
          ? [try endpoint(of: link, isBack: isBack, &plan, in: workspace)]
          : try primary(of: link, redirected, isBack: isBack, among: links, &plan, in: workspace)
        for link in after { change.links[link.name] = link }
        if after.contains(where: { !links.contains($0) }) { moved.append(name) }
        plan.proof = plan.proof ?? link.main.hosts.first { !$0.name.isWildcard }?.name
      }
    }
    let before = try workspace.links()
    let after = before.map { change.links[$0.name].flatMap { $0 } ?? $0 }
    let owners = ClientRedirect.shared(after).mapValues(\.owner)
    for (old, link) in zip(before, after) where change.links[link.name] != nil {
      // A connection URL is told of once, with the link that has it then.
      plan.hosts += LinkUpdate.changes(from: old, to: link, draft: nil).filter {
        owners[$0.host] ?? link.name == link.name
      }
    }
    plan.show(redirects: before, after)
    if !isBack, !moved.isEmpty {
      plan.nextSteps.append("and back: " + command(moved, isBack: true, in: workspace))
    }
    do throws(Problems) {
      try LinkUpdate.finish(&plan, change, in: workspace)
    } catch {
      throw Problems(error.all + (try remedy(names, isBack: isBack, in: workspace).map { [$0] } ?? []))
    }
    return plan
  }

  /// The command line that moves links; of many the first.
  static func command(_ names: [String], isBack: Bool, in workspace: WorkspaceFolder) -> String {
    let shown = names.prefix(namesInCommand).map { "\(word: $0)" } + (names.count > namesInCommand ? ["…"] : [])
    return "backroad link failover \(word: workspace.name) "
      + (shown + (isBack ? ["--back"] : [])).joined(separator: " ")
  }

  private static let namesInCommand = 10

  /// What to do where links cannot be moved; nil where they share their names with nobody.
  private static func remedy(
    _ names: [String], isBack: Bool, in workspace: WorkspaceFolder
  ) throws(Problems) -> Problem? {
    let links = try workspace.links()
    let others = links.sharingNames(with: names)
    let standbys = names.map { name in links.first { $0.name == name }?.standby }
    func same(_ name: String) -> String {
      "backroad link set-endpoint \(word: workspace.name) \(word: name) --standby \(word: standbys.first??.argument ?? "VPCE")"
    }
    guard !others.isEmpty else {
      let odd = zip(names, standbys).first { $0.1 != standbys.first }?.0
      return odd.map { Problem("links that share names need the same standby: \(same($0))") }
    }
    let command = command(names + others.map(\.name), isBack: isBack, in: workspace)
    let without = others.first { $0.standby == nil }.map { ", once they have the same standby: \(same($0.name))" } ?? ""
    return Problem("links that share names are moved together: \(command)\(without)")
  }

  /// A link with one endpoint and a standby.
  private static func endpoint(
    of link: Link, isBack: Bool, _ plan: inout Plan, in workspace: WorkspaceFolder
  ) throws(Problem) -> Link {
    guard link.standby != nil else {
      throw Problem(
        file: workspace.shown(link.path),
        "the link \(quoted(link.name)) has no standby; name it first: backroad link set-endpoint "
          + "\(word: workspace.name) \(word: link.name) --standby VPCE[=ADDR,…]")
    }
    guard link.main.endpoint != nil else {
      throw Problem(
        file: workspace.shown(link.path),
        "the link \(quoted(link.name)) has no endpoint that could have failed; say where its names lead: backroad link "
          + "set-endpoint \(word: workspace.name) \(word: link.name) VPCE[=ADDR,…]")
    }
    if link.usesStandby != isBack {
      plan.notes.append("\(link.name) leads to \(link.activeEndpoint.text) already")
      if isBack, link.failover != nil {
        plan.notes.append(
          "a server that has failed \(link.name) over by itself goes back by itself; it stays with the endpoint after "
            + "backroad link set-endpoint \(word: workspace.name) \(word: link.name) --failover-after off")
      }
      return link
    }
    plan.notes.append("clients follow within \(link.ttlSeconds) s, as the records' time to live says")
    return link.failedOver(!isBack)
  }

  /// A link of an account that shares connection URLs with others: Snowflake's client redirect. They lead to another account
  /// from then on, or to this one again.
  private static func primary(
    of link: Link, _ shared: [Name: ClientRedirect.Shared], isBack: Bool, among links: [Link], _ plan: inout Plan,
    in workspace: WorkspaceFolder
  ) throws(Problem) -> [Link] {
    var target = link.name
    if !isBack {
      let mine = shared.filter { $1.owner == link.name }
      let others = Set(mine.flatMap(\.value.links)).subtracting([link.name]).sortedByOctets()
      guard let first = others.first else {
        plan.notes.append("the connection URLs of \(link.name) lead to another account already")
        return []
      }
      guard others.count == 1 else {
        throw Problem(
          file: workspace.shown(link.path),
          "the links \(others.map { quoted($0) }.joined(separator: ", ")) have the connection URLs of "
            + "\(quoted(link.name)) too; say which of them has them from now on: backroad link failover "
            + "\(word: workspace.name) LINK --back")
      }
      target = first
    }
    guard var owner = links.first(where: { $0.name == target }) else { return [] }
    let (changed, notes) = LinkUpdate.settle(&owner, isPrimary: true, among: links.filter { $0.name != target })
    plan.notes += notes.map { "\(target): \($0)" }
    return changed + [owner]
  }
}
