import Bounds
import Fleet
import Forwarding
import Links
import Text
import Wire
import Workspaces

/// What `backroad.json` or the flags say; nil for what they leave open.
public struct ServerSettings: Sendable {
  /// The configuration file that is read when there is one in the current folder.
  public static let fileName = "backroad.json"
  /// The least and the most MiB of upstreams' answers to keep.
  public static let cacheMebibytes = 1...65_536

  /// The addresses to listen on.
  public var listen: [SocketAddress]?
  /// The zones folder's path; of a file that names none the usual one, unless a key in it may be meant to.
  public var zones: String?
  /// The fleet's store, where that is not a folder.
  public var store: StoreAddress?
  /// The file with the store's user and password.
  public var storeUserFile: String?
  /// The folder in which a server that follows a store has what that has.
  public var mirror: String?
  /// The path of the leases' file.
  public var leases: String?
  /// The forwarding; an empty list says that there is none.
  public var rules: [ServerConfiguration.Rule]?
  /// Where the file has each of them; nothing for those of flags.
  private var rulePlaces: [(file: String, position: Position)] = []
  /// How many threads answer; 0 for one on each core.
  public var workers: Int?
  /// How many MiB of upstreams' answers are kept.
  public var cache: Int?
  /// Where the running server is asked about itself.
  public var admin: AdminAddress?
  /// The file of the token that the admin interface asks for on TCP.
  public var adminTokenFile: String?
  /// Names that admin requests may come under.
  public var adminHosts: [String]?

  private static let keys = [
    "listen", "zones", "store", "store-user-file", "mirror", "leases", "forward", "workers", "cache", "admin",
    "admin-token-file", "admin-hosts", "probes", "lameduck",
    "metrics-by-workspace", "token-option", "proxies", "grants", "search", "own-networks", "operator", "watch",
    "watch-every",
  ]
  /// Where probes ask.
  public var probes: SocketAddress?
  /// How long the server goes on answering once it was told to end, in seconds.
  public var lameduck: Int?
  /// The longest of it.
  public static let lameduckSeconds = 0...600
  /// Whether the metrics tell of each workspace.
  public var metricsByWorkspace: Bool?
  /// Whether the endpoints of links are watched.
  public var watches: Bool?
  /// How often, in seconds.
  public var watchSeconds: Int?
  /// The EDNS option that carries a token.
  public var tokenOption: UInt16?
  /// The load balancers that tell of the true client.
  public var proxies: [IPPrefix]?
  /// What each workspace may claim; for the file alone.
  public var grants: Grants?
  /// The search domains of all clients' stubs.
  public var search: [Name]?
  /// Networks that are private to every workspace beside those that are to everybody.
  public var ownNetworks: [IPPrefix]?
  /// What customers of the private links are told, and links are held to; for the file alone.
  public var operatorProfile: OperatorProfile?

  /// Settings that leave everything open.
  public init() {}

  /// Reads `backroad.json`.
  ///
  /// - Throws: everything that is wrong, each with its place.
  public init(_ bytes: [UInt8], file: String) throws(Problems) {
    var problems: [Problem] = []
    self.init(bytes, file: file, &problems)
    guard problems.isEmpty else { throw Problems(problems) }
  }

