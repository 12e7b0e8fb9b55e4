import Bounds
import Wire

/// Which upstreams answer for a zone, and whose forwarding that is.
///
/// A rule is the scope of everything that is learned by it: cached answers and questions in flight are shared by whoever
/// resolves by an equal rule, and by nobody else. Rules are equal when owner, zone and upstreams are, so that what is
/// cached outlives a reload that changed nothing here.
public final class ForwardRule: Sendable {
  /// Whose rules there are.
  public enum Owner: Hashable, Sendable {
    /// The server's own rule, by which every workspace resolves that has none of its own; its answers are shared.
    case server
    /// A rule that a workspace brought, or a server's rule in a workspace with a cache of its own.
    case workspace(String)
  }

  /// Why a rule is there, for those who are told that it is closed; it makes no rules different.
  public enum Origin: Hashable, Sendable {
    /// Somebody wrote it as a rule.
    case forwarding
    /// It closes names that never leave a machine, whatever is configured.
    case specialNames
    /// It closes a search domain of the clients' stubs.
    case searchList
  }

  /// Whose forwarding it is.
  public let owner: Owner
  /// Why it is there.
  public let origin: Origin
  /// Who wrote it: the server, too, for its rules in a workspace with a cache of its own.
  public let author: Owner
  /// The names at and below which the rule holds.
  public let zone: Name
  /// In the order of preference while nothing is known of their speed; none makes the rule closed: its names do not
  /// exist (NXDOMAIN).
  public let upstreams: [Upstream]

  /// Of everything that makes rules equal; computed once, for it is part of each look-up, and keyed, for workspaces write it.
  let scopeHash: Int

  /// Makes a rule. An upstream that is named twice counts once.
  ///
  /// - Parameter author: the owner, unless somebody else wrote it.
  public convenience init(
    owner: Owner, zone: Name, upstreams: [Upstream], origin: Origin = .forwarding, author: Owner? = nil
  ) {
    self.init(
      owner: owner, zone: zone, upstreams: upstreams, origin: origin, author: author, seed: KeyedHash.processSeed)
  }

  /// - Parameter seed: what the hash is keyed with, which decides in what part of the cache an answer is. Rules that are
  ///   compared have the same.
  init(
    owner: Owner, zone: Name, upstreams: [Upstream], origin: Origin = .forwarding, author: Owner? = nil, seed: UInt64
  ) {
    self.owner = owner
    self.origin = origin
    self.author = author ?? owner
    self.zone = zone.lowercased
    var seen: Set<Upstream> = []
    self.upstreams = Array(
      upstreams.filter { seen.insert($0).inserted }.prefix(Limits.Workspaces.upstreamsOfRule))
    var octets = self.zone.wire
    for text in [owner.hashedText] + self.upstreams.map({ "\($0)" }) { octets += Array(text.utf8) + [0] }
    scopeHash = Int(truncatingIfNeeded: KeyedHash.of(octets.span, from: 0, seed: seed))
  }

  /// True when names below the zone are answered with NXDOMAIN and never leave.
  public var isClosed: Bool { upstreams.isEmpty }
}

extension ForwardRule.Owner {
  fileprivate var hashedText: String {
    switch self {
    case .server: ""
    case .workspace(let name): "w" + name
    }
  }
}

extension ForwardRule: Hashable {
  /// True when owner, zone and upstreams are equal.
  public static func == (a: ForwardRule, b: ForwardRule) -> Bool {
    if a === b { return true }
    return a.scopeHash == b.scopeHash && a.owner == b.owner && a.zone == b.zone && a.upstreams == b.upstreams
  }

  /// Hashes what makes rules equal.
  public func hash(into hasher: inout Hasher) { hasher.combine(scopeHash) }
}

/// The rules that a workspace resolves by, ready for finding the longest match.
public struct ForwardRules: Sendable {
  /// Every rule, a workspace's own before the server's; of several for one zone only the first.
  public let rules: [ForwardRule]
  /// Rules by their zone.
  private let table: ZoneTable

  /// Rules of one owner.
  public init(_ rules: [ForwardRule]) {
    var seen: Set<Name> = []
    let kept = rules.filter { seen.insert($0.zone).inserted }
    self.rules = kept
    table = ZoneTable(kept.map(\.zone))
  }

  /// A workspace's own rules, and the server's for every zone that it has none for.
  ///
  /// - Parameter cacheOwner: whose the server's rules count as here: nil keeps them shared; a workspace with a cache of
  ///   its own gives its name.
  public init(own: [ForwardRule], server: ForwardRules, cacheOwner: ForwardRule.Owner? = nil) {
    // Most workspaces have no rules of their own, and share the server's.
    guard !own.isEmpty || cacheOwner != nil else {
      self = server
      return
    }
    self.init(
      own
        + server.rules.map { rule in
          guard let cacheOwner else { return rule }
          return ForwardRule(
            owner: cacheOwner, zone: rule.zone, upstreams: rule.upstreams, origin: rule.origin, author: rule.author)
        })
  }

  /// The rule of the longest zone that `name` is in; nil when there is none, not even one for the root.
  public func match(_ name: Name) -> ForwardRule? { match(name.wire.span) }

  /// The same for a name in uncompressed wire form, in any case.
  ///
  /// - Complexity: one probe for each label, at most as many as the longest zone has.
  public func match(_ name: Span<UInt8>) -> ForwardRule? {
    table.longestMatch(name).map { rules[$0] }
  }
}
