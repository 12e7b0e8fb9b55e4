import Links
import Text

/// What `/v1/status` says, for a terminal.
struct ServerStatus {
  private let json: JSON

  init(_ json: JSON) { self.json = json }

  private var workspaces: JSON { json["workspaces"] ?? .object([]) }
  private var cache: JSON { json["cache"] ?? .object([]) }
  private var reloads: JSON { json["reloads"] ?? .object([]) }

  /// What keeps the zones folder from being read, or from counting.
  private var folderProblem: Problem? {
    guard let problem = reloads["problem"], problem.asObject != nil else { return nil }
    return Problem(problem)
  }

  /// True when nothing is broken.
  var isGood: Bool {
    workspaces.number("broken") == 0 && reloads["lastFailed"]?.asBool != true && folderProblem == nil
      && isStoreGood
  }

  /// True where there is no store, or it is followed and all of it is served.
  private var isStoreGood: Bool {
    guard let store = json["store"], store.asObject != nil else { return true }
    return store["live"]?.asBool == true && store.number("held") == 0 && store.number("behind") == 0
  }

  /// All of it.
  var text: String {
    var text = """
      \(onOneLine(json.string("version"))), up \(Self.time(seconds: json.number("uptimeSeconds"))), \
      \(counted(json.number("workers"), "worker"))\(silence)
      listens on \(onOneLine(json.list("listen").compactMap(\.asString).joined(separator: ", ")))
      workspaces: \(workspaces.number("served")) served from \(onOneLine(json.string("zonesFolder"))), \
      \(workspaces.number("broken")) broken
      reloads: \(reloads.number("count")), \(reloads.number("failed")) with errors, \
      the last took \(reloads.number("lastMilliseconds")) ms\(folderProblem.map { "\n\($0)" } ?? "")
      cache: \(counted(cache.number("entries"), "entry", "entries")), \(Self.size(cache.number("octets"))) of \
      \(Self.size(cache.number("capacityOctets"))), \(counted(cache.number("hits"), "hit"))
      waiting for upstreams: \(counted(json.number("waiting"), "question"))
      links: \(links)

      """
    if !store.isEmpty { text += "store: \(store)\n" }
    text += upstreams
    text += failovers
    text += broken
    text += behind
    return text
  }

  /// That some workers are not counted, if it is so.
  private var silence: String {
    let silent = json.number("silentWorkers")
    guard silent > 0 else { return "" }
    return ", of which \(silent) said nothing in half a second and \(silent == 1 ? "is" : "are") not counted below"
  }

  /// How the store is followed; empty where a folder is served.
  private var store: String {
    guard let store = json["store"], store.asObject != nil else { return "" }
    var parts = [onOneLine(store.string("address"))]
    if store["live"]?.asBool == true {
      parts.append("followed at \(onOneLine(store.string("member"))), revision \(store.number("revision"))")
    } else {
      let age = store["ageSeconds"]?.asInt.map { "what is served is \(Self.time(seconds: $0)) old" }
      parts.append("not followed, \(age ?? "nothing of it was ever read")")
    }
    if let problem = store["problem"]?.asString { parts.append(onOneLine(problem)) }
    if store.number("held") > 0 {
      let listed = store.list("heldList").compactMap(\.asString).prefix(5).map { onOneLine($0) }.joined(separator: ", ")
      parts.append(
        "\(store.number("held")) workspaces are missing there and served on (\(listed)…); backroad reload lets them go")
    }
    return parts.joined(separator: "; ")
  }

  /// The workspaces that are not as the store has them.
  private var behind: String {
    guard let store = json["store"], store.number("behind") > 0 else { return "" }
    var text = ""
    for workspace in store.list("behindList") {
      text += "\nworkspace \(onOneLine(workspace.string("name"))) is not as the store has it, and served as it was:\n"
      for problem in workspace.list("problems") { text += "  \(Problem(problem))\n" }
    }
    let left = store.number("behind") - store.list("behindList").count
    return text + (left > 0 ? "and \(left) more\n" : "")
  }

  /// How many links are in which state.
  private var links: String {
    let links = json["links"] ?? .object([])
    guard links["watching"]?.asBool == true else { return "not watched" }
    let states = LinkHealth.State.allCases.map { ($0, links["states"]?.number($0.label) ?? 0) }.filter { $0.1 > 0 }
    return states.isEmpty ? "none" : states.map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
  }

  private var upstreams: String {
    var table = Table("UPSTREAM", "STATE", "QUERIES", "FAILURES", "USUAL TIME")
    for upstream in json.list("upstreams") {
      let time: String
      if case .number(let number) = upstream["milliseconds"]?.content { time = "\(number) ms" } else { time = "-" }
      table.add(
        upstream.string("address"), upstream["down"]?.asBool == true ? "down" : "up", "\(upstream.number("queries"))",
        "\(upstream.number("failures"))", time)
    }
    return table.isEmpty ? "" : "\n" + table.text
  }

  /// The links that the server has failed over by itself.
  private var failovers: String {
    guard let failovers = json["failovers"], failovers.number("count") > 0 else { return "" }
    var table = Table("WORKSPACE", "LINK", "FAILED OVER SINCE")
    for link in failovers.list("links") {
      table.add(
        link.string("workspace"), link.string("link"), CloudState.time(UInt64(max(0, link.number("since")))))
    }
    let left = failovers.number("count") - failovers.list("links").count
    return "\n" + table.text + (left > 0 ? "and \(left) more\n" : "")
  }

  private var broken: String {
    var text = ""
    for workspace in workspaces.list("brokenList") {
      let state = workspace["served"]?.asBool == true ? "served as it was before" : "not served"
      text += "\nworkspace \(onOneLine(workspace.string("name"))) is broken, and \(state):\n"
      for problem in workspace.list("problems") { text += "  \(Problem(problem))\n" }
    }
    return text
  }

  private static func time(seconds: Int) -> String {
    switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) days"
    }
  }

  private static func size(_ octets: Int) -> String {
    octets < 1 << 20 ? "\(octets >> 10) KiB" : "\(octets >> 20) MiB"
  }
}
