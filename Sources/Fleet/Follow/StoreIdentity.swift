/// Which history of which store is followed: what shows that another cluster, or the same from a backup, has taken its place.
///
/// The cluster's number is compared in every answer. Its revision and its leader's term never go back in one history; but a
/// member that is behind tells older ones of itself, so they are compared only in answers that a quorum stands behind, and
/// with what had been seen when the question was asked.
public struct StoreIdentity: Hashable, Sendable {
  /// The cluster's number; nil before it is known.
  public var clusterID: UInt64?
  /// The highest revision that was seen.
  public var revision: Int64
  /// The highest term that a quorum stood behind.
  public var term: UInt64

  /// Takes what is known of a store; nothing at first.
  public init(clusterID: UInt64? = nil, revision: Int64 = 0, term: UInt64 = 0) {
    self.clusterID = clusterID
    self.revision = revision
    self.term = term
  }

  /// Compares the cluster of any answer.
  ///
  /// - Returns: what shows that it is another store; nil when it is the same, or says nothing of it.
  mutating func judge(clusterOf message: EtcdMessage) -> String? {
    guard message.clusterID != 0 else { return nil }
    guard let clusterID else {
      self.clusterID = message.clusterID
      return nil
    }
    guard clusterID != message.clusterID else { return nil }
    return "another cluster answers: \(Self.hex(message.clusterID)), not \(Self.hex(clusterID))"
  }

  /// Compares an answer that a quorum stands behind.
  ///
  /// - Parameter asked: what was known when the question was sent.
  /// - Returns: what shows that it is another history; nil when it is the same.
  mutating func judge(_ message: EtcdMessage, asked: StoreIdentity) -> String? {
    if message.revision < asked.revision {
      return "its revision has gone back from \(asked.revision) to \(message.revision): a restored backup"
    }
    if message.raftTerm < asked.term {
      return "its term has gone back from \(asked.term) to \(message.raftTerm): a restored backup"
    }
    revision = max(revision, message.revision)
    term = max(term, message.raftTerm)
    return nil
  }

  private static func hex(_ number: UInt64) -> String { String(number, radix: 16) }
}
