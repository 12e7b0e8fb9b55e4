import Bounds
import Wire
import Workspaces

/// The pods and namespaces of a cluster, and whose each address is because of them: pure bookkeeping.
///
/// An address belongs to the pod that was the last to have it, in the order in which that was heard. Who had it before does
/// not get it back by still being listed with it. Where one list brings several pods with one address, whose it is cannot be
/// told, and it is nobody's until one of them alone is left.
///
/// Nothing is granted before both lists were whole once. Every change of what is wanted is handed out in order, a drop before
/// the grant of the same address.
public struct PodBook {
  private struct Claim {
    let uid: String
    var isSuperseded = false
  }

  private let mostPods: Int
  private let mostNamespaces: Int
  private var pods: [String: Pod] = [:]
  /// The uid of each name in its namespace.
  private var uids: [String: [String: String]] = [:]
  private var namespaces: [String: Namespace] = [:]
  private var claims: [IPAddress: [Claim]] = [:]
  private var gone: Tombstones
  private var hasPods = false
  private var hasNamespaces = false
  /// Of which version the last whole lists were: what is told later and is no newer was in them, or gone by then.
  private var podsListed = ResourceVersion("")
  private var namespacesListed = ResourceVersion("")
  private var touched: Set<IPAddress> = []
  private var changes: [AddressChange] = []

  /// Whose each address is to be.
  public private(set) var wanted: [IPAddress: PodIdentity] = [:]
  /// How many pods and namespaces were left out because there were too many.
  public private(set) var leftOut = 0

  /// Knows nothing.
  ///
  /// - Parameters:
  ///   - mostPods: how many pods are kept; further ones are nobody's.
  ///   - mostNamespaces: how many namespaces are kept; the pods of further ones are nobody's.
  public init(
    mostPods: Int = Limits.Kubernetes.pods, mostNamespaces: Int = Limits.Kubernetes.namespaces
  ) {
    (self.mostPods, self.mostNamespaces) = (mostPods, mostNamespaces)
    gone = Tombstones(most: Limits.Kubernetes.tombstones)
  }

  /// True once both lists were whole: `wanted` is then all that is to be, and what is not in it is nobody's.
  public var isWhole: Bool { hasPods && hasNamespaces }
  /// How many pods are known.
  public var podCount: Int { pods.count }
  /// How many addresses are nobody's because several pods of one list have them.
  public var contested: Int {
    claims.values.count { claims in claims.count { !$0.isSuperseded } > 1 }
  }

  /// What has changed since this was asked last, in the order in which it is to be done.
  public mutating func takeChanges() -> [AddressChange] {
    defer { changes = [] }
    return changes
  }

  // MARK: Events

  /// A pod is as told now: it was added or changed. What is no newer than what is known changes nothing.
  public mutating func set(_ pod: Pod) {
    guard !gone.has(pod.uid), !pod.version.isNoNewer(than: podsListed) else { return }
    if let known = pods[pod.uid] {
      guard !pod.version.isNoNewer(than: known.version) else { return }
    } else {
      // A name has one pod at a time: who had it is gone, if nobody said so.
      if let former = uids[pod.namespace]?[pod.name] { remove(former) }
    }
    keep(pod, isListed: false)
    settle()
  }

  /// A pod is gone.
  public mutating func removePod(uid: String) {
    remove(uid)
    settle()
  }

  /// A namespace is as told now. What is no newer than what is known changes nothing.
  public mutating func set(_ namespace: Namespace) {
    guard !gone.has(namespace.uid), !namespace.version.isNoNewer(than: namespacesListed) else { return }
    if let known = namespaces[namespace.name] {
      if known.uid == namespace.uid {
        guard !namespace.version.isNoNewer(than: known.version) else { return }
      } else {
        gone.add(known.uid)
      }
    }
    keep(namespace)
    settle()
  }

  /// A namespace is gone: its pods are nobody's.
  public mutating func removeNamespace(uid: String, name: String) {
    gone.add(uid)
    guard namespaces[name]?.uid == uid else { return }
    namespaces[name] = nil
    touchPods(of: name)
    settle()
  }

  // MARK: Whole lists

  /// These are all pods there are: what is not among them is gone.
  ///
  /// - Parameters:
  ///   - version: the list's.
  ///   - leftOut: how many more there were than were kept.
  public mutating func setAll(_ list: [Pod], version: ResourceVersion, leftOut: Int = 0) {
    podsListed = version
    var listed: Set<String> = []
    for pod in list { listed.insert(pod.uid) }
    for uid in pods.keys where !listed.contains(uid) { remove(uid) }
    self.leftOut += leftOut
    // Among those of one list nobody was first: claims that it brings are held against each other, and before all others.
    var new: [IPAddress: Int] = [:]
    for pod in list {
      gone.takeBack(pod.uid)
      let known = Set(pods[pod.uid]?.ownAddresses ?? [])
      for address in pod.ownAddresses where !known.contains(address) { new[address, default: 0] += 1 }
    }
    for address in new.keys { supersede(address) }
    for pod in list {
      if let former = uids[pod.namespace]?[pod.name], former != pod.uid { remove(former) }
      keep(pod, isListed: true)
    }
    if !hasPods {
      hasPods = true
      touchAll()
    }
    settle()
  }

