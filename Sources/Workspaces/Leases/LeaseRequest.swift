import Forwarding
import Wire

/// Why an address is not leased, or its lease not ended.
public enum LeaseRefusal: Error, Hashable, Sendable {
  /// There is no workspace of this name with a good state.
  case noWorkspace(WorkspaceName)
  /// Another workspace has a live lease of the address.
  case leased(IPAddress, WorkspaceName, secondsLeft: UInt64)
  /// The address is in another workspace's client prefix, or in one that two claim.
  case inPrefix(IPAddress, IPPrefix, WorkspaceName?)
  /// The address is granted to another workspace.
  case granted(IPAddress, WorkspaceName)
  /// Nobody sends from such an address: unspecified or multicast.
  case notAClient(IPAddress)
  /// No address, or too many of them at once.
  case addressCount(Int, atMost: Int)
  /// The time is too short or too long.
  case ttl(UInt64, ClosedRange<UInt64>)
  /// There are as many leases as there may be.
  case tooMany(Int)
  /// The address is a pod's that a discovery has found, and goes with the pod.
  case ofPod(IPAddress, WorkspaceName, pod: String)
  /// The workspace has no lease of the address; what may have been meant.
  case notLeased(IPAddress, WorkspaceName, Meant? = nil)

  /// What a slip in an address or a workspace may have stood for.
  public enum Meant: Hashable, Sendable {
    /// The address, of the workspace that has its lease.
    case workspace(WorkspaceName)
    /// Another address, which the workspace has a lease of.
    case address(IPAddress)
  }

  /// What is wrong, and what to do.
  public var message: String {
    switch self {
    case .noWorkspace(let name):
      "there is no workspace \(name) in the running server; see backroad workspace list, and backroad check for errors"
    case .leased(let address, let holder, let seconds):
      """
      \(address) is leased to workspace \(holder) for \(seconds) s more; end that lease with \
      backroad lease remove --workspace \(holder) \(address), or wait
      """
    case .inPrefix(let address, let prefix, let holder?):
      """
      \(address) is in \(prefix), which are the clients of workspace \(holder): with a lease for another workspace its \
      queries would be refused; take the address out of that workspace's clients, or lease another
      """
    case .inPrefix(let address, let prefix, nil):
      "\(address) is in \(prefix), which two workspaces claim, so that its queries are refused; run backroad check"
    case .granted(let address, let workspace):
      """
      \(address) is granted to another workspace than \(workspace), so the lease would count for nothing; lease an \
      address of its own, or change the grants in backroad.json
      """
    case .notAClient(let address):
      "\(address) is no address that a client has; name the pod's own"
    case .addressCount(0, _): "name at least one address"
    case .addressCount(let count, let limit):
      "\(count) addresses are too many for one request; name \(limit) at most, and the others in further ones"
    case .ttl(let seconds, let range):
      "a lease holds \(range.lowerBound) to \(range.upperBound) seconds, not \(seconds); renew it by adding it again"
    case .tooMany(let limit):
      "there are \(limit) leases, as many as the server keeps; remove those of clients that are gone"
    case .ofPod(let address, let holder, let pod):
      """
      \(address) is the pod \(pod)'s, which a discovery has found, and workspace \(holder)'s for as long as the pod is there; \
      nothing is to be added or removed
      """
    case .notLeased(let address, let workspace, nil):
      "workspace \(workspace) has no lease of \(address); see backroad lease list"
    case .notLeased(let address, let workspace, .address(let other)?):
      "workspace \(workspace) has no lease of \(address); did you mean \(other)?"
    case .notLeased(let address, let workspace, .workspace(let holder)?):
      "workspace \(workspace) has no lease of \(address); workspace \(holder) has one"
    }
  }
}

/// What there is beside the leases when one is asked for.
public struct LeaseSurroundings {
  /// Whose the client prefixes are.
  public let clients: ClientMap
  /// A workspace's index in that map; nil when there is none of the name.
  public let index: (WorkspaceName) -> Int?
  /// The name of an index that the map gave.
  public let name: (Int) -> WorkspaceName
  /// Whom addresses are granted to, by the same indices; nil where there are no grants.
  public let grants: GrantTable?

