import Wire

/// Records on their way into canonical order: by owner, type and data (RFC 4034 §6).
struct RecordOrder {
  /// A record: where its owner's key is, and which of the given ones it is.
  struct Item {
    let key: Range<Int>
    let index: Int32
  }

  private let records: [LocatedRecord]
  private(set) var items: [Item] = []
  /// The owners' keys, one after another.
  private(set) var keys: [UInt8] = []
  /// The data in lower case, of the few records where that is not the data itself.
  private var lowered: [Int32: [UInt8]] = [:]

  init(_ records: [LocatedRecord], _ indices: [Int32]) {
    self.records = records
    items.reserveCapacity(indices.count)
    var last: Name?
    var key = 0..<0
    for index in indices {
      let record = records[Int(index)].record
      // Records of one owner mostly follow one another.
      if last.map({ $0.wire == record.owner.wire }) != true {
        let start = keys.count
        record.owner.appendCanonicalKey(to: &keys)
        key = start..<keys.count
        last = record.owner
      }
      if let data = record.loweredData { lowered[index] = data }
      items.append(Item(key: key, index: index))
    }
  }

  mutating func sort() {
    var sorted = items
    items = []
    sorted.sort { isBefore($0, $1) }
    items = sorted
  }

  private func isBefore(_ a: Item, _ b: Item) -> Bool {
    if a.key != b.key {
      switch compare(keys, a.key, keys, b.key) {
      case ..<0: return true
      case 1...: return false
      default: break
      }
    }
    let (x, y) = (records[Int(a.index)].record, records[Int(b.index)].record)
    if x.type != y.type { return x.type < y.type }
    let (p, q) = (lowered[a.index] ?? x.data, lowered[b.index] ?? y.data)
    let order = compare(p, p.indices, q, q.indices)
    return order == 0 ? a.index < b.index : order < 0
  }

  /// True when two items are of one owner and type.
  func isSameSet(_ a: Int, _ b: Int) -> Bool {
    let (x, y) = (items[a], items[b])
    return records[Int(x.index)].record.type == records[Int(y.index)].record.type && keysAreEqual(keys, x.key, y.key)
  }

  /// True when the data of two items is equal.
  func isSameData(_ a: Int, _ b: Int) -> Bool {
    let (x, y) = (items[a].index, items[b].index)
    return (lowered[x] ?? records[Int(x)].record.data) == (lowered[y] ?? records[Int(y)].record.data)
  }
}

/// True when two keys are those of one name.
func keysAreEqual(_ keys: [UInt8], _ a: Range<Int>, _ b: Range<Int>) -> Bool {
  a == b || compare(keys, a, keys, b) == 0
}

/// True when a key is before another.
func precedes(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool { compare(a.span, b.span) < 0 }

/// Which of two stretches of octets is before the other: less than, equal to or more than 0.
private func compare(_ a: [UInt8], _ aRange: Range<Int>, _ b: [UInt8], _ bRange: Range<Int>) -> Int {
  compare(a.span.extracting(aRange), b.span.extracting(bRange))
}

private func compare(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Int {
  let count = min(a.count, b.count)
  var at = 0
  while at + 8 <= count {
    let (x, y) = (a.word(at: at).bigEndian, b.word(at: at).bigEndian)
    if x != y { return x < y ? -1 : 1 }
    at += 8
  }
  while at < count {
    if a[at] != b[at] { return a[at] < b[at] ? -1 : 1 }
    at += 1
  }
  return a.count - b.count
}
