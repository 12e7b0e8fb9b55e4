import Wire

/// All the zones of one workspace, made ready to be answered from: immutable, without pointers between its parts, one
/// hash probe for a name that exists.
///
/// Owners of all zones share one table, because a name belongs to its closest enclosing zone alone: owners that a
/// deeper zone or a zone cut hides are not in it. Each RRset is kept as the records that go into a message, so that an
/// answer is copied, not composed.
///
/// A look-up waits for memory more than it computes, so it touches little of it: a slot tells the whole hash, and all of
/// a name (its node, its RRsets' heads, the name, its records) stands in one block, most often in one cache line.
@safe public final class ZoneImage: Sendable {
  // unsafe: memory that this object alone allocates and frees, never written after `init`.
  nonisolated(unsafe) let place: ZoneImagePlace
  /// How many octets it takes.
  public let byteCount: Int

  /// How long a cache line is, in octets, on every machine that this runs on.
  static let cacheLine = 64

  // unsafe: memory that was allocated for a place, which is this object's from now on.
  @unsafe init(_ place: ZoneImagePlace) {
    unsafe self.place = place
    byteCount = unsafe place.byteCount
  }

  deinit { unsafe place.memory.deallocate() }  // unsafe: what `init` allocated; no view outlives its image.

  /// How many slots beyond its own a name may be in. A few are usual even among millions of names; more mean that
  /// whoever chose the names knew the seed, and another one is taken.
  static let usualProbes = 64

  /// A size made up to whole cache lines.
  static func lines(_ size: Int) -> Int { (size + cacheLine - 1) / cacheLine * cacheLine }

  /// An image without zones.
  // unsafe: as above.
  static let empty = unsafe ZoneImage(ZoneImagePlace(slotCount: 2, zoneCount: 0, octetCount: 0, seed: .known))

  /// The image as spans, for as long as it is borrowed.
  public var view: ZoneImageView {
    @_lifetime(borrow self)
    get {
      let view = unsafe ZoneImageView(place)  // unsafe: the memory lives as long as this object.
      return unsafe _overrideLifetime(view, borrowing: self)
    }
  }
}

/// The memory of an image: slots, zones and octets, each part at the start of a cache line.
@unsafe struct ZoneImagePlace: BitwiseCopyable {
  let memory: UnsafeMutableRawPointer
  let slotCount: UInt32
  let zoneCount: UInt32
  let octetCount: UInt32
  /// How many slots beyond its own a name may be in.
  var longestProbe: UInt32 = 0
  /// Of the names' hashes.
  var seed: HashSeed

  /// Allocates what an image of this size needs; all its slots are free.
  init(slotCount: Int, zoneCount: Int, octetCount: Int, seed: HashSeed) {
    // Each is far below 2^32: `ZoneImageSize` sees to it.
    unsafe self.slotCount = UInt32(slotCount)
    unsafe self.zoneCount = UInt32(zoneCount)
    unsafe self.octetCount = UInt32(octetCount)
    unsafe self.seed = seed
    let zonesStart = ZoneImage.lines(slotCount * MemoryLayout<Slot>.stride)
    let octetsStart = zonesStart + ZoneImage.lines(zoneCount * MemoryLayout<ZoneEntry>.stride)
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(octetsStart + octetCount, 1), alignment: ZoneImage.cacheLine)
    unsafe self.memory = memory
    // unsafe: three parts, one behind the other, inside what was just allocated for them.
    unsafe memory.initializeMemory(as: Slot.self, repeating: .free, count: slotCount)
    unsafe (memory + zonesStart).initializeMemory(as: ZoneEntry.self, repeating: .none, count: zoneCount)
    unsafe (memory + octetsStart).initializeMemory(as: UInt8.self, repeating: 0, count: octetCount)
  }

  init(_ size: ZoneImageSize, seed: HashSeed) {
    unsafe self.init(
      slotCount: size.slotCount, zoneCount: size.zoneCount, octetCount: size.octetCount, seed: seed)
  }

  private var zonesStart: Int { unsafe ZoneImage.lines(Int(slotCount) * MemoryLayout<Slot>.stride) }
  private var octetsStart: Int {
    unsafe zonesStart + ZoneImage.lines(Int(zoneCount) * MemoryLayout<ZoneEntry>.stride)
  }

  /// How many octets all of it takes.
  var byteCount: Int { unsafe octetsStart + Int(octetCount) }
  var slots: UnsafeMutablePointer<Slot> { unsafe memory.assumingMemoryBound(to: Slot.self) }
  var zones: UnsafeMutablePointer<ZoneEntry> {
    unsafe (memory + zonesStart).assumingMemoryBound(to: ZoneEntry.self)
  }
  var octets: UnsafeMutablePointer<UInt8> { unsafe (memory + octetsStart).assumingMemoryBound(to: UInt8.self) }
}

