import Forwarding
import Wire
import Workspaces

/// Follows a store: hands on everything that is in it, as of one revision, and then each change of it, whole.
///
/// A state machine without input or output: the caller hands it the time, random numbers and what its connections bring,
/// and carries out its actions. After every call, take the actions and look at `nextDeadline`. Used by one thread.
///
/// It uses one endpoint at a time, by two connections: one asks (loads, canary, lease), the other watches. Whatever goes
/// wrong with either, both are closed, and the next endpoint is tried; what has been handed on stays as it was.
///
/// - Everything is read in pages of one revision, and watched from the next. What has changed is handed on by whole revisions.
/// - A canary of its own, put by the one connection, must come by the other: a watch that has died silently is found by that.
/// - Another cluster, or a restored backup, is found by its number, its revision or its term. Everything is then read anew.
/// - Workspaces that go by more than half, in one reading or one revision, are held until somebody confirms that they are gone.
/// - Each hour what is known is compared with what is there.
public final class Follower {
  /// Its times and limits.
  public let settings: FollowSettings
  /// What was counted.
  public internal(set) var counters = FollowCounters()
  /// The revision up to which everything was handed on; nil until the first load of this store has ended.
  public internal(set) var cursor: Int64?
  /// When the store last proved that nothing is missed; nil for never. Everything that was written before was handed on.
  public internal(set) var lastContact: Instant?
  /// What is known of which store it is; to be kept beside what was handed on, and given to the next follower.
  public internal(set) var identity: StoreIdentity
  /// The workspaces that are missing in the store and stay until `confirm`.
  public internal(set) var held: Set<WorkspaceName> = []

  let keys: FollowKeys
  let replica: ReplicaDescription
  let credentials: StoreCredentials?
  let store: StoreAddress
  let random: () -> UInt64

  // What was handed on.
  var known = Knowledge()
  /// The workspaces that whoever takes them has.
  var served: Set<WorkspaceName>
  /// The last revision that changed a workspace or a pod, as far as is known: deletions before the first load are not.
  var contentRevision: Int64 = 0
  /// The revision that everything was loaded of.
  var loadedRevision: Int64 = 0

  // What is being read.
  var loading: StoreLoading?
  /// The workspaces that were served when loading began; nil when none is under way.
  var servedBefore: Set<WorkspaceName>?
  /// Some were held then, and nobody has confirmed since that they are gone.
  var hadHeld = false
  var isOtherStore = false
  var comparison: StoreComparison?
  var compareDue: Instant?
  var failedProofs = 0
  var mends: [StoreUnit] = []
  var mend: StoreMend?

  // The connections.
  var endpoint: Int
  var asking: StoreLink?
  var asked: Asked?
  var watch: StoreWatch?
  /// The endpoint has shown that it is the same store, and no older.
  var isProbed = false
  /// When the next endpoint is tried; nil while one is used.
  var retryAt: Instant?
  var failuresInRow = 0
  var failure: FollowFailure?
  var isStopping = false
  var isStopped = false
  private var lastConnection: UInt64 = 0

  // What the replica writes.
  var token: String?
  /// The token has not served yet.
  var isTokenFresh = false
  var needsNoToken = false
  var lease: StoreLease?
  var canary: Canary
  var presence = Presence()
  /// Until when nothing is written, because the database is full.
  var fullUntil: Instant?

  var actions: [FollowAction] = []

  /// - Parameters:
  ///   - store: the store's members, each of which is an endpoint, and what its keys start with.
  ///   - replica: what this replica says of itself.
  ///   - credentials: the user and the password, where the store wants them.
  ///   - served: the workspaces that whoever takes the changes has already, from a mirror.
  ///   - identity: which store they are of.
  ///   - random: any 64 bits.
  public init(
    settings: FollowSettings = FollowSettings(), store: StoreAddress, replica: ReplicaDescription,
    credentials: StoreCredentials? = nil, served: Set<WorkspaceName> = [], identity: StoreIdentity = StoreIdentity(),
    random: @escaping () -> UInt64
  ) {
    self.settings = settings
    keys = FollowKeys(prefix: store.prefix, replica: replica.id)
    self.store = store
    self.replica = replica
    self.credentials = credentials
    self.served = served
    self.identity = identity
    self.random = random
    // Not all replicas at the same member.
    endpoint = Int(random() % UInt64(store.members.count))
    canary = Canary(boot: random())
  }

  // MARK: What the caller does

  /// Starts, once.
  public func start(now: Instant) {
    guard asking == nil, retryAt == nil else { return }
    compareDue = now + settings.compareEvery
    startLoading("it starts", now)
    attach(now)
  }

  /// A connection that was to be opened is.
  public func opened(_ connection: StoreConnection, now: Instant) {
    if asking?.connection == connection {
      asking?.opened()
    } else if watch?.link.connection == connection {
      watch?.link.opened()
      do throws(FollowFailure) { try sendWatch(now) } catch { fail(error, now) }
    }
    pump(now)
  }

  /// Octets have come on a connection.
  public func received(_ connection: StoreConnection, _ octets: [UInt8], now: Instant) {
    do throws(FollowFailure) {
      if asking?.connection == connection {
        try heardAnswer(octets, now)
      } else if watch?.link.connection == connection {
        try heardWatch(connection, octets, now)
      }
    } catch {
      fail(error, now)
    }
    pump(now)
  }

