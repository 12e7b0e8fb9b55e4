import Bounds
import Text
import Wire

/// The checks that make records a zone; `Zone.check` runs them in order.
///
/// They find what BIND or NSD would refuse, and what could be served but hardly be meant.
struct ZoneChecker {
  let records: [LocatedRecord]
  /// Entries of the file could not be read: what seems to be missing may stand in one of them.
  let isPartial: Bool
  let problems: ProblemList

  init(_ parsed: ParsedMasterFile) {
    records = parsed.records
    problems = ProblemList(file: parsed.file, parsed.problems)
    isPartial = problems.hasErrors
  }

  /// Runs every check.
  func run(apex expected: Name?) -> (zone: Zone?, problems: [Problem]) {
    guard let (apex, soa) = findApex(expected) else { return (nil, problems.sorted) }
    let tree = RecordTree(records, indices: recordsInside(apex), apex: apex)
    for node in tree.nodes {
      for set in tree.sets(of: node) { check(set, of: node, tree) }
      checkCompany(node, tree)
      if node.owner == apex { checkApex(node, soa, tree) }
    }
    checkDescendants(tree)
    checkTargets(tree)
    checkLoops(tree)
    guard !problems.hasErrors, let soa else { return (nil, problems.sorted) }
    return (makeZone(tree, soa), problems.sorted)
  }

  /// The apex, and the SOA record's index: nil for it when there is none and `expected` alone says what the zone is.
  private func findApex(_ expected: Name?) -> (apex: Name, soa: Int?)? {
    let all = records.indices.filter { records[$0].record.type == .soa }
    guard let first = all.first else {
      if !isPartial {
        let top = problems.file == nil ? nil : Position(line: 1, column: 1)
        let example = "@ SOA ns.example. admin.example. 1 3600 600 604800 300"
        problems.add(top, "no SOA record: start the zone with one, like \(example)")
      }
      return expected.map { ($0, nil) }
    }
    let owner = records[first].record.owner
    for other in all.dropFirst() where records[other].record != records[first].record {
      note(other, "a second SOA record, besides that of \(owner)\(line(first)): a zone has exactly one; remove one")
    }
    if let expected, owner != expected {
      note(first, "the SOA is that of \(owner), but the zone is \(expected): rename the zone, or correct the owner")
    }
    return (owner, first)
  }

  private func recordsInside(_ apex: Name) -> [Int32] {
    // What one zone may have is far below 2^31, and a file that has more is cut off there.
    let indices = Int32(0)..<Int32(min(records.count, Limits.Zones.records))
    if records.count > indices.count {
      note(indices.count, "more than \(Limits.Zones.records) records: split the zone")
    }
    return indices.filter { number in
      let index = Int(number)
      let record = records[index].record
      guard record.owner.isSubdomain(of: apex) else {
        note(index, "\(record.owner) is outside the zone \(apex): remove it, or put it into a zone of its own")
        return false
      }
      guard RecordField.isValid(record.data, for: record.type), !record.type.isMeta, !record.type.isReserved else {
        note(index, "\(record.owner) \(record.type): the data is not what a record of this type may hold")
        return false
      }
      guard record.ttlSeconds <= UInt32(TTLText.maximumSeconds) else {
        note(index, "\(record.owner) \(record.type): the TTL is above \(TTLText.maximumSeconds) (RFC 2181 §8)")
        return false
      }
      return true
    }
  }

  /// One TTL, and not too many or too much.
  private func check(_ set: RecordTree.RecordSet, of node: RecordTree.Node, _ tree: RecordTree) {
    if let other = set.otherTTL.map({ Int($0) }) {
      let ttl = records[other].record.ttlSeconds
      let first = records[set.first].record.ttlSeconds
      note(
        other,
        "\(title(node, set.type)) has TTL \(ttl) here, but \(first) before\(line(set.first)): give a set one TTL (RFC 2181 §5.2)"
      )
    }
    let members = tree.members(of: set)
    if members.count > Limits.Zones.recordsOfSet {
      let extra = members.sorted()[Limits.Zones.recordsOfSet]
      note(
        Int(extra),
        "\(title(node, set.type)) has \(members.count) records: at most \(Limits.Zones.recordsOfSet) are served; remove the others"
      )
    }
    // A compressed owner, and the fields up to the data.
    let octets = members.reduce(0) { $0 + 12 + records[Int($1)].record.data.count }
    if octets > Limits.Zones.octetsOfSet {
      note(
        set.first,
        "\(title(node, set.type)) takes \(octets) octets: a response holds at most \(Limits.Zones.octetsOfSet) of one set"
      )
    }
  }