/// A place of the hash table: the name's hash, so that another name's block is seldom read, and where its block is.
struct Slot: BitwiseCopyable, Sendable {
  let hash: UInt32
  /// Where the node stands in the octets; `Node.none` in a free slot.
  let node: UInt32

  static let free = Slot(hash: 0, node: Node.none)
}

/// An owner's name: one that has records, or only names below it (an empty non-terminal, RFC 8499 §7).
///
/// Its RRsets' heads stand behind it in the octets, then the name in lower case, then the records. An empty non-terminal
/// has nothing behind it: its name is the end of a longer one's.
public struct Node: BitwiseCopyable, Sendable {
  /// What a query that ends at or below this name meets.
  public struct Marks: OptionSet, BitwiseCopyable, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Takes the bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It has a CNAME, and so nothing else.
    public static let cname = Marks(rawValue: 1)
    /// It has an ALIAS, which stands for the target's addresses.
    public static let alias = Marks(rawValue: 2)
    /// Names below it are redirected (RFC 6672).
    public static let dname = Marks(rawValue: 4)
    /// Another server's zone starts here: it has NS records and is no apex.
    public static let delegation = Marks(rawValue: 8)
    /// A forwarding rule starts here and takes this name and all below.
    public static let forwarded = Marks(rawValue: 16)
    /// A link's name: where its chain leads out of the zones, it may end in private networks alone.
    public static let guarded = Marks(rawValue: 32)
    /// A link's name that is not answered: it has no endpoint, or what the zones hold of it is public.
    public static let closed = Marks(rawValue: 64)
    /// A name of a zone that forwards its misses where that has nothing to hide: an empty non-terminal, or the zone's own
    /// name without an address. What it lacks is to be had by forwarding.
    public static let open = Marks(rawValue: 128)
  }

  /// The node of `*` below this one; `none` when there is no such name.
  var wildcard: UInt32
  let zone: UInt16
  let setCount: UInt16
  let nameLength: UInt8
  /// What stands at this name that is not mere data.
  public let marks: Marks
  /// Where the name stands, in octets after the node: behind the RRsets' heads; or, of an empty non-terminal, as the end
  /// of the name below it that comes next.
  var nameDistance: UInt16

  static let none = UInt32.max
}

/// An RRset as it goes into a message.
public struct RecordSet: BitwiseCopyable, Sendable {
  /// The records' type.
  public let type: RecordType
  /// How many records.
  public let recordCount: UInt16
  let offset: UInt32
  let length: UInt32
}

/// A zone of the image.
public struct ZoneEntry: BitwiseCopyable, Sendable {
  let apexOffset: UInt32
  /// How long the apex's name is, in octets.
  public let apexLength: UInt8
  /// What a name that the zone does not hold gets: NXDOMAIN, or the forwarding's answer.
  public let missIsForwarded: Bool
  /// The SOA record as negative answers carry it, with the TTL of RFC 2308 §3.
  let soa: RecordSet

  /// What stands in the place of one that is not written yet.
  static let none = ZoneEntry(
    apexOffset: 0, apexLength: 0, missIsForwarded: false,
    soa: RecordSet(type: .soa, recordCount: 0, offset: 0, length: 0))
}

