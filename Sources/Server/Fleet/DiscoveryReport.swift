import Fleet
import Forwarding

/// What is to be told of a discovery: each failure at once and then one line for all of a while, and what has changed when it
/// has, once a second at most.
struct DiscoveryReport {
  /// Failures of one side, and that they are over.
  private struct Side {
    var notice = LatestNotice<String>()
    /// Since when it fails; nil while it does not.
    var failsSince: UInt64?

    mutating func fails(_ why: String, _ now: UInt64) {
      notice.add(why)
      failsSince = failsSince ?? now
    }
  }

  private var api = Side()
  private var store = Side()
  private var wasWhole = false
  private var leader: Leader?
  private var isWritten = false
  private var oddities = ""
  private var looksAt: UInt64 = 0

  private enum Leader: Hashable {
    case this
    case other(String)
  }

  /// Takes what went wrong.
  mutating func take(_ discovery: inout Discovery, _ ledger: inout PodLedger, now: UInt64) {
    for notice in discovery.takeNotices() { api.fails("the API server: \(notice)", now) }
    for notice in ledger.takeNotices() { store.fails("the store: \(notice)", now) }
  }

  /// The lines that are due.
  ///
  /// - Parameter now: in milliseconds.
  mutating func lines(_ discovery: Discovery, _ ledger: PodLedger, now: UInt64) -> [String] {
    let instant = Instant(nanoseconds: now * 1_000_000)
    var lines: [String] = []
    if let line = api.notice.line(now: instant, { $0 }) { lines.append(line) }
    if let line = store.notice.line(now: instant, { $0 }) { lines.append(line) }
    guard now >= looksAt else { return lines }
    looksAt = now + 1000
    lookAtKnowledge(discovery, &lines)
    lookAtLeader(ledger, &lines)
    lookAtOddities(discovery, ledger, &lines)
    return lines
  }

  private mutating func lookAtKnowledge(_ discovery: Discovery, _ lines: inout [String]) {
    let isBack = api.failsSince.map { since in discovery.lastContact.map { $0 > since } ?? false } ?? false
    if isBack { api.failsSince = nil }
    if discovery.isWhole, !wasWhole || isBack {
      lines.append(
        "the API server is followed: \(discovery.podCount) pods, \(discovery.wanted.count) addresses of workspaces' clients"
      )
    }
    wasWhole = discovery.isWhole
  }

  private mutating func lookAtLeader(_ ledger: PodLedger, _ lines: inout [String]) {
    let now: Leader? = ledger.isLeader ? .this : ledger.otherLeader.map { .other($0) }
    if now != leader {
      leader = now
      isWritten = false
      switch now {
      case .this: lines.append("this discovery leads")
      case .other(let name): lines.append("\(name) leads, and this discovery stands by")
      case nil: lines.append("this discovery leads no longer")
      }
    }
    if ledger.isSettled, store.failsSince != nil || !isWritten {
      (store.failsSince, isWritten) = (nil, true)
      lines.append("the store has all that is to be there: \(ledger.count) addresses of pods")
    } else if case .other = now {
      store.failsSince = nil
    }
  }

  /// What nobody can mend but a person.
  private mutating func lookAtOddities(_ discovery: Discovery, _ ledger: PodLedger, _ lines: inout [String]) {
    var parts: [String] = []
    if discovery.contested > 0 {
      parts.append("\(discovery.contested) addresses are nobody's, for several pods have each")
    }
    if discovery.leftOut > 0 {
      parts.append("\(discovery.leftOut) objects are left out, as too many or not to be read")
    }
    if !ledger.taken.isEmpty { parts.append("\(ledger.taken.count) addresses of pods are leased by somebody else") }
    let text = parts.joined(separator: "; ")
    if text != oddities, !text.isEmpty { lines.append(text) }
    oddities = text
  }
}
