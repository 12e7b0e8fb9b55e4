import Wire

/// A zone of an image, for people.
public struct ZoneListing: Hashable, Sendable {
  /// The zone's own name.
  public let apex: Name
  /// What a name that the zone does not hold gets: NXDOMAIN, or the forwarding's answer.
  public let missIsForwarded: Bool
}

extension ZoneImage {
  /// The zones, in the order of their names.
  public var listing: [ZoneListing] {
    let view = view
    var zones: [ZoneListing] = []
    for index in view.zones.indices {
      let zone = view.zones[index]
      let start = Int(zone.apexOffset)
      let octets = (start..<(start + Int(zone.apexLength))).map { view.octets[$0] }
      guard let apex = Name(wire: octets) else { continue }
      zones.append(ZoneListing(apex: apex, missIsForwarded: zone.missIsForwarded))
    }
    return zones.sorted { $0.apex < $1.apex }
  }
}
