import Storage
import SystemIO
import Text
import Workspaces

/// The workspaces as they are on disk, each in its last good state.
///
/// An error in one workspace's files keeps that one as it was and touches no other; what has not changed is neither
/// read as a zone again nor built again.
struct WorkspaceStore {
  private let reader: WorkspaceReader
  private var builder: SnapshotBuilder
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
    /// Workspaces whose files could not be read: each stays as it was.
    var unread: Set<WorkspaceName> = []
    /// Of the problems, why files could not be read where that was so the last time too.
    var known: Set<Problem> = []
  }

  /// - Parameter countsQueries: whether each workspace's queries are counted.
  init(_ reader: WorkspaceReader, countsQueries: Bool = false) {
    self.reader = reader
    builder = SnapshotBuilder(grants: reader.grants, own: reader.own, countsQueries: countsQueries)
  }

  /// The last good states, together.
  var snapshot: Snapshot { builder.snapshot }

  /// The workspaces whose files are wrong, in the order of their names.
  var brokenWorkspaces: [BrokenWorkspace] { broken.values.sorted { $0.name < $1.name } }

  /// Looks at every workspace, on as many threads as there are cores.
  mutating func refreshAll() throws(Problem) -> Changes {
    let existing = try reader.folder.workspaceNames()
    return refresh(existing, gone: Set(loaded.keys).subtracting(existing))
  }

  /// Looks at some workspaces, and at nothing else.
  ///
  /// - Throws: when the zones folder itself is not there: then nothing is known of what was in it.
  mutating func refresh(_ names: Set<WorkspaceName>) throws(Problem) -> Changes {
    var existing: [WorkspaceName] = []
    for name in names.sorted() where try reader.folder.contains(name) { existing.append(name) }
    if existing.count < names.count { try reader.folder.checkIsThere() }
    return refresh(existing, gone: names.subtracting(existing))
  }

  private mutating func refresh(_ existing: [WorkspaceName], gone: Set<WorkspaceName>) -> Changes {
    let reader = reader
    let known = existing.map { loaded[$0]?.fingerprint }
    let outcomes = concurrentMap(existing.count, threads: System.coreCount) { index in
      reader.read(existing[index], unlessIts: known[index])
    }
    var changes = Changes()
    for (name, outcome) in zip(existing, outcomes) { take(outcome, of: name, &changes) }
    for name in gone { remove(name, &changes) }
    changes.problems += builder.build()
    return changes
  }

  private mutating func take(_ outcome: WorkspaceReader.Outcome, of name: WorkspaceName, _ changes: inout Changes) {
    switch outcome {
    case .same: return
    case .unreadable(let problem):
      changes.problems.append(problem)
      changes.unread.insert(name)
      if broken[name]?.problems == [problem] { changes.known.insert(problem) }
      // Whatever is read next is looked at again.
      loaded[name, default: Loaded()].fingerprint = nil
      note([problem], with: name)
    case .read(let fingerprint, let workspace, let problems):
      changes.problems += problems
      loaded[name, default: Loaded()].fingerprint = fingerprint
      guard let workspace else { return note(problems, with: name) }
      broken[name] = nil
      loaded[name]?.isServed = true
      builder.set(workspace)
      changes.changed.insert(name)
    }
  }

  private mutating func remove(_ name: WorkspaceName, _ changes: inout Changes) {
    broken[name] = nil
    guard loaded.removeValue(forKey: name)?.isServed == true else { return }
    builder.remove(name)
    changes.changed.insert(name)
  }

  /// Keeps what is wrong with a workspace, and since when something is.
  private mutating func note(_ problems: [Problem], with name: WorkspaceName) {
    broken[name] = BrokenWorkspace(
      name: name, sinceSeconds: broken[name]?.sinceSeconds ?? System.wallClockSeconds(),
      isServed: loaded[name]?.isServed == true, problems: problems.filter { $0.severity == .error })
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
