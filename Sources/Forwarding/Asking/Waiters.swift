import Bounds
import Wire

/// Somebody who waits for what comes of a question.
final class Waiter {
  let ticket: Ticket
  let account: Account
  /// What it waits for; nil once it does not, so that neither keeps the other.
  fileprivate(set) var exchange: Exchange?

  init(_ ticket: Ticket, _ account: Account, _ exchange: Exchange) {
    self.ticket = ticket
    self.account = account
    self.exchange = exchange
  }
}

/// Those who wait for one question, in the order in which they came.
///
/// Those who left are passed over when they come to the front, or taken out when they are more than the rest, so that
/// leaving is a step or so each.
struct WaiterQueue {
  private var waiters: [Waiter] = []
  private var front = 0
  /// How many wait.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// Who has waited longest.
  var first: Waiter? { count > 0 ? waiters[front] : nil }

  /// Some of those who have waited longest; a few steps however many have left.
  var some: [Waiter] { waiters[front...].prefix(16).filter { $0.exchange != nil } }

  mutating func append(_ waiter: Waiter) {
    waiters.append(waiter)
    count += 1
    passOver()
  }

  mutating func remove(_ waiter: Waiter) {
    guard waiter.exchange != nil else { return }
    waiter.exchange = nil
    count -= 1
    if count == 0 || waiters.count > 2 * count + 16 {
      waiters.removeAll { $0.exchange == nil }
      front = 0
    }
    passOver()
  }

  private mutating func passOver() {
    while front < waiters.count, waiters[front].exchange == nil { front += 1 }
  }
}

/// Everybody who waits, by ticket, and how the places are shared.
struct WaitingTickets {
  private var waiters: [Ticket: Waiter] = [:]
  private var share: FairShare<UInt32, ClientNetwork, Ticket>

  init(capacity: Int) { share = FairShare(capacity: capacity) }

  var count: Int { waiters.count }

  /// How many wait on one account.
  func count(of account: Account) -> Int { share.count(of: account) }

  subscript(ticket: Ticket) -> Waiter? { waiters[ticket] }

  /// What becomes of one more that waits.
  func admission(of account: Account) -> FairShare<UInt32, ClientNetwork, Ticket>.Admission {
    share.admission(of: account)
  }

  mutating func add(_ waiter: Waiter) {
    waiters[waiter.ticket] = waiter
    share.insert(waiter.ticket, of: waiter.account)
    waiter.exchange?.waiters.append(waiter)
  }

  /// Takes a waiter out, here and of its question.
  mutating func remove(_ waiter: Waiter) {
    waiters[waiter.ticket] = nil
    share.remove(waiter.ticket)
    waiter.exchange?.waiters.remove(waiter)
  }
}
