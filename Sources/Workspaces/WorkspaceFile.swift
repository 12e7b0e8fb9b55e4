import Bounds
import Forwarding
import Text
import Wire
import Zones

/// What `workspace.json` says: who the clients are, where other names are forwarded, and what zones do on a miss.
public struct WorkspaceFile: Sendable {
  /// The file's name in a workspace's folder.
  public static let fileName = "workspace.json"

  /// A prefix of clients, and where the file names it.
  public struct Client: Hashable, Sendable {
    /// The addresses.
    public let prefix: IPPrefix
    /// Where the file says it.
    public let position: Position
  }

  /// A forwarding rule as the file has it.
  public struct Rule: Sendable {
    /// The name at and below which it holds.
    public let zone: Name
    /// None: the rule is closed, and its names do not exist.
    public let upstreams: [Upstream]
    /// Where the file says it.
    public let position: Position
  }

  /// What one zone does on a miss, and where the file says so.
  public struct ZoneSetting: Sendable {
    /// The name at and below which it holds.
    public let zone: Name
    /// What a name that the zone does not hold gets.
    public let miss: MissPolicy
    /// Where the file says it.
    public let position: Position
  }

  /// Who the clients are.
  public var clients: [Client] = []
  /// The workspace's own forwarding.
  public var rules: [Rule] = []
  /// What zones do on a miss, where that is said.
  public var zones: [ZoneSetting] = []
  /// True when what the server's rules answer is kept for this workspace alone.
  public var hasOwnCache = false
  /// By what else queries are the workspace's, and what they must show.
  public var claims = WorkspaceClaims()

  /// Reads the file.
  ///
  /// - Throws: everything that is wrong, each with its place; the file counts only when nothing is.
  public init(_ bytes: [UInt8], file: String) throws(Problems) {
    let problems = ProblemList()
    problems.collect { () throws(Problem) in
      let root = try JSON.parse(bytes, file: file, comments: true).expectObject("workspace.json", file: file)
      problems.all += root.unknownKeys(
        known: ["clients"] + WorkspaceClaims.keys + ["forward", "zones", "cache"], file: file)
      clients = Self.clients(root["clients"], file, problems)
      rules = Self.rules(root["forward"], file, problems)
      zones = Self.zones(root["zones"], file, problems)
      hasOwnCache = Self.hasOwnCache(root["cache"], file, problems)
      claims = WorkspaceClaims(root, file, problems)
    }
    guard problems.all.isEmpty else { throw Problems(problems.all) }
  }

  private static func clients(_ value: JSON?, _ file: String, _ problems: ProblemList) -> [Client] {
    guard let value else { return [] }
    var clients: [Client] = []
    problems.collect { () throws(Problem) in
      let elements = try value.expectArray("\"clients\"", file: file)
      guard elements.count <= Limits.Workspaces.clients else {
        throw Problem(file: file, position: value.position, "more than \(Limits.Workspaces.clients) client prefixes")
      }
      for element in elements {
        problems.collect { () throws(Problem) in
          let client = try Self.client(element, file)
          if let first = clients.first(where: { $0.prefix == client.prefix }) {
            throw Problem(
              file: file, position: element.position,
              "\(client.prefix) stands here twice, first in line \(first.position.line); remove one")
          }
          clients.append(client)
        }
      }
    }
    return clients
  }

  private static func client(_ element: JSON, _ file: String) throws(Problem) -> Client {
    let text = try element.expectString("a client prefix", file: file)
    do throws(IPPrefix.TextError) {
      return Client(prefix: try IPPrefix(text), position: element.position)
    } catch {
      throw Problem(file: file, position: element.position, clientMessage(error, text))
    }
  }

  /// Why a text is no client prefix, and what to write; for files and for flags.
  public static func clientMessage(_ error: IPPrefix.TextError, _ text: String) -> String {
    switch error {
    case .notAPrefix: "\(quoted(text)) is not an address or prefix; write one like 10.1.0.0/16 or fd00:1::/64"
    case .hostBitsSet(let meant): "\(quoted(text)) has bits set after its length; write \(meant)"
    }
  }

  private static func rules(_ value: JSON?, _ file: String, _ problems: ProblemList) -> [Rule] {
    guard let value else { return [] }
    var rules: [Rule] = []
    problems.collect { () throws(Problem) in
      for element in try value.expectArray("\"forward\"", file: file) {
        problems.collect { () throws(Problem) in
          let rule = try ForwardRuleText.rule(element, file: file)
          if let first = rules.first(where: { $0.zone == rule.zone }) {
            throw Problem(
              file: file, position: rule.position,
              "a second rule for \(rule.zone), the first is in line \(first.position.line); name all upstreams in one")
          }
          rules.append(rule)
        }
      }
      guard rules.count <= Limits.Workspaces.rules else {
        throw Problem(file: file, position: value.position, "more than \(Limits.Workspaces.rules) forwarding rules")
      }
    }
    return rules
  }

  private static func zones(_ value: JSON?, _ file: String, _ problems: ProblemList) -> [ZoneSetting] {
    guard let value else { return [] }
    var settings: [ZoneSetting] = []
    problems.collect { () throws(Problem) in
      for member in try value.expectObject("\"zones\"", file: file).members {
        problems.collect { () throws(Problem) in
          let zone = try ForwardRuleText.zone(member.key, file: file, position: member.keyPosition)
          let object = try member.value.expectObject("a zone's settings", file: file)
          problems.all += object.unknownKeys(known: ["miss"], file: file)
          guard let miss = object["miss"] else { return }
          let text = try miss.expectString("\"miss\"", file: file)
          guard let policy = MissPolicy(rawValue: text) else {
            throw Problem(
              file: file, position: miss.position, "\"miss\" is \"nxdomain\" or \"forward\", not \(quoted(text))")
          }
          settings.append(ZoneSetting(zone: zone, miss: policy, position: member.keyPosition))
        }
      }
    }
    return settings
  }

  private static func hasOwnCache(_ value: JSON?, _ file: String, _ problems: ProblemList) -> Bool {
    guard let value else { return false }
    var own = false
    problems.collect { () throws(Problem) in
      let text = try value.expectString("\"cache\"", file: file)
      guard ["own", "shared"].contains(text) else {
        throw Problem(file: file, position: value.position, "\"cache\" is \"own\" or \"shared\", not \(quoted(text))")
      }
      own = text == "own"
    }
    return own
  }
}

/// Gathers problems while reading goes on.
final class ProblemList {
  var all: [Problem] = []

  /// Runs what may throw one problem, and keeps it with the others.
  func collect(_ body: () throws(Problem) -> Void) {
    do throws(Problem) {
      try body()
    } catch {
      all.append(error)
    }
  }
}
