import Wire

/// What an image is made of: every name of every zone in a fixed order, gone along as often as needed and never kept.
///
/// A zone's names are in canonical order (RFC 4034 §6.1), in which a name's descendants follow it at once: so what a cut
/// hides is what follows it and has more labels.
struct ZoneImagePlan {
  /// What stands at a name.
  typealias Marks = Zones.Node.Marks

  /// One name of the image.
  struct Node {
    let name: NameTree.Index
    /// How many labels the name has.
    let labelCount: Int
    /// Its records, by type.
    let sets: ArraySlice<ZoneTree.RecordSet>
    let marks: Marks
    let isWildcard: Bool
    /// It has no name of its own in its block: the first name below it that has ends with it.
    let isWithoutName: Bool
    /// How many octets its block takes.
    let length: Int
  }

  /// A zone, with the names marked from where on it does not answer.
  struct Part {
    let apex: Name
    let soa: StartOfAuthority
    fileprivate(set) var list: RecordList
    fileprivate(set) var tree: ZoneTree
    let miss: MissPolicy

    /// The SOA's record.
    var soaEntry: RecordList.Entry? {
      tree.set(.soa, of: tree.nodes[0]).flatMap { tree.members(of: $0).first }.map { list.entries[Int($0)] }
    }
  }

  /// By name, so that the same input gives the same image.
  private(set) var zones: [Part]
  /// The data of the address records that come before the others of their RRset.
  private let first: Set<[UInt8]>

  init(
    _ zones: [(zone: Zone, miss: MissPolicy)], forwarded: [Name], links: LinkNames, first: Set<IPAddress> = [],
    seed: HashSeed
  ) {
    self.first = Set(first.map(\.octets))
    self.zones = zones.sorted { $0.zone.apex < $1.zone.apex }.map {
      Part(apex: $0.zone.apex, soa: $0.zone.soa, list: $0.zone.list, tree: $0.zone.tree, miss: $0.miss)
    }
    guard zones.count > 1 || !forwarded.isEmpty || !links.isEmpty else { return }
    let apexes = NameIndex(self.zones.map(\.apex), seed: seed)
    mark(apexes.names, .deeperZone, apexes)
    mark(forwarded, .forwarded, apexes)
    mark(links.closed, .closed, apexes)
    mark(links.guarded, .guarded, apexes)
  }

  /// Marks names in the zones that they lie in. A rule or a deeper zone at a zone's own name is none in it.
  private mutating func mark(_ names: [Name], _ mark: ZoneTree.Marks, _ apexes: NameIndex) {
    var marked: [Int: [Name]] = [:]
    for name in names {
      let zone = apexes.closest(to: name, orItself: mark != .deeperZone)
      let isCut = mark == .deeperZone || mark == .forwarded
      if let zone, !isCut || zones[zone].apex != name { marked[zone, default: []].append(name) }
    }
    for (zone, names) in marked {
      // A rule makes its name exist, and so does a link that is closed; a deeper zone matters where the upper one has
      // something at its name or below.
      let exists = mark == .forwarded || mark == .closed
      if exists, names.contains(where: { zones[zone].list.names.find($0) == nil }) {
        zones[zone].add(names)
      }
      let known = names.compactMap { name in zones[zone].list.names.find(name).map { (name: $0, mark: mark) } }
      if !known.isEmpty { zones[zone].tree.mark(known, zones[zone].list.names) }
    }
  }

  func apex(_ zone: Int) -> Name { zones.indices.contains(zone) ? zones[zone].apex : .root }

  /// Goes along the names that a zone holds: the owners of its records and the empty non-terminals between them and the
  /// apex, but for what a deeper zone, a delegation or a forwarding rule hides.
  func forEachNode<Failure: Error>(
    of index: Int, _ body: (Node) throws(Failure) -> Void
  ) throws(Failure) {
    let zone = zones[index]
    // How many labels the cut has whose descendants come.
    var cut: Int?
    for node in zone.tree.nodes where node.marks.contains(.exists) || node.marks.contains(.deeperZone) {
      let labelCount = zone.list.names.labelCount(of: node.name)
      if let above = cut {
        guard labelCount <= above else { continue }
        cut = nil
      }
      if !node.marks.isDisjoint(with: [.deeperZone, .delegation, .forwarded]) { cut = labelCount }
      if !node.marks.contains(.deeperZone) { try body(zone.planned(node, labelCount)) }
    }
  }

