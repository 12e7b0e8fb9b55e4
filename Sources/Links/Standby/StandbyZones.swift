import Bounds
import Text
import Wire
import Workspaces

/// The zones of a workspace as they are once some of its links are failed over, beside its files as they are.
enum StandbyZones {
  /// What has become of a workspace.
  struct Outcome {
    /// Its files as its links would have them if they were failed over.
    var folder: WorkspaceFolder
    /// Its links as they are then.
    var links: [Link]
    /// Those that are failed over.
    var done: Set<String> = []
    /// A warning for each that is not.
    var problems: [Problem] = []
    /// How often all of the workspace's zones were worked out for it: what it cost.
    var generations = 0
  }

  /// Fails over as many of some links as can be. Only the zones that differ for that are others than before, whatever else is
  /// in the folder.
  ///
  /// All of them are tried together first. What stands in the way then is not failed over, and neither are the links that share
  /// names with it: they move together or not at all, for a name leads to one endpoint. That is done a few times and no more
  /// (`Limits.Links.failoverAttempts`), however many links there are: this is a part of every building of the workspace.
  ///
  /// - Parameter names: the links; those that have no standby, or lead there already, stay as they are.
  static func asFarAsPossible(
    _ workspace: WorkspaceFolder, _ links: [Link], failingOver names: Set<String>
  ) -> Outcome {
    var outcome = Outcome(folder: workspace, links: links)
    var moving = Set(
      links.filter { names.contains($0.name) && $0.main.endpoint != nil && $0.standby != nil && !$0.usesStandby }
        .map(\.name))
    guard !moving.isEmpty else { return outcome }
    do throws(Problem) {
      let settings = try workspace.settings()
      func generation(_ links: [Link]) -> Generation {
        outcome.generations += 1
        return Generation(workspace: workspace, links: links, settings: settings, for: .move)
      }
      let before = generation(links)
      if let first = before.errors.first { throw first }
      for _ in 0..<Limits.Links.failoverAttempts where !moving.isEmpty {
        let moved = links.map { moving.contains($0.name) ? $0.failedOver(true) : $0 }
        let after = generation(moved)
        if after.errors.isEmpty {
          do throws(Problems) {
            outcome.folder = try folder(workspace, before, after)
          } catch {
            throw error.all.first ?? Problem("the zones cannot be made")
          }
          (outcome.links, outcome.done) = (moved, moving)
          return outcome
        }
        for (links, why) in Obstruction(after, links, moving).staying {
          outcome.stay(links, why)
          moving.subtract(links)
        }
      }
      outcome.stay(moving, "more would stand in the way than is looked for")
    } catch {
      outcome.stay(moving, error.message)
    }
    return outcome
  }

  /// The files with the zones that differ.
  private static func folder(
    _ workspace: WorkspaceFolder, _ before: Generation, _ after: Generation
  ) throws(Problems) -> WorkspaceFolder {
    var folder = workspace
    for apex in Set(before.zones.keys).union(after.zones.keys) {
      guard before.zones[apex]?.records != after.zones[apex]?.records else { continue }
      let path = WorkspaceFolder.zonePath(apex)
      guard workspace.files[path] == nil || workspace.isGenerated(path) else { continue }
      folder.files[path] = try after.zones[apex].map { (zone) throws(Problems) in
        try zone.file(replacing: workspace.files[path])
      }
    }
    return folder
  }
}

extension StandbyZones.Outcome {
  /// Says of links that they are not failed over.
  fileprivate mutating func stay(_ names: Set<String>, _ why: String) {
    problems += names.sortedByOctets().map { name in
      Problem(
        file: folder.shown(Link.path(name)), severity: .warning,
        "this link is not failed over to its standby, because then \(why)")
    }
  }
}

/// What keeps links from being failed over together, and which of them had better stay.
private struct Obstruction {
  /// Links that stay, and why; no link twice, and at least one.
  private(set) var staying: [(links: Set<String>, why: String)] = []

  /// - Parameters:
  ///   - after: what is wrong if they move.
  ///   - links: all of the workspace.
  ///   - moving: those that are to move.
  init(_ after: Generation, _ links: [Link], _ moving: Set<String>) {
    var culprits: [String: String] = [:]
    var ofZones: [Name: [String]] = [:]
    for blame in after.blames {
      let why = after.reasons[blame.link] ?? ""
      if let one = [blame.link, blame.other].compactMap({ $0 }).first(where: { moving.contains($0) }) {
        culprits[one] = min(culprits[one] ?? why, why)
        continue
      }
      guard let zone = blame.zone else { continue }
      if ofZones[zone] == nil { ofZones[zone] = after.zones[zone]?.links.filter { moving.contains($0) } ?? [] }
      for one in ofZones[zone] ?? [] { culprits[one] = min(culprits[one] ?? why, why) }
    }
    guard !culprits.isEmpty else {
      staying = [(moving, after.errors.first?.message ?? "")]
      return
    }
    let groups = Self.groups(links, moving)
    var seen: Set<String> = []
    for (name, why) in culprits.sorted(by: { $0.key < $1.key }) where !seen.contains(name) {
      let group = groups[name] ?? [name]
      seen.formUnion(group)
      staying.append((group, why))
    }
  }

  /// The links that share names with each, with what those share names with, and so on; only those that are to move.
  ///
  /// - Complexity: a step for each host.
  private static func groups(_ links: [Link], _ moving: Set<String>) -> [String: Set<String>] {
    let redirected = ClientRedirect.shared(links)
    var having: [Name: [String]] = [:]
    for link in links where moving.contains(link.name) {
      for host in link.main.hosts where redirected[host.name] == nil {
        having[host.name, default: []].append(link.name)
      }
    }
    var names: [String: [Name]] = [:]
    for (name, links) in having where links.count > 1 { for link in links { names[link, default: []].append(name) } }
    var groups: [String: Set<String>] = [:]
    for start in moving where groups[start] == nil {
      var (group, waiting): (Set<String>, [String]) = ([start], [start])
      while let link = waiting.popLast() {
        for name in names[link] ?? [] {
          waiting += (having.removeValue(forKey: name) ?? []).filter { group.insert($0).inserted }
        }
      }
      for link in group { groups[link] = group }
    }
    return groups
  }
}

extension LinkUpdate {
  /// Warns of changed links that could not be failed over, or back, as the links are to be: each alone, as it would be. Of many
  /// the first are looked at, for each costs as much as the plan.
  static func obstacles(
    to change: Change, _ links: [Link], _ settings: JSON, in workspace: WorkspaceFolder
  ) -> [Problem] {
    var problems: [Problem] = []
    let moveable = change.links.sorted { $0.key < $1.key }.compactMap(\.value)
      .filter { $0.standby != nil && $0.main.endpoint != nil }
    for link in moveable.prefix(Limits.Links.failoverAttempts) {
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
