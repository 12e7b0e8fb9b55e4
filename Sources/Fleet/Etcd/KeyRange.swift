/// Which keys of etcd something is about: from one key up to, and without, another.
public struct KeyRange: Hashable, Sendable {
  /// The first key.
  public let start: [UInt8]
  /// The first key behind the range; nil for one key alone. A NUL stands for the end of all keys.
  public let end: [UInt8]?

  /// One key.
  public static func key(_ key: [UInt8]) -> KeyRange { KeyRange(start: key, end: nil) }

  /// All keys from one up to, and without, another.
  public static func range(_ start: [UInt8], upTo end: [UInt8]) -> KeyRange { KeyRange(start: start, end: end) }

  /// All keys that start so; every key for an empty prefix.
  public static func prefix(_ prefix: [UInt8]) -> KeyRange {
    KeyRange(start: prefix.isEmpty ? [0] : prefix, end: KeyRange.end(ofPrefix: prefix))
  }

  /// The keys of a prefix behind one of them: for the next page.
  public static func prefix(_ prefix: [UInt8], after key: [UInt8]) -> KeyRange {
    KeyRange(start: key + [0], end: KeyRange.end(ofPrefix: prefix))
  }

  /// The first key behind all that start with a prefix: the prefix with its last octet one higher. An octet that is the
  /// highest is dropped, and the one before it raised; where none can be, the range has no end.
  private static func end(ofPrefix prefix: [UInt8]) -> [UInt8] {
    var end = prefix
    while let last = end.popLast() {
      if last < 0xff { return end + [last + 1] }
    }
    return [0]
  }
}
