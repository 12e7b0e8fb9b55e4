import Wire

/// The names of one zone in canonical order (RFC 4034 §6.1), each with its records in sets, equal records merged.
///
/// Everything is in a few flat arrays, since a zone has a million records: a node and a set are ranges of them.
struct ZoneTree {
  /// All records of one owner and type.
  struct RecordSet {
    let type: RecordType
    /// Where its members are in `members`.
    fileprivate let range: Range<Int32>
    /// The first, in the given order, whose TTL is not that of the set's first.
    let otherTTL: Int32?
    /// The first member in the given order.
    let first: Int32
    /// How many octets its members take as they go into a message, their owners compressed.
    let octets: Int

    /// How many records it has.
    var count: Int { range.count }
  }

  /// A name at or below the zone's own that the text has: an owner, one between an owner and the zone's own, or one that
  /// nothing stands at or below.
  struct Node {
    let name: NameTree.Index
    /// Where its sets are in `sets`.
    fileprivate(set) var sets: Range<Int32>
    fileprivate(set) var marks: Marks = []
  }

  /// What is known of a node.
  struct Marks: OptionSet {
    let rawValue: UInt8

    /// It owns records or has descendants that do: an empty non-terminal exists (RFC 4592 §2.2.2).
    static let exists = Marks(rawValue: 1)
    /// It has NS records and is not the zone's own name: another server's zone starts here.
    static let delegation = Marks(rawValue: 2)
    /// It is below a delegation or DNAME: neither at one nor at the zone's own name.
    static let isBelowCut = Marks(rawValue: 4)
    /// What is below it is below a cut.
    static let cutsBelow = Marks(rawValue: 8)
    /// A forwarding rule starts here.
    static let forwarded = Marks(rawValue: 16)
    /// A deeper zone starts here.
    static let deeperZone = Marks(rawValue: 32)
    /// It is a link's name.
    static let guarded = Marks(rawValue: 64)
    /// It is a link's name that is not answered.
    static let closed = Marks(rawValue: 128)

    /// Those that are given, and not found out.
    static let given: Marks = [.forwarded, .deeperZone, .guarded, .closed]
  }

  /// The zone's own name.
  let apex: NameTree.Index
  /// In order.
  private(set) var nodes: [Node]
  /// Of each node by type.
  private var sets: [RecordSet] = []
  /// Indices into the given records, of each set by data; equal ones left out.
  private var members: [Int32] = []
  /// The node of each name; none of a name that is not at or below the apex.
  private var places: [UInt32]
  private static let nowhere = UInt32.max

  /// Takes the names, without records.
  init(_ names: NameTree, apex: NameTree.Index) {
    self.apex = apex
    nodes = names.inOrder(from: apex).map { Node(name: $0, sets: 0..<0) }
    places = Array(repeating: Self.nowhere, count: names.count)
    for (place, node) in nodes.enumerated() { places[Int(node.name)] = UInt32(place) }
  }

  /// The node of a name; nil when it is not at or below the apex.
  func node(of name: NameTree.Index) -> Int? {
    let place = places[Int(name)]
    return place == Self.nowhere ? nil : Int(place)
  }

  /// Puts records at their names.
  ///
  /// - Parameter indices: which of them, in the given order; their data is valid, their owners are at or below the apex.
  ///   There are as many as a file may hold, so that 32 bits count them.
  mutating func add(_ records: RecordList, _ indices: [Int32]) {
    // Each owner's records, one behind the other, by the owners' order.
    var ends = [Int32](repeating: 0, count: nodes.count + 1)
    for index in indices { ends[Int(places[Int(records.entries[Int(index)].owner)]) + 1] += 1 }
    for place in nodes.indices { ends[place + 1] += ends[place] }
    var ordered = [Int32](repeating: 0, count: indices.count)
    for index in indices {
      let place = Int(places[Int(records.entries[Int(index)].owner)])
      ordered[Int(ends[place])] = index
      ends[place] += 1
    }
    members.reserveCapacity(indices.count)
    // Mostly a name has records of one type.
    sets.reserveCapacity(min(indices.count, nodes.count))
    var start = 0
    for place in nodes.indices {
      // Where each owner's records start has moved to where they end.
      let range = start..<Int(ends[place])
      start = range.upperBound
      let firstSet = Int32(sets.count)
      // Mostly they are one, or in order as they are.
      if range.dropFirst().contains(where: { Self.isBefore(ordered[$0], ordered[$0 - 1], records) }) {
        ordered[range].sort { Self.isBefore($0, $1, records) }
      }
      addSets(ordered[range], records)
      nodes[place].sets = firstSet..<Int32(sets.count)
    }
    members.trim()
    sets.trim()
    settle(records.names)
  }

