import Bounds
import Text
import Wire

/// The checks that make records a zone; `Zone.check` runs them in order.
///
/// They find what BIND or NSD would refuse, and what could be served but hardly be meant.
struct ZoneChecker {
  private(set) var records: RecordList
  /// Entries of the file could not be read: what seems to be missing may stand in one of them.
  let isPartial: Bool
  let problems: ProblemList

  init(_ parsed: ParsedMasterFile) {
    records = parsed.list
    problems = ProblemList(file: parsed.file, parsed.problems)
    isPartial = problems.hasErrors
  }

  /// Runs every check.
  mutating func run(apex expected: Name?) -> (zone: Zone?, problems: [Problem]) {
    guard let (apex, soa) = findApex(expected) else { return (nil, problems.sorted) }
    var tree = ZoneTree(records.names, apex: apex)
    tree.add(records, recordsInside(tree))
    for node in tree.nodes where !node.sets.isEmpty {
      for set in tree.sets(of: node) { check(set, of: node, tree) }
      checkCompany(node, tree)
      if node.name == apex { checkApex(node, soa, tree) }
    }
    checkDescendants(tree)
    checkTargets(tree)
    checkLoops(tree)
    guard !problems.hasErrors, let soa else { return (nil, problems.sorted) }
    return (Zone(checked: records, tree, soa: soa), problems.sorted)
  }

  /// The apex, and the SOA record's index: nil for it when there is none and `expected` alone says what the zone is.
  private mutating func findApex(_ expected: Name?) -> (apex: NameTree.Index, soa: Int?)? {
    let expected = expected.map { records.names.insert($0.wire.span, below: NameTree.root) }
    let all = records.entries.indices.filter { records.entries[$0].type == .soa }
    guard let first = all.first else {
      if !isPartial {
        let top = problems.file == nil ? nil : Position(line: 1, column: 1)
        let example = "@ SOA ns.example. admin.example. 1 3600 600 604800 300"
        problems.add(top, "no SOA record: start the zone with one, like \(example)")
      }
      return expected.map { ($0, nil) }
    }
    let owner = records.entries[first].owner
    for other in all.dropFirst() where records[other].record != records[first].record {
      note(
        other, "a second SOA record, besides that of \(name(owner))\(line(first)): a zone has exactly one; remove one")
    }
    if let expected, owner != expected {
      note(
        first,
        "the SOA is that of \(name(owner)), but the zone is \(name(expected)): rename the zone, or correct the owner")
    }
    return (owner, first)
  }

  private func recordsInside(_ tree: ZoneTree) -> [Int32] {
    // What one zone may have is far below 2^31, and a file that has more is cut off there.
    let indices = Int32(0)..<Int32(min(records.count, Limits.Zones.records))
    if records.count > indices.count {
      note(indices.count, "more than \(Limits.Zones.records) records: split the zone")
    } else if let refusal = ZoneAllowance().refusal(of: records) {
      note(records.count - 1, refusal)
    }
    return indices.filter { number in
      let index = Int(number)
      let entry = records.entries[index]
      guard tree.node(of: entry.owner) != nil else {
        note(
          index,
          "\(name(entry.owner)) is outside the zone \(name(tree.apex)): remove it, or put it into a zone of its own")
        return false
      }
      guard !records.unfit.contains(index) else {
        note(index, "\(name(entry.owner)) \(entry.type): the data is not what a record of this type may hold")
        return false
      }
      guard entry.ttlSeconds <= UInt32(TTLText.maximumSeconds) else {
        note(
          index,
          "\(name(entry.owner)) \(entry.type): the TTL is above \(TTLText.maximumSeconds) (RFC 2181 §8)")
        return false
      }
      return true
    }
  }

  /// One TTL, and not too many or too much.
  private func check(_ set: ZoneTree.RecordSet, of node: ZoneTree.Node, _ tree: ZoneTree) {
    if let other = set.otherTTL.map({ Int($0) }) {
      let ttl = records.entries[other].ttlSeconds
      let first = records.entries[Int(set.first)].ttlSeconds
      note(
        other,
        "\(title(node, set.type)) has TTL \(ttl) here, but \(first) before\(line(Int(set.first))): give a set one TTL (RFC 2181 §5.2)"
      )
    }
    if set.count > Limits.Zones.recordsOfSet {
      let extra = tree.members(of: set).sorted()[Limits.Zones.recordsOfSet]
      note(
        Int(extra),
        "\(title(node, set.type)) has \(set.count) records: at most \(Limits.Zones.recordsOfSet) are served; remove the others"
      )
    }
    if set.octets > Limits.Zones.octetsOfSet {
      note(
        Int(set.first),
        "\(title(node, set.type)) takes \(set.octets) octets: a response holds at most \(Limits.Zones.octetsOfSet) of one set"
      )
    }
  }

