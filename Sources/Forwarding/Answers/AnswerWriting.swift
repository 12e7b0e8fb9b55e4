import Wire

/// With which TTLs an answer's records are written.
public enum AnswerTTL: Hashable, Sendable {
  /// Counted down, up to that moment, since the upstream gave them.
  case aged(Instant)
  /// The one of RFC 8767 §4 for all.
  case stale
  /// Counted down as well, and at most so many seconds: for records whose chain has a shorter TTL elsewhere.
  case agedAtMost(Instant, seconds: UInt32)
}

extension UpstreamAnswer {
  /// Appends hops of the chain to the answer section.
  ///
  /// - Parameters:
  ///   - hops: which, from 0; fewer than `hopCount` when a target belongs to a private zone or another rule.
  ///   - firstOwner: where in the message the first hop's owner stands already, so that the client's own case is kept;
  ///     nil to write the name.
  /// - Returns: false when they do not fit; part of them may be written then, and the message is to be truncated.
  @_lifetime(writer: copy writer)
  public func append(
    hops: Range<Int>, to writer: inout MessageWriter, ttl: AnswerTTL, firstOwner: Int?
  ) -> Bool {
    let start = hopOwner(hops.lowerBound)
    for index in 0..<authorityStart where hops.contains(Int(sets[index].hop)) {
      let set = sets[index]
      // A DNAME's owner is above the hop's.
      let isFirst = Int(set.hop) == hops.lowerBound && set.owner == start
      guard write(set, to: &writer, ttl, .answer, owner: isFirst ? firstOwner : nil) else { return false }
    }
    return true
  }

  /// Appends the records at the end of the chain, without signatures, as those of another owner: what an ALIAS does.
  ///
  /// - Parameter owner: where in the message the other owner's name stands.
  /// - Returns: false when they do not fit; there is nothing to write, and true, when the ending is not `records`.
  @_lifetime(writer: copy writer)
  public func appendEnd(to writer: inout MessageWriter, ttl: AnswerTTL, owner: Int) -> Bool {
    guard ending == .records else { return true }
    for index in 0..<authorityStart where Int(sets[index].hop) == hopCount - 1 && sets[index].type != .rrsig {
      guard write(sets[index], to: &writer, ttl, .answer, owner: owner) else { return false }
    }
    return true
  }

  /// Appends the SOA of a negative answer, and DNSSEC's proofs when they were asked for, to the authority section.
  ///
  /// - Returns: false when they do not fit.
  @_lifetime(writer: copy writer)
  public func appendAuthority(to writer: inout MessageWriter, ttl: AnswerTTL) -> Bool {
    for index in authorityStart..<sets.count {
      guard write(sets[index], to: &writer, ttl, .authority, owner: nil) else { return false }
    }
    return true
  }

  /// The smallest TTL of the answer, in seconds, as it is written.
  public func ttlSeconds(_ ttl: AnswerTTL) -> UInt32 { written(ttlSeconds, ttl) }

  /// The data of the records at the end of the chain, in the upstream's order.
  public var endData: [[UInt8]] {
    guard ending == .records, authorityStart > 0 else { return [] }
    var data: [[UInt8]] = []
    let octets = octets
    for set in sets[..<authorityStart] where Int(set.hop) == hopCount - 1 && set.type != .rrsig {
      var at = Int(set.start)
      while at < set.end {
        let end = at + RecordSet.dataOffset + Int(octets.span.bigEndian16(at: at + 10))
        data.append(Array(octets[(at + RecordSet.dataOffset)..<end]))
        at = end
      }
    }
    return data
  }

  /// Where the owner of a hop stands: the question's name, or the data of the CNAME before.
  private func hopOwner(_ hop: Int) -> UInt32 {
    guard hop > 0, let before = sets[..<authorityStart].last(where: { Int($0.hop) == hop - 1 && $0.leadsOn }) else {
      return 0
    }
    return before.start + UInt32(RecordSet.dataOffset)
  }

  private func written(_ seconds: UInt32, _ ttl: AnswerTTL) -> UInt32 {
    switch ttl {
    case .stale: return ForwardSettings.staleTTLSeconds
    case .aged(let now):
      let age = now.wholeSeconds(since: storedAt)
      return seconds > age ? seconds - age : 0
    case .agedAtMost(let now, let most): return min(written(seconds, .aged(now)), most)
    }
  }

  @_lifetime(writer: copy writer)
  private func write(
    _ set: RecordSet, to writer: inout MessageWriter, _ ttl: AnswerTTL, _ section: Section, owner: Int?
  ) -> Bool {
    let octets = octets
    let all = octets.span
    let records = all.extracting(Int(set.start)..<Int(set.end))
    let seconds = written(set.ttlSeconds, ttl)
    if let owner {
      return writer.append(
        prepared: records, owner: all.extracting(0..<0), ownerOffset: owner, ttlSeconds: seconds, to: section)
    }
    let start = Int(set.owner)
    let length = RecordData.nameLength(octets[start...]) ?? 0
    return writer.append(
      prepared: records, owner: all.extracting(start..<(start + length)), ttlSeconds: seconds, to: section)
  }
}
