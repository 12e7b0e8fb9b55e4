import Bounds
import Text
import Wire

/// Where a list of hosts leads whose hosts say it themselves.
///
/// A link leads to one endpoint. Hosts that lead to several places are as many links: then each has a state, a standby and a
/// list for its customer of its own.
struct HostsTargets {
  /// A place, and the hosts that lead there.
  private var places: [(endpoint: Endpoint, hosts: [Name])] = []
  /// The hosts that do not say where they lead.
  private var silent: [Name] = []

  /// - Parameter hosts: what each item is, in any order; of a host that is named several times all addresses count.
  init(_ hosts: [(name: Name, item: HostsImport.Item)]) {
    var order: [Name] = []
    var addresses: [Name: [IPAddress]] = [:]
    var endpoints: [Name: Endpoint] = [:]
    for (name, item) in hosts {
      if addresses[name] == nil { order.append(name) }
      addresses[name, default: []] += item.addresses
      if let endpoint = item.endpoint { endpoints[name] = endpoint }
    }
    var index: [Endpoint: Int] = [:]
    for name in order {
      let pinned = endpoints[name]?.addresses ?? []
      let place = Endpoint(name: endpoints[name]?.name, addresses: Array(Set(pinned + (addresses[name] ?? []))))
      guard let place else {
        silent.append(name)
        continue
      }
      if let at = index[place] {
        places[at].hosts.append(name)
      } else {
        index[place] = places.count
        places.append((place, [name]))
      }
    }
  }

  /// The one endpoint of all of them.
  ///
  /// - Parameter request: what was said of the link beside the list.
  /// - Throws: that the hosts lead to several places, some of them nowhere, or elsewhere than was said.
  func endpoint(for request: LinkRequest, in workspace: String) throws(Problem) -> Endpoint? {
    guard let first = places.first else { return request.endpoint }
    guard places.count == 1 else {
      let all = places.prefix(5).map { "\($0.endpoint.text) (\(Self.list($0.hosts)))" }.joined(separator: ", ")
      let second = places[1]
      let place = second.endpoint.name.map { " --endpoint \(word: $0.textWithoutFinalDot)" } ?? ""
      let pins = second.endpoint.addresses.map { " --address \($0)" }.joined()
      throw Problem(
        "the hosts lead to \(places.count) places, and a link leads to one: make a link of each, as backroad import hosts "
          + "--workspace \(word: workspace) --link \(word: request.name + "-2")\(place)\(pins) "
          + "\(shellOperands(second.hosts.prefix(3).map(\.textWithoutFinalDot))); they are \(all)"
          + (places.count > 5 ? ", …" : ""))
    }
    guard let given = request.endpoint else {
      guard let host = silent.first else { return first.endpoint }
      throw Problem(
        "\(Self.list(silent)) \(silent.count == 1 ? "says" : "say") not where \(silent.count == 1 ? "it leads" : "they lead"), and "
          + "\(Self.list(first.hosts)) to \(first.endpoint.text): write that beside \(host.textWithoutFinalDot) too, or say "
          + "--endpoint or --address for all")
    }
    if given.name != nil, given.addresses.isEmpty, first.endpoint.name == nil {
      return Endpoint(name: given.name, addresses: first.endpoint.addresses)
    }
    guard given.leadsWhere(first.endpoint) else {
      throw Problem(
        "\(Self.list(first.hosts)) lead to \(first.endpoint.text) by the list, and to \(given.text) by the command line; leave one "
          + "of both out")
    }
    return given
  }

  private static func list(_ names: [Name]) -> String {
    let more = names.count > 3 ? " and \(names.count - 3) more" : ""
    return names.prefix(3).map(\.textWithoutFinalDot).joined(separator: ", ") + more
  }
}
