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
  var best: (candidate: String, slips: Int)?
  for candidate in candidates {
    let slips = slipCount(wanted, Array(candidate.lowercased().unicodeScalars))
    if slips <= max(1, wanted.count / 3), slips < best?.slips ?? Int.max { best = (candidate, slips) }
  }
  return best?.candidate
}

/// The optimal string alignment distance: Levenshtein's, with neighbours that changed places counted once.
private func slipCount(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}
