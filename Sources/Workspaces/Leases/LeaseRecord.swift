import Wire

/// A change of an address's lease, as the journal tells of it.
public enum LeaseRecord: Hashable, Sendable {
  /// The address is the workspace's for so many milliseconds more.
  case granted(IPAddress, WorkspaceName, milliseconds: UInt64)
  /// The address's lease was ended.
  case revoked(IPAddress)
}

/// A moment by the two clocks that outlive a process, in milliseconds.
public struct LeaseClock: Hashable, Sendable {
  /// Since the machine was started; nobody sets it, and the next start begins anew.
  public let sinceBoot: UInt64
  /// Since 1970, as far as the machine knows: somebody may set it at any time.
  public let wall: UInt64

  /// Takes the two.
  public init(sinceBoot: UInt64, wall: UInt64) {
    self.sinceBoot = sinceBoot
    self.wall = wall
  }
}

/// How long a lease was to hold when its line was written, and when that was.
struct LeaseTerm {
  /// What was left then, in milliseconds.
  let left: UInt64
  /// When it ends by the wall clock, in milliseconds since 1970.
  let end: UInt64
  /// When the line was written, since the start of the machine.
  let written: UInt64

  /// What is left now; never more than there was.
  ///
  /// While the machine was not started anew, the clock that nobody sets tells. After a start the wall clock does, and may be
  /// wrong, now or then: but all the time since the start has passed for certain.
  ///
  /// - Parameter isOfThisBoot: the line was written since the machine was started.
  func left(at now: LeaseClock, isOfThisBoot: Bool) -> UInt64 {
    let passed = isOfThisBoot ? now.sinceBoot - min(now.sinceBoot, written) : now.sinceBoot
    let most = left - min(left, passed)
    return isOfThisBoot ? most : min(most, end - min(end, now.wall))
  }
}
