import Bounds
import Text
import Wire
import Workspaces
import Zones

/// The last change of a workspace's links, kept so that it can be taken back: the links that it changed and the settings
/// of their zones, as they were and as it left them. The zones themselves are made from the links again.
///
/// It stands beside the links, `links/.undo`, and is written with the change in one step.
public struct LinkUndo {
  /// Where it is kept, within a workspace's folder.
  public static let path = WorkspaceSource.lastChange

  /// A thing before the change and after it; nil for what was not there.
  struct Pair<Value> {
    let was: Value?
    let now: Value?
  }

  /// What the change was, for a person: `import into the link prod`.
  let change: String
  /// True when the change took another one back.
  let isUndo: Bool
  let links: [String: Pair<Link>]
  let misses: [Name: Pair<MissPolicy>]

  /// All that a plan writes, and beside it what takes that back. A plan that changes no link leaves what is kept already.
  ///
  /// - Parameter before: the workspace as the plan was made for it.
  public static func changes(of plan: Plan, in before: WorkspaceFolder) -> [String: [UInt8]?] {
    let changes = plan.changes
    guard plan.canBeUndone else { return changes }
    let after = before.changed(changes)
    var names = changes.keys.compactMap { Link.name(ofPath: $0) }.sortedByOctets()
    let misses = (before: Self.misses(in: before), after: Self.misses(in: after))
    // A change of what zones do with misses alone is one of the link that it was made with.
    if names.isEmpty, misses.before != misses.after, after.files[Link.path(plan.link)] != nil { names = [plan.link] }
    guard !names.isEmpty else { return changes }
    var members: [(String, JSON)] = [("change", .string(plan.what)), ("undo", JSON(.bool(plan.isUndo)))]
    do throws(Problem) {
      var links: [(String, JSON)] = []
      for name in names {
        func json(_ folder: WorkspaceFolder) throws(Problem) -> JSON {
          folder.files[Link.path(name)] == nil ? nil : try folder.link(name).json
        }
        links.append((name, ["was": try json(before), "now": try json(after)] as JSON))
      }
      members.append(("links", .object(links)))
      let zones = Set(misses.before.keys).union(misses.after.keys).sorted().filter {
        misses.before[$0] != misses.after[$0]
      }
      let settings = zones.map { zone in
        (
          zone.textWithoutFinalDot,
          [
            "was": misses.before[zone].map { .string($0.rawValue) } ?? nil,
            "now": misses.after[zone].map { .string($0.rawValue) } ?? nil,
          ] as JSON
        )
      }
      members.append(("zones", .object(settings)))
    } catch {
      members = lost(plan, "a link's file could not be read before it")
    }
    var content = Array(JSON.object(members).text.utf8)
    if content.count > Limits.Links.undoOctets {
      content = Array(JSON.object(lost(plan, "it was larger than is kept")).text.utf8)
    }
    return changes.merging([path: content]) { $1 }
  }

  private static func lost(_ plan: Plan, _ why: String) -> [(String, JSON)] {
    [("change", .string(plan.what)), ("lost", .string(why))]
  }

  /// What the settings say of misses, by zone.
  static func misses(in folder: WorkspaceFolder) -> [Name: MissPolicy] {
    let zones = (try? folder.settings())?.asObject?["zones"]?.asObject?.members ?? []
    let known = zones.compactMap { member -> (Name, MissPolicy)? in
      guard let zone = try? Name(member.key).lowercased,
        let miss = member.value.asObject?["miss"]?.asString.flatMap({ MissPolicy(rawValue: $0) })
      else { return nil }
      return (zone, miss)
    }
    return Dictionary(known) { first, _ in first }
  }

  private static let remedy = "remove this file: the last change cannot be taken back"

