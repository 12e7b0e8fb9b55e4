import Workspaces

/// Which workspaces have changed, and when each is read: once its files have been quiet for a moment, for a copy or a
/// checkout writes many, but after a while in any case. One that keeps changing does not hold up the others.
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

  private var workspaces: [WorkspaceName: Change] = [:]
  private var everything: Change?

  /// A workspace's files have changed.
  mutating func note(_ name: WorkspaceName, at now: UInt64) {
    workspaces[name, default: Change(first: now, last: now)].last = now
  }

  /// Anything may have changed.
  mutating func noteEverything(at now: UInt64) {
    everything = Change(first: everything?.first ?? now, last: now)
  }

  /// How long until there is something to read, rounded up; nil when nothing has changed.
  func milliseconds(from now: UInt64) -> Int32? {
    guard let next = (workspaces.values.map(\.due) + (everything.map { [$0.due] } ?? [])).min() else { return nil }
    return next <= now ? 0 : Int32(clamping: (next - now + 999_999) / 1_000_000)
  }

  /// Takes what has been quiet for long enough, or has waited for too long; nil when nothing has.
  mutating func takeDue(at now: UInt64) -> Due? {
    if let change = everything, change.due <= now {
      everything = nil
      workspaces = [:]
      return .everything
    }
    let due = Set(workspaces.filter { $0.value.due <= now }.keys)
    for name in due { workspaces[name] = nil }
    return due.isEmpty ? nil : .workspaces(due)
  }
}
