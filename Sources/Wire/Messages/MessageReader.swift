/// A question as it stands in a message.
public struct Question: Hashable, Sendable {
  /// Where the name starts, in octets from the message's start.
  public let nameOffset: Int
  /// The type, as sent.
  public let type: RecordType
  /// The class, as sent; in an OPT record the payload size.
  public let `class`: RecordClass
}

/// A record as it stands in a message: where its parts are, nothing copied.
public struct RecordView: Hashable, Sendable {
  /// Where the owner's name starts, in octets from the message's start.
  public let ownerOffset: Int
  /// The type, as sent.
  public let type: RecordType
  /// The class, as sent; in an OPT record the payload size.
  public let `class`: RecordClass
  /// Seconds; the highest bit counts as zero (RFC 2181 §8).
  public let ttlSeconds: UInt32
  /// Where the TTL stands, for those who age it in place.
  public let ttlOffset: Int
  /// Where the data stands.
  public let data: Range<Int>
}

/// A cursor over a message that anyone may have sent: every step checks, nothing is copied or allocated.
///
/// A compression pointer must lead strictly before the place where the name it continues started, so that following
/// one always ends (RFC 9267 §2). Names are 255 octets at most, and of at most `maximumPointers` pointers.
public struct MessageReader: ~Escapable {
  /// The whole message.
  public let octets: Span<UInt8>
  /// Where the next read starts.
  public private(set) var offset: Int

  /// The most pointers in one name: as many as it may have labels. A message of 64 KiB has room for thousands of names
  /// that each lead over thousands of pointers to pointers, which is work for seconds (as in CVE-2024-8508).
  public static var maximumPointers: Int { 127 }

  /// Starts after the header; the message must have one.
  @_lifetime(copy octets)
  public init(_ octets: Span<UInt8>) throws(WireError) {
    guard octets.count >= Header.length else { throw WireError(.truncated, at: octets.count) }
    self.octets = octets
    offset = Header.length
  }

  /// Goes on at `place`, which must be inside the message or its end.
  @_lifetime(self: copy self)
  public mutating func skip(to place: Int) {
    precondition(place >= Header.length && place <= octets.count)
    offset = place
  }

  /// True when every octet was read.
  public var isAtEnd: Bool { offset == octets.count }

  /// Reads one question.
  @_lifetime(self: copy self)
  public mutating func readQuestion() throws(WireError) -> Question {
    let start = offset
    try skipName()
    try need(4)
    defer { offset += 4 }
    return Question(
      nameOffset: start, type: RecordType(octets.bigEndian16(at: offset)),
      class: RecordClass(octets.bigEndian16(at: offset + 2)))
  }

  /// Reads one record, up to the end of its data.
  @_lifetime(self: copy self)
  public mutating func readRecord() throws(WireError) -> RecordView {
    let start = offset
    try skipName()
    try need(10)
    let length = Int(octets.bigEndian16(at: offset + 8))
    let ttl = octets.bigEndian32(at: offset + 4)
    let data = offset + 10
    let record = RecordView(
      ownerOffset: start, type: RecordType(octets.bigEndian16(at: offset)),
      class: RecordClass(octets.bigEndian16(at: offset + 2)), ttlSeconds: ttl > 0x7fff_ffff ? 0 : ttl,
      ttlOffset: offset + 4, data: data..<(data + length))
    guard data + length <= octets.count else { throw WireError(.truncated, at: data) }
    offset = data + length
    return record
  }

  private func need(_ count: Int) throws(WireError) {
    guard offset + count <= octets.count else { throw WireError(.truncated, at: offset) }
  }

  @_lifetime(self: copy self)
  private mutating func skipName() throws(WireError) {
    offset = try walkName(at: offset, end: octets.count) { (_: Int) in }
  }

  /// Goes along the name at `start`, calls `visit` with the place of each label's length octet, and returns the place
  /// after the name where it stands (after its first pointer, if it has one).
  func walkName(at start: Int, end: Int, _ visit: (Int) -> Void) throws(WireError) -> Int {
    var at = start
    var segmentStart = start
    var after: Int?
    var length = 1
    var pointers = 0
    while true {
      // Only the part before the first pointer is held to `end`; what a pointer leads to is before it.
      guard at < (after == nil ? end : octets.count) else { throw WireError(.truncated, at: at) }
      let octet = Int(octets[at])
      switch octet {
      case 0:
        return after ?? at + 1
      case 1...63:
        length += octet + 1
        guard length <= Name.maximumLength else { throw WireError(.nameTooLong, at: at) }
        guard at + 1 + octet <= (after == nil ? end : octets.count) else { throw WireError(.truncated, at: at) }
        visit(at)
        at += octet + 1
      case 0xc0...:
        guard at + 1 < (after == nil ? end : octets.count) else { throw WireError(.truncated, at: at) }
        let target = (octet & 0x3f) << 8 | Int(octets[at + 1])
        pointers += 1
        guard target < segmentStart, target >= Header.length, pointers <= Self.maximumPointers else {
          throw WireError(.badPointer, at: at)
        }
        if after == nil { after = at + 2 }
        at = target
        segmentStart = target
      default:
        throw WireError(.badLabel, at: at)
      }
    }
  }

