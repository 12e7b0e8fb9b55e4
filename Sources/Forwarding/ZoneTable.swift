import Wire

/// Finds the longest of some zones that a name is in: a hash table of zones, probed for one suffix of the name after
/// the other, from the longest that any zone has.
struct ZoneTable: Sendable {
  private let zones: [Name]
  /// Indices into `zones`, -1 where empty; a power of two, at most half full.
  private var buckets: [Int32]
  /// The number of labels of the longest zone.
  private let deepest: Int

  init(_ zones: [Name]) {
    self.zones = zones
    deepest = zones.map(\.labelCount).max() ?? 0
    var size = 4
    while size < zones.count * 2 { size *= 2 }
    buckets = Array(repeating: -1, count: size)
    for (index, zone) in zones.enumerated() {
      var bucket = Self.hash(zone.wire.span, from: 0) & (size - 1)
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

  private func find(_ name: Span<UInt8>, from start: Int) -> Int? {
    var bucket = Self.hash(name, from: start) & (buckets.count - 1)
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

  /// By Swift's own hasher, which has a random key in each process: a workspace's admin chooses zones, and could choose
  /// some that collide.
  private static func hash(_ name: Span<UInt8>, from start: Int) -> Int {
    var hasher = Hasher()
    var at = start
    while at + 8 <= name.count {
      hasher.combine(lowercased(UInt64(littleEndian: name.word(at: at))))
      at += 8
    }
    // What is left of the name; zones of other lengths differ in the root's zero octet.
    var rest: UInt64 = 0
    while at < name.count {
      rest = rest << 8 | UInt64(lowercased(name[at]))
      at += 1
    }
    hasher.combine(rest)
    return hasher.finalize()
  }
}
