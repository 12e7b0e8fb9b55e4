/// What makes the hashes of names unpredictable to those who choose the names.
///
/// One for each process, of random numbers from the kernel: whoever knows it can make names that all have one hash.
/// Tests use fixed ones.
public struct HashSeed: Hashable, BitwiseCopyable, Sendable {
  /// The hash of the root.
  let start: UInt64
  /// What every word is multiplied by: odd, so that no bit of a word is lost.
  let factor: UInt64

  /// Takes two random numbers.
  public init(_ first: UInt64, _ second: UInt64) {
    start = Self.spread(first)
    factor = Self.spread(~second) | 1
  }

  /// A number of which every bit depends on every bit of another, so that tests may count 1, 2, 3.
  private static func spread(_ number: UInt64) -> UInt64 {
    var number = number &+ 0x9e37_79b9_7f4a_7c15
    number = (number ^ number >> 30) &* 0xbf58_476d_1ce4_e5b9
    number = (number ^ number >> 27) &* 0x94d0_49bb_1331_11eb
    return number ^ number >> 31
  }

  /// A seed that everybody knows: for names that no stranger chose, and where a look-up is bounded without the secret.
  public static var known: HashSeed { HashSeed(0, 0) }

  /// Another seed that follows from this one, for who found this one not to his liking.
  public var next: HashSeed { HashSeed(start, factor) }

  /// The hash of the root, from which the hashes of all names go out.
  @inline(__always) public var root: UInt64 { start }

  /// The hash of what has `word` added to what has `hash`.
  ///
  /// Both halves of the product count. With the lower half alone two differences of words would cancel each other
  /// whatever the seed is; so the secret stands on both sides of the multiplication.
  @inline(__always)
  public func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word).multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }

  /// The hash of a label, its length octet among it, below what has the hash `parent`.
  ///
  /// - Parameters:
  ///   - start: where in `name` the label stands; it must end inside.
  ///   - ignoringCase: ASCII letters count as lower case (RFC 4343).
  @inline(__always)
  public func hash(label name: Span<UInt8>, at start: Int, parent: UInt64, ignoringCase: Bool) -> UInt64 {
    var hash = parent
    var at = start
    let end = start + Int(name[start]) + 1
    while at < end {
      let word = name.word(at: at, end: end)
      hash = mixed(hash, ignoringCase ? lowercased(word) : word)
      at += 8
    }
    return hash
  }
}

extension Span where Element == UInt8 {
  /// Up to eight octets from `at`, the first the lowest, those from `end` on as zero.
  @inline(__always)
  fileprivate func word(at: Int, end: Int) -> UInt64 {
    let wanted = end - at
    guard at + 8 <= count else {
      var word: UInt64 = 0
      for index in 0..<min(wanted, 8) { word |= UInt64(self[at + index]) << UInt64(8 * index) }
      return word
    }
    let word = UInt64(littleEndian: word(at: at))
    return wanted >= 8 ? word : word & ~(~0 << UInt64(8 * wanted))
  }
}