  /// Reads what is kept of a workspace's last change. Whoever may write the workspace's folder may write it too.
  ///
  /// - Throws: that nothing is, or why it cannot be taken back.
  init(of workspace: WorkspaceFolder) throws(Problem) {
    let file = workspace.shown(Self.path)
    guard let bytes = workspace.files[Self.path] else {
      throw Problem(
        file: workspace.directory,
        "there is no change of the links of \(quoted(workspace.name)) to take back: none was made by import or link yet"
      )
    }
    let json = try JSON.parse(bytes, file: file, comments: false, maximumOctets: Limits.Links.undoOctets)
    let object = try json.expectObject("the last change", file: file)
    change = try object["change"]?.expectString("\"change\"", file: file) ?? ""
    if let lost = object["lost"] {
      throw Problem(
        file: workspace.directory,
        "the last change of the links (\(change)) cannot be taken back: "
          + "\(try lost.expectString("\"lost\"", file: file)); import again what is to be there")
    }
    isUndo = try object["undo"]?.expectBool("\"undo\"", file: file) ?? false
    var links: [String: Pair<Link>] = [:]
    for member in try object["links"]?.expectObject("\"links\"", file: file).members ?? [] {
      guard isPlainName(member.key) else {
        throw Problem(
          file: file, position: member.keyPosition, "\(quoted(member.key)) is not a link's name; \(Self.remedy)")
      }
      func link(_ key: String) throws(Problem) -> Link? {
        guard let value = member.value.asObject?[key], !value.isNull else { return nil }
        return try LinkFileReader.read(value, name: member.key, file: file)
      }
      let pair = Pair(was: try link("was"), now: try link("now"))
      guard pair.was != nil || pair.now != nil else {
        throw Problem(
          file: file, position: member.keyPosition,
          "the link \(quoted(member.key)) is neither as it was nor as it is now; \(Self.remedy)")
      }
      links[member.key] = pair
    }
    guard !links.isEmpty else {
      throw Problem(file: file, position: json.position, "no link was changed; \(Self.remedy)")
    }
    self.links = links
    var misses: [Name: Pair<MissPolicy>] = [:]
    for member in try object["zones"]?.expectObject("\"zones\"", file: file).members ?? [] {
      guard let zone = try? Name(member.key).lowercased else { continue }
      func miss(_ key: String) throws(Problem) -> MissPolicy? {
        guard let value = member.value.asObject?[key], !value.isNull else { return nil }
        guard let miss = value.asString.flatMap({ MissPolicy(rawValue: $0) }) else {
          throw Problem(file: file, position: value.position, "misses are set to what is none; \(Self.remedy)")
        }
        return miss
      }
      misses[zone] = Pair(was: try miss("was"), now: try miss("now"))
    }
    self.misses = misses
  }

  /// What is not as the change left it, each with its file: that was done by somebody else since.
  func differences(in workspace: WorkspaceFolder) -> [Problem] {
    var problems: [Problem] = []
    func report(_ path: String, _ what: String) {
      problems.append(Problem(file: workspace.shown(path), "\(what) since \(change)"))
    }
    for (name, pair) in links.sorted(by: { $0.key < $1.key }) {
      let path = Link.path(name)
      guard workspace.files[path] != nil else {
        if pair.now != nil { report(path, "this link has gone") }
        continue
      }
      do throws(Problem) {
        let found = try workspace.link(name)
        guard let left = pair.now else {
          report(path, "this link has been made again")
          continue
        }
        let keys = left.keysThatDiffer(from: found)
        if !keys.isEmpty { report(path, "\(keys.map { quoted($0) }.joined(separator: ", ")) changed") }
      } catch { problems.append(error) }
    }
    let found = Self.misses(in: workspace)
    for (zone, pair) in misses.sorted(by: { $0.key < $1.key }) where found[zone] != pair.now {
      report(WorkspaceFile.fileName, "the setting of the zone \(zone.textWithoutFinalDot) changed")
    }
    guard !problems.isEmpty else { return [] }
    let remedy = Problem(
      file: workspace.directory,
      "nothing is taken back, because that would undo what was changed since as well: put it back as it was left, or make "
        + "the change that is wanted by an import")
    return problems.shortened + [remedy]
  }
}

extension Link {
  /// The keys of the file that differ from another's, all but AWS's word, which is no change of the link.
  fileprivate func keysThatDiffer(from other: Link) -> [String] {
    let mine = json(withCloud: false).asObject ?? JSON.Object([])
    let others = other.json(withCloud: false).asObject ?? JSON.Object([])
    var keys: [String] = []
    for member in mine.members + others.members where mine[member.key] != others[member.key] {
      if !keys.contains(member.key) { keys.append(member.key) }
    }
    return keys
  }
}

