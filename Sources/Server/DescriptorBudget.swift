import Bounds
import Forwarding

/// How the descriptors that the process may have are divided, so that nothing outsiders do takes those that others need.
///
/// Each part is kept by whoever opens: clients' connections, sockets and connections to upstreams, and connections of the
/// admin interface are bounded in number. What is left over (files that are read, the journal, inotify, what asking the
/// workers takes) has a part of its own.
struct DescriptorBudget: Hashable {
  /// Clients' TCP connections of one worker.
  let connections: Int
  /// UDP sockets to upstreams of one worker.
  let sockets: Int
  /// TCP connections to upstreams of one worker.
  let streams: Int
  /// Connections of the admin interface.
  let adminConnections: Int
  /// What is under way at once to see whether links' endpoints take connections; 0 where nobody watches.
  let watched: Int
  /// There are too few to serve with.
  struct TooFew: Error, Hashable {
    /// How many there would have to be.
    let needed: Int
  }

  /// The least of each that is worth starting with.
  private static let fewest = (connections: 16, sockets: 32, streams: 4, adminConnections: 8, watched: 8)

  /// The poller of a thread that reads workspaces, and the folders and files that it has open: the zones folder, a workspace's,
  /// one below it, one that is listed, a way's last folder, a file.
  static let ofReader = 8

  /// How many threads read workspaces at the most, with so many cores: in the quick lane, in the place of those that are
  /// held up, in the two other lanes, and beside them the admin interface's and the first.
  static func readers(cores: Int) -> Int {
    min(cores, Limits.Building.threads) + Limits.Building.sparesOfThreads + 4
  }

  /// Divides.
  ///
  /// - Parameters:
  ///   - descriptors: how many the process may have open.
  ///   - workers: how many there are.
  ///   - listeners: on how many addresses each of them listens, over UDP and TCP.
  ///   - readers: how many workspaces are read at once.
  ///   - watches: whether links' endpoints are watched.
  ///   - probes: whether probes have a listener of their own.
  /// - Throws: where too few are left for clients and upstreams.
  init(
    descriptors: Int, workers: Int, listeners: Int, readers: Int, watches: Bool = false,
    probes: Bool = false
  ) throws(TooFew) {
    // A worker's three pollers and mailbox, its listening sockets.
    let ofWorker = 4 + 2 * listeners
    // Standard streams, signals, journal, inotify, pollers, reports; and the folders and files that one reading has open.
    let ownUse = 48 + Self.ofReader * readers
    let fixed =
      ownUse + workers * ofWorker + (watches ? LinkWatcher.descriptors : 0) + (probes ? Probes.descriptors : 0)
    let fewest = Self.fewest
    let ofProbe = watches ? LinkWatcher.descriptorsOfProbe : 0
    let needed =
      fixed + fewest.adminConnections + fewest.watched * ofProbe + workers
      * (fewest.connections + fewest.sockets + fewest.streams)
    guard descriptors >= needed else { throw TooFew(needed: needed) }
    let forwarding = ForwardSettings()
    // Not negative, as `needed` holds the least of each.
    let spare = descriptors - needed
    adminConnections = min(Limits.Admin.connections, fewest.adminConnections + spare / 16)
    watched = watches ? min(Limits.Watching.atOnce, fewest.watched + spare / (16 * ofProbe)) : 0
    let taken = adminConnections - fewest.adminConnections + (watches ? (watched - fewest.watched) * ofProbe : 0)
    let each = (spare - taken) / workers
    connections = min(Limits.Clients.connections, fewest.connections + each / 4)
    streams = min(forwarding.maximumStreams, fewest.streams + each / 16)
    let left = each - (connections - fewest.connections) - (streams - fewest.streams)
    sockets = min(forwarding.maximumSockets, fewest.sockets + left)
  }

  /// True when there are so few that clients will notice it.
  var isShort: Bool {
    connections < Limits.Clients.connections || streams < ForwardSettings().maximumStreams || sockets < Self.fairSockets
  }

  /// So many sockets are enough for whoever is not attacked: one is open for a few milliseconds.
  private static let fairSockets = 1024
}
