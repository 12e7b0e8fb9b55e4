import Wire

/// Octets that are taken out in the order in which they were put in. Both cost what they move, however much is there.
struct OctetQueue {
  private var octets: [UInt8] = []
  /// How many of them were taken out already.
  private var start = 0

  /// The most octets of room that an empty queue keeps for the next ones.
  private static let keptCapacity = 16 << 10

  var count: Int { octets.count - start }
  var isEmpty: Bool { count == 0 }
  /// What is there, the oldest first.
  var waiting: ArraySlice<UInt8> { octets[start...] }

  mutating func append(_ more: some Collection<UInt8>) { octets.append(contentsOf: more) }

  /// Puts a message behind its length (RFC 1035 §4.2.2). It is one of `MessageWriter`, so its length fits 16 bits.
  mutating func append(message: Span<UInt8>) {
    octets.append(UInt8(truncatingIfNeeded: message.count >> 8))
    octets.append(UInt8(truncatingIfNeeded: message.count))
    // unsafe: the pointer does not outlive the copy.
    unsafe message.withUnsafeBufferPointer { unsafe octets.append(contentsOf: $0) }
  }

  /// Takes out the first ones; more than there are takes all.
  mutating func removeFirst(_ count: Int) {
    start += min(max(0, count), self.count)
    if start == octets.count {
      if octets.capacity > Self.keptCapacity { octets = [] } else { octets.removeAll(keepingCapacity: true) }
      start = 0
    } else if start >= octets.count - start {
      // Moves no more octets than were taken out since this was last done.
      octets.removeFirst(start)
      start = 0
    }
  }

  /// Where the first whole message is, counted from the first octet that waits and after `offset` of them; nil when
  /// none has come whole.
  func nextMessage(after offset: Int) -> Range<Int>? {
    guard count - offset >= 2 else { return nil }
    let length = Int(octets[start + offset]) << 8 | Int(octets[start + offset + 1])
    guard count - offset - 2 >= length else { return nil }
    return (offset + 2)..<(offset + 2 + length)
  }
}
