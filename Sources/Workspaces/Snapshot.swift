import Forwarding
import Text
import Wire
import Zones

/// Everything the server answers from at one moment. It never changes; a reload makes another.
public final class Snapshot: Sendable {
  /// In the order of their names.
  public let workspaces: [Workspace]
  /// Whose client an address is.
  public let clients: ClientMap
  /// The workspaces' zones, at the same indices.
  public let images: ZoneImageDirectory

  /// Puts workspaces together.
  ///
  /// A prefix that two of them claim is nobody's: its clients are refused until the files agree.
  /// - Returns: with the snapshot, a problem for each such prefix, naming both.
  public static func make(_ workspaces: [Workspace]) -> (snapshot: Snapshot, problems: [Problem]) {
    let sorted = workspaces.sorted { $0.name < $1.name }
    var claims: [IPPrefix: (workspace: Int?, first: Int)] = [:]
    var problems: [Problem] = []
    for (index, workspace) in sorted.enumerated() {
      for client in workspace.clients {
        guard let claim = claims[client.prefix] else {
          claims[client.prefix] = (index, index)
          continue
        }
        claims[client.prefix]?.workspace = nil
        problems.append(
          Problem(
            file: "\(workspace.folder)/\(WorkspaceFile.fileName)", position: client.position,
            """
            the clients \(client.prefix) are those of workspace \(sorted[claim.first].name) too, so both are refused; \
            leave the prefix to one of them
            """))
      }
    }
    let entries = claims.map { ClientMap.Entry(prefix: $0.key, workspace: $0.value.workspace) }
    return (Snapshot(sorted, ClientMap(entries)), problems)
  }

  /// The index of a workspace by its name; nil when there is none.
  public func index(of name: WorkspaceName) -> Int? {
    var low = 0
    var high = workspaces.count
    while low < high {
      let middle = (low + high) / 2
      if workspaces[middle].name < name { low = middle + 1 } else { high = middle }
    }
    return low < workspaces.count && workspaces[low].name == name ? low : nil
  }

  private init(_ workspaces: [Workspace], _ clients: ClientMap) {
    self.workspaces = workspaces
    self.clients = clients
    images = ZoneImageDirectory(workspaces.map(\.image))
  }
}
