import Wire

/// What an image is made of: every name of every zone in a fixed order, gone along as often as needed and never kept.
///
/// A zone's records are in canonical order (RFC 4034 §6.1), in which a name's descendants follow it at once. So going
/// along them shows what each name shares with the one before it, and with that the empty non-terminals between them and
/// what lies below a cut; nothing has to be looked up but the deeper zones.
struct ZoneImagePlan {
  /// What stands at a name.
  typealias Marks = Zones.Node.Marks

  /// One name of the image.
  struct Node {
    /// The owner that the name is an end of, or is.
    let owner: Name
    /// Where in the owner's wire form the name starts.
    let start: Int
    /// Its records' heads, by type.
    let sets: [PreparedSet]
    let marks: Marks
    let isWildcard: Bool
    /// How many octets its block takes.
    let length: Int
  }

  /// An RRset: where its records are among those of the zone.
  struct PreparedSet {
    let type: RecordType
    let records: Range<Int>
    /// How long they are as they go into a message.
    let length: Int
  }

  /// By name, so that the same input gives the same image.
  let zones: [(zone: Zone, miss: MissPolicy)]
  /// For each zone, the forwarding rules that cut it, in canonical order.
  private var cuts: [Int: [Name]] = [:]
  private let apexes: NameIndex

  init(_ zones: [(zone: Zone, miss: MissPolicy)], forwarded: [Name], seed: HashSeed) {
    self.zones = zones.sorted { $0.zone.apex < $1.zone.apex }
    apexes = NameIndex(self.zones.map(\.zone.apex), seed: seed)
    let rules = NameIndex(forwarded, seed: seed)
    for (index, rule) in forwarded.enumerated() {
      // Of two rules of one name the first.
      guard rules.first(rule) == index, let zone = zone(cutBy: rule, rules) else { continue }
      cuts[zone, default: []].append(rule)
    }
    for zone in cuts.keys { cuts[zone]?.sort() }
  }

  /// The zone that a rule lies in; nil when it is a zone's own name, or in none, or below another rule.
  private func zone(cutBy rule: Name, _ rules: NameIndex) -> Int? {
    var hashes = NameHashes()
    hashes.fill(rule.wire.span, seed: apexes.seed)
    for label in 0...hashes.labelCount {
      let (hash, start) = (hashes.hash(fromLabel: label), hashes.offset(ofLabel: label))
      if let zone = apexes.find(rule, from: start, hash) { return label == 0 ? nil : zone }
      if label > 0, rules.find(rule, from: start, hash) != nil { return nil }
    }
    return nil
  }

  func apex(_ zone: Int) -> Name { zones.indices.contains(zone) ? zones[zone].zone.apex : .root }

  /// Goes along the names that a zone holds: the owners of its records and the empty non-terminals between them and the
  /// apex, but for what a deeper zone, a delegation or a forwarding rule hides.
  func forEachNode<Failure: Error>(
    of index: Int, _ body: (Node) throws(Failure) -> Void
  ) throws(Failure) {
    let records = zones[index].zone.records
    let cuts = cuts[index] ?? []
    var walk = Walk(apexLabels: zones[index].zone.apex.labelCount, apexes: zones.count > 1 ? apexes : nil)
    var (at, cut) = (0, 0)
    while at < records.count || cut < cuts.count {
      if cut < cuts.count, at == records.count || cuts[cut] <= records[at].owner {
        try visit(cuts[cut], .forwarded, 0..<0, records, &walk, body)
        cut += 1
        continue
      }
      let owner = records[at].owner
      var end = at + 1
      var isDelegation = false
      while end < records.count, records[end].owner == owner { end += 1 }
      if owner != zones[index].zone.apex { isDelegation = records[at..<end].contains { $0.type == .ns } }
      try visit(owner, isDelegation ? .delegation : [], at..<end, records, &walk, body)
      at = end
    }
  }

  private func visit<Failure: Error>(
    _ owner: Name, _ marks: Marks, _ range: Range<Int>, _ records: [ResourceRecord], _ walk: inout Walk,
    _ body: (Node) throws(Failure) -> Void
  ) throws(Failure) {
    guard let depths = walk.step(to: owner, isCut: !marks.isEmpty) else { return }
    for depth in depths {
      let isOwner = depth == depths.upperBound
      let sets = isOwner ? Self.sets(of: records, range) : []
      let start = depth == 0 ? owner.wire.count - 1 : walk.labels.offset(fromRoot: depth)
      let head = MemoryLayout<Zones.Node>.stride + sets.count * MemoryLayout<RecordSet>.stride
      try body(
        Node(
          owner: owner, start: start, sets: sets, marks: isOwner ? marks.union(Self.marks(of: sets)) : [],
          isWildcard: depth > 0 && owner.wire[start] == 1 && owner.wire[start + 1] == UInt8(ascii: "*"),
          length: sets.reduce(head + owner.wire.count - start) { $0 + $1.length }))
    }
  }

