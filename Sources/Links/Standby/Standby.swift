import Text
import Wire
import Workspaces

/// What a person says of something that a link may have.
public enum Choice<Value: Sendable>: Sendable {
  /// Nothing: it stays as it is.
  case asItIs
  /// The link has none any more.
  case none
  /// The link has this one.
  case this(Value)
}

extension Link {
  /// Where the main hosts lead: to the standby while the link is failed over, or else to the endpoint.
  public var activeEndpoint: Endpoint? { usesStandby ? standby : main.endpoint }

  /// Every endpoint that the hosts lead to, or may once the link is failed over.
  var endpoints: [Endpoint] { [main.endpoint, standby, stage?.endpoint].compactMap { $0 } }

  /// For a person: where the main hosts lead, and that this is the standby.
  public var activeText: String { usesStandby ? "\(activeEndpoint.text) (standby)" : activeEndpoint.text }

  /// A link to judge the standby by, as if it were the endpoint: without what is known of the other one alone.
  public var atStandby: Link {
    guard let standby else { return self }
    var link = self
    link.main.endpoint = standby
    (link.standby, link.usesStandby, link.failover) = (nil, false, nil)
    (link.cloud, link.service) = (nil, nil)
    return link
  }

  /// The link with its names at the other end: at the standby, or back.
  public func failedOver(_ isFailedOver: Bool) -> Link {
    var link = self
    link.usesStandby = isFailedOver && standby != nil
    return link
  }

  /// Gives the link the standby that the choices say, or else what the link before has.
  ///
  /// Another endpoint than before is where the names lead from now on, so it ends a failover.
  ///
  /// - Throws: what is wrong with it.
  mutating func takeStandby(
    _ choices: LinkChoices, after old: Link?, _ notes: inout [String]
  ) throws(Problem) {
    var emptying = choices
    emptying.emptiesPins = choices.emptiesPinsOfStandby
    switch choices.standby {
    case .asItIs: standby = try LinkKind.named(kind)?.spelling(old?.standby) ?? old?.standby
    case .none: standby = nil
    case .this(let given):
      let given: Endpoint? = try LinkKind.named(kind)?.spelling(given) ?? given
      standby = given.keepingPins(of: old?.standby, emptying, &notes)
    }
    switch choices.failover {
    case .asItIs: failover = standby == nil ? nil : old?.failover
    case .none: failover = nil
    case .this(let rule): failover = rule
    }
    usesStandby = standby != nil && old?.usesStandby == true && old?.main.endpoint.leadsWhere(main.endpoint) == true
    try checkStandby()
    notes += standbyNotes(after: old)
  }

  /// Refuses a standby that is none.
  private func checkStandby() throws(Problem) {
    if failover != nil, standby == nil {
      throw Problem(
        "the link \(quoted(name)) has no standby that servers could fail it over to; name one with --standby VPCE")
    }
    guard let standby, let endpoint = main.endpoint, standby.leadsWhere(endpoint) else { return }
    throw Problem(
      "\(standby.text) is the endpoint of the link \(quoted(name)) and its standby too, and would fail with itself; name "
        + "another with --standby VPCE, or say --standby none")
  }

  /// What is different of the standby, for the plan.
  private func standbyNotes(after old: Link?) -> [String] {
    var notes: [String] = []
    if standby != old?.standby {
      let was = old?.standby.map { ", was \($0.textWithAddresses)" } ?? ""
      notes.append("standby: \(standby.map { $0.textWithAddresses } ?? "none any more")\(was)")
    }
    if let other = standby?.vpcEndpoint, let service = service.flatMap({ VPCEndpointService($0) }),
      other.service != service.id || other.region != service.region
    {
      notes.append(
        "the standby is of \(other.service) in \(other.region), and the link of \(service.id) in \(service.region): what "
          + "answers there must have the same names")
    }
    if failover != old?.failover {
      notes.append(
        failover.map { "servers fail over by themselves \($0.text)" }
          ?? "servers do not fail over by themselves any more")
    }
    if failover != nil, ports.isEmpty {
      notes.append("no port of the hosts is known, so that no server sees the endpoint fail; say them with --port")
    }
    return notes
  }
}

// MARK: - The link's file

extension Link {
  /// The members of the link's file that say what its standby is, and whether the names lead there.
  var standbyMembers: [(String, JSON)] {
    var members: [(String, JSON)] = []
    if let standby { members.append(("standby", Link.json(of: standby))) }
    if usesStandby { members.append(("active", "standby")) }
    if let failover {
      let times: JSON = [
        "after": .string(FailoverRule.text(seconds: failover.afterSeconds)),
        "back": .string(FailoverRule.text(seconds: failover.backSeconds)),
      ]
      members.append(("failover", times))
    }
    return members
  }
}

extension LinkFileReader {
  /// The keys of a link's file that are read here.
  static let standbyKeys = ["standby", "active", "failover"]

  /// Reads them.
  func readStandby(_ object: JSON.Object, into link: inout Link) throws(Problem) {
    if let value = object["standby"] { link.standby = try endpoint(value, "\"standby\"") }
    if let value = object["active"] {
      let text = try value.expectString("\"active\"", file: file)
      guard text.isSame(as: "standby") || text.isSame(as: "endpoint") else {
        throw problem(value, "\"active\" is \"endpoint\" or \"standby\", not \(quoted(text))")
      }
      link.usesStandby = text.isSame(as: "standby")
      if link.usesStandby, link.standby == nil { throw problem(value, "the key \"standby\" is missing") }
    }
    if let value = object["failover"] {
      link.failover = try failover(value)
      if link.standby == nil { throw problem(value, "the key \"standby\" is missing") }
    }
  }

  private func failover(_ json: JSON) throws(Problem) -> FailoverRule {
    let object = try json.expectObject("\"failover\"", file: file)
    try object.check(known: ["after", "back"], file: file)
    func time(_ key: String) throws(Problem) -> UInt32? {
      guard let value = object[key] else { return nil }
      let text = try value.expectString("\(quoted(key)) of \"failover\"", file: file)
      do throws(Problem) { return try FailoverRule.seconds(text) } catch { throw problem(value, error.message) }
    }
    guard let after = try time("after") else { throw problem(json, "the key \"after\" is missing") }
    return FailoverRule(afterSeconds: after, backSeconds: try time("back") ?? FailoverRule.usualBackSeconds)
  }
}
