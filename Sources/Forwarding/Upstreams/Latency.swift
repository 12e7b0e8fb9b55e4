/// How long an upstream takes.
struct Latency {
  private var smoothed: Duration?
  private var variation = Duration.zero
  private var recent: [Duration] = []
  private var next = 0
  /// What 95 of 100 recent answers took at most; nil while there were too few.
  private(set) var percentile95: Duration?

  /// In parts of `noDiscount`.
  private var discount = Self.noDiscount

  private static let noDiscount = 10_000
  private static let window = 64
  private static let fewest = 20

  /// The quickest of the recent answers; nil when nothing was heard.
  var quickest: Duration? { recent.min() }

  /// The smoothed time; nil when nothing was heard.
  var usual: Duration? { smoothed }

  /// What to prefer upstreams by: less than the usual time after others were preferred for long; nothing for one that
  /// was never heard.
  var order: Duration { smoothed.map { $0 * discount / Self.noDiscount } ?? .zero }

  /// The usual time and four times its variation, as RFC 6298 §2 has it for TCP.
  var timeout: Duration? { smoothed.map { $0 + variation * 4 } }

  mutating func add(_ duration: Duration) {
    discount = Self.noDiscount
    if let before = smoothed {
      let difference = duration > before ? duration - before : before - duration
      variation = (variation * 3 + difference) / 4
      smoothed = (before * 7 + duration) / 8
    } else {
      smoothed = duration
      variation = duration / 2
    }
    if recent.count < Self.window { recent.append(duration) } else { recent[next] = duration }
    next = (next + 1) % Self.window
    if recent.count >= Self.fewest, next % 8 == 0 { percentile95 = recent.sorted()[recent.count * 95 / 100] }
  }

  mutating func age() { discount -= discount / 50 }
}
