import Bounds
import Forwarding
import SystemIO
import Wire

/// Carries out what the forwarder wants done with sockets, and tells it what comes of it.
final class UpstreamSockets {
  let forwarder: Forwarder
  /// By the number that the poller knows them by.
  private var sockets: [UInt64: UpstreamSocket] = [:]
  private var actions: [ForwardAction] = []
  /// What is to be told of upstreams.
  var report = UpstreamsReport()
  private var readBuffer = [UInt8](repeating: 0, count: 65_536)
  /// How often sockets may be read in this turn beyond once each.
  private var readsLeft = Limits.Forwarding.readsPerTurn
  /// All workers', by number: what this one learned is told to those that wait for it.
  private let mailboxes: [Mailbox]

  private final class UpstreamSocket {
    let token: SocketToken
    /// What the poller is given for it.
    var waitToken: UInt64 { token.rawValue }
    let socket: Socket
    let isStream: Bool
    var isConnected: Bool
    /// What the connection has not taken yet.
    var unsent = OctetQueue()

    init(_ token: SocketToken, _ socket: consuming Socket, isStream: Bool) {
      self.token = token
      self.socket = socket
      self.isStream = isStream
      isConnected = !isStream
    }
  }

  /// - Parameters:
  ///   - cache: shared with the other workers, as `questions` is.
  ///   - worker: this one's number.
  ///   - settings: the forwarder's; how many sockets and connections there may be is for who divides the descriptors.
  ///   - random: gives that many octets that nobody can guess.
  init(
    cache: AnswerCache, questions: QuestionsInFlight, worker: Int, mailboxes: [Mailbox],
    settings: ForwardSettings = ForwardSettings(), random: @escaping @Sendable (_ count: Int) -> [UInt8]
  ) {
    self.mailboxes = mailboxes
    let shared = mailboxes.count > 1 ? questions : nil
    forwarder = Forwarder(settings: settings, cache: cache, shared: shared, worker: worker, random: random)
  }

  private subscript(token: SocketToken) -> UpstreamSocket? {
    get { sockets[token.rawValue] }
    set { sockets[token.rawValue] = newValue }
  }

  var nextDeadline: Instant? { forwarder.nextDeadline }

  /// Does what is due, at the end of a turn.
  func advance(to now: Instant) {
    readsLeft = Limits.Forwarding.readsPerTurn
    if let deadline = forwarder.nextDeadline, deadline <= now { forwarder.advance(to: now) }
  }

  /// Does what the forwarder wants.
  ///
  /// - Returns: the results that are for waiting questions, and how many queries each took.
  func carryOut(_ poller: inout Poller, _ now: Instant) -> [(Ticket, ForwardResult, queries: Int)] {
    var results: [(Ticket, ForwardResult, queries: Int)] = []
    while true {
      forwarder.takeActions(into: &actions)
      guard !actions.isEmpty else { return results }
      let taken = actions
      actions.removeAll(keepingCapacity: true)
      for action in taken {
        switch action {
        case .openDatagram(let token, let upstream): open(token, .udp, upstream, &poller, now)
        case .openStream(let token, let upstream): open(token, .tcp, upstream, &poller, now)
        case .send(let token, let octets): send(octets, token, &poller, now)
        case .close(let token): self[token] = nil
        case .finished(let ticket, let result, let queries): results.append((ticket, result, queries))
        case .wake(let worker): mailboxes[worker].waker.wake()
        case .tell(let news): report.add(news)
        }
      }
    }
  }

  private func open(
    _ token: SocketToken, _ transport: Socket.Transport, _ upstream: Upstream, _ poller: inout Poller, _ now: Instant
  ) {
    do throws(SystemError) {
      let isStream = transport == .tcp
      let socket = UpstreamSocket(
        token, try .client(transport, to: upstream.address, from: upstream.socketSource), isStream: isStream)
      try poller.add(
        socket.socket.raw, isStream ? [.readable, .writable] : .readable,
        token: socket.waitToken)
      self[token] = socket
    } catch {
      // Nothing was sent, so this says nothing of the upstream.
      tellFailure(token, isStream: transport == .tcp, isLocal: true, isLack: error.isLack, now)
    }
  }

