import Bounds
import Text
import Wire

/// An availability zone with the networks in it, of the key `"client-zones"`: where clients are, not who they are.
public struct ClientZone: Hashable, Sendable {
  /// The key in `workspace.json`.
  static let key = "client-zones"

  /// The zone's name, as the cloud has it: `us-east-1a`.
  public let name: String
  /// Networks that lie in a prefix of `"clients"` each; none overlaps another of this zone or of any.
  public let networks: [WorkspaceFile.Client]

  /// Reads `{ "us-east-1a": ["10.1.0.0/20"] }`.
  static func read(
    _ value: JSON?, among clients: [WorkspaceFile.Client], _ file: String, _ problems: ProblemList
  ) -> [ClientZone] {
    var members: [JSON.Member] = []
    problems.collect { () throws(Problem) in
      members = try value?.expectObject("\"\(key)\"", file: file).members ?? []
      guard members.count <= Limits.Workspaces.clientZones else {
        members = []
        throw Problem(
          file: file, position: value?.position,
          "\"\(key)\" has more than \(Limits.Workspaces.clientZones) zones; remove some")
      }
    }
    var zones: [ClientZone] = []
    var room = Limits.Workspaces.clientZoneNetworks
    problems.collect(members) { member throws(Problem) in
      guard isPlainName(member.key) else {
        throw Problem(
          file: file, position: member.keyPosition,
          "\(quoted(member.key)) is not the name of an availability zone; write one like us-east-1a")
      }
      let elements = WorkspaceFile.list(
        member.value, "the zone \(member.key)", of: "networks with those of the zones before", room, file, problems)
      room -= elements.count
      var networks: [WorkspaceFile.Client] = []
      problems.collect(elements) { element throws(Problem) in
        let prefix = try WorkspaceFile.prefix(element, "a network of clients", file)
        networks.append(WorkspaceFile.Client(prefix: prefix, position: element.position))
      }
      zones.append(ClientZone(name: member.key, networks: networks))
    }
    if problems.all.isEmpty { check(zones, among: clients, file, problems) }
    return zones
  }

  /// Refuses networks that overlap, and such as are not of the workspace's clients.
  private static func check(
    _ zones: [ClientZone], among clients: [WorkspaceFile.Client], _ file: String, _ problems: ProblemList
  ) {
    let networks = zones.tags
    guard !networks.isEmpty else { return }
    let map = ClientMap(clients.map { ClientMap.Entry(prefix: $0.prefix, workspace: 0) })
    var before: WorkspaceFile.Client?
    problems.collect(networks) { network throws(Problem) in
      // In order: of networks that overlap some two are next to each other.
      if let other = before, other.prefix.contains(network.prefix.base) {
        throw Problem(
          file: file, position: network.position,
          "\(network.prefix) overlaps \(other.prefix) in line \(other.position.line); a client is in one zone")
      }
      before = network
      var place = map.find(network.prefix.base)
      while let index = place, map.entry(at: index).prefix.length > network.prefix.length {
        place = map.outer(of: index)
      }
      guard place == nil else { return }
      throw Problem(
        file: file, position: network.position,
        "\(network.prefix) lies in no prefix of \"clients\"; a zone says where clients are, and \"clients\" who they are"
      )
    }
  }
}

extension [ClientZone] {
  /// All networks in order, each with its zone.
  fileprivate var tags: [WorkspaceFile.Client] {
    flatMap { zone in
      zone.networks.map { network in
        var network = network
        network.zone = zone.name
        return network
      }
    }.sorted { $0.prefix < $1.prefix }
  }

  /// The clients with the zones that they are in. A network that is no client prefix becomes one: it lies in one.
  func tagging(_ clients: [WorkspaceFile.Client]) -> [WorkspaceFile.Client] {
    let networks = tags
    guard !networks.isEmpty else { return clients }
    let map = ClientMap(networks.map { ClientMap.Entry(prefix: $0.prefix, workspace: 0) })
    let tagged = clients.map { client in
      var client = client
      if let place = map.find(client.prefix.base), networks[place].prefix.length <= client.prefix.length {
        client.zone = networks[place].zone
      }
      return client
    }
    let known = Set(clients.map(\.prefix))
    return tagged + networks.filter { !known.contains($0.prefix) }
  }
}
