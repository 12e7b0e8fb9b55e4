/// A range of keys that is read in pages, all of one revision.
struct Paging {
  /// The revision that all pages are of; 0 until the first page has said it.
  private(set) var revision: Int64
  /// Where the next page starts.
  private(set) var next: [UInt8]
  /// The first key beyond the range.
  let end: [UInt8]
  /// How many keys the next page may have.
  private(set) var limit: Int
  private let maximumLimit: Int
  private let wantedOctets: Int
  private let maximumOctets: Int

  private var page: [EtcdKeyValue] = []
  private var octets = 0
  private var isOverfull = false
  /// The page's keys do not ascend, or are none of the range's.
  private var isDisordered = false

  /// - Parameter revision: what the pages are of; 0 for the newest when the first page is asked for.
  init(_ range: KeyRange, revision: Int64 = 0, keys: Int, _ settings: FollowSettings) {
    next = range.start
    end = range.end ?? range.start + [0]
    self.revision = revision
    (limit, maximumLimit) = (keys, keys)
    wantedOctets = settings.pageOctets
    maximumOctets = settings.maximumPageOctets
  }

  /// What asks for the next page.
  func request(keysOnly: Bool) -> EtcdRequest {
    .range(.range(next, upTo: end), revision: revision, limit: Int64(limit), keysOnly: keysOnly)
  }

  /// A page is asked for: what an earlier try brought of it is dropped.
  mutating func begin() {
    page = []
    (octets, isOverfull, isDisordered) = (0, false, false)
  }

  /// Takes a key of the page.
  mutating func add(_ entry: EtcdKeyValue) {
    // Sorted by key is what a range is; so no page is sorted by the server, which would read the whole for it.
    let last = page.last?.key
    let isBehind = last.map { $0.lexicographicallyPrecedes(entry.key) } ?? !entry.key.lexicographicallyPrecedes(next)
    if !isBehind || !entry.key.lexicographicallyPrecedes(end) { isDisordered = true }
    octets += entry.key.count + entry.value.count
    guard !isOverfull else { return }
    // One key always fits: no page can be made smaller than that.
    if octets > maximumOctets, !page.isEmpty {
      isOverfull = true
      page = []
      return
    }
    page.append(entry)
  }

  /// Takes the page's end.
  ///
  /// - Returns: the page's keys; nil when the page is to be asked for again, with fewer keys.
  /// - Throws: where it is no page of this range.
  mutating func ended(_ message: EtcdMessage) throws(FollowFailure) -> (keys: [EtcdKeyValue], isLast: Bool)? {
    guard !isDisordered else { throw .protocolFault("a range whose keys are not in order") }
    guard !isOverfull else {
      limit = max(1, limit / 4)
      return nil
    }
    defer { page = [] }
    guard page.count <= limit, !(message.more && page.isEmpty) else {
      throw .protocolFault("a range that does not end")
    }
    guard revision > 0 || message.revision > 0 else { throw .protocolFault("a range without a revision") }
    if revision == 0 { revision = message.revision }
    if let last = page.last { next = last.key + [0] }
    if octets > wantedOctets {
      limit = max(1, limit * wantedOctets / octets)
    } else if octets < wantedOctets / 2 {
      limit = min(maximumLimit, limit * 2)
    }
    return (page, !message.more)
  }
}
