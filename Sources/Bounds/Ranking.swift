/// Counts for keys, and at any time a key with the highest count: among equals the one that has had it for longest.
///
/// Every operation is a few steps whatever the counts are.
struct Ranking<Key: Hashable & Sendable>: Sendable {
  /// A key between its neighbours of the same count, by when they came to have it.
  private struct Place {
    let count: Int
    var older: Key?
    var newer: Key?
  }

  private struct Ends {
    var oldest: Key
    var newest: Key
  }

  private var places: [Key: Place] = [:]
  /// By the count; nobody's is zero.
  private var ends: [Ends?] = [nil]
  private var highest = 0

  /// How many keys have a count.
  var keyCount: Int { places.count }

  /// A key that no other has more than; nil when there is none.
  var heaviest: (key: Key, count: Int)? { ends[highest].map { ($0.oldest, highest) } }

  /// The count of a key, 0 for one that was never added or wholly removed.
  subscript(key: Key) -> Int { places[key]?.count ?? 0 }

  /// Adds one to a key's count.
  mutating func add(_ key: Key) {
    let count = self[key] + 1
    leave(key)
    enter(key, count)
    highest = max(highest, count)
  }

  /// Takes one from a key's count; nothing for a key that has none.
  mutating func remove(_ key: Key) {
    let count = self[key]
    guard count > 0 else { return }
    leave(key)
    if count > 1 { enter(key, count - 1) }
    // One step at most: this key alone had the highest count, or another has it still.
    if ends[highest] == nil, highest > 0 { highest -= 1 }
  }

  private mutating func enter(_ key: Key, _ count: Int) {
    // One at most is missing: a count grows by one.
    if ends.count <= count { ends.append(nil) }
    let newest = ends[count]?.newest
    places[key] = Place(count: count, older: newest, newer: nil)
    if let newest {
      places[newest]?.newer = key
      ends[count]?.newest = key
    } else {
      ends[count] = Ends(oldest: key, newest: key)
    }
  }

  private mutating func leave(_ key: Key) {
    guard let place = places.removeValue(forKey: key) else { return }
    if let older = place.older { places[older]?.newer = place.newer }
    if let newer = place.newer { places[newer]?.older = place.older }
    switch (place.older, place.newer) {
    case (nil, nil): ends[place.count] = nil
    case (nil, let newer?): ends[place.count]?.oldest = newer
    case (let older?, nil): ends[place.count]?.newest = older
    case (_?, _?): break
    }
  }
}
