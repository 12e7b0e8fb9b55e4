import Bounds
import Links
import Server
import SystemIO
import Text
import Workspaces

/// `backroad serve`.
enum ServeCommand {
  private static let listen = Flag(
    "--listen", "ADDR:PORT", .repeated, help: "where to listen, UDP and TCP (default: 127.0.0.1:5300)")
  private static let forward = Flag(
    "--forward", "[ZONE=]ADDR", .repeated,
    help: "where to ask for other names, or those of a zone (default: resolv.conf)")
  private static let workers = Flag("--workers", "N", help: "threads that answer; 0 is one a core (default: 0)")
  private static let cache = Flag(
    "--cache", "MIB", help: "how much of upstreams' answers is kept (default: 64)")
  private static let adminHost = Flag(
    "--admin-host", "NAME", .repeated, help: "a name that admin requests may come under, beside localhost")
  private static let probes = Flag(
    "--probes", "ADDR:PORT", help: "where probes ask over TCP, without a token: /healthz and /readyz, and nothing else")
  private static let lameduck = Flag(
    "--lameduck", "SECONDS", help: "how long it goes on answering, as not ready, after SIGTERM (default: 0)")
  private static let metricsByWorkspace = Flag(
    "--metrics-by-workspace", help: "count queries by workspace too, for the metrics")
  private static let tokenOption = Flag(
    "--token-option", "N", help: "the EDNS option that carries a workspace's token (default: 65314)")
  private static let proxy = Flag(
    "--proxy", "CIDR", .repeated, help: "load balancers that tell of the client by the PROXY protocol, version 2")
  private static let search = Flag(
    "--search", "ZONE", .repeated, help: "a search domain of the clients' stubs, whose names are asked of nobody")
  private static let ownNetwork = Flag(
    "--own-network", "CIDR", .repeated,
    help: "a network that links may lead to, beside those that are private everywhere")

  private static let noWatch = Flag(
    "--no-watch", help: "do not watch the endpoints of links: connect to none of them")
  private static let watchEvery = Flag(
    "--watch-every", "SECONDS",
    help: "how often each endpoint of a link is looked at (default: \(WatchSettings.usualSeconds))")
  private static let leases = Flag(
    "--leases", "FILE",
    help: "where leases are kept, one file for each server (default: .backroad/leases in the zones folder)")

  private static let mirror = Flag(
    "--mirror", "DIR", help: "where a server with a store in etcd keeps what that has (default: mirror)")

  static let command = Command(
    words: ["serve"], summary: "answer the workspaces' clients, and forward what is not theirs",
    flags: [
      .config, .zones, .store, .storeUserFile, mirror, listen, forward, leases, workers, cache, .admin, .adminTokenFile,
      adminHost, probes, lameduck, metricsByWorkspace, tokenOption, proxy, search, ownNetwork, noWatch, watchEvery,
    ],
    details: """
      A flag wins over the same key of the configuration file. Files may change while it runs: what is
      right is served within a second, and a workspace with an error stays as it was. SIGHUP reads all
      files again; SIGTERM ends it, once queries in flight are answered. The admin interface, which
      "backroad status" asks, is .backroad/admin.sock in the zones folder unless --admin says otherwise;
      "--admin off" switches it off.
      With a store in etcd the server follows that, and answers from its own copy, the mirror, whether the
      store is there or not (docs/fleet.md).
      """,
    examples: [
      "backroad serve",
      "backroad serve --listen 10.0.0.53:53 --forward 169.254.169.253 --forward corp.example=10.1.0.2",
      "backroad serve --store etcd:http://127.0.0.1:2379 --mirror /var/lib/backroad/mirror",
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let settings = try settings(arguments)
    let resolvConf = (try? Files.read(ResolvConf.path, maximumSize: 1 << 20)) ?? []
    let configuration = try settings.configuration(
      over: arguments.configurationFile(), interfaces: System.interfaceAddresses, resolvConf: resolvConf)
    try Server.run(configuration)
    return .done
  }

  private static func settings(_ arguments: Arguments) throws -> ServerSettings {
    var settings = ServerSettings()
    settings.zones = arguments.folder
    settings.store = try arguments.storeAddress(over: ServerSettings())
    settings.storeUserFile = arguments.value(.storeUserFile)
    settings.mirror = arguments.value(mirror)
    settings.leases = arguments.value(leases)
    if arguments.has(listen) {
      settings.listen = try arguments.values(listen).map { text in
        try readFlag(listen) { () throws(Problem) in try ServerSettings.listenAddress(text) }
      }
    }
    if arguments.has(forward) {
      settings.rules = try readFlag(forward) { () throws(Problem) in
        try ServerSettings.rules(flags: arguments.values(forward))
      }
    }
    settings.workers = try arguments.number(workers, in: 0...Limits.Server.workers)
    settings.cache = try arguments.number(cache, in: ServerSettings.cacheMebibytes)
    settings.admin = try arguments.adminAddress()
    settings.adminTokenFile = arguments.value(.adminTokenFile)
    if arguments.has(adminHost) { settings.adminHosts = arguments.values(adminHost) }
    if let text = arguments.value(probes) {
      settings.probes = try readFlag(probes) { () throws(Problem) in try ServerSettings.probesAddress(text) }
    }
    settings.lameduck = try arguments.number(lameduck, in: ServerSettings.lameduckSeconds)
    if arguments.has(metricsByWorkspace) { settings.metricsByWorkspace = true }
    if arguments.has(noWatch) { settings.watches = false }
    settings.watchSeconds = try arguments.number(watchEvery, in: WatchSettings.rangeSeconds)
    settings.tokenOption = try arguments.number(tokenOption, in: ServerSettings.tokenOptions).map {
      UInt16(truncatingIfNeeded: $0)
    }
    if arguments.has(proxy) {
      settings.proxies = try arguments.values(proxy).map { text in
        try readFlag(proxy) { () throws(Problem) in try ServerSettings.proxy(text) }
      }
      guard arguments.values(proxy).count <= Limits.Server.proxies else {
        throw UsageError("\(proxy.name) is given more than \(Limits.Server.proxies) times")
      }
    }
    if arguments.has(search) {
      settings.search = try arguments.values(search).map { text in
        try readFlag(search) { () throws(Problem) in try SearchList.domain(text) }
      }
      guard arguments.values(search).count <= Limits.Workspaces.searchDomains else {
        throw UsageError("\(search.name) is given more than \(Limits.Workspaces.searchDomains) times")
      }
    }
    if arguments.has(ownNetwork) {
      var reader = OwnNetworkReader(of: .server)
      settings.ownNetworks = try arguments.values(ownNetwork).map { text in
        try readFlag(ownNetwork) { () throws(Problem) in try reader.network(text) }
      }
      guard arguments.values(ownNetwork).count <= Limits.Workspaces.ownNetworks else {
        throw UsageError("\(ownNetwork.name) is given more than \(Limits.Workspaces.ownNetworks) times")
      }
    }
    return settings
  }
}

/// `backroad version`.
enum VersionCommand {
  static let command = Command(
    words: ["version"], summary: "print the version", flags: [],
    run: { _, console in
      console.print("\(Server.version)\n")
      return .done
    })
}
