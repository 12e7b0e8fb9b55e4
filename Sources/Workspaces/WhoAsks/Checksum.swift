/// CRC-32C (RFC 3720 §12.1), which finds every change of up to three bits, and every run of up to 32 changed bits.
struct Checksum: Sendable {
  private static let table: [UInt32] = (0..<256).map { octet in
    (0..<8).reduce(UInt32(octet)) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ 0x82f6_3b78 }
  }

  /// Of a stretch of octets.
  static func of(_ octets: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt32 {
    let table = table
    var sum = UInt32.max
    for index in range { sum = sum >> 8 ^ table[Int((sum ^ UInt32(octets[index])) & 0xff)] }
    return ~sum
  }

  /// Of some octets.
  static func of(_ octets: some Sequence<UInt8>) -> UInt32 {
    let table = table
    var sum = UInt32.max
    for octet in octets { sum = sum >> 8 ^ table[Int((sum ^ UInt32(octet)) & 0xff)] }
    return ~sum
  }
}