/// Where a look-up ended.
public struct Lookup: BitwiseCopyable, Sendable {
  /// What was found for the name.
  public enum Outcome: BitwiseCopyable, Sendable {
    /// No zone of the workspace holds the name.
    case noZone
    /// The name exists.
    case exact
    /// The name does not, but a wildcard answers for it (RFC 4592).
    case wildcard
    /// A zone holds the place and nothing stands there: no such name.
    case missing
    /// The name is at or below another server's zone.
    case delegation
    /// The name is at or below a forwarding rule.
    case forwarded
    /// The name is below a DNAME.
    case dname
  }

  /// What was found.
  public let outcome: Outcome
  /// The node that answers: the name's own, the wildcard's, or the closest encloser's.
  public let node: Int
  /// How many labels of the name stand before the closest encloser; 0 when the name itself exists.
  public let labelsBelow: Int
}

/// An image as it is read: spans that cannot outlive it.
public struct ZoneImageView: ~Escapable {
  /// Blocks of names, each with its records.
  public let octets: Span<UInt8>
  let zones: Span<ZoneEntry>
  let slots: Span<Slot>
  /// How many slots beyond its own a name may be in.
  let longestProbe: UInt32
  /// Of the names' hashes.
  public let seed: HashSeed

  // unsafe: the caller ties the view to the object that owns the memory.
  @unsafe
  @_lifetime(immortal)
  init(_ place: ZoneImagePlace) {
    self.slots = unsafe _overrideLifetime(
      Span(_unsafeStart: place.slots, count: Int(place.slotCount)), copying: ())
    self.zones = unsafe _overrideLifetime(
      Span(_unsafeStart: place.zones, count: Int(place.zoneCount)), copying: ())
    self.octets = unsafe _overrideLifetime(Span(_unsafeStart: place.octets, count: Int(place.octetCount)), copying: ())
    longestProbe = unsafe place.longestProbe
    seed = unsafe place.seed
  }

  /// How many zones there are.
  public var zoneCount: Int { zones.count }

  /// Finds the closest place to a name that the zones hold.
  ///
  /// - Parameter hashes: filled from `name`.
  public func lookup(_ name: Span<UInt8>, _ hashes: borrowing NameHashes) -> Lookup {
    guard zones.count > 0 else { return Lookup(outcome: .noZone, node: 0, labelsBelow: 0) }
    var label = 0
    while label <= hashes.labelCount {
      if let index = find(
        name, from: hashes.offset(ofLabel: label), length: hashes.length, hashes.hash(fromLabel: label))
      {
        return outcome(at: index, labelsBelow: label)
      }
      label += 1
    }
    return Lookup(outcome: .noZone, node: 0, labelsBelow: 0)
  }

  private func outcome(at index: Int, labelsBelow: Int) -> Lookup {
    let node = self.node(at: index)
    let outcome: Lookup.Outcome
    if node.marks.contains(.forwarded) {
      outcome = .forwarded
    } else if node.marks.contains(.delegation) {
      outcome = .delegation
    } else if labelsBelow == 0 {
      outcome = .exact
    } else if node.marks.contains(.dname) {
      outcome = .dname
    } else if node.wildcard != Node.none {
      return Lookup(outcome: .wildcard, node: Int(node.wildcard), labelsBelow: labelsBelow)
    } else {
      outcome = .missing
    }
    return Lookup(outcome: outcome, node: index, labelsBelow: labelsBelow)
  }

  /// The node of the name's end that starts at `offset`; nil when there is none.
  @inline(__always)
  func find(_ name: Span<UInt8>, from offset: Int, length: Int, _ hash: UInt32) -> Int? {
    // The slots are a power of two, at most 2^31.
    let mask = UInt32(truncatingIfNeeded: slots.count - 1)
    var at = hash & mask
    var probesLeft = longestProbe
    while true {
      let slot = slots[Int(at)]
      if slot.node == Node.none { return nil }
      if slot.hash == hash, isName(name, from: offset, length: length - offset, of: Int(slot.node)) {
        return Int(slot.node)
      }
      guard probesLeft > 0 else { return nil }
      probesLeft -= 1
      at = (at + 1) & mask
    }
  }

