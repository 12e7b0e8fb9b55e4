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
    // Names from the root's side on, and so a wildcard after the name that it is below.
    let names = owners.keys.sorted()
    var nodes: [Name: UInt32] = [:]
    var slots: [Slot] = []
    for name in names.reversed() { slots.append(addNode(name, &nodes)) }
    for index in zones.indices { addZone(index) }
    fillSlots(slots)
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

  /// Writes the block of a name: its node, the heads of its RRsets, the name, the records.
  private mutating func addNode(_ name: Name, _ nodes: inout [Name: UInt32]) -> Slot {
    let owner = owners[name] ?? Owner(zone: 0)
    let groups = Dictionary(grouping: owner.records, by: \.type).sorted { $0.key < $1.key }.map { Self.prepare($1) }
    var marks = owner.marks
    for group in groups {
      switch group.type {
      case .cname: marks.insert(.cname)
      case .alias: marks.insert(.alias)
      case .dname: marks.insert(.dname)
      default: break
      }
    }
    let lowered = name.lowercased.wire
    var hashes = NameHashes()
    hashes.fill(lowered.span)
    let headLength =
      MemoryLayout<Node>.stride + groups.count * MemoryLayout<RecordSet>.stride + lowered.count
    let start = startBlock(length: headLength + groups.reduce(0) { $0 + $1.octets.count })
    nodes[name] = start
    append(
      plain: Node(
        wildcard: name.prefixed(by: [0x2a]).flatMap { nodes[$0] } ?? Node.none, zone: UInt16(owner.zone),
        setCount: UInt16(groups.count), nameLength: UInt8(lowered.count), marks: marks))
    var recordsStart = start + UInt32(headLength)
    for group in groups {
      append(plain: group.set(at: recordsStart))
      recordsStart += UInt32(group.octets.count)
    }
    parts.octets += lowered
    for group in groups { parts.octets += group.octets }
    return Slot(hash: hashes.hash(fromLabel: 0), node: start)
  }

  /// Where the next block starts: at once, or in the next cache line when it would lie in one more than it must.
  private mutating func startBlock(length: Int) -> UInt32 {
    let used = parts.octets.count % ZoneImage.cacheLine
    if used + length > ZoneImage.lines(length) {
      parts.octets += repeatElement(0, count: ZoneImage.cacheLine - used)
    }
    return UInt32(parts.octets.count)
  }

  private mutating func append(plain value: some BitwiseCopyable) {
    // unsafe: reads the octets of a local value, none of which is padding.
    unsafe withUnsafeBytes(of: value) { unsafe parts.octets.append(contentsOf: $0) }
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
    let prepared = Self.prepare(negative)
    let start = UInt32(parts.octets.count)
    parts.octets += prepared.octets
    let apexOffset = UInt32(parts.octets.count)
    parts.octets += zone.apex.lowercased.wire
    parts.zones.append(
      ZoneEntry(
        apexOffset: apexOffset, apexLength: UInt8(zone.apex.wire.count), missIsForwarded: miss == .forward,
        soa: prepared.set(at: start)))
  }

  /// An RRset's records, as they go into a message.
  private struct PreparedSet {
    let type: RecordType
    let recordCount: UInt16
    var octets: [UInt8] = []

    func set(at start: UInt32) -> RecordSet {
      RecordSet(type: type, recordCount: recordCount, offset: start, length: UInt32(octets.count))
    }
  }

  /// Writes records as they go into a message, the owner as a pointer that each answer sets.
  private static func prepare(_ records: [ResourceRecord]) -> PreparedSet {
    var prepared = PreparedSet(type: records.first?.type ?? .soa, recordCount: UInt16(records.count))
    for record in records {
      let ttl = record.ttlSeconds
      let length = UInt16(record.data.count)
      prepared.octets += [0xc0, UInt8(Header.length)]
      prepared.octets += [UInt8(record.type.rawValue >> 8), UInt8(truncatingIfNeeded: record.type.rawValue), 0, 1]
      prepared.octets += (0..<4).map { UInt8(truncatingIfNeeded: ttl >> (24 - 8 * UInt32($0))) }
      prepared.octets += [UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
      prepared.octets += record.data
    }
    return prepared
  }

  /// Open addressing with a quarter of the slots free, so that a probe for a name that is not there ends soon.
  private mutating func fillSlots(_ nodes: [Slot]) {
    var size = 2
    while 3 * size < 4 * nodes.count { size *= 2 }
    parts.slots = Array(repeating: .free, count: size)
    let mask = UInt32(size - 1)
    for node in nodes {
      var at = node.hash & mask
      while parts.slots[Int(at)].node != Node.none { at = (at + 1) & mask }
      parts.slots[Int(at)] = node
    }
  }
}