  /// Reads of `backroad.json` what can be read, for one who looks for all that is wrong.
  ///
  /// - Parameter problems: gets everything that is wrong, each with its place.
  public init(_ bytes: [UInt8], file: String, _ problems: inout [Problem]) {
    do throws(Problem) {
      let root = try JSON.parse(
        bytes, file: file, comments: true, maximumOctets: Limits.Server.configurationOctets
      ).expectObject(Self.fileName, file: file)
      problems += root.unknownKeys(known: Self.keys, file: file)
      collect(into: &problems) { () throws(Problem) in listen = try Self.listen(root["listen"], file) }
      collect(into: &problems) { () throws(Problem) in
        let isMeant = root.members.contains { Self.meansZones($0.key) }
        zones = try Self.path("zones", of: "a folder", root, file) ?? (isMeant ? nil : ServerConfiguration.defaultZones)
      }
      collect(into: &problems) { () throws(Problem) in try readStore(root, file) }
      collect(into: &problems) { () throws(Problem) in leases = try Self.path("leases", of: "a file", root, file) }
      collect(into: &problems) { () throws(Problem) in
        let read = try Self.rules(root["forward"], file)
        rules = read?.map { ServerConfiguration.Rule(zone: $0.zone, upstreams: $0.upstreams) }
        rulePlaces = read?.map { (file, $0.position) } ?? []
      }
      collect(into: &problems) { () throws(Problem) in
        cache = try root["cache"]?.expectInt("\"cache\"", in: Self.cacheMebibytes, file: file)
      }
      collect(into: &problems) { () throws(Problem) in tokenOption = try Self.tokenOption(root["token-option"], file) }
      collect(into: &problems) { () throws(Problem) in proxies = try Self.proxies(root["proxies"], file) }
      collectAll(into: &problems) { () throws(Problems) in
        grants = try root["grants"].map { value throws(Problems) in try Grants(value, file: file) }
      }
      collectAll(into: &problems) { () throws(Problems) in
        search = try root["search"].map { value throws(Problems) in try SearchList.read(value, file: file) }
      }
      collectAll(into: &problems) { () throws(Problems) in
        ownNetworks = try root["own-networks"].map { value throws(Problems) in try OwnNetworks.read(value, file: file) }
      }
      collectAll(into: &problems) { () throws(Problems) in
        let networks = PrivateNetworks(own: ownNetworks ?? [])
        operatorProfile = try root["operator"].map { value throws(Problems) in
          try OperatorProfile(value, networks: networks, file: file)
        }
      }
      collect(into: &problems) { () throws(Problem) in
        workers = try root["workers"]?.expectInt("\"workers\"", in: 0...Limits.Server.workers, file: file)
      }
      collect(into: &problems) { () throws(Problem) in admin = try Self.admin(root["admin"], file) }
      collect(into: &problems) { () throws(Problem) in
        adminTokenFile = try Self.path("admin-token-file", of: "a file", root, file)
      }
      collect(into: &problems) { () throws(Problem) in adminHosts = try Self.adminHosts(root["admin-hosts"], file) }
      collect(into: &problems) { () throws(Problem) in probes = try Self.probes(root["probes"], file) }
      collect(into: &problems) { () throws(Problem) in
        lameduck = try root["lameduck"]?.expectInt("\"lameduck\"", in: Self.lameduckSeconds, file: file)
      }
      collect(into: &problems) { () throws(Problem) in
        metricsByWorkspace = try root["metrics-by-workspace"]?.expectBool("\"metrics-by-workspace\"", file: file)
      }
      collect(into: &problems) { () throws(Problem) in
        watches = try root["watch"]?.expectBool("\"watch\"", file: file)
      }
      collect(into: &problems) { () throws(Problem) in
        watchSeconds = try root["watch-every"]?.expectInt(
          "\"watch-every\"", in: WatchSettings.rangeSeconds, file: file)
      }
    } catch {
      problems.append(error)
    }
  }

  private static func listen(_ value: JSON?, _ file: String) throws(Problem) -> [SocketAddress]? {
    guard let value else { return nil }
    var addresses: [SocketAddress] = []
    for element in try value.expectArray("\"listen\"", file: file) {
      let text = try element.expectString("an address to listen on", file: file)
      do throws(Problem) {
        addresses.append(try listenAddress(text))
      } catch {
        throw Problem(file: file, position: element.position, error.message)
      }
    }
    guard !addresses.isEmpty, addresses.count <= Limits.Server.listeners else {
      throw Problem(
        file: file, position: value.position, "\"listen\" is a list of 1 to \(Limits.Server.listeners) addresses")
    }
    return addresses
  }

  /// Reads where the workspaces are kept: `"store"` is a folder, which is the same as `"zones"`, or etcd.
  private mutating func readStore(_ root: JSON.Object, _ file: String) throws(Problem) {
    storeUserFile = try Self.path("store-user-file", of: "a file", root, file)
    mirror = try Self.path("mirror", of: "a folder", root, file)
    guard let value = root["store"] else { return }
    guard root["zones"] == nil else {
      throw Problem(
        file: file, position: value.position, "\"store\" and \"zones\" say the same thing; leave one of them out")
    }
    let text = try value.expectString("\"store\"", file: file)
    guard StoreAddress.isMeant(by: text) else {
      zones = try Self.path("store", of: "a folder", root, file)
      return
    }
    store = try StoreAddress(text, file: file, position: value.position)
  }

  /// True for a key that is none, and that somebody may have written for `zones`.
  private static func meansZones(_ key: String) -> Bool {
    !keys.contains(key) && (key.lowercased().contains("zone") || nearest(to: key, among: keys) == "zones")
  }

