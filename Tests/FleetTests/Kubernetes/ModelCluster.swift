import Fleet
import TestKit
import Wire
import Workspaces

/// A cluster that pods come to and go from, with all that it ever was: what is allowed is decided here, once more and
/// plainly.
struct ModelCluster {
  struct ModelPod {
    var uid: String
    var namespace: String
    var name: String
    var label: String?
    var addresses: [IPAddress] = []
    var hostNetwork = false
    var phase = "Pending"
    var deleting = false
    var running = false
    /// Its node is lost: the object stays as it is, and its addresses are given to others.
    var isLost = false

    /// What nobody else can have at the same time.
    var own: [IPAddress] {
      hostNetwork || phase == "Succeeded" || phase == "Failed" || (deleting && !running) ? [] : addresses
    }
  }

  struct ModelNamespace {
    var uid: String
    var name: String
    var workspace: String?
    var choose: String?
  }

  /// An object as it was from one revision to, and without, another.
  struct Past<Object> {
    let object: Object
    let from: UInt64
    var to = UInt64.max
    /// When the pod got the addresses that it has.
    var acquired: UInt64 = 0
  }

  struct Change {
    let revision: UInt64
    let resource: KubernetesResource
    let type: String
    let uid: String
    let text: String
  }

  private(set) var revision: UInt64 = 1000
  /// Watches from before this are refused.
  var compacted: UInt64 = 0
  private(set) var pods: [String: ModelPod] = [:]
  private(set) var namespaces: [String: ModelNamespace] = [:]
  private(set) var log: [Change] = []
  private(set) var pastPods: [String: [Past<ModelPod>]] = [:]
  private(set) var pastNamespaces: [String: [Past<ModelNamespace>]] = [:]
  private var uids = 0
  private let addressCount: UInt32

  init(addressCount: UInt32) { self.addressCount = addressCount }

  // MARK: Changing

  mutating func set(_ pod: ModelPod, _ random: inout SeededGenerator) {
    let isNew = pods[pod.uid] == nil
    let had = pods[pod.uid]?.own
    revision += 1
    var acquired = pastPods[pod.uid]?.last?.acquired ?? 0
    if had != pod.own { acquired = revision }
    pods[pod.uid] = pod
    end(&pastPods[pod.uid])
    pastPods[pod.uid, default: []].append(Past(object: pod, from: revision, acquired: acquired))
    add(.pods, isNew ? "ADDED" : "MODIFIED", pod.uid, Self.json(pod, revision, &random))
  }

  mutating func remove(_ pod: ModelPod, _ random: inout SeededGenerator) {
    revision += 1
    pods[pod.uid] = nil
    end(&pastPods[pod.uid])
    add(.pods, "DELETED", pod.uid, Self.json(pod, revision, &random))
  }

  mutating func set(_ namespace: ModelNamespace, _ random: inout SeededGenerator) {
    let isNew = namespaces[namespace.name]?.uid != namespace.uid
    revision += 1
    namespaces[namespace.name] = namespace
    end(&pastNamespaces[namespace.name])
    pastNamespaces[namespace.name, default: []].append(Past(object: namespace, from: revision))
    add(.namespaces, isNew ? "ADDED" : "MODIFIED", namespace.uid, Self.json(namespace, revision))
  }

  mutating func remove(_ namespace: ModelNamespace) {
    revision += 1
    namespaces[namespace.name] = nil
    end(&pastNamespaces[namespace.name])
    add(.namespaces, "DELETED", namespace.uid, Self.json(namespace, revision))
  }

  private func end<Object>(_ list: inout [Past<Object>]?) {
    guard let last = list?.indices.last, list?[last].to == .max else { return }
    list?[last].to = revision
  }

  private mutating func add(_ resource: KubernetesResource, _ type: String, _ uid: String, _ text: String) {
    log.append(Change(revision: revision, resource: resource, type: type, uid: uid, text: text))
  }

  mutating func newUID() -> String {
    uids += 1
    return "uid-\(uids)"
  }

  /// An address that nobody has, of those few that there are: mostly one that somebody had a moment ago.
  func freeAddress(_ random: inout SeededGenerator) -> IPAddress? {
    let used = Set(pods.values.filter { !$0.isLost }.flatMap(\.own))
    let all = (0..<addressCount).map { (number: UInt32) -> IPAddress in
      number % 4 == 3 ? .v6(0xfd00 << 112 | UInt128(number)) : .v4(0x0a00_0000 | number)
    }
    let free = all.filter { !used.contains($0) }
    return free.isEmpty ? nil : random.pick(free)
  }

  // MARK: What holds

  static func workspace(of pod: ModelPod, in namespace: ModelNamespace) -> String? {
    if let workspace = namespace.workspace { return workspace == "Not-A-Name" ? nil : workspace }
    return namespace.choose == "true" ? pod.label : nil
  }

