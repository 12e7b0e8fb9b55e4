/// Counts for keys, and at any time a key with the highest count.
///
/// Every operation is a few steps whatever the counts are. Among equals the choice depends on the order of the calls
/// alone, so that a simulation repeats.
struct Ranking<Key: Hashable & Sendable>: Sendable {
  private struct Place {
    var count: Int
    /// Among the keys of the same count.
    var position: Int
  }

  private var places: [Key: Place] = [:]
  /// Keys by their count; nobody's is zero.
  private var keys: [[Key]] = [[]]
  private var highest = 0

  /// How many keys have a count.
  var keyCount: Int { places.count }

  /// A key that no other has more than; nil when there is none.
  var heaviest: (key: Key, count: Int)? { keys[highest].last.map { ($0, highest) } }

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
    if keys[highest].isEmpty, highest > 0 { highest -= 1 }
  }

  private mutating func enter(_ key: Key, _ count: Int) {
    if keys.count <= count { keys.append([]) }
    places[key] = Place(count: count, position: keys[count].count)
    keys[count].append(key)
  }

  private mutating func leave(_ key: Key) {
    guard let place = places.removeValue(forKey: key), let last = keys[place.count].popLast() else { return }
    guard last != key else { return }
    keys[place.count][place.position] = last
    places[last]?.position = place.position
  }
}
