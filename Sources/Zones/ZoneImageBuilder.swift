import Wire

/// What a zone does for a name that it does not hold.
public enum MissPolicy: String, Sendable {
  /// It says that there is no such name.
  case nxdomain
  /// It asks the workspace's forwarding.
  case forward
}

extension ZoneImage {
  /// The most names that one workspace's zones may have together.
  public static let maximumNodeCount = 4_000_000
  /// The most zones of one workspace.
  public static let maximumZoneCount = 65_535

  /// Makes an image of a workspace's zones.
  ///
  /// - Parameters:
  ///   - zones: checked zones with what a miss in each does; no two of one name.
  ///   - forwarded: the names of the workspace's forwarding rules. One that lies inside a zone cuts it: from there on
  ///     down the rule answers. One that is a zone's own name does not: there the zone answers first.
  public convenience init(_ zones: [(zone: Zone, miss: MissPolicy)], forwarded: [Name] = []) {
    var builder = ZoneImageBuilder(zones, forwarded: forwarded)
    self.init(builder.build())
  }
}

private struct ZoneImageBuilder {
  /// An owner's name while its records are gathered.
  struct Owner {
    var zone: Int
    var records: [ResourceRecord] = []
    var marks: Node.Marks = []
  }

  let zones: [(zone: Zone, miss: MissPolicy)]
  let zoneOf: [Name: Int]
  let forwarded: Set<Name>
  var owners: [Name: Owner] = [:]
  var parts = ZoneImageParts()

  init(_ zones: [(zone: Zone, miss: MissPolicy)], forwarded: [Name]) {
    // The order of zones and names decides the bytes; the same input gives the same image.
    self.zones = zones.sorted { $0.zone.apex < $1.zone.apex }
    zoneOf = Dictionary(self.zones.enumerated().map { ($1.zone.apex, $0) }) { first, _ in first }
    self.forwarded = Set(forwarded)
  }

  mutating func build() -> ZoneImageParts {
    for index in zones.indices { gather(zone: index) }
    for rule in forwarded { cut(at: rule) }
    let names = owners.keys.sorted()
    var indices: [Name: UInt32] = [:]
    for (index, name) in names.enumerated() { indices[name] = UInt32(index) }
    for name in names { addNode(name, indices) }
    for index in zones.indices { addZone(index) }
    fillSlots()
    return parts
  }

  /// Puts a zone's records at their owners, with the empty non-terminals between them and the apex, but for what a
  /// deeper zone, a delegation or a forwarding rule hides.
  private mutating func gather(zone index: Int) {
    let zone = zones[index].zone
    let delegations = Set(zone.records.lazy.filter { $0.type == .ns && $0.owner != zone.apex }.map(\.owner))
    for record in zone.records where !isHidden(record, in: index, delegations) {
      var name = record.owner
      owners[name, default: Owner(zone: index)].records.append(record)
      while name != zone.apex, let parent = name.parent, owners[parent] == nil {
        owners[parent] = Owner(zone: index)
        name = parent
      }
    }
    for name in delegations where owners[name]?.zone == index {
      owners[name]?.marks.insert(.delegation)
    }
  }

  private func isHidden(_ record: ResourceRecord, in index: Int, _ delegations: Set<Name>) -> Bool {
    let apex = zones[index].zone.apex
    var name = record.owner
    while name != apex, let parent = name.parent {
      if zoneOf[name] != nil || forwarded.contains(name) { return true }
      if delegations.contains(name), name != record.owner { return true }
      name = parent
    }
    return false
  }

  /// Marks where a forwarding rule takes over inside a zone.
  private mutating func cut(at rule: Name) {
    guard zoneOf[rule] == nil else { return }
    var ancestor = rule.parent
    while let name = ancestor, zoneOf[name] == nil, !forwarded.contains(name) { ancestor = name.parent }
    guard let ancestor, let zone = zoneOf[ancestor] else { return }
    owners[rule] = Owner(zone: zone, marks: .forwarded)
    var name = rule
    while let parent = name.parent, parent != ancestor, owners[parent] == nil {
      owners[parent] = Owner(zone: zone)
      name = parent
    }
  }

