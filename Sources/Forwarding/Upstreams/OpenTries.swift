import Bounds
import Wire

/// The tries that are under way to an upstream, and how the few are shared that one in doubt still gets.
struct OpenTries {
  /// What becomes of one more.
  enum Place {
    case room
    /// There is room once this one is closed.
    case inPlaceOf(Attempt)
    case none
  }

  private var attempts: [UInt64: Attempt] = [:]
  /// Without a capacity of its own: the limit changes with the upstream's standing.
  private var share = FairShare<UInt32, ClientNetwork, UInt64>(capacity: 0)
  private var lastNumber: UInt64 = 0

  var count: Int { attempts.count }

  /// What becomes of one more while there may be so many.
  ///
  /// A workspace gets the place of one that has two more at once; otherwise a try first has the least time that a try
  /// waits, or clients in turn would have a dead upstream sent as many queries as they ask questions.
  func place(for account: Account, limit: Int, settings: ForwardSettings, _ now: Instant) -> Place {
    guard count >= limit else { return .room }
    guard case .inPlaceOf(let number) = share.admission(of: account), let attempt = attempts[number] else {
      return .none
    }
    let isOld = now >= attempt.sentAt + settings.minimumTimeout
    return isOld || isMuchLighter(account, than: share.holder(of: number)) ? .inPlaceOf(attempt) : .none
  }

  private func isMuchLighter(_ account: Account, than other: Account?) -> Bool {
    guard let group = account.group, let other, other.group != group else { return false }
    guard let rival = other.group else { return true }
    return share.count(of: group) + 1 < share.count(of: rival)
  }

  mutating func add(_ attempt: Attempt, _ account: Account) {
    lastNumber += 1
    attempt.number = lastNumber
    attempts[lastNumber] = attempt
    share.insert(lastNumber, of: account)
  }

  mutating func remove(_ attempt: Attempt) {
    attempts[attempt.number] = nil
    share.remove(attempt.number)
  }

  /// A try is on another's account from now on.
  mutating func charge(_ attempt: Attempt, to account: Account) { share.move(attempt.number, to: account) }
}
