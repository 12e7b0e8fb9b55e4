import Wire

/// One query to one upstream, with an id and a socket of its own or on a connection.
final class Attempt {
  let query: UpstreamQuery
  let upstream: UpstreamState
  /// True for a probe, which is nobody's question.
  let isProbe: Bool
  /// False for a query on a connection.
  let isDatagram: Bool
  /// Nil for a probe, and once it is closed.
  var exchange: Exchange?
  let sentAt: Instant
  let timeoutAt: Instant
  /// Among the tries of its upstream.
  var number: UInt64 = 0
  /// True once its response came.
  var isAnswered = false
  /// True once its timeout was noted.
  var hasTimedOut = false
  /// True for a repetition in plain case of a query whose case was lost.
  let isPlainRepeat: Bool
  /// How it travels; nil once it is closed.
  var token: SocketToken?
  var stream: UpstreamStream?

  init(
    _ query: UpstreamQuery, _ upstream: UpstreamState, _ exchange: Exchange?, now: Instant, timeout: Duration,
    isDatagram: Bool = true, isPlainRepeat: Bool = false
  ) {
    self.query = query
    self.upstream = upstream
    self.exchange = exchange
    self.isDatagram = isDatagram
    isProbe = exchange == nil
    sentAt = now
    timeoutAt = now + timeout
    self.isPlainRepeat = isPlainRepeat
  }
}
