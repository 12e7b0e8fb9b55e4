import Admin
import Bounds
import SystemIO
import Text
import Wire

/// The admin interface's thread: connections, and what waits for a reload or for the disk.
///
/// Nothing here waits for a client: every socket is asked when it has something, every connection has its times, and
/// there are so many connections and no more. At the limit one makes room that nothing is being done for: first those that
/// have not shown the token, and of whoever has most the one that was used longest ago, be it idle or slow.
final class AdminService {
  private let listener: AdminListener
  private let router: Router<any AdminHandler>
  private let context: AdminContext
  private let disk: DiskThread
  private var share: Share
  private var poller: Poller
  private var clients: [UInt64: Client] = [:]
  private var lastNumber = firstConnection - 1
  /// Connections that wait for a reload.
  private var reloads: [ReloadDesk.Ticket: (client: UInt64, until: UInt64, goOn: AdminReply.AfterReload)] = [:]
  private var buffer = [UInt8](repeating: 0, count: 16 << 10)
  /// When connections are taken again; nil while they are.
  private var acceptAgainAt: UInt64?

  typealias Share = FairShare<Party, ClientNetwork, UInt64>

  /// On whose account a connection is; on nobody's until it has shown the token.
  enum Party: Hashable, Sendable {
    /// Of the Unix socket, by number.
    case user(UInt32)
    case bearersOfTheToken
  }

  /// How long a reload is waited for, in nanoseconds.
  private static let reloadTime: UInt64 = 120_000_000_000
  /// How long no connection is taken after the kernel had no room for one, in nanoseconds.
  private static let acceptPause: UInt64 = 100_000_000
  private static let stopToken: UInt64 = 0
  private static let deskToken: UInt64 = 1
  private static let listenerToken: UInt64 = 2
  private static let diskToken: UInt64 = 3
  private static let firstConnection: UInt64 = 16

  /// A connection and its socket.
  private final class Client {
    let socket: Socket
    var connection: HTTPConnection
    var awaited: Poller.Events = .readable

    init(_ socket: consuming Socket, now: UInt64) {
      self.socket = socket
      connection = HTTPConnection(now: now)
    }
  }

  private init(
    _ listener: AdminListener, _ context: AdminContext, _ routes: [Route<any AdminHandler>], _ disk: DiskThread,
    _ connections: Int, _ stop: StopSign
  ) throws(SystemError) {
    let poller = try Poller()
    try poller.add(stop.waker.descriptor.raw, .readable, token: Self.stopToken)
    try poller.add(context.desk.finished.descriptor.raw, .readable, token: Self.deskToken)
    try poller.add(listener.socket.raw, .readable, token: Self.listenerToken)
    try poller.add(disk.finished.descriptor.raw, .readable, token: Self.diskToken)
    router = Router(routes)
    self.disk = disk
    self.listener = listener
    self.context = context
    share = Share(capacity: connections, strangers: max(1, connections / 2))
    self.poller = poller
  }

  /// Tells the thread to end.
  fileprivate final class StopSign: Sendable {
    let waker: Waker
    init() throws(SystemError) { waker = try Waker() }
  }

  /// The running thread.
  struct Running: Sendable {
    private let listener: AdminListener
    private let stopSign: StopSign
    private let end: Completion

    fileprivate init(_ listener: AdminListener, _ stopSign: StopSign, _ end: Completion) {
      self.listener = listener
      self.stopSign = stopSign
      self.end = end
    }

    /// Tells it to end.
    func beginToStop() {
      listener.removePath()
      stopSign.waker.wake()
    }

    /// Waits until it has ended, or the monotonic clock shows a time; false when it has not.
    func waitForEnd(until deadline: UInt64) -> Bool { end.wait(until: deadline) }
  }

  /// Starts the thread, and the one that waits for the disk. Should the first fail later, the server goes on without it.
  ///
  /// - Parameters:
  ///   - routes: what can be asked.
  ///   - connections: the most connections.
  static func start(
    _ listener: AdminListener, _ context: AdminContext, routes: [Route<any AdminHandler>] = AdminRoutes.all,
    connections: Int, _ log: Log
  ) throws(SystemError) -> Running {
    let stopSign = try StopSign()
    let end = try Completion(count: 2)
    let disk = try DiskThread(end)
    do throws(SystemError) {
      let service = try AdminService(listener, context, routes, disk, connections, stopSign)
      let thread = try Thread(name: "admin") {
        do throws(SystemError) { try service.run() } catch { log.note("the admin interface ended: \(error)") }
        disk.stop()
        end.arrive()
      }
      thread.detach()
    } catch {
      disk.stop()
      throw error
    }
    return Running(listener, stopSign, end)
  }

