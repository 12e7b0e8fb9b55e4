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

  /// Takes what was decided.
  public init(workspace: Int, shown: BasisSet, clientEntry: Int?) {
    self.workspace = workspace
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
  /// Decides whose a query is: token, listening address, lease, then the longest client prefix.
  ///
  /// All of them are looked at whichever decides: two that are of different workspaces are a violation, and what two
  /// workspaces claim refuses the query even where something stronger would decide. Allocates nothing.
  public func decide(_ asking: Asking) -> Result<Decision, AskRefusal> {
    var evidence = Evidence()
    if let token = asking.token {
      guard let owner = claims.owner(ofToken: token) else { return .failure(.unknownToken) }
      evidence.add(.token, owner)
    }
    if let listener = asking.listener, let owner = claims.owner(ofListener: listener) {
      evidence.add(.listener, owner)
    }
    if let leasedTo = asking.leasedTo { evidence.add(.lease, .workspace(leasedTo)) }
    let entry = clients.find(asking.client)
    if let entry { evidence.add(.clients, clients.workspace(at: entry).map { .workspace($0) } ?? .disputed) }
    if let refusal = evidence.refusal { return .failure(refusal) }
    guard let workspace = evidence.workspace else { return .failure(.nobodys) }
    if let missing = claims.required(ofWorkspace: workspace).subtracting(evidence.shown).strongest {
      return .failure(.missing(missing))
    }
    return .success(Decision(workspace: workspace, shown: evidence.shown, clientEntry: entry))
  }
}

/// What was found of one query, the strongest first.
private struct Evidence {
  var workspace: Int?
  var shown: BasisSet = []
  /// The first thing that is wrong.
  var refusal: AskRefusal?

  @inline(__always)
  mutating func add(_ basis: Basis, _ owner: ClaimTable.Owner) {
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
    }
  }
}
