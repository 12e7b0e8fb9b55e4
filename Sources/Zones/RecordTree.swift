import Wire

extension Name {
  /// Appends octets whose plain order is the canonical order of names (RFC 4034 §6.1), equal for equal names.
  ///
  /// Each label from the right, a zero before it; in labels, 0 and 1 become two octets so that no zero is left. A
  /// name's key starts with its ancestors' keys.
  func appendCanonicalKey(to key: inout [UInt8]) {
    let labels = LabelOffsets(self)
    let octets = wire.span
    // Twice the longest name, for names of nothing but zeros and ones.
    var buffer: InlineArray<512, UInt8> = .init(repeating: 0)
    var count = 0
    for depth in 0..<labels.count {
      let start = labels.offset(fromRoot: depth + 1)
      buffer[count] = 0
      count += 1
      for index in (start + 1)..<(start + 1 + Int(octets[start])) {
        let octet = octets[index]
        if octet <= 1 {
          buffer[count] = 1
          count += 1
        }
        buffer[count] = octet <= 1 ? octet + 1 : Wire.lowercased(octet)
        count += 1
      }
    }
    // unsafe: reads the buffer as far as it was filled.
    unsafe buffer.span.extracting(0..<count).withUnsafeBufferPointer { unsafe key.append(contentsOf: $0) }
  }
}

extension ResourceRecord {
  /// The data with the names in it in lower case (RFC 4034 §6.2), for order and for finding equal records; nil when that
  /// is the data as it is.
  var loweredData: [UInt8]? {
    var result: [UInt8]?
    var at = 0
    for field in RecordData.layout(of: type) {
      switch field {
      case .name:
        guard let length = RecordData.nameLength(data[at...]) else { return nil }
        for index in at..<(at + length) where Wire.lowercased(data[index]) != data[index] {
          result = result ?? data
          result?[index] = Wire.lowercased(data[index])
        }
        at += length
      case .octets(let count): at += count
      case .string: at += 1 + Int(data[at])
      case .strings, .rest: return result
      }
    }
    return result
  }
}

/// The records of one zone in canonical order (RFC 4034 §6), cut into nodes and sets, equal records merged.
///
/// Everything is in a few flat arrays, since a zone has a million records: a node and a set are ranges of them.
struct RecordTree {
  /// All records of one owner and type.
  struct RecordSet {
    let type: RecordType
    /// Where its members are in `members`.
    fileprivate let range: Range<Int32>
    /// The first, in the given order, whose TTL is not that of the set's first.
    let otherTTL: Int32?
    /// The first member in the given order.
    let first: Int
  }

  /// All records of one owner.
  struct Node {
    let owner: Name
    /// Where its key is in `keys`.
    fileprivate let key: Range<Int>
    /// Where its sets are in `sets`.
    fileprivate var sets: Range<Int32>
  }

  let apex: Name
  /// By owner.
  private(set) var nodes: [Node] = []
  /// Of each node by type.
  private var sets: [RecordSet] = []
  /// Indices into the given records, of each set by data; equal ones left out.
  private var members: [Int32] = []
  private var keys: [UInt8] = []
  /// The nodes that hand on what is below them, by owner; none is below another.
  private var cuts: [Int] = []

  /// Takes those of `records` that `indices` names; their data must be valid.
  ///
  /// - Parameter records: as many as a file may hold, so that 32 bits count them.
  init(_ records: [LocatedRecord], indices: [Int32], apex: Name) {
    self.apex = apex
    var order = RecordOrder(records, indices)
    order.sort()
    members.reserveCapacity(order.items.count)
    var start = 0
    while start < order.items.count {
      var end = start + 1
      while end < order.items.count, order.isSameSet(start, end) { end += 1 }
      append(start..<end, of: order, records)
      start = end
    }
    keys = order.keys
    for index in nodes.indices where isCut(index) {
      if let last = cuts.last, isAtOrBelow(keys[nodes[index].key], keys[nodes[last].key]) { continue }
      cuts.append(index)
    }
  }

  private mutating func append(_ range: Range<Int>, of order: RecordOrder, _ records: [LocatedRecord]) {
    let head = order.items[range.lowerBound]
    let record = records[Int(head.index)].record
    let start = Int32(members.count)
    var first = head.index
    for position in range {
      first = min(first, order.items[position].index)
      if position == range.lowerBound || !order.isSameData(position - 1, position) {
        members.append(order.items[position].index)
      }
    }
    let ttl = records[Int(first)].record.ttlSeconds
    var other: Int32?
    for position in range where records[Int(order.items[position].index)].record.ttlSeconds != ttl {
      other = min(other ?? .max, order.items[position].index)
    }
    // Both count records, which 32 bits count.
    let set = RecordSet(
      type: record.type, range: start..<Int32(members.count), otherTTL: other, first: Int(first))
    sets.append(set)
    let end = Int32(sets.count)
    if let last = nodes.last, keysAreEqual(order.keys, last.key, head.key) {
      nodes[nodes.count - 1].sets = last.sets.lowerBound..<end
    } else {
      nodes.append(Node(owner: record.owner, key: head.key, sets: (end - 1)..<end))
    }
  }

