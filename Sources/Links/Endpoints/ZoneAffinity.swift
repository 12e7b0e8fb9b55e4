import Bounds
import Text
import Wire
import Workspaces

/// Addresses of an endpoint by the availability zone that each is in, as a person says it: `us-east-1a=10.0.1.7`.
public struct ZonalAddresses: Hashable, Sendable {
  /// The zone's name of each address.
  public private(set) var zones: [IPAddress: String] = [:]

  /// Without any.
  public init() {}

  /// Reads `ZONE=ADDR,…`, as often as it was given.
  ///
  /// - Parameter flag: for errors.
  public init(_ texts: [String], flag: String) throws(Problem) {
    for text in texts {
      guard text.utf8.count <= Limits.Links.endpointOctets else {
        throw Problem("\(flag): \(quoted(text)) is longer than \(Limits.Links.endpointOctets) octets")
      }
      let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
      guard sides.count == 2, isPlainName(sides[0]) else {
        throw Problem("\(flag): \(quoted(text)) is not ZONE=ADDRESS, as us-east-1a=10.0.1.7")
      }
      for part in sides[1].split(separator: ",", omittingEmptySubsequences: false) {
        let address = try Endpoint.address(String(part), flag: flag)
        if let other = zones.updateValue(sides[0], forKey: address), other != sides[0] {
          throw Problem("\(flag): \(address) is given to the zones \(other) and \(sides[0]); an address is in one")
        }
      }
    }
  }

  /// For a person: `us-east-1a 10.0.1.7, us-east-1b 10.0.2.7`.
  var text: String {
    zones.map { (zone: $1, address: $0) }.sorted { ($0.zone, $0.address) < ($1.zone, $1.address) }
      .map { "\($0.zone) \($0.address)" }.joined(separator: ", ")
  }
}

extension Endpoint {
  /// The same, with the zones that are known of its addresses: an address that stays is where it was.
  func knowing(_ known: [IPAddress: String]) -> Endpoint {
    Endpoint(name: name, addresses: addresses, zones: known.merging(zones) { _, own in own }) ?? self
  }
}

extension Link {
  /// Gives the link what the choices say of availability zones, or else what the link before has.
  ///
  /// - Returns: what is likely not meant.
  /// - Throws: that an endpoint has too many addresses.
  mutating func takeZones(
    _ choices: LinkChoices, after old: Link?, in workspace: WorkspaceFolder, _ notes: inout [String]
  ) throws(Problem) -> [Problem] {
    hasZoneAffinity = choices.zoneAffinity ?? old?.hasZoneAffinity ?? hasZoneAffinity
    var known: [IPAddress: String] = [:]
    for endpoint in old?.endpoints ?? [] { known.merge(endpoint.zones) { first, _ in first } }
    main.endpoint = main.endpoint?.knowing(known)
    if let endpoint = stage?.endpoint { stage?.endpoint = endpoint.knowing(known) }
    standby = standby?.knowing(known)
    if !choices.zonal.zones.isEmpty {
      notes += Self.notes(of: choices.zonal, "addresses", main.endpoint)
      main.endpoint = try Endpoint.pinning(choices.zonal, beside: main.endpoint, flag: "--zone-address")
    }
    if !choices.zonalOfStandby.zones.isEmpty {
      guard let other = standby else {
        throw Problem("--standby-zone-address: the link \(quoted(name)) has no standby; name it with --standby VPCE")
      }
      notes += Self.notes(of: choices.zonalOfStandby, "the standby's addresses", other)
      standby = try Endpoint.pinning(choices.zonalOfStandby, beside: other, flag: "--standby-zone-address")
    }
    let clients = ((try? workspace.workspaceFile())?.clientZones ?? []).map(\.name)
    let isNew =
      old?.hasZoneAffinity != true || choices.zoneAffinity == true || !choices.zonal.zones.isEmpty
      || !choices.zonalOfStandby.zones.isEmpty
    if hasZoneAffinity {
      notes += zoneNotes(clients, isNew: isNew)
    } else if old?.hasZoneAffinity == true {
      notes.append("clients of all zones are answered in the same order again")
    }
    return zoneDoubts(clients).map { Problem(severity: .warning, $0) }
  }

  /// What is pinned, for the plan.
  private static func notes(of zonal: ZonalAddresses, _ what: String, _ endpoint: Endpoint?) -> [String] {
    let notes = ["\(what) by availability zone: \(zonal.text)"]
    guard let endpoint, let name = endpoint.name, endpoint.addresses.isEmpty else { return notes }
    return notes + [
      "\(name.textWithoutFinalDot) is pinned to these addresses from now on, and clients get no others: name those of all its "
        + "zones, so that nothing is lost when one is"
    ]
  }

  /// What comes of the order by zones, for the plan.
  private func zoneNotes(_ clients: [String], isNew: Bool) -> [String] {
    let zones = Set(endpoints.flatMap(\.zones.values))
    if zones.isEmpty {
      return [
        "in which zones the endpoint's addresses are is not known, so that nobody is answered in another order: say it with "
          + "--zone-address ZONE=ADDR,…"
      ]
    }
    if clients.isEmpty {
      return ["no client is known to be in a zone: \"client-zones\" in workspace.json says which are"]
    }
    let met = zones.intersection(clients)
    guard isNew, !met.isEmpty else { return [] }
    func list(_ zones: Set<String>) -> String { zones.sorted().joined(separator: ", ") }
    let (lonely, unserved) = (zones.subtracting(clients), Set(clients).subtracting(zones))
    return ["clients of \(list(met)) are answered with the addresses there first"]
      + (lonely.isEmpty ? [] : ["no client is in \(list(lonely)), as \"client-zones\" in workspace.json has it"])
      + (unserved.isEmpty ? [] : ["no address is in \(list(unserved)): clients there are answered in the usual order"])
  }

