import Answering
import Bounds
import Forwarding
import SystemIO
import Wire
import Workspaces

/// One thread's share of the server: its own sockets on every listening address, its own forwarder, its own buffers.
///
/// Everything here is used by that thread alone. A query is received, answered and sent without a lock or, when the
/// zones hold the answer, an allocation; the snapshot is exchanged between two batches.
final class Worker {
  let settings: WorkerSettings
  let surroundings: WorkerSurroundings
  let mailbox: Mailbox
  let counters: WorkerCounters
  var snapshot: Snapshot
  var responder: Responder
  /// What is looked at in every turn, however much there is to do: the mailbox, the listening sockets, and the two below.
  var poller: Poller
  /// Clients' connections.
  var connectionPoller: Poller
  /// Sockets to upstreams.
  var upstreamPoller: Poller
  /// The time of this turn of the loop.
  var now: Instant
  private let cache: AnswerCache
  let forwarding: UpstreamSockets
  var waiting = WaitingQuestions()
  /// What has come for questions over UDP, by workspace, until there is a turn for it.
  var results = TurnQueue<Int, UpstreamResult>()
  var lateAnswers = LateAnswers()
  var connections: ConnectionTable
  let log: Log
  var violationReport = ViolationReport()
  var missingHeaders = LatestNotice<SocketAddress>()
  var unlistedHeaders = LatestNotice<SocketAddress>()

  private let batch = DatagramBatch()
  let buffer = MessageBuffer()
  /// Where names stand in the answer that is being written.
  let names: CompressionMemory
  /// What one read of a connection may bring.
  var streamBuffer = [UInt8](repeating: 0, count: 16 << 10)
  private var datagramListeners: [DatagramListener] = []
  private var streamListeners: [StreamListener] = []
  private var mustStop = false
  private var stopAt: Instant?
  /// When connections are taken again; nil while they are.
  private var acceptAgainAt: Instant?

  /// A UDP socket, and whether it is bound to all addresses.
  final class DatagramListener {
    let socket: Socket
    let address: SocketAddress
    let isWildcard: Bool

    init(_ socket: consuming Socket, address: SocketAddress) {
      self.socket = socket
      self.address = address
      isWildcard = address.address.isUnspecified
    }
  }

  /// A listening TCP socket.
  final class StreamListener {
    let socket: Socket
    let address: SocketAddress

    init(_ socket: consuming Socket, address: SocketAddress) {
      self.socket = socket
      self.address = address
    }
  }

  /// Opens the worker's sockets.
  ///
  /// - Parameters:
  ///   - number: which of the `mailboxes` is its own.
  ///   - counters: this worker's alone to write.
  ///   - cache: shared with the other workers, as `questions` is.
  ///   - surroundings: the machine's, but for who plays them.
  init(
    listen addresses: [SocketAddress], snapshot: Snapshot, identity: ServerIdentity, number: Int, mailboxes: [Mailbox],
    counters: WorkerCounters, cache: AnswerCache, questions: QuestionsInFlight,
    settings: WorkerSettings = WorkerSettings(), surroundings: WorkerSurroundings = .machine, log: Log
  ) throws(SystemError) {
    self.settings = settings
    self.surroundings = surroundings
    self.log = log
    connections = ConnectionTable(
      capacity: settings.maximumConnections, maximumOfClient: settings.maximumConnectionsOfClient)
    mailbox = mailboxes[number]
    self.counters = counters
    self.snapshot = snapshot
    responder = Responder(identity: identity, tokenOption: settings.tokenOption)
    names = CompressionMemory(seed: try System.hashSeed())
    poller = try Poller()
    connectionPoller = try Poller()
    upstreamPoller = try Poller()
    now = surroundings.clock()
    self.cache = cache
    forwarding = UpstreamSockets(
      cache: cache, questions: questions, worker: number, mailboxes: mailboxes, settings: settings.forwarding,
      random: surroundings.random)
    try poller.add(mailbox.waker.descriptor.raw, .readable, token: WaitToken.mailbox.rawValue)
    try poller.add(connectionPoller.raw, .readable, token: WaitToken.connections.rawValue)
    try poller.add(upstreamPoller.raw, .readable, token: WaitToken.upstreams.rawValue)
    for address in addresses {
      let datagrams = DatagramListener(try .udpServer(address), address: address)
      try poller.add(datagrams.socket.raw, .readable, token: WaitToken.datagrams(datagramListeners.count).rawValue)
      datagramListeners.append(datagrams)
      let streams = StreamListener(try .tcpServer(address), address: address)
      try poller.add(streams.socket.raw, .readable, token: WaitToken.listener(streamListeners.count).rawValue)
      streamListeners.append(streams)
    }
  }

