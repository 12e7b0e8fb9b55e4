import Forwarding

/// What all workers know of one upstream.
struct UpstreamHealth {
  let upstream: Upstream
  /// True when every worker that asks it counts it as down.
  private(set) var isDown: Bool
  /// What it does instead of answering, as one worker found.
  private(set) var trouble: String?
  /// The slowest worker's.
  private(set) var usualTime: Duration?
  private(set) var tally = UpstreamTally()

  /// Every upstream, by its address as people write it.
  static func all(_ reports: [WorkerReport]) -> [UpstreamHealth] {
    var all: [Upstream: UpstreamHealth] = [:]
    for report in reports.flatMap(\.upstreams) {
      var health = all[report.upstream] ?? UpstreamHealth(upstream: report.upstream, isDown: true)
      health.isDown = health.isDown && report.isDown
      health.trouble = health.trouble ?? report.trouble
      if let time = report.usualTime { health.usualTime = max(health.usualTime ?? .zero, time) }
      health.tally += report.tally
      all[report.upstream] = health
    }
    return all.values.sorted { "\($0.upstream)" < "\($1.upstream)" }
  }
}
