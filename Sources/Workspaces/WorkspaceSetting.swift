import Forwarding
import Wire

/// What of the server a workspace is loaded with.
public struct WorkspaceSetting: Sendable {
  /// The server's own forwarding, for names that the workspace has no rule for.
  public var serverRules: ForwardRules
  /// Where the server itself is reached; an upstream that is one of these is refused.
  public var own: OwnAddresses
  /// What workspaces may claim; a claim beyond is an error.
  public var grants: Grants?
  /// Which addresses are private to every workspace.
  public var networks: PrivateNetworks
  /// Of the hashes of the zones' names; one that nobody outside knows.
  public var seed: HashSeed

  /// Takes the parts.
  public init(
    serverRules: ForwardRules = ForwardRules([]), own: OwnAddresses = OwnAddresses(), grants: Grants? = nil,
    networks: PrivateNetworks = PrivateNetworks(), seed: HashSeed = .known
  ) {
    self.serverRules = serverRules
    self.own = own
    self.grants = grants
    self.networks = networks
    self.seed = seed
  }
}
