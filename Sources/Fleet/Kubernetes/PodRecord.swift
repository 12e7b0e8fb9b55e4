import Bounds
import Text
import Workspaces

/// What the store has at the key of a pod's address: whose it is, and why.
///
/// `{"workspace": "acme", "uid": "…", "namespace": "jobs", "name": "connector-1", "ttl": 60}` is a discovery's; the key is
/// bound to the lease of the discovery that wrote it, whose time is `ttl` seconds, and goes with the pod.
/// `{"workspace": "acme", "ttl": 3600}` is a lease that somebody gave for so many seconds. A discovery leaves it alone. With
/// `"alone": true` no other key has etcd's lease that the key is bound to, so that who ends the one ends the other.
public enum PodRecord {
  /// What a value says.
  public struct Content: Hashable, Sendable {
    /// Whose client the address is.
    public let workspace: WorkspaceName
    /// The pod, where a discovery has found it.
    public let pod: PodIdentity?
    /// For how many seconds it holds from when it was written; nil where whoever wrote it ends it.
    public let seconds: UInt64?
    /// The key is the only one that is bound to its lease.
    public let hasLeaseOfItsOwn: Bool
  }

  /// The octets of a discovery's value.
  public static func octets(_ identity: PodIdentity, seconds: Int64) -> [UInt8] {
    let value: JSON = [
      "workspace": .string(identity.workspace.description), "uid": .string(identity.uid),
      "namespace": .string(identity.namespace), "name": .string(identity.name), "ttl": .number(seconds),
    ]
    return Array(value.compactText.utf8)
  }

  /// The octets of a lease's value.
  public static func octets(lease workspace: WorkspaceName, seconds: UInt64) -> [UInt8] {
    let value: JSON = [
      "workspace": .string(workspace.description), "ttl": .number(seconds), "alone": JSON(.bool(true)),
    ]
    return Array(value.compactText.utf8)
  }

  /// Reads a value; nil where it does not say whose the address is, or not for how long.
  public static func read(_ octets: [UInt8]) -> Content? {
    guard let value = try? JSON.parse(octets, file: "pod", comments: false), case .object(let members) = value.content,
      let text = string(members["workspace"]), let workspace = WorkspaceName(text)
    else { return nil }
    if let uid = string(members["uid"]), !uid.isEmpty {
      let pod = PodIdentity(
        workspace: workspace, uid: uid, namespace: string(members["namespace"]) ?? "",
        name: string(members["name"]) ?? "")
      return Content(workspace: workspace, pod: pod, seconds: nil, hasLeaseOfItsOwn: false)
    }
    guard let ttl = members["ttl"] else {
      return Content(workspace: workspace, pod: nil, seconds: nil, hasLeaseOfItsOwn: false)
    }
    guard let seconds = try? ttl.expectInt("\"ttl\"", in: 1...Int(Limits.Leases.seconds), file: "pod") else {
      return nil
    }
    let isAlone = members["alone"]?.content == .bool(true)
    return Content(workspace: workspace, pod: nil, seconds: UInt64(seconds), hasLeaseOfItsOwn: isAlone)
  }

  /// Reads a value; nil where it is not one of a discovery.
  public static func identity(_ octets: [UInt8]) -> PodIdentity? { read(octets)?.pod }

  private static func string(_ value: JSON?) -> String? {
    if case .string(let text)? = value?.content { text } else { nil }
  }
}
