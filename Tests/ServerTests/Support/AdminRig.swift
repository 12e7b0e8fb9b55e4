import Admin
import Foundation
import Storage
import Synchronization
import SystemIO
import Testing
import Text
import Wire
import Workspaces

@testable import Forwarding
@testable import Server

/// The admin interface on a Unix socket of its own, beside a desk at which nobody but the test reloads anything.
final class AdminRig {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("admin-\(UUID().uuidString)")
  let context: AdminContext
  private let running: AdminService.Running
  private let workers: Workers

  var desk: ReloadDesk { context.desk }
  var path: String { folder.appendingPathComponent("a.sock").path }

  /// - Parameters:
  ///   - workers: how many there are, and of these how many report.
  ///   - report: what each says.
  init(
    connections: Int = 8, workers: (count: Int, reporting: Int) = (1, 1),
    routes: [Route<any AdminHandler>] = AdminRoutes.all, report: WorkerReport = .empty
  ) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let mail = try Crew.Mail(count: workers.count)
    let zones = folder.appendingPathComponent("zones").path
    let log = try Log()
    let keeper = LeaseKeeper(path: folder.appendingPathComponent("leases").path, seed: 7, log: log) { _ in [] }
    let desk = try ReloadDesk()
    context = AdminContext(
      configuration: ServerConfiguration(zones: zones), folder: ZonesFolder(path: zones), state: ServerState(),
      desk: desk, readiness: Readiness(), mail: mail, leases: keeper, cache: AnswerCache(seed: 1),
      links: LinkStates(isWatching: true),
      failovers: FailoverKeeper(desk: desk), store: nil, log: log, startedAt: (0, 0))
    self.workers = Workers(Array(mail.mailboxes.prefix(workers.reporting)), report)
    let listener = try Self.listener(folder.appendingPathComponent("a.sock").path)
    running = try AdminService.start(listener, context, routes: routes, connections: connections, log)
  }

  deinit {
    running.beginToStop()
    workers.stop()
    #expect(running.waitForEnd(until: System.monotonicNanoseconds() + 20_000_000_000))
    try? FileManager.default.removeItem(at: folder)
  }

  static func listener(_ path: String) throws -> AdminListener {
    var configuration = AdminConfiguration()
    configuration.address = .socket(path)
    return try #require(try AdminListener.open(configuration, zones: "", Log()))
  }

  /// Puts workspaces of these names, with 10.0.0.0/8 and on as clients, into what is served.
  func serve(_ names: [String]) throws {
    let workspaces = try names.enumerated().map { index, name in
      let source = WorkspaceSource(
        name: try #require(WorkspaceName(name)), folder: name,
        files: ["workspace.json": Array("{ \"clients\": [\"\(10 + index).0.0.0/8\"] }".utf8)])
      return try #require(Workspace.load(source, serverRules: []).workspace)
    }
    context.state.serves(context.leases.adopt(Snapshot.make(workspaces).snapshot), broken: [:])
  }

  /// Makes a workspace's folder, which nobody reads.
  func makeFolder(_ name: String) throws {
    let path = folder.appendingPathComponent("zones").appendingPathComponent(name)
    try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
  }

  func eventually(_ what: String, _ isSo: () throws -> Bool) throws {
    let deadline = Date().addingTimeInterval(20)
    while try !isSo() {
      try #require(Date() < deadline, "not in time: \(what)")
      usleep(1000)
    }
  }

  // MARK: Clients

  /// A connection, which ends with its last reference.
  final class Connection {
    private let socket: Socket
    private var received: [UInt8] = []

    fileprivate init(_ path: String) throws { socket = try .unixClient(path) }

    fileprivate func send(_ text: String) throws {
      _ = try socket.descriptor.write(Array(text.utf8)[...])
    }

    /// What has come of the answer so far; nil until it is whole.
    var answer: (status: Int, body: String)? {
      get throws {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while let count = try socket.descriptor.read(into: &buffer), count > 0 { received += buffer[..<count] }
        let text = String(decoding: received, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"), let length = text.firstMatch(of: /Content-Length: ([0-9]+)/)
        else { return nil }
        let body = text[end.upperBound...]
        guard body.utf8.count == Int(length.1) ?? -1 else { return nil }
        return (Int(text.split(separator: " ")[1]) ?? 0, String(body))
      }
    }
  }

  func get(_ path: String) throws -> Connection {
    let connection = try Connection(self.path)
    try connection.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection
  }

  func post(_ path: String, _ body: String) throws -> Connection {
    let connection = try Connection(self.path)
    try connection.send(
      """
      POST \(path) HTTP/1.1\r
      Host: localhost\r
      Content-Type: application/json\r
      Content-Length: \(body.utf8.count)\r
      \r
      \(body)
      """)
    return connection
  }

  /// Waits for the answer.
  func answer(_ connection: Connection) throws -> (status: Int, body: String) {
    var answer: (status: Int, body: String)?
    try eventually("an answer") {
      answer = try connection.answer
      return answer != nil
    }
    return try #require(answer)
  }

  // MARK: The desk

  /// What the desk was asked since the rig began.
  private(set) var asked: [ReloadDesk.Ticket] = []
  private(set) var withdrawn: Set<ReloadDesk.Ticket> = []

  /// Looks at the desk as the reloader does.
  func lookAtDesk() {
    let more = desk.takeAsked()
    asked += more.tickets
    withdrawn.formUnion(more.withdrawn)
  }
}

extension WorkerReport {
  /// Of a worker that nobody has asked.
  static var empty: WorkerReport {
    WorkerReport(usage: ForwardUsage(exchanges: 0, waiters: 0, sockets: 0, streams: 0, timers: 0, upstreams: 0))
  }
}

/// Workers that do nothing but report.
private final class Workers {
  private let mailboxes: [Mailbox]
  private let end: Completion?

  init(_ mailboxes: [Mailbox], _ report: WorkerReport) {
    self.mailboxes = mailboxes
    let end = try? Completion(count: mailboxes.count)
    self.end = end
    for mailbox in mailboxes {
      do {
        try Thread(name: "reporter") {
          var snapshot = Snapshot.make([]).snapshot
          while !mailbox.exchange(&snapshot) {
            mailbox.takeReportDesk()?.deliver(report)
            usleep(500)
          }
          end?.arrive()
        }.detach()
      } catch {
        Issue.record("no thread: \(error)")
      }
    }
  }

  func stop() {
    for mailbox in mailboxes { mailbox.stop() }
    _ = end?.wait(until: System.monotonicNanoseconds() + 20_000_000_000)
  }
}