  /// Not too many types, and none that cannot stand together at one name.
  private func checkCompany(_ node: RecordTree.Node, _ tree: RecordTree) {
    let sets = tree.sets(of: node)
    if sets.count > Limits.Zones.typesOfName {
      // The first in the file's order that is one too many.
      let extra = sets.map(\.first).sorted()[Limits.Zones.typesOfName]
      note(
        extra,
        "\(node.owner) has records of \(sets.count) types: at most \(Limits.Zones.typesOfName) are served; "
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
      guard let set = tree.set(type, of: node), tree.members(of: set).count > 1 else { continue }
      let members = tree.members(of: set).sorted().map { Int($0) }
      note(members[1], "\(node.owner) has a second \(label(type)) besides the first\(line(members[0])): remove one")
    }
    if let alias = tree.set(.alias, of: node), let address = tree.set(.a, of: node) ?? tree.set(.aaaa, of: node) {
      clash(alias, address, node, "an ALIAS stands for all addresses of its name", "remove one")
    }
    if node.owner.isWildcard, let ns = tree.set(.ns, of: node) {
      note(ns.first, "\(node.owner) NS: a wildcard cannot be delegated (RFC 4592 §4.2); remove it")
    }
    if node.owner.isWildcard, let dname = tree.set(.dname, of: node) {
      note(dname.first, "\(node.owner) DNAME: servers differ in what a wildcard DNAME does (RFC 4592 §4.4)", .warning)
    }
  }

  private func clash(
    _ a: RecordTree.RecordSet, _ b: RecordTree.RecordSet, _ node: RecordTree.Node, _ rule: String, _ remedy: String
  ) {
    let (early, late) = a.first < b.first ? (a, b) : (b, a)
    note(
      late.first,
      "\(node.owner) has \(label(late.type)) here and \(label(early.type))\(line(early.first)): \(rule); \(remedy)")
  }

  private func checkApex(_ node: RecordTree.Node, _ soa: Int?, _ tree: RecordTree) {
    guard tree.set(.ns, of: node) == nil, !isPartial, let soa else { return }
    note(soa, "\(node.owner) has no NS record: other servers refuse such a zone (RFC 1034 §4.2.1); add one at the apex")
  }

  private func makeZone(_ tree: RecordTree, _ soa: Int) -> Zone? {
    guard let data = StartOfAuthority(data: records[soa].record.data) else { return nil }
    var ordered = [records[soa].record]
    ordered.reserveCapacity(tree.recordCount)
    for node in tree.nodes {
      for set in tree.sets(of: node) where set.type != .soa {
        for index in tree.members(of: set) { ordered.append(records[Int(index)].record) }
      }
    }
    return Zone(checked: ordered, soa: data)
  }
}

extension ZoneChecker {
  /// Notes a problem with the record at `index`.
  ///
  /// - Parameter message: put together only for those that are told of.
  func note(_ index: Int, _ message: @autoclosure () -> String, _ severity: Problem.Severity = .error) {
    problems.add(records[index].position, message(), severity)
  }

  /// `" (line 5)"`, or nothing for a record from no file.
  func line(_ index: Int) -> String {
    records[index].position.map { " (line \($0.line))" } ?? ""
  }

  /// A set as messages name it.
  private func title(_ node: RecordTree.Node, _ type: RecordType) -> String { "\(node.owner) \(label(type))" }

  /// What people call the type.
  func label(_ type: RecordType) -> String { type == .alias ? "ALIAS" : type.description }
}