  /// True when the name's end is the node's name.
  @inline(__always)
  private func isName(_ name: Span<UInt8>, from offset: Int, length: Int, of index: Int) -> Bool {
    let node = node(at: index)
    guard Int(node.nameLength) == length else { return false }
    let stored = index + Int(node.nameDistance)
    var at = 0
    // Stored names are in lower case. Whole words first, and the last of them may overlap the one before.
    while at + 8 <= length {
      guard lowercased(name.word(at: offset + at)) == octets.word(at: stored + at) else { return false }
      at += 8
    }
    if at < length, length >= 8 {
      return lowercased(name.word(at: offset + length - 8)) == octets.word(at: stored + length - 8)
    }
    while at < length {
      guard lowercased(name[offset + at]) == octets[stored + at] else { return false }
      at += 1
    }
    return true
  }

  @inline(__always)
  func node(at index: Int) -> Node { octets.plain(Node.self, at: index) }

  /// The head of one of a node's RRsets.
  @inline(__always)
  private func set(_ number: Int, ofNodeAt index: Int) -> RecordSet {
    octets.plain(
      RecordSet.self, at: index + MemoryLayout<Node>.stride + number * MemoryLayout<RecordSet>.stride)
  }

  /// True when the zones have the say over a question that a look-up led to; false when it is to be had by forwarding.
  ///
  /// - Parameter type: what is asked for. A name that exists is held for all types, or, where it is open, for those that
  ///   it has.
  @inline(__always)
  public func holds(_ found: Lookup, _ type: RecordType) -> Bool {
    switch found.outcome {
    case .noZone, .forwarded: false
    case .delegation, .dname: true
    case .missing: !zone(of: found.node).missIsForwarded
    case .exact, .wildcard: !marks(of: found.node).contains(.open) || answers(type, at: found.node)
    }
  }

  private func answers(_ type: RecordType, at node: Int) -> Bool {
    type == .any ? firstSet(at: node) != nil : set(type, at: node) != nil
  }

  /// The name of a node, in lower case.
  public func name(of index: Int) -> Name? {
    let node = node(at: index)
    let start = index + Int(node.nameDistance)
    return Name(wire: octets.extracting(start..<(start + Int(node.nameLength))).array)
  }

  /// What stands at a node that is not mere data.
  public func marks(of node: Int) -> Node.Marks { self.node(at: node).marks }

  /// The RRset of a type at a node; nil when it has none.
  @inline(__always)
  public func set(_ type: RecordType, at node: Int) -> RecordSet? {
    for number in 0..<Int(self.node(at: node).setCount) {
      let set = set(number, ofNodeAt: node)
      if set.type == type { return set }
    }
    return nil
  }

  /// The first RRset at a node, which answers ANY (RFC 8482 §4.1); nil when it has none.
  public func firstSet(at node: Int) -> RecordSet? {
    self.node(at: node).setCount > 0 ? set(0, ofNodeAt: node) : nil
  }

  /// The records of a set: each starts with two octets for a pointer to its owner's name.
  @_lifetime(copy self)
  public func records(_ set: RecordSet) -> Span<UInt8> {
    octets.extracting(Int(set.offset)..<(Int(set.offset) + Int(set.length)))
  }

  /// The data of a set's first record.
  @_lifetime(copy self)
  public func firstData(_ set: RecordSet) -> Span<UInt8> {
    let start = Int(set.offset) + RecordSet.dataOffset
    return octets.extracting(start..<(start + Int(octets.bigEndian16(at: start - 2))))
  }

  /// The TTL of a set, in seconds.
  public func ttlSeconds(_ set: RecordSet) -> UInt32 { octets.bigEndian32(at: Int(set.offset) + 6) }

  /// The zone that a node belongs to.
  public func zone(of node: Int) -> ZoneEntry { zones[Int(self.node(at: node).zone)] }

  /// The SOA record of a zone, as negative answers carry it.
  @_lifetime(copy self)
  public func negativeSOA(_ zone: ZoneEntry) -> Span<UInt8> { records(zone.soa) }

  /// The name of a zone.
  public func apex(_ zone: ZoneEntry) -> Name? {
    Name(wire: octets.extracting(Int(zone.apexOffset)..<(Int(zone.apexOffset) + Int(zone.apexLength))).array)
  }
}

extension RecordSet {
  /// Where a prepared record's data starts: after the owner's pointer, type, class, TTL and length.
  @inlinable public static var dataOffset: Int { 12 }
}
