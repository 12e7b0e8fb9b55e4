import Fleet
import Text

/// Any octets as what an API server may say of pods and namespaces: however they are cut, the same comes of them, and a
/// discovery that hears them stays within its rules.
public struct ClusterTarget: FuzzTarget {
  /// Nothing is made beforehand.
  public init() {}

  /// Reads the octets in every way; the first of them says how long the pieces are.
  public func run(_ octets: [UInt8]) {
    guard let first = octets.first else { return }
    let rest = Array(octets.dropFirst())
    let length = Int(first % 16) + 1
    for resource in KubernetesResource.allCases {
      for isWatch in [false, true] {
        let whole = Self.events(rest, resource, isWatch, length: max(1, rest.count))
        precondition(Self.events(rest, resource, isWatch, length: length) == whole, "the same events")
        Self.keep(whole ?? [])
      }
    }
  }

  /// What the octets say; nil for what is no JSON.
  private static func events(
    _ octets: [UInt8], _ resource: KubernetesResource, _ isWatch: Bool, length: Int
  ) -> [KubernetesEvent]? {
    var reader = KubernetesReader(resource, isWatch: isWatch)
    var events: [KubernetesEvent] = []
    do throws(JSONFault) {
      for start in stride(from: 0, to: octets.count, by: length) {
        let piece = Array(octets[start..<min(start + length, octets.count)])
        var at = 0
        while let event = try reader.next(piece.span, at: &at) { events.append(event) }
      }
    } catch {
      return nil
    }
    return events
  }

  /// Whatever is heard, nothing is granted that is not dropped before, and the changes come to what is wanted.
  private static func keep(_ events: [KubernetesEvent]) {
    var book = PodBook(mostPods: 8, mostNamespaces: 8)
    var namespace = Namespace()
    (namespace.uid, namespace.name, namespace.workspace) = ("u", "jobs", "acme")
    book.setAll([namespace], version: ResourceVersion("1"))
    book.setAll([] as [Pod], version: ResourceVersion("1"))
    var held = book.wanted
    for event in events {
      switch event {
      case .set(.pod(let pod)), .item(.pod(let pod)): book.set(pod)
      case .set(.namespace(let namespace)), .item(.namespace(let namespace)): book.set(namespace)
      case .gone(.pod(let pod)): book.removePod(uid: pod.uid)
      case .gone(.namespace(let namespace)): book.removeNamespace(uid: namespace.uid, name: namespace.name)
      case .page, .bookmark, .failure, .unreadable: break
      }
      for change in book.takeChanges() {
        switch change {
        case .drop(let address): precondition(held.removeValue(forKey: address) != nil, "what is dropped was held")
        case .grant(let address, let identity):
          precondition(held.updateValue(identity, forKey: address) == nil, "what is granted was nobody's")
        }
      }
      precondition(held == book.wanted && book.podCount <= 8, "the changes come to what is wanted")
    }
  }
}
