import Wire

/// Finds the longest of some zones that a name is in: a hash table of zones, probed for one suffix of the name after
/// the other, from the longest that any zone has.
struct ZoneTable: Sendable {
  private let zones: [Name]
  /// Indices into `zones`, -1 where empty; a power of two, at most half full.
  private var buckets: [Int32]
  /// The number of labels of the longest zone.
  private let deepest: Int
  private let seed: UInt64

  /// - Parameter seed: what the hash is keyed with; the process's own unless a test says another.
  init(_ zones: [Name], seed: UInt64 = KeyedHash.processSeed) {
    self.zones = zones
    self.seed = seed
    deepest = zones.map(\.labelCount).max() ?? 0
    var size = 4
    while size < zones.count * 2 { size *= 2 }
    buckets = Array(repeating: -1, count: size)
    for (index, zone) in zones.enumerated() {
      var bucket = hash(zone.wire.span, from: 0) & (size - 1)
      while buckets[bucket] >= 0 { bucket = (bucket + 1) & (size - 1) }
      buckets[bucket] = Int32(truncatingIfNeeded: index)
    }
  }

  /// The index of the longest zone that holds `name`, in uncompressed wire form.
  func longestMatch(_ name: Span<UInt8>) -> Int? {
    var labels = 0
    var at = 0
    while name[at] != 0 {
      labels += 1
      at += Int(name[at]) + 1
    }
    at = 0
    while labels > deepest {
      at += Int(name[at]) + 1
      labels -= 1
    }
    while true {
      if let found = find(name, from: at) { return found }
      guard name[at] != 0 else { return nil }
      at += Int(name[at]) + 1
    }
  }

  /// The most places in a row that are taken: what a look-up of one suffix costs at most. For tests.
  var longestRun: Int {
    var (longest, run) = (0, 0)
    for index in 0..<(2 * buckets.count) {
      run = buckets[index & (buckets.count - 1)] >= 0 ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }

  private func find(_ name: Span<UInt8>, from start: Int) -> Int? {
    var bucket = hash(name, from: start) & (buckets.count - 1)
    while buckets[bucket] >= 0 {
      let index = Int(buckets[bucket])
      if equal(zones[index].wire, name, from: start) { return index }
      bucket = (bucket + 1) & (buckets.count - 1)
    }
    return nil
  }

  private func equal(_ zone: [UInt8], _ name: Span<UInt8>, from start: Int) -> Bool {
    guard zone.count == name.count - start else { return false }
    for index in zone.indices where lowercased(zone[index]) != lowercased(name[start + index]) { return false }
    return true
  }

  /// A keyed hash: a workspace's rules are written by its people, and each look-up in a run of zones that collide would
  /// go along all of them.
  private func hash(_ name: Span<UInt8>, from start: Int) -> Int {
    Int(truncatingIfNeeded: KeyedHash.of(name, from: start, seed: seed))
  }
}
