import Text
import Wire

/// Whose a token or a listening address is, and what each workspace requires; the clients' prefixes are in `ClientMap`.
public struct ClaimTable: Sendable {
  /// By what SHA-256 makes of a token: the workspace's slot, or -1 less the slot of the first when two claim it.
  private var tokens: [SHA256Digest: Int32] = [:]
  /// The same by listening address.
  private var listeners: [SocketAddress: Int32] = [:]
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
  public func owner(ofToken digest: SHA256Digest) -> Owner? { tokens[digest].map(Self.owner) }

  /// Whose listening address it is; nil when nobody's.
  public func owner(ofListener address: SocketAddress) -> Owner? {
    listeners.isEmpty ? nil : listeners[address].map(Self.owner)
  }

  /// What a workspace's queries must show.
  public func required(ofWorkspace slot: Int) -> BasisSet { slot < required.count ? required[slot] : [] }

  private static func owner(_ slot: Int32) -> Owner { slot < 0 ? .disputed : .workspace(Int(slot)) }
}

extension ClaimTable {
  /// Gathers the claims of workspaces.
  ///
  /// - Parameter problems: gets one for each token and each listening address that two of them claim, naming both.
  init(_ workspaces: WorkspaceTable, _ problems: inout [Problem]) {
    let claimants = workspaces.all.filter { $0.workspace.claims != WorkspaceClaims() }
      .sorted { $0.workspace.name < $1.workspace.name }
    for (slot, workspace) in claimants {
      let claims = workspace.claims
      func dispute(_ what: String, _ rival: Int32, _ position: Position, _ remedy: String) -> Problem {
        Problem(
          file: "\(workspace.folder)/\(WorkspaceFile.fileName)", position: position,
          "\(what) of workspace \(workspaces[Int(rival)].name) too, so \(remedy)")
      }
      for token in claims.tokens {
        guard let rival = Self.claim(token.digest, slot, &tokens) else { continue }
        problems.append(
          dispute(
            "the token \(quoted(token.id)) is one", rival, token.position,
            "whoever brings it is refused; revoke it in both and make each a token of its own"))
      }
      for listener in claims.listeners {
        guard let rival = Self.claim(listener.address, slot, &listeners) else { continue }
        problems.append(
          dispute(
            "the listening address \(listener.address) is that", rival, listener.position,
            "whatever comes there is refused; leave the address to one of them"))
      }
      guard !claims.required.isEmpty else { continue }
      if required.count <= slot {
        required += Array(repeating: BasisSet(), count: slot + 1 - required.count)
      }
      required[slot] = claims.required
    }
  }

  /// Notes a claim.
  ///
  /// - Returns: whose it is already; nil when nobody's.
  private static func claim<Key>(_ key: Key, _ slot: Int, _ owners: inout [Key: Int32]) -> Int32? {
    guard let first = owners[key] else {
      owners[key] = Int32(slot)
      return nil
    }
    // The first one's slot stays to be told of, marked as disputed.
    let rival = first < 0 ? -1 - first : first
    owners[key] = -1 - rival
    return rival
  }
}
