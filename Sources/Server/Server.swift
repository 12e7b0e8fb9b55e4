import Answering
import Forwarding
import Glibc
import Links
import Storage
import SystemIO
import Text
import Wire
import Workspaces

extension ServerIdentity {
  /// What this server says of itself.
  static var running: ServerIdentity { ServerIdentity(version: Server.version, hostName: System.hostName) }
}

/// The server: workers on every core, and the files they answer from.
public enum Server {
  /// What `version.bind` and `--version` say.
  public static let version = "Backroad 0.1.0"

  /// Serves until SIGTERM or SIGINT, and then finishes what is in flight.
  ///
  /// - Throws: what keeps it from starting, an address that is taken or a folder that is not there; or what ended it.
  public static func run(_ configuration: ServerConfiguration) throws(Problem) {
    do {
      // Before any thread starts, so that all of them leave the signals to the queue.
      let signals = try SignalQueue([SIGTERM, SIGINT, SIGHUP])
      let log = try Log()
      let writer = try LogWriter(log)
      defer { writer.finish() }
      try serve(configuration, signals, log)
    } catch let problem as Problem {
      throw problem
    } catch let error as SystemError {
      throw explain(error)
    } catch {
      throw Problem("\(error)")
    }
  }

  private static func serve(
    _ configuration: ServerConfiguration, _ signals: consuming SignalQueue, _ log: Log
  ) throws {
    let budget = try divideDescriptors(configuration, log)
    for address in configuration.listen { try Socket.checkIsFree(address) }
    let startedAt = (nanoseconds: System.monotonicNanoseconds(), wallSeconds: System.wallClockSeconds())
    let folder = ZonesFolder(path: configuration.zones)
    let following = try Following(configuration, folder, log)
    let (desk, state, readiness) = (try ReloadDesk(), ServerState(), Readiness())
    let failovers = FailoverKeeper(desk: desk)
    let reader = WorkspaceReader(
      folder: folder,
      setting: WorkspaceSetting(
        serverRules: configuration.serverRules,
        own: OwnAddresses(configuration.listen, interfaces: System.interfaceAddresses), grants: configuration.grants,
        networks: PrivateNetworks(own: configuration.ownNetworks), seed: try System.hashSeed()),
      failovers: failovers)
    let listener =
      try folder.exists() ? AdminListener.open(configuration.admin, zones: folder.path, log) : nil
    defer { listener?.removePath() }
    let mail = try Crew.Mail(count: configuration.workerCount)
    let leases = try leaseKeeper(configuration, following, mail, log)
    var reloader = try Reloader(
      reader: reader,
      store: WorkspaceStore(
        grants: reader.setting.grants, own: reader.setting.own, countsQueries: configuration.metricsByWorkspace),
      folder: folder,
      signals: signals, crew: mail, leases: leases, desk: desk, state: state,
      ending: Ending(lameduckSeconds: configuration.lameduckSeconds, readiness), log: log, mirrors: following != nil
    ) { following?.confirm() }
    let states = LinkStates(isWatching: configuration.watches)
    let cache = AnswerCache(capacityOctets: configuration.cacheMebibytes << 20, seed: try System.randomNumber())
    let context = AdminContext(
      configuration: configuration, folder: folder, state: state, desk: desk, readiness: readiness, mail: mail,
      leases: leases, cache: cache, links: states, failovers: failovers, store: following?.state, log: log,
      startedAt: startedAt)
    // From the first moment on: who is still reading is not ready, and no failure.
    let probes = try configuration.probes.map { (address) throws in
      try Probes.start(address, hosts: configuration.admin.hosts, context, log)
    }
    guard try reloader.start() else { return log.note("stopping, before anything was served") }
    let crew = try Crew(mail, configuration, budget, leases.adopt(reloader.snapshot), cache: cache, log)
    let admin = try listener.map { listener throws(SystemError) in
      try AdminService.start(listener, context, connections: budget.adminConnections, log)
    }
    let watch =
      try configuration.watches
      ? LinkWatcher.start(
        WatchSettings(everySeconds: configuration.watchSeconds, atOnce: budget.watched), state, states, failovers,
        never: NeverConnected(own: configuration.ownNetworks), cache: cache, log)
      : nil
    try following?.start(desk, reader.setting, leases, state, readiness, log)
    announce(configuration, reloader.snapshot, reloader.found, log)
    if let listener { log.note("admin interface on \(listener.address)") }
    readiness.serves()
    try reloader.run()
    readiness.ends()
    log.note("stopping: finishing what is in flight")
    // Whatever a worker or the admin interface is at: from here on it is a matter of time. The leases that were
    // acknowledged are on the disk, and what a builder is at is of no use any more.
    let deadline = System.monotonicNanoseconds() + stopNanoseconds
    crew.beginToStop()
    admin?.beginToStop()
    probes?.beginToStop()
    watch?.beginToStop()
    following?.beginToStop()
    if !crew.waitForEnd(until: deadline) { log.note("a worker is not done in time; ending all the same") }
    if let admin, !admin.waitForEnd(until: deadline) { log.note("the admin interface is not done in time; ending") }
    // It waits for nothing but its own turn, and keeps nothing that is to be written.
    _ = watch?.waitForEnd(until: deadline)
    _ = following?.waitForEnd(until: deadline)
    _ = probes?.waitForEnd(until: deadline)
  }

