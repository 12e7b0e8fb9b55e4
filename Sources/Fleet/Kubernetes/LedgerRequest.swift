/// Something that a `PodLedger` asks the store for.
public enum LedgerRequest: Hashable, Sendable {
  /// A lease of so many seconds.
  case grantLease(seconds: Int64)
  /// The lease is to last its whole time from now on.
  case keepAlive(Int64)
  /// Keys at a revision (0: the latest), by key, so many at most.
  case range(KeyRange, limit: Int64, revision: Int64)
  /// What happens at once or not at all.
  case transaction(EtcdTransaction)

  /// The request to etcd.
  ///
  /// - Throws: never in fact; a ledger's transactions are within etcd's limits.
  public func request() throws(EtcdTransaction.TooLarge) -> EtcdRequest {
    switch self {
    case .grantLease(let seconds): .grantLease(seconds: seconds)
    case .keepAlive(let lease): .keepLeaseAlive(lease)
    case .range(let keys, let limit, let revision): .range(keys, revision: revision, limit: limit, order: .ascending)
    case .transaction(let transaction): try transaction.request()
    }
  }
}

/// Times and sizes of a `PodLedger`; times in milliseconds.
public struct LedgerSettings: Sendable {
  /// How long what was written holds without the discovery, in seconds: the time of its lease.
  public var podSeconds: Int64 = 60
  /// How long a discovery leads that is gone, in seconds: the time of its other lease. Whoever leads next has the
  /// difference for writing everything with a lease of its own, before the former one's ends.
  public var leaderSeconds: Int64 = 15
  /// How often one that is not the leader tries to be.
  public var campaign: UInt64 = 5000
  /// How often all is read and compared.
  public var reload: UInt64 = 300_000
  /// The same while an address that is wanted is taken by somebody else.
  public var reloadOfTaken: UInt64 = 30_000
  /// The shortest and the longest pause after a failure.
  public var shortestPause: UInt64 = 250
  /// The longest pause after a failure.
  public var longestPause: UInt64 = 5000
  /// The most operations of a transaction; there is a comparison more.
  public var operations = 100
  /// How many keys are read at once.
  public var pageKeys: Int64 = 1000

  /// The usual ones.
  public init() {}
}
