import Workspaces

/// A link among those of all workspaces.
public struct LinkID: Hashable, Sendable, Comparable {
  /// Whose it is.
  public let workspace: WorkspaceName
  /// Its name in the workspace.
  public let link: String

  /// Takes both.
  public init(_ workspace: WorkspaceName, _ link: String) {
    self.workspace = workspace
    self.link = link
  }

  /// By workspace, then by name.
  public static func < (a: Self, b: Self) -> Bool { (a.workspace, a.link) < (b.workspace, b.link) }
}
