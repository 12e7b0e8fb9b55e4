/// What etcd said in one answer, or in one message of a stream, beside the key-values that were handed on before it.
///
/// etcd leaves out what is zero, so what was absent is zero, false or empty here.
public struct EtcdMessage: Hashable, Sendable {
  /// Which cluster answered. A restored one has another number.
  public var clusterID: UInt64 = 0
  /// Which member of it.
  public var memberID: UInt64 = 0
  /// The store's revision at the member when it answered. In a watch it may be ahead of the events: a cursor goes by
  /// the events' own.
  public var revision: Int64 = 0
  /// The term of the cluster's leader.
  public var raftTerm: UInt64 = 0

  /// How many key-values of this message were handed on, each before it.
  public var keyValues = 0
  /// Of a range: how many keys there are, whatever the limit.
  public var count: Int64 = 0
  /// Of a range: more keys than the limit.
  public var more = false
  /// Of a deletion: how many keys.
  public var deleted: Int64 = 0
  /// Of a transaction: its comparisons held.
  public var succeeded = false

  /// Of a watch: which of the connection's.
  public var watchID: Int64 = 0
  /// The watch was made.
  public var created = false
  /// The watch has ended, for a reason that the two following may give; the connection stays open and silent.
  public var canceled = false
  /// The watch wanted revisions that are gone; the oldest that is there.
  public var compactRevision: Int64 = 0
  /// Why the watch has ended.
  public var cancelReason = ""
  /// More of the same revision is in the next message.
  public var fragment = false

  /// Of a lease: its number.
  public var leaseID: Int64 = 0
  /// Of a lease: for how many seconds more; 0 of one kept alive means that it is gone, -1 when asked for that it is.
  public var leaseSeconds: Int64 = 0
  /// Of a lease that is asked for: for how many seconds it was granted.
  public var grantedSeconds: Int64 = 0
  /// All leases, where they were asked for.
  public var leases: [Int64] = []

  /// What shows who asks, after `authenticate`.
  public var token = ""
  /// The members, where they were asked for.
  public var members: [EtcdMember] = []
  /// Of a status: etcd's version.
  public var version = ""
  /// Of a status: the size of the database, in octets.
  public var databaseOctets: Int64 = 0
  /// Of a status: the leader's number; 0 for none.
  public var leader: UInt64 = 0

  /// What went wrong; the rest is then empty.
  public var error: EtcdError?

  /// Nothing said.
  public init() {}
}

/// A member of etcd's cluster.
public struct EtcdMember: Hashable, Sendable {
  /// Its number.
  public var id: UInt64 = 0
  /// Its name; empty for one that has not started.
  public var name = ""
  /// Where clients find it.
  public var clientURLs: [String] = []
  /// It has no vote.
  public var isLearner = false

  /// A member of which nothing is known.
  public init() {}
}

/// What etcd says when it does not do what it was asked.
public struct EtcdError: Error, Hashable, Sendable {
  /// The number of gRPC's status; 0 where none was given.
  public var code: Int
  /// Etcd's own words.
  public var message: String

  /// Takes both.
  public init(code: Int, message: String) {
    self.code = code
    self.message = message
  }

  /// The revision that was asked for is gone (code 11): what is there must be read anew.
  public var isCompacted: Bool { code == 11 && message.utf8.contains("compacted") }
  /// The revision that was asked for has not come yet: the member is behind, or the cluster another one.
  public var isFutureRevision: Bool { code == 11 && message.utf8.contains("future revision") }
  /// The token is no longer good, or there is none: authenticate, and ask again.
  public var isUnauthenticated: Bool {
    code == 16 || message.utf8.contains("invalid auth token") || message.utf8.contains("user name is empty")
  }
  /// The user may not do that (code 7).
  public var isForbidden: Bool { code == 7 }
  /// The member has no leader, or no time: another member may do better. A write may have happened all the same.
  public var isUnavailable: Bool { code == 14 || code == 4 || message.utf8.contains("request timed out") }
  /// The database is full (NOSPACE): nothing is written until somebody makes room.
  public var isOutOfSpace: Bool { code == 8 && message.utf8.contains("database space exceeded") }
  /// The request is larger than etcd takes (code 3): 1.5 MiB unless its operator said otherwise.
  public var isTooLarge: Bool { code == 3 && message.utf8.contains("request is too large") }
  /// The lease is gone (code 5).
  public var isLeaseGone: Bool { code == 5 && message.utf8.contains("lease not found") }
}

extension EtcdError: CustomStringConvertible {
  /// Etcd's words and their number.
  public var description: String { "etcd: \(message) (code \(code))" }
}

extension String.UTF8View {
  /// True when the octets of a text stand somewhere in these.
  fileprivate func contains(_ text: String) -> Bool {
    let wanted = text.utf8
    return indices.contains { self[$0...].starts(with: wanted) }
  }
}
