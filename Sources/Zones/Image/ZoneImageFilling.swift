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
  /// Where the names are that the next one may be below, by how many labels they have; from the apex on.
  private var line = [Place](repeating: Place(), count: NameHashes.capacity)

  /// A name on the way from the apex to the one that is being written.
  private struct Place {
    var node = 0
    /// Where the name stands in the octets; nil for one without its own, as long as none below it has come.
    var name: Int?
    var length = 0
    var hash: UInt64 = 0
  }

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
    for (zone, part) in plan.zones.enumerated() {
      do throws(TooFar) {
        try plan.forEachNode(of: zone) { node throws(TooFar) in
          let start = add(node, zone: zone, part, plan)
          let slot = Slot(hash: NameHashes.folded(line[node.labelCount].hash), node: UInt32(start))
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
  private mutating func add(
    _ node: ZoneImagePlan.Node, zone: Int, _ part: ZoneImagePlan.Part, _ plan: ZoneImagePlan
  ) -> Int {
    let start = Self.start(after: used, length: node.length)
    let nameLength = part.list.names.length(of: node.name)
    let nameDistance = MemoryLayout<Node>.stride + node.sets.count * MemoryLayout<RecordSet>.stride
    hasWildcards = hasWildcards || node.isWildcard
    // A zone's number is below 65,536, and there are at most 100 types at a name; a name has at most 255 octets.
    octets.set(
      plain: Node(
        wildcard: Node.none, zone: UInt16(zone), setCount: UInt16(node.sets.count), nameLength: UInt8(nameLength),
        marks: node.marks, nameDistance: UInt16(nameDistance)),
      at: start)
    line[node.labelCount] = Place(node: start, length: nameLength, hash: hash(of: node, part))
    used = start + nameDistance
    if node.isWithoutName { return start }
    var at = start + MemoryLayout<Node>.stride
    var recordsStart = used + nameLength
    for set in node.sets {
      octets.set(plain: head(set.type, set.count, at: recordsStart, length: set.octets), at: at)
      at += MemoryLayout<RecordSet>.stride
      recordsStart += set.octets
    }
    writeName(node, part)
    for set in node.sets {
      for index in plan.order(of: set, in: part) { write(part.list.entries[Int(index)], part.list) }
    }
    return start
  }

  /// The hash of a name, from that of the one above it.
  private func hash(of node: ZoneImagePlan.Node, _ part: ZoneImagePlan.Part) -> UInt64 {
    if node.name != part.tree.apex {
      let above = line[node.labelCount - 1].hash
      return seed.hash(label: part.list.names.label(of: node.name), at: 0, parent: above, ignoringCase: true)
    }
    let (apex, labels) = (part.apex.wire.span, LabelOffsets(part.apex))
    var hash = seed.root
    for label in (0..<labels.count).reversed() {
      hash = seed.hash(label: apex, at: labels[label], parent: hash, ignoringCase: true)
    }
    return hash
  }

  /// Writes a name in lower case: its own labels as far as those above have no place, then the nearest above that has. Those
  /// have one then: in this name.
  @_lifetime(self: copy self)
  private mutating func writeName(_ node: ZoneImagePlan.Node, _ part: ZoneImagePlan.Part) {
    var (name, labelCount) = (node.name, node.labelCount)
    while name != part.tree.apex, line[labelCount].name == nil {
      let start = used
      let label = part.list.names.label(of: name)
      for index in label.indices { octets[start + index] = lowercased(label[index]) }
      used += label.count
      settle(line[labelCount], at: start)
      line[labelCount].name = start
      name = part.list.names.parent(of: name)
      labelCount -= 1
    }
    if let above = line[labelCount].name {
      octets.copy(above..<(above + line[labelCount].length), to: used)
    } else {
      settle(line[labelCount], at: used)
      line[labelCount].name = used
      octets.copy(part.apex.lowercased.wire.span, to: used)
    }
    used += line[labelCount].length
  }

  /// Tells a node where its name stands: at most 127 nodes, the heads of 100 RRsets and a name away.
  @_lifetime(self: copy self)
  private mutating func settle(_ place: Place, at start: Int) {
    var node = octets.span.plain(Node.self, at: place.node)
    node.nameDistance = UInt16(start - place.node)
    octets.set(plain: node, at: place.node)
  }

  /// A set has at most 100 records, and everything stands in the first 4 GiB: `ZoneChecker` and `ZoneImageSize` see to
  /// that.
  private func head(_ type: RecordType, _ count: Int, at start: Int, length: Int) -> RecordSet {
    RecordSet(type: type, recordCount: UInt16(count), offset: UInt32(start), length: UInt32(length))
  }

  /// Writes a record as it goes into a message, the owner as a pointer that each answer sets.
  @_lifetime(self: copy self)
  private mutating func write(_ record: RecordList.Entry, _ list: RecordList, ttlSeconds: UInt32? = nil) {
    octets.setBigEndian16(0xc000 | UInt16(Header.length), at: used)
    octets.setBigEndian16(record.type.rawValue, at: used + 2)
    octets.setBigEndian16(RecordClass.internet.rawValue, at: used + 4)
    octets.setBigEndian32(ttlSeconds ?? record.ttlSeconds, at: used + 6)
    octets.setBigEndian16(record.length, at: used + 10)
    used += RecordSet.dataOffset
    list.forEachPiece(of: record) { piece in
      octets.copy(piece, to: used)
      used += piece.count
    }
  }

  @_lifetime(self: copy self)
  private mutating func addZone(_ index: Int, _ plan: ZoneImagePlan) {
    let zone = plan.zones[index]
    let start = used
    if let soa = zone.soaEntry {
      // RFC 2308 §3: a negative answer lives for the smaller of the SOA's own TTL and its MINIMUM field.
      write(soa, zone.list, ttlSeconds: min(soa.ttlSeconds, zone.soa.minimumSeconds))
    }
    let soa = head(.soa, zone.soaEntry == nil ? 0 : 1, at: start, length: used - start)
    let apex = zone.apex.lowercased.wire
    octets.copy(apex.span, to: used)
    zones[index] = ZoneEntry(
      apexOffset: UInt32(used), apexLength: UInt8(apex.count), missIsForwarded: zone.miss == .forward, soa: soa)
    used += apex.count
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
        let name = plan.zones[zone].list.names[node.name].wire.span
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
