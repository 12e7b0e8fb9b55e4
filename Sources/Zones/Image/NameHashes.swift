import Wire

/// The labels of one name with a hash for it and for each of its ancestors: what a look-up goes by.
///
/// The hash of a name is made from its parent's hash and its own label, so one pass from the root's side gives all of
/// them, and the search for the closest encloser (RFC 4592 §3.3.1) costs one probe for each label that is missing.
/// It is a worker's scratch space: filled for each name, never allocated.
public struct NameHashes: Sendable {
  /// A name of 255 octets has at most 127 labels, and the root.
  static let capacity = 128

  /// How many labels the name has, the root's not counted.
  public private(set) var labelCount = 0
  /// How long the name is, in octets.
  public private(set) var length = 1
  private var offsets: InlineArray<128, UInt8> = .init(repeating: 0)
  private var hashes: InlineArray<128, UInt32> = .init(repeating: 0)

  /// Empty scratch space.
  public init() {}

  /// Where label `index` starts, in octets from the name's start; the root's place for `labelCount`.
  @inlinable public func offset(ofLabel index: Int) -> Int {
    index == labelCount ? length - 1 : Int(labelOffset(index))
  }

  @usableFromInline func labelOffset(_ index: Int) -> UInt8 { offsets[index] }

  /// The hash of the name without its first `index` labels.
  public func hash(fromLabel index: Int) -> UInt32 { hashes[index] }

  /// Fills the scratch space from an uncompressed name; `name` may go on after it.
  ///
  /// - Parameter seed: the image's in which the name is looked up.
  public mutating func fill(_ name: Span<UInt8>, seed: HashSeed) {
    var at = 0
    var count = 0
    while name[at] != 0 {
      // A name of 255 octets has at most 127 labels, and each of them starts before its end.
      offsets[count] = UInt8(at)
      count += 1
      at += Int(name[at]) + 1
    }
    labelCount = count
    length = at + 1
    var hash = seed.root
    hashes[count] = Self.folded(hash)
    while count > 0 {
      count -= 1
      hash = seed.hash(label: name, at: Int(offsets[count]), parent: hash, ignoringCase: true)
      hashes[count] = Self.folded(hash)
    }
  }

  /// A hash as slots have it.
  static func folded(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash ^ hash >> 32) }
}
