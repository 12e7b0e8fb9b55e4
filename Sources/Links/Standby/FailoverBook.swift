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
/// and goes rests at the standby: the last moves of an hour are kept for the way there. They are counted by the link's name,
/// whatever its file says in between, and of one workspace so many names have any
/// (`Limits.Links.failoversOfWorkspace`): who rewrites files gets no more moves for it.
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
    /// It would move, and has moved too often: told once in an hour.
    case held
  }

  private struct Entry {
    let endpoints: [String]
    var isFailedOver = false
    /// Since when the endpoint is down, is up, and the standby is down.
    var downSince: UInt64?
    var upSince: UInt64?
    var standbyDownSince: UInt64?
  }

  /// What is remembered of a link that has moved within an hour, or of a workspace.
  private struct Past {
    /// When it moved, in order.
    var moves: [UInt64] = []
    /// When it was told that it stays where it is.
    var heldAt: UInt64?

    /// Forgets what is older than an hour.
    mutating func age(_ now: UInt64) { moves.removeAll { now &- $0 >= hour } }

    /// True when it is to be told now.
    mutating func isTold(_ now: UInt64) -> Bool {
      if let heldAt, now &- heldAt < hour { return false }
      heldAt = now
      return true
    }
  }

  /// What is remembered of a workspace's links.
  private struct History {
    /// Those that have moved within an hour.
    var links: [String: Past] = [:]
    /// Of all others: they wait for one of these to be forgotten.
    var others = Past()
  }

  private static let second: UInt64 = 1_000_000_000
  private static let hour = 3600 * second

  private var entries: [LinkID: Entry] = [:]
  private var histories: [WorkspaceName: History] = [:]
  private var tidiedAt: UInt64 = 0

  /// Without any link.
  public init() {}

  /// The links that are failed over.
  public var failedOver: Set<LinkID> { Set(entries.filter(\.value.isFailedOver).keys) }

  /// True for a link that is failed over.
  public func isFailedOver(_ link: LinkID) -> Bool { entries[link]?.isFailedOver ?? false }

  /// Forgets a link, but for its moves: its names lead where its file says.
  ///
  /// - Parameter now: as `note` has it.
  /// - Returns: true when it was failed over.
  public mutating func forget(_ link: LinkID, at now: UInt64) -> Bool {
    guard entries.removeValue(forKey: link)?.isFailedOver == true else { return false }
    remember(link, now)
    return true
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
    tidy(now)
    defer { entries[link] = entry }
    if isAnother {
      remember(link, now)
      return .back
    }
    guard let move = Self.move(entry, sighting, now) else { return nil }
    guard mayMove(link, move) else { return isHoldTold(link, now) ? .held : nil }
    entry.isFailedOver = move == .over
    remember(link, now)
    return move
  }

  private func mayMove(_ link: LinkID, _ move: Move) -> Bool {
    guard let history = histories[link.workspace] else { return true }
    guard let past = history.links[link.link] else { return history.links.count < Limits.Links.failoversOfWorkspace }
    // One move more is left for the way to the standby than for the way back.
    return past.moves.count < Limits.Links.movesOfLink - (move == .back ? 1 : 0)
  }

  private mutating func isHoldTold(_ link: LinkID, _ now: UInt64) -> Bool {
    histories[link.workspace]?.links[link.link]?.isTold(now) ?? histories[link.workspace]?.others.isTold(now) ?? true
  }

  private mutating func remember(_ link: LinkID, _ now: UInt64) {
    histories[link.workspace, default: History()].links[link.link, default: Past()].moves.append(now)
  }

  /// Forgets, now and then, what was an hour ago.
  private mutating func tidy(_ now: UInt64) {
    guard now &- tidiedAt >= Self.second else { return }
    tidiedAt = now
    for (workspace, var history) in histories {
      for (link, var past) in history.links {
        past.age(now)
        history.links[link] = past.moves.isEmpty ? nil : past
      }
      histories[workspace] = history.links.isEmpty ? nil : history
    }
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
