import Wire

/// What a zone does for a name that it does not hold.
public enum MissPolicy: String, Sendable {
  /// It says that there is no such name.
  case nxdomain
  /// It asks the workspace's forwarding.
  case forward
}

extension ZoneImage {

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
  /// What stands at a name.
  struct Owner {
    var zone: Int
    /// Where its records are among those of the zone, which are in order.
    var records: Range<Int> = 0..<0
    var marks: Node.Marks = []
  }

  let zones: [(zone: Zone, miss: MissPolicy)]
  let zoneOf: [Name: Int]
  let forwarded: Set<Name>
  var owners: [Name: Owner] = [:]
  /// Where the nodes of wildcards are, by the names that they are right below.
  var wildcards: [Name: UInt32] = [:]
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
    // In canonical order a wildcard stands after the name that it is below.
    let sorted = owners.sorted { $0.key < $1.key }
    var slots: [Slot] = []
    slots.reserveCapacity(sorted.count)
    for (name, owner) in sorted.reversed() { slots.append(addNode(name, owner)) }
    for index in zones.indices { addZone(index) }
    fillSlots(slots)
    return parts
  }

  /// Puts a zone's records at their owners, with the empty non-terminals between them and the apex, but for what a
  /// deeper zone, a delegation or a forwarding rule hides.
  private mutating func gather(zone index: Int) {
    let zone = zones[index].zone
    let delegations = Set(zone.records.lazy.filter { $0.type == .ns && $0.owner != zone.apex }.map(\.owner))
    owners.reserveCapacity(owners.count + zone.records.count)
    var start = 0
    while start < zone.records.count {
      let owner = zone.records[start].owner
      let end = zone.records[start...].firstIndex { $0.owner != owner } ?? zone.records.count
      if !isHidden(owner, in: index, delegations) { add(owner, Owner(zone: index, records: start..<end), zone.apex) }
      start = end
    }
    for name in delegations where owners[name]?.zone == index {
      owners[name]?.marks.insert(.delegation)
    }
  }

  private mutating func add(_ name: Name, _ owner: Owner, _ apex: Name) {
    owners[name] = owner
    var name = name
    while name != apex, let parent = name.parent, owners[parent] == nil {
      owners[parent] = Owner(zone: owner.zone)
      name = parent
    }
  }

  private func isHidden(_ owner: Name, in index: Int, _ delegations: Set<Name>) -> Bool {
    guard zones.count > 1 || !forwarded.isEmpty || !delegations.isEmpty else { return false }
    let apex = zones[index].zone.apex
    var name = owner
    while name != apex, let parent = name.parent {
      if zoneOf[name] != nil || forwarded.contains(name) { return true }
      if delegations.contains(name), name != owner { return true }
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
  private mutating func addNode(_ name: Name, _ owner: Owner) -> Slot {
    let records = zones[owner.zone].zone.records[owner.records]
    let sets = Self.sets(of: records)
    let lowered = name.lowercased.wire
    var hashes = NameHashes()
    hashes.fill(lowered.span)
    let headLength = MemoryLayout<Node>.stride + sets.count * MemoryLayout<RecordSet>.stride + lowered.count
    let start = startBlock(length: headLength + sets.reduce(0) { $0 + $1.length })
    if name.isWildcard, let parent = name.parent { wildcards[parent] = start }
    append(
      plain: Node(
        wildcard: wildcards.isEmpty ? Node.none : wildcards[name] ?? Node.none, zone: UInt16(owner.zone),
        setCount: UInt16(sets.count), nameLength: UInt8(lowered.count), marks: Self.marks(of: owner, sets)))
    var recordsStart = start + UInt32(headLength)
    for set in sets {
      append(plain: set.head(at: recordsStart))
      recordsStart += UInt32(set.length)
    }
    parts.octets += lowered
    for set in sets { append(set) }
    return Slot(hash: hashes.hash(fromLabel: 0), node: start)
  }

  /// An owner's sets, by type.
  private static func sets(of records: ArraySlice<ResourceRecord>) -> [PreparedSet] {
    var sets: [PreparedSet] = []
    var start = records.startIndex
    while start < records.endIndex {
      let type = records[start].type
      let end = records[start...].firstIndex { $0.type != type } ?? records.endIndex
      sets.append(PreparedSet(type, records[start..<end]))
      start = end
    }
    // They are by type already but for the SOA, which stands first.
    if sets.count > 1 { sets.sort { $0.type < $1.type } }
    return sets
  }

  private static func marks(of owner: Owner, _ sets: [PreparedSet]) -> Node.Marks {
    var marks = owner.marks
    for set in sets {
      switch set.type {
      case .cname: marks.insert(.cname)
      case .alias: marks.insert(.alias)
      case .dname: marks.insert(.dname)
      default: break
      }
    }
    return marks
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
    let prepared = PreparedSet(.soa, negative[...])
    let start = UInt32(parts.octets.count)
    append(prepared)
    let apexOffset = UInt32(parts.octets.count)
    parts.octets += zone.apex.lowercased.wire
    parts.zones.append(
      ZoneEntry(
        apexOffset: apexOffset, apexLength: UInt8(zone.apex.wire.count), missIsForwarded: miss == .forward,
        soa: prepared.head(at: start)))
  }

  /// An RRset, and how long its records are as they go into a message.
  private struct PreparedSet {
    let type: RecordType
    let records: ArraySlice<ResourceRecord>
    let length: Int

    init(_ type: RecordType, _ records: ArraySlice<ResourceRecord>) {
      self.type = type
      self.records = records
      length = records.reduce(0) { $0 + RecordSet.dataOffset + $1.data.count }
    }

    func head(at start: UInt32) -> RecordSet {
      RecordSet(type: type, recordCount: UInt16(records.count), offset: start, length: UInt32(length))
    }
  }

  /// Writes records as they go into a message, the owner as a pointer that each answer sets.
  private mutating func append(_ set: PreparedSet) {
    for record in set.records {
      parts.octets.append(0xc0)
      parts.octets.append(UInt8(Header.length))
      parts.octets.appendBigEndian(UInt64(record.type.rawValue), octets: 2)
      parts.octets.appendBigEndian(UInt64(RecordClass.internet.rawValue), octets: 2)
      parts.octets.appendBigEndian(UInt64(record.ttlSeconds), octets: 4)
      parts.octets.appendBigEndian(UInt64(record.data.count), octets: 2)
      parts.octets += record.data
    }
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