  /// The places of an RRset's records in the order in which they are answered.
  func order(of set: ZoneTree.RecordSet, in part: Part) -> ArraySlice<Int32> {
    let members = part.tree.members(of: set)
    guard !first.isEmpty, set.type == .a || set.type == .aaaa else { return members }
    var (front, rest): (ArraySlice<Int32>, ArraySlice<Int32>) = ([], [])
    for index in members {
      var data: [UInt8] = []
      part.list.forEachPiece(of: part.list.entries[Int(index)]) { data += $0.array }
      if first.contains(data) { front.append(index) } else { rest.append(index) }
    }
    return front + rest
  }

  /// How many octets a zone's own name and its negative answers' SOA take.
  func tailLength(of zone: Int) -> Int {
    apex(zone).wire.count + (zones[zone].soaEntry?.messageLength ?? 0)
  }
}

extension ZoneImagePlan.Part {
  fileprivate func planned(_ node: ZoneTree.Node, _ labelCount: Int) -> ZoneImagePlan.Node {
    // A rule takes its own name too, whatever records stand there.
    let isForwarded = node.marks.contains(.forwarded)
    let isClosed = node.marks.contains(.closed)
    let sets = isForwarded ? [] : tree.sets(of: node)
    var marks: ZoneImagePlan.Marks = isForwarded ? .forwarded : []
    if isClosed { marks.insert(.closed) }
    if node.marks.contains(.guarded) { marks.insert(.guarded) }
    if node.marks.contains(.delegation), !isForwarded { marks.insert(.delegation) }
    var length = MemoryLayout<Zones.Node>.stride + sets.count * MemoryLayout<RecordSet>.stride
    for set in sets {
      length += set.octets
      switch set.type {
      case .cname: marks.insert(.cname)
      case .alias: marks.insert(.alias)
      case .dname: marks.insert(.dname)
      default: break
      }
    }
    if isOpen(node, sets, marks) { marks.insert(.open) }
    let isWithoutName = sets.isEmpty && !isForwarded && !isClosed
    if !isWithoutName { length += list.names.length(of: node.name) }
    return ZoneImagePlan.Node(
      name: node.name, labelCount: labelCount, sets: sets, marks: marks,
      isWildcard: labelCount > 0 && list.names.isWildcard(node.name), isWithoutName: isWithoutName, length: length)
  }

  /// True when what a name lacks is to be had by forwarding.
  ///
  /// That a name exists without records, or is the zone's own, whose SOA and NS every master file has, says nothing of what
  /// the name has elsewhere. One with an address is somebody's host: its other types would lead around that address.
  private func isOpen(
    _ node: ZoneTree.Node, _ sets: ArraySlice<ZoneTree.RecordSet>, _ marks: ZoneImagePlan.Marks
  ) -> Bool {
    guard miss == .forward else { return false }
    if sets.isEmpty { return true }
    let isHost =
      sets.contains { [.a, .aaaa, .alias].contains($0.type) } || !marks.isDisjoint(with: [.guarded, .closed])
    return node.name == tree.apex && !isHost
  }

  /// Puts names without records among the others.
  fileprivate mutating func add(_ names: [Name]) {
    for name in names { _ = list.names.insert(name.wire.span, below: NameTree.root) }
    let marked = tree.nodes.filter { !$0.marks.isDisjoint(with: .given) }.map {
      (name: $0.name, mark: $0.marks.intersection(.given))
    }
    tree = ZoneTree(list.names, apex: tree.apex)
    // A checked zone has no record that is not its own.
    tree.add(list, Array(0..<Int32(list.count)))
    tree.mark(marked, list.names)
  }
}

/// Names by their hashes, to find one that ends another.
struct NameIndex {
  private let seed: HashSeed
  let names: [Name]
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
  private func find(_ name: Name, from start: Int, _ hash: UInt32) -> Int? {
    places[hash]?.first { names[$0].isEnd(of: name, from: start) }
  }

  /// The one that is the longest end of `name`, or else of what is above it.
  func closest(to name: Name, orItself: Bool) -> Int? {
    var hashes = NameHashes()
    hashes.fill(name.wire.span, seed: seed)
    for label in (orItself ? 0 : 1)..<max(1, hashes.labelCount + 1) {
      if let index = find(name, from: hashes.offset(ofLabel: label), hashes.hash(fromLabel: label)) { return index }
    }
    return nil
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
