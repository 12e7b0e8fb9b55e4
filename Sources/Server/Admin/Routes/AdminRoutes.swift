import Admin

/// Everything that can be asked of the admin interface; docs/admin.md tells of each.
///
/// To add a route, add a line here and write its `AdminHandler` in a file of its own: it is handed the context and what
/// the path and body say, and answers, or throws an `AdminError`. What a handler needs of the server is in
/// `AdminContext`. Handlers run on the admin interface's thread, one at a time: what reads the disk or waits for it answers
/// `.later`, on another, and what lists some of many takes the `Lowest` of them.
enum AdminRoutes {
  static let all: [Route<any AdminHandler>] = [
    Route(.get, "/healthz", HealthRoute()),
    Route(.get, "/readyz", ReadyRoute()),
    Route(.get, "/metrics", MetricsPage()),
    Route(.get, "/v1/status", StatusPage()),
    Route(.get, "/v1/workspaces", WorkspaceListRoute()),
    Route(.get, "/v1/workspaces/{workspace}", WorkspaceRoute()),
    Route(.get, "/v1/workspaces/{workspace}/links", LinksRoute()),
    Route(.get, "/v1/links", LinkStatesRoute()),
    Route(.post, "/v1/reload", ReloadRoute()),
    Route(.post, "/v1/cache/flush", CacheFlushRoute()),
    Route(.get, "/v1/leases", LeaseListRoute()),
    Route(.post, "/v1/leases", LeaseAddRoute()),
    Route(.post, "/v1/leases/remove", LeaseRemoveRoute()),
    Route(.post, "/v1/explain", ExplainRoute()),
  ]

  /// What probes may ask without a token, where they have a listener: it tells of no workspace, and nobody waits for it.
  static let probes: [Route<any AdminHandler>] = [
    Route(.get, "/healthz", HealthRoute()),
    Route(.get, "/readyz", ReadyRoute()),
  ]
}
