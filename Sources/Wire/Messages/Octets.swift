// The few places where the wire format touches memory by hand: bulk copies and wide loads, each bounds-checked first.

extension Span where Element == UInt8 {
  /// The 16-bit number in network order at `offset`; traps when it is not wholly inside.
  @inlinable public func bigEndian16(at offset: Int) -> UInt16 {
    UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
  }

  /// The 32-bit number in network order at `offset`; traps when it is not wholly inside.
  @inlinable public func bigEndian32(at offset: Int) -> UInt32 {
    UInt32(bigEndian16(at: offset)) << 16 | UInt32(bigEndian16(at: offset + 2))
  }

  /// Eight octets at `offset` in the machine's own order; traps when they are not wholly inside.
  @inlinable public func word(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset &+ 8 <= count)
    // unsafe: an unaligned load inside the bounds that the line above checked.
    return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// A plain value at `offset`, as `set(plain:at:)` wrote it; traps when it is not wholly inside.
  ///
  /// For types that any octets make a value of: numbers, and structs of them.
  @inlinable public func plain<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value {
    precondition(offset >= 0 && offset &+ MemoryLayout<Value>.size <= count)
    // unsafe: an unaligned load inside the bounds that the line above checked.
    return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type)
  }

  /// A copy as an array.
  public var array: [UInt8] {
    unsafe withUnsafeBufferPointer { unsafe Array($0) }  // unsafe: the pointer does not outlive the copy.
  }
}

extension MutableSpan where Element == UInt8 {
  /// Copies `source` to `offset`; traps when it does not fit.
  @_lifetime(self: copy self)
  @inlinable public mutating func copy(_ source: Span<UInt8>, to offset: Int) {
    precondition(offset >= 0 && source.count <= count - offset)
    // unsafe: both pointers stay inside their spans, as the line above checked, and spans of this kind never overlap.
    unsafe withUnsafeMutableBufferPointer { to in
      unsafe source.withUnsafeBufferPointer { from in
        guard let to = to.baseAddress, let from = from.baseAddress else { return }
        unsafe (to + offset).update(from: from, count: from.distance(to: from + source.count))
      }
    }
  }

  /// Copies octets of its own to `offset`; traps when either place is not wholly inside.
  @_lifetime(self: copy self)
  @inlinable public mutating func copy(_ range: Range<Int>, to offset: Int) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count && offset >= 0 && range.count <= count - offset)
    // unsafe: both places are inside, as the line above checked; they may overlap.
    unsafe withUnsafeMutableBytes { octets in
      guard let base = octets.baseAddress else { return }
      unsafe (base + offset).copyMemory(from: base + range.lowerBound, byteCount: range.count)
    }
  }

  /// Writes a plain value without padding at `offset`, in the machine's own order; traps when it does not fit.
  @_lifetime(self: copy self)
  @inlinable public mutating func set<Value: BitwiseCopyable>(plain value: Value, at offset: Int) {
    precondition(offset >= 0 && offset &+ MemoryLayout<Value>.size <= count)
    // unsafe: an unaligned store inside the bounds that the line above checked.
    unsafe withUnsafeMutableBytes { unsafe $0.storeBytes(of: value, toByteOffset: offset, as: Value.self) }
  }

  /// Writes a 16-bit number in network order at `offset`; traps when it does not fit.
  @_lifetime(self: copy self)
  @inlinable public mutating func setBigEndian16(_ value: UInt16, at offset: Int) {
    self[offset] = UInt8(truncatingIfNeeded: value >> 8)
    self[offset + 1] = UInt8(truncatingIfNeeded: value)
  }

  /// Writes a 32-bit number in network order at `offset`; traps when it does not fit.
  @_lifetime(self: copy self)
  @inlinable public mutating func setBigEndian32(_ value: UInt32, at offset: Int) {
    setBigEndian16(UInt16(truncatingIfNeeded: value >> 16), at: offset)
    setBigEndian16(UInt16(truncatingIfNeeded: value), at: offset + 2)
  }
}

/// The lower-case form of an ASCII letter; every other octet as it is (RFC 4343 §3).
@inlinable public func lowercased(_ octet: UInt8) -> UInt8 {
  octet &- 0x41 < 26 ? octet | 0x20 : octet
}

/// Eight octets at once, each as `lowercased(_:)` makes it.
@inlinable public func lowercased(_ word: UInt64) -> UInt64 {
  let ascii: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
  let low = word & ascii
  // In each octet the high bit says: at least 'A' (first sum), more than 'Z' (second), and not above 127.
  let atLeastA = low &+ 0x3f3f_3f3f_3f3f_3f3f
  let aboveZ = low &+ 0x2525_2525_2525_2525
  let upper = atLeastA & ~aboveZ & ~word & ~ascii
  return word | upper >> 2
}