  private func isCut(_ index: Int) -> Bool {
    let node = nodes[index]
    return set(.dname, of: node) != nil || (node.owner != apex && set(.ns, of: node) != nil)
  }
}

extension RecordTree {
  /// How many records there are, equal ones counted once.
  var recordCount: Int { members.count }

  /// A node's sets, by type.
  func sets(of node: Node) -> ArraySlice<RecordSet> { sets[Int(node.sets.lowerBound)..<Int(node.sets.upperBound)] }

  /// A node's set of a type; nil when there is none.
  func set(_ type: RecordType, of node: Node) -> RecordSet? {
    var low = Int(node.sets.lowerBound)
    var high = Int(node.sets.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if sets[middle].type < type { low = middle + 1 } else { high = middle }
    }
    return low < node.sets.upperBound && sets[low].type == type ? sets[low] : nil
  }

  /// A set's records as indices into the given ones, by data; equal ones left out.
  func members(of set: RecordSet) -> ArraySlice<Int32> {
    members[Int(set.range.lowerBound)..<Int(set.range.upperBound)]
  }

  /// For each node, whether it is below a delegation or DNAME: neither at one nor at the zone's own name.
  var nodesBelowCuts: [Bool] {
    var cut = 0
    return nodes.indices.map { index in
      // In canonical order the descendants of a cut follow it at once.
      while cut + 1 < cuts.count, cuts[cut + 1] <= index { cut += 1 }
      guard cut < cuts.count, cuts[cut] < index else { return false }
      return isAtOrBelow(keys[nodes[index].key], keys[nodes[cuts[cut]].key])
    }
  }

  /// What the zone has for a name.
  struct Place {
    /// True when the name is at or below a delegation, or below a DNAME.
    let isBelowCut: Bool
    /// True when the name owns records or has descendants that do: an empty non-terminal exists (RFC 4592 §2.2.2).
    let exists: Bool
    /// The node that owns records as the name; nil when none does.
    let node: Int?
    /// The node that answers for the name: its own, or the wildcard's that covers it (RFC 4592 §3.3.1).
    let answering: Int?
  }

  /// Finds what the zone has for a name.
  func place(of name: Name) -> Place {
    var key: [UInt8] = []
    name.appendCanonicalKey(to: &key)
    let isBelowCut = isBelowCut(key)
    let next = lowerBound(key[...])
    if next < nodes.count, isAtOrBelow(keys[nodes[next].key], key[...]) {
      let own = nodes[next].key.count == key.count ? next : nil
      return Place(isBelowCut: isBelowCut, exists: true, node: own, answering: own)
    }
    // The closest encloser is what the name has in common with one of its neighbours.
    let before = next > 0 ? sharedLabels(key[...], keys[nodes[next - 1].key]) : 0
    let after = next < nodes.count ? sharedLabels(key[...], keys[nodes[next].key]) : 0
    let wildcard = key[..<max(before, after)] + [0, UInt8(ascii: "*")]
    let index = lowerBound(wildcard)
    let answers = index < nodes.count && keys[nodes[index].key].elementsEqual(wildcard)
    return Place(isBelowCut: isBelowCut, exists: false, node: nil, answering: answers ? index : nil)
  }

  private func isBelowCut(_ key: [UInt8]) -> Bool {
    // The last cut that is not behind the name: only that one can be above it.
    var low = 0
    var high = cuts.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(key[...], keys[nodes[cuts[middle]].key]) { high = middle } else { low = middle + 1 }
    }
    guard low > 0 else { return false }
    let cut = nodes[cuts[low - 1]]
    guard isAtOrBelow(key[...], keys[cut.key]) else { return false }
    return key.count > cut.key.count || (cut.owner != apex && set(.ns, of: cut) != nil)
  }

  /// The first node whose key is not before `key`.
  private func lowerBound(_ key: ArraySlice<UInt8>) -> Int {
    var low = 0
    var high = nodes.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(keys[nodes[middle].key], key) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// True when a key is that of a name at or below the name of another.
  private func isAtOrBelow(_ key: ArraySlice<UInt8>, _ above: ArraySlice<UInt8>) -> Bool {
    key.starts(with: above) && (key.count == above.count || key[key.startIndex + above.count] == 0)
  }

  /// How many octets of two keys are whole labels that both have.
  private func sharedLabels(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
    var shared = 0
    var at = 0
    while at < a.count, at < b.count, a[a.startIndex + at] == b[b.startIndex + at] {
      if a[a.startIndex + at] == 0 { shared = at }
      at += 1
    }
    let aEnds = at == a.count || a[a.startIndex + at] == 0
    let bEnds = at == b.count || b[b.startIndex + at] == 0
    return aEnds && bEnds ? at : shared
  }
}
