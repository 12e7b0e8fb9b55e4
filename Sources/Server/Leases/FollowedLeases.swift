import Bounds
import Fleet
import Forwarding
import Wire
import Workspaces

/// What there is beside the book where the leases are a store's, which is followed: until when they count, and what the book
/// does not have.
///
/// What this server has written itself is in the book before the store's watch brings it. Until then an older word of the
/// same address, which comes later, changes nothing: revisions say what is older.
struct FollowedLeases: Sendable {
  /// The store's leases count until then, the clock's zero at the start: without contact nobody knows whose an address is now.
  private(set) var holdsUntil = Instant(nanoseconds: 0)
  /// Leases that the book has no room for. They come in by their addresses, the lowest first.
  private(set) var waiting: [IPAddress: PodRecord.Content] = [:]
  /// Addresses whose values say nothing that can be understood: they are nobody's.
  private(set) var unreadable: Set<IPAddress> = []
  /// That leases ceased to count was told; at the start there is nothing to tell.
  private var isEndTold = true
  /// What is being written, and the newest revision that was taken of it meanwhile.
  private var asked: [IPAddress: Int64] = [:]
  /// What was written and has not come yet, by its revision.
  private var written: [IPAddress: Int64] = [:]

  /// A revision that nothing is newer than: of another store.
  private static let ofAnotherStore = Int64.max

  /// What a change brought that people may want to know.
  struct News: Sendable {
    /// There is no more room, for the first time since there was.
    var isFull = false
    /// The first of the addresses whose value says nothing, and how many they are.
    var unreadable: IPAddress?
    var unreadableCount = 0
  }

  // MARK: What the store tells

  /// Takes what the store has at pods' keys, all of one revision, or a piece of a load.
  ///
  /// - Parameter pods: the values; nil for a key that is gone.
  mutating func take(
    _ pods: [IPAddress: [UInt8]?], revision: Int64, into book: inout LeaseBook, now: Instant
  ) -> News {
    var news = News()
    let hadRoom = waiting.isEmpty
    var granted: [IPAddress: PodRecord.Content] = [:]
    for (address, value) in pods where isNews(of: address, revision) {
      written[address] = nil
      waiting[address] = nil
      unreadable.remove(address)
      if let value {
        if let record = PodRecord.read(value) {
          granted[address] = record
          continue
        }
        unreadable.insert(address)
        news.unreadableCount += 1
        news.unreadable = min(news.unreadable ?? address, address)
      }
      book.revoke([address], now: now)
    }
    // Sorted, so that who comes in where there is no room for all is no matter of luck.
    for (address, record) in granted.sorted(by: { $0.key < $1.key }) { grant(address, record, in: &book, now) }
    admit(into: &book, now)
    news.isFull = hadRoom && !waiting.isEmpty
    return news
  }

  /// All that the store has at a revision was taken: what is not there of what this server wrote before is gone.
  mutating func loaded(revision: Int64, into book: inout LeaseBook, now: Instant) {
    for address in asked.keys { asked[address] = max(asked[address] ?? 0, revision) }
    drop(upTo: revision, from: &book, now)
  }

  /// The store is another one than before, whose revisions say nothing of what was known: all is taken anew from it.
  mutating func turned(_ book: inout LeaseBook, now: Instant) {
    for address in asked.keys { asked[address] = Self.ofAnotherStore }
    drop(upTo: .max, from: &book, now)
  }

  /// At that moment nothing was missed that had been written.
  mutating func heard(at contact: Instant) {
    isEndTold = false
    holdsUntil = max(holdsUntil, contact + .seconds(Limits.Leases.secondsWithoutContact))
  }

  /// True once after leases ceased to count.
  mutating func isEndToBeTold() -> Bool {
    defer { isEndTold = true }
    return !isEndTold
  }

  private mutating func isNews(of address: IPAddress, _ revision: Int64) -> Bool {
    if let known = asked[address] { asked[address] = max(known, revision) }
    return revision >= written[address] ?? 0
  }

  private mutating func drop(upTo revision: Int64, from book: inout LeaseBook, _ now: Instant) {
    for (address, own) in written where own <= revision {
      written[address] = nil
      book.revoke([address], now: now)
    }
    admit(into: &book, now)
  }

  private mutating func grant(
    _ address: IPAddress, _ record: PodRecord.Content, in book: inout LeaseBook, _ now: Instant
  ) {
    guard book.lease(of: address, at: now) != nil || book.room(for: 1, now: now) == 1 else {
      waiting[address] = record
      return
    }
    // From when it was written, which was before now: etcd ends it at that time, or some seconds later.
    let end = record.seconds.map { now + .seconds(Int64($0)) } ?? Lease.endless
    book.grant([address], to: record.workspace, until: end, now: now)
  }

  /// Lets those in that wait, as far as there is room.
  private mutating func admit(into book: inout LeaseBook, _ now: Instant) {
    guard !waiting.isEmpty else { return }
    var first = Lowest<IPAddress>(limit: book.room(for: waiting.count, now: now))
    for address in waiting.keys { first.add(address) }
    for address in first.inOrder {
      if let record = waiting.removeValue(forKey: address) { grant(address, record, in: &book, now) }
    }
  }

  // MARK: What this server writes

  /// Addresses are about to be written, or deleted, in the store.
  mutating func begin(_ addresses: [IPAddress]) {
    for address in addresses { asked[address] = 0 }
  }

  /// They were not, or nobody knows: the store tells.
  mutating func giveUp(_ addresses: [IPAddress]) {
    for address in addresses { asked[address] = nil }
  }

  /// They were, at a revision of the store.
  ///
  /// - Parameters:
  ///   - workspace: whose they are now; nil where they were deleted.
  ///   - end: when the leases end.
  /// - Returns: false where the store has become another one meanwhile.
  mutating func wrote(
    _ addresses: [IPAddress], of workspace: WorkspaceName?, until end: Instant, revision: Int64,
    into book: inout LeaseBook, now: Instant
  ) -> Bool {
    var isOfThisStore = true
    for address in addresses {
      let known = asked.removeValue(forKey: address) ?? 0
      isOfThisStore = isOfThisStore && known != Self.ofAnotherStore
      // What came by the watch is this, or newer.
      guard known < revision else { continue }
      written[address] = revision
      waiting[address] = nil
      unreadable.remove(address)
      if let workspace {
        book.grant([address], to: workspace, until: end, now: now)
      } else {
        book.revoke([address], now: now)
      }
    }
    admit(into: &book, now)
    return isOfThisStore
  }
}
