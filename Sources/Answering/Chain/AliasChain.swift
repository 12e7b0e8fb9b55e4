import Forwarding
import Wire
import Workspaces
import Zones

extension ForwardChain {
  /// Answers an ALIAS: the target's addresses as the owner's own, with the smallest TTL on the way to them.
  ///
  /// What cannot be had is SERVFAIL, never an empty name: a client would take that for the truth and keep it.
  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  mutating func answerAlias(
    at owner: Int, _ node: Int, _ source: inout some HopSource, _ writer: inout MessageWriter
  ) -> ChainEnd {
    guard let alias = walk.image.set(.alias, at: node),
      var target = Name(wire: walk.image.firstData(alias).array)
    else { return .failed(Complaints.chainTooLong) }
    var ttl = walk.image.ttlSeconds(alias)
    for _ in 0..<ZoneWalk.maximumHops {
      switch seekAddresses(of: target, for: owner, node, &ttl, &source, &writer) {
      case .end(let end): return end
      case .goOn(let next): target = next
      }
    }
    return .failed(Complaints.chainTooLong)
  }

  /// Takes one step on the way from an ALIAS to addresses: to those that the zones hold, or to the next name.
  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  private mutating func seekAddresses(
    of target: Name, for owner: Int, _ node: Int, _ ttl: inout UInt32, _ source: inout some HopSource,
    _ writer: inout MessageWriter
  ) -> HopEnd {
    // Whatever answers the name: one that a wildcard or a DNAME answers has no node of its own that could be marked, and the
    // answer does not show that the way led through it.
    if let end = noteLink(of: target) { return .end(end) }
    hashes.fill(target.wire.span, seed: walk.image.seed)
    let found = walk.image.lookup(target.wire.span, hashes)
    guard walk.holds(found) else { return forwardAlias(target, at: owner, node, &ttl, &source, &writer) }
    switch found.outcome {
    case .exact, .wildcard:
      guard walk.pass(found.node, walk.image.marks(of: found.node)) else {
        return .end(.failed(Complaints.closed(found.node, walk, workspace)))
      }
      if let set = walk.image.set(walk.type, at: found.node) {
        let fits = writer.append(
          prepared: walk.image.records(set), recordCount: Int(set.recordCount), owner: owner, maximumTTL: ttl,
          to: .answer)
        return .end(fits ? .complete(nil) : .overflow)
      }
      guard let link = walk.image.set(.cname, at: found.node) ?? walk.image.set(.alias, at: found.node) else {
        return .end(answerNoAddress(at: owner, node, &writer))
      }
      return follow(link, keeping: [], &ttl)
    case .dname:
      guard let link = walk.image.set(.dname, at: found.node) else { return .end(.failed(Complaints.chainTooLong)) }
      return follow(link, keeping: target.wire[..<hashes.offset(ofLabel: found.labelsBelow)], &ttl)
    case .delegation:
      return .end(.failed(Complaints.aliasTargetDelegated(target)))
    case .missing, .noZone, .forwarded:
      return .end(.failed(missing(target)))
    }
  }

  /// Goes on at what a CNAME, ALIAS or DNAME names, with the labels before it that a DNAME keeps.
  @_lifetime(self: copy self)
  private mutating func follow(_ link: RecordSet, keeping kept: ArraySlice<UInt8>, _ ttl: inout UInt32) -> HopEnd {
    ttl = min(ttl, walk.image.ttlSeconds(link))
    guard let next = Name(wire: kept + walk.image.firstData(link).array) else {
      return .end(.failed(Complaints.chainTooLong))
    }
    return .goOn(next)
  }

  /// Nothing is at the end of an ALIAS: of a link's, its endpoint has no address yet.
  private func missing(_ target: Name) -> ExtendedError {
    guardian.map { Complaints.noAddress($0) } ?? Complaints.aliasTargetMissing(target)
  }

  /// The target exists and has no address of this kind, so neither has the owner.
  @_lifetime(writer: copy writer)
  private mutating func answerNoAddress(at owner: Int, _ node: Int, _ writer: inout MessageWriter) -> ChainEnd {
    guard let name = writer.name(at: owner) else { return .failed(Complaints.chainTooLong) }
    hashes.fill(name.wire.span, seed: walk.image.seed)
    if case .overflow = walk.appendSOA(of: node, owner, hashes, &writer) { return .overflow }
    return .complete(nil)
  }

  /// Asks the target's rule, and goes on in the zones with the first name of its chain that another has the say over.
  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  private mutating func forwardAlias(
    _ target: Name, at owner: Int, _ node: Int, _ ttl: inout UInt32, _ source: inout some HopSource,
    _ writer: inout MessageWriter
  ) -> HopEnd {
    guard let rule = workspace.rules.match(target) else {
      return .end(.failed(Complaints.noRule(workspace.name, target)))
    }
    let result: ForwardResult
    switch self.result(for: target, walk.type, rule, &source) {
    // Without recursion: the chain so far, or nothing, as for any name that is not held here.
    case .end(.refused) where owner != Query.nameOffset: return .end(.complete(nil))
    case .end(let end): return .end(end)
    case .known(let known): result = known
    }
    let answer: UpstreamAnswer
    var error: ExtendedError?
    switch result {
    case .failure(let failure): return .end(.failed(failure.error))
    case .closed: return .end(.failed(Complaints.closed(rule, workspace.name)))
    case .answer(let fresh): answer = fresh
    case .stale(let old, let reason): (answer, error) = (old, reason)
    }
    ttl = min(ttl, answer.ttlSeconds(error == nil ? .aged(source.now) : .stale))
    for hop in 0..<answer.hopCount {
      if let next = answer.target(ofHop: hop), belongsElsewhere(next, rule) { return .goOn(next) }
    }
    switch answer.ending {
    case .records:
      let atMost: AnswerTTL = error == nil ? .agedAtMost(source.now, seconds: ttl) : .stale
      return .end(answer.appendEnd(to: &writer, ttl: atMost, owner: owner) ? .complete(error) : .overflow)
    case .noData: return .end(answerNoAddress(at: owner, node, &writer))
    case .nameError, .nameTooLong: return .end(.failed(missing(target)))
    case .elsewhere: return .goOn(answer.chainEnd)
    }
  }
}
