import Wire

/// A record for tests, read from one line of zone text: `www.example. 300 A 192.0.2.1`.
struct TestRecord: Hashable {
  var owner: Name
  var ttl: UInt32
  var type: RecordType
  var data: [UInt8]

  struct Unreadable: Error { let line: String }

  init(_ line: String) throws {
    let parts = line.split(separator: " ").map { String($0) }
    guard parts.count >= 4, let ttl = UInt32(parts[1]), let type = RecordType(mnemonic: parts[2]) else {
      throw Unreadable(line: line)
    }
    owner = try Name(parts[0])
    self.ttl = ttl
    self.type = type
    data = try Self.data(type, Array(parts[3...]), line)
  }

  private static func data(_ type: RecordType, _ fields: [String], _ line: String) throws -> [UInt8] {
    switch type {
    case .a, .aaaa:
      guard let address = IPAddress(fields[0]) else { throw Unreadable(line: line) }
      return address.octets
    case .cname, .ns, .dname, .ptr: return try Name(fields[0]).wire
    case .txt: return [UInt8(fields[0].utf8.count)] + Array(fields[0].utf8)
    case .soa:
      // MNAME, RNAME and MINIMUM; the four numbers between do not matter here.
      guard fields.count == 3, let minimum = UInt32(fields[2]) else { throw Unreadable(line: line) }
      return try Name(fields[0]).wire + Name(fields[1]).wire + Array(repeating: 0, count: 16) + octets(minimum)
    case .rrsig:
      // The covered type stands first; the rest does not matter here.
      guard let covered = RecordType(mnemonic: fields[0]) else { throw Unreadable(line: line) }
      return [UInt8(covered.rawValue >> 8), UInt8(covered.rawValue & 255)] + Array(repeating: 7, count: 30)
    default: return Array(fields.joined(separator: " ").utf8)
    }
  }

  static func octets(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

  /// Uncompressed.
  var wire: [UInt8] {
    owner.wire + [UInt8(type.rawValue >> 8), UInt8(type.rawValue & 255), 0, 1] + Self.octets(ttl)
      + [UInt8(data.count >> 8), UInt8(data.count & 255)] + data
  }

  /// What `init(_:)` reads, for comparing.
  static func text(_ owner: Name, _ type: RecordType, _ ttl: UInt32, _ data: [UInt8]) -> String {
    let value: String
    switch type {
    case .a, .aaaa: value = IPAddress(octets: data)?.description ?? "?"
    case .cname, .ns, .dname, .ptr: value = RecordData.name(in: data)?.description ?? "?"
    case .txt: value = String(decoding: data.dropFirst(), as: UTF8.self)
    case .soa:
      let first = RecordData.name(in: data)
      let second = RecordData.name(in: data, at: first?.wire.count ?? 0)
      value = "\(first?.description ?? "?") \(second?.description ?? "?") \(data.span.bigEndian32(at: data.count - 4))"
    case .rrsig: value = RecordType(data.span.bigEndian16(at: 0)).description
    default: value = String(decoding: data, as: UTF8.self)
    }
    return "\(owner) \(ttl) \(type) \(value)"
  }
}

/// A response as a test wants it; everything can be wrong.
struct TestResponse {
  var code: UInt16 = 0
  var answer: [String] = []
  var authority: [String] = []
  var additional: [String] = []
  var flags: Flags = [.response, .recursionDesired, .recursionAvailable]
  var hasOPT = true
  /// Server cookie to send behind the client's; nil for no option.
  var cookie: [UInt8]?
  var clientCookie: [UInt8]?
  var id: UInt16?
  var name: [UInt8]?
  var type: RecordType?
  var opcode: UInt16 = 0
  var questions: UInt16 = 1

  /// The message in response to a query.
  func message(to query: SentQuery) throws -> [UInt8] {
    var octets: [UInt8] = []
    func append(_ value: UInt16) { octets += [UInt8(value >> 8), UInt8(value & 255)] }
    append(id ?? query.id)
    append(flags.rawValue | code & 15 | opcode << 11)
    append(questions)
    append(UInt16(answer.count))
    append(UInt16(authority.count))
    append(UInt16(additional.count + (hasOPT ? 1 : 0)))
    if questions > 0 {
      octets += name ?? query.name
      append((type ?? query.type).rawValue)
      append(1)
    }
    for line in answer + authority + additional { octets += try TestRecord(line).wire }
    if hasOPT {
      octets += [0, 0, 41, 4, 0xd0, UInt8(code >> 4), 0, 0, 0]
      if let cookie {
        let option = (clientCookie ?? Array(query.cookie?.prefix(8) ?? [])) + cookie
        append(UInt16(option.count + 4))
        append(10)
        append(UInt16(option.count))
        octets += option
      } else {
        append(0)
      }
    }
    return octets
  }
}

/// A query that the forwarder sent, read back.
struct SentQuery {
  var id: UInt16
  var name: [UInt8]
  var type: RecordType
  var flags: Flags
  var hasEDNS: Bool
  var dnssecOK: Bool
  var cookie: [UInt8]?

  init?(_ message: [UInt8]) {
    let span = message.span
    guard let query = try? Query(span) else { return nil }
    id = query.id
    name = Array(message[Query.nameOffset..<(Query.nameOffset + query.nameLength)])
    type = query.type
    flags = query.flags
    hasEDNS = query.edns != nil
    dnssecOK = query.edns?.dnssecOK ?? false
    cookie = query.edns?.option(10, in: span).map { Array(message[$0]) }
  }
}
