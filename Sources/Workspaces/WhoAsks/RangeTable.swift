/// Disjoint ranges of numbers in order, each with an entry or none.
///
/// A search goes down levels: the lowest has the ranges' starts, each one above it every sixteenth of those below. On
/// each level it looks at sixteen neighbours at once, so ten thousand ranges cost four cache lines and no branch that
/// the processor can guess wrong.
struct RangeTable<Bits: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  struct Range {
    let first: Bits
    let last: Bits
    let entry: Int32
  }

  private static var none: Int32 { -1 }
  /// How many keys are looked at at once.
  private static var width: Int { 16 }

  /// Where a level's keys are, and how many there are without what fills the last sixteen up.
  private struct Level {
    let start: Int
    let count: Int
  }

  private var owners: [Int32] = []
  /// Each level's keys, filled up with the highest number to whole sixteens.
  private var keys: [Bits] = []
  /// The level of a few keys first, that of the starts last.
  private var levels: [Level] = []

  /// Takes ranges that are nested or disjoint, as prefixes are, sorted by first and then the larger one first.
  init(_ ranges: [Range]) {
    var starts: [Bits] = []
    add(start: 0, Self.none, &starts)
    var open: [Range] = []
    for range in ranges {
      close(&open, before: range.first, &starts)
      add(start: range.first, range.entry, &starts)
      open.append(range)
    }
    close(&open, before: nil, &starts)
    layOut(starts)
  }

  /// Ends the ranges that lie wholly before a place (all of them for nil); what they were in goes on.
  private mutating func close(_ open: inout [Range], before place: Bits?, _ starts: inout [Bits]) {
    while let last = open.last, place.map({ last.last < $0 }) ?? true {
      open.removeLast()
      if last.last < Bits.max { add(start: last.last + 1, open.last?.entry ?? Self.none, &starts) }
    }
  }

  private mutating func add(start: Bits, _ entry: Int32, _ starts: inout [Bits]) {
    if starts.last == start {
      owners[owners.count - 1] = entry
    } else {
      starts.append(start)
      owners.append(entry)
    }
  }

  private mutating func layOut(_ starts: [Bits]) {
    var level = starts
    while true {
      levels.insert(Level(start: keys.count, count: level.count), at: 0)
      keys += level
      while keys.count % Self.width != 0 { keys.append(.max) }
      guard level.count > Self.width else { return }
      level = stride(from: 0, to: level.count, by: Self.width).map { level[$0] }
    }
  }

  /// The entry of the range that holds `bits`; nil when none does.
  func find(_ bits: Bits) -> Int? {
    var index = 0
    let keys = keys.span
    for number in levels.indices {
      let level = levels[number]
      let block = keys.extracting((level.start + index * Self.width)..<(level.start + (index + 1) * Self.width))
      var below = 0
      for neighbour in 0..<Self.width { below &+= block[neighbour] <= bits ? 1 : 0 }
      // What fills a level up counts for the highest number alone, which is in the last range.
      index = min(index * Self.width + below, level.count) - 1
    }
    let owner = owners[index]
    return owner == Self.none ? nil : Int(owner)
  }
}
