/// Where images are, one a workspace, in an array that a worker reads without counting references.
///
/// A changed copy shares the images that did not change.
@safe public final class ZoneImageDirectory: Sendable {
  private let images: SlotTable<ZoneImage>
  /// One more than the highest slot.
  public let count: Int
  // unsafe: as in ZoneImage; the images above keep what the places lead to.
  private nonisolated(unsafe) let entries: UnsafeMutableBufferPointer<Entry>

  @unsafe private struct Entry: BitwiseCopyable {
    let place: ZoneImagePlace
    let generation: UInt64
  }

  /// What a changed copy has at a slot.
  public struct Change {
    let slot: Int
    let image: ZoneImage?
    let generation: UInt64

    /// Takes the parts.
    ///
    /// - Parameters:
    ///   - image: nil for a slot that nobody has any more.
    ///   - generation: a number that no other state of any slot has.
    public init(slot: Int, image: ZoneImage?, generation: UInt64) {
      self.slot = slot
      self.image = image
      self.generation = generation
    }
  }

  /// Starts without images.
  public convenience init() { self.init(SlotTable(), count: 0, after: nil) }

  /// - Parameter before: what the first slots are copied from; has no more slots.
  private init(_ images: SlotTable<ZoneImage>, count: Int, after before: ZoneImageDirectory?) {
    self.images = images
    self.count = count
    unsafe entries = .allocate(capacity: count)
    var start = 0
    // unsafe: fills the slots that were allocated, first those of the one before, then the rest.
    if let before { start = unsafe entries.initialize(fromContentsOf: before.entries) }
    unsafe entries[start...].initialize(repeating: Entry(place: ZoneImage.empty.place, generation: 0))
  }

  deinit { unsafe entries.deallocate() }  // unsafe: frees what `init` allocated.

  /// A directory with other images in some slots.
  public func changed(_ changes: [Change]) -> ZoneImageDirectory {
    var images = images
    for change in changes { images[change.slot] = change.image }
    let next = ZoneImageDirectory(
      images, count: max(count, (changes.map(\.slot).max() ?? -1) + 1), after: self)
    for change in changes {
      // unsafe: the next one has each slot that changes.
      unsafe next.entries[change.slot] = Entry(
        place: (change.image ?? .empty).place, generation: change.generation)
    }
    return next
  }

  /// The image at a slot; one without zones where nobody has it.
  @_lifetime(borrow self)
  public func view(at slot: Int) -> ZoneImageView {
    precondition(slot >= 0 && slot < count)
    // unsafe: the index was checked; the images live as long as this, and the empty one for ever.
    let view = unsafe ZoneImageView(entries[slot].place)
    return unsafe _overrideLifetime(view, borrowing: self)
  }

  /// A number that moves with every change of the workspace at a slot, and that no other state of any workspace has.
  public func generation(at slot: Int) -> UInt64 {
    precondition(slot >= 0 && slot < count)
    return unsafe entries[slot].generation  // unsafe: the index was checked.
  }
}
