import Wire

/// What an upstream answered, reduced to what the question asked for: the chain of CNAMEs and DNAMEs from its name, the
/// records at the end of that chain, and, for a negative answer, the SOA.
///
/// Everything else of the response was dropped. Records are kept in the order the upstream gave, uncompressed, in the
/// form that `MessageWriter` appends. Immutable, so workers share it.
public final class UpstreamAnswer: Sendable {
  /// How the chain ends.
  public enum Ending: Hashable, Sendable {
    /// With records of the type that was asked for.
    case records
    /// The name at the end exists and has no such records.
    case noData
    /// The name at the end does not exist.
    case nameError
    /// A DNAME made a name that is too long (RFC 6672 §2.2).
    case nameTooLong
    /// At a name that this answer says nothing of, because it is outside the rule's zone or the upstream left it out:
    /// `chainEnd` is to be asked by its own rule.
    case elsewhere
  }

  /// How the chain ends here.
  public let ending: Ending
  /// The name that the chain leads to; the question's name when there is no chain, or, when the ending is `nameError`,
  /// a name above it that does not exist either (RFC 8020).
  public let chainEnd: Name
  /// When the upstream gave it.
  public let storedAt: Instant
  /// For how long it holds: the smallest TTL in it, capped; 0 for what must not be kept.
  public let ttlSeconds: UInt32
  /// AD: the upstream says that it validated all of this (RFC 4035 §3.2.3).
  public let isAuthenticated: Bool

  /// The question's name, then records and the names that they do not hold themselves.
  let octets: [UInt8]
  /// The chain's sets in order, then those for the authority section.
  let sets: [RecordSet]
  /// Where the authority section's sets start.
  let authorityStart: Int

  init(
    ending: Ending, chainEnd: Name, storedAt: Instant, ttlSeconds: UInt32, isAuthenticated: Bool, octets: [UInt8],
    sets: [RecordSet], authorityStart: Int
  ) {
    self.ending = ending
    self.chainEnd = chainEnd
    self.storedAt = storedAt
    self.ttlSeconds = ttlSeconds
    self.isAuthenticated = isAuthenticated
    self.octets = octets
    self.sets = sets
    self.authorityStart = authorityStart
  }

  /// The response code that belongs to the end of the chain (RFC 6604 §3).
  public var code: ResponseCode {
    switch ending {
    case .records, .noData, .elsewhere: .noError
    case .nameError: .nameError
    case .nameTooLong: .nameTooLong
    }
  }

  /// How many hops the chain has: each CNAME (with the DNAME it came from) is one, and records at the end are one.
  public var hopCount: Int { authorityStart == 0 ? 0 : Int(sets[authorityStart - 1].hop) + 1 }

  /// Where a hop's CNAME leads; nil when the hop is the records at the end.
  public func target(ofHop hop: Int) -> Name? {
    guard let set = sets[..<authorityStart].last(where: { Int($0.hop) == hop && $0.leadsOn }) else { return nil }
    return RecordData.name(in: octets, at: Int(set.start) + RecordSet.dataOffset)
  }

  /// True while its TTL has not run out.
  public func isFresh(at now: Instant) -> Bool { now.wholeSeconds(since: storedAt) < ttlSeconds }

  /// How many octets of memory it takes, about.
  var cost: Int { 160 + octets.count + chainEnd.wire.count + sets.count * MemoryLayout<RecordSet>.stride }
}

/// Records of one owner and type, or the signatures over them, inside an `UpstreamAnswer`.
struct RecordSet: Sendable {
  /// Where the owner's name stands in the answer's octets.
  let owner: UInt32
  /// Where the records stand: each with two octets for a pointer, then type, class, TTL, length and data.
  let start: UInt32
  let end: UInt32
  let ttlSeconds: UInt32
  let type: RecordType
  let count: UInt16
  /// Which hop of the chain it belongs to.
  let hop: UInt8
  /// True for the CNAME that leads to the next hop.
  let leadsOn: Bool

  /// From the start of a record to its data.
  static let dataOffset = 12
}
