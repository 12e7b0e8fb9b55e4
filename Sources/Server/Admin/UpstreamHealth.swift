import Forwarding

/// What all workers know of one upstream.
struct UpstreamHealth {
  let upstream: Upstream
  /// True when every worker that asks it counts it as down.
  private(set) var isDown = true
  /// What it does instead of answering, as one worker found.
  private(set) var trouble: UpstreamTrouble?
  /// The slowest worker's.
  private(set) var usualTime: Duration?
  private(set) var tally = UpstreamTally()

  private init(_ upstream: Upstream) { self.upstream = upstream }

  private mutating func add(_ report: UpstreamReport) {
    isDown = isDown && report.isDown
    trouble = trouble ?? report.trouble
    if let time = report.usualTime { usualTime = max(usualTime ?? .zero, time) }
    tally += report.tally
  }

  /// Every upstream, in no order: there may be thousands, of which few are shown.
  static func all(_ reports: [WorkerReport]) -> [UpstreamHealth] {
    var all: [Upstream: UpstreamHealth] = [:]
    all.reserveCapacity(reports.map(\.upstreams.count).max() ?? 0)
    for report in reports {
      for upstream in report.upstreams { all[upstream.upstream, default: Self(upstream.upstream)].add(upstream) }
    }
    return Array(all.values)
  }
}
