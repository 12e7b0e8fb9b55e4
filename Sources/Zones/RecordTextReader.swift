import Text
import Wire

extension TokenCursor {
  /// Takes the rest of the entry as the data of a record of `type`: presentation form, or RFC 3597's for any type.
  mutating func recordData(_ type: RecordType, origin: Name) throws(Fault) -> [UInt8] {
    let start = position
    let data: [UInt8]
    if let token = peek, !token.isQuoted, token.octets.elementsEqual("\\#".utf8) {
      _ = take()
      data = try unknownData(type, start)
    } else {
      data = try knownData(type, origin)
    }
    try finish()
    guard data.count <= Int(UInt16.max) else {
      throw Fault(start, "\(data.count) octets of data: a record holds at most \(UInt16.max)")
    }
    return data
  }

  private mutating func knownData(_ type: RecordType, _ origin: Name) throws(Fault) -> [UInt8] {
    guard let fields = RecordField.fields(of: type) else {
      throw Fault(position, "data of type \(type) must be written as \\# LENGTH HEX (RFC 3597 §5)")
    }
    var data: [UInt8] = []
    for field in fields {
      switch field {
      case .ipv4, .ipv6: data += try address(type)
      case .name(let what): data += try name(what, origin: origin).wire
      case .number(let octets, let what): try number(octets, what, to: &data)
      case .seconds(let what): try seconds(what, to: &data)
      case .string(let what): data.appendString(try string(what, atMost: 255))
      case .strings:
        repeat { data.appendString(try string("text", atMost: 255)) } while peek != nil
      case .tag: data.appendString(try tag())
      case .value: data += try string("value", atMost: Int(UInt16.max))
      }
    }
    return data
  }

  private mutating func address(_ type: RecordType) throws(Fault) -> [UInt8] {
    let (text, position) = try word("address")
    guard let address = IPAddress(text) else {
      let example = type == .a ? "IPv4 address like 192.0.2.1" : "IPv6 address like 2001:db8::1"
      throw Fault(position, "\(shown(text)) is not an \(example), which \(type) takes")
    }
    // An IPv4 address written as IPv6 is one for AAAA, though `IPAddress` takes it for the IPv4 address it is.
    let isIPv6 = text.utf8.contains(UInt8(ascii: ":"))
    switch (type, isIPv6) {
    case (.a, true):
      throw Fault(position, "\(shown(text)) is an IPv6 address: use AAAA for it, or give A an IPv4 address")
    case (.a, false): return address.octets
    case (_, false):
      throw Fault(position, "\(shown(text)) is an IPv4 address: use A for it, or give AAAA an IPv6 address")
    case (_, true):
      guard case .v4 = address else { return address.octets }
      return [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + address.octets
    }
  }

  private mutating func tag() throws(Fault) -> [UInt8] {
    let (text, position) = try word("tag")
    let tag = Array(text.utf8)
    guard RecordField.isTag(tag) else {
      throw Fault(
        position, "\(shown(text)) is not a tag: letters and digits like issue, issuewild or iodef (RFC 8659 §4.1)")
    }
    return tag
  }

  /// RFC 3597 §5: how many octets, then these in hexadecimal, white space anywhere between them.
  private mutating func unknownData(_ type: RecordType, _ start: Position) throws(Fault) -> [UInt8] {
    let (lengthText, lengthPosition) = try word("length of the data")
    guard let length = decimal(lengthText, Int.self), length <= Int(UInt16.max) else {
      throw Fault(lengthPosition, "\(shown(lengthText)) is not a length of data: \\# takes a number from 0 to 65535")
    }
    var data: [UInt8] = []
    var high: UInt8?
    while let token = take() {
      for octet in token.octets {
        guard !token.isQuoted, let digit = hexDigit(octet) else {
          throw Fault(token.position, "\(token.shown) is not hexadecimal: after \\# LENGTH come pairs of 0-9 and a-f")
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
      throw Fault(lengthPosition, "\\# says \(length) octets, but \(count) follow: correct the one or the other")
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