  /// Who keeps the leases: the store, where one is followed, and else a journal.
  private static func leaseKeeper(
    _ configuration: ServerConfiguration, _ following: Following?, _ mail: Crew.Mail, _ log: Log
  ) throws -> LeaseKeeper {
    let seed = try System.randomNumber()
    guard let following else {
      return LeaseKeeper(path: configuration.leasesPath, seed: seed, log: log) { mail.publish($0) }
    }
    return LeaseKeeper(store: following.leaseStore, seed: seed, log: log) { mail.publish($0) }
  }

  /// Raises the limit of open descriptors, and gives everybody their part.
  private static func divideDescriptors(
    _ configuration: ServerConfiguration, _ log: Log
  ) throws -> DescriptorBudget {
    let descriptors = try System.raiseDescriptorLimit()
    do throws(DescriptorBudget.TooFew) {
      let budget = try DescriptorBudget(
        descriptors: descriptors, workers: configuration.workerCount, listeners: configuration.listen.count,
        readers: DescriptorBudget.readers(cores: System.coreCount),
        watches: configuration.watches, probes: configuration.probes != nil)
      if budget.isShort {
        log.note(
          "warning: with \(descriptors) open files at most (ulimit -n) each worker has \(budget.connections) TCP "
            + "connections of clients, \(budget.sockets) sockets and \(budget.streams) connections to upstreams; "
            + "raise the limit, or name fewer --workers")
      }
      return budget
    } catch {
      throw Problem(
        "the limit of \(descriptors) open files is too low: at least \(error.needed) are needed; raise it (ulimit -n, "
          + "LimitNOFILE= of systemd), or name fewer --workers")
    }
  }

  /// How long the process goes on after it was told to end: longer than workers give what is in flight.
  private static let stopNanoseconds: UInt64 = 5_000_000_000

  private static func announce(
    _ configuration: ServerConfiguration, _ snapshot: Snapshot, _ found: (errors: Int, warnings: Int), _ log: Log
  ) {
    let workspaces = snapshot.workspaces
    let zones = workspaces.all.reduce(0) { $0 + $1.workspace.zoneCount }
    let addresses = configuration.listen.map(\.description).joined(separator: ", ")
    log.note(
      "serving \(counted(workspaces.count, "workspace")) with \(counted(zones, "zone")) on \(addresses), "
        + "UDP and TCP, \(counted(configuration.workerCount, "worker"))")
    let interfaces = System.interfaceAddresses
    let exposed = Exposure.warnings(
      configuration.listen, interfaces: interfaces, own: configuration.ownNetworks, file: nil)
    for problem in exposed { log.note("\(problem)") }
    log.note(Exposure.summary(configuration.listen, interfaces: interfaces, own: configuration.ownNetworks))
    let warnings = found.warnings + exposed.count
    if found.errors + warnings > 0 {
      log.note(
        "\(counted(found.errors, "error")) and \(counted(warnings, "warning")) of what is served are known; run backroad check, "
          + "which tells them, and looks at more")
    }
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
