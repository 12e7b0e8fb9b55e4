import Wire

/// The names of one zone's text, each label kept once below the name that it stands before.
///
/// A name is a number here, the same for every spelling of it. So a line of the text costs its own labels, however long the
/// origin is that they stand below; and names are compared, found and put in order by the labels in which they differ.
struct NameTree {
  /// A name's number; higher than those of all names that it is below.
  typealias Index = UInt32

  static let root: Index = 0

  private struct Entry {
    let parent: Index
    /// Where the label stands in `labels`.
    let label: UInt32
    let length: UInt8
    let labelCount: UInt8
  }

  /// A place of the hash table, by which a label is found below a name.
  private struct Slot {
    let hash: UInt32
    /// The root in a free one: nobody looks for that.
    let name: Index

    static let free = Slot(hash: 0, name: root)
  }

  private var entries = [Entry(parent: root, label: 0, length: 1, labelCount: 0)]
  /// Each label with its length octet, as it was first written.
  private var labels: [UInt8] = [0]
  private var slots: [Slot]
  /// Of this process alone, so that nobody who writes zones can choose names of one hash.
  private static let seed = HashSeed(
    UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max))

  /// The root alone.
  ///
  /// - Parameter count: how many names may come; more or fewer are as right.
  init(expecting count: Int = 0) {
    slots = Array(repeating: .free, count: Self.slotCount(for: count))
    entries.reserveCapacity(count)
  }

  /// How many names there are; their numbers are below it.
  var count: Int { entries.count }

  /// How many places the hash table has.
  var slotCount: Int { slots.count }

  /// How many octets their labels take.
  var labelOctets: Int { labels.count }

  /// The name without its leftmost label; the root's is the root.
  func parent(of name: Index) -> Index { entries[Int(name)].parent }

  /// How long a name is in wire form, in octets.
  func length(of name: Index) -> Int { Int(entries[Int(name)].length) }

  /// How many labels a name has, the root's not counted.
  func labelCount(of name: Index) -> Int { Int(entries[Int(name)].labelCount) }

  /// The leftmost label of a name, its length octet first.
  @_lifetime(borrow self)
  func label(of name: Index) -> Span<UInt8> {
    let start = Int(entries[Int(name)].label)
    return labels.span.extracting(start..<(start + 1 + Int(labels[start])))
  }

  func isWildcard(_ name: Index) -> Bool {
    let start = Int(entries[Int(name)].label)
    return labels[start] == 1 && labels[start + 1] == UInt8(ascii: "*")
  }

  /// The end of a name that has so many labels; the name itself where it has no more.
  func ancestor(of name: Index, labelCount: Int) -> Index {
    var at = name
    while self.labelCount(of: at) > labelCount { at = parent(of: at) }
    return at
  }

  /// Appends the wire form of a name.
  func append(_ name: Index, to octets: inout [UInt8]) {
    var at = name
    while at != Self.root {
      let start = Int(entries[Int(at)].label)
      octets += labels[start...(start + Int(labels[start]))]
      at = entries[Int(at)].parent
    }
    octets.append(0)
  }

  /// The name of a number.
  subscript(name: Index) -> Name {
    var wire: [UInt8] = []
    wire.reserveCapacity(length(of: name))
    append(name, to: &wire)
    return Name(wire: wire) ?? .root
  }

  // MARK: Finding

  /// Finds the labels of `name` below another name, adding those that are missing.
  ///
  /// - Parameters:
  ///   - name: labels in wire form with something behind them that is none; short enough for where they are put.
  ///   - origin: what they stand below.
  mutating func insert(_ name: Span<UInt8>, below origin: Index) -> Index {
    let offsets = LabelOffsets(name)
    var parent = origin
    for label in (0..<offsets.count).reversed() {
      let hash = Self.hash(name, offsets[label], below: parent)
      let slot = slot(of: name, offsets[label], below: parent, hash)
      parent = slots[slot].name != Self.root ? slots[slot].name : add(name, offsets[label], below: parent, hash, slot)
    }
    return parent
  }

  /// Finds as many of the labels of `name` below another name as there are.
  ///
  /// - Returns: the name that they lead to, and how many of them are missing before it.
  func find(_ name: Span<UInt8>, below origin: Index) -> (name: Index, missing: Int) {
    let offsets = LabelOffsets(name)
    var parent = origin
    for label in (0..<offsets.count).reversed() {
      let slot = slot(of: name, offsets[label], below: parent, Self.hash(name, offsets[label], below: parent))
      guard slots[slot].name != Self.root else { return (parent, label + 1) }
      parent = slots[slot].name
    }
    return (parent, 0)
  }

  /// The number of a name; nil when it is not here.
  func find(_ name: Name) -> Index? {
    let (found, missing) = find(name.wire.span, below: Self.root)
    return missing == 0 ? found : nil
  }

  /// The number of `*` below a name; nil when it is not here.
  func wildcard(below name: Index) -> Index? {
    let label: [3 of UInt8] = [1, UInt8(ascii: "*"), 0]
    let (found, missing) = find(label.span, below: name)
    return missing == 0 ? found : nil
  }

  private static func hash(_ name: Span<UInt8>, _ start: Int, below parent: Index) -> UInt32 {
    let hash = seed.hash(label: name, at: start, parent: seed.root ^ UInt64(parent), ignoringCase: true)
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }

  /// The slot of a label below a name, or the free one where it would be put.
  private func slot(of name: Span<UInt8>, _ start: Int, below parent: Index, _ hash: UInt32) -> Int {
    // A power of two.
    let mask = slots.count - 1
    var at = Int(hash) & mask
    while slots[at].name != Self.root {
      if slots[at].hash == hash, entries[Int(slots[at].name)].parent == parent,
        isLabel(name, start, of: slots[at].name)
      {
        return at
      }
      at = (at + 1) & mask
    }
    return at
  }

  private func isLabel(_ name: Span<UInt8>, _ start: Int, of other: Index) -> Bool {
    let own = Int(entries[Int(other)].label)
    // The length octet is among them.
    for index in 0...Int(labels[own]) where lowercased(labels[own + index]) != lowercased(name[start + index]) {
      return false
    }
    return true
  }

  /// What is read has fewer labels than 32 bits count: `Limits.Zones.fileOctets` sees to it.
  private mutating func add(
    _ name: Span<UInt8>, _ start: Int, below parent: Index, _ hash: UInt32, _ slot: Int
  ) -> Index {
    let above = entries[Int(parent)]
    let added = Index(entries.count)
    let length = name[start]
    entries.append(
      Entry(
        parent: parent, label: UInt32(labels.count), length: above.length + length + 1,
        labelCount: above.labelCount + 1))
    for index in 0...Int(length) { labels.append(name[start + index]) }
    slots[slot] = Slot(hash: hash, name: added)
    if 4 * entries.count > 3 * slots.count { resize(to: 2 * slots.count) }
    return added
  }

  /// A power of two of which a quarter at least stays free.
  private static func slotCount(for names: Int) -> Int {
    var size = 32
    while 3 * size < 4 * names { size *= 2 }
    return size
  }

  /// Gives back memory that was taken for more names than there are.
  mutating func trim() {
    entries.trim()
    labels.trim()
    let size = Self.slotCount(for: count)
    if size < slots.count { resize(to: size) }
  }

  /// Puts the names into another number of slots, a power of two above their own number.
  private mutating func resize(to size: Int) {
    let old = slots
    slots = Array(repeating: .free, count: size)
    let mask = slots.count - 1
    for slot in old where slot.name != Self.root {
      var at = Int(slot.hash) & mask
      while slots[at].name != Self.root { at = (at + 1) & mask }
      slots[at] = slot
    }
  }

  // MARK: Order

  /// A name and all names below it in canonical order (RFC 4034 §6.1): each is followed at once by those below it.
  func inOrder(from top: Index) -> [Index] {
    // Each name's children, one behind the other, by the parents' numbers.
    var starts = [UInt32](repeating: 0, count: count + 1)
    for name in 1..<max(count, 1) { starts[Int(entries[name].parent) + 1] += 1 }
    for index in 1...count { starts[index] += starts[index - 1] }
    var children = [Index](repeating: 0, count: count - 1)
    var ends = starts
    for name in 1..<max(count, 1) {
      let parent = Int(entries[name].parent)
      children[Int(ends[parent])] = Index(name)
      ends[parent] += 1
    }
    var ordered: [Index] = [top]
    ordered.reserveCapacity(count)
    var ways: [Range<Int>] = [Int(starts[Int(top)])..<Int(starts[Int(top) + 1])]
    sort(&children, ways[0])
    while let way = ways.popLast() {
      guard let first = way.first else { continue }
      ways.append((first + 1)..<way.upperBound)
      let child = children[first]
      ordered.append(child)
      let below = Int(starts[Int(child)])..<Int(starts[Int(child) + 1])
      sort(&children, below)
      if !below.isEmpty { ways.append(below) }
    }
    return ordered
  }

  /// Puts names of one parent in order: by their labels in lower case, a shorter one first.
  private func sort(_ names: inout [Index], _ range: Range<Int>) {
    guard range.count > 1 else { return }
    // Mostly the first octets of two labels differ, so they are at hand.
    var keyed = names[range].map { (key: firstOctets(of: $0), name: $0) }
    keyed.sort { $0.key != $1.key ? $0.key < $1.key : isBefore($0.name, $1.name) }
    for (index, item) in zip(range, keyed) { names[index] = item.name }
  }

  /// The first eight octets of a label, in lower case, as a number that has their order.
  private func firstOctets(of name: Index) -> UInt64 {
    let start = Int(entries[Int(name)].label) + 1
    let length = Int(labels[start - 1])
    var key: UInt64 = 0
    for index in 0..<8 {
      key = key << 8 | (index < length ? UInt64(lowercased(labels[start + index])) : 0)
    }
    return key
  }

  private func isBefore(_ a: Index, _ b: Index) -> Bool {
    let (x, y) = (Int(entries[Int(a)].label), Int(entries[Int(b)].label))
    let (xLength, yLength) = (Int(labels[x]), Int(labels[y]))
    for index in 1..<(1 + min(xLength, yLength)) {
      let (p, q) = (lowercased(labels[x + index]), lowercased(labels[y + index]))
      if p != q { return p < q }
    }
    return xLength < yLength
  }
}
