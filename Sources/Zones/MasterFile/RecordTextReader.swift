import Text
import Wire

extension TokenCursor {
  /// Takes the rest of the entry as the data of a record of `type`: presentation form, or RFC 3597's for any type.
  mutating func recordData(
    _ type: RecordType, below origin: inout RecordList.Origin, to records: inout RecordList
  ) throws(Fault) -> RecordList.Writing {
    let start = position
    var writing = records.startData()
    do throws(Fault) {
      if let token = peek, !token.isQuoted, text[token.range].elementsEqual("\\#".utf8) {
        _ = take()
        records.write(try unknownData(type, start))
      } else {
        try knownData(type, &origin, &records, &writing)
      }
      try finish()
      let count = records.length(of: writing)
      guard count <= Int(UInt16.max) else {
        throw Fault(start, "\(count) octets of data: a record holds at most \(UInt16.max)")
      }
    } catch {
      records.cancel(writing)
      throw error
    }
    return writing
  }

  private mutating func knownData(
    _ type: RecordType, _ origin: inout RecordList.Origin, _ records: inout RecordList,
    _ writing: inout RecordList.Writing
  ) throws(Fault) {
    guard let fields = RecordField.fields(of: type) else {
      throw Fault(position, "data of type \(type) must be written as \\# LENGTH HEX (RFC 3597 §5)")
    }
    for field in fields {
      switch field {
      case .ipv4, .ipv6: try address(type, to: &records)
      case .name(let what): try name(what, below: &origin, to: &records, &writing)
      case .number(let octets, let what): try number(octets, what, to: &records)
      case .seconds(let what): try seconds(what, to: &records)
      case .string(let what): try string(what, to: &records)
      case .strings:
        repeat { try string("text", to: &records) } while peek != nil
      case .tag: try tag(to: &records)
      case .value: try octets("value", atMost: Int(UInt16.max), to: &records)
      }
    }
  }

  private mutating func address(_ type: RecordType, to records: inout RecordList) throws(Fault) {
    let token = try word("address")
    if type == .a, let address = IPAddress(dottedDecimal: text[token.range]), case .v4(let bits) = address {
      return records.write(UInt64(bits), octets: 4)
    }
    guard let address = IPAddress(string(token)) else {
      let example = type == .a ? "IPv4 address like 192.0.2.1" : "IPv6 address like 2001:db8::1"
      throw Fault(token.position, "\(shown(token)) is not an \(example), which \(type) takes")
    }
    // An IPv4 address written as IPv6 is one for AAAA, though `IPAddress` takes it for the IPv4 address it is.
    let isIPv6 = text[token.range].contains(UInt8(ascii: ":"))
    guard type != .a else {
      throw Fault(token.position, "\(shown(token)) is an IPv6 address: use AAAA for it, or give A an IPv4 address")
    }
    guard isIPv6 else {
      throw Fault(token.position, "\(shown(token)) is an IPv4 address: use A for it, or give AAAA an IPv6 address")
    }
    if case .v4 = address { records.write([UInt8](repeating: 0, count: 10) + [0xff, 0xff]) }
    records.write(address.octets)
  }

  private mutating func tag(to records: inout RecordList) throws(Fault) {
    let token = try word("tag")
    guard RecordField.isTag(text[token.range]) else {
      throw Fault(
        token.position,
        "\(shown(token)) is not a tag: letters and digits like issue, issuewild or iodef (RFC 8659 §4.1)")
    }
    records.write(UInt8(token.range.count))
    records.write(text[token.range])
  }

  /// RFC 3597 §5: how many octets, then these in hexadecimal, white space anywhere between them.
  private mutating func unknownData(_ type: RecordType, _ start: Position) throws(Fault) -> [UInt8] {
    let lengthToken = try word("length of the data")
    guard let length = number(lengthToken), length <= UInt64(UInt16.max) else {
      throw Fault(
        lengthToken.position,
        "\(shown(lengthToken)) is not a length of data: \\# takes a number from 0 to 65535")
    }
    var data: [UInt8] = []
    var high: UInt8?
    while let token = take() {
      for octet in text[token.range] {
        guard !token.isQuoted, let digit = hexDigit(octet) else {
          throw Fault(token.position, "\(shown(token)) is not hexadecimal: after \\# LENGTH come pairs of 0-9 and a-f")
        }
        if let first = high {
          data.append(first << 4 | digit)
          high = nil
        } else {
          high = digit
        }
      }
    }
    guard high == nil, data.count == length else {
      let count = high == nil ? "\(data.count) octets" : "\(data.count) and a half octets"
      throw Fault(
        lengthToken.position, "\\# says \(length) octets, but \(count) follow: correct the one or the other")
    }
    guard RecordField.isValid(data, for: type) else {
      throw Fault(
        start, "these octets are not the data of a record of type \(type): write it in its own form to see why")
    }
    return data
  }
}

private func hexDigit(_ octet: UInt8) -> UInt8? {
  switch octet {
  case 0x30...0x39: octet - 0x30
  case 0x41...0x46, 0x61...0x66: lowercased(octet) - 0x61 + 10
  default: nil
  }
}

extension [UInt8] {
  /// Appends a character-string: its length and its octets, at most 255.
  mutating func appendString(_ octets: some Collection<UInt8>) {
    append(UInt8(octets.count))
    self += octets
  }
}
