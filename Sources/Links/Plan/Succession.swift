import Text
import Wire
import Workspaces
import Zones

/// Who answers the names that are no link's any more, in a workspace as it is then.
struct Succession {
  private let workspace: WorkspaceFolder
  private let guards: LinkGuards
  private let paths: [Name: String]
  private let forwarded: Set<Name>
  private let rules: [WorkspaceFile.Rule]
  /// The names that zones hold, of those that were looked into.
  private var owners: [Name: Set<Name>] = [:]

  init(in workspace: WorkspaceFolder) {
    self.workspace = workspace
    // Links or settings that cannot be read answer nothing; that they cannot be is told of where they are read.
    guards = (try? workspace.links().guards(in: workspace)) ?? LinkGuards()
    paths = Dictionary(workspace.zones.map { ($0.apex, $0.path) }) { first, _ in first }
    forwarded = (try? workspace.settings()).map { WorkspaceSettings.forwardedMisses($0) } ?? []
    rules = (try? workspace.workspaceFile())?.rules ?? []
  }

  /// What a name is answered with; nil when it is asked for as any public name.
  mutating func answer(for name: Name) -> String? {
    if let entry = guards.entry(for: name) {
      return entry.closure == nil ? "answered by the link \(entry.link)" : "held closed by the link \(entry.link)"
    }
    if let zone = name.andAbove.first(where: { paths[$0] != nil }) {
      let shown = zone.textWithoutFinalDot
      if holds(name, zone) { return "answered by the zone \(shown)" }
      if !forwarded.contains(zone) { return "the zone \(shown) says that it does not exist" }
    }
    let rule = rules.filter { name.isSubdomain(of: $0.zone) }.max { $0.zone.labelCount < $1.zone.labelCount }
    return rule.map { rule in
      let upstreams = rule.upstreams.map { "\($0)" }.joined(separator: ", ")
      return "forwarded by the rule for \(rule.zone.isRoot ? "." : rule.zone.textWithoutFinalDot) to \(upstreams)"
    }
  }

  /// True when a zone has the name, or a wildcard for it.
  private mutating func holds(_ name: Name, _ zone: Name) -> Bool {
    if owners[zone] == nil {
      let bytes = paths[zone].flatMap { workspace.files[$0] } ?? []
      let located = MasterFile.parse(bytes, file: "", origin: zone).records
      owners[zone] = Set(located.map { $0.record.owner.lowercased })
    }
    let owners = owners[zone] ?? []
    return owners.contains(name)
      || name.andAbove.dropFirst().contains { above in above.prefixed(by: [0x2a]).map(owners.contains) ?? false }
  }
}

extension Plan {
  private static let namesInRemedy = 5

  /// A name for a link that holds closed what this one had.
  private var nameOfClosing: String {
    let name = "\(link)-closed"
    return isPlainName(name) ? name : "closed"
  }

  /// Says of each name that goes who answers it then, and warns of those that are public names again.
  ///
  /// - Parameter workspace: as it is before the plan.
  mutating func tellWhoAnswers(after workspace: WorkspaceFolder) {
    guard count(.removed) > 0 else { return }
    var succession = Succession(in: workspace.changed(changes))
    var open: [Name] = []
    for index in hosts.indices where hosts[index].change == .removed {
      let answer = succession.answer(for: hosts[index].host)
      if answer == nil { open.append(hosts[index].host) }
      hosts[index].remark = answer ?? "public again"
    }
    guard let first = open.first else { return }
    let others = open.count > 1 ? " and \(open.count - 1) more" : ""
    // Names without an endpoint are a link too, which holds them closed: before this change and after it.
    let shown = open.prefix(Self.namesInRemedy).map { " \(word: $0.textWithoutFinalDot)" }.joined()
    let isCut = open.count > Self.namesInRemedy
    let remedy =
      isRemoval && isCut
      ? "to keep them closed: backroad link remove \(word: self.workspace) \(word: link) --closed in the place of this, after "
        + "backroad link undo \(word: self.workspace) where this is done"
      : "to keep them closed: backroad import hosts --workspace \(word: self.workspace) --link \(word: nameOfClosing)"
        + shown + (isCut ? " …" : "")
    warnings.append(
      Problem(
        severity: .warning,
        "\(first.textWithoutFinalDot)\(others) will be asked for as public names again; \(remedy)"))
  }
}
