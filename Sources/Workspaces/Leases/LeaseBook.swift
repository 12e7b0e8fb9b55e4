import Bounds
import Forwarding
import Wire

/// That an address is a workspace's client for a while, because whoever started the client said so.
public struct Lease: Hashable, Sendable {
  /// The client.
  public let address: IPAddress
  /// Whose client it is.
  public let workspace: WorkspaceName
  /// When it ends to be; `endless` for a lease that somebody else ends.
  public let end: Instant

  /// The end of a lease that has none of its own: centuries from any moment.
  public static let endless = Instant(nanoseconds: 1 << 62)

  /// Takes the parts.
  public init(address: IPAddress, workspace: WorkspaceName, end: Instant) {
    self.address = address
    self.workspace = workspace
    self.end = end
  }

  /// How many seconds are left, rounded up.
  public func secondsLeft(at now: Instant) -> UInt64 {
    end > now ? (end.nanoseconds - now.nanoseconds + 999_999_999) / 1_000_000_000 : 0
  }
}

/// How many leases there may be, and how long they hold: those of `Limits.Leases`, unless a test changes them.
public struct LeaseLimits: Sendable {
  /// The most leases, of all workspaces together.
  public var maximumCount = Limits.Leases.count
  /// The most addresses of one request.
  public var maximumAddresses = Limits.Leases.addressesOfRequest
  /// The shortest and the longest time of a lease, in seconds.
  public var ttlSeconds: ClosedRange<UInt64> = 1...Limits.Leases.seconds

  /// The limits of a server.
  public init() {}
}

/// All leases: who has which address until when, and who may take one.
///
/// A value without clock or disk. The snapshot that requests are checked against has the workspaces and their client
/// prefixes; a lease of a workspace that is not in it is kept, and counts for nothing until the workspace is back.
public struct LeaseBook: Sendable {
  /// Its limits.
  public let limits: LeaseLimits

  private var v4: LeaseLayers<UInt32>
  private var v6: LeaseLayers<UInt128>
  /// The workspaces that have leases, by number.
  private var owners: [WorkspaceName] = []
  private var numbers: [WorkspaceName: Int32] = [:]
  /// The first owners' indices in the snapshot; -1 for one that is not there.
  private var indices: [Int32] = []
  /// How many addresses have a slot; those that ended go when the layers are merged.
  private var slotCount = 0
  /// No lease ends before this.
  private var nextEnd = UInt64.max

  /// - Parameter seed: a random number, so that nobody can register addresses that collide.
  public init(limits: LeaseLimits = LeaseLimits(), seed: UInt64) {
    self.limits = limits
    v4 = LeaseLayers(seed: seed)
    v6 = LeaseLayers(seed: seed)
  }

  // MARK: Looking

  /// The lease of an address that has not ended; nil when there is none.
  public func lease(of address: IPAddress, at now: Instant) -> Lease? {
    let found: (owner: Int32, end: UInt64)? =
      switch address {
      case .v4(let bits): v4.find(bits).map { ($0.owner, $0.end) }
      case .v6(let bits): v6.find(bits).map { ($0.owner, $0.end) }
      }
    guard let found, found.end > now.nanoseconds else { return nil }
    return lease(address, found.owner, found.end)
  }

  /// Every lease that has not ended, in the order of the addresses.
  public func leases(at now: Instant) -> [Lease] {
    var leases: [Lease] = []
    forEach(at: now) { leases.append($0) }
    return leases.sorted { $0.address < $1.address }
  }

  private func forEach(at now: Instant, _ body: (Lease) -> Void) {
    v4.forEach { if $0.end > now.nanoseconds { body(lease(.v4($0.address), $0.owner, $0.end)) } }
    v6.forEach { if $0.end > now.nanoseconds { body(lease(.v6($0.address), $0.owner, $0.end)) } }
  }

  private func lease(_ address: IPAddress, _ owner: Int32, _ end: UInt64) -> Lease {
    Lease(address: address, workspace: owners[Int(owner)], end: Instant(nanoseconds: end))
  }

  /// Some of the leases that have not ended, in the order of the addresses.
  ///
  /// - Parameters:
  ///   - workspace: only this one's; all for nil.
  ///   - first: only addresses after this one, to go on where another list ended.
  ///   - limit: how many at most.
  public func leases(of workspace: WorkspaceName?, after first: IPAddress?, limit: Int, at now: Instant) -> [Lease] {
    let owner = workspace.flatMap { numbers[$0] }
    // A workspace without a number has no lease.
    guard workspace == nil || owner != nil else { return [] }
    // Every IPv4 address is before every IPv6 address.
    let (firstOfV4, firstOfV6): (UInt32?, UInt128?) =
      switch first {
      case nil: (nil, nil)
      case .v4(let bits): (bits, nil)
      case .v6(let bits): (.max, bits)
      }
    let found = v4.lowest(limit, after: firstOfV4, of: owner, endingAfter: now.nanoseconds).map {
      lease(.v4($0.address), $0.owner, $0.end)
    }
    let rest = limit - found.count
    return found
      + v6.lowest(rest, after: firstOfV6, of: owner, endingAfter: now.nanoseconds).map {
        lease(.v6($0.address), $0.owner, $0.end)
      }
  }

