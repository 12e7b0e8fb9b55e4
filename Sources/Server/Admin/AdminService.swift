import Admin
import Bounds
import SystemIO
import Text

/// The admin interface's thread: connections, and what waits for a reload.
///
/// Nothing here waits for a client: every socket is asked when it has something, every connection has its times, and
/// there are so many connections and no more.
final class AdminService {
  private let listener: AdminListener
  private let router = Router(AdminRoutes.all)
  private let context: AdminContext
  private var poller: Poller
  private var clients: [UInt64: Client] = [:]
  private var lastNumber = firstConnection - 1
  /// Connections that wait for a reload.
  private var reloads: [ReloadDesk.Ticket: (client: UInt64, until: UInt64, answer: Answer)] = [:]
  private var buffer = [UInt8](repeating: 0, count: 16 << 10)

  private typealias Answer = @Sendable (ReloadOutcome) -> HTTPResponse

  /// How long a reload is waited for, in nanoseconds.
  private static let reloadTime: UInt64 = 120_000_000_000
  private static let stopToken: UInt64 = 0
  private static let deskToken: UInt64 = 1
  private static let listenerToken: UInt64 = 2
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

  private init(_ listener: AdminListener, _ context: AdminContext, _ stop: StopSign) throws(SystemError) {
    let poller = try Poller()
    try poller.add(stop.waker.descriptor.raw, .readable, token: Self.stopToken)
    try poller.add(context.desk.finished.descriptor.raw, .readable, token: Self.deskToken)
    try poller.add(listener.socket.raw, .readable, token: Self.listenerToken)
    self.listener = listener
    self.context = context
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

  /// Starts the thread. Should it fail, the server goes on without it.
  static func start(_ listener: AdminListener, _ context: AdminContext, _ log: Log) throws(SystemError) -> Running {
    let stopSign = try StopSign()
    let end = try Completion(count: 1)
    let service = try AdminService(listener, context, stopSign)
    let thread = try Thread(name: "admin") {
      do throws(SystemError) { try service.run() } catch { log.note("the admin interface ended: \(error)") }
      end.arrive()
    }
    thread.detach()
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
        default: serve(ready.token, ready.events)
        }
      }
      expire()
    }
  }

  private var now: UInt64 { System.monotonicNanoseconds() }

  // MARK: Connections

  private func accept() {
    for _ in 0..<16 {
      do throws(SystemError) {
        guard try listener.socket.acceptConnection({ (socket) throws(SystemError) in try add(socket) }) else { return }
      } catch {
        // No descriptors left, most likely: one that is idle goes, and the next turn tries again.
        if !makeRoom() { return }
      }
    }
  }

  private func add(_ socket: consuming Socket) throws(SystemError) {
    lastNumber += 1
    let client = Client(socket, now: now)
    if clients.count >= Limits.Admin.connections, !makeRoom() {
      let busy = AdminError(.unavailable, "too-many-connections", "too many connections; try again in a while")
      // What the socket does not take at once is not waited for.
      _ = try client.socket.descriptor.write(busy.response.octets(isHead: false, keepsConnection: false)[...])
      return
    }
    try poller.add(client.socket.raw, .readable, token: lastNumber)
    clients[lastNumber] = client
  }

  /// Closes the connection that was idle longest; false when none is idle.
  private func makeRoom() -> Bool {
    let idle = clients.filter { $0.value.connection.isIdle }
    guard let oldest = idle.min(by: { $0.value.connection.lastUse < $1.value.connection.lastUse }) else { return false }
    close(oldest.key)
    return true
  }

  private func close(_ number: UInt64) {
    clients[number] = nil
    for (ticket, waiting) in reloads where waiting.client == number { reloads[ticket] = nil }
  }

  private func serve(_ number: UInt64, _ events: Poller.Events) {
    guard let client = clients[number] else { return }
    do throws(SystemError) {
      if events.contains(.failed), !client.connection.wantsToRead { return close(number) }
      if !events.isDisjoint(with: [.readable, .failed]), client.connection.wantsToRead { try receive(client) }
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
    var wanted: Poller.Events = client.connection.wantsToRead ? .readable : []
    if !client.connection.unsent.isEmpty { wanted.insert(.writable) }
    guard wanted != client.awaited else { return }
    client.awaited = wanted
    try poller.change(client.socket.raw, wanted, token: number)
  }

  private func flush(_ client: Client) throws(SystemError) {
    var sent = 0
    let unsent = client.connection.unsent
    while sent < unsent.count, let count = try client.socket.descriptor.write(unsent[sent...]) { sent += count }
    client.connection.sent(sent, now: now)
  }

  // MARK: Requests

  private func answer(_ request: HTTPRequest, _ number: UInt64, _ client: Client) {
    do throws(AdminError) {
      try listener.access.check(request)
      let (handler, parameters) = try router.find(request)
      switch try handler.answer(context, RouteMatch(request: request, parameters: parameters)) {
      case .now(let response): client.connection.respond(response, now: now)
      case .afterReload(let ticket, let answer): reloads[ticket] = (number, now + Self.reloadTime, answer)
      }
    } catch {
      client.connection.respond(error.response, now: now)
    }
  }

  private func finishReloads() {
    let finished = context.desk.takeFinished()
    // Once all have reported, all answer from the new state.
    if !finished.isEmpty { _ = context.reports() }
    for (ticket, outcome) in finished {
      guard let waiting = reloads.removeValue(forKey: ticket) else { continue }
      respond(waiting.answer(outcome), to: waiting.client)
    }
  }

  private func respond(_ response: HTTPResponse, to number: UInt64) {
    guard let client = clients[number] else { return }
    client.connection.respond(response, now: now)
    do throws(SystemError) { try goOn(number, client) } catch { close(number) }
  }

  // MARK: Time

  private var millisecondsToNextDeadline: Int32? {
    let deadlines = clients.values.compactMap(\.connection.deadline) + reloads.values.map(\.until)
    guard let next = deadlines.min() else { return nil }
    let now = now
    return next <= now ? 0 : Int32(clamping: (next - now + 999_999) / 1_000_000)
  }

  private func expire() {
    let now = now
    for (ticket, waiting) in reloads where waiting.until <= now {
      reloads[ticket] = nil
      respond(
        AdminError(.gatewayTimeout, "reload-timeout", "the reload is still going on; look at the status").response,
        to: waiting.client)
    }
    for (number, client) in clients where client.connection.deadline.map({ $0 <= now }) ?? false {
      client.connection.expire(now: now)
      do throws(SystemError) { try goOn(number, client) } catch { close(number) }
    }
  }
}
