import Wire

extension Name {
  /// Octets whose plain order is the canonical order of names (RFC 4034 §6.1), equal for equal names.
  ///
  /// Each label from the right, a zero before it; in labels, 0 and 1 become two octets so that no zero is left. A
  /// name's key starts with its ancestors' keys.
  var canonicalKey: [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(wire.count)
    for offset in labelOffsets.reversed() {
      key.append(0)
      for octet in wire[(offset + 1)...].prefix(Int(wire[offset])) {
        if octet <= 1 { key.append(1) }
        key.append(octet <= 1 ? octet + 1 : Wire.lowercased(octet))
      }
    }
    return key
  }
}

extension ResourceRecord {
  /// The data with the names in it in lower case (RFC 4034 §6.2), for order and for finding equal records.
  var canonicalData: [UInt8] {
    var result = data
    var at = 0
    for field in RecordData.layout(of: type) {
      switch field {
      case .name:
        guard let length = RecordData.nameLength(data[at...]) else { return data }
        for index in at..<(at + length) { result[index] = Wire.lowercased(data[index]) }
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
struct RecordTree {
  /// All records of one owner and type.
  struct RecordSet {
    var type: RecordType
    /// Indices into the given records, by data; equal ones left out.
    var members: [Int]
    /// The first, in the given order, whose TTL is not that of the set's first.
    var otherTTL: Int?
    /// The first member in the given order.
    var first: Int
  }

  /// All records of one owner.
  struct Node {
    var owner: Name
    var key: [UInt8]
    /// By type.
    var sets: [RecordSet]

    func set(_ type: RecordType) -> RecordSet? { sets.first { $0.type == type } }
  }

  let apex: Name
  /// By owner.
  private(set) var nodes: [Node] = []
  /// The zone hands names below it on: a delegation, or a DNAME.
  private(set) var hasCuts = false

  /// Takes those of `records` that `indices` names; their data must be valid.
  init(_ records: [LocatedRecord], indices: some Sequence<Int>, apex: Name) {
    self.apex = apex
    var items = indices.map { Item(records[$0].record, index: $0) }
    items.sort()
    var start = 0
    while start < items.count {
      let end = items[start...].firstIndex { !$0.isSameSet(items[start]) } ?? items.count
      append(items[start..<end], records)
      start = end
    }
  }

  private mutating func append(_ items: ArraySlice<Item>, _ records: [LocatedRecord]) {
    guard let head = items.first, let first = items.map(\.index).min() else { return }
    var members: [Int] = []
    var last: [UInt8]?
    for item in items where item.data != last {
      members.append(item.index)
      last = item.data
    }
    let ttl = records[first].record.ttlSeconds
    let otherTTL = items.lazy.map(\.index).filter { records[$0].record.ttlSeconds != ttl }.min()
    let set = RecordSet(type: head.type, members: members, otherTTL: otherTTL, first: first)
    let owner = records[head.index].record.owner
    if head.type == .dname || (head.type == .ns && owner != apex) { hasCuts = true }
    if nodes.last?.key == head.key {
      nodes[nodes.count - 1].sets.append(set)
    } else {
      nodes.append(Node(owner: owner, key: head.key, sets: [set]))
    }
  }

  private struct Item: Comparable {
    var key: [UInt8]
    var type: RecordType
    var data: [UInt8]
    var index: Int

    init(_ record: ResourceRecord, index: Int) {
      key = record.owner.canonicalKey
      type = record.type
      data = record.canonicalData
      self.index = index
    }

    func isSameSet(_ other: Item) -> Bool { type == other.type && key == other.key }

    static func < (a: Item, b: Item) -> Bool {
      if a.key != b.key { return a.key.lexicographicallyPrecedes(b.key) }
      if a.type != b.type { return a.type < b.type }
      if a.data != b.data { return a.data.lexicographicallyPrecedes(b.data) }
      return a.index < b.index
    }
  }
}

extension RecordTree {
  /// The index of the node that owns records as `name`; nil when none does.
  func node(_ name: Name) -> Int? {
    let key = name.canonicalKey
    let index = lowerBound(key)
    return index < nodes.count && nodes[index].key == key ? index : nil
  }

  /// True when `name` owns records or has descendants that do: an empty non-terminal exists (RFC 4592 §2.2.2).
  func exists(_ name: Name) -> Bool {
    let key = name.canonicalKey
    let index = lowerBound(key)
    guard index < nodes.count, nodes[index].key.starts(with: key) else { return false }
    return nodes[index].key.count == key.count || nodes[index].key[key.count] == 0
  }

  /// The index of the node that answers for `name`: its own, or the wildcard's that covers it (RFC 4592 §3.3.1).
  func answeringNode(_ name: Name) -> Int? {
    if exists(name) { return node(name) }
    var encloser = name.parent
    while let candidate = encloser, !exists(candidate) { encloser = candidate.parent }
    return encloser?.prefixed(by: [UInt8(ascii: "*")]).flatMap(node)
  }

  /// The first node whose key is not before `key`.
  private func lowerBound(_ key: [UInt8]) -> Int {
    var low = 0
    var high = nodes.count
    while low < high {
      let middle = (low + high) / 2
      if nodes[middle].key.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