  /// These are all namespaces there are: what is not among them is gone.
  ///
  /// - Parameters:
  ///   - version: the list's.
  ///   - leftOut: how many more there were than were kept.
  public mutating func setAll(_ list: [Namespace], version: ResourceVersion, leftOut: Int = 0) {
    namespacesListed = version
    let listed = Dictionary(list.map { ($0.name, $0.uid) }) { first, _ in first }
    for (name, known) in namespaces where listed[name] != known.uid {
      gone.add(known.uid)
      namespaces[name] = nil
      touchPods(of: name)
    }
    self.leftOut += leftOut
    for namespace in list {
      gone.takeBack(namespace.uid)
      keep(namespace)
    }
    if !hasNamespaces {
      hasNamespaces = true
      touchAll()
    }
    settle()
  }

  /// What was known is too old to hold: every address is nobody's until both lists are whole again.
  public mutating func forgetAll() {
    touchAll()
    (pods, uids, namespaces, claims) = ([:], [:], [:], [:])
    (hasPods, hasNamespaces) = (false, false)
    settle()
  }

  // MARK: Keeping

  private mutating func keep(_ pod: Pod, isListed: Bool) {
    let former = pods[pod.uid]
    guard former != nil || pods.count < mostPods else {
      leftOut += 1
      // Nobody's, but no former owner's either.
      for address in pod.ownAddresses { supersede(address) }
      return
    }
    pods[pod.uid] = pod
    uids[pod.namespace, default: [:]][pod.name] = pod.uid
    let before = former?.ownAddresses ?? []
    let now = pod.ownAddresses
    for address in before where !now.contains(address) { withdraw(address, pod.uid) }
    for address in now where !before.contains(address) {
      if !isListed { supersede(address) }
      claims[address, default: []].append(Claim(uid: pod.uid))
    }
    touched.formUnion(now)
  }

  private mutating func remove(_ uid: String) {
    gone.add(uid)
    guard let pod = pods.removeValue(forKey: uid) else { return }
    if uids[pod.namespace]?[pod.name] == uid {
      uids[pod.namespace]?[pod.name] = nil
      if uids[pod.namespace]?.isEmpty == true { uids[pod.namespace] = nil }
    }
    for address in pod.ownAddresses { withdraw(address, uid) }
  }

  private mutating func keep(_ namespace: Namespace) {
    guard namespaces[namespace.name] != nil || namespaces.count < mostNamespaces else {
      leftOut += 1
      return
    }
    namespaces[namespace.name] = namespace
    touchPods(of: namespace.name)
  }

  private mutating func supersede(_ address: IPAddress) {
    guard var list = claims[address] else { return }
    for index in list.indices { list[index].isSuperseded = true }
    claims[address] = list
    touched.insert(address)
  }

  private mutating func withdraw(_ address: IPAddress, _ uid: String) {
    touched.insert(address)
    claims[address]?.removeAll { $0.uid == uid }
    if claims[address]?.isEmpty == true { claims[address] = nil }
  }

  private mutating func touchPods(of namespace: String) {
    for uid in uids[namespace, default: [:]].values { touched.formUnion(pods[uid]?.ownAddresses ?? []) }
  }

  private mutating func touchAll() {
    touched.formUnion(claims.keys)
    touched.formUnion(wanted.keys)
  }

  // MARK: Whose

  /// Who has an address as things are; nil for nobody.
  private func owner(of address: IPAddress) -> PodIdentity? {
    guard isWhole, let claims = claims[address]?.filter({ !$0.isSuperseded }), claims.count == 1,
      let pod = pods[claims[0].uid], let workspace = namespaces[pod.namespace]?.workspace(of: pod)
    else { return nil }
    return PodIdentity(workspace: workspace, uid: pod.uid, namespace: pod.namespace, name: pod.name)
  }

  /// Tells of what has become another's: all drops, then all grants.
  private mutating func settle() {
    var grants: [AddressChange] = []
    for address in touched {
      let former = wanted[address]
      let owner = owner(of: address)
      guard former != owner else { continue }
      wanted[address] = owner
      if former != nil { changes.append(.drop(address)) }
      if let owner { grants.append(.grant(address, owner)) }
    }
    changes += grants
    touched.removeAll(keepingCapacity: touched.count < 1024)
  }
}
