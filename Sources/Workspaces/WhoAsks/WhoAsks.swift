import Wire

/// All that tells whose a query is, as it came: nothing of it was looked up yet.
public struct Asking: Sendable {
  /// The client's address: the true one, behind a listed load balancer too.
  public var client: IPAddress
  /// What SHA-256 makes of the query's token; nil without one.
  public var token: SHA256Digest?
  /// The address of ours that the query came to; nil when that is not known.
  public var listener: SocketAddress?
  /// The slot of the workspace that the client's address is leased to; nil when no lease is live.
  public var leasedTo: Int?

  /// Takes what is known.
  public init(
    client: IPAddress, token: SHA256Digest? = nil, listener: SocketAddress? = nil, leasedTo: Int? = nil
  ) {
    self.client = client
    self.token = token
    self.listener = listener
    self.leasedTo = leasedTo
  }
}

/// Whose query it is, decided once and before anything is looked up.
public struct Decision: Hashable, Sendable {
  /// The workspace's slot, which the snapshot keeps with the workspace.
  public let workspace: Int
  /// Everything that shows it; the strongest is what decided.
  public let shown: BasisSet
  /// The place of the prefix that matched, in the snapshot's client map; nil when the client is in no prefix.
  public let clientEntry: Int?
  /// The slot of the image that the query is answered from: the workspace's own, or that of the client's availability zone.
  public let image: Int

  /// Takes what was decided.
  ///
  /// - Parameter image: nil for the workspace's own.
  public init(workspace: Int, shown: BasisSet, clientEntry: Int?, image: Int? = nil) {
    self.workspace = workspace
    self.image = image ?? workspace
    self.shown = shown
    self.clientEntry = clientEntry
  }
}

/// Why a query is nobody's.
public enum AskRefusal: Error, Hashable, Sendable {
  /// One thing that a query shows.
  public struct Sign: Hashable, Sendable {
    /// What it is.
    public let basis: Basis
    /// The slot of the workspace that it is of.
    public let workspace: Int
  }

  /// Nothing shows whose it is.
  case nobodys
  /// A token that no workspace has.
  case unknownToken
  /// Two workspaces claim what the query shows.
  case disputed(Basis)
  /// What it shows is of different workspaces; the stronger comes first.
  case violation(Sign, Sign)
  /// The workspace requires what the query does not show.
  case missing(Basis)
}

extension Snapshot {
  /// Decides whose a query is: token, lease, listening address, then the longest client prefix.
  ///
  /// All of them are looked at whichever decides: two that are of different workspaces are a violation, and what two
  /// workspaces claim refuses the query even where something stronger would decide. Only where a query shows a token or
  /// a lease that its workspace requires do other workspaces' weaker claims count for nothing, and the rest is looked up
  /// as if there were no others. Allocates nothing.
  public func decide(_ asking: Asking) -> Result<Decision, AskRefusal> {
    var evidence = Evidence()
    if let token = asking.token {
      guard let owner = claims.owner(ofToken: token) else { return .failure(.unknownToken) }
      // Where grants bound what files may claim, a copied digest does not take a token's bearers from their workspace.
      if owner == .disputed, grants != nil { evidence.sharedToken = token } else { evidence.add(.token, owner, claims) }
    }
    if let leasedTo = asking.leasedTo, grants?.isOthers(asking.client, than: leasedTo) != true {
      evidence.add(.lease, .workspace(leasedTo), claims)
    }
    let entry: Int?
    if let certain = evidence.certain {
      if let listener = asking.listener, claims.listeners.isClaimed(listener, by: certain) {
        evidence.add(.listener, .workspace(certain), claims)
      }
      entry = clients.find(asking.client, of: certain)
      if entry != nil { evidence.add(.clients, .workspace(certain), claims) }
    } else {
      if let listener = asking.listener, let owner = claims.owner(ofListener: listener) {
        evidence.add(.listener, owner, claims)
      }
      entry = clients.find(asking.client)
      if let entry {
        evidence.add(.clients, clients.workspace(at: entry).map { .workspace($0) } ?? .disputed, claims)
      }
    }
    evidence.settleSharedToken(claims)
    if let refusal = evidence.refusal { return .failure(refusal) }
    guard let workspace = evidence.workspace else { return .failure(.nobodys) }
    if let missing = claims.required(ofWorkspace: workspace).subtracting(evidence.shown).strongest {
      return .failure(.missing(missing))
    }
    let image = entry.flatMap { clients.image(at: $0) }
    return .success(Decision(workspace: workspace, shown: evidence.shown, clientEntry: entry, image: image))
  }
}

/// What was found of one query, the strongest first.
private struct Evidence {
  var workspace: Int?
  var shown: BasisSet = []
  /// The workspace, once a token or lease that it requires has shown it: others' weaker claims are not looked at.
  var certain: Int?
  /// A token that several workspaces have.
  var sharedToken: SHA256Digest?
  /// The first thing that is wrong.
  var refusal: AskRefusal?

  @inline(__always)
  mutating func add(_ basis: Basis, _ owner: ClaimTable.Owner, _ claims: borrowing ClaimTable) {
    if let certain, owner != .workspace(certain) { return }
    switch owner {
    case .disputed:
      refusal = refusal ?? .disputed(basis)
    case .workspace(let index):
      if let workspace, workspace != index, let first = shown.strongest {
        refusal =
          refusal ?? .violation(.init(basis: first, workspace: workspace), .init(basis: basis, workspace: index))
      }
      workspace = workspace ?? index
      shown.insert(BasisSet(basis))
      let binds = basis.isBeyondFiles && refusal == nil
      if binds, claims.required(ofWorkspace: index).contains(BasisSet(basis)) { certain = index }
    }
  }

  /// Gives a token that several workspaces have to the one of them that all else shows; without such it is nobody's.
  mutating func settleSharedToken(_ claims: borrowing ClaimTable) {
    guard let sharedToken else { return }
    if let workspace, claims.tokens.isClaimed(sharedToken, by: workspace) {
      shown.insert(BasisSet(.token))
    } else {
      refusal = refusal ?? .disputed(.token)
    }
  }
}