  /// Serves until told to stop, and then until what is in flight is done.
  func run() throws(SystemError) {
    while !isFinished { try turn(waitingMilliseconds: millisecondsToNextDeadline) }
  }

  /// One turn of the loop: waits until there is something to do, does a bounded part of it, and then what is due.
  ///
  /// - Parameter waitingMilliseconds: how long to wait at most; nil is for ever, 0 not at all.
  /// - Returns: true when there was something, so that there may be more.
  @discardableResult
  func turn(waitingMilliseconds: Int32?) throws(SystemError) -> Bool {
    let count = try poller.wait(timeoutMilliseconds: waitingMilliseconds)
    now = surroundings.clock()
    responder.moment = Moment(now: now, cacheEpoch: cache.epoch)
    for index in 0..<count {
      let ready = poller.ready(at: index)
      if let token = WaitToken(rawValue: ready.token) { try handle(token) }
    }
    // Not while a batch is being answered: stopping receives another one.
    if mustStop, stopAt == nil { beginToStop() }
    let hadReady = connections.hasReady || !results.isEmpty
    answerWithResults()
    serveConnections()
    expire()
    return count > 0 || hadReady
  }

  private func handle(_ token: WaitToken) throws(SystemError) {
    switch token {
    case .mailbox: readMailbox()
    case .datagrams(let index): serveDatagrams(datagramListeners[index], listener: index)
    case .listener(let index): acceptConnections(streamListeners[index])
    case .connections: try lookAtConnections()
    case .upstreams: try hearUpstreams()
    }
  }

  private func hearUpstreams() throws(SystemError) {
    let count = try upstreamPoller.wait(timeoutMilliseconds: 0)
    for index in 0..<count {
      let ready = upstreamPoller.ready(at: index)
      forwarding.handle(ready.token, ready.events, &upstreamPoller, now)
      carryOut()
    }
  }

  /// Takes what was left in the mailbox. Asked for before each batch too, so that a query that was sent after a lease was
  /// acknowledged is never answered without it.
  func readMailbox() {
    mustStop = mailbox.exchange(&snapshot)
    mailbox.takeReportDesk()?.deliver(report)
    forwarding.forwarder.takeNotices(now: now)
    carryOut()
  }

  // MARK: Datagrams

  private func serveDatagrams(_ listener: DatagramListener, listener index: Int) {
    let batch = batch
    let counters = counters
    var start = now
    for _ in 0..<settings.batchesPerTurn {
      let count = batch.receive(on: listener.socket, wildcard: listener.isWildcard)
      guard count > 0 else { return }
      if mailbox.hasNews { readMailbox() }
      let (snapshot, names) = (snapshot, names)
      for datagram in 0..<count { answer(datagram, in: batch, listener: index, snapshot, names) }
      let answered = batch.replyCount
      let refused = batch.send(on: listener.socket)
      if refused > 0 { counters.add(.unsentAnswers, refused) }
      // One look at the clock a batch: every answer of it counts as having taken as long as the whole.
      let end = surroundings.clock()
      counters.took(nanoseconds: end.nanoseconds &- start.nanoseconds, queries: answered)
      start = end
      guard count == DatagramBatch.capacity else { return }
    }
  }

  @inline(__always)
  private func answer(
    _ datagram: Int, in batch: DatagramBatch, listener: Int, _ snapshot: Snapshot, _ names: CompressionMemory
  ) {
    guard let source = batch.source(datagram), !batch.isCut(datagram) else { return counters.dropped(.udp) }
    let (client, start): (SocketAddress, Int)
    switch settings.proxies.sender(of: batch.input(datagram), from: source) {
    case .client(let address, let offset): (client, start) = (address, offset)
    case .withoutHeader:
      missesHeader(from: source)
      return counters.dropped(.udp)
    case .unlisted:
      isUnlisted(source)
      return counters.dropped(.udp)
    }
    let message = batch.input(datagram).extracting(start...)
    let address = datagramListeners[listener].address
    var writer = MessageWriter(batch.output(), limit: DatagramBatch.outputSize, names: names.table())
    switch responder.respond(to: message, from: client, at: address, via: .udp, in: snapshot, &writer) {
    case .none: counters.dropped(.udp)
    case .ready:
      counters.answered(.udp, writer.flags, for: lastTally(snapshot))
      batch.reply(to: datagram, length: writer.count)
    case .resolve(let query, let decision):
      resolve(datagram, message, in: batch, listener: listener, query, decision, client)
    }
  }

