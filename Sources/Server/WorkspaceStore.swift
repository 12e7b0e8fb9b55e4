import Forwarding
import Storage
import Text
import Wire
import Workspaces

/// The workspaces as they are on disk, each in its last good state.
///
/// An error in one workspace's files keeps that one as it was and touches no other; what has not changed is neither
/// read as a zone again nor built again.
struct WorkspaceStore {
  private let folder: ZonesFolder
  private let serverRules: [ForwardRule]
  private let listeners: [SocketAddress]
  private var loaded: [WorkspaceName: Loaded] = [:]

  private struct Loaded {
    /// Of the files' names and contents, to see whether they changed.
    var fingerprint: Int
    /// Nil when no state was ever good.
    var workspace: Workspace?
  }

  /// What a look at the disk brought.
  struct Changes {
    /// Workspaces that are there anew, changed or gone.
    var changed: Set<WorkspaceName> = []
    /// Everything that is wrong with those that were looked at.
    var problems: [Problem] = []
  }

  /// - Parameter listeners: where the server itself listens, and so where no workspace may forward to.
  init(folder: ZonesFolder, serverRules: [ForwardRule], listeners: [SocketAddress]) {
    self.folder = folder
    self.serverRules = serverRules
    self.listeners = listeners
  }

  /// Looks at every workspace.
  mutating func refreshAll() throws(Problem) -> Changes {
    let names = Set(try folder.workspaceNames())
    return refresh(names.union(loaded.keys), existing: names)
  }

  /// Looks at some workspaces.
  mutating func refresh(_ names: Set<WorkspaceName>) throws(Problem) -> Changes {
    refresh(names, existing: Set(try folder.workspaceNames()))
  }

  private mutating func refresh(_ names: Set<WorkspaceName>, existing: Set<WorkspaceName>) -> Changes {
    var changes = Changes()
    for name in names.sorted() {
      guard existing.contains(name) else {
        if loaded.removeValue(forKey: name)?.workspace != nil { changes.changed.insert(name) }
        continue
      }
      refresh(name, &changes)
    }
    return changes
  }

  private mutating func refresh(_ name: WorkspaceName, _ changes: inout Changes) {
    do throws(Problem) {
      let source = try folder.source(of: name)
      let fingerprint = Self.fingerprint(source)
      guard fingerprint != loaded[name]?.fingerprint else { return }
      let (workspace, problems) = Workspace.load(source, serverRules: serverRules, listeners: listeners)
      changes.problems += problems
      loaded[name] = Loaded(fingerprint: fingerprint, workspace: workspace ?? loaded[name]?.workspace)
      if workspace != nil { changes.changed.insert(name) }
    } catch {
      changes.problems.append(error)
    }
  }

  private static func fingerprint(_ source: WorkspaceSource) -> Int {
    var hasher = Hasher()
    for (name, content) in source.files.sorted(by: { $0.key < $1.key }) {
      hasher.combine(name)
      hasher.combine(content)
    }
    return hasher.finalize()
  }

  /// Puts the last good states together.
  func snapshot() -> (snapshot: Snapshot, problems: [Problem]) {
    Snapshot.make(loaded.values.compactMap(\.workspace))
  }

  /// How many workspaces have no good state.
  var brokenCount: Int { loaded.values.count { $0.workspace == nil } }
}
