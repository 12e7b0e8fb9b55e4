/// The one of `candidates` that `word` was likely meant to be; nil when none is near.
///
/// Near is a third of the word's length in slips of the keyboard, at least one: a character too many, too few, another
/// one, or two that changed places. Letters of either case are the same. The first of several equally near ones wins.
///
/// A word for one of what a candidate is the word for many is near it too: `proxy` is `proxies`.
public func nearest(to word: some StringProtocol, among candidates: some Sequence<String>) -> String? {
  guard word.utf8.count <= 256 else { return nil }
  if let many = candidates.first(where: { $0 == "\(word)s" || (word.hasSuffix("y") && $0 == "\(word.dropLast())ies") })
  {
    return many
  }
  let wanted = Array(word.lowercased().unicodeScalars)
  guard wanted.count <= 64 else { return nil }
  var best: String?
  // What is farther than this is not near, or no nearer than the best so far; 0 ends the search.
  var most = max(1, wanted.count / 3)
  for candidate in candidates {
    // A character is four octets at most, so that far longer ones need not be looked into.
    guard candidate.utf8.count <= 4 * (wanted.count + most) else { continue }
    guard let slips = slipCount(wanted, Array(candidate.lowercased().unicodeScalars), atMost: most) else { continue }
    (best, most) = (candidate, slips - 1)
    if most < 0 { break }
  }
  return best
}

/// The optimal string alignment distance: Levenshtein's, with neighbours that changed places counted once; nil when it is
/// more than `most`.
///
/// Only what lies within `most` of the diagonal can be part of so short a way, and a row without any ends it: unlike words
/// cost a few steps.
private func slipCount(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], atMost most: Int) -> Int? {
  guard abs(a.count - b.count) <= most else { return nil }
  let far = most + 1
  var beforeLast = [Int](repeating: far, count: b.count + 1)
  var last = (0...b.count).map { min($0, far) }
  var row = beforeLast
  for i in 0..<a.count {
    let columns = max(0, i - most)..<max(0, i - most, min(b.count, i + most + 1))
    row[columns.lowerBound] = columns.lowerBound == 0 ? min(i + 1, far) : far
    var least = row[columns.lowerBound]
    for j in columns {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row[j + 1] = min(cost, far)
      least = min(least, row[j + 1])
    }
    // The next row looks one column beyond this one's.
    if columns.upperBound < b.count { row[columns.upperBound + 1] = far }
    guard least <= most else { return nil }
    (beforeLast, last, row) = (last, row, beforeLast)
  }
  return last[b.count] <= most ? last[b.count] : nil
}