  /// Answers from what is cached, or lets the question wait.
  private func resolve(
    _ datagram: Int, _ message: Span<UInt8>, in batch: DatagramBatch, listener: Int, _ query: Query,
    _ decision: Decision, _ client: SocketAddress
  ) {
    guard
      let resolution = Resolution(query, message, from: client, via: .udp, decision, in: snapshot),
      let peer = batch.peer(datagram)
    else { return }
    let ticket = waiting.nextTicket()
    var source = hopSource(ticket, resolution)
    let names = names
    var writer = MessageWriter(batch.output(), limit: DatagramBatch.outputSize, names: names.table())
    switch responder.run(resolution, in: snapshot, &source, &writer) {
    case .ready:
      counters.answered(.udp, writer.flags, for: resolution.workspace.tally)
      batch.reply(to: datagram, length: writer.count)
    case .waiting: wait(ticket, resolution, .datagram(peer, listener: listener))
    }
    carryOut()
  }

  /// The counts of the workspace whose query was just answered from the zones; nil when it was nobody's, or when nothing
  /// is counted by workspace.
  @inline(__always)
  func lastTally(_ snapshot: Snapshot) -> WorkspaceTally? {
    guard settings.countsByWorkspace, let slot = responder.lastWorkspace else { return nil }
    return snapshot.workspaces.tally(of: slot)
  }

  /// Sends an answer that took a while.
  func send(_ octets: Span<UInt8>, to peer: DatagramPeer, listener: Int) {
    _ = datagramListeners[listener].socket.send(octets, to: peer)
  }

  // MARK: The end

  private func acceptConnections(_ listener: StreamListener) {
    guard stopAt == nil, acceptAgainAt == nil else { return }
    accept(on: listener.socket, listener.address)
  }

  /// Takes no connections for a while: those that wait would be told of at each turn.
  func pauseAccepting() {
    acceptAgainAt = now + .milliseconds(Int64(settings.acceptPauseMilliseconds))
    awaitConnections([])
  }

  private func acceptAgain() {
    guard let at = acceptAgainAt, at <= now else { return }
    acceptAgainAt = nil
    if stopAt == nil { awaitConnections(.readable) }
  }

  private func awaitConnections(_ events: Poller.Events) {
    for (index, listener) in streamListeners.enumerated() {
      // It fails for a descriptor that the poller does not know alone, and it knows all of these.
      try? poller.change(listener.socket.raw, events, token: WaitToken.listener(index).rawValue)
    }
  }

  /// Takes no more connections, answers what has come, and lets what waits be finished.
  private func beginToStop() {
    stopAt = now + .milliseconds(Int64(settings.stopMilliseconds))
    for listener in streamListeners { poller.remove(listener.socket.raw) }
    for (index, listener) in datagramListeners.enumerated() { serveDatagrams(listener, listener: index) }
  }

  /// True once it was told to stop and has finished what it could.
  var isFinished: Bool {
    guard let stopAt else { return false }
    return now >= stopAt || (waiting.isEmpty && connections.hasNothingToDo)
  }

  /// When it has something to do even if nothing comes; nil for never.
  var nextDeadline: Instant? {
    guard !connections.hasReady, results.isEmpty else { return now }
    let deadlines = [forwarding.nextDeadline, waiting.nextDeadline, connections.nextDeadline, stopAt, acceptAgainAt]
    return deadlines.compactMap { $0 }.min()
  }

  private var millisecondsToNextDeadline: Int32? {
    guard let next = nextDeadline else { return nil }
    let current = surroundings.clock()
    guard next > current else { return 0 }
    // Rounded up, so that waking is never too early and the loop never spins.
    return Int32(clamping: (next.nanoseconds - current.nanoseconds + 999_999) / 1_000_000)
  }

  private func expire() {
    forwarding.advance(to: now)
    carryOut()
    expireWaiting()
    // What came of that is not to wait for the next event.
    carryOut()
    expireConnections()
    acceptAgain()
    reportViolations()
    reportHeaders()
    forwarding.report.write(to: log, now: now)
  }
}