  /// What of the link's zones does not do what it seems to.
  ///
  /// - Parameter clients: the zones that clients of the workspace are in.
  func zoneDoubts(_ clients: [String]) -> [String] {
    var doubts: [String] = []
    if let endpoint = main.endpoint, !zonesWithoutAddress.isEmpty {
      let missing = zonesWithoutAddress.joined(separator: ", ")
      let isWhole = endpoint.addresses.allSatisfy { endpoint.zones[$0] != nil }
      doubts.append(
        "\(endpoint.textWithAddresses) is pinned, and \(isWhole ? missing : "one of \(missing)") is missing, where AWS says that the "
          + "endpoint is too: no client is led there, whatever becomes of the other zones; give it with --zone-address ZONE=ADDR"
      )
    }
    let zones = Set(endpoints.flatMap(\.zones.values))
    if hasZoneAffinity, !zones.isEmpty, !clients.isEmpty, zones.isDisjoint(with: clients) {
      doubts.append(
        "the addresses are in \(zones.sorted().joined(separator: ", ")), and the clients of \"client-zones\" in workspace.json in "
          + "\(clients.sorted().joined(separator: ", ")): nobody is answered in another order; call a zone the same in both places"
      )
    }
    return doubts
  }

  /// The zones that the endpoint has by AWS's word, and of which none of its pinned addresses can be; in order.
  private var zonesWithoutAddress: [String] {
    guard let cloud, let endpoint = main.endpoint, !endpoint.addresses.isEmpty else { return [] }
    let missing = Set(cloud.zones).subtracting(endpoint.zones.values)
    // One whose zone nobody said may be in any of them.
    let open = endpoint.addresses.count { endpoint.zones[$0] == nil }
    return open >= missing.count ? [] : missing.sorted()
  }
}

extension LinkUpdate {
  /// What of availability zones does not do what it seems to.
  static func doubts(ofZonesOf links: [Link], in workspace: WorkspaceFolder) -> [Problem] {
    let clients = ((try? workspace.workspaceFile())?.clientZones ?? []).map(\.name)
    return links.flatMap { link in
      link.zoneDoubts(clients).map { Problem(file: workspace.shown(link.path), severity: .warning, $0) }
    }
  }
}

extension Endpoint {
  /// An endpoint with these addresses beside those that it has.
  ///
  /// - Parameter flag: for errors.
  fileprivate static func pinning(
    _ zonal: ZonalAddresses, beside endpoint: Endpoint?, flag: String
  ) throws(Problem) -> Endpoint {
    let zones = (endpoint?.zones ?? [:]).merging(zonal.zones) { _, new in new }
    let addresses = (endpoint?.addresses ?? []) + zonal.zones.keys
    guard let pinned = Endpoint(name: endpoint?.name, addresses: Array(Set(addresses)), zones: zones) else {
      throw Problem("\(flag): more than \(Limits.Links.addressesOfEndpoint) addresses of one endpoint")
    }
    return pinned
  }
}

extension [Link] {
  /// The addresses that clients of each zone are to have first.
  var zonalAddresses: [String: Set<IPAddress>] {
    var all: [String: Set<IPAddress>] = [:]
    for link in self where link.hasZoneAffinity {
      for (address, zone) in link.endpoints.flatMap(\.zones) { all[zone, default: []].insert(address) }
    }
    return all
  }
}

// MARK: - The link's file

extension Endpoint {
  /// What the link's file says of zones.
  var zonalMembers: [(String, JSON)] {
    guard !zones.isEmpty else { return [] }
    let byZone = Dictionary(grouping: zones.keys.sorted()) { zones[$0] ?? "" }.sorted { $0.key < $1.key }
    let members = byZone.map { zone, addresses in (zone, JSON.array(addresses.map { .string($0.description) })) }
    return [("zonal", .object(members))]
  }
}

extension LinkFileReader {
  /// Reads an endpoint's `"zonal"`.
  ///
  /// - Parameter addresses: the endpoint's.
  func zones(_ json: JSON?, of addresses: [IPAddress]) throws(Problem) -> [IPAddress: String] {
    var zones: [IPAddress: String] = [:]
    for zone in try json?.expectObject("\"zonal\"", file: file).members ?? [] {
      guard isPlainName(zone.key) else {
        throw Problem(
          file: file, position: zone.keyPosition,
          "\(quoted(zone.key)) is not the name of an availability zone; write one like us-east-1a")
      }
      for value in try zone.value.expectArray("the addresses in a zone", file: file) {
        let text = try value.expectString("an address", file: file)
        guard let address = IPAddress(text), addresses.contains(address) else {
          throw problem(value, "\(quoted(text)) is none of the endpoint's \"addresses\"; write it there too")
        }
        guard zones.updateValue(zone.key, forKey: address) == nil else {
          throw problem(value, "\(address) stands in \"zonal\" twice; an address is in one zone")
        }
      }
    }
    return zones
  }
}