  /// Records of one owner: by type, data, and the given order.
  private static func isBefore(_ a: Int32, _ b: Int32, _ records: RecordList) -> Bool {
    let (x, y) = (records.entries[Int(a)], records.entries[Int(b)])
    if x.type != y.type { return x.type < y.type }
    let order = records.compareData(x, y)
    return order == 0 ? a < b : order < 0
  }

  /// Takes an owner's records in order.
  private mutating func addSets(_ ordered: ArraySlice<Int32>, _ records: RecordList) {
    var start = ordered.startIndex
    while start < ordered.endIndex {
      let head = records.entries[Int(ordered[start])]
      let firstMember = Int32(members.count)
      var octets = 0
      var first = ordered[start]
      var end = start
      while end < ordered.endIndex {
        let entry = records.entries[Int(ordered[end])]
        guard entry.type == head.type else { break }
        first = min(first, ordered[end])
        if end == start || records.compareData(records.entries[Int(ordered[end - 1])], entry) != 0 {
          members.append(ordered[end])
          octets += entry.messageLength
        }
        end += 1
      }
      let ttl = records.entries[Int(first)].ttlSeconds
      let other = ordered[start..<end].lazy.filter { records.entries[Int($0)].ttlSeconds != ttl }.min()
      // Both count records, which 32 bits count.
      sets.append(
        RecordSet(
          type: head.type, range: firstMember..<Int32(members.count), otherTTL: other, first: first, octets: octets))
      start = end
    }
  }

  /// Finds out what exists and what is below a cut.
  private mutating func settle(_ names: NameTree) {
    for place in nodes.indices {
      var marks = nodes[place].marks.intersection(.given)
      let node = nodes[place]
      if let parent = node.name == apex ? nil : self.node(of: names.parent(of: node.name)),
        nodes[parent].marks.contains(.cutsBelow)
      {
        marks.formUnion([.isBelowCut, .cutsBelow])
      }
      if node.name != apex, set(.ns, of: node) != nil { marks.formUnion([.delegation, .cutsBelow]) }
      if set(.dname, of: node) != nil { marks.insert(.cutsBelow) }
      // What a deeper zone holds is no reason for a name above it to be here.
      let isMade = !marks.isDisjoint(with: [.forwarded, .closed])
      if isMade || !node.sets.isEmpty, !marks.contains(.deeperZone) { marks.insert(.exists) }
      nodes[place].marks = marks
    }
    for place in nodes.indices.reversed() where nodes[place].name != apex && nodes[place].marks.contains(.exists) {
      guard let parent = node(of: names.parent(of: nodes[place].name)) else { continue }
      if !nodes[parent].marks.contains(.deeperZone) { nodes[parent].marks.insert(.exists) }
    }
  }

  /// Marks names, which must be at or below the apex.
  mutating func mark(_ marked: [(name: NameTree.Index, mark: Marks)], _ names: NameTree) {
    for (name, mark) in marked {
      if let place = node(of: name) { nodes[place].marks.insert(mark) }
    }
    settle(names)
  }
}

extension ZoneTree {
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

  /// What the zone has for a name.
  struct Place {
    /// True when the name is at or below a delegation, or below a DNAME.
    let isBelowCut: Bool
    /// True when the name owns records or has descendants that do.
    let exists: Bool
    /// The node that owns records as the name; nil when none does.
    let node: Int?
    /// The node that answers for the name: its own, or the wildcard's that covers it (RFC 4592 §3.3.1).
    let answering: Int?
  }

  /// Finds what the zone has for a name.
  ///
  /// - Parameters:
  ///   - name: the longest end of it that the text has as a name.
  ///   - missing: how many labels it has before that.
  /// - Returns: nil when it is not at or below the apex.
  func place(of name: NameTree.Index, missing: Int, _ names: NameTree) -> Place? {
    guard let place = node(of: name) else { return nil }
    let node = nodes[place]
    if missing == 0, node.marks.contains(.exists) {
      let own = node.sets.isEmpty ? nil : place
      return Place(
        isBelowCut: !node.marks.isDisjoint(with: [.isBelowCut, .delegation]), exists: true, node: own, answering: own)
    }
    let isBelowCut = node.marks.contains(missing == 0 ? .isBelowCut : .cutsBelow)
    var encloser = name
    while encloser != apex, let place = self.node(of: encloser), !nodes[place].marks.contains(.exists) {
      encloser = names.parent(of: encloser)
    }
    let wildcard = names.wildcard(below: encloser).flatMap { self.node(of: $0) }
    let answering = wildcard.flatMap { nodes[$0].sets.isEmpty ? nil : $0 }
    return Place(isBelowCut: isBelowCut, exists: false, node: nil, answering: answering)
  }
}
