import Bounds
import Workspaces

/// What watching says of an endpoint, as far as a failover goes.
public enum EndpointHealth: Hashable, Sendable {
  /// It is not watched, or was not looked at yet.
  case unknown
  /// It has failed: no name, no address, or no port answers.
  case down
  /// Some of its zones or ports answer.
  case degraded
  /// All of it answers.
  case up

  /// True when at least some of it answers.
  public var answers: Bool { self == .up || self == .degraded }
}

extension EndpointHealth {
  /// What a state means for a failover: one that says nothing of connections says nothing here.
  public init(_ state: LinkHealth.State) {
    self =
      switch state {
      case .reachable: .up
      case .degraded: .degraded
      case .failed, .notResolving: .down
      case .resolving, .requested, .unknown: .unknown
      }
  }
}

/// Which links are failed over to their standbys, decided of what watching says and nothing else: a value without clock or
/// network.
///
/// A link is failed over once its endpoint has been down for its rule's time while the standby answers, and goes back once the
/// endpoint has been up for the rule's other time; sooner only when the standby is down in its turn. Time that nothing is
/// known of counts for neither. Within an hour a link moves so often and no more (`Limits.Links.movesOfLink`), and what comes
/// and goes rests at the standby: the last moves of an hour are kept for the way there.
public struct FailoverBook: Sendable {
  /// What is known of a link at one moment.
  public struct Sighting: Hashable, Sendable {
    /// The link as its file has it.
    public let link: AutomaticFailover
    /// How the endpoint is.
    public let main: EndpointHealth
    /// How the standby is.
    public let standby: EndpointHealth

    /// Takes the parts.
    public init(_ link: AutomaticFailover, main: EndpointHealth, standby: EndpointHealth) {
      self.link = link
      self.main = main
      self.standby = standby
    }
  }

  /// What a sighting leads to.
  public enum Move: Hashable, Sendable {
    /// The names lead to the standby from now on.
    case over
    /// The names lead to the endpoint again.
    case back
    /// It would move, and has moved too often: told once.
    case held
  }

  private struct Entry {
    let endpoints: [String]
    var isFailedOver = false
    /// Since when the endpoint is down, is up, and the standby is down.
    var downSince: UInt64?
    var upSince: UInt64?
    var standbyDownSince: UInt64?
    /// When it moved within the last hour, in order.
    var moves: [UInt64] = []
    var isHeld = false
  }

  private static let second: UInt64 = 1_000_000_000
  private static let hour = 3600 * second

  private var entries: [LinkID: Entry] = [:]

  /// Without any link.
  public init() {}

  /// The links that are failed over.
  public var failedOver: Set<LinkID> { Set(entries.filter(\.value.isFailedOver).keys) }

  /// True for a link that is failed over.
  public func isFailedOver(_ link: LinkID) -> Bool { entries[link]?.isFailedOver ?? false }

  /// Forgets a link: its names lead where its file says.
  ///
  /// - Returns: true when it was failed over.
  public mutating func forget(_ link: LinkID) -> Bool {
    entries.removeValue(forKey: link)?.isFailedOver ?? false
  }

  /// The links that are known.
  public var links: [LinkID] { Array(entries.keys) }

  /// Takes what watching says of a link.
  ///
  /// - Parameter now: nanoseconds of a clock that never goes back.
  /// - Returns: what becomes of it; nil when it stays as it is. A link whose endpoints are others than before starts anew, with
  ///   `back` when it was failed over.
  public mutating func note(_ link: LinkID, _ sighting: Sighting, at now: UInt64) -> Move? {
    let known = entries[link]
    var entry = Entry(endpoints: [sighting.link.endpoint, sighting.link.standby])
    var isAnother = false
    if let known {
      if known.endpoints == entry.endpoints { entry = known } else { isAnother = known.isFailedOver }
    }
    Self.since(&entry.downSince, sighting.main == .down, now)
    Self.since(&entry.upSince, sighting.main == .up, now)
    Self.since(&entry.standbyDownSince, sighting.standby == .down, now)
    entry.moves.removeAll { now &- $0 >= Self.hour }
    defer { entries[link] = entry }
    if isAnother { return .back }
    guard let move = Self.move(entry, sighting, now) else {
      entry.isHeld = false
      return nil
    }
    // One move more is left for the way to the standby than for the way back.
    let most = Limits.Links.movesOfLink - (move == .back ? 1 : 0)
    guard entry.moves.count < most else {
      defer { entry.isHeld = true }
      return entry.isHeld ? nil : .held
    }
    entry.isFailedOver = move == .over
    entry.moves.append(now)
    entry.isHeld = false
    return move
  }

  private static func since(_ time: inout UInt64?, _ isSo: Bool, _ now: UInt64) { time = isSo ? time ?? now : nil }

  /// Where the link is to go; nil when it is there.
  private static func move(_ entry: Entry, _ sighting: Sighting, _ now: UInt64) -> Move? {
    func hasBeenSo(_ since: UInt64?, for seconds: UInt32) -> Bool {
      since.map { now &- $0 >= UInt64(seconds) * second } ?? false
    }
    let rule = sighting.link.rule
    guard entry.isFailedOver else {
      return sighting.standby.answers && hasBeenSo(entry.downSince, for: rule.afterSeconds) ? .over : nil
    }
    let isBetterThere = sighting.main.answers && hasBeenSo(entry.standbyDownSince, for: rule.afterSeconds)
    return isBetterThere || hasBeenSo(entry.upSince, for: rule.backSeconds) ? .back : nil
  }
}
