import Text
import Workspaces

/// What the store has at the key of a pod's address: whose it is, and why.
///
/// `{"workspace": "acme", "uid": "…", "namespace": "jobs", "name": "connector-1", "ttl": 60}`; the key is bound to the lease
/// of the discovery that wrote it, whose time is `ttl` seconds. A key without a `uid` was written by somebody else, a
/// command say, and is left alone here.
public enum PodRecord {
  /// The octets of a value.
  public static func octets(_ identity: PodIdentity, seconds: Int64) -> [UInt8] {
    let value: JSON = [
      "workspace": .string(identity.workspace.description), "uid": .string(identity.uid),
      "namespace": .string(identity.namespace), "name": .string(identity.name), "ttl": .number(seconds),
    ]
    return Array(value.compactText.utf8)
  }

  /// Reads a value; nil where it is not one of a discovery.
  public static func identity(_ octets: [UInt8]) -> PodIdentity? {
    guard let value = try? JSON.parse(octets, file: "pod", comments: false), case .object(let members) = value.content,
      let text = string(members["workspace"]), let workspace = WorkspaceName(text), let uid = string(members["uid"]),
      !uid.isEmpty
    else { return nil }
    return PodIdentity(
      workspace: workspace, uid: uid, namespace: string(members["namespace"]) ?? "", name: string(members["name"]) ?? ""
    )
  }

  private static func string(_ value: JSON?) -> String? {
    if case .string(let text)? = value?.content { text } else { nil }
  }
}