  /// How many leases have not ended.
  public func count(at now: Instant) -> Int {
    v4.count(endingAfter: now.nanoseconds) + v6.count(endingAfter: now.nanoseconds)
  }

  /// What workers look at, for the snapshot that was bound last.
  ///
  /// - Parameters:
  ///   - holdsUntil: from then on no lease counts.
  ///   - index: a workspace's index in that snapshot; nil when it is not there, so that its leases do not count. Asked for
  ///     only of workspaces that had no lease the last time.
  public mutating func table(
    holdsUntil: Instant = Instant(nanoseconds: .max), _ index: (WorkspaceName) -> Int?
  ) -> LeaseTable {
    for owner in owners[indices.count...] { indices.append(index(owner).map { Int32(clamping: $0) } ?? -1) }
    return LeaseTable(v4: v4, v6: v6, indices: indices, holdsUntil: holdsUntil)
  }

  /// Has the next table be for another snapshot.
  public mutating func unbind() { indices = [] }

  // MARK: Changing

  /// Leases addresses to a workspace, or renews the leases that it has: all of them or none.
  ///
  /// - Parameter end: when they end; the caller has checked it against the limits.
  public mutating func grant(_ addresses: [IPAddress], to workspace: WorkspaceName, until end: Instant, now: Instant) {
    for address in addresses { set(address, workspace, end.nanoseconds, now) }
  }

  /// Ends leases.
  public mutating func revoke(_ addresses: [IPAddress], now: Instant) {
    for address in addresses {
      guard let lease = lease(of: address, at: now) else { continue }
      set(address, lease.workspace, 0, now)
    }
  }

  /// Takes a record of a journal, in its order, into a book that had no other change; `finishRestoring` ends that.
  ///
  /// Each costs the same, however many there are: the layers are made once, at the end.
  public mutating func restore(_ record: LeaseRecord, now: Instant) {
    let (address, owner, end): (IPAddress, Int32, UInt64)
    switch record {
    case .granted(let granted, let workspace, let left):
      // What a lease may hold at most is far from what the clock can count to.
      let milliseconds = Int64(min(left, limits.ttlSeconds.upperBound * 1000))
      (address, owner, end) = (granted, number(of: workspace), (now + .milliseconds(milliseconds)).nanoseconds)
    case .revoked(let revoked):
      // The owner of what has ended is nobody's business; the first is as good as any.
      guard !owners.isEmpty else { return }
      (address, owner, end) = (revoked, 0, 0)
    }
    switch address {
    case .v4(let bits): v4.restore(.init(address: bits, owner: owner, end: end))
    case .v6(let bits): v6.restore(.init(address: bits, owner: owner, end: end))
    }
  }

  /// Forgets what of the restored leases has ended.
  public mutating func finishRestoring(now: Instant) { merge(now) }

  private mutating func set(_ address: IPAddress, _ workspace: WorkspaceName, _ end: UInt64, _ now: Instant) {
    let owner = number(of: workspace)
    let isNew: Bool
    switch address {
    case .v4(let bits): isNew = v4.set(.init(address: bits, owner: owner, end: end))
    case .v6(let bits): isNew = v6.set(.init(address: bits, owner: owner, end: end))
    }
    slotCount += isNew ? 1 : 0
    nextEnd = min(nextEnd, end)
    if v4.isFull || v6.isFull { merge(now) }
  }

  private mutating func number(of workspace: WorkspaceName) -> Int32 {
    if let number = numbers[workspace] { return number }
    // A workspace is one folder of a file system, and has a lease or had one since the last merge.
    let number = Int32(owners.count)
    owners.append(workspace)
    numbers[workspace] = number
    return number
  }

  /// Forgets what has ended, and the workspaces that have no lease any more.
  private mutating func merge(_ now: Instant) {
    var kept: [WorkspaceName] = []
    var numbers = [Int32](repeating: -1, count: owners.count)
    let owners = owners
    func number(_ old: Int32) -> Int32 {
      if numbers[Int(old)] < 0 {
        numbers[Int(old)] = Int32(kept.count)
        kept.append(owners[Int(old)])
      }
      return numbers[Int(old)]
    }
    v4.merge(now: now.nanoseconds, number: number)
    v6.merge(now: now.nanoseconds, number: number)
    self.owners = kept
    self.numbers = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, Int32($0)) })
    indices = []
    slotCount = v4.base.count + v6.base.count
    nextEnd = min(v4.nextEnd, v6.nextEnd)
  }

  /// How many more leases fit, if need be once those that ended are forgotten.
  ///
  /// - Parameter count: how many there are to be.
  public mutating func room(for count: Int, now: Instant) -> Int {
    // Without the second look, each request to a full book would go through all of it.
    if slotCount + count > limits.maximumCount, nextEnd <= now.nanoseconds { merge(now) }
    return max(0, min(count, limits.maximumCount - slotCount))
  }
}
