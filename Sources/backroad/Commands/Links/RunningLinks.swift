import Admin
import Bounds
import Links
import Server
import Text
import Workspaces

/// How links stand as the running server sees them, which watches their endpoints.
struct RunningLinks {
  /// One link: its state, and that of each of its endpoints.
  struct Standing {
    let health: LinkHealth
    let endpoints: [(role: String, health: LinkHealth)]
    /// True when the server has failed the link over to its standby by itself.
    let isFailedOver: Bool
  }

  /// False where the server was told not to watch.
  let isWatching: Bool
  private let standings: [String: Standing]

  /// Asks the running server for the links of a workspace, or of all for nil.
  ///
  /// - Throws: that there is none, or what it says is wrong.
  init(_ server: AdminClient, of workspace: WorkspaceName?) throws(Problem) {
    var standings: [String: Standing] = [:]
    var isWatching = true
    var after: String?
    repeat {
      var query = [(key: "limit", value: "\(Limits.Admin.rows)")]
      if let workspace { query.append(("workspace", workspace.description)) }
      if let after { query.append(("after", after)) }
      let page = try server.ask(.get, ["v1", "links"], query)
      isWatching = page["watching"]?.asBool ?? false
      for link in page.list("links") {
        guard let health = LinkHealth(link) else { continue }
        let endpoints = link.list("endpoints").compactMap { part in
          LinkHealth(part).map { (part.string("role"), $0) }
        }
        standings["\(link.string("workspace"))/\(link.string("name"))"] = Standing(
          health: health, endpoints: endpoints, isFailedOver: link["failedOver"]?.asBool ?? false)
      }
      // A server that goes round in a circle is none of ours.
      let next = page["next"]?.asString
      after = next == after ? nil : next
    } while after != nil
    self.standings = standings
    self.isWatching = isWatching
  }

  /// True when the server has failed a link over to its standby by itself.
  func isFailedOver(_ link: String, in workspace: WorkspaceName) -> Bool {
    standings["\(workspace)/\(link)"]?.isFailedOver ?? false
  }

  /// How a link stands; nil where the server knows nothing of it, or nobody has looked yet.
  func standing(of link: String, in workspace: WorkspaceName) -> Standing? {
    standings["\(workspace)/\(link)"].flatMap { $0.health.state == .unknown ? nil : $0 }
  }
}

/// The states of links for a list: the running server's where there is one, else what the files alone say.
struct LinkStatesView {
  private let running: RunningLinks?
  /// Whose states they are, for a person.
  let text: String

  /// Asks the server that serves the zones folder. That none answers is no error.
  init(of workspace: WorkspaceName?, _ arguments: Arguments) {
    do {
      let running = try RunningLinks(arguments.runningServer().patient(milliseconds: 5000), of: workspace)
      self.running = running.isWatching ? running : nil
      text =
        running.isWatching
        ? "states as the running server sees them"
        : "states as the links' files say, for the running server does not watch links"
    } catch {
      running = nil
      text = "states as the links' files say, for no running server answers; backroad status says why"
    }
  }

  /// How a link stands, as the server sees it; nil where the file's word counts.
  func standing(of link: Link, in workspace: WorkspaceName) -> RunningLinks.Standing? {
    running?.standing(of: link.name, in: workspace)
  }

  /// The state in a word or two.
  func word(of link: Link, in workspace: WorkspaceName) -> String {
    standing(of: link, in: workspace)?.health.state.rawValue ?? link.stateText
  }

  /// Where a link's names lead, with the server's word where it has failed the link over by itself.
  func endpoint(of link: Link, in workspace: WorkspaceName) -> String {
    lead(of: link, in: workspace) + (link.isPublic ? " (may be public)" : "")
  }

  private func lead(of link: Link, in workspace: WorkspaceName) -> String {
    guard let standby = link.standby, standing(of: link, in: workspace)?.isFailedOver == true else {
      return link.activeText
    }
    return "\(standby.text) (standby, by the server)"
  }

  /// For programs: members that say how a link stands.
  func members(of link: Link, in workspace: WorkspaceName) -> [(String, JSON)] {
    // Where the names lead is told as the admin interface tells it.
    let listed = link.listed(isFailedOver: running?.isFailedOver(link.name, in: workspace) ?? false)
    let lead: [(String, JSON)] = ["active", "failedOverBy"].map { ($0, listed.asObject?[$0] ?? nil) }
    guard let standing = standing(of: link, in: workspace) else {
      return [("state", .string(link.stateText)), ("seenBy", "file")] + lead
    }
    let endpoints = standing.endpoints.map { role, health in
      JSON.object([("role", .string(role))] + (health.json.asObject?.members ?? []).map { ($0.key, $0.value) })
    }
    return [("state", .string(standing.health.state.label)), ("seenBy", "server")] + lead
      + (standing.health.json.asObject?.members ?? []).filter { $0.key != "state" }.map { ($0.key, $0.value) }
      + [("endpoints", .array(endpoints))]
  }

  /// For a terminal: lines that say how a link stands.
  func lines(of link: Link, in workspace: WorkspaceName) -> String {
    guard let standing = standing(of: link, in: workspace) else { return "state: \(link.stateText)\n" }
    var lines = "state: \(onOneLine(standing.health.text))\n"
    if standing.isFailedOver { lines += "failed over by the server: its names lead to the standby\n" }
    guard standing.endpoints.count > 1 else { return lines }
    for (role, health) in standing.endpoints { lines += "  \(onOneLine("\(role) endpoint: \(health.text)"))\n" }
    return lines
  }
}
