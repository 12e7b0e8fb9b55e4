import Bounds
import Forwarding
import Wire

/// How many refusals over UDP may explain themselves to who is nobody's client.
///
/// The source of a datagram is easily forged, and then the answer goes to whom it names. A bare refusal is never larger
/// than its query: header and question as they came, and an OPT of 11 octets where there was one. The explanation (RFC
/// 8914) is what would make it larger. A person who looks at `dig` needs a few of them, so a few are given: to each
/// IPv4 /24 and IPv6 /56, and to all together. Beyond that the refusal is bare, and nobody gains by asking.
///
/// The buckets are of a fixed number, and chosen by a hash whose key is the process's own: prefixes of one bucket share
/// what it has, and which do cannot be chosen from outside. Asking allocates nothing.
public struct ExplanationAllowance: Sendable {
  /// A bucket of tokens as one number: the time at which it would be full again (the virtual scheduling form of the
  /// generic cell rate algorithm, ITU-T I.371).
  private struct Bucket {
    private var fullAtNanoseconds: UInt64 = 0

    /// True when a token is there at `now`.
    func hasToken(at now: UInt64, _ rate: Rate) -> Bool {
      fullAtNanoseconds <= now || fullAtNanoseconds - now <= (rate.burst - 1) * rate.interval
    }

    mutating func take(at now: UInt64, _ rate: Rate) {
      fullAtNanoseconds = max(fullAtNanoseconds, now) + rate.interval
    }
  }

  private struct Rate {
    /// Nanoseconds from one token to the next.
    let interval: UInt64
    let burst: UInt64

    init(perSecond: Int, burst: Int) {
      interval = 1_000_000_000 / UInt64(perSecond)
      self.burst = UInt64(burst)
    }
  }

  private let ofPrefix = Rate(
    perSecond: Limits.Clients.explanationsPerSecondOfPrefix, burst: Limits.Clients.explanationBurstOfPrefix)
  private let ofAll = Rate(perSecond: Limits.Clients.explanationsPerSecond, burst: Limits.Clients.explanationBurst)
  private let isLimited: Bool
  private var all = Bucket()
  private var buckets: [Bucket]

  /// Nothing explained yet.
  ///
  /// - Parameter isLimited: false explains everything, which is for networks without forged addresses: tests.
  public init(isLimited: Bool = true) {
    self.isLimited = isLimited
    buckets = Array(repeating: Bucket(), count: isLimited ? Limits.Clients.explanationBuckets : 1)
  }

  /// True when a refusal to `client` may explain itself; what may is counted.
  mutating func admit(_ client: IPAddress, at time: Instant) -> Bool {
    guard isLimited else { return true }
    let now = time.nanoseconds
    let index = Int(truncatingIfNeeded: UInt(bitPattern: Self.prefix(of: client).hashValue) % UInt(buckets.count))
    guard all.hasToken(at: now, ofAll), buckets[index].hasToken(at: now, ofPrefix) else { return false }
    all.take(at: now, ofAll)
    buckets[index].take(at: now, ofPrefix)
    return true
  }

  /// What one site usually has: an IPv4 /24, an IPv6 /56 (RFC 6177).
  private static func prefix(of client: IPAddress) -> IPAddress {
    switch client {
    case .v4(let bits): .v4(bits & 0xffff_ff00)
    case .v6(let bits): .v6((bits >> 72) << 72)
    }
  }
}
