import Answering
import Forwarding
import Glibc
import Storage
import SystemIO
import Text
import Wire
import Workspaces

/// The server: workers on every core, and the files they answer from.
public enum Server {
  /// What `version.bind` and `--version` say.
  public static let version = "Backroad 0.1.0"

  /// Serves until SIGTERM or SIGINT, and then finishes what is in flight.
  ///
  /// - Throws: what keeps it from starting, an address that is taken or a folder that is not there; or what ended it.
  public static func run(_ configuration: ServerConfiguration, log: Log = Log()) throws(Problem) {
    do {
      try serve(configuration, log)
    } catch let problem as Problem {
      throw problem
    } catch let error as SystemError {
      throw explain(error)
    } catch {
      throw Problem("\(error)")
    }
  }

  private static func serve(_ configuration: ServerConfiguration, _ log: Log) throws {
    // Before any thread starts, so that all of them leave the signals to the queue.
    let signals = try SignalQueue([SIGTERM, SIGINT, SIGHUP])
    for address in configuration.listen { try Socket.checkIsFree(address) }
    let folder = ZonesFolder(path: configuration.zones)
    let rules = configuration.rules.map { ForwardRule(owner: .server, zone: $0.zone, upstreams: $0.upstreams) }
    try checkUpstreams(rules, configuration.listen)
    let store = WorkspaceStore(
      folder: folder, serverRules: rules + SpecialNames.rules(beside: rules), listeners: configuration.listen)
    var reloader = try Reloader(store: store, folder: folder, signals: signals, log: log)
    let snapshot = try reloader.start()
    let crew = try Crew(configuration, snapshot, log)
    announce(configuration, snapshot, log)
    try reloader.run { crew.publish($0) }
    log.note("stopping: finishing what is in flight")
    crew.stop()
  }

  /// A server that asks itself answers nobody.
  private static func checkUpstreams(_ rules: [ForwardRule], _ listeners: [SocketAddress]) throws(Problem) {
    for rule in rules {
      for upstream in rule.upstreams where Workspace.isOwn(upstream, listeners) {
        throw Problem("the upstream \(upstream) of \(rule.zone) is this server itself; name another with --forward")
      }
    }
  }

  private static func announce(_ configuration: ServerConfiguration, _ snapshot: Snapshot, _ log: Log) {
    let zones = snapshot.workspaces.reduce(0) { $0 + $1.zoneCount }
    let addresses = configuration.listen.map(\.description).joined(separator: ", ")
    log.note(
      "serving \(counted(snapshot.workspaces.count, "workspace")) with \(counted(zones, "zone")) on \(addresses), "
        + "UDP and TCP, \(counted(configuration.workerCount, "worker"))")
    if configuration.rules.isEmpty {
      log.note("there is no upstream, so only names in the zones are answered; name one with --forward")
    }
  }

  private static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  /// Says what a person can do about a failed start.
  private static func explain(_ error: SystemError) -> Problem {
    switch error.code {
    case EADDRINUSE:
      Problem("\(error.subject) is in use by another program; stop that one, or name another address with --listen")
    case EADDRNOTAVAIL:
      Problem("\(error.subject) is no address of this machine; name one that is with --listen")
    case EACCES, EPERM:
      Problem("\(error.subject): \(error.reason); a port below 1024 needs the capability CAP_NET_BIND_SERVICE")
    default:
      Problem("\(error)")
    }
  }
}

/// The workers' threads, and how they are told things.
private struct Crew: ~Copyable {
  private let mailboxes: [Mailbox]
  private let threads: [WorkerThread]

  private final class WorkerThread {
    private var thread: Thread?
    init(_ thread: consuming Thread) { self.thread = consume thread }
    func join() { thread.take()?.join() }
  }

  /// Opens every worker's sockets, and then starts the threads: either all of them serve, or none.
  init(_ configuration: ServerConfiguration, _ snapshot: Snapshot, _ log: Log) throws(SystemError) {
    let identity = ServerIdentity(version: Server.version, hostName: System.hostName)
    let seed = try System.random(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
    let cache = AnswerCache(capacityOctets: configuration.cacheMebibytes << 20, seed: seed)
    var mailboxes: [Mailbox] = []
    var threads: [WorkerThread] = []
    for index in 0..<configuration.workerCount {
      let mailbox = try Mailbox()
      let worker = try Worker(
        listen: configuration.listen, snapshot: snapshot, identity: identity, mailbox: mailbox, cache: cache)
      mailboxes.append(mailbox)
      threads.append(
        WorkerThread(
          try Thread(name: "worker-\(index)") {
            do throws(SystemError) {
              try worker.run()
            } catch {
              log.note("worker \(index) ended: \(error)")
              kill(getpid(), SIGTERM)
            }
          }))
    }
    self.mailboxes = mailboxes
    self.threads = threads
  }

  func publish(_ snapshot: Snapshot) {
    for mailbox in mailboxes { mailbox.publish(snapshot) }
  }

  /// Lets every worker finish, and waits for them.
  func stop() {
    for mailbox in mailboxes { mailbox.stop() }
    for thread in threads { thread.join() }
  }
}