  private func tellFailure(
    _ token: SocketToken, isStream: Bool, isLocal: Bool = false, isLack: Bool = false, _ now: Instant
  ) {
    self[token] = nil
    if isStream {
      forwarder.streamClosed(token, isLack: isLack, now: now)
    } else {
      forwarder.socketFailed(token, isLocal: isLocal, isLack: isLack, now: now)
    }
  }

  private func send(_ octets: [UInt8], _ token: SocketToken, _ poller: inout Poller, _ now: Instant) {
    guard let socket = self[token] else { return }
    if socket.isStream {
      socket.unsent.append(octets)
      flush(socket, &poller, now)
    } else {
      do throws(SystemError) {
        _ = try socket.socket.send(octets)
      } catch {
        // A full queue or a filter of this machine says nothing of the upstream.
        tellFailure(token, isStream: false, isLocal: !error.isOfPeer, isLack: error.isLack, now)
      }
    }
  }

  /// Hands a connection what it takes, and waits for it to take the rest.
  private func flush(_ socket: UpstreamSocket, _ poller: inout Poller, _ now: Instant) {
    guard socket.isConnected else { return }
    do throws(SystemError) {
      while !socket.unsent.isEmpty, let count = try socket.socket.descriptor.write(socket.unsent.waiting) {
        socket.unsent.removeFirst(count)
      }
      let wanted: Poller.Events = socket.unsent.isEmpty ? .readable : [.readable, .writable]
      try poller.change(socket.socket.raw, wanted, token: socket.waitToken)
    } catch {
      tellFailure(socket.token, isStream: true, now)
    }
  }

  /// Something happened on one of the sockets.
  func handle(_ number: UInt64, _ events: Poller.Events, _ poller: inout Poller, _ now: Instant) {
    guard let socket = sockets[number] else { return }
    if socket.isStream, !socket.isConnected, !connect(socket, events, &poller, now) { return }
    if socket.isStream, events.contains(.writable) { flush(socket, &poller, now) }
    if events.contains(.readable) || events.isFailed { read(socket, now) }
  }

  /// True once the connection is made.
  private func connect(
    _ socket: UpstreamSocket, _ events: Poller.Events, _ poller: inout Poller, _ now: Instant
  ) -> Bool {
    guard events.contains(.writable) || events.isFailed else { return false }
    guard socket.socket.takeError() == nil else {
      tellFailure(socket.token, isStream: true, now)
      return false
    }
    socket.isConnected = true
    forwarder.streamConnected(socket.token, now: now)
    flush(socket, &poller, now)
    return true
  }

  private func read(_ socket: UpstreamSocket, _ now: Instant) {
    // A few reads a turn, of one socket and of all: a flood must not keep others waiting.
    for round in 0..<8 {
      if round > 0 {
        guard readsLeft > 0 else { return }
        readsLeft -= 1
      }
      guard self[socket.token] === socket else { return }
      do throws(SystemError) {
        guard let count = try socket.socket.descriptor.read(into: &readBuffer) else { return }
        if socket.isStream, count == 0 {
          tellFailure(socket.token, isStream: true, now)
          return
        }
        let octets = readBuffer.span.extracting(0..<count)
        if socket.isStream {
          forwarder.streamReceived(octets, on: socket.token, now: now)
        } else {
          forwarder.received(octets, on: socket.token, now: now)
        }
      } catch {
        tellFailure(socket.token, isStream: socket.isStream, now)
        return
      }
    }
  }
}

extension Upstream {
  /// From where the kernel is to reach it.
  fileprivate var socketSource: Socket.Source? {
    switch source {
    case nil: nil
    case .address(let address): .address(address)
    case .interface(let name): .interface(name)
    }
  }
}
