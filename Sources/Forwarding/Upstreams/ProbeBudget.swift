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
  ///
  /// A half is kept for those that are suspected or down, and of that a half for those that have gone down: however many
  /// are silent about a name, whether one is back is found out.
  mutating func take(_ owner: ForwardRule.Owner, for health: UpstreamHealth, _ now: Instant) -> Bool {
    if buckets.count >= Limits.Forwarding.upstreams { buckets = buckets.filter { filled($0.value, now) < capacity } }
    let left = buckets[owner].map { filled($0, now) } ?? capacity
    let kept = health.hasGoneDown ? 0 : health.standing == .up ? capacity / 2 : capacity / 4
    let mayTake = left >= kept + 1
    buckets[owner] = Bucket(probes: mayTake ? left - 1 : left, at: now)
    return mayTake
  }

  private func filled(_ bucket: Bucket, _ now: Instant) -> Double {
    min(capacity, bucket.probes + rate * Double(now.nanosecondsSince(bucket.at)) / 1e9)
  }
}
