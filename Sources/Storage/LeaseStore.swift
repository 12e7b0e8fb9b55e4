import Text
import Wire
import Workspaces

/// Where a fleet's leases are kept, for whoever changes them: it is waited for.
public protocol LeaseStore {
  /// Leases addresses to a workspace, or renews the leases: all or none.
  ///
  /// - Parameters:
  ///   - seconds: for how long.
  ///   - counts: false for a workspace that is not there: its leases stand in nobody's way.
  /// - Returns: the store's revision that has them.
  func grant(
    _ addresses: [IPAddress], to workspace: WorkspaceName, seconds: UInt64, where counts: (WorkspaceName) -> Bool
  ) throws(LeaseStoreFailure) -> Int64

  /// Ends leases of a workspace: all or none.
  ///
  /// - Returns: the store's revision that does not have them any more.
  func remove(_ addresses: [IPAddress], of workspace: WorkspaceName) throws(LeaseStoreFailure) -> Int64
}

/// Why leases were not changed in a store.
public enum LeaseStoreFailure: Error {
  /// What is there does not allow it, and nothing was changed.
  case refused(LeaseRefusal)
  /// The store was not to be reached, or refuses; the text says whether anything can have changed.
  case problem(Problem)
}