  /// A path in the file counts from the file's own folder, so that it means the same wherever the server is started.
  private static func path(
    _ key: String, of what: String, _ root: JSON.Object, _ file: String
  ) throws(Problem) -> String? {
    guard let value = root[key] else { return nil }
    let path = try value.expectString("\"\(key)\"", file: file)
    guard !path.isEmpty else { throw Problem(file: file, position: value.position, "\"\(key)\" is \(what)'s path") }
    return fromFolder(of: file, path)
  }

  private static func fromFolder(of file: String, _ path: String) -> String {
    guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
    return file[...slash] + path
  }

  private static func admin(_ value: JSON?, _ file: String) throws(Problem) -> AdminAddress? {
    guard let value else { return nil }
    do throws(Problem) {
      let address = try AdminAddress(value.expectString("\"admin\"", file: file))
      if case .socket(let path) = address { return .socket(fromFolder(of: file, path)) }
      return address
    } catch {
      throw Problem(file: file, position: value.position, error.message)
    }
  }

  private static func probes(_ value: JSON?, _ file: String) throws(Problem) -> SocketAddress? {
    guard let value else { return nil }
    let text = try value.expectString("\"probes\"", file: file)
    do throws(Problem) {
      return try probesAddress(text)
    } catch {
      throw Problem(file: file, position: value.position, error.message)
    }
  }

  private static func adminHosts(_ value: JSON?, _ file: String) throws(Problem) -> [String]? {
    guard let value else { return nil }
    let elements = try value.expectArray("\"admin-hosts\"", file: file)
    guard elements.count <= Limits.Admin.hosts else {
      throw Problem(file: file, position: value.position, "more than \(Limits.Admin.hosts) names")
    }
    var hosts: [String] = []
    for element in elements { hosts.append(try element.expectString("a name", file: file)) }
    return hosts
  }

  private static func rules(_ value: JSON?, _ file: String) throws(Problem) -> [WorkspaceFile.Rule]? {
    guard let value else { return nil }
    var rules: [WorkspaceFile.Rule] = []
    var firsts: [Name: Position] = [:]
    for element in try value.expectArray("\"forward\"", file: file) {
      let rule = try ForwardRuleText.rule(element, file: file)
      if let first = firsts.updateValue(rule.position, forKey: rule.zone) {
        throw Problem(
          file: file, position: rule.position,
          "a second rule for \(rule.zone), the first is in line \(first.line); name all upstreams in one")
      }
      rules.append(rule)
    }
    return rules
  }

  /// Reads `ADDRESS:PORT`.
  public static func listenAddress(_ text: String) throws(Problem) -> SocketAddress {
    guard let address = SocketAddress(text, defaultPort: 0) else {
      throw Problem("\(quoted(text)) is not an address and port; write one like 127.0.0.1:5300 or [::1]:5300")
    }
    guard address.port != 0 else {
      throw Problem("\(quoted(text)) has no port; write \(SocketAddress(address.address, port: 53)) for DNS's own")
    }
    return address
  }

  /// Reads the `ADDRESS:PORT` at which probes ask.
  public static func probesAddress(_ text: String) throws(Problem) -> SocketAddress {
    guard let address = SocketAddress(text, defaultPort: 0), address.port != 0 else {
      throw Problem("\(quoted(text)) is not an address and port for probes; write one like 0.0.0.0:9354")
    }
    return address
  }

  /// Reads `[ZONE=]ADDRESS` flags; several for one zone are one rule, in their order.
  public static func rules(flags: [String]) throws(Problem) -> [ServerConfiguration.Rule] {
    var rules: [ServerConfiguration.Rule] = []
    for flag in flags {
      let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let zone = try parts.count == 2 ? ForwardRuleText.zone(String(parts[0])) : Name.root
      let upstream = try ForwardRuleText.upstream(String(parts[parts.count - 1]))
      if let index = rules.firstIndex(where: { $0.zone == zone }) {
        rules[index].upstreams.append(upstream)
        guard rules[index].upstreams.count <= Limits.Workspaces.upstreamsOfRule else {
          throw Problem("more than \(Limits.Workspaces.upstreamsOfRule) upstreams for \(zone)")
        }
      } else {
        rules.append(ServerConfiguration.Rule(zone: zone, upstreams: [upstream]))
      }
    }
    return rules
  }
}

extension ServerSettings {
  /// Where somebody on this machine asks the server that has these settings: the first of its addresses, or the usual one.
  public var askedAt: SocketAddress {
    let first = listen?.first ?? ServerConfiguration.defaultListen[0]
    guard first.address.isUnspecified else { return first }
    return SocketAddress(first.address == .v4(0) ? .v4(0x7f00_0001) : IPAddress(v6: 1), port: first.port)
  }

