import Bounds
import Text
import Wire

/// A private zone: an apex and its records, checked to be one that this server and any other can serve.
///
/// Every way to make one goes through the same checks: one SOA and an NS set at the apex, every owner at or below the
/// apex, a CNAME alone at its name (RFC 2181 §10.1), nothing below a DNAME (RFC 6672 §2.4), one TTL for each set
/// (RFC 2181 §5.2), sets of at most `Limits.Zones.recordsOfSet` records, name servers with addresses, no loops of aliases.
public struct Zone: Sendable {

  /// The name of the zone, which owns its SOA.
  public let apex: Name
  /// The data of the SOA record.
  public let soa: StartOfAuthority
  /// How many records it has.
  public var recordCount: Int { tree.recordCount }

  let list: RecordList
  let tree: ZoneTree

  /// Takes records that were checked and ordered; nil when the SOA's data is none.
  init?(checked list: RecordList, _ tree: ZoneTree, soa index: Int) {
    guard let soa = StartOfAuthority(data: list.data(of: list.entries[index])) else { return nil }
    apex = list.names[tree.apex]
    self.soa = soa
    self.list = list
    self.tree = tree
  }

  /// Makes a zone of records that came from no file.
  ///
  /// - Throws: every error that the checks find, without places; warnings alone do not stand in the way.
  public init(apex: Name, records: [ResourceRecord]) throws(Problems) {
    let list = RecordList(records)
    let (zone, problems) = Zone.check(ParsedMasterFile(file: nil, list, problems: []), apex: apex)
    guard let zone else { throw Problems(problems.filter { $0.severity == .error }) }
    self = zone
  }

  /// Checks what a master file holds.
  ///
  /// - Parameter apex: the zone that the file must hold; nil when whatever SOA it has decides.
  /// - Returns: the zone, unless anything is an error; and all problems, those of the text first among equals, in the
  ///   file's order.
  public static func check(_ parsed: ParsedMasterFile, apex: Name? = nil) -> (zone: Zone?, problems: [Problem]) {
    var checker = ZoneChecker(parsed)
    return checker.run(apex: apex)
  }

  /// In canonical order (RFC 4034 §6), the SOA first; no two are equal. They are made whole at each call.
  public var records: [ResourceRecord] {
    var (soa, others): ([ResourceRecord], [ResourceRecord]) = ([], [])
    others.reserveCapacity(recordCount)
    for node in tree.nodes {
      for set in tree.sets(of: node) {
        if set.type == .soa { soa += records(of: set) } else { others += records(of: set) }
      }
    }
    return soa + others
  }

  /// The set of `type` at `name`; empty when there is none. Wildcards are not expanded.
  ///
  /// - Complexity: linear in the octets of the name and of the set.
  public func records(at name: Name, type: RecordType) -> [ResourceRecord] {
    guard let node = list.names.find(name).flatMap(tree.node(of:)) else { return [] }
    return tree.set(type, of: tree.nodes[node]).map(records(of:)) ?? []
  }

  /// The names that own records, in canonical order.
  public var owners: [Name] { tree.nodes.filter { !tree.sets(of: $0).isEmpty }.map { list.names[$0.name] } }

  private func records(of set: ZoneTree.RecordSet) -> [ResourceRecord] {
    tree.members(of: set).map { list[Int($0)].record }
  }
}
