import Bounds
import Forwarding
import Text
import Wire

/// Search domains of the clients' stubs, the key `"search"`: a stub (`ndots:5` in Kubernetes) puts each of them behind a
/// name before it asks for the name itself, so that no upstream has an answer and all of them are asked.
///
/// They are closed forwarding rules, as `SpecialNames` are: a rule for the same zone or for one below it switches one of
/// them, and names in a workspace's zones are the zones' own.
public enum SearchList {
  /// A search domain, and where the file names it.
  public struct Domain: Hashable, Sendable {
    /// The names at and below it stay at home.
    public let zone: Name
    /// Where the file says it.
    public let position: Position
  }

  /// Reads `["cluster.local", "ec2.internal"]`.
  static func read(_ value: JSON?, _ file: String, _ problems: ProblemList) -> [Domain] {
    let elements = WorkspaceFile.list(
      value, "\"search\"", of: "domains", Limits.Workspaces.searchDomains, file, problems)
    var seen: Set<Name> = []
    return WorkspaceFile.texts(elements, "a search domain", file, problems) { (text) throws(Problem) in
      let zone = try domain(text)
      guard seen.insert(zone).inserted else { throw Problem("\(zone) stands here twice; remove one") }
      return zone
    }.map { Domain(zone: $0.value, position: $0.position) }
  }

  /// Reads a server's `"search"`.
  ///
  /// - Throws: everything that is wrong, each with its place.
  public static func read(_ value: JSON, file: String) throws(Problems) -> [Name] {
    let problems = ProblemList()
    let domains = read(value, file, problems)
    guard problems.all.isEmpty else { throw Problems(problems.all) }
    return domains.map(\.zone)
  }

  /// Reads one domain.
  public static func domain(_ text: String) throws(Problem) -> Name {
    let zone = try ForwardRuleText.zone(text)
    guard zone != .root else { throw Problem("the root is no search domain: nothing would be asked of any upstream") }
    return zone
  }

  /// The rules that keep the names of search domains at home, but for zones that there is a rule for already.
  public static func rules(_ zones: [Name], owner: ForwardRule.Owner, beside rules: [ForwardRule]) -> [ForwardRule] {
    guard !zones.isEmpty else { return [] }
    let taken = Set(rules.map(\.zone))
    return zones.filter { !taken.contains($0.lowercased) }.map {
      ForwardRule(owner: owner, zone: $0, upstreams: [], origin: .searchList)
    }
  }

  /// Has zones that forward what they do not hold go on to do so, whatever search domains are around or in them.
  ///
  /// A search domain closes names that are in no zone. One that lies in such a zone closes nothing; beside one that
  /// lies in a search domain stands a rule that leads where names went without it.
  ///
  /// - Complexity: a few steps for each zone and rule.
  static func opened(_ rules: ForwardRules, for zones: [Name]) -> ForwardRules {
    let domains = Set(rules.rules.filter { $0.origin == .searchList }.map(\.zone))
    guard !domains.isEmpty, !zones.isEmpty else { return rules }
    let apexes = Set(zones)
    let without = ForwardRules(rules.rules.filter { $0.origin != .searchList })
    var kept = rules.rules.filter { $0.origin != .searchList || !isAtOrBelow($0.zone, apexes) }
    let taken = Set(kept.map(\.zone))
    for zone in zones where isAtOrBelow(zone, domains) && !taken.contains(zone) {
      guard let rule = without.match(zone) else { continue }
      kept.append(ForwardRule(owner: rule.owner, zone: zone, upstreams: rule.upstreams, origin: rule.origin))
    }
    return ForwardRules(kept)
  }

  /// True when a name is one of some zones, or below one.
  private static func isAtOrBelow(_ name: Name, _ zones: Set<Name>) -> Bool {
    var at: Name? = name
    while let zone = at {
      if zones.contains(zone) { return true }
      at = zone.parent
    }
    return false
  }
}
