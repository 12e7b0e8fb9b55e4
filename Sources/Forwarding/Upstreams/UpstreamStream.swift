import Wire

/// A connection to an upstream, kept and used for several questions at once (RFC 7766 §6.2).
final class UpstreamStream: TimerItem {
  let upstream: UpstreamState
  let openedAt: Instant
  var token = SocketToken(rawValue: 0)
  var isConnected = false
  /// Questions that are not answered, by id; changed by the upstream's `UpstreamConnections` alone.
  var pending: [UInt16: Attempt] = [:]
  /// Responses that came so far; a connection that ended after some is no sign of trouble.
  var responses = 0
  /// Messages in a row that answered nothing.
  var wrongMessages = 0
  /// Queries that were given up and that the upstream may not have read yet, by their numbers: nothing shows that it read
  /// what was sent after the last query that it answered.
  var unread: [UInt64] = []
  /// How many answers may still come to queries that were given up.
  var lateAllowed = 0
  var lastReceived: Instant
  /// A message that has not wholly arrived, with its length field.
  private var inbox: [UInt8] = []

  init(_ upstream: UpstreamState, now: Instant) {
    self.upstream = upstream
    openedAt = now
    lastReceived = now
  }

  /// The question that has been on it longest.
  var oldest: Attempt? { pending.values.min { ($0.sentAt, $0.query.id) < ($1.sentAt, $1.query.id) } }

  /// The questions on it, in the order in which they came.
  var pendingInOrder: [Attempt] { pending.values.sorted { $0.number < $1.number } }

  /// A response came.
  func responded(to attempt: Attempt) {
    responses += 1
    wrongMessages = 0
    attempt.isAnswered = true
    unread.removeAll { $0 < attempt.number }
  }

  override func wake(in forwarder: Forwarder, now: Instant) { forwarder.wake(self, now) }

  /// Takes octets and gives each whole message to `body` until that returns false. What is kept is one message at most; what
  /// is whole in the octets is not copied, so that short messages cost little.
  func receive(_ octets: Span<UInt8>, _ body: (Span<UInt8>) -> Bool) {
    var at = 0
    while at < octets.count {
      if inbox.isEmpty, octets.count - at >= 2 {
        let end = at + 2 + Int(octets.bigEndian16(at: at))
        if end <= octets.count {
          guard body(octets.extracting((at + 2)..<end)) else { return }
          at = end
          continue
        }
      }
      let wanted = inbox.count < 2 ? 2 : 2 + Int(inbox.span.bigEndian16(at: 0))
      let taken = min(wanted - inbox.count, octets.count - at)
      for index in at..<(at + taken) { inbox.append(octets[index]) }
      at += taken
      guard inbox.count >= 2, inbox.count == 2 + Int(inbox.span.bigEndian16(at: 0)) else { continue }
      let message = Array(inbox[2...])
      inbox.removeAll(keepingCapacity: false)
      guard body(message.span) else { return }
    }
  }
}
