import Wire

/// The types of record data that random records are made of, one that is not known among them.
public let randomRecordTypes: [RecordType] = [
  .a, .aaaa, .ns, .cname, .soa, .ptr, .mx, .txt, .srv, .caa, .naptr, .dname, .hinfo, RecordType(65_280),
]

extension SeededGenerator {
  /// A name of few and short labels of any octets, or now and then one near a limit. Labels repeat between names, so
  /// that names share their ends.
  public mutating func name() -> Name {
    if oneIn(40) { return .root }
    if oneIn(40) { return longName() }
    let common = ["a", "b", "www", "WWW", "example", "com", "*", "x-y_z"]
    let labels = (0..<Int.random(in: 1...5, using: &self)).map { _ -> [UInt8] in
      oneIn(6) ? octets(Int.random(in: 1...8, using: &self)) : Array(pick(common).utf8)
    }
    return Name(labels: labels) ?? .root
  }

  /// A name of 250 to 255 octets, of long labels or of very many.
  public mutating func longName() -> Name {
    let labelLength = pick([1, 20, 63])
    let wanted = Int.random(in: 250...255, using: &self)
    var name = Name.root
    while name.wire.count < wanted {
      let length = min(labelLength, wanted - name.wire.count - 1)
      guard length > 0, let longer = name.prefixed(by: octets(length)) else { break }
      name = longer
    }
    return name
  }

  /// Valid uncompressed data of a type.
  public mutating func recordData(_ type: RecordType) -> [UInt8] {
    var data: [UInt8] = []
    for field in RecordData.layout(of: type) {
      switch field {
      case .name: data += name().wire
      case .octets(let count): data += octets(count)
      case .string: data += string()
      case .strings: for _ in 0..<Int.random(in: 1...3, using: &self) { data += string() }
      case .rest: data += octets(Int.random(in: 0...12, using: &self))
      }
    }
    // A CAA property's tag has at least one letter (RFC 8659 §4.1).
    if type == .caa { data.replaceSubrange(1..<(2 + Int(data[1])), with: [5] + Array("issue".utf8)) }
    return data
  }

  private mutating func string() -> [UInt8] {
    let length = oneIn(30) ? 255 : Int.random(in: 0...10, using: &self)
    return [UInt8(length)] + octets(length)
  }

  /// A record of any of `randomRecordTypes`, class IN.
  public mutating func record() -> ParsedRecord {
    let type = pick(randomRecordTypes)
    return ParsedRecord(
      owner: name(), type: type, class: .internet, ttlSeconds: UInt32.random(in: 0...0x7fff_ffff, using: &self),
      data: recordData(type))
  }
}
