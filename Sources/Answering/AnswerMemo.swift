import Forwarding
import Wire

/// Whole answers that needed upstreams, as they were sent: a shortcut through `Resolution` for questions that come again.
///
/// An answer that was made of private zones and one upstream's answer is kept as octets, and given again with its TTLs
/// counted down for as long as the cache would say the same: until the last tenth of its TTL, when the cache wants to see
/// who asks. A test holds it to the octets of the long way. Nothing is locked, allocated or counted for an answer.
///
/// The key is the workspace's generation, which is another after any change of its zones or rules and never two
/// workspaces' own; and the question, its name octet for octet, because an answer may show the case of its question.
///
/// Answers stand one after another in a ring: the newest overwrites the oldest. One for each worker.
struct AnswerMemo: Sendable {
  /// The part of a key that is not the name.
  struct Key {
    let generation: UInt64
    let type: RecordType
    /// DO, CD, and whether AD was asked for: what changes an answer's records or flags.
    let flags: UInt16

    init(generation: UInt64, _ query: Query) {
      self.generation = generation
      type = query.type
      let dnssecOK: UInt16 = query.edns?.dnssecOK == true ? 1 : 0
      flags = query.flags.intersection([.checkingDisabled, .authenticData]).rawValue | dnssecOK
    }
  }

  /// An answer in the ring; the name, the places of its TTLs and its records follow.
  private struct Entry: BitwiseCopyable {
    let generation: UInt64
    let storedAt: UInt64
    let goodUntil: UInt64
    let type: UInt16
    let keyFlags: UInt16
    let nameLength: UInt16
    let ttlCount: UInt16
    let bodyLength: UInt16
    let answerCount: UInt16
    let authorityCount: UInt16
    let flags: UInt16

    static var size: Int { MemoryLayout<Entry>.size }
  }

  /// What of an answer came from an upstream, and so counts down: the end of it.
  struct UpstreamPart {
    /// Where in the message it begins.
    let start: Int
    let answer: UpstreamAnswer
  }

  private struct Slot {
    var hash: UInt64 = 0
    /// Where the entry starts, counted over all rounds of the ring; 0 in a free slot, since the ring starts later.
    var position: UInt64 = 0
  }

  /// The most octets of answers.
  static let ringSize = 4 << 20
  /// The longest answer that is kept, in octets, and the most records of one.
  static let maximumLength = 1024
  static let maximumRecords = 32
  private static let slotCount = 1 << 15
  /// Slots that a question may be in: as many as fit into a cache line.
  private static let ways = 4

  private var slots: [Slot] = []
  private var ring: [UInt8] = []
  private var head = UInt64(ringSize)
  /// The cache's, when what is kept was kept.
  private var epoch: UInt64 = 0
  /// How many answers were given.
  private(set) var hits: UInt64 = 0
  /// How many could have been since one was last left to the long way.
  private var hitsSinceLongWay = 0
  /// Of so many one goes the long way, so that the cache sees what is asked for: to it the names that are asked most would
  /// be those that nobody asks, and the first to be put out.
  static let hitsOfLongWay = 64

  /// Writes the answer to a question, if it is kept and still holds.
  ///
  /// - Parameters:
  ///   - name: the question's, uncompressed.
  ///   - writer: holds the question, and maybe records, which go.
  /// - Returns: false when the long way must be gone; the writer is as it was then.
  @_lifetime(writer: copy writer)
  mutating func recall(
    _ key: Key, _ name: Span<UInt8>, _ moment: Moment, _ writer: inout MessageWriter
  ) -> Bool {
    guard !slots.isEmpty, moment.cacheEpoch == epoch else { return false }
    let hash = Self.hash(key, name)
    let first = Self.firstSlot(hash)
    for index in first..<(first + Self.ways) where slots[index].hash == hash {
      guard let start = place(slots[index].position) else { continue }
      let entry = ring.span.plain(Entry.self, at: start)
      guard matches(entry, key), entry.goodUntil > moment.now.nanoseconds, isName(name, of: entry, at: start) else {
        continue
      }
      hitsSinceLongWay += 1
      guard hitsSinceLongWay < Self.hitsOfLongWay else {
        hitsSinceLongWay = 0
        return false
      }
      guard write(entry, at: start, age: moment.now.wholeSeconds(since: Instant(nanoseconds: entry.storedAt)), &writer)
      else {
        return false
      }
      hits += 1
      return true
    }
    return false
  }

  private func matches(_ entry: Entry, _ key: Key) -> Bool {
    entry.generation == key.generation && entry.type == key.type.rawValue && entry.keyFlags == key.flags
  }

  private func isName(_ name: Span<UInt8>, of entry: Entry, at start: Int) -> Bool {
    guard Int(entry.nameLength) == name.count else { return false }
    let stored = start + Entry.size
    for index in name.indices where ring[stored + index] != name[index] { return false }
    return true
  }

  @_lifetime(writer: copy writer)
  private func write(_ entry: Entry, at start: Int, age: UInt32, _ writer: inout MessageWriter) -> Bool {
    let ring = ring.span
    let ttls = start + Entry.size + Int(entry.nameLength)
    let body = ttls + 2 * Int(entry.ttlCount)
    guard
      writer.replaceRecords(
        after: Header.length + Int(entry.nameLength) + 4, with: ring.extracting(body..<(body + Int(entry.bodyLength))),
        answers: entry.answerCount,
        authorities: entry.authorityCount, flags: Flags(rawValue: entry.flags))
    else { return false }
    for index in 0..<Int(entry.ttlCount) {
      writer.countDown(ttlAt: Int(ring.bigEndian16(at: ttls + 2 * index)), by: age)
    }
    return true
  }