  /// An owner's sets, by type.
  private static func sets(of records: [ResourceRecord], _ range: Range<Int>) -> [PreparedSet] {
    var sets: [PreparedSet] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let type = records[start].type
      var end = start
      var length = 0
      while end < range.upperBound, records[end].type == type {
        length += RecordSet.dataOffset + records[end].data.count
        end += 1
      }
      sets.append(PreparedSet(type: type, records: start..<end, length: length))
      start = end
    }
    // They are by type already but for the SOA, which stands first.
    if sets.first?.type == .soa { sets.sort { $0.type < $1.type } }
    return sets
  }

  private static func marks(of sets: [PreparedSet]) -> Marks {
    var marks: Marks = []
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

  /// How many octets a zone's own name and its negative answers' SOA take.
  func tailLength(of zone: Int) -> Int {
    let soa = zones[zone].zone.records.first { $0.type == .soa }
    return apex(zone).wire.count + (soa.map { RecordSet.dataOffset + $0.data.count } ?? 0)
  }
}

/// Where going along a zone's names has come to.
private struct Walk {
  /// The last owner, and its labels.
  private var last = Name.root
  private(set) var labels = LabelOffsets(Name.root)
  /// How many labels the last name that is not hidden has in common with the last; nil before the first.
  private var visible: Int?
  /// How many labels the cut has that the last name is at or below.
  private var cutLabels: Int?
  private let apexLabels: Int
  /// The names of all zones, where there are others.
  private let apexes: NameIndex?

  init(apexLabels: Int, apexes: NameIndex?) {
    self.apexLabels = apexLabels
    self.apexes = apexes
  }

  /// Goes on to an owner.
  ///
  /// - Parameter isCut: what is below it is hidden.
  /// - Returns: how many labels, from the root's side, the names have that become nodes: the owner's own, and before
  ///   it those of the empty non-terminals that are not known yet. Nil when a cut hides it.
  mutating func step(to owner: Name, isCut: Bool) -> ClosedRange<Int>? {
    let before = (name: last, labels: labels)
    labels = LabelOffsets(owner)
    last = owner
    let shared = Self.shared(before.name, before.labels, owner, labels)
    // What two names have in common through all that stand between them in order is the least of it.
    visible = visible.map { min($0, shared) }
    if let cut = cutLabels, shared >= cut { return nil }
    cutLabels = nil
    if let apexes, let cut = deeperZone(owner, below: max(shared, apexLabels), apexes) {
      cutLabels = cut
      return nil
    }
    if isCut { cutLabels = labels.count }
    // The first is the zone's own name, with which its SOA stands.
    let known = visible.map { max($0, apexLabels) + 1 } ?? apexLabels
    visible = labels.count
    return min(known, labels.count)...labels.count
  }

  /// How many labels the name of a deeper zone has that the owner is in.
  private func deeperZone(_ owner: Name, below known: Int, _ apexes: NameIndex) -> Int? {
    guard known < labels.count else { return nil }
    var hashes = NameHashes()
    hashes.fill(owner.wire.span, seed: apexes.seed)
    for count in (known + 1)...labels.count {
      let label = labels.count - count
      if apexes.find(owner, from: labels[label], hashes.hash(fromLabel: label)) != nil { return count }
    }
    return nil
  }

  /// How many labels two names have in common, from the root's side.
  private static func shared(_ a: Name, _ aLabels: LabelOffsets, _ b: Name, _ bLabels: LabelOffsets) -> Int {
    let (x, y) = (a.wire.span, b.wire.span)
    // First how many octets they have in common at their ends; then how many whole labels that is.
    let limit = min(x.count, y.count)
    var octets = 0
    while octets + 8 <= limit,
      lowercased(x.word(at: x.count - octets - 8)) == lowercased(y.word(at: y.count - octets - 8))
    {
      octets += 8
    }
    while octets < limit, lowercased(x[x.count - octets - 1]) == lowercased(y[y.count - octets - 1]) { octets += 1 }
    var count = min(aLabels.count, bLabels.count)
    while count > 0 {
      let length = x.count - aLabels.offset(fromRoot: count)
      if length <= octets, length == y.count - bLabels.offset(fromRoot: count) { break }
      count -= 1
    }
    return count
  }
}

/// Names by their hashes, to find one that ends another.
struct NameIndex {
  let seed: HashSeed
  private let names: [Name]
  private var places: [UInt32: [Int]] = [:]

  init(_ names: [Name], seed: HashSeed) {
    self.seed = seed
    self.names = names
    var hashes = NameHashes()
    for (index, name) in names.enumerated() {
      hashes.fill(name.wire.span, seed: seed)
      places[hashes.hash(fromLabel: 0), default: []].append(index)
    }
  }

  /// The first that is the end of `name` from `start`, whose hash is given.
  func find(_ name: Name, from start: Int, _ hash: UInt32) -> Int? {
    places[hash]?.first { names[$0].isEnd(of: name, from: start) }
  }

  /// The first that is `name`.
  func first(_ name: Name) -> Int? {
    var hashes = NameHashes()
    hashes.fill(name.wire.span, seed: seed)
    return find(name, from: 0, hashes.hash(fromLabel: 0))
  }
}

extension Name {
  /// True when `other` from `start` on, where a label starts, is this name.
  fileprivate func isEnd(of other: Name, from start: Int) -> Bool {
    let (own, whole) = (wire.span, other.wire.span)
    guard own.count == whole.count - start else { return false }
    for index in own.indices where Wire.lowercased(own[index]) != Wire.lowercased(whole[start + index]) { return false }
    return true
  }
}
