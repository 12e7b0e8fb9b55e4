import Bounds
import Text
import Wire

/// Which objects of a cluster are followed.
public enum KubernetesResource: Hashable, Sendable, CaseIterable {
  case pods
  case namespaces

  /// Its word in paths, and in messages.
  public var word: String {
    switch self {
    case .pods: "pods"
    case .namespaces: "namespaces"
    }
  }
}

/// An object of either kind.
public enum KubernetesObject: Hashable, Sendable {
  case pod(Pod)
  case namespace(Namespace)

  /// Of which change it is.
  public var version: ResourceVersion {
    switch self {
    case .pod(let pod): pod.version
    case .namespace(let namespace): namespace.version
    }
  }
}

/// What an API server said.
public enum KubernetesEvent: Hashable, Sendable {
  /// An object of a list.
  case item(KubernetesObject)
  /// The end of a list's page: of which version the list is, and how to ask for the next page; empty for the last.
  case page(ResourceVersion, next: String)
  /// An object was added or changed.
  case set(KubernetesObject)
  /// An object is gone.
  case gone(KubernetesObject)
  /// Everything up to a version has been told.
  case bookmark(ResourceVersion)
  /// It cannot, and why: the Status of an answer, or of an ERROR event inside an answer that began well.
  case failure(code: Int, message: String)
  /// An object that cannot be told from others, or an event that is none; the text says why.
  case unreadable(String)
}

/// Reads lists and watches of an API server as they come: of each object the few fields that matter, and nothing else is
/// kept. Members may come in any order, and the chunks may end anywhere.
public struct KubernetesReader: Sendable {
  /// Where in an object the reader is.
  private enum Place: Hashable, Sendable {
    case event, list, listMetadata, object, metadata, labels, annotations, spec, status, address, container, state
    case items, addresses, containers
    /// Something that should not be there.
    case foreign

    var isArray: Bool { self == .items || self == .addresses || self == .containers }

    /// What an element of an array is, where it is an object.
    var element: Place {
      switch self {
      case .items: .object
      case .addresses: .address
      case .containers: .container
      default: .foreign
      }
    }
  }

  /// What the value behind a key is for.
  private enum Use: Hashable, Sendable {
    case nothing
    case enter(Place)
    case type, version, next, uid, name, namespace, deletion, workspace, podsChoose, hostNetwork, phase, address,
      running
    case code, message
  }

  private let resource: KubernetesResource
  private let isWatch: Bool
  private var tokens = JSONTokens(maximumStringOctets: Limits.Kubernetes.fieldOctets)
  private var places: [Place] = []
  private var use = Use.nothing
  /// How many octets were read since the last event.
  private var octetsOfObject = 0

  // What was read of the list or event.
  private var type = ""
  private var listVersion = ""
  private var next = ""
  private var code = 0
  private var message = ""
  // What was read of the object.
  private var pod = Pod()
  private var namespace = Namespace()
  private var fault = ""

  /// Starts before an answer's body.
  ///
  /// - Parameters:
  ///   - isWatch: events come, one after the other; else one list.
  public init(_ resource: KubernetesResource, isWatch: Bool) {
    self.resource = resource
    self.isWatch = isWatch
  }

  /// The next event in `octets` from `at` on, which moves past what was taken; nil when all were taken and more are needed.
  ///
  /// - Throws: where it is no JSON, or an object of more octets than any has; the reader is then of no use.
  public mutating func next(_ octets: Span<UInt8>, at: inout Int) throws(JSONFault) -> KubernetesEvent? {
    let start = at
    var counted = start
    while let token = try tokens.next(octets, at: &at) {
      if let event = take(token) {
        octetsOfObject = 0
        return event
      }
      octetsOfObject += at - counted
      counted = at
      try checkSize()
    }
    octetsOfObject += at - counted
    try checkSize()
    return nil
  }