  /// Keeps an answer.
  ///
  /// - Parameters:
  ///   - name: the question's, uncompressed.
  ///   - message: the answer without OPT, its TTLs as they are at the moment.
  mutating func keep(
    _ key: Key, _ name: Span<UInt8>, _ message: Span<UInt8>, _ upstream: UpstreamPart, _ moment: Moment
  ) {
    let storedAt = upstream.answer.storedAt
    let good = Self.goodSeconds(ttlSeconds: upstream.answer.ttlSeconds)
    let age = moment.now.wholeSeconds(since: storedAt)
    guard age < good, message.count <= Self.maximumLength, let header = Header(message),
      header.additionalCount == 0, let ttls = Self.ttlOffsets(message, from: upstream.start)
    else { return }
    prepare(moment.cacheEpoch)
    let bodyStart = Header.length + name.count + 4
    let entry = Entry(
      generation: key.generation, storedAt: storedAt.nanoseconds,
      goodUntil: (storedAt + .seconds(Int64(good))).nanoseconds, type: key.type.rawValue, keyFlags: key.flags,
      nameLength: UInt16(name.count), ttlCount: UInt16(ttls.count), bodyLength: UInt16(message.count - bodyStart),
      answerCount: header.answerCount, authorityCount: header.authorityCount, flags: header.flags.rawValue)
    let position = makeRoom(Entry.size + name.count + 2 * ttls.count + message.count - bodyStart)
    fill(entry, at: Int(position % UInt64(Self.ringSize)), name, ttls, message, from: bodyStart, age)
    let hash = Self.hash(key, name)
    slots[slot(for: hash)] = Slot(hash: hash, position: position)
  }

  /// Empties what is older than a flush, and allocates at the first use.
  private mutating func prepare(_ epoch: UInt64) {
    if slots.isEmpty || epoch != self.epoch { slots = Array(repeating: Slot(), count: Self.slotCount) }
    self.epoch = epoch
  }

  /// The start of the next entry; entries start at whole words and do not go over the ring's end.
  private mutating func makeRoom(_ size: Int) -> UInt64 {
    let size = (size + 7) & ~7
    let used = Int(head % UInt64(Self.ringSize))
    if used + size > Self.ringSize { head += UInt64(Self.ringSize - used) }
    let position = head
    head += UInt64(size)
    let end = Int(position % UInt64(Self.ringSize)) + size
    if ring.count < end { ring += repeatElement(0, count: end - ring.count) }
    return position
  }

  private mutating func fill(
    _ entry: Entry, at start: Int, _ name: Span<UInt8>, _ ttls: [UInt16], _ message: Span<UInt8>, from bodyStart: Int,
    _ age: UInt32
  ) {
    var to = ring.mutableSpan
    to.set(plain: entry, at: start)
    to.copy(name, to: start + Entry.size)
    var at = start + Entry.size + name.count
    let body = at + 2 * ttls.count
    to.copy(message.extracting(bodyStart...), to: body)
    for ttl in ttls {
      to.setBigEndian16(ttl, at: at)
      at += 2
      // As the upstream gave it.
      to.setBigEndian32(message.bigEndian32(at: Int(ttl)) + age, at: body + Int(ttl) - bodyStart)
    }
  }

  /// The same question's slot, else the oldest of those that it may have.
  private func slot(for hash: UInt64) -> Int {
    let first = Self.firstSlot(hash)
    var oldest = first
    for index in first..<(first + Self.ways) {
      if slots[index].hash == hash { return index }
      if slots[index].position < slots[oldest].position { oldest = index }
    }
    return oldest
  }

  /// Where an entry is in the ring; nil when it was overwritten.
  private func place(_ position: UInt64) -> Int? {
    position > 0 && position + UInt64(Self.ringSize) >= head ? Int(position % UInt64(Self.ringSize)) : nil
  }

  /// How long an answer is the same as the cache's: in the last tenth the cache may ask anew (see `CacheShard`).
  private static func goodSeconds(ttlSeconds: UInt32) -> UInt32 { ttlSeconds - ttlSeconds / 10 }

  /// Where the TTLs of the records from `start` on stand; nil when there are too many or the message is not whole.
  private static func ttlOffsets(_ message: Span<UInt8>, from start: Int) -> [UInt16]? {
    guard var reader = try? MessageReader(message) else { return nil }
    reader.skip(to: start)
    var offsets: [UInt16] = []
    while !reader.isAtEnd {
      guard offsets.count < maximumRecords, let record = try? reader.readRecord() else { return nil }
      offsets.append(UInt16(truncatingIfNeeded: record.ttlOffset))
    }
    return offsets
  }

  private static func firstSlot(_ hash: UInt64) -> Int { Int(hash >> 32) & (slotCount / ways - 1) * ways }

  private static func hash(_ key: Key, _ name: Span<UInt8>) -> UInt64 {
    var hash = key.generation &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(key.type.rawValue) << 16 ^ UInt64(key.flags)
    var at = 0
    while at + 8 <= name.count {
      hash = mix(hash ^ name.word(at: at))
      at += 8
    }
    var rest: UInt64 = 0
    while at < name.count {
      rest = rest << 8 | UInt64(name[at])
      at += 1
    }
    return mix(hash ^ rest)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value &* 0xd6e8_feb8_6659_fd93
    return product ^ product >> 32
  }
}
