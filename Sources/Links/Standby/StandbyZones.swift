import Text
import Wire
import Workspaces

/// The zones of a workspace as they are once some of its links are failed over, beside its files as they are.
enum StandbyZones {
  /// The workspace's files as its links would have them if some of these were failed over. Only the zones that differ for that
  /// are others than before, whatever else is in the folder.
  ///
  /// - Parameters:
  ///   - names: the links that are to be failed over; those that have no standby, or lead there already, stay as they are.
  /// - Returns: nil where none of them is moved; and the links as they are then.
  /// - Throws: what stands in the way.
  static func folder(
    _ workspace: WorkspaceFolder, _ links: [Link], failingOver names: Set<String>
  ) throws(Problems) -> (folder: WorkspaceFolder, links: [Link])? {
    let moved = links.map { link in
      names.contains(link.name) && link.main.endpoint != nil && link.standby != nil ? link.failedOver(true) : link
    }
    guard moved != links else { return nil }
    let settings = try oneProblem { () throws(Problem) in try workspace.settings() }
    let before = Generation(workspace: workspace, links: links, settings: settings)
    let after = Generation(workspace: workspace, links: moved, settings: settings, for: .move)
    guard before.errors.isEmpty, after.errors.isEmpty else { throw Problems(before.errors + after.errors) }
    var folder = workspace
    for apex in Set(before.zones.keys).union(after.zones.keys) {
      guard before.zones[apex]?.records != after.zones[apex]?.records else { continue }
      let path = WorkspaceFolder.zonePath(apex)
      guard workspace.files[path] == nil || workspace.isGenerated(path) else { continue }
      folder.files[path] = try after.zones[apex].map { (zone) throws(Problems) in
        try zone.file(replacing: workspace.files[path])
      }
    }
    return (folder, moved)
  }

  /// The same with as many of the links as can be: where all of them together cannot, one after the other as long as it goes.
  ///
  /// - Returns: the files and links, those that are failed over, and a warning for each that is not.
  static func asFarAsPossible(
    _ workspace: WorkspaceFolder, _ links: [Link], failingOver names: Set<String>
  ) -> (folder: WorkspaceFolder, links: [Link], done: Set<String>, problems: [Problem]) {
    var best = (folder: workspace, links: links)
    do throws(Problems) {
      guard let all = try folder(workspace, links, failingOver: names) else { return (workspace, links, [], []) }
      return (all.folder, all.links, movedNames(links, all.links), [])
    } catch {
      var done: Set<String> = []
      var problems: [Problem] = []
      for name in names.sortedByOctets() {
        do throws(Problems) {
          guard let one = try folder(workspace, links, failingOver: done.union([name])) else { continue }
          best = one
          done = movedNames(links, one.links)
        } catch {
          let why = error.all.first?.message ?? ""
          problems.append(
            Problem(
              file: workspace.shown(Link.path(name)), severity: .warning,
              "this link is not failed over to its standby, because then \(why)"))
        }
      }
      return (best.folder, best.links, done, problems)
    }
  }

  private static func movedNames(_ before: [Link], _ after: [Link]) -> Set<String> {
    Set(zip(before, after).filter { $0 != $1 }.map { $1.name })
  }
}

extension LinkUpdate {
  /// Warns of changed links that could not be failed over, or back, as the links are to be: each alone, as it would be.
  static func obstacles(
    to change: Change, _ links: [Link], _ settings: JSON, in workspace: WorkspaceFolder
  ) -> [Problem] {
    var problems: [Problem] = []
    for case let link? in change.links.values where link.standby != nil && link.main.endpoint != nil {
      let other = links.map { $0.name == link.name ? $0.failedOver(!$0.usesStandby) : $0 }
      let generation = Generation(workspace: workspace, links: other, settings: settings, for: .move)
      guard let first = generation.errors.first else { continue }
      problems.append(obstacle(first, of: link, among: links, in: workspace))
    }
    return problems
  }

  /// The same of all links that servers fail over by themselves, together.
  static func obstacles(among links: [Link], _ settings: JSON, in workspace: WorkspaceFolder) -> [Problem] {
    let other = links.map { $0.failover != nil && $0.main.endpoint != nil ? $0.failedOver(true) : $0 }
    guard other != links else { return [] }
    let generation = Generation(workspace: workspace, links: other, settings: settings, for: .move)
    return generation.errors.prefix(1).map { problem in
      Problem(
        file: problem.file, severity: .warning,
        "the links cannot be failed over as their files say, because then \(problem.message); give links that share names the "
          + "same --standby and --failover-after")
    }
  }

  private static func obstacle(
    _ problem: Problem, of link: Link, among links: [Link], in workspace: WorkspaceFolder
  ) -> Problem {
    let way = link.usesStandby ? "back" : "over"
    let together = links.sharingNames(with: [link.name]).map(\.name)
    let command =
      together.isEmpty
      ? "" : " with " + LinkFailover.command([link.name] + together, isBack: link.usesStandby, in: workspace)
    return Problem(
      file: workspace.shown(link.path), severity: .warning,
      "this link alone cannot be failed \(way): links that share names need the same standby, and are moved "
        + "together\(command); alone, \(problem.message)")
  }
}

extension [Link] {
  /// The links that share names with these, and those that share names with them in turn: a name leads to one endpoint, so that
  /// all of these are moved together. Connection URLs of client redirect keep nobody together, nor do links without an endpoint.
  func sharingNames(with names: [String]) -> [Link] {
    let redirected = Set(ClientRedirect.shared(self).keys)
    var having: [Name: [Int]] = [:]
    for (index, link) in enumerated() where link.main.endpoint != nil {
      for host in link.main.hosts where !redirected.contains(host.name) { having[host.name, default: []].append(index) }
    }
    var found: Set<Int> = Set(indices.filter { names.contains(self[$0].name) })
    var waiting = [Int](found)
    while let index = waiting.popLast() {
      for host in self[index].main.hosts {
        for other in having.removeValue(forKey: host.name) ?? [] where found.insert(other).inserted {
          waiting.append(other)
        }
      }
    }
    return found.sorted().map { self[$0] }.filter { !names.contains($0.name) }
  }
}

extension [Link] {
  /// Those that servers fail over by themselves; none that a person has failed over, or that leads nowhere yet.
  var automaticFailovers: [String: AutomaticFailover] {
    var automatic: [String: AutomaticFailover] = [:]
    for link in self where !link.usesStandby {
      guard let endpoint = link.main.endpoint, let standby = link.standby, let rule = link.failover else { continue }
      automatic[link.name] = AutomaticFailover(
        endpoint: endpoint.textWithAddresses, standby: standby.textWithAddresses, rule: rule)
    }
    return automatic
  }
}