  private func checkSize() throws(JSONFault) {
    guard octetsOfObject <= Limits.Kubernetes.objectOctets else {
      throw JSONFault("an object of more than \(Limits.Kubernetes.objectOctets) octets", after: 0)
    }
  }

  // MARK: Tokens

  private mutating func take(_ token: JSONTokens.Token) -> KubernetesEvent? {
    switch token {
    case .key:
      use = meaning(of: tokens.text)
      if use == .nothing { tokens.skipValue() }
    case .objectStart: enter(isArray: false)
    case .arrayStart: enter(isArray: true)
    case .objectEnd, .arrayEnd: return leave()
    case .string, .longString, .number, .bool, .null:
      defer { use = .nothing }
      guard !places.isEmpty else { return .unreadable("a value that is no object") }
      value(token)
    }
    return nil
  }

  private mutating func enter(isArray: Bool) {
    var place = Place.foreign
    if let parent = places.last {
      if parent.isArray { place = parent.element } else if case .enter(let inner) = use { place = inner }
    } else {
      place = isWatch ? .event : .list
    }
    if use == .running, !isArray { pod.hasRunningContainer = true }
    if place.isArray != isArray { place = .foreign }
    if places.isEmpty { (type, listVersion, next, code, message) = ("", "", "", 0, "") }
    if places.isEmpty || place == .object { (pod, namespace, fault) = (Pod(), Namespace(), "") }
    places.append(place)
    use = .nothing
  }

  private mutating func leave() -> KubernetesEvent? {
    let place = places.popLast() ?? .foreign
    guard let parent = places.last else { return place == .list ? listEnd() : place == .event ? event() : foreign() }
    guard place == .object, parent == .items else { return nil }
    return object().map { .item($0) } ?? .unreadable(fault)
  }

  private func foreign() -> KubernetesEvent { .unreadable("a value that is no object") }

  private func listEnd() -> KubernetesEvent {
    guard code == 0 else { return .failure(code: code, message: message) }
    guard !listVersion.isEmpty else { return .unreadable("a list without a resourceVersion") }
    return .page(ResourceVersion(listVersion), next: next)
  }

  private mutating func event() -> KubernetesEvent {
    switch type {
    case "ADDED", "MODIFIED": return object().map { .set($0) } ?? .unreadable(fault)
    case "DELETED": return object().map { .gone($0) } ?? .unreadable(fault)
    case "BOOKMARK":
      let version = resource == .pods ? pod.version : namespace.version
      return version.description.isEmpty ? .unreadable("a bookmark without a resourceVersion") : .bookmark(version)
    case "ERROR": return .failure(code: code, message: message)
    default: return .unreadable("an event of no known type")
    }
  }

  /// The object that was read; nil, with `fault` set, where it cannot be told from others.
  private mutating func object() -> KubernetesObject? {
    if resource == .namespaces {
      namespace.uid = pod.uid
      namespace.name = pod.name
      namespace.version = pod.version
    }
    guard fault.isEmpty else { return nil }
    guard !pod.uid.isEmpty, !pod.name.isEmpty, resource == .namespaces || !pod.namespace.isEmpty else {
      fault = "one of the \(resource.word) without a uid, a name or a namespace"
      return nil
    }
    return resource == .pods ? .pod(pod) : .namespace(namespace)
  }

  // MARK: Keys and values

