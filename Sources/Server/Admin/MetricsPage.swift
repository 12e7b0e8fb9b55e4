import Admin
import Answering
import Bounds
import Forwarding
import SystemIO
import Text
import Workspaces

/// `GET /metrics`: Prometheus's text format. The names are an interface; docs/admin.md lists them.
struct MetricsPage: AdminHandler {
  /// The label of what has no series of its own.
  static let other = "_other"

  func answer(_ context: AdminContext, _: RouteMatch) throws(AdminError) -> AdminReply {
    var text = MetricsText()
    let reports = context.reports()
    let totals = WorkerCounters.Totals(context.mail.counters)
    Self.server(&text, context, reports)
    Self.queries(&text, totals)
    if context.configuration.metricsByWorkspace, let workspaces = context.state.view.snapshot?.workspaces {
      WorkspaceMetrics.write(&text, WorkspaceMetrics.tallies(workspaces))
    }
    if context.links.isWatching {
      let counts = context.links.counts(in: context.state.view)
      LinkMetrics.write(&text, counts, byWorkspace: context.configuration.metricsByWorkspace)
    }
    if let store = context.store { StoreStatus.write(&text, store) }
    Self.cache(&text, context.cache)
    // Without one worker's part a counter would fall, which is as if it had started anew: rather none of them.
    if reports.silentCount == 0 {
      Self.answers(&text, reports.all)
      Self.forwarding(&text, reports.all)
    }
    return .now(HTTPResponse(contentType: MetricsText.contentType, body: Array(text.text.utf8)))
  }

  private static func server(_ text: inout MetricsText, _ context: AdminContext, _ reports: WorkerReports) {
    let view = context.state.view
    text.start("backroad_build_info", .gauge, "Which version runs; always 1.")
    text.add(1, ("version", Server.version.split(separator: " ").last.map { String($0) } ?? ""))
    text.single(
      "backroad_start_time_seconds", .gauge, "When the server started, in seconds since 1970.",
      context.startedAt.wallSeconds)
    text.single("backroad_workers", .gauge, "Threads that answer.", context.mail.mailboxes.count)
    text.single(
      "backroad_workers_silent", .gauge,
      "Threads that said nothing of themselves in time; while there are any, what they count is left out.",
      reports.silentCount)
    text.single(
      "backroad_workspaces", .gauge, "Workspaces that are served.", view.snapshot?.workspaces.count ?? 0)
    text.single(
      "backroad_workspaces_broken", .gauge,
      "Workspaces with errors in their files, served as they were before or not at all.", view.broken.count)
    text.single("backroad_reloads_total", .counter, "Times that files were read.", view.reloadCount)
    text.single(
      "backroad_reload_failures_total", .counter, "Times that reading files met an error.", view.failedReloadCount)
    text.single(
      "backroad_links_failed_over", .gauge, "Links whose names lead to their standbys by the server's own decision.",
      context.failovers.failedOver(in: view).count)
    text.single(
      "backroad_link_moves_total", .counter, "Times that the server failed a link over, or back, by itself.",
      context.failovers.moveCount)
    text.single(
      "backroad_log_lines_dropped_total", .counter, "Lines of the log that nobody read in time.",
      context.log.droppedCount)
    if let last = view.lastReload {
      text.single(
        "backroad_last_reload_time_seconds", .gauge, "When files were last read, in seconds since 1970.", last.at)
      text.start("backroad_last_reload_duration_seconds", .gauge, "How long reading files last took.")
      text.add(Double(last.outcome.nanoseconds) / 1e9)
    }
  }

  private static func queries(_ text: inout MetricsText, _ totals: WorkerCounters.Totals) {
    text.start("backroad_queries_total", .counter, "Messages from clients, by transport and by what became of them.")
    for (transport, name) in [(Transport.udp, "udp"), (.tcp, "tcp")] {
      for outcome in WorkerCounters.Outcome.allCases {
        text.add(
          totals.queries[transport]?[outcome] ?? 0, ("transport", name), ("outcome", outcome.label))
      }
    }
    text.start(
      "backroad_query_duration_seconds", .histogram,
      "From when a query was received until its answer was sent.")
    text.add(
      histogram: totals.latency, bounds: WorkerCounters.latencyBounds.map { Double($0) / 1e9 },
      sum: Double(totals.latencySumNanoseconds) / 1e9)
    let opened = totals.events[.openedConnections] ?? 0
    text.single("backroad_tcp_connections_total", .counter, "TCP connections of clients.", opened)
    text.single(
      "backroad_tcp_connections", .gauge, "TCP connections of clients that are open.",
      opened - min(opened, totals.events[.closedConnections] ?? 0))
    text.single(
      "backroad_tcp_connections_refused_total", .counter, "TCP connections that there was no room for.",
      totals.events[.refusedConnections] ?? 0)
    text.start(
      "backroad_tcp_connections_evicted_total", .counter,
      "TCP connections of clients that were closed to make room for others, by what there was no room for.")
    for want in ConnectionTable.Want.allCases { text.add(totals.events[want.event] ?? 0, ("reason", want.label)) }
    text.single(
      "backroad_unsent_answers_total", .counter, "Answers over UDP that the kernel did not take.",
      totals.events[.unsentAnswers] ?? 0)
    text.single(
      "backroad_violations_total", .counter, "Queries refused because what tells whose they are disagrees.",
      totals.events[.violations] ?? 0)
    text.single(
      "backroad_proxy_headers_missing_total", .counter,
      "Datagrams and connections of listed load balancers without a PROXY protocol header.",
      totals.events[.missingHeaders] ?? 0)
    text.single(
      "backroad_proxy_headers_unlisted_total", .counter,
      "Datagrams and connections that begin with a PROXY protocol header and are no listed load balancer's.",
      totals.events[.unlistedHeaders] ?? 0)
  }