  /// Serves until it is stopped.
  private func run() throws(SystemError) {
    while true {
      let count = try poller.wait(timeoutMilliseconds: millisecondsToNextDeadline)
      for index in 0..<count {
        let ready = poller.ready(at: index)
        switch ready.token {
        case Self.stopToken: return
        case Self.deskToken: finishReloads()
        case Self.listenerToken: accept()
        case Self.diskToken: for (number, reply) in disk.takeDone() { goOn(with: reply, at: number) }
        default: serve(ready.token, ready.events)
        }
      }
      expire()
    }
  }

  private var now: UInt64 { System.monotonicNanoseconds() }

  // MARK: Connections

  /// Takes connections that wait: so few at once that none of them is gone again before it was read from.
  private func accept() {
    for _ in 0..<max(1, share.capacity / 4) {
      do throws(SystemError) {
        guard try listener.socket.acceptConnection({ (socket) throws(SystemError) in try add(socket) }) else { return }
      } catch {
        // The kernel has no room for more, though the budget had: one that nothing is done for goes, and those that wait
        // are looked at again in a while, for at once it would come to the same.
        if let other = share.firstToGo, clients[other]?.connection.isAnswering == false { close(other) }
        listen(forConnections: false)
        return
      }
    }
  }

  private func add(_ socket: consuming Socket) throws(SystemError) {
    lastNumber += 1
    let client = Client(socket, now: now)
    let holder = Self.holder(of: client.socket, at: listener.address)
    guard makeRoom(for: holder) else {
      let busy = AdminError(.unavailable, "too-many-connections", "too many connections; try again in a while")
      // What the socket does not take at once is not waited for.
      _ = try client.socket.descriptor.write(busy.response.octets(isHead: false, keepsConnection: false)[...])
      return
    }
    try poller.add(client.socket.raw, .readable, token: lastNumber)
    clients[lastNumber] = client
    share.insert(lastNumber, of: holder)
  }

  /// On whose account a connection is before it has shown a token.
  ///
  /// - Parameter address: where it came in, which decides: a peer over TCP that has gone already has no address, and is a
  ///   stranger all the same.
  static func holder(of socket: borrowing Socket, at address: AdminAddress) -> Share.Holder {
    let nowhere = IPAddress.v4(0)
    // A Unix socket's peer is always known; should it not be, it is a stranger.
    guard case .socket = address, let user = try? socket.peerUser() else {
      return Share.Holder(nil, ClientNetwork(socket.peerAddress ?? nowhere))
    }
    return Share.Holder(.user(user), ClientNetwork(nowhere))
  }

  /// False when nobody who has more gives way, and nothing of its own that nothing is being done for.
  private func makeRoom(for holder: Share.Holder) -> Bool {
    let other: UInt64?
    switch share.admission(of: holder) {
    case .room: return true
    case .inPlaceOf(let number): other = number
    case .none: other = share.oldestIdle(of: holder)
    }
    guard let other, clients[other]?.connection.isAnswering != true else { return false }
    close(other)
    return true
  }

  private func close(_ number: UInt64) {
    clients[number] = nil
    share.remove(number)
    disk.withdraw(number)
    for (ticket, waiting) in reloads where waiting.client == number { withdraw(ticket) }
  }

  private func serve(_ number: UInt64, _ events: Poller.Events) {
    guard let client = clients[number] else { return }
    do throws(SystemError) {
      // Nobody is there to read an answer, and it would be reported for as long as the connection is open.
      if events.isFailed, !client.connection.wantsToRead { return close(number) }
      if events.contains(.readable) || events.isFailed, client.connection.wantsToRead { try receive(client) }
      try goOn(number, client)
    } catch {
      close(number)
    }
  }

  private func receive(_ client: Client) throws(SystemError) {
    guard let count = try client.socket.descriptor.read(into: &buffer) else { return }
    if count == 0 {
      client.connection.receiveEnd()
    } else {
      client.connection.receive(buffer[..<count], now: now)
    }
  }

  /// Answers what has come whole, sends what the client takes, and waits for the rest.
  private func goOn(_ number: UInt64, _ client: Client) throws(SystemError) {
    try flush(client)
    while let request = client.connection.nextRequest(now: now) {
      answer(request, number, client)
      try flush(client)
    }
    // A refusal is answered without a request.
    try flush(client)
    if client.connection.isLingering { client.socket.shutdownSending() }
    if client.connection.isClosed { return close(number) }
    share.set(number, isBusy: client.connection.isAnswering)
    var wanted: Poller.Events = client.connection.wantsToRead ? .readable : []
    if !client.connection.unsent.isEmpty { wanted.insert(.writable) }
    guard wanted != client.awaited else { return }
    client.awaited = wanted
    try poller.change(client.socket.raw, wanted, token: number)
  }

