/// Memory for the names of one message at a time, allocated once for each worker.
@safe public final class CompressionMemory {
  // unsafe: memory that this object alone allocates and frees.
  private let slots: UnsafeMutablePointer<UInt64>
  private let seed: HashSeed

  /// Allocates the memory.
  public init(seed: HashSeed) {
    self.seed = seed
    unsafe slots = .allocate(capacity: CompressionTable.slotCount)
    unsafe slots.initialize(repeating: 0, count: CompressionTable.slotCount)
  }

  deinit { unsafe slots.deallocate() }  // unsafe: frees what `init` allocated.

  /// A table for one message. What an earlier one holds is lost: one message at a time.
  @_lifetime(borrow self)
  public func table() -> CompressionTable {
    // unsafe: exactly what was allocated, for as long as this object is borrowed.
    let span = unsafe MutableSpan(_unsafeStart: slots, count: CompressionTable.slotCount)
    let table = CompressionTable(span, seed: seed)
    return unsafe _overrideLifetime(table, borrowing: self)
  }
}

/// Where names stand in a message that is being written, to be pointed at (RFC 1035 §4.1.4).
///
/// The names are a tree of labels below the root: a node is a label below another node, and stands in the message where
/// that label and all that follow it do. To find or to add one takes its hash, which is made of its parent's, and a look
/// at the eight places of one cache line; so a name costs one step a label, whatever else is in the message and whoever
/// chose it. What finds no place is not kept, and is written out the next time.
///
/// Upper and lower case are told apart: a pointer must not change the case that an upstream or a zone gave.
public struct CompressionTable: ~Copyable, ~Escapable {
  /// A node: the message's number, 16 bits of the label's hash, the parent's slot, and where the label stands.
  private var slots: MutableSpan<UInt64>
  let seed: HashSeed
  /// Tells this message's nodes from those of earlier ones, so that nothing has to be emptied.
  private var message: UInt64

  /// How many places one node may have: a cache line.
  static var places: Int { 8 }
  private static var lineCount: Int { 128 }
  /// The first line holds the number of the last message.
  static var slotCount: Int { (lineCount + 1) * places }
  /// Where the root is: in no slot of a node.
  static var root: Int { 0 }

  @_lifetime(copy slots)
  init(_ slots: consuming MutableSpan<UInt64>, seed: HashSeed) {
    self.slots = slots
    self.seed = seed
    message = 0
    forget()
  }

  /// Starts another message.
  @_lifetime(self: copy self)
  mutating func forget() {
    message = slots[0] + 1
    if message > 0xffff {
      // The numbers begin again, so nothing may be left of the last ones.
      for index in 1..<Self.slotCount { slots[index] = 0 }
      message = 1
    }
    slots[0] = message
  }

  /// The node of a label below another.
  ///
  /// - Parameters:
  ///   - hash: the label's, made of the parent's.
  ///   - at: where the label stands in `name`.
  ///   - written: the message, in which the nodes stand.
  @inline(__always)
  func child(of parent: Int, _ hash: UInt64, _ name: Span<UInt8>, at: Int, in written: Span<UInt8>) -> Int? {
    let first = Self.firstPlace(hash)
    let wanted = entry(parent, hash)
    for index in first..<(first + Self.places) {
      let slot = slots[index]
      if slot >> 48 != message { return nil }
      if slot & ~0xffff == wanted, Self.isLabel(name, at, written, Int(slot & 0xffff)) { return index }
    }
    return nil
  }

  /// Keeps where a label below another stands; nil when its places are taken, or no pointer can reach it.
  @_lifetime(self: copy self)
  @inline(__always)
  mutating func add(below parent: Int, _ hash: UInt64, at offset: Int) -> Int? {
    guard offset < 0x4000 else { return nil }
    let first = Self.firstPlace(hash)
    for index in first..<(first + Self.places) where slots[index] >> 48 != message {
      slots[index] = entry(parent, hash) | UInt64(offset)
      return index
    }
    return nil
  }

  /// Where a node stands in the message.
  func offset(of node: Int) -> Int { Int(slots[node] & 0xffff) }

  private static func firstPlace(_ hash: UInt64) -> Int { (1 + Int(hash & UInt64(lineCount - 1))) * places }

  private func entry(_ parent: Int, _ hash: UInt64) -> UInt64 {
    message << 48 | (hash >> 48) << 32 | UInt64(parent) << 16
  }

  private static func isLabel(_ name: Span<UInt8>, _ at: Int, _ message: Span<UInt8>, _ offset: Int) -> Bool {
    let length = Int(name[at])
    guard Int(message[offset]) == length else { return false }
    for index in 1...length where message[offset + index] != name[at + index] { return false }
    return true
  }
}