  private mutating func addNode(_ name: Name, _ indices: [Name: UInt32]) {
    guard let owner = owners[name] else { return }
    var marks = owner.marks
    let groups = Dictionary(grouping: owner.records, by: \.type).sorted { $0.key < $1.key }
    for (type, _) in groups {
      switch type {
      case .cname: marks.insert(.cname)
      case .alias: marks.insert(.alias)
      case .dname: marks.insert(.dname)
      default: break
      }
    }
    let lowered = name.lowercased.wire
    var hashes = NameHashes()
    hashes.fill(lowered.span)
    let nameOffset = append(lowered)
    let firstSet = UInt32(parts.sets.count)
    for (_, records) in groups { parts.sets.append(prepare(records)) }
    parts.nodes.append(
      Node(
        hash: hashes.hash(fromLabel: 0), nameOffset: nameOffset, firstSet: firstSet,
        wildcard: name.prefixed(by: [0x2a]).flatMap { indices[$0] } ?? Node.none,
        zone: UInt16(owner.zone), setCount: UInt16(groups.count), nameLength: UInt8(name.wire.count), marks: marks))
  }

  private mutating func addZone(_ index: Int) {
    let (zone, miss) = zones[index]
    let soa = zone.records.first { $0.type == .soa }
    var negative = soa.map { [$0] } ?? []
    if let soa, soa.data.count >= 4 {
      // RFC 2308 §3: a negative answer lives for the smaller of the SOA's own TTL and its MINIMUM field.
      let minimum = soa.data.suffix(4).reduce(0) { $0 << 8 | UInt32($1) }
      negative[0].ttlSeconds = min(soa.ttlSeconds, minimum)
    }
    let prepared = prepare(negative)
    let apexOffset = append(zone.apex.lowercased.wire)
    parts.zones.append(
      ZoneEntry(
        apexOffset: apexOffset, apexLength: UInt8(zone.apex.wire.count), missIsForwarded: miss == .forward,
        soa: prepared))
  }

  private mutating func append(_ octets: [UInt8]) -> UInt32 {
    let offset = UInt32(parts.octets.count)
    parts.octets += octets
    return offset
  }

  /// Writes records as they go into a message, the owner as a pointer that each answer sets.
  private mutating func prepare(_ records: [ResourceRecord]) -> RecordSet {
    let offset = UInt32(parts.octets.count)
    for record in records {
      let ttl = record.ttlSeconds
      let length = UInt16(record.data.count)
      parts.octets += [0xc0, UInt8(Header.length)]
      parts.octets += [UInt8(record.type.rawValue >> 8), UInt8(truncatingIfNeeded: record.type.rawValue), 0, 1]
      parts.octets += (0..<4).map { UInt8(truncatingIfNeeded: ttl >> (24 - 8 * UInt32($0))) }
      parts.octets += [UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
      parts.octets += record.data
    }
    return RecordSet(
      type: records.first?.type ?? .soa, recordCount: UInt16(records.count), offset: offset,
      length: UInt32(parts.octets.count) - offset)
  }

  /// Open addressing with at least half of the slots free, so that a probe for a name that is not there ends soon.
  private mutating func fillSlots() {
    var size = 2
    while size < 2 * parts.nodes.count { size *= 2 }
    parts.slots = Array(repeating: Node.none, count: size)
    let mask = UInt32(size - 1)
    for (index, node) in parts.nodes.enumerated() {
      var slot = node.hash & mask
      while parts.slots[Int(slot)] != Node.none { slot = (slot + 1) & mask }
      parts.slots[Int(slot)] = UInt32(index)
    }
  }
}
