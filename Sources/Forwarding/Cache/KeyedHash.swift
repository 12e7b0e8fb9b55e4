import Wire

/// A hash of names that outsiders choose: keyed, so that nobody can choose names that collide.
///
/// Multiplications of eight octets at a time, folded. In any case of the letters the hash is the same.
enum KeyedHash {
  /// A number from the kernel, another in each process.
  static let processSeed = UInt64.random(in: 0...(.max))

  /// The hash of a name in wire form from one of its labels on.
  ///
  /// - Parameter start: what else is part of the key.
  @inline(__always)
  static func of(_ name: Span<UInt8>, from offset: Int, seed: UInt64, start: UInt64 = 0) -> UInt64 {
    var hash = fold(seed ^ start, 0x9e37_79b9_7f4a_7c15)
    var at = offset
    while at + 8 <= name.count {
      hash = fold(hash ^ lowercased(name.word(at: at)), 0xa076_1d64_78bd_642f ^ seed)
      at += 8
    }
    var rest = UInt64(name.count - offset)
    while at < name.count {
      rest = rest << 8 | UInt64(lowercased(name[at]))
      at += 1
    }
    return fold(hash ^ rest, 0xe703_7ed1_a0b4_28db)
  }

  @inline(__always)
  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b | 1)
    return product.high ^ product.low
  }
}
