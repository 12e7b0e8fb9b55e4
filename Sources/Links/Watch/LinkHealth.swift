import Text
import Workspaces

/// How a link, or one endpoint of it, stands: since when, and why.
///
/// What the file alone knows and what the server sees by watching are told by this one type.
public struct LinkHealth: Hashable, Sendable {
  /// The states, from the best to the worst; what nobody has looked at counts as none of them.
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// Every address takes connections on every port.
    case reachable
    /// The endpoint has private addresses; whether they take connections is not known, for no port is.
    case resolving
    /// Some addresses or ports take connections, and some do not.
    case degraded
    /// No address takes a connection on any port, or what the endpoint leads to must not be connected to.
    case failed
    /// The endpoint's name has no address.
    case notResolving = "not resolving"
    /// There is no endpoint yet.
    case requested
    /// Nobody has looked yet, or nobody looks.
    case unknown

    /// As metrics and programs name it.
    public var label: String { self == .notResolving ? "not-resolving" : rawValue }

    /// How bad it is, for what is put together of several; greater is worse.
    var badness: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The state of that label; nil for any other text.
    public init?(label: String) {
      guard let state = Self.allCases.first(where: { $0.label == label }) else { return nil }
      self = state
    }
  }

  /// The state.
  public var state: State
  /// When it began, in seconds since 1970; nil where nobody saw that.
  public var sinceSeconds: UInt64?
  /// Why it is so, for a person: the likely cause, as far as it shows from outside; empty for nothing to say.
  public var why: String

  /// Takes the parts.
  public init(_ state: State, sinceSeconds: UInt64? = nil, why: String = "") {
    self.state = state
    self.sinceSeconds = sinceSeconds
    self.why = why
  }

  /// True where nothing is to be said against it: it works, or nobody knows.
  var isWell: Bool { state == .reachable || state == .resolving || state == .unknown }

  /// When it began: `2026-01-31T12:00:00Z` (RFC 3339).
  public var since: String? { sinceSeconds.map { CloudState.time($0) } }

  /// For a list or a line of the log: the state, since when and why.
  public var text: String {
    state.rawValue + (since.map { " since \($0)" } ?? "") + (why.isEmpty ? "" : ": \(why)")
  }

  /// For programs.
  public var json: JSON {
    [
      "state": .string(state.label), "since": since.map { .string($0) } ?? nil,
      "sinceSeconds": sinceSeconds.map { .number($0) } ?? nil, "why": why.isEmpty ? nil : .string(why),
    ]
  }

  /// Reads what `json` wrote, among other members of an object; nil where there is no state.
  public init?(_ json: JSON) {
    guard let object = json.asObject, let state = object["state"]?.asString.flatMap({ State(label: $0) }) else {
      return nil
    }
    var seconds: UInt64?
    if case .number(let text) = object["sinceSeconds"]?.content { seconds = UInt64(text) }
    self.init(state, sinceSeconds: seconds, why: object["why"]?.asString ?? "")
  }
}

extension LinkHealth {
  /// What the link's file alone says: whether there is an endpoint, and AWS's word.
  init(ofFile link: Link) {
    let whose = link.usesStandby ? "AWS of the endpoint, not of the standby" : "AWS"
    let word = link.cloud.map { "\(whose): \($0.state)" } ?? ""
    self.init(link.activeEndpoint == nil ? .requested : .unknown, why: word)
  }

  /// One for a link of several endpoints: the worst, and which that is. What nobody has looked at does not count where
  /// anything else is known.
  ///
  /// - Parameters:
  ///   - parts: those that names lead to, by the endpoint's role; the first is where the main hosts lead.
  public static func together(_ parts: [(role: EndpointRole, health: LinkHealth)]) -> LinkHealth? {
    let known = parts.filter { $0.health.state != .unknown }
    guard let worst = known.max(by: { $0.health.state.badness < $1.health.state.badness }) else {
      return parts.first?.health
    }
    guard worst.role != parts.first?.role else { return worst.health }
    var health = worst.health
    let works = known.contains { $0.health.state == .reachable || $0.health.state == .degraded }
    if works || !health.why.isEmpty {
      health.why =
        "the \(worst.role.rawValue) endpoint is \(health.state.rawValue)"
        + (health.why.isEmpty ? "" : ": \(health.why)")
    }
    if works, health.state.badness > State.degraded.badness { health.state = .degraded }
    return health
  }
}