  /// Takes the parts.
  public init(
    clients: ClientMap, index: @escaping (WorkspaceName) -> Int?, name: @escaping (Int) -> WorkspaceName,
    grants: GrantTable? = nil
  ) {
    self.clients = clients
    self.index = index
    self.name = name
    self.grants = grants
  }
}

extension LeaseBook {
  /// Checks that a workspace may lease addresses; no lease changes.
  public mutating func checkGrant(
    _ addresses: [IPAddress], to workspace: WorkspaceName, ttlSeconds: UInt64, in surroundings: LeaseSurroundings,
    now: Instant
  ) throws(LeaseRefusal) {
    try checkClaim(addresses, to: workspace, ttlSeconds: ttlSeconds, in: surroundings)
    for address in addresses {
      guard let held = lease(of: address, at: now), held.workspace != workspace,
        surroundings.index(held.workspace) != nil
      else { continue }
      throw .leased(address, held.workspace, secondsLeft: held.secondsLeft(at: now))
    }
    try checkRoom(for: addresses, now: now)
  }

  /// Checks that a request does not name too many addresses, nor none.
  public func checkCount(_ addresses: [IPAddress]) throws(LeaseRefusal) {
    guard (1...limits.maximumAddresses).contains(addresses.count) else {
      throw .addressCount(addresses.count, atMost: limits.maximumAddresses)
    }
  }

  /// Checks that as many leases may be.
  public mutating func checkRoom(for addresses: [IPAddress], now: Instant) throws(LeaseRefusal) {
    let new = addresses.count { lease(of: $0, at: now) == nil }
    guard room(for: new, now: now) == new else { throw .tooMany(limits.maximumCount) }
  }

  /// Checks that a workspace may have addresses, whoever has leases of them.
  public func checkClaim(
    _ addresses: [IPAddress], to workspace: WorkspaceName, ttlSeconds: UInt64, in surroundings: LeaseSurroundings
  ) throws(LeaseRefusal) {
    guard limits.ttlSeconds.contains(ttlSeconds) else { throw .ttl(ttlSeconds, limits.ttlSeconds) }
    try checkCount(addresses)
    guard let index = surroundings.index(workspace) else { throw .noWorkspace(workspace) }
    for address in addresses {
      guard address.isClientAddress else { throw .notAClient(address) }
      guard surroundings.grants?.isOthers(address, than: index) != true else { throw .granted(address, workspace) }
      try checkPrefix(of: address, index, surroundings)
    }
  }

  /// Refuses an address whose prefix and lease would name two workspaces: such queries are nobody's.
  private func checkPrefix(
    of address: IPAddress, _ workspace: Int, _ surroundings: LeaseSurroundings
  ) throws(LeaseRefusal) {
    let clients = surroundings.clients
    guard let place = clients.find(address) else { return }
    let holder = clients.workspace(at: place)
    guard holder != workspace else { return }
    throw .inPrefix(address, clients.entry(at: place).prefix, holder.map(surroundings.name))
  }

  /// Checks that a workspace has leases of addresses, which it may end; nothing changes.
  public func checkRevoke(
    _ addresses: [IPAddress], of workspace: WorkspaceName, now: Instant
  ) throws(LeaseRefusal) {
    try checkCount(addresses)
    for address in addresses where lease(of: address, at: now)?.workspace != workspace {
      throw .notLeased(address, workspace)
    }
  }
}

extension IPAddress {
  /// False for what no packet comes from: unspecified, multicast (RFC 1112 §4, RFC 4291 §2.7) and the broadcast address.
  public var isClientAddress: Bool {
    switch self {
    case .v4(let bits): bits != 0 && bits >> 28 != 0xe && bits != .max
    case .v6(let bits): bits != 0 && bits >> 120 != 0xff
    }
  }
}
