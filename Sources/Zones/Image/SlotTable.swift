/// Values by number, of which a changed copy shares all but a few: what thousands of workspaces are kept in while one of
/// them changes.
///
/// A copy costs a count for each chunk, a change the copy of one chunk. A number without a value is allowed.
public struct SlotTable<Value: Sendable>: Sendable {
  /// How many values are copied where one changes.
  private static var chunkSize: Int { 128 }

  private var chunks: [[Value?]] = []

  /// Starts without values.
  public init() {}

  /// One more than the highest number that may have a value.
  public var capacity: Int { chunks.count * Self.chunkSize }

  /// The value of a number; nil where there is none.
  ///
  /// - Complexity: setting one that is above all others makes room up to it.
  public subscript(slot: Int) -> Value? {
    get { slot < capacity ? chunks[slot / Self.chunkSize][slot % Self.chunkSize] : nil }
    set {
      while slot >= capacity { chunks.append(Array(repeating: nil, count: Self.chunkSize)) }
      chunks[slot / Self.chunkSize][slot % Self.chunkSize] = newValue
    }
  }

  /// Every value, by number.
  public var all: some Sequence<Value> { chunks.lazy.joined().compactMap { $0 } }
}
