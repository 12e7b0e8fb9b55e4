import Wire
import Workspaces

/// Something to be asked or connected to, and on whose account.
public struct WatchProbe: Hashable, Sendable {
  /// What it is.
  public enum Kind: Hashable, Sendable {
    /// Ask for the addresses of a name, as a client of the workspace would.
    case resolve(Name)
    /// Connect by TCP.
    case connect(SocketAddress)
  }

  /// Its number, with which the outcome is told.
  public let number: UInt64
  /// Whose endpoint it is.
  public let workspace: WorkspaceName
  /// What is to be done.
  public let kind: Kind
}

/// An endpoint's state that has become another.
public struct HealthChange: Hashable, Sendable {
  /// Whose link it is.
  public let workspace: WorkspaceName
  /// Which endpoint.
  public let id: LinkTarget.ID
  /// How it stood.
  public let former: LinkHealth
  /// How it stands.
  public let health: LinkHealth

  /// Takes the parts.
  public init(workspace: WorkspaceName, id: LinkTarget.ID, former: LinkHealth, health: LinkHealth) {
    (self.workspace, self.id, self.former, self.health) = (workspace, id, former, health)
  }
}