  /// Not too many types, and none that cannot stand together at one name.
  private func checkCompany(_ node: ZoneTree.Node, _ tree: ZoneTree) {
    let sets = tree.sets(of: node)
    if sets.count > Limits.Zones.typesOfName {
      // The first in the file's order that is one too many.
      let extra = sets.map(\.first).sorted()[Limits.Zones.typesOfName]
      note(
        Int(extra),
        "\(name(node.name)) has records of \(sets.count) types: at most \(Limits.Zones.typesOfName) are served; "
          + "remove the others")
    }
    if let cname = tree.set(.cname, of: node) {
      // RFC 4034 §3 and §4 allow the records of DNSSEC beside it.
      let others = sets.filter { $0.type != .cname && $0.type != .rrsig && $0.type.rawValue != 47 }
      if let other = others.min(by: { $0.first < $1.first }) {
        let rule = "a CNAME stands alone at its name (RFC 2181 §10.1)"
        let remedy = tree.set(.soa, of: node) == nil ? "remove one" : "at the apex use ALIAS or addresses"
        clash(cname, other, node, rule, remedy)
      }
    }
    for type in [RecordType.cname, .dname, .alias] {
      guard let set = tree.set(type, of: node), set.count > 1 else { continue }
      let members = tree.members(of: set).sorted().map { Int($0) }
      note(
        members[1], "\(name(node.name)) has a second \(label(type)) besides the first\(line(members[0])): remove one")
    }
    if let alias = tree.set(.alias, of: node), let address = tree.set(.a, of: node) ?? tree.set(.aaaa, of: node) {
      clash(alias, address, node, "an ALIAS stands for all addresses of its name", "remove one")
    }
    if records.names.isWildcard(node.name), let ns = tree.set(.ns, of: node) {
      note(Int(ns.first), "\(name(node.name)) NS: a wildcard cannot be delegated (RFC 4592 §4.2); remove it")
    }
    if records.names.isWildcard(node.name), let dname = tree.set(.dname, of: node) {
      note(
        Int(dname.first), "\(name(node.name)) DNAME: servers differ in what a wildcard DNAME does (RFC 4592 §4.4)",
        .warning)
    }
  }

  private func clash(
    _ a: ZoneTree.RecordSet, _ b: ZoneTree.RecordSet, _ node: ZoneTree.Node, _ rule: String, _ remedy: String
  ) {
    let (early, late) = a.first < b.first ? (a, b) : (b, a)
    note(
      Int(late.first),
      "\(name(node.name)) has \(label(late.type)) here and \(label(early.type))\(line(Int(early.first))): \(rule); \(remedy)"
    )
  }

  private func checkApex(_ node: ZoneTree.Node, _ soa: Int?, _ tree: ZoneTree) {
    guard tree.set(.ns, of: node) == nil, !isPartial, let soa else { return }
    note(
      soa,
      "\(name(node.name)) has no NS record: other servers refuse such a zone (RFC 1034 §4.2.1); add one at the apex")
  }
}

extension ZoneChecker {
  /// Notes a problem with the record at `index`.
  ///
  /// - Parameter message: put together only for those that are told of.
  func note(_ index: Int, _ message: @autoclosure () -> String, _ severity: Problem.Severity = .error) {
    problems.add(records.entries[index].position, message(), severity)
  }

  /// A name as messages show it.
  func name(_ name: NameTree.Index) -> String { "\(records.names[name])" }

  /// `" (line 5)"`, or nothing for a record from no file.
  func line(_ index: Int) -> String {
    records.entries[index].position.map { " (line \($0.line))" } ?? ""
  }

  /// A set as messages name it.
  private func title(_ node: ZoneTree.Node, _ type: RecordType) -> String { "\(name(node.name)) \(label(type))" }

  /// What people call the type.
  func label(_ type: RecordType) -> String { type == .alias ? "ALIAS" : type.description }
}