extension LinkUpdate {
  /// Plans that the last change of a workspace's links is taken back. That is a change like another: taken back in its
  /// turn it is done again.
  ///
  /// - Throws: that there is none, that it cannot be, or everything that was changed since.
  public static func undo(in workspace: WorkspaceFolder) throws(Problems) -> Plan {
    let last = try oneProblem { () throws(Problem) in try LinkUndo(of: workspace) }
    let differences = last.differences(in: workspace)
    guard differences.isEmpty else { throw Problems(differences) }
    var change = Change(links: [:], misses: last.misses.mapValues(\.was), occasion: .files)
    let names = last.links.keys.sorted()
    var plan = Plan(workspace: workspace.name, link: names.joined(separator: ", "))
    for name in names {
      let present = last.links[name]?.now == nil ? nil : try? workspace.link(name)
      var link = last.links[name]?.was
      if let present, present.main.endpoint.leadsWhere(link?.main.endpoint) { link?.cloud = present.cloud }
      change.links[name] = .some(link)
      plan.hosts += changes(from: present, to: link, draft: nil)
    }
    plan.what = last.change
    plan.isUndo = !last.isUndo
    plan.notes = ["\(last.isUndo ? "does again" : "takes back"): \(last.change)"]
    try finish(&plan, change, in: workspace)
    plan.nextSteps = [
      "backroad link undo \(word: workspace.name) once more \(last.isUndo ? "takes it back" : "does it again")"
    ]
    return plan
  }

  /// Plans that AWS's word of a link's endpoint is kept with the link.
  ///
  /// - Parameters:
  ///   - endpoint: what AWS says of it.
  ///   - seen: when that was handed over.
  public static func state(
    _ endpoint: DescribedEndpoint, of name: String, seen: String, in workspace: WorkspaceFolder
  ) throws(Problems) -> Plan {
    var link = try oneProblem { () throws(Problem) in
      _ = try workspace.settings()
      return try workspace.link(name)
    }
    let zones = Set(endpoint.zonalNames.map(\.zone)).sorted()
    let state = CloudState(
      state: endpoint.state, id: endpoint.id, service: endpoint.service, zones: zones, seen: seen)
    link.cloud = state
    var plan = Plan(workspace: workspace.name, link: name)
    plan.headline = "AWS says \(state.state)"
    plan.canBeUndone = false
    plan.cloud = .object(
      [("id", endpoint.id.map { .string($0) } ?? nil)]
        + (state.json.asObject?.members ?? []).filter { $0.key != "id" }.map { ($0.key, $0.value) } + [
          ("names", .array(endpoint.names.map { .string($0) }))
        ])
    if let id = endpoint.id { plan.notes.append("\(id) of \(endpoint.service ?? "a service that is not named")") }
    if !CloudState.states.contains(state.state) { plan.notes.append("\(state.state) is no state that is known here") }
    if let name = endpoint.name { plan.notes.append("for all zones: \(name)") }
    plan.notes += endpoint.zonalNames.map { "for \($0.zone) alone: \($0.name)" }
    plan.nextSteps = steps(after: endpoint, link, in: workspace)
    try finish(&plan, Change(links: [name: link], occasion: .files), in: workspace)
    return plan
  }

  /// What a person does after AWS's word.
  private static func steps(
    after endpoint: DescribedEndpoint, _ link: Link, in workspace: WorkspaceFolder
  ) -> [String] {
    let id = endpoint.id ?? "vpce-…"
    switch endpoint.state {
    case "Available" where link.main.endpoint == nil:
      guard let name = endpoint.name else { return ["AWS gives the endpoint no DNS name: look at its \"DNS names\""] }
      return [
        "the endpoint is there: backroad link set-endpoint \(word: workspace.name) \(word: link.name) \(word: name)"
      ]
    case "PendingAcceptance" where !LinkKind.isAcceptedByCustomer(link.kind):
      return [
        "the vendor accepts it, once the customer has done the rest: backroad link show \(word: workspace.name) "
          + "\(word: link.name)"
      ]
    case "PendingAcceptance":
      let service = endpoint.service.flatMap { VPCEndpointService($0) }?.id ?? "vpce-svc-…"
      return [
        "the owner of the service accepts it: aws ec2 accept-vpc-endpoint-connections --service-id \(word: service) "
          + "--vpc-endpoint-ids \(word: id)"
      ]
    case "Deleting", "Deleted", "Rejected", "Failed", "Expired":
      return [
        "make a new endpoint, when the owner of the service says that it will be accepted, and then: backroad link "
          + "set-endpoint \(word: workspace.name) \(word: link.name) VPCE"
      ]
    default: return []
    }
  }
}
