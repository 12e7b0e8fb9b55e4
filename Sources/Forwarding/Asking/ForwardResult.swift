import Wire

/// Who is waiting for an answer; the caller chooses it, and may use it again once its result has come.
public struct Ticket: Hashable, Sendable {
  /// The caller's number.
  public let rawValue: UInt64
  /// Takes any number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// On whose account a question waits, for quotas.
public struct Asker: Hashable, Sendable {
  /// The caller's number for the workspace.
  public let workspace: UInt32
  /// The client's address.
  public let client: IPAddress

  /// A client of a workspace.
  public init(workspace: UInt32, client: IPAddress) {
    self.workspace = workspace
    self.client = client
  }
}

/// A socket that the forwarder asked for. Numbers are never used for two sockets that are open at the same time, and a
/// number that is used again differs in its upper half, so that events of a closed socket go nowhere.
public struct SocketToken: Hashable, Sendable {
  /// Fits into an event's user data.
  public let rawValue: UInt64
  /// The socket of an event's user data.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What came of a question.
public enum ForwardResult: Sendable {
  /// The upstream's answer, within its TTL (or with a TTL of 0, and then for these waiters only).
  case answer(UpstreamAnswer)
  /// An answer past its TTL, because the upstreams failed (RFC 8767); the error says so to the client.
  case stale(UpstreamAnswer, ExtendedError)
  /// The rule has no upstreams: the name does not exist here.
  case closed
  /// There is no answer: SERVFAIL.
  case failure(ForwardFailure)
}

/// What `Forwarder.ask` says at once.
public enum ForwardOutcome: Sendable {
  case done(ForwardResult)
  /// The result follows as an action `finished` with the ticket.
  case pending
}

/// Why there is no answer, for the client's SERVFAIL and for counting.
public struct ForwardFailure: Error, Hashable, Sendable {
  /// The kinds of failure.
  public enum Reason: Hashable, Sendable {
    /// No upstream answered in time.
    case timeout
    /// Every upstream answered that it cannot or will not.
    case upstreamFailure
    /// A limit or quota of this server, or something that it lacked: it says nothing of the name, nor of the upstreams.
    case overload
    /// A type that is never forwarded.
    case notForwardable
  }

  /// The kind.
  public let reason: Reason
  /// What happened, for a person at `dig` (RFC 8914).
  public let error: ExtendedError

  /// A failure and how to tell it.
  public init(_ reason: Reason, _ error: ExtendedError) {
    self.reason = reason
    self.error = error
  }
}

/// What the forwarder wants done, in this order.
public enum ForwardAction: Sendable {
  /// Open a UDP socket, connect it to the upstream from a port that the kernel picks at random, with do-not-fragment.
  /// Failing is told with `socketFailed`.
  case openDatagram(SocketToken, to: Upstream)
  /// Open a TCP connection; success is told with `streamConnected`, failing with `streamClosed`.
  case openStream(SocketToken, to: Upstream)
  /// Send a datagram, or octets of a stream (length fields included). A stream's octets come only once it is connected.
  case send(SocketToken, [UInt8])
  /// Close the socket; its number is forgotten here.
  case close(SocketToken)
  /// A pending question's result, and how many queries were sent for it.
  case finished(Ticket, ForwardResult, queries: Int)
  /// Have another worker call its forwarder's `takeNotices`.
  case wake(worker: Int)
  /// Have the log say so.
  case tell(UpstreamNews)
}
