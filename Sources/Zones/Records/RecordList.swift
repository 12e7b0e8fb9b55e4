import Bounds
import Text
import Wire

/// The records of one zone's text, a few octets each: owners by number, and a name in the data that ends with an origin
/// has that origin's place where its own labels end.
struct RecordList {
  /// What stands in a record, but for its data.
  struct Entry {
    let owner: NameTree.Index
    let ttlSeconds: UInt32
    /// Where its data starts in `data`, and how many octets it has there.
    fileprivate let start: UInt32
    fileprivate let keptLength: UInt16
    /// How many octets of data it has with its names whole.
    let length: UInt16
    /// 0 for a record from no file.
    fileprivate let line: UInt32
    fileprivate let column: UInt32
    let type: RecordType

    /// Where its entry starts; nil when it came from no file.
    var position: Position? { line == 0 ? nil : Position(line: Int(line), column: Int(column)) }
    /// How long it is as it goes into a message, its owner as a pointer.
    var messageLength: Int { Zones.RecordSet.dataOffset + Int(length) }
  }

  /// What names are relative to.
  struct Origin {
    let name: NameTree.Index
    /// Where it stands in `tails`, once a name in data has needed it.
    fileprivate var tail: UInt32?

    init(_ name: NameTree.Index) { self.name = name }
  }

  var names: NameTree
  private(set) var entries: [Entry] = []
  /// How many octets the records take as they go into messages: the names in their data whole, their owners as pointers.
  private(set) var octets = 0
  /// Those that no file can hold, by their places: for who puts records together without a text.
  private(set) var unfit: Set<Int> = []
  private var data: [UInt8] = []
  /// Origins that names in the data end with: each its number, and its wire form.
  private var tails: [UInt8] = []
  /// What stands in the place of the rest of a name, before the tail's place: no label is so long.
  private static let mark: UInt8 = 0xff
  private static let markedLength = 1 + MemoryLayout<UInt32>.size

  init(expecting count: Int = 0) {
    names = NameTree(expecting: count)
    entries.reserveCapacity(count)
  }

  /// Takes records, as many as a file may hold and one more, so that who checks them sees that there are too many.
  init(_ records: [ResourceRecord]) {
    self.init(expecting: min(records.count, Limits.Zones.records))
    for record in records where count <= Limits.Zones.records && octets <= Limits.Zones.octetsOfImage {
      append(record)
    }
  }

  /// How many there are.
  var count: Int { entries.count }

  private mutating func append(_ record: ResourceRecord) {
    let owner = names.insert(record.owner.wire.span, below: NameTree.root)
    let isFit = RecordField.isValid(record.data, for: record.type) && !record.type.isMeta && !record.type.isReserved
    if !isFit { unfit.insert(entries.count) }
    let writing = startData()
    if isFit { data += record.data }
    append(owner, record.type, ttlSeconds: record.ttlSeconds, writing, at: nil)
  }

  /// Gives back memory that was taken for more than there is.
  mutating func trim() {
    names.trim()
    entries.trim()
    data.trim()
  }

  // MARK: Writing

  /// Data that is being appended.
  struct Writing {
    fileprivate let start: Int
    /// How many octets its tails have beyond what is kept of them.
    fileprivate var more = 0
  }

  func startData() -> Writing { Writing(start: data.count) }

  /// How many octets are written, names whole.
  func length(of writing: Writing) -> Int { data.count - writing.start + writing.more }

  /// Takes back what was written.
  mutating func cancel(_ writing: Writing) { data.removeSubrange(writing.start...) }

  mutating func write(_ octet: UInt8) { data.append(octet) }

  /// Appends the low `octets` octets of a number in network order.
  mutating func write(_ number: UInt64, octets: Int) { data.appendBigEndian(number, octets: octets) }

  mutating func write(_ octets: some Sequence<UInt8>) { data += octets }

