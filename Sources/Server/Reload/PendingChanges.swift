import Workspaces

/// Which workspaces have changed, and when each is read: once its files have been quiet for a moment, for a copy or a
/// checkout writes many, but after a while in any case. One that keeps changing does not hold up the others.
///
/// Times are nanoseconds of the monotonic clock.
struct PendingChanges {
  /// What is to be read now.
  enum Due: Equatable {
    /// All that there is; what stands there counts whatever it lacks where a person confirms it.
    case everything(isConfirmed: Bool)
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
  private var isConfirmed = false
  /// Nothing is due before this, so that looking costs nothing until then.
  private var earliest = UInt64.max

  /// A workspace's files have changed.
  mutating func note(_ name: WorkspaceName, at now: UInt64) {
    let change = Change(first: workspaces[name]?.first ?? now, last: now)
    workspaces[name] = change
    earliest = min(earliest, change.due)
  }

  /// Anything may have changed.
  ///
  /// - Parameter isConfirmed: true when a person says that what stands there counts.
  mutating func noteEverything(at now: UInt64, isConfirmed: Bool = false) {
    self.isConfirmed = self.isConfirmed || isConfirmed
    let change = Change(first: everything?.first ?? now, last: now)
    everything = change
    earliest = min(earliest, change.due)
  }

  /// How long until there may be something to read, rounded up; nil when nothing has changed.
  func milliseconds(from now: UInt64) -> Int32? {
    earliest == .max ? nil : waitMilliseconds(until: earliest, from: now)
  }

  /// Takes what has been quiet for long enough, or has waited for too long; nil when nothing has.
  mutating func takeDue(at now: UInt64) -> Due? {
    guard earliest <= now else { return nil }
    defer { earliest = min(everything?.due ?? .max, workspaces.values.lazy.map(\.due).min() ?? .max) }
    if let change = everything, change.due <= now {
      everything = nil
      workspaces = [:]
      defer { isConfirmed = false }
      return .everything(isConfirmed: isConfirmed)
    }
    let due = Set(workspaces.filter { $0.value.due <= now }.keys)
    for name in due { workspaces[name] = nil }
    return due.isEmpty ? nil : .workspaces(due)
  }
}
