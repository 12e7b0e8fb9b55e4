import Forwarding

/// Tells the log of upstreams that are down, and that answer again: the first at once, and then one line for all that
/// came in a while. The server's own have lines of their own, which no workspace's can crowd out.
struct UpstreamsReport {
  private struct Lines {
    private var count: UInt64 = 0
    private var last: UpstreamNews?
    private var notice = RepeatedNotice()

    mutating func add(_ news: UpstreamNews) {
      count += 1
      last = news
    }

    mutating func line(now: Instant) -> String? { notice.line(count, now: now) { last?.description } }
  }

  private var server = Lines()
  private var workspaces = Lines()

  /// Something was found out.
  mutating func add(_ news: UpstreamNews) {
    if news.isOfServer { server.add(news) } else { workspaces.add(news) }
  }

  /// Writes the lines that are due.
  mutating func write(to log: Log, now: Instant) {
    if let line = server.line(now: now) { log.note(line) }
    if let line = workspaces.line(now: now) { log.note(line) }
  }
}
