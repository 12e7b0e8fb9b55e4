/// What is gone, so that a late word of it does not bring it back: a uid is given once.
///
/// A bounded number of the latest; one that is pushed out counts as never known.
struct Tombstones {
  private let most: Int
  private var uids: Set<String> = []
  /// The uids in the order they went, those that were taken back among them.
  private var order: [String] = []
  private var first = 0

  init(most: Int) { self.most = most }

  /// True where something is known to have gone.
  func has(_ uid: String) -> Bool { uids.contains(uid) }

  /// Something is gone.
  mutating func add(_ uid: String) {
    guard uids.insert(uid).inserted else { return }
    order.append(uid)
    if order.count - first > most {
      uids.remove(order[first])
      first += 1
    }
    if first * 2 > order.count {
      order.removeFirst(first)
      first = 0
    }
  }

  /// A whole list has it: it is there, whatever was heard; the cluster was set back to a backup.
  mutating func takeBack(_ uid: String) { uids.remove(uid) }
}
