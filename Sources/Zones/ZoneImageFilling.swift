import Wire

extension ZoneImagePlace {
  /// Makes the image that is planned, in memory that the caller has to free.
  static func filled(_ plan: ZoneImagePlan, _ size: ZoneImageSize, seed: HashSeed) -> ZoneImagePlace {
    var place = unsafe ZoneImagePlace(size, seed: seed)
    let attempts = 4
    for attempt in 1...attempts {
      // With the last seed whatever comes is taken: look-ups are as right, and as slow as their longest probe.
      let limit = attempt == attempts ? size.slotCount : ZoneImage.usualProbes
      // unsafe: the filling is done before the memory goes anywhere.
      var filling = unsafe ZoneImageFilling(place)
      if filling.fill(plan, maximumProbes: limit) {
        let (longest, wildcards) = (filling.longestProbe, filling.hasWildcards)
        unsafe place.longestProbe = UInt32(longest)
        if wildcards { filling.linkWildcards(plan, unsafe ZoneImageView(place)) }
        break
      }
      unsafe place.seed = unsafe place.seed.next
    }
    return unsafe place
  }
}

/// The parts of an image while they are written.
struct ZoneImageFilling: ~Copyable, ~Escapable {
  private var slots: MutableSpan<Slot>
  private var zones: MutableSpan<ZoneEntry>
  private var octets: MutableSpan<UInt8>
  private let seed: HashSeed
  private var used = 0
  /// How many slots beyond its own the name is in that is farthest from it.
  private(set) var longestProbe = 0
  private(set) var hasWildcards = false

  // unsafe: the caller keeps the memory until the filling is done, and nobody else looks at it.
  @unsafe
  @_lifetime(immortal)
  init(_ place: ZoneImagePlace) {
    unsafe slots = _overrideLifetime(
      MutableSpan(_unsafeStart: place.slots, count: Int(place.slotCount)), copying: ())
    unsafe zones = _overrideLifetime(
      MutableSpan(_unsafeStart: place.zones, count: Int(place.zoneCount)), copying: ())
    unsafe octets = _overrideLifetime(
      MutableSpan(_unsafeStart: place.octets, count: Int(place.octetCount)), copying: ())
    seed = unsafe place.seed
  }

  /// Where a block starts that comes after `used` octets: at once, or in the next cache line when it would lie in one
  /// more than it must.
  static func start(after used: Int, length: Int) -> Int {
    let line = used % ZoneImage.cacheLine
    return line + length > ZoneImage.lines(length) ? used + ZoneImage.cacheLine - line : used
  }

  /// Writes everything but the links to wildcards.
  ///
  /// - Returns: false when a name would be farther from its slot than is allowed; another seed may do better.
  @_lifetime(self: copy self)
  mutating func fill(_ plan: ZoneImagePlan, maximumProbes: Int) -> Bool {
    for index in slots.indices { slots[index] = .free }
    (used, longestProbe) = (0, 0)
    var hashes = NameHashes()
    for zone in plan.zones.indices {
      let records = plan.zones[zone].zone.records
      do throws(TooFar) {
        try plan.forEachNode(of: zone) { node throws(TooFar) in
          let start = add(node, zone: zone, records)
          hashes.fill(node.owner.wire.span.extracting(node.start...), seed: seed)
          let slot = Slot(hash: hashes.hash(fromLabel: 0), node: UInt32(start))
          guard insert(slot, maximumProbes) else { throw TooFar() }
        }
      } catch {
        return false
      }
    }
    for zone in plan.zones.indices { addZone(zone, plan) }
    return true
  }

  private struct TooFar: Error {}

  /// Writes the block of a name: its node, the heads of its RRsets, the name, the records.
  @_lifetime(self: copy self)
  private mutating func add(_ node: ZoneImagePlan.Node, zone: Int, _ records: [ResourceRecord]) -> Int {
    let start = Self.start(after: used, length: node.length)
    let name = node.owner.wire
    let nameLength = name.count - node.start
    hasWildcards = hasWildcards || node.isWildcard
    // A zone's number, and how many types are at a name, are below 65,536; a name has at most 255 octets.
    octets.set(
      plain: Node(
        wildcard: Node.none, zone: UInt16(zone), setCount: UInt16(node.sets.count), nameLength: UInt8(nameLength),
        marks: node.marks),
      at: start)
    var at = start + MemoryLayout<Node>.stride
    var recordsStart = at + node.sets.count * MemoryLayout<RecordSet>.stride + nameLength
    for set in node.sets {
      octets.set(plain: head(set.type, set.records.count, at: recordsStart, length: set.length), at: at)
      at += MemoryLayout<RecordSet>.stride
      recordsStart += set.length
    }
    for index in node.start..<name.count {
      octets[at] = lowercased(name[index])
      at += 1
    }
    for set in node.sets {
      for index in set.records { at = write(records[index], at: at) }
    }
    used = at
    return start
  }