  /// The configuration that these settings make.
  ///
  /// - Parameters:
  ///   - file: what the file says of what these, the flags, leave open.
  ///   - interfaces: the machine's own addresses.
  ///   - resolvConf: the machine's `resolv.conf`, whose name servers are the upstreams when neither names any.
  /// - Throws: when an upstream is the server itself, or the workspaces are where no server reads them.
  public func configuration(over file: ServerSettings, interfaces: [IPAddress] = [], resolvConf: [UInt8])
    throws(Problem) -> ServerConfiguration
  {
    let followed = try followed(over: file)
    var configuration = ServerConfiguration(
      listen: listen ?? file.listen ?? ServerConfiguration.defaultListen,
      zones: followed?.mirror ?? zones ?? file.zones ?? ServerConfiguration.defaultZones,
      workers: workers ?? file.workers ?? 0,
      cacheMebibytes: cache ?? file.cache ?? ServerConfiguration.defaultCacheMebibytes, admin: admin(over: file))
    configuration.store = followed?.store
    configuration.storeUserFile = storeUserFile ?? file.storeUserFile
    configuration.leases = leases ?? file.leases
    configuration.probes = probes ?? file.probes
    configuration.lameduckSeconds = lameduck ?? file.lameduck ?? configuration.lameduckSeconds
    configuration.metricsByWorkspace = metricsByWorkspace ?? file.metricsByWorkspace ?? false
    configuration.watches = watches ?? file.watches ?? configuration.watches
    configuration.watchSeconds = watchSeconds ?? file.watchSeconds ?? configuration.watchSeconds
    configuration.tokenOption = tokenOption ?? file.tokenOption ?? configuration.tokenOption
    configuration.proxies = proxies ?? file.proxies ?? []
    configuration.grants = file.grants
    configuration.search = search ?? file.search ?? []
    configuration.ownNetworks = ownNetworks ?? file.ownNetworks ?? []
    var listeners: Set<SocketAddress> = []
    for address in configuration.listen where !listeners.insert(address).inserted {
      throw Problem("\(address) is named twice as an address to listen on; remove one")
    }
    let own = OwnAddresses(configuration.listen, interfaces: interfaces)
    if let rules = rules ?? file.rules {
      let places = self.rules == nil ? file.rulePlaces : rulePlaces
      for (index, rule) in rules.enumerated() {
        guard let upstream = rule.upstreams.first(where: { own.contains($0.address) }) else { continue }
        let place = places.indices.contains(index) ? places[index] : nil
        throw Problem(
          file: place?.file, position: place?.position,
          "the upstream \(upstream) is this server itself, so that queries would go round; name another")
      }
      configuration.rules = rules
    } else {
      let upstreams = ResolvConf.nameServers(resolvConf).filter { !own.contains($0.address) }
      if !upstreams.isEmpty { configuration.rules = [.init(zone: .root, upstreams: upstreams)] }
    }
    return configuration
  }

  /// The store that is followed, and its mirror; nil where a folder is served.
  ///
  /// - Throws: when flags say both, or something of a mirror or of leases that a store's server does not have.
  private func followed(over file: ServerSettings) throws(Problem) -> (store: StoreAddress, mirror: String)? {
    guard let store = store ?? (zones == nil ? file.store : nil) else {
      guard mirror == nil else {
        throw Problem("a mirror is of a store in etcd; name it with --store, or leave it out")
      }
      return nil
    }
    guard leases == nil, file.leases == nil else {
      throw Problem("the leases of a server with a store are in the store; leave \"leases\" out")
    }
    return (store, mirror ?? file.mirror ?? ServerConfiguration.defaultMirror)
  }

  private func admin(over file: ServerSettings) -> AdminConfiguration {
    var configuration = AdminConfiguration()
    configuration.address = admin ?? file.admin
    configuration.tokenFile = adminTokenFile ?? file.adminTokenFile
    configuration.hosts = adminHosts ?? file.adminHosts ?? []
    return configuration
  }
}

private func collect(into problems: inout [Problem], _ body: () throws(Problem) -> Void) {
  do throws(Problem) {
    try body()
  } catch {
    problems.append(error)
  }
}

private func collectAll(into problems: inout [Problem], _ body: () throws(Problems) -> Void) {
  do throws(Problems) {
    try body()
  } catch {
    problems += error.all
  }
}
