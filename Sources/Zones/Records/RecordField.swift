import Wire

/// One part of record data as its presentation form shows it.
enum RecordField {
  case ipv4
  case ipv6
  /// A domain name, and what it is to the record.
  case name(String)
  /// An unsigned number of this many octets.
  case number(octets: Int, String)
  /// A span of time in 32 bits; seconds, or BIND's units.
  case seconds(String)
  /// One character-string (RFC 1035 §3.3).
  case string(String)
  /// One or more character-strings, to the end.
  case strings
  /// A CAA property's tag, letters and digits with a length octet before them (RFC 8659 §4.1).
  case tag
  /// A CAA property's value, to the end, with no length octet (RFC 8659 §4.1).
  case value

  /// The parts of a type's presentation form, in order; nil for types that have RFC 3597's form alone.
  static func fields(of type: RecordType) -> [RecordField]? {
    switch type {
    case .a: [.ipv4]
    case .aaaa: [.ipv6]
    case .ns: [.name("name server")]
    case .cname, .dname, .ptr, .alias: [.name("target")]
    case .mx: [.number(octets: 2, "preference"), .name("mail server")]
    case .txt: [.strings]
    case .caa: [.number(octets: 1, "flags"), .tag, .value]
    case .srv:
      [
        .number(octets: 2, "priority"), .number(octets: 2, "weight"), .number(octets: 2, "port"), .name("target"),
      ]
    case .naptr:
      [
        .number(octets: 2, "order"), .number(octets: 2, "preference"), .string("flags"), .string("services"),
        .string("regexp"), .name("replacement"),
      ]
    case .soa:
      [
        .name("primary server"), .name("mailbox"), .number(octets: 4, "serial"), .seconds("refresh"),
        .seconds("retry"), .seconds("expire"), .seconds("minimum"),
      ]
    default: nil
    }
  }

  /// The mnemonics of the types with a presentation form, to find the one that a wrong one was meant to be.
  static let mnemonics = [
    "A", "AAAA", "ALIAS", "CAA", "CNAME", "DNAME", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "TXT",
  ]

  /// True when `tag` is one that CAA may have: letters and digits, at least one (RFC 8659 §4.1).
  static func isTag(_ tag: some Collection<UInt8>) -> Bool {
    (1...255).contains(tag.count) && tag.allSatisfy { $0 &- 0x30 < 10 || lowercased($0) &- 0x61 < 26 }
  }

  /// True when `data` is what a record of `type` may hold, as far as other servers look before they load it.
  static func isValid(_ data: [UInt8], for type: RecordType) -> Bool {
    guard data.count <= Int(UInt16.max), RecordData.isValid(data, for: type) else { return false }
    return type != .caa || isTag(data[2...].prefix(Int(data[1])))
  }
}