  /// A set has at most 100 records, and everything stands in the first 4 GiB: `ZoneChecker` and `ZoneImageSize` see to
  /// that.
  private func head(_ type: RecordType, _ count: Int, at start: Int, length: Int) -> RecordSet {
    RecordSet(type: type, recordCount: UInt16(count), offset: UInt32(start), length: UInt32(length))
  }

  /// Writes a record as it goes into a message, the owner as a pointer that each answer sets.
  ///
  /// - Returns: where it ends.
  @_lifetime(self: copy self)
  private mutating func write(_ record: ResourceRecord, at start: Int, ttlSeconds: UInt32? = nil) -> Int {
    octets.setBigEndian16(0xc000 | UInt16(Header.length), at: start)
    octets.setBigEndian16(record.type.rawValue, at: start + 2)
    octets.setBigEndian16(RecordClass.internet.rawValue, at: start + 4)
    octets.setBigEndian32(ttlSeconds ?? record.ttlSeconds, at: start + 6)
    // Checked to be at most 65,535 when the record was.
    octets.setBigEndian16(UInt16(record.data.count), at: start + 10)
    octets.copy(record.data.span, to: start + RecordSet.dataOffset)
    return start + RecordSet.dataOffset + record.data.count
  }

  @_lifetime(self: copy self)
  private mutating func addZone(_ index: Int, _ plan: ZoneImagePlan) {
    let (zone, miss) = plan.zones[index]
    let start = used
    var count = 0
    if let soa = zone.records.first(where: { $0.type == .soa }) {
      // RFC 2308 §3: a negative answer lives for the smaller of the SOA's own TTL and its MINIMUM field.
      used = write(soa, at: used, ttlSeconds: min(soa.ttlSeconds, zone.soa.minimumSeconds))
      count = 1
    }
    let soa = head(.soa, count, at: start, length: used - start)
    let apex = zone.apex.wire
    for octet in apex {
      octets[used] = lowercased(octet)
      used += 1
    }
    zones[index] = ZoneEntry(
      apexOffset: UInt32(used - apex.count), apexLength: UInt8(apex.count), missIsForwarded: miss == .forward, soa: soa)
  }

  /// Puts a name into the first slot from its own on that is free, or whose name is nearer to its own than this one: so
  /// none is far from its own (Robin Hood hashing).
  @_lifetime(self: copy self)
  private mutating func insert(_ slot: Slot, _ maximumProbes: Int) -> Bool {
    // A power of two, at most 2^31.
    let mask = UInt32(slots.count - 1)
    var slot = slot
    var at = slot.hash & mask
    var probe = 0
    while true {
      guard probe <= maximumProbes else { return false }
      let other = slots[Int(at)]
      if other.node == Node.none {
        slots[Int(at)] = slot
        longestProbe = max(longestProbe, probe)
        return true
      }
      let otherProbe = Int((at &- other.hash) & mask)
      if otherProbe < probe {
        slots[Int(at)] = slot
        longestProbe = max(longestProbe, probe)
        (slot, probe) = (other, otherProbe)
      }
      at = (at + 1) & mask
      probe += 1
    }
  }

  /// Tells each name of the wildcard right below it.
  @_lifetime(self: copy self)
  mutating func linkWildcards(_ plan: ZoneImagePlan, _ view: ZoneImageView) {
    var hashes = NameHashes()
    for zone in plan.zones.indices {
      plan.forEachNode(of: zone) { node in
        guard node.isWildcard else { return }
        let name = node.owner.wire.span.extracting(node.start...)
        hashes.fill(name, seed: seed)
        guard let wildcard = view.find(name, from: 0, length: hashes.length, hashes.hash(fromLabel: 0)),
          let parent = view.find(
            name, from: hashes.offset(ofLabel: 1), length: hashes.length, hashes.hash(fromLabel: 1))
        else { return }
        var changed = view.node(at: parent)
        changed.wildcard = UInt32(wildcard)
        octets.set(plain: changed, at: parent)
      }
    }
  }
}
