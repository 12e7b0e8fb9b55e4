import Answering
import Fleet
import Forwarding
import Links
import Storage
import SystemIO
import Wire
import Workspaces

/// All that a server is told when it starts.
public struct ServerConfiguration: Sendable {
  /// A forwarding rule of the server's own, for every workspace that has none for the zone.
  public struct Rule: Hashable, Sendable {
    /// The names at and below which the rule holds.
    public var zone: Name
    /// In the order of preference; none means that the zone's names do not exist.
    public var upstreams: [Upstream]

    /// Takes the parts.
    public init(zone: Name, upstreams: [Upstream]) {
      self.zone = zone
      self.upstreams = upstreams
    }
  }

  /// Where to listen unless something else is said: no privilege is needed there, and nobody else hears it.
  public static let defaultListen = [SocketAddress(.v4(0x7f00_0001), port: 5300)]
  /// The zones folder unless something else is said.
  public static let defaultZones = "zones"
  /// The folder of the store's mirror unless something else is said.
  public static let defaultMirror = "mirror"

  /// How many MiB of upstreams' answers are kept unless something else is said.
  public static let defaultCacheMebibytes = 64

  /// The EDNS option that carries a token unless another is chosen.
  public static let defaultTokenOption = Responder.defaultTokenOption

  /// The addresses to listen on, over UDP and TCP.
  public var listen: [SocketAddress]
  /// The zones folder's path; the mirror's of a server that follows a store.
  public var zones: String
  /// The store that the server follows; nil where it serves a folder.
  public var store: StoreAddress?
  /// The file with the store's user and password.
  public var storeUserFile: String?
  /// None: only names in the zones are answered, and in zones that a workspace forwards.
  public var rules: [Rule]
  /// The path of the file that leases are kept in; nil for one in the zones folder.
  public var leases: String?
  /// How many threads answer; 0 for one on each core.
  public var workers: Int
  /// How many MiB of upstreams' answers are kept, by all threads together.
  public var cacheMebibytes: Int
  /// Where and how the running server is asked about itself.
  public var admin: AdminConfiguration
  /// Where probes ask whether it lives and is ready, over TCP and without a token; nil for nowhere but the admin interface.
  public var probes: SocketAddress?
  /// How long it goes on answering, as not ready, once SIGTERM has told it to end, in seconds.
  public var lameduckSeconds = 0
  /// Whether the metrics tell of each workspace.
  public var metricsByWorkspace = false
  /// Whether the endpoints of links are watched.
  public var watches = true
  /// How often each of them is looked at, in seconds, where there are few.
  public var watchSeconds = WatchSettings.usualSeconds
  /// The EDNS option that carries a token.
  public var tokenOption = ServerConfiguration.defaultTokenOption
  /// The load balancers that tell of the true client by the PROXY protocol.
  public var proxies: [IPPrefix] = []
  /// What each workspace may claim; nil where the operator is taken to write all files.
  public var grants: Grants?
  /// The search domains of all clients' stubs, which are closed.
  public var search: [Name] = []
  /// Networks that are private to every workspace beside those that are to everybody.
  public var ownNetworks: [IPPrefix] = []

  /// Takes all of it.
  public init(
    listen: [SocketAddress] = ServerConfiguration.defaultListen, zones: String = ServerConfiguration.defaultZones,
    rules: [Rule] = [], workers: Int = 0, cacheMebibytes: Int = ServerConfiguration.defaultCacheMebibytes,
    admin: AdminConfiguration = AdminConfiguration()
  ) {
    self.listen = listen
    self.zones = zones
    self.rules = rules
    self.workers = workers
    self.cacheMebibytes = cacheMebibytes
    self.admin = admin
  }

  /// The path of the file that leases are kept in.
  public var leasesPath: String {
    if let leases { return leases }
    return zones.hasSuffix("/") ? zones + LeaseJournal.standardPath : "\(zones)/\(LeaseJournal.standardPath)"
  }

  /// The rules that every workspace has beside its own: those that are configured, the special names and the search
  /// domains.
  public var serverRules: ForwardRules {
    var all = rules.map { ForwardRule(owner: .server, zone: $0.zone, upstreams: $0.upstreams) }
    all += SpecialNames.rules(beside: all)
    return ForwardRules(all + SearchList.rules(search, owner: .server, beside: all))
  }

  /// How many threads answer.
  public var workerCount: Int { workers == 0 ? System.coreCount : workers }
}
