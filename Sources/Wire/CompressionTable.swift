/// Where names stand in a message that is being written, to be pointed at. It holds a bounded number of places.
struct CompressionTable {
  // A SIMD vector for its fixed size alone: Swift 6.3.1 cannot compile an InlineArray inside a non-escapable type.
  private var offsets = SIMD32<UInt16>()
  private var used = 0

  var isEmpty: Bool { used == 0 }

  /// Keeps the place of a name, if a pointer can reach it and there is room.
  mutating func remember(_ offset: Int) {
    guard used < offsets.scalarCount, offset < 0x4000 else { return }
    offsets[used] = UInt16(truncatingIfNeeded: offset)
    used += 1
  }

  /// Finds the longest end of `name` that stands in the message.
  ///
  /// - Returns: how many octets of the name stand before that end, and where it stands; the whole without its final
  ///   zero, and nil, when there is none.
  func match(_ name: Span<UInt8>, in message: Span<UInt8>, writtenTo end: Int) -> (kept: Int, pointer: Int?) {
    var start = 0
    while name[start] != 0 {
      for index in 0..<used {
        if let place = Self.find(name, from: start, at: Int(offsets[index]), in: message, end: end) {
          return (start, place)
        }
      }
      start += Int(name[start]) + 1
    }
    return (start, nil)
  }

  /// Where, in the name that is written at `offset`, the end of `wire` from `start` stands; nil when it does not.
  private static func find(
    _ wire: Span<UInt8>, from start: Int, at offset: Int, in message: Span<UInt8>, end: Int
  ) -> Int? {
    var at = offset
    // Each step goes forward inside a name or strictly backwards over a pointer; 255 octets bound both.
    for _ in 0..<Name.maximumLength {
      guard at < end else { return nil }
      if message[at] >= 0xc0 { at = Int(message.bigEndian16(at: at) & 0x3fff) }
      if message[at] == 0 { return nil }
      if equal(wire, from: start, message, at: at) { return at }
      at += Int(message[at]) + 1
    }
    return nil
  }

  private static func equal(_ wire: Span<UInt8>, from start: Int, _ message: Span<UInt8>, at offset: Int) -> Bool {
    var at = offset
    var index = start
    while true {
      if message[at] >= 0xc0 { at = Int(message.bigEndian16(at: at) & 0x3fff) }
      let length = Int(wire[index])
      guard Int(message[at]) == length else { return false }
      if length == 0 { return true }
      // The case must be equal too: a pointer must not change the case that an upstream or a zone gave.
      for step in 1...length where message[at + step] != wire[index + step] { return false }
      at += length + 1
      index += length + 1
    }
  }
}
