import Bounds
import Fleet
import Text

/// Who follows the store, and how far they are.
extension EtcdStore {
  /// All replicas that are there, in the order of their keys.
  ///
  /// - Throws: when the store does not answer, or is none of Backroad's.
  public func replicas() throws(Problem) -> [FleetReplica] {
    guard try exists() else { throw missing }
    let answer = try ask(.range(keys.replicas))
    return answer.keyValues.compactMap { entry in
      guard case .key(.replica(let id)) = keys.read(entry.key) else { return nil }
      return FleetReplica(
        id: id, value: entry.valueIsTooLong ? nil : entry.value, storeRevision: answer.message.revision)
    }
  }

  /// The last revision at which a key of a workspace or a pod was written that is still there, whatever it is: replicas are
  /// handed bad ones, too. Deletions leave nothing to be seen: a replica may have one that is later.
  ///
  /// Etcd looks at every key for this, and sends two.
  public func contentRevision() throws(Problem) -> Int64 {
    var newest: Int64 = 0
    for range in [keys.workspaces, keys.pods] {
      let entry = try ask(.range(range, limit: 1, keysOnly: true, order: .newestFirst)).keyValues.first
      newest = max(newest, entry?.modRevision ?? 0)
    }
    return newest
  }
}
