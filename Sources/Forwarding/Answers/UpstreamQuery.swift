import Wire

/// A query as it was sent, which a response must match exactly.
struct UpstreamQuery {
  let id: UInt16
  /// In wire form, with the case that was sent.
  let name: [UInt8]
  let type: RecordType
  let dnssecOK: Bool
  let checkingDisabled: Bool
  /// False for an upstream that does not know EDNS.
  let hasEDNS: Bool
  /// The client's cookie, and the server's after it when one is known (RFC 7873 §4); nil when none is sent.
  let cookie: [UInt8]?

  static let cookieOption: UInt16 = 10
  static let clientCookieLength = 8

  /// The message. Nothing of a client's EDNS goes on to an upstream but DO: the OPT is built anew.
  ///
  /// AD asks to be told whether the upstream validated (RFC 6840 §5.7).
  var message: [UInt8] {
    var flags: Flags = [.recursionDesired, .authenticData]
    if checkingDisabled { flags.insert(.checkingDisabled) }
    var octets: [UInt8] = []
    octets.reserveCapacity(Header.length + name.count + 4 + 11 + 44)
    octets.append(bigEndian: id)
    octets.append(bigEndian: flags.rawValue)
    octets += [0, 1, 0, 0, 0, 0, 0, hasEDNS ? 1 : 0]
    octets += name
    octets.append(bigEndian: type.rawValue)
    octets.append(bigEndian: RecordClass.internet.rawValue)
    if hasEDNS { appendOPT(to: &octets) }
    return octets
  }

  private func appendOPT(to octets: inout [UInt8]) {
    octets.append(0)
    octets.append(bigEndian: RecordType.opt.rawValue)
    octets.append(bigEndian: EDNS.serverPayloadSize)
    octets += [0, 0, dnssecOK ? 0x80 : 0, 0]
    guard let cookie else {
      octets += [0, 0]
      return
    }
    octets.append(bigEndian: UInt16(truncatingIfNeeded: cookie.count + 4))
    octets.append(bigEndian: Self.cookieOption)
    octets.append(bigEndian: UInt16(truncatingIfNeeded: cookie.count))
    octets += cookie
  }
}

extension [UInt8] {
  mutating func append(bigEndian value: UInt16) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  mutating func append(bigEndian value: UInt32) {
    append(bigEndian: UInt16(truncatingIfNeeded: value >> 16))
    append(bigEndian: UInt16(truncatingIfNeeded: value))
  }
}