  /// Sets the length octet at the start of what was appended since there were `start` octets.
  mutating func endString(from start: Int) { data[start] = UInt8(data.count - start - 1) }

  /// How many octets of data are kept of all records.
  var dataCount: Int { data.count }

  /// How many octets are kept of all data and names.
  var keptOctets: Int { data.count + tails.count + names.labelOctets }

  /// Appends a name, which must fit below the origin.
  mutating func write(_ name: borrowing WrittenName, below origin: inout Origin, _ writing: inout Writing) {
    for index in 0..<name.length { data.append(name.wire[index]) }
    let length = names.length(of: origin.name)
    if name.isAbsolute || length == 1 {
      data.append(0)
    } else if length <= Self.markedLength {
      names.append(origin.name, to: &data)
    } else {
      let tail = origin.tail ?? UInt32(tails.count)
      if origin.tail == nil {
        tails.appendBigEndian(UInt64(origin.name), octets: 4)
        names.append(origin.name, to: &tails)
        origin.tail = tail
      }
      data.append(Self.mark)
      data.appendBigEndian(UInt64(tail), octets: 4)
      writing.more += length - Self.markedLength
    }
  }

  /// Appends a record with the data that was written.
  ///
  /// What a file holds, and all that is made of it, has fewer octets than 32 bits count: `MasterFileParser` sees to it.
  mutating func append(
    _ owner: NameTree.Index, _ type: RecordType, ttlSeconds: UInt32, _ writing: Writing, at position: Position?
  ) {
    let entry = Entry(
      owner: owner, ttlSeconds: ttlSeconds, start: UInt32(writing.start),
      keptLength: UInt16(data.count - writing.start),
      length: UInt16(length(of: writing)), line: UInt32(position?.line ?? 0), column: UInt32(position?.column ?? 0),
      type: type)
    entries.append(entry)
    octets += entry.messageLength
  }

  mutating func removeLast() { entries.removeLast() }

  // MARK: Reading

  /// The record of a place, whole.
  subscript(index: Int) -> LocatedRecord {
    let entry = entries[index]
    return LocatedRecord(
      record: ResourceRecord(
        owner: names[entry.owner], type: entry.type, ttlSeconds: entry.ttlSeconds, data: data(of: entry)),
      position: entry.position)
  }

  /// A record's data, its names whole.
  func data(of entry: Entry) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(Int(entry.length))
    forEachPiece(of: entry) { piece in
      for index in piece.indices { result.append(piece[index]) }
    }
    return result
  }

  private func kept(_ entry: Entry) -> Range<Int> { Int(entry.start)..<(Int(entry.start) + Int(entry.keptLength)) }

  /// A tail's wire form.
  @_lifetime(borrow self)
  private func tail(at place: Int) -> Span<UInt8> {
    let start = Int(data.span.bigEndian32(at: place + 1))
    let name = tails.span.bigEndian32(at: start)
    return tails.span.extracting((start + 4)..<(start + 4 + names.length(of: name)))
  }

  /// Gives a record's data in pieces, its names whole.
  @inline(__always)
  func forEachPiece(of entry: Entry, _ body: (Span<UInt8>) -> Void) {
    let range = kept(entry)
    guard entry.keptLength != entry.length else { return body(data.span.extracting(range)) }
    var start = range.lowerBound
    var at = start
    for field in RecordData.layout(of: entry.type) {
      guard field == .name else {
        at = end(of: field, at: at, range.upperBound)
        continue
      }
      at = endOfLabels(at)
      if data[at] == Self.mark {
        body(data.span.extracting(start..<at))
        body(tail(at: at))
        at += Self.markedLength
        start = at
      } else {
        at += 1
      }
    }
    body(data.span.extracting(start..<range.upperBound))
  }

  /// Where a field other than a name ends that starts at `at`.
  private func end(of field: RecordData.Field, at: Int, _ end: Int) -> Int {
    switch field {
    case .octets(let count): at + count
    case .string: at + 1 + Int(data[at])
    case .name, .strings, .rest: end
    }
  }

  /// Where the labels end that start at `at`: at a zero octet or a mark.
  private func endOfLabels(_ start: Int) -> Int {
    var at = start
    while data[at] != 0, data[at] != Self.mark { at += 1 + Int(data[at]) }
    return at
  }

  /// Finds the name that a record's data is, or starts with after `offset` octets, among the owners.
  ///
  /// - Returns: the name that as many of its last labels lead to as there are, and how many are missing before it.
  func target(of entry: Entry, at offset: Int = 0) -> (name: NameTree.Index, missing: Int) {
    let start = Int(entry.start) + offset
    return names.find(data.span.extracting(start..<kept(entry).upperBound), below: origin(endOfLabels(start)))
  }

  /// What the labels stand below that end at a place.
  private func origin(_ place: Int) -> NameTree.Index {
    data[place] == Self.mark ? tails.span.bigEndian32(at: Int(data.span.bigEndian32(at: place + 1))) : NameTree.root
  }

  /// The same as a name of its own, for a message.
  func targetName(of entry: Entry, at offset: Int = 0) -> Name {
    RecordData.name(in: data(of: entry), at: offset) ?? .root
  }
}

