import Wire
import Workspaces

/// What was handed on of the store: of each key the revision of its last change, and no values.
struct Knowledge {
  /// By workspace, the keys below its own and the revisions that made them.
  private(set) var workspaces: [WorkspaceName: [String: Int64]] = [:]
  var pods: [IPAddress: Int64] = [:]
  var replicas: [String: Int64] = [:]
  /// The workspaces that were too large when they were read last, and whether any key of theirs has changed since.
  var oversized: [WorkspaceName: Bool] = [:]

  /// The key below a workspace's that says who changed it last: it makes no workspace.
  static let author = ".change"

  /// What is known of a workspace's keys.
  subscript(name: WorkspaceName) -> [String: Int64] {
    get { workspaces[name] ?? [:] }
    set {
      workspaces[name] = newValue.isEmpty ? nil : newValue
      oversized[name] = nil
    }
  }

  /// A workspace was read, whole.
  mutating func take(_ gathered: GatheredWorkspace) {
    self[gathered.name] = gathered.keys
    if gathered.isTooLarge, Self.isWorkspace(gathered.keys) { oversized[gathered.name] = false }
  }

  mutating func set(_ revision: Int64?, of path: String, in name: WorkspaceName) {
    workspaces[name, default: [:]][path] = revision
    if workspaces[name]?.isEmpty == true { workspaces[name] = nil }
    if oversized[name] != nil { oversized[name] = true }
  }

  /// True when the workspace has files.
  func holds(_ name: WorkspaceName) -> Bool { Self.isWorkspace(self[name]) }

  /// True for keys that make a workspace.
  static func isWorkspace(_ keys: [String: Int64]) -> Bool { keys.count > (keys[author] == nil ? 0 : 1) }

  /// Everything is to be handed on again: what is known is of another store.
  mutating func distrust() {
    (workspaces, oversized) = ([:], [:])
    pods = pods.mapValues { _ in 0 }
    replicas = replicas.mapValues { _ in 0 }
  }
}
