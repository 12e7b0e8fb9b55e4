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
    /// The availability zone that they are in, where that decides what they are answered first; nil where it does not.
    public internal(set) var zone: String?

    init(prefix: IPPrefix, position: Position) { (self.prefix, self.position) = (prefix, position) }
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
  /// In which availability zones they are, as far as that is said.
  public var clientZones: [ClientZone] = []
  /// The workspace's own forwarding.
  public var rules: [Rule] = []
  /// What zones do on a miss, where that is said.
  public var zones: [ZoneSetting] = []
  /// The search domains of the clients' stubs, whose names are asked of nobody.
  public var search: [SearchList.Domain] = []
  /// Networks that are private beside those of the server.
  public var ownNetworks: [IPPrefix] = []
  /// True when what the server's rules answer is kept for this workspace alone.
  public var hasOwnCache = false
  /// By what else queries are the workspace's, and what they must show.
  public var claims = WorkspaceClaims()

  /// Reads the file, in time that is linear in its octets.
  ///
  /// - Throws: what is wrong, each with its place, up to a limit; the file counts only when nothing is.
  public init(_ bytes: [UInt8], file: String) throws(Problems) {
    let problems = ProblemList()
    problems.collect { () throws(Problem) in
      let root = try JSON.parse(bytes, file: file, comments: true).expectObject("workspace.json", file: file)
      problems.add(
        root.unknownKeys(
          known: ["clients", ClientZone.key] + WorkspaceClaims.keys + [
            "forward", "zones", "search", "own-networks", "cache",
          ],
          file: file))
      clients = Self.clients(root["clients"], file, problems)
      clientZones = ClientZone.read(root[ClientZone.key], among: clients, file, problems)
      rules = Self.rules(root["forward"], file, problems)
      zones = Self.zones(root["zones"], file, problems)
      search = SearchList.read(root["search"], file, problems)
      ownNetworks = OwnNetworks.read(root["own-networks"], of: .workspace, file, problems)
      hasOwnCache = Self.hasOwnCache(root["cache"], file, problems)
      claims = WorkspaceClaims(root, file, problems)
    }
    guard problems.all.isEmpty else { throw Problems(problems.all) }
  }

  private static func clients(_ value: JSON?, _ file: String, _ problems: ProblemList) -> [Client] {
    let elements = list(value, "\"clients\"", of: "client prefixes", Limits.Workspaces.clients, file, problems)
    var clients: [Client] = []
    var firsts: [IPPrefix: Position] = [:]
    clients.reserveCapacity(elements.count)
    problems.collect(elements) { element throws(Problem) in
      let client = Client(prefix: try prefix(element, "a client prefix", file), position: element.position)
      if let first = firsts.updateValue(client.position, forKey: client.prefix) {
        throw Problem(
          file: file, position: element.position,
          "\(client.prefix) stands here twice, first in line \(first.line); remove one")
      }
      clients.append(client)
    }
    return clients
  }

  static func prefix(_ element: JSON, _ what: String, _ file: String) throws(Problem) -> IPPrefix {
    let text = try element.expectString(what, file: file)
    do throws(IPPrefix.TextError) {
      return try IPPrefix(text)
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
    let elements = list(value, "\"forward\"", of: "forwarding rules", Limits.Workspaces.rules, file, problems)
    var rules: [Rule] = []
    var firsts: [Name: Position] = [:]
    var upstreams = 0
    problems.collect(elements) { element throws(Problem) in
      let rule = try ForwardRuleText.rule(element, file: file)
      if let first = firsts[rule.zone] {
        throw Problem(
          file: file, position: rule.position,
          "a second rule for \(rule.zone), the first is in line \(first.line); name all upstreams in one")
      }
      upstreams += rule.upstreams.count
      guard upstreams <= Limits.Workspaces.upstreams else {
        throw Problem(
          file: file, position: rule.position,
          "more than \(Limits.Workspaces.upstreams) upstreams in all rules; forward more zones to the same by one rule")
      }
      firsts[rule.zone] = rule.position
      rules.append(rule)
    }
    return rules
  }

  private static func zones(_ value: JSON?, _ file: String, _ problems: ProblemList) -> [ZoneSetting] {
    var members: [JSON.Member] = []
    problems.collect { () throws(Problem) in
      members = try value?.expectObject("\"zones\"", file: file).members ?? []
      guard members.count <= Limits.Zones.zonesOfWorkspace else {
        members = []
        throw Problem(
          file: file, position: value?.position, "settings of more than \(Limits.Zones.zonesOfWorkspace) zones")
      }
    }
    var settings: [ZoneSetting] = []
    var firsts: [Name: Position] = [:]
    problems.collect(members) { member throws(Problem) in
      let zone = try ForwardRuleText.zone(member.key, file: file, position: member.keyPosition)
      if let first = firsts.updateValue(member.keyPosition, forKey: zone) {
        throw Problem(
          file: file, position: member.keyPosition,
          "a second setting of \(zone), the first is in line \(first.line); keep one of them")
      }
      let object = try member.value.expectObject("a zone's settings", file: file)
      problems.add(object.unknownKeys(known: ["miss"], file: file))
      guard let miss = object["miss"] else { return }
      let text = try miss.expectString("\"miss\"", file: file)
      guard let policy = MissPolicy(rawValue: text) else {
        throw Problem(
          file: file, position: miss.position, "\"miss\" is \"nxdomain\" or \"forward\", not \(quoted(text))")
      }
      settings.append(ZoneSetting(zone: zone, miss: policy, position: member.keyPosition))
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

  /// The elements of a list, unless they are too many: that is seen before any of them is looked at.
  static func list(
    _ value: JSON?, _ what: String, of noun: String, _ most: Int, _ file: String, _ problems: ProblemList
  ) -> [JSON] {
    guard let value else { return [] }
    var elements: [JSON] = []
    problems.collect { () throws(Problem) in
      let all = try value.expectArray(what, file: file)
      guard all.count <= most else {
        throw Problem(file: file, position: value.position, "\(what) has more than \(most) \(noun); remove some")
      }
      elements = all
    }
    return elements
  }
}

extension WorkspaceFile {
  /// What each text of a list is read as, with its place; what is wrong with one is a problem there.
  ///
  /// - Parameters:
  ///   - what: one of them, for a person.
  ///   - read: reads one text; knows no place.
  static func texts<Value>(
    _ elements: [JSON], _ what: String, _ file: String, _ problems: ProblemList,
    _ read: (String) throws(Problem) -> Value
  ) -> [(value: Value, position: Position)] {
    var values: [(value: Value, position: Position)] = []
    problems.collect(elements) { element throws(Problem) in
      let text = try element.expectString(what, file: file)
      do throws(Problem) {
        values.append((try read(text), element.position))
      } catch {
        throw Problem(file: file, position: element.position, error.message)
      }
    }
    return values
  }
}

/// Gathers the problems of one file while reading goes on, up to a limit.
final class ProblemList {
  private(set) var all: [Problem] = []

  /// True when there are as many as are told of: reading more finds nothing that is told.
  var isFull: Bool { all.count > Limits.JSON.problems }

  /// Adds a problem; in the place of the first that is too many one that says so, and none after that.
  func add(_ problem: Problem) {
    guard !isFull else { return }
    var problem = problem
    if all.count == Limits.JSON.problems {
      problem.message = "more than \(Limits.JSON.problems) problems: the rest is not shown"
    }
    all.append(problem)
  }

  /// Adds problems.
  func add(_ problems: [Problem]) {
    for problem in problems { add(problem) }
  }

  /// Runs what may throw one problem, and keeps it with the others.
  func collect(_ body: () throws(Problem) -> Void) {
    do throws(Problem) {
      try body()
    } catch {
      add(error)
    }
  }

  /// Reads elements one after the other, and keeps what each may throw, until there are too many problems.
  func collect<Element>(_ elements: [Element], _ body: (Element) throws(Problem) -> Void) {
    for element in elements {
      guard !isFull else { return }
      collect { () throws(Problem) in try body(element) }
    }
  }
}
