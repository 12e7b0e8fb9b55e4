import Forwarding

/// Tells the log of upstreams that are down, and that answer again. The server's own have lines of their own, which no
/// workspace's can crowd out.
struct UpstreamsReport {
  private var server = LatestNotice<UpstreamNews>()
  private var workspaces = LatestNotice<UpstreamNews>()

  /// Something was found out.
  mutating func add(_ news: UpstreamNews) {
    if news.isOfServer { server.add(news) } else { workspaces.add(news) }
  }

  /// Writes the lines that are due.
  mutating func write(to log: Log, now: Instant) {
    if let line = server.line(now: now, \.description) { log.note(line) }
    if let line = workspaces.line(now: now, \.description) { log.note(line) }
  }
}