  /// A connection was not made, or has ended.
  ///
  /// - Parameter why: for people; nil for an end without an error.
  public func ended(_ connection: StoreConnection, why: String? = nil, now: Instant) {
    if var link = asking, link.connection == connection {
      // A server may end an idle connection at any time.
      if asked == nil, link.answers > 0, why == nil {
        reopenAsking(now, isEnded: true)
      } else {
        fail(link.ended(why), now, ended: connection)
      }
    } else if var link = watch?.link, link.connection == connection {
      fail(link.ended(why), now, ended: connection)
    }
    pump(now)
  }

  /// A person confirms that the workspaces that are held are gone.
  public func confirm(now: Instant) {
    guard !held.isEmpty else { return }
    actions.append(.gone(held))
    served.subtract(held)
    (held, hadHeld) = ([], false)
  }

  /// Gives back the lease, so that the replica is gone at once, and closes the connections.
  public func stop(now: Instant) {
    isStopping = true
    guard lease != nil, asking?.isOpen == true else { return finishStop() }
    pump(now)
  }

  func finishStop() {
    isStopped = true
    detach()
    retryAt = nil
  }

  /// Does what is due at `now`.
  public func advance(to now: Instant) {
    guard !isStopped else { return }
    if let retryAt, retryAt <= now { attach(now) }
    if let deadline = asking?.deadline, deadline <= now {
      fail(asking?.isOpen == true ? .timeout(asked?.ask.words ?? "idle") : .timeout("connecting"), now)
    } else if let deadline = watch?.link.deadline, deadline <= now {
      fail(.timeout("starting to watch"), now)
    } else if let deadline = canary.deadline, deadline <= now {
      fail(.silentWatch, now)
    }
    pump(now)
  }

  /// When `advance` is to be called next; nil when nothing is waited for.
  public var nextDeadline: Instant? {
    guard !isStopped else { return nil }
    var times = [retryAt, asking?.deadline, watch?.link.deadline, canary.deadline]
    if asking?.isOpen == true, asked == nil { times.append(nextWrite) }
    return times.compactMap { $0 }.min()
  }

  /// Moves what is to be done to the end of `result`.
  public func takeActions(into result: inout [FollowAction]) {
    result += actions
    actions.removeAll(keepingCapacity: true)
  }

  /// How it stands.
  public var report: FollowReport {
    FollowReport(
      endpoint: endpoint, isLive: watch?.isCreated == true, isLoading: loading != nil, revision: cursor,
      clusterID: identity.clusterID, lastContact: lastContact, failure: failure, held: held.count,
      workspaces: served.count - held.count, pods: known.pods.count)
  }

  // MARK: Connections

  /// Opens the connection that asks, at the endpoint whose turn it is.
  func attach(_ now: Instant) {
    retryAt = nil
    isProbed = false
    asking = StoreLink(open(now), deadline: now + settings.connecting)
  }

  func open(_ now: Instant) -> StoreConnection {
    lastConnection += 1
    let connection = StoreConnection(rawValue: lastConnection)
    actions.append(.open(connection, endpoint: endpoint))
    return connection
  }

  /// The connection that asks cannot be used any more; another takes its place, at the same endpoint.
  func reopenAsking(_ now: Instant, isEnded: Bool) {
    if !isEnded, let asking { actions.append(.close(asking.connection)) }
    asking = StoreLink(open(now), deadline: now + settings.connecting)
  }

  /// Closes both connections.
  ///
  /// - Parameter ended: the one that has ended already.
  func detach(ended: StoreConnection? = nil) {
    for connection in [asking?.connection, watch?.link.connection] {
      if let connection, connection != ended { actions.append(.close(connection)) }
    }
    (asking, asked, watch) = (nil, nil, nil)
    canary.forget()
    // What a comparison or a mend had read is of no use without the watch beside it.
    (comparison, mend) = (nil, nil)
  }

  /// The watch alone is closed.
  func closeWatch() {
    if let watch { actions.append(.close(watch.link.connection)) }
    watch = nil
    canary.forget()
    (comparison, mend) = (nil, nil)
  }

  /// The endpoint cannot be followed: the next has its turn, after a while.
  func fail(_ why: FollowFailure, _ now: Instant, ended: StoreConnection? = nil) {
    detach(ended: ended)
    guard !isStopping else { return finishStop() }
    counters.failures += 1
    if failure != why { actions.append(.tell(.failed(endpoint: endpoint, why))) }
    failure = why
    switch why {
    case .torn, .canceled: startLoading(why.description, now)
    // Looked at from the start again; there is nothing new to tell.
    case .format: startLoading(nil, now)
    default: break
    }
    endpoint = (endpoint + 1) % store.members.count
    retryAt = now + wait(isForPeople: why.isForPeople)
    failuresInRow += 1
  }

  /// Between half and all of a time that doubles with each failure in a row.
  private func wait(isForPeople: Bool) -> Duration {
    let doubled = settings.shortestWait * (1 << min(failuresInRow, 10))
    let longest = isForPeople ? settings.longestWait : min(doubled, settings.longestWait)
    return longest / 2 + longest / 2 * (Double(random() >> 11) / Double(1 << 53))
  }

  /// The store is another one, or the same with another history.
  func becomeOther(_ why: String, clusterID: UInt64, _ now: Instant) {
    counters.otherStores += 1
    actions.append(.tell(.otherStore(why)))
    identity = StoreIdentity(clusterID: clusterID)
    known.distrust()
    (lease, cursor, isOtherStore) = (nil, nil, true)
    startLoading(why, now)
  }
}