  private func flush(_ client: Client) throws(SystemError) {
    var sent = 0
    let unsent = client.connection.unsent
    while sent < unsent.count, let count = try client.socket.descriptor.write(unsent.dropFirst(sent)) { sent += count }
    client.connection.sent(sent, now: now)
  }

  // MARK: Requests

  private func answer(_ request: HTTPRequest, _ number: UInt64, _ client: Client) {
    do throws(AdminError) {
      try listener.access.check(request)
      noteUse(number)
      let (handler, parameters) = try router.find(request)
      let reply = try handler.answer(context, RouteMatch(request: request, parameters: parameters))
      if let refusal = mayWait ? nil : Self.refusal(to: reply) { throw refusal }
      carryOut(reply, number, client)
    } catch {
      client.connection.respond(error.response, now: now)
    }
  }

  /// What is said where a reply has to wait and may not; nil for one that has not to.
  private static func refusal(to reply: AdminReply) -> AdminError? {
    switch reply {
    case .now: nil
    case .afterReload: AdminError(.unavailable, "too-many-reloads", "many wait for a reload; look at the status")
    case .later: AdminError(.unavailable, "disk-busy", "many wait for the disk; ask again in a while")
    }
  }

  private func carryOut(_ reply: AdminReply, _ number: UInt64, _ client: Client) {
    switch reply {
    case .now(let response): client.connection.respond(response, now: now)
    case .afterReload(let name, let goOn):
      reloads[context.desk.ask(for: name)] = (number, now + Self.reloadTime, goOn)
    case .later(let job): disk.ask(number, job)
    }
  }

  /// True when one more request may wait. Those that do keep their connections, so they are not to be all of them; and who
  /// is refused is to change nothing.
  private var mayWait: Bool { reloads.count + disk.count < max(1, share.capacity / 2) }

  /// A connection is on the account of those who have shown the token, once it has.
  private func noteUse(_ number: UInt64) {
    share.touch(number)
    guard let holder = share.holder(of: number), holder.group == nil else { return }
    share.move(number, to: Share.Holder(.bearersOfTheToken, holder.member))
  }

  private func finishReloads() {
    let finished = context.desk.takeFinished().filter { reloads[$0.key] != nil }
    guard !finished.isEmpty else { return }
    // A worker that reports answers from the new state.
    let silentWorkers = context.reports().silentCount
    for (ticket, outcome) in finished {
      guard let waiting = reloads.removeValue(forKey: ticket) else { continue }
      goOn(with: waiting.goOn(outcome, silentWorkers), at: waiting.client)
    }
  }

  /// Nobody waits for a reload any more.
  private func withdraw(_ ticket: ReloadDesk.Ticket) {
    reloads[ticket] = nil
    context.desk.withdraw(ticket)
  }

  /// Goes on with a request that waited. One that has to wait for something else now keeps its place.
  private func goOn(with reply: AdminReply, at number: UInt64) {
    guard let client = clients[number] else { return }
    carryOut(reply, number, client)
    do throws(SystemError) { try goOn(number, client) } catch { close(number) }
  }

  // MARK: Time

  /// Takes connections, or takes none for a while.
  private func listen(forConnections connections: Bool) {
    acceptAgainAt = connections ? nil : now + Self.acceptPause
    // It fails for a descriptor that the poller does not know alone.
    try? poller.change(listener.socket.raw, connections ? .readable : [], token: Self.listenerToken)
  }

  private var millisecondsToNextDeadline: Int32? {
    var deadlines = clients.values.compactMap(\.connection.deadline) + reloads.values.map(\.until)
    if let acceptAgainAt { deadlines.append(acceptAgainAt) }
    guard let next = deadlines.min() else { return nil }
    let now = now
    return next <= now ? 0 : Int32(clamping: (next - now + 999_999) / 1_000_000)
  }

  private func expire() {
    let now = now
    if let acceptAgainAt, acceptAgainAt <= now { listen(forConnections: true) }
    for (ticket, waiting) in reloads where waiting.until <= now {
      withdraw(ticket)
      let error = AdminError(.gatewayTimeout, "reload-timeout", "the reload is still going on; look at the status")
      goOn(with: .now(error.response), at: waiting.client)
    }
    for (number, client) in clients where client.connection.deadline.map({ $0 <= now }) ?? false {
      client.connection.expire(now: now)
      do throws(SystemError) { try goOn(number, client) } catch { close(number) }
    }
  }
}
