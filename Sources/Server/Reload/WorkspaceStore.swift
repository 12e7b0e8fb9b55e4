import Bounds
import Storage
import SystemIO
import Text
import Workspaces

/// The workspaces in their last good states, put together of what reading them brings.
///
/// An error in one workspace's files keeps that one as it was and touches no other. Used by one thread, which reads and
/// builds nothing itself.
struct WorkspaceStore {
  private var builder: SnapshotBuilder
  /// Those of which a good state is served.
  private(set) var served: Set<WorkspaceName> = []
  private(set) var broken: [WorkspaceName: BrokenWorkspace] = [:]

  /// - Parameters:
  ///   - grants: what each workspace may claim, which those that are taken have been held to.
  ///   - own: where the server itself is reached.
  ///   - countsQueries: whether each workspace's queries are counted.
  init(grants: Grants? = nil, own: OwnAddresses = OwnAddresses(), countsQueries: Bool = false) {
    builder = SnapshotBuilder(grants: grants, own: own, countsQueries: countsQueries)
  }

  /// The last good states, together, as of the last `build`.
  var snapshot: Snapshot { builder.snapshot }

  /// Every workspace that is known of: served, broken or both.
  var names: Set<WorkspaceName> { served.union(broken.keys) }

  /// True for one of `names`.
  func knows(_ name: WorkspaceName) -> Bool { served.contains(name) || broken[name] != nil }

  /// Takes what reading a workspace brought.
  ///
  /// - Returns: true when the next snapshot has it anew, changed or no more.
  mutating func take(_ outcome: WorkspaceOutcome, of name: WorkspaceName) -> Bool {
    switch outcome {
    case .same, .noFolder, .larger: return false
    case .gone:
      broken[name] = nil
      guard served.remove(name) != nil else { return false }
      builder.remove(name)
      return true
    case .unreadable(let problem):
      note([problem], with: name)
      return false
    case .read(_, let workspace, let problems):
      guard let workspace else {
        note(problems, with: name)
        return false
      }
      broken[name] = nil
      served.insert(name)
      builder.set(workspace)
      return true
    }
  }

  /// Makes the next snapshot.
  ///
  /// - Returns: what is wrong between workspaces.
  mutating func build() -> [ClaimProblem] { builder.build() }

  /// Keeps what is wrong with a workspace, and since when something is.
  private mutating func note(_ problems: [Problem], with name: WorkspaceName) {
    broken[name] = BrokenWorkspace(
      name: name, sinceSeconds: broken[name]?.sinceSeconds ?? System.wallClockSeconds(),
      isServed: served.contains(name),
      problems: Array(problems.lazy.filter { $0.severity == .error }.prefix(Limits.Admin.problemsOfStatus)))
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
  /// What is wrong: the first errors, as many as are shown.
  let problems: [Problem]
}
