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
  /// In canonical order (RFC 4034 §6), the SOA first; no two are equal.
  public let records: [ResourceRecord]
  /// The data of the SOA record.
  public let soa: StartOfAuthority

  /// Takes records that were checked and ordered.
  init(checked records: [ResourceRecord], soa: StartOfAuthority) {
    apex = records[0].owner
    self.records = records
    self.soa = soa
  }

  /// Makes a zone of records that came from no file.
  ///
  /// - Throws: every error that the checks find, without places; warnings alone do not stand in the way.
  public init(apex: Name, records: [ResourceRecord]) throws(Problems) {
    let located = records.map { LocatedRecord(record: $0, position: nil) }
    let (zone, problems) = Zone.check(ParsedMasterFile(file: nil, records: located, problems: []), apex: apex)
    guard let zone else { throw Problems(problems.filter { $0.severity == .error }) }
    self = zone
  }

  /// Checks what a master file holds.
  ///
  /// - Parameter apex: the zone that the file must hold; nil when whatever SOA it has decides.
  /// - Returns: the zone, unless anything is an error; and all problems, those of the text first among equals, in the
  ///   file's order.
  public static func check(_ parsed: ParsedMasterFile, apex: Name? = nil) -> (zone: Zone?, problems: [Problem]) {
    let checker = ZoneChecker(parsed)
    return checker.run(apex: apex)
  }

  /// The set of `type` at `name`; empty when there is none. Wildcards are not expanded.
  ///
  /// - Complexity: O(log n) in the zone's records.
  public func records(at name: Name, type: RecordType) -> [ResourceRecord] {
    var low = 0
    var high = records.count
    while low < high {
      let middle = (low + high) / 2
      if records[middle].owner < name { low = middle + 1 } else { high = middle }
    }
    return Array(records[low...].prefix { $0.owner == name }.filter { $0.type == type })
  }
}