  /// Who has which address now. No address is of two, unless a node is lost.
  var truth: [IPAddress: PodIdentity] {
    var truth: [IPAddress: PodIdentity] = [:]
    for pod in pods.values {
      guard let namespace = namespaces[pod.namespace], let text = Self.workspace(of: pod, in: namespace),
        let workspace = WorkspaceName(text)
      else { continue }
      let identity = PodIdentity(workspace: workspace, uid: pod.uid, namespace: pod.namespace, name: pod.name)
      for address in pod.own { truth[address] = identity }
    }
    return truth
  }

  /// Nil where an address may be a pod's for one who has heard of all pods up to a revision, and of all namespaces up to
  /// another; else why not.
  func objection(_ address: IPAddress, _ identity: PodIdentity, pods podsAt: UInt64, namespaces namespacesAt: UInt64)
    -> String?
  {
    let then = (pastPods[identity.uid] ?? []).filter { $0.to > podsAt && $0.object.own.contains(address) }
    guard !then.isEmpty else { return "the pod did not have it any more at \(podsAt)" }
    let spaces = (pastNamespaces[identity.namespace] ?? []).filter { $0.to > namespacesAt }
    guard
      then.contains(where: { past in
        spaces.contains { Self.workspace(of: past.object, in: $0.object) == identity.workspace.description }
      })
    else { return "its namespace did not say so any more at \(namespacesAt)" }
    guard let mine = pastPods[identity.uid]?.last(where: { $0.from <= podsAt }), mine.to > podsAt else { return nil }
    for (uid, list) in pastPods where uid != identity.uid {
      guard let other = list.last(where: { $0.from <= podsAt }), other.to > podsAt, other.object.own.contains(address),
        other.acquired > mine.acquired
      else { continue }
      return "\(uid) has had it since \(other.acquired)"
    }
    return nil
  }

  // MARK: Text

  private static func json(_ pod: ModelPod, _ revision: UInt64, _ random: inout SeededGenerator) -> String {
    var labels = random.oneIn(2) ? #""app":"\u0041""# : #""app":"A""#
    if let label = pod.label { labels += #","backroad.dev/workspace":"\#(label)""# }
    var metadata = [
      #""name":"\#(pod.name)""#, #""namespace":"\#(pod.namespace)""#, #""uid":"\#(pod.uid)""#,
      #""resourceVersion":"\#(revision)""#, #""labels":{\#(labels)}"#,
      #""managedFields":[{"fieldsV1":{"f:status":{"f:podIP":{},"f:uid":"no"}}}]"#,
    ]
    if pod.deleting { metadata.append(#""deletionTimestamp":"2026-11-28T10:00:00Z""#) }
    var status = [#""phase":"\#(pod.phase)""#, #""hostIP":"10.0.0.1""#, #""conditions":[{"type":"Ready"},null,3.5e2]"#]
    if let first = pod.addresses.first {
      status.append(#""podIP":"\#(first)""#)
      status.append(#""podIPs":[\#(pod.addresses.map { #"{"ip":"\#($0)"}"# }.joined(separator: ","))]"#)
    }
    status.append(
      #""containerStatuses":[{"name":"c","state":{"\#(pod.running ? "running" : "terminated")":{"startedAt":"x"}}}]"#)
    var parts = [
      #""metadata":{\#(metadata.shuffled(using: &random).joined(separator: ","))}"#,
      #""spec":{"containers":[{"image":"i","env":[]}]\#(pod.hostNetwork ? #","hostNetwork":true"# : "")}"#,
      #""status":{\#(status.shuffled(using: &random).joined(separator: ", "))}"#,
    ]
    if random.oneIn(2) { parts.shuffle(using: &random) }
    return "{\(parts.joined(separator: ","))}"
  }

  private static func json(_ namespace: ModelNamespace, _ revision: UInt64) -> String {
    var annotations = [#""note":"[]{}""#]
    if let workspace = namespace.workspace { annotations.append(#""backroad.dev/workspace":"\#(workspace)""#) }
    if let choose = namespace.choose { annotations.append(#""backroad.dev/pods-choose":"\#(choose)""#) }
    return #"""
      {"metadata":{"name":"\#(namespace.name)","uid":"\#(namespace.uid)","resourceVersion":"\#(revision)","annotations":
      {\#(annotations.joined(separator: ","))}},"status":{"phase":"Active"}}
      """#
  }

  /// All objects of a kind, as a list has them.
  func objects(_ resource: KubernetesResource) -> [String] {
    var latest: [String: String] = [:]
    for change in log where change.resource == resource {
      latest[change.uid] = change.type == "DELETED" ? nil : change.text
    }
    return latest.keys.sorted().compactMap { latest[$0] }
  }
}