  private func meaning(of key: [UInt8]) -> Use {
    let key = String(decoding: key, as: UTF8.self)
    return switch places.last {
    case .event: key == "type" ? .type : key == "object" ? .enter(.object) : .nothing
    case .list:
      switch key {
      case "metadata": .enter(.listMetadata)
      case "items": .enter(.items)
      default: meaningInStatus(key)
      }
    case .listMetadata: key == "resourceVersion" ? .version : key == "continue" ? .next : .nothing
    case .object:
      switch (key, resource) {
      case ("metadata", _): .enter(.metadata)
      case ("spec", .pods): .enter(.spec)
      case ("status", .pods): .enter(.status)
      default: isWatch ? meaningInStatus(key) : .nothing
      }
    case .metadata: meaningInMetadata(key)
    case .labels, .annotations:
      key == KubernetesNames.workspace
        ? .workspace : key == KubernetesNames.podsChoose && resource == .namespaces ? .podsChoose : .nothing
    case .spec: key == "hostNetwork" ? .hostNetwork : .nothing
    case .status:
      switch key {
      case "phase": .phase
      case "podIP": .address
      case "podIPs": .enter(.addresses)
      case "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses": .enter(.containers)
      default: .nothing
      }
    case .address: key == "ip" ? .address : .nothing
    case .container: key == "state" ? .enter(.state) : .nothing
    case .state: key == "running" ? .running : .nothing
    case .items, .addresses, .containers, .foreign, nil: .nothing
    }
  }

  /// Of a Status, which stands where a list or an object would.
  private func meaningInStatus(_ key: String) -> Use {
    key == "code" ? .code : key == "message" ? .message : .nothing
  }

  private func meaningInMetadata(_ key: String) -> Use {
    switch (key, resource) {
    case ("name", _): .name
    case ("namespace", .pods): .namespace
    case ("uid", _): .uid
    case ("resourceVersion", _): .version
    case ("deletionTimestamp", .pods): .deletion
    case ("labels", .pods): .enter(.labels)
    case ("annotations", .namespaces): .enter(.annotations)
    default: .nothing
    }
  }

  private mutating func value(_ token: JSONTokens.Token) {
    switch use {
    case .nothing, .enter, .running: break
    case .type: type = text(token, most: 16)
    case .version:
      let version = text(token, most: Limits.Kubernetes.versionOctets)
      if places.last == .listMetadata {
        listVersion = version
      } else {
        pod.version = ResourceVersion(version)
        namespace.version = pod.version
      }
    case .next: next = text(token, most: Limits.Kubernetes.fieldOctets)
    case .uid: pod.uid = identity(token)
    case .name: pod.name = identity(token)
    case .namespace: pod.namespace = identity(token)
    case .deletion: pod.isBeingDeleted = token != .null
    case .workspace:
      // One that is no name stays one: nobody's, and no reason to look elsewhere.
      let value = text(token, most: 63)
      if resource == .pods { pod.label = value } else { namespace.workspace = value }
    case .podsChoose: namespace.podsChoose = text(token, most: 16)
    case .hostNetwork: pod.isOnHostNetwork = token == .bool(true)
    case .phase:
      let phase = text(token, most: 16)
      pod.isFinished = phase == "Succeeded" || phase == "Failed"
    case .address: address(token)
    case .code: code = token == .number ? Int(text(.string, most: 16)) ?? 0 : 0
    case .message: message = token == .string ? String(decoding: tokens.text.prefix(500), as: UTF8.self) : ""
    }
  }

  /// The text of a string; empty for a longer one, and for what is none.
  private func text(_ token: JSONTokens.Token, most: Int) -> String {
    guard token == .string, tokens.text.count <= most else { return "" }
    return String(decoding: tokens.text, as: UTF8.self)
  }

  /// A name or uid, which is printable ASCII without spaces.
  private mutating func identity(_ token: JSONTokens.Token) -> String {
    guard token == .string, (1...Limits.Kubernetes.nameOctets).contains(tokens.text.count),
      tokens.text.allSatisfy({ (0x21...0x7e).contains($0) })
    else {
      fault = "one of the \(resource.word) with a name or uid that is none"
      return ""
    }
    return String(decoding: tokens.text, as: UTF8.self)
  }

  private mutating func address(_ token: JSONTokens.Token) {
    guard token == .string, tokens.text.count <= 64, pod.addresses.count < Limits.Kubernetes.addressesOfPod,
      let address = IPAddress(String(decoding: tokens.text, as: UTF8.self)), !address.isLoopback,
      !address.isUnspecified, !address.isMulticast, !pod.addresses.contains(address)
    else { return }
    pod.addresses.append(address)
  }
}
