import Synchronization

/// A workspace's number in every snapshot: it does not move while the workspace is there, and is not given to another
/// one as long as anybody holds this object.
///
/// Snapshots hold the slots of their workspaces. Whoever keeps a slot's number for longer than one snapshot keeps the
/// slot itself, and so never finds another workspace's data under the number.
public final class WorkspaceSlot: Sendable {
  /// The number: small, so that tables by it are dense.
  public let number: Int
  /// The same in 32 bits, as tables have it. A number is below the count of workspaces that are held at once, each of
  /// more than 1 KiB, so that it fits.
  var index: Int32 { Int32(truncatingIfNeeded: number) }
  /// Whose number it is.
  public let name: WorkspaceName
  /// What became of its queries; nil where they are not counted by workspace.
  public let tally: WorkspaceTally?
  private let pool: WorkspaceSlotPool

  fileprivate init(number: Int, name: WorkspaceName, tally: WorkspaceTally?, pool: WorkspaceSlotPool) {
    self.number = number
    self.name = name
    self.tally = tally
    self.pool = pool
  }

  deinit { pool.release(number) }
}

/// Gives workspaces their numbers. Slots come back from whatever thread lets go of them last.
final class WorkspaceSlotPool: Sendable {
  private struct State {
    var free: [Int] = []
    var next = 0
  }

  private let state = Mutex(State())
  private let countsQueries: Bool

  init(countsQueries: Bool) { self.countsQueries = countsQueries }

  /// A number that nobody has.
  func take(for name: WorkspaceName) -> WorkspaceSlot {
    let number = state.withLock { state in
      if let number = state.free.popLast() { return number }
      defer { state.next += 1 }
      return state.next
    }
    return WorkspaceSlot(number: number, name: name, tally: countsQueries ? WorkspaceTally() : nil, pool: self)
  }

  fileprivate func release(_ number: Int) {
    state.withLock { $0.free.append(number) }
  }
}
