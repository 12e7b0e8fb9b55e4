import Bounds

/// How many probes the rules of one owner may have sent: so many at once, and so many a second.
struct ProbeBudget {
  private struct Bucket {
    var probes: Double
    var at: Instant
  }

  private var buckets: [ForwardRule.Owner: Bucket] = [:]
  private let capacity = Double(Limits.Forwarding.probesAtOnce)
  private let rate = Double(Limits.Forwarding.probesPerSecond)

  /// Takes one probe; false when there is none left for now.
  mutating func take(_ owner: ForwardRule.Owner, _ now: Instant) -> Bool {
    if buckets.count >= Limits.Forwarding.upstreams { buckets = buckets.filter { filled($0.value, now) < capacity } }
    let left = buckets[owner].map { filled($0, now) } ?? capacity
    buckets[owner] = Bucket(probes: left >= 1 ? left - 1 : left, at: now)
    return left >= 1
  }

  private func filled(_ bucket: Bucket, _ now: Instant) -> Double {
    min(capacity, bucket.probes + rate * Double(now.nanosecondsSince(bucket.at)) / 1e9)
  }
}