  private static func cache(_ text: inout MetricsText, _ cache: AnswerCache) {
    text.single("backroad_cache_entries", .gauge, "Questions that have an entry.", cache.count)
    text.single("backroad_cache_bytes", .gauge, "What the cache takes, about.", cache.usedOctets)
    text.single("backroad_cache_capacity_bytes", .gauge, "What the cache may take.", cache.capacityOctets)
  }

  /// What came of the cache, as each worker counts it.
  private static func answers(_ text: inout MetricsText, _ reports: [WorkerReport]) {
    let sum = { (count: (ForwardCounters) -> Int) in reports.reduce(0) { $0 + count($1.forwarding) } }
    text.single(
      "backroad_cache_hits_total", .counter, "Questions answered from the cache, within their TTL.",
      reports.cacheHitCount)
    text.single(
      "backroad_cache_misses_total", .counter, "Questions that had to go to upstreams, or joined one that did.",
      reports.cacheMissCount)
    text.single(
      "backroad_cache_stale_answers_total", .counter, "Questions answered past their TTL, because upstreams failed.",
      sum { $0.staleAnswers })
    text.single(
      "backroad_cache_failures_total", .counter, "Questions refused by a failure that was still remembered.",
      sum { $0.cachedFailures })
  }

  private static func forwarding(_ text: inout MetricsText, _ reports: [WorkerReport]) {
    let sum = { (count: (ForwardCounters) -> Int) in reports.reduce(0) { $0 + count($1.forwarding) } }
    text.single(
      "backroad_forwards_total", .counter, "Questions that were taken to upstreams.", sum { $0.exchanges })
    text.single(
      "backroad_forward_failures_total", .counter, "Of those, the ones that ended without an answer.",
      sum { $0.failures })
    text.single(
      "backroad_overloads_total", .counter, "Questions refused because of a limit or share.", sum { $0.overloads })
    text.single(
      "backroad_waiting_queries", .gauge, "Clients' questions that wait for upstreams.",
      reports.reduce(0) { $0 + $1.waitingCount })
    upstreams(&text, UpstreamHealth.all(reports))
  }

  private static func upstreams(_ text: inout MetricsText, _ all: [UpstreamHealth]) {
    let listed = all.lowest(Limits.Admin.upstreamsOfMetrics, by: \.upstream).map { ("\($0.upstream)", $0) }
    // What is left of the sum of all.
    var rest = UpstreamTally()
    for health in all { rest += health.tally }
    for (_, health) in listed { rest -= health.tally }
    let hasRest = all.count > listed.count
    text.start("backroad_upstream_queries_total", .counter, "Queries sent to an upstream.")
    for (name, health) in listed { text.add(health.tally.queryCount, ("upstream", name)) }
    if hasRest { text.add(rest.queryCount, ("upstream", other)) }
    text.start("backroad_upstream_failures_total", .counter, "Of those, the ones that were not answered in time.")
    for (name, health) in listed { text.add(health.tally.failureCount, ("upstream", name)) }
    if hasRest { text.add(rest.failureCount, ("upstream", other)) }
    text.start("backroad_upstream_up", .gauge, "1 while an upstream answers, 0 while it is down.")
    for (name, health) in listed { text.add(health.isDown ? 0 : 1, ("upstream", name)) }
    text.start("backroad_upstream_latency_seconds", .gauge, "How long an upstream usually takes.")
    for (name, health) in listed {
      if let time = health.usualTime { text.add(time.milliseconds / 1000, ("upstream", name)) }
    }
  }
}

extension WorkerCounters.Outcome {
  /// As the metrics name it: the response code's usual name in small letters.
  var label: String {
    switch self {
    case .noError: "noerror"
    case .formatError: "formerr"
    case .serverFailure: "servfail"
    case .nameError: "nxdomain"
    case .notImplemented: "notimp"
    case .refused: "refused"
    case .other: "other"
    case .dropped: "dropped"
    }
  }
}

extension ConnectionTable.Want {
  /// As the metrics name it.
  var label: String {
    switch self {
    case .ofClient: "client"
    case .ofStrangers: "strangers"
    case .places: "full"
    case .descriptors: "descriptors"
    }
  }
}
