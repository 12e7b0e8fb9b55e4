import Workspaces

/// Which workspaces have changed, and when each is read: once its files have been quiet for a moment, for a copy or a
/// checkout writes many, but after a while in any case. One that keeps changing does not hold up the others. What could not be
/// read is read again by itself, each time after twice as long: a disk or a limit that failed for a moment tells nobody that
/// it is well again.
///
/// Times are nanoseconds of the monotonic clock.
struct PendingChanges {
  /// What is to be read now.
  enum Due: Equatable {
    case everything
    case workspaces(Set<WorkspaceName>)
  }

  /// How long the files must be quiet before they are read.
  static let quietNanoseconds: UInt64 = 20_000_000
  /// How long reading is put off at most.
  static let patienceNanoseconds: UInt64 = 250_000_000

  private struct Change {
    let first: UInt64
    var last: UInt64

    var due: UInt64 { min(first + patienceNanoseconds, last + quietNanoseconds) }
  }

  /// After how long what could not be read is read again, for the first time and at most.
  static let retryNanoseconds: ClosedRange<UInt64> = 1_000_000_000...60_000_000_000

  /// When something is read again.
  private struct Retry {
    var pause: UInt64
    /// Nil while it is being read.
    var due: UInt64?

    init(after last: Retry?, at now: UInt64) {
      pause = last.map { min($0.pause * 2, retryNanoseconds.upperBound) } ?? retryNanoseconds.lowerBound
      due = now + pause
    }
  }

  private var workspaces: [WorkspaceName: Change] = [:]
  private var everything: Change?
  private var retries: [WorkspaceName: Retry] = [:]
  private var retryOfEverything: Retry?

  /// A workspace's files have changed.
  mutating func note(_ name: WorkspaceName, at now: UInt64) {
    workspaces[name, default: Change(first: now, last: now)].last = now
  }

  /// Anything may have changed.
  mutating func noteEverything(at now: UInt64) {
    everything = Change(first: everything?.first ?? now, last: now)
  }

  /// What was due has been read, but for some workspaces.
  mutating func noteRead(_ due: Due, except unread: Set<WorkspaceName>, at now: UInt64) {
    switch due {
    case .everything:
      retryOfEverything = nil
      retries = retries.filter { unread.contains($0.key) }
    case .workspaces(let names): for name in names.subtracting(unread) { retries[name] = nil }
    }
    for name in unread { retries[name] = Retry(after: retries[name], at: now) }
  }

  /// The zones folder itself could not be read.
  mutating func noteUnreadFolder(at now: UInt64) { retryOfEverything = Retry(after: retryOfEverything, at: now) }

  /// How long until there is something to read, rounded up; nil when nothing has changed.
  func milliseconds(from now: UInt64) -> Int32? {
    let changes = workspaces.values.map(\.due) + (everything.map { [$0.due] } ?? [])
    guard let next = (changes + retries.values.compactMap(\.due) + [retryOfEverything?.due].compactMap { $0 }).min()
    else { return nil }
    return next <= now ? 0 : Int32(clamping: (next - now + 999_999) / 1_000_000)
  }

  /// Takes what has been quiet for long enough, or has waited for too long; nil when nothing has.
  mutating func takeDue(at now: UInt64) -> Due? {
    if [everything?.due, retryOfEverything?.due].contains(where: { $0.map { $0 <= now } ?? false }) {
      retryOfEverything?.due = nil
      for name in retries.keys { retries[name]?.due = nil }
      everything = nil
      workspaces = [:]
      return .everything
    }
    let again = retries.filter { $0.value.due.map { $0 <= now } ?? false }.keys
    let due = Set(workspaces.filter { $0.value.due <= now }.keys).union(again)
    for name in due {
      workspaces[name] = nil
      retries[name]?.due = nil
    }
    return due.isEmpty ? nil : .workspaces(due)
  }
}