// MARK: Order

extension RecordList {
  /// Which of two records of one type has the lower data (RFC 4034 §6.3), names in lower case (§6.2): less than, equal to
  /// or more than 0.
  func compareData(_ a: Entry, _ b: Entry) -> Int {
    let (x, y) = (kept(a), kept(b))
    let layout = RecordData.layout(of: a.type)
    guard layout.contains(.name) else { return compare(x, y) }
    var (i, j) = (x.lowerBound, y.lowerBound)
    for field in layout {
      if field == .name {
        let order = compareNames(i, j)
        if order != 0 { return order }
        (i, j) = (endOfName(i), endOfName(j))
      } else {
        let (p, q) = (end(of: field, at: i, x.upperBound), end(of: field, at: j, y.upperBound))
        let order = compare(i..<p, j..<q)
        if order != 0 { return order }
        (i, j) = (p, q)
      }
    }
    return 0
  }

  private func endOfName(_ start: Int) -> Int {
    let end = endOfLabels(start)
    return end + (data[end] == Self.mark ? Self.markedLength : 1)
  }

  private func compare(_ a: Range<Int>, _ b: Range<Int>) -> Int {
    let (x, y) = (data.span.extracting(a), data.span.extracting(b))
    for index in 0..<min(x.count, y.count) where x[index] != y[index] { return x[index] < y[index] ? -1 : 1 }
    return x.count - y.count
  }

  /// Compares the octets of two names in lower case.
  private func compareNames(_ a: Int, _ b: Int) -> Int {
    let (aEnd, bEnd) = (endOfLabels(a), endOfLabels(b))
    let aTail = data[aEnd] == Self.mark ? tail(at: aEnd) : data.span.extracting(aEnd...aEnd)
    let bTail = data[bEnd] == Self.mark ? tail(at: bEnd) : data.span.extracting(bEnd...bEnd)
    let isOneTail = aEnd - a == bEnd - b && origin(aEnd) == origin(bEnd)
    let (aCount, bCount) = (aEnd - a + aTail.count, bEnd - b + bTail.count)
    for index in 0..<(isOneTail ? aEnd - a : min(aCount, bCount)) {
      let p = lowercased(a + index < aEnd ? data[a + index] : aTail[a + index - aEnd])
      let q = lowercased(b + index < bEnd ? data[b + index] : bTail[b + index - bEnd])
      if p != q { return p < q ? -1 : 1 }
    }
    return aCount - bCount
  }
}

extension Array {
  /// Gives back memory that was taken for more elements than there are, where it is much.
  mutating func trim() {
    guard capacity > count + count / 4 + 64 else { return }
    var exact: [Element] = []
    exact.reserveCapacity(count)
    exact += self
    self = exact
  }
}
