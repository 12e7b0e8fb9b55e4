import Wire

/// All the zones of one workspace, made ready to be answered from: immutable, without pointers between its parts, one
/// hash probe for a name that exists.
///
/// Owners of all zones share one table, because a name belongs to its closest enclosing zone alone: owners that a
/// deeper zone or a zone cut hides are not in it. Each RRset is kept as the records that go into a message, so that an
/// answer is copied, not composed.
@safe public final class ZoneImage: Sendable {
  // unsafe: memory that this object alone allocates and frees, never written after `init`.
  fileprivate nonisolated(unsafe) let pointers: ZoneImagePointers
  /// How many octets it takes.
  public let byteCount: Int

  init(_ parts: ZoneImageParts) {
    // unsafe: copies of arrays, freed in deinit.
    unsafe pointers = ZoneImagePointers(
      octets: Self.copy(parts.octets), nodes: Self.copy(parts.nodes), sets: Self.copy(parts.sets),
      zones: Self.copy(parts.zones), slots: Self.copy(parts.slots))
    byteCount =
      parts.octets.count + parts.nodes.count * MemoryLayout<Node>.stride
      + parts.sets.count * MemoryLayout<RecordSet>.stride + parts.zones.count * MemoryLayout<ZoneEntry>.stride
      + parts.slots.count * MemoryLayout<UInt32>.stride
  }

  deinit {
    // unsafe: frees what `init` allocated; no view outlives its image.
    unsafe pointers.octets.deallocate()
    unsafe pointers.nodes.deallocate()
    unsafe pointers.sets.deallocate()
    unsafe pointers.zones.deallocate()
    unsafe pointers.slots.deallocate()
  }

  private static func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeBufferPointer<Element> {
    let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = unsafe copy.initialize(from: elements)  // unsafe: exactly as many as were allocated.
    return UnsafeBufferPointer(copy)
  }

  /// The image as spans, for as long as it is borrowed.
  public var view: ZoneImageView {
    @_lifetime(borrow self)
    get {
      let view = unsafe ZoneImageView(pointers)  // unsafe: the memory lives as long as this object.
      return unsafe _overrideLifetime(view, borrowing: self)
    }
  }
}

/// Where the parts of images are, one image a workspace, in an array that a worker reads without counting references.
@safe public final class ZoneImageDirectory: Sendable {
  private let images: [ZoneImage]
  /// How many workspaces there are.
  public let count: Int
  // unsafe: as in ZoneImage; the images above keep what the pointers lead to.
  private nonisolated(unsafe) let pointers: UnsafeMutableBufferPointer<ZoneImagePointers>

  /// Keeps the images for as long as it lives.
  public init(_ images: [ZoneImage]) {
    self.images = images
    count = images.count
    unsafe pointers = .allocate(capacity: images.count)
    for (index, image) in images.enumerated() {
      unsafe pointers.initializeElement(at: index, to: image.pointers)  // unsafe: the index is inside.
    }
  }

  deinit { unsafe pointers.deallocate() }  // unsafe: frees what `init` allocated.

  /// The image at a workspace's place.
  @_lifetime(borrow self)
  public func view(at index: Int) -> ZoneImageView {
    precondition(index >= 0 && index < count)
    let view = unsafe ZoneImageView(pointers[index])  // unsafe: the index was checked; the images live as long as this.
    return unsafe _overrideLifetime(view, borrowing: self)
  }
}

/// The arrays that an image is made of, before they are fixed in memory.
struct ZoneImageParts {
  var octets: [UInt8] = []
  var nodes: [Node] = []
  var sets: [RecordSet] = []
  var zones: [ZoneEntry] = []
  var slots: [UInt32] = []
}

@unsafe struct ZoneImagePointers: BitwiseCopyable {
  let octets: UnsafeBufferPointer<UInt8>
  let nodes: UnsafeBufferPointer<Node>
  let sets: UnsafeBufferPointer<RecordSet>
  let zones: UnsafeBufferPointer<ZoneEntry>
  let slots: UnsafeBufferPointer<UInt32>
}

/// An owner's name: one that has records, or only names below it (an empty non-terminal, RFC 8499 §7).
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
  }

  let hash: UInt32
  let nameOffset: UInt32
  let firstSet: UInt32
  /// The node of `*` below this one; `none` when there is no such name.
  let wildcard: UInt32
  let zone: UInt16
  let setCount: UInt16
  let nameLength: UInt8
  /// What stands at this name that is not mere data.
  public let marks: Marks

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
  /// Names and records, one after another.
  public let octets: Span<UInt8>
  let nodes: Span<Node>
  let sets: Span<RecordSet>
  let zones: Span<ZoneEntry>
  let slots: Span<UInt32>

  // unsafe: the caller ties the view to the object that owns the memory.
  @unsafe
  @_lifetime(immortal)
  init(_ pointers: ZoneImagePointers) {
    octets = unsafe _overrideLifetime(Span(_unsafeElements: pointers.octets), copying: ())
    nodes = unsafe _overrideLifetime(Span(_unsafeElements: pointers.nodes), copying: ())
    sets = unsafe _overrideLifetime(Span(_unsafeElements: pointers.sets), copying: ())
    zones = unsafe _overrideLifetime(Span(_unsafeElements: pointers.zones), copying: ())
    slots = unsafe _overrideLifetime(Span(_unsafeElements: pointers.slots), copying: ())
  }

  /// How many zones there are.
  public var zoneCount: Int { zones.count }

  /// How many names there are.
  public var nameCount: Int { nodes.count }

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
    let node = nodes[index]
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
  private func find(_ name: Span<UInt8>, from offset: Int, length: Int, _ hash: UInt32) -> Int? {
    let mask = UInt32(truncatingIfNeeded: slots.count - 1)
    var slot = hash & mask
    while true {
      let index = slots[Int(slot)]
      if index == Node.none { return nil }
      let node = nodes[Int(index)]
      if node.hash == hash, Int(node.nameLength) == length - offset, equal(name, from: offset, node) {
        return Int(index)
      }
      slot = (slot + 1) & mask
    }
  }

  @inline(__always)
  private func equal(_ name: Span<UInt8>, from offset: Int, _ node: Node) -> Bool {
    let length = Int(node.nameLength)
    let stored = Int(node.nameOffset)
    var at = 0
    // Stored names are in lower case. Whole words first, as long as both sides have them.
    while at + 8 <= length {
      guard lowercased(name.word(at: offset + at)) == octets.word(at: stored + at) else { return false }
      at += 8
    }
    while at < length {
      guard lowercased(name[offset + at]) == octets[stored + at] else { return false }
      at += 1
    }
    return true
  }

  /// What stands at a node that is not mere data.
  public func marks(of node: Int) -> Node.Marks { nodes[node].marks }

  /// The RRset of a type at a node; nil when it has none.
  @inline(__always)
  public func set(_ type: RecordType, at node: Int) -> RecordSet? {
    let node = nodes[node]
    for index in 0..<Int(node.setCount) {
      let set = sets[Int(node.firstSet) + index]
      if set.type == type { return set }
    }
    return nil
  }

  /// The first RRset at a node, which answers ANY (RFC 8482 §4.1); nil when it has none.
  public func firstSet(at node: Int) -> RecordSet? {
    nodes[node].setCount > 0 ? sets[Int(nodes[node].firstSet)] : nil
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
  public func zone(of node: Int) -> ZoneEntry { zones[Int(nodes[node].zone)] }

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
