/// A request to etcd's gateway: where it goes, and what it says. All are sent by POST, and their bodies are JSON.
public struct EtcdRequest: Hashable, Sendable {
  /// The path.
  public let path: String
  /// The body.
  public let body: [UInt8]
  /// True where the answer is a stream of messages that goes on: a watch.
  public let isStream: Bool
  /// True where it leaves every key as it is, however often it is sent.
  public let changesNoKey: Bool

  init(_ path: String, _ object: EtcdObject = EtcdObject(), isStream: Bool = false, changesNoKey: Bool = false) {
    self.path = path
    self.isStream = isStream
    self.changesNoKey = changesNoKey
    body = object.octets
  }

  // MARK: Keys

  /// How the keys of a range are sorted; by the keys' octets upwards unless something else is said.
  public enum Order: Hashable, Sendable {
    case ascending
    case descending
    /// By when they were written last.
    case newestFirst
  }

  /// Reads keys.
  ///
  /// - Parameters:
  ///   - revision: as they were at this revision; 0 for now.
  ///   - limit: how many at most; 0 for all. Pages go on with `KeyRange.prefix(_:after:)` at the first page's revision.
  ///   - keysOnly: without their values.
  ///   - countOnly: only how many there are.
  ///   - isSerializable: what the member that is asked knows, which may be old, and is answered without a leader.
  ///   - order: sorted by key; nil leaves it to etcd, which goes upwards.
  public static func range(
    _ keys: KeyRange, revision: Int64 = 0, limit: Int64 = 0, keysOnly: Bool = false, countOnly: Bool = false,
    isSerializable: Bool = false, order: Order? = nil
  ) -> EtcdRequest {
    EtcdRequest(
      "/v3/kv/range",
      EtcdObject(
        range: keys, revision: revision, limit: limit, keysOnly: keysOnly, countOnly: countOnly,
        isSerializable: isSerializable, order: order), changesNoKey: true)
  }

  /// Writes a key.
  ///
  /// - Parameters:
  ///   - lease: the lease that the key goes with; 0 for none.
  ///   - previous: the answer says what stood there before.
  public static func put(_ key: [UInt8], _ value: [UInt8], lease: Int64 = 0, previous: Bool = false) -> EtcdRequest {
    EtcdRequest("/v3/kv/put", EtcdObject(put: key, value, lease: lease, previous: previous))
  }

  /// Deletes keys.
  ///
  /// - Parameter previous: the answer says what stood there.
  public static func delete(_ keys: KeyRange, previous: Bool = false) -> EtcdRequest {
    EtcdRequest("/v3/kv/deleterange", EtcdObject(delete: keys, previous: previous))
  }

  /// Forgets what was before a revision.
  public static func compaction(revision: Int64) -> EtcdRequest {
    var object = EtcdObject()
    object.add("revision", revision)
    return EtcdRequest("/v3/kv/compaction", object)
  }

  // MARK: Watching

  /// What a watch leaves out.
  public enum WatchFilter: String, Hashable, Sendable {
    case noPuts = "NOPUT"
    case noDeletions = "NODELETE"
  }

  /// Watches keys. A watch from a revision that has not come is taken, and silent until it comes.
  ///
  /// - Parameters:
  ///   - startRevision: the first revision whose events are wanted; 0 for those from now on.
  ///   - fragment: large messages come in parts.
  ///   - previous: events say what stood there before.
  ///   - progress: a quiet watch says now and then how far it is.
  public static func watch(
    _ keys: KeyRange, startRevision: Int64 = 0, watchID: Int64 = 0, fragment: Bool = false, previous: Bool = false,
    progress: Bool = false, filters: [WatchFilter] = []
  ) -> EtcdRequest {
    var create = EtcdObject()
    create.add(keys)
    create.add("start_revision", startRevision)
    create.add("watch_id", watchID)
    create.add("fragment", fragment)
    create.add("prev_kv", previous)
    create.add("progress_notify", progress)
    create.add("filters", words: filters.map(\.rawValue))
    return watch("create_request", create)
  }

  /// Ends a watch of the same connection.
  public static func cancelWatch(_ watchID: Int64) -> EtcdRequest {
    var cancel = EtcdObject()
    cancel.add("watch_id", watchID)
    return watch("cancel_request", cancel)
  }

  /// Asks all watches of the same connection how far they are.
  public static let watchProgress = watch("progress_request", EtcdObject())

  private static func watch(_ name: String, _ request: EtcdObject) -> EtcdRequest {
    var object = EtcdObject()
    object.add(name, request)
    return EtcdRequest("/v3/watch", object, isStream: true)
  }

  // MARK: Leases

  /// Makes a lease.
  ///
  /// - Parameters:
  ///   - id: its number; 0 leaves it to etcd.
  ///   - seconds: for how long; etcd gives no less than about twice its election's time.
  public static func grantLease(id: Int64 = 0, seconds: Int64) -> EtcdRequest {
    var object = EtcdObject()
    object.add("ID", id)
    object.add("TTL", seconds)
    return EtcdRequest("/v3/lease/grant", object, changesNoKey: true)
  }

  /// Keeps a lease alive for its whole time from now. The answer is a stream of one message, which ends by itself; without
  /// seconds in it the lease is gone.
  public static func keepLeaseAlive(_ id: Int64) -> EtcdRequest {
    lease("/v3/lease/keepalive", id, changesNoKey: true)
  }

  /// Ends a lease, and with it its keys.
  public static func revokeLease(_ id: Int64) -> EtcdRequest { lease("/v3/lease/revoke", id) }

  /// Asks for how long a lease is good.
  public static func leaseTimeToLive(_ id: Int64) -> EtcdRequest {
    lease("/v3/lease/timetolive", id, changesNoKey: true)
  }

  /// Asks for all leases.
  public static let leases = EtcdRequest("/v3/lease/leases")

  private static func lease(_ path: String, _ id: Int64, changesNoKey: Bool = false) -> EtcdRequest {
    var object = EtcdObject()
    object.add("ID", id)
    return EtcdRequest(path, object, changesNoKey: changesNoKey)
  }

  // MARK: The cluster

  /// Asks for a token. It goes into the field `Authorization` of later requests, as it is.
  public static func authenticate(user: String, password: String) -> EtcdRequest {
    var object = EtcdObject()
    object.add("name", text: user)
    object.add("password", text: password)
    return EtcdRequest("/v3/auth/authenticate", object)
  }

  /// Asks a member how it is: its version, its database, its leader.
  public static let status = EtcdRequest("/v3/maintenance/status")

  /// Asks for the members of the cluster.
  public static let members = EtcdRequest("/v3/cluster/member/list")
}
