import Forwarding
import Storage
import SystemIO
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
  private let own: OwnAddresses
  private var builder = SnapshotBuilder()
  private var loaded: [WorkspaceName: Loaded] = [:]
  private var broken: [WorkspaceName: BrokenWorkspace] = [:]

  private struct Loaded {
    /// Of the files' names and contents, to see whether they changed; nil when they could not be read.
    var fingerprint: Int?
    /// A good state is served.
    var isServed = false
  }

  /// What a look at the disk brought.
  struct Changes {
    /// Workspaces that are there anew, changed or gone.
    var changed: Set<WorkspaceName> = []
    /// Everything that is wrong with those that were looked at.
    var problems: [Problem] = []
  }

  /// - Parameter own: where the server itself is reached, and so where no workspace may forward to.
  init(folder: ZonesFolder, serverRules: [ForwardRule], own: OwnAddresses) {
    self.folder = folder
    self.serverRules = serverRules
    self.own = own
  }

  /// The last good states, together.
  var snapshot: Snapshot { builder.snapshot }

  /// The workspaces whose files are wrong, in the order of their names.
  var brokenWorkspaces: [BrokenWorkspace] { broken.values.sorted { $0.name < $1.name } }

  /// Looks at every workspace.
  mutating func refreshAll() throws(Problem) -> Changes {
    let names = Set(try folder.workspaceNames())
    var changes = Changes()
    for name in names.union(loaded.keys).sorted() { refresh(name, exists: names.contains(name), &changes) }
    changes.problems += builder.build()
    return changes
  }

  /// Looks at some workspaces, and at nothing else.
  ///
  /// - Throws: when the zones folder itself is not there: then nothing is known of what was in it.
  mutating func refresh(_ names: Set<WorkspaceName>) throws(Problem) -> Changes {
    var existing: Set<WorkspaceName> = []
    for name in names where try folder.contains(name) { existing.insert(name) }
    if existing.count < names.count { try folder.checkIsThere() }
    var changes = Changes()
    for name in names.sorted() { refresh(name, exists: existing.contains(name), &changes) }
    changes.problems += builder.build()
    return changes
  }

  private mutating func refresh(_ name: WorkspaceName, exists: Bool, _ changes: inout Changes) {
    guard exists else {
      broken[name] = nil
      if loaded.removeValue(forKey: name)?.isServed == true {
        builder.remove(name)
        changes.changed.insert(name)
      }
      return
    }
    do throws(Problem) {
      let source = try folder.source(of: name)
      let fingerprint = Self.fingerprint(source)
      guard fingerprint != loaded[name]?.fingerprint else { return }
      let (workspace, problems) = Workspace.load(source, serverRules: serverRules, own: own)
      changes.problems += problems
      loaded[name, default: Loaded()].fingerprint = fingerprint
      guard let workspace else { return note(problems, with: name) }
      broken[name] = nil
      loaded[name]?.isServed = true
      builder.set(workspace)
      changes.changed.insert(name)
    } catch {
      changes.problems.append(error)
      // Whatever is read next is looked at again.
      loaded[name, default: Loaded()].fingerprint = nil
      note([error], with: name)
    }
  }

  /// Keeps what is wrong with a workspace, and since when something is.
  private mutating func note(_ problems: [Problem], with name: WorkspaceName) {
    broken[name] = BrokenWorkspace(
      name: name, sinceSeconds: broken[name]?.sinceSeconds ?? System.wallClockSeconds(),
      isServed: loaded[name]?.isServed == true, problems: problems.filter { $0.severity == .error })
  }

  private static func fingerprint(_ source: WorkspaceSource) -> Int {
    var hasher = Hasher()
    for (name, content) in source.files.sorted(by: { $0.key < $1.key }) {
      hasher.combine(name)
      hasher.combine(content)
    }
    return hasher.finalize()
  }
}

/// A workspace whose files are wrong, for people.
struct BrokenWorkspace: Sendable {
  /// Whose files they are.
  let name: WorkspaceName
  /// Since when something is wrong with them, in seconds since 1970.
  let sinceSeconds: UInt64
  /// True when the state before is still served; false when there was none.
  let isServed: Bool
  /// What is wrong.
  let problems: [Problem]
}
