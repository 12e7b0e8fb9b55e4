import Wire

/// Whose a token or a listening address is, and what each workspace requires; the clients' prefixes are in `ClientMap`.
public struct ClaimTable: Sendable {
  /// By what SHA-256 makes of a token.
  private(set) var tokens = Claimants<SHA256Digest>()
  /// The listening addresses.
  private(set) var listeners = Claimants<SocketAddress>()
  /// What is required, by slot; shorter when the last ones require nothing.
  private var required: [BasisSet] = []

  /// Whose something is.
  public enum Owner: Hashable, Sendable {
    case workspace(Int)
    /// Two workspaces claim it, so nobody has it.
    case disputed
  }

  /// No claims.
  public init() {}

  /// Whose token it is; nil when nobody's.
  public func owner(ofToken digest: SHA256Digest) -> Owner? { tokens.owner(of: digest) }

  /// Whose listening address it is; nil when nobody's.
  public func owner(ofListener address: SocketAddress) -> Owner? {
    // Without this look Swift 6.3.1 makes a frame that is not aligned for the address in debug builds, and traps.
    guard !listeners.isEmpty else { return nil }
    return listeners.owner(of: address)
  }

  /// What a workspace's queries must show.
  public func required(ofWorkspace slot: Int) -> BasisSet { slot < required.count ? required[slot] : [] }

  /// Puts a workspace's claims in the place of those that it made before.
  mutating func replace(_ before: WorkspaceClaims?, with after: WorkspaceClaims?, of slot: WorkspaceSlot) {
    for token in before?.tokens ?? [] { tokens.remove(token.digest, slot.index) }
    for listener in before?.listeners ?? [] { listeners.remove(listener.address, slot.index) }
    for token in after?.tokens ?? [] { tokens.add(token.digest, slot.index) }
    for listener in after?.listeners ?? [] { listeners.add(listener.address, slot.index) }
    let needed = after?.required ?? []
    guard needed != required(ofWorkspace: slot.number) else { return }
    while required.count <= slot.number { required.append([]) }
    required[slot.number] = needed
  }
}
