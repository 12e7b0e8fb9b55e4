import Wire

/// SHA-256 (FIPS 180-4): what is stored of a token in place of the token.
public enum SHA256 {
  /// The digest of some octets; allocates nothing.
  public static func digest(_ octets: Span<UInt8>) -> SHA256Digest {
    // The first 32 bits of the fractional parts of the square roots of the first eight primes (§5.3.3).
    var state = SIMD8<UInt32>(
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)
    // A one bit and the length follow the octets, filled up to whole blocks (§5.1.1).
    let blockCount = (octets.count + 9 + 63) / 64
    for block in 0..<blockCount { compress(&state, octets, block, isLast: block == blockCount - 1) }
    return SHA256Digest(state)
  }

  /// The same for an array.
  public static func digest(_ octets: [UInt8]) -> SHA256Digest { digest(octets.span) }

  /// Takes in one block (§6.2.2).
  private static func compress(_ state: inout SIMD8<UInt32>, _ octets: Span<UInt8>, _ block: Int, isLast: Bool) {
    // The message schedule, of which only the last sixteen words are ever needed.
    var schedule = InlineArray<16, UInt32>(repeating: 0)
    for index in 0..<16 { schedule[index] = word(octets, at: 64 * block + 4 * index) }
    if isLast {
      let bits = UInt64(octets.count) * 8
      schedule[14] = UInt32(truncatingIfNeeded: bits >> 32)
      schedule[15] = UInt32(truncatingIfNeeded: bits)
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for round in 0..<64 {
      if round >= 16 {
        let (early, late) = (schedule[(round + 1) & 15], schedule[(round + 14) & 15])
        let small0 = rotated(early, 7) ^ rotated(early, 18) ^ early >> 3
        let small1 = rotated(late, 17) ^ rotated(late, 19) ^ late >> 10
        schedule[round & 15] = schedule[round & 15] &+ small0 &+ schedule[(round + 9) & 15] &+ small1
      }
      let big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
      let first = h &+ big1 &+ (e & f ^ ~e & g) &+ constants[round] &+ schedule[round & 15]
      let big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
      let second = big0 &+ (a & b ^ a & c ^ b & c)
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
    }
    state = state &+ SIMD8(a, b, c, d, e, f, g, h)
  }

  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

  /// Four octets of the filled-up message, without the length at its end.
  private static func word(_ octets: Span<UInt8>, at offset: Int) -> UInt32 {
    if offset + 4 <= octets.count { return octets.bigEndian32(at: offset) }
    var word: UInt32 = 0
    for index in offset..<(offset + 4) {
      word = word << 8 | (index < octets.count ? UInt32(octets[index]) : index == octets.count ? 0x80 : 0)
    }
    return word
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (§4.2.2).
  private static let constants: InlineArray<64, UInt32> = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}

/// What SHA-256 makes of octets: 32 octets.
public struct SHA256Digest: Hashable, Sendable {
  private let words: SIMD8<UInt32>

  init(_ words: SIMD8<UInt32>) { self.words = words }

  /// Reads 64 hexadecimal digits; nil for anything else.
  public init?(_ text: some StringProtocol) {
    guard let octets = hexadecimal(text), octets.count == 32 else { return nil }
    var words = SIMD8<UInt32>()
    for index in 0..<8 { words[index] = octets.span.bigEndian32(at: 4 * index) }
    self.words = words
  }

  /// Hashes all of it, for a file may name any digests, those with equal beginnings too.
  public func hash(into hasher: inout Hasher) {
    for index in 0..<4 { hasher.combine(UInt64(words[2 * index]) << 32 | UInt64(words[2 * index + 1])) }
  }
}

extension SHA256Digest: CustomStringConvertible {
  /// 64 hexadecimal digits in lower case, as `sha256sum` prints them.
  public var description: String {
    (0..<8).map { index in
      let digits = String(words[index], radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }
}

/// The octets that pairs of hexadecimal digits stand for; nil for anything else.
public func hexadecimal(_ text: some StringProtocol) -> [UInt8]? {
  let digits = text.utf8.compactMap { octet in
    octet < 0x80 ? Character(UnicodeScalar(octet)).hexDigitValue.map { UInt8($0) } : nil
  }
  guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// Octets as pairs of hexadecimal digits in lower case.
public func hexadecimal(_ octets: [UInt8]) -> String {
  octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
