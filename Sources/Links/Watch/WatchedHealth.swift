import Workspaces

/// What one look at an endpoint found.
public struct WatchFinding: Hashable, Sendable {
  /// The state that it speaks for.
  public let state: LinkHealth.State
  /// The likely cause.
  public let why: String

  /// Takes both.
  public init(_ state: LinkHealth.State, _ why: String = "") {
    self.state = state
    self.why = why
  }
}

/// The state of one endpoint out of the looks at it, one after the other.
///
/// One look that differs decides nothing: a packet may be lost, a target be exchanged. Only so many in a row, all for the
/// worse or all for the better, change the state, and then to the one of them that is nearest to what it was.
public struct WatchedHealth: Sendable {
  /// How it stands.
  public private(set) var health: LinkHealth
  /// True while it has been in no other state since it is watched.
  private var isFirst = true
  /// The looks in a row that differ: how many, when the first was, and the one nearest to `health`.
  private var doubt: (count: Int, since: UInt64, finding: WatchFinding)?
  private let looksForChange: Int

  /// Nobody has looked yet.
  public init(looksForChange: Int) {
    health = LinkHealth(.unknown)
    self.looksForChange = looksForChange
  }

  /// True after a look that was not what the ones before were: the next is to be soon.
  public var isInDoubt: Bool { doubt != nil }

  /// There is no endpoint to look at.
  mutating func isRequested(at seconds: UInt64) {
    health = LinkHealth(.requested, sinceSeconds: seconds)
  }

  /// Takes what a look found.
  ///
  /// - Parameter seconds: when that was, since 1970.
  /// - Returns: true when the state is another now.
  public mutating func take(_ finding: WatchFinding, at seconds: UInt64) -> Bool {
    guard finding.state != health.state else {
      doubt = nil
      health.why = finding.why
      return false
    }
    let isWorse = isWorse(finding.state)
    if let former = doubt, self.isWorse(former.finding.state) == isWorse {
      let nearest = isNearer(former.finding.state, than: finding.state) ? former.finding : finding
      doubt = (former.count + 1, former.since, nearest)
    } else {
      doubt = (1, seconds, finding)
    }
    // What was never looked at and works needs no second look.
    let isEnough = health.state == .unknown && (finding.state == .reachable || finding.state == .resolving)
    guard let doubt, isEnough || doubt.count >= looksForChange else { return false }
    isFirst = health.state == .unknown
    health = LinkHealth(doubt.finding.state, sinceSeconds: doubt.since, why: doubt.finding.why)
    self.doubt = nil
    return true
  }

  private func isWorse(_ state: LinkHealth.State) -> Bool {
    health.state == .unknown || state.badness > health.state.badness
  }

  private func isNearer(_ a: LinkHealth.State, than b: LinkHealth.State) -> Bool {
    // Of what was never looked at the better counts.
    guard health.state != .unknown else { return a.badness < b.badness }
    return abs(a.badness - health.state.badness) < abs(b.badness - health.state.badness)
  }

  /// The same with AWS's word, which says more than can be seen from outside: where it is not older than the state, or no
  /// other state was ever seen.
  public func told(_ word: LinkTarget.Word?) -> LinkHealth {
    guard let word, [.notResolving, .failed, .requested].contains(health.state) else { return health }
    let isFresh = isFirst || health.since.map { $0 <= word.seen } ?? true
    var told = health
    if isFresh, health.state == .notResolving, let meaning = Self.meaning(of: word.state) {
      told.why = "AWS said \(word.state) at \(word.seen): \(meaning)"
    } else {
      told.why += (told.why.isEmpty ? "" : "; ") + "AWS said \(word.state) at \(word.seen)"
    }
    return told
  }

  /// What a state of AWS's means for a name without addresses; nil for what explains nothing.
  private static func meaning(of word: String) -> String? {
    switch word {
    case "PendingAcceptance": "the owner of the service has not accepted the connection yet"
    case "Pending": "the endpoint is being made"
    case "Rejected": "the owner of the service has rejected the connection"
    case "Expired": "nobody accepted the connection in time"
    case "Failed": "AWS could not make the endpoint"
    case "Deleting", "Deleted": "the endpoint is deleted"
    default: nil
    }
  }
}