  /// The name that starts at `offset`, pointers followed.
  public func name(at offset: Int) throws(WireError) -> Name {
    var end = octets.count
    return try name(at: offset, end: &end)
  }

  /// The name that starts at `offset` and stands before `end`; `end` becomes the place after it.
  func name(at offset: Int, end: inout Int) throws(WireError) -> Name {
    // The walk lets no name be longer.
    var wire: InlineArray<255, UInt8> = .init(repeating: 0)
    var count = 0
    let span = octets
    end = try walkName(at: offset, end: end) { at in
      for index in at...(at + Int(span[at])) {
        wire[count] = span[index]
        count += 1
      }
    }
    return Name(checked: wire.span.extracting(0...count).array)
  }

  /// A record's data with every compressed name in it written out, and checked against its type's layout.
  ///
  /// Types that are not known have no layout, and their data is taken as it is (RFC 3597 §4).
  public func uncompressedData(of record: RecordView) throws(WireError) -> [UInt8] {
    var data: [UInt8] = []
    var at = record.data.lowerBound
    let end = record.data.upperBound
    for field in RecordData.layout(of: record.type) {
      switch field {
      case .name:
        var after = end
        data += try name(at: at, end: &after).wire
        at = after
      case .octets(let count):
        guard at + count <= end else { throw WireError(.badDataLength, at: at) }
        for index in at..<(at + count) { data.append(octets[index]) }
        at += count
      case .strings:
        while at < end {
          let next = at + 1 + Int(octets[at])
          guard next <= end else { throw WireError(.badDataLength, at: at) }
          for index in at..<next { data.append(octets[index]) }
          at = next
        }
        guard !data.isEmpty else { throw WireError(.badDataLength, at: at) }
      case .string:
        guard at < end, at + 1 + Int(octets[at]) <= end else { throw WireError(.badDataLength, at: at) }
        let next = at + 1 + Int(octets[at])
        for index in at..<next { data.append(octets[index]) }
        at = next
      case .rest:
        for index in at..<end { data.append(octets[index]) }
        at = end
      }
    }
    guard at == end else { throw WireError(.badDataLength, at: at) }
    return data
  }
}

/// What record data is made of.
public enum RecordData {
  /// One part of a record's data.
  public enum Field: Hashable, Sendable {
    /// A domain name, which a sender may have compressed.
    case name
    /// A fixed number of octets.
    case octets(Int)
    /// One character-string: a length octet and that many.
    case string
    /// One or more character-strings, to the end.
    case strings
    /// Anything, to the end.
    case rest
  }

  /// The parts of a type's data, in order. Types whose names a sender may compress (RFC 3597 §4), and those whose
  /// length can be checked, have a layout; all others are opaque.
  public static func layout(of type: RecordType) -> [Field] {
    switch type {
    case .a: [.octets(4)]
    case .aaaa: [.octets(16)]
    case .ns, .md, .mf, .cname, .mb, .mg, .mr, .ptr, .dname: [.name]
    case .soa: [.name, .name, .octets(20)]
    case .minfo, .rp: [.name, .name]
    case .mx, .afsdb, .rt, .kx: [.octets(2), .name]
    case .px: [.octets(2), .name, .name]
    case .hinfo: [.string, .string]
    case .srv: [.octets(6), .name]
    case .naptr: [.octets(4), .string, .string, .string, .name]
    case .txt: [.strings]
    case .caa: [.octets(1), .string, .rest]
    case .alias: [.name]
    default: [.rest]
    }
  }

  /// True when `data`, uncompressed, is what a record of `type` may hold.
  public static func isValid(_ data: [UInt8], for type: RecordType) -> Bool {
    var at = 0
    for field in layout(of: type) {
      switch field {
      case .name:
        guard let length = nameLength(data[at...]) else { return false }
        at += length
      case .octets(let count):
        at += count
      case .string:
        guard at < data.count else { return false }
        at += 1 + Int(data[at])
      case .strings:
        guard at < data.count else { return false }
        while at < data.count { at += 1 + Int(data[at]) }
      case .rest:
        at = max(at, data.count)
      }
      guard at <= data.count else { return false }
    }
    return at == data.count
  }

  /// How long the uncompressed name at the start of `octets` is; nil when none is there.
  public static func nameLength(_ octets: ArraySlice<UInt8>) -> Int? {
    var at = octets.startIndex
    while at < octets.endIndex, octets[at] <= 63 {
      if octets[at] == 0 {
        let length = at - octets.startIndex + 1
        return length <= Name.maximumLength ? length : nil
      }
      at += Int(octets[at]) + 1
    }
    return nil
  }

  /// The name that record data consists of, or starts with after `offset` octets; nil when none is there.
  public static func name(in data: [UInt8], at offset: Int = 0) -> Name? {
    guard offset <= data.count, let length = nameLength(data[offset...]) else { return nil }
    return Name(checked: Array(data[offset..<(offset + length)]))
  }
}
