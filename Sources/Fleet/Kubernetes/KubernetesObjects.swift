import Bounds
import Wire
import Workspaces

/// What an API server says of a pod, as far as it matters for whose its addresses are.
public struct Pod: Hashable, Sendable {
  /// Never another pod's, also where a later pod has the same name.
  public var uid = ""
  /// The namespace it is in.
  public var namespace = ""
  /// Its name, which is unique in its namespace at any one time.
  public var name = ""
  /// Of which change of the pod this is.
  public var version = ResourceVersion("")
  /// The value of its label `backroad.dev/workspace`; nil without one.
  public var label: String?
  /// Its addresses of both families, each once: `status.podIPs`, and `status.podIP`.
  public var addresses: [IPAddress] = []
  /// It has no addresses of its own: they are its node's.
  public var isOnHostNetwork = false
  /// Its phase is Succeeded or Failed: its addresses may be another's already.
  public var isFinished = false
  /// It is being deleted.
  public var isBeingDeleted = false
  /// At least one of its containers runs.
  public var hasRunningContainer = false

  /// A pod of which nothing is known yet.
  public init() {}

  /// The addresses that are its own at the moment, and may be somebody's because of it.
  ///
  /// None for a pod on its node's network, one that has finished, and one that is being deleted and whose containers are
  /// gone: nobody asks from there any more, and the addresses are free to be given to the next pod.
  public var ownAddresses: [IPAddress] {
    isOnHostNetwork || isFinished || (isBeingDeleted && !hasRunningContainer) ? [] : addresses
  }
}

/// What an API server says of a namespace, as far as it matters for whose its pods are.
public struct Namespace: Hashable, Sendable {
  /// Never another namespace's, also where a later one has the same name.
  public var uid = ""
  /// Its name.
  public var name = ""
  /// Of which change of the namespace this is.
  public var version = ResourceVersion("")
  /// The value of its annotation `backroad.dev/workspace`; nil without one.
  public var workspace: String?
  /// The value of its annotation `backroad.dev/pods-choose`; nil without one.
  public var podsChoose: String?

  /// A namespace of which nothing is known yet.
  public init() {}

  /// Whose a pod in it is.
  ///
  /// Its own annotation decides for all of its pods, whatever their labels say: who may make pods in a namespace may give
  /// them any label. Only where there is none, and the namespace says that its pods choose, the pod's label counts.
  public func workspace(of pod: Pod) -> WorkspaceName? {
    if let workspace { return WorkspaceName(workspace) }
    guard podsChoose == KubernetesNames.yes, let label = pod.label else { return nil }
    return WorkspaceName(label)
  }
}

/// The names by which a cluster says whose its pods are.
public enum KubernetesNames {
  /// A namespace's annotation, or a pod's label: the workspace.
  public static let workspace = "backroad.dev/workspace"
  /// A namespace's annotation: where it says "true" the labels of its pods count.
  public static let podsChoose = "backroad.dev/pods-choose"
  /// What that says.
  public static let yes = "true"
}

/// Of which change of the cluster something is.
///
/// Officially opaque for long, and comparable as a number since Kubernetes 1.35; the revisions of etcd in fact. Where two of
/// them are no numbers nothing is known of their order but that they differ.
public struct ResourceVersion: Hashable, Sendable, CustomStringConvertible {
  /// As the API server wrote it.
  public let description: String
  /// As a number, where it is one.
  let number: UInt64?

  /// Takes what an API server wrote.
  public init(_ text: String) {
    description = text
    number = text.utf8.first == UInt8(ascii: "+") ? nil : UInt64(text)
  }

  /// True where what is of this version tells nothing that what is of the other does not: the same, or known to be older.
  func isNoNewer(than other: Self) -> Bool {
    guard let number, let theirs = other.number else { return description == other.description }
    return number <= theirs
  }
}

/// Whose an address is, because of which pod.
public struct PodIdentity: Hashable, Sendable {
  /// The workspace.
  public let workspace: WorkspaceName
  /// The pod's uid.
  public let uid: String
  /// The pod's namespace.
  public let namespace: String
  /// The pod's name.
  public let name: String

  /// Takes the parts.
  public init(workspace: WorkspaceName, uid: String, namespace: String, name: String) {
    (self.workspace, self.uid, self.namespace, self.name) = (workspace, uid, namespace, name)
  }
}

/// What becomes of an address. Changes are to be carried out in their order: that of one address to the next pod comes
/// after that from the former one.
public enum AddressChange: Hashable, Sendable {
  /// The address is nobody's from now on.
  case drop(IPAddress)
  /// The address, which is nobody's, is this pod's.
  case grant(IPAddress, PodIdentity)
}
