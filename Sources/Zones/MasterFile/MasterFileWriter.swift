import Wire

/// Writes zones as master files: one record a line, in canonical order, in columns.
enum MasterFileWriter {
  /// The widest that the column of owners gets; longer owners push their own line's rest to the right.
  private static let maximumOwnerWidth = 48

  static func text(of zone: Zone, header: [String]) -> String {
    let records = zone.records
    let ttlSeconds = usualTTL(of: records)
    var text = ""
    for line in header { text += comment(line) }
    text += "$ORIGIN \(zone.apex)\n$TTL \(ttlSeconds)\n"
    let owners = records.map { $0.owner.text(relativeTo: zone.apex) }
    // Rounded to eights, so that a longer name seldom moves all other lines of a diff.
    let widest = owners.lazy.map(\.utf8.count).filter { $0 < maximumOwnerWidth }.max() ?? 0
    let ownerWidth = widest / 8 * 8 + 8
    let hasOtherTTLs = records.contains { $0.ttlSeconds != ttlSeconds }
    let typeWidth = 1 + (records.lazy.map(\.type.description.utf8.count).max() ?? 0)
    for (record, owner) in zip(records, owners) {
      text += padded(owner, to: ownerWidth)
      if hasOtherTTLs {
        text += padded(record.ttlSeconds == ttlSeconds ? "" : String(record.ttlSeconds), to: 8)
      }
      text += "IN " + padded(record.type.description, to: typeWidth)
      text += RecordText.text(of: record.data, type: record.type, origin: zone.apex)
      if let remark = remark(record) { text += " ; \(remark)" }
      text += "\n"
    }
    return text
  }

  /// The TTL that most records have, the lowest of several such: it is said once, by `$TTL`.
  private static func usualTTL(of records: [ResourceRecord]) -> UInt32 {
    var counts: [UInt32: Int] = [:]
    for record in records { counts[record.ttlSeconds, default: 0] += 1 }
    let usual = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
    return usual?.key ?? 0
  }

  /// What a person needs beside the data: the meaning of RFC 3597's octets, and which number of an SOA is which.
  private static func remark(_ record: ResourceRecord) -> String? {
    switch record.type {
    case .soa: "serial refresh retry expire minimum"
    case .alias: RecordData.name(in: record.data).map { "ALIAS \($0)" }
    default: nil
    }
  }

  /// One or more comment lines, control characters in them as spaces.
  private static func comment(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let scalars = line.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }
      let clean = String(String.UnicodeScalarView(scalars))
      return clean.isEmpty ? ";\n" : "; \(clean)\n"
    }.joined()
  }

  /// `text` with spaces up to `width`, at least one.
  private static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.utf8.count))
  }
}
