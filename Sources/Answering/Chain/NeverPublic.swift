import Forwarding
import Wire
import Workspaces
import Zones

/// A link's name is answered with addresses of private networks, or not at all.
///
/// What the zones alone say of such a name was judged when the workspace was loaded. Where its chain leads out of them the
/// finished answer is judged, whichever way it came: by CNAME or ALIAS, asked for, cached or past its TTL. An answer that
/// passes may be remembered, for its octets do not change.
extension ForwardChain {
  /// Takes note of a name that is to be had elsewhere, when it is a link's.
  ///
  /// - Returns: the end of the way, when the name is not answered at all.
  mutating func noteLink(of name: Name) -> ChainEnd? {
    guard let entry = workspace.guards.entry(for: name) else { return nil }
    if let closure = entry.closure { return .failed(Complaints.closed(entry.link, closure)) }
    link = link ?? entry.link
    return nil
  }

  /// The link that the chain leads through; nil when it leads through none.
  var guardian: String? {
    link ?? walk.guardedNode.flatMap { walk.image.name(of: $0) }.flatMap { workspace.guards.entry(for: $0)?.link }
  }

  /// Judges how the way ended.
  ///
  /// - Returns: the same, or why the answer that is written is not given.
  @_lifetime(self: copy self)
  mutating func judged(
    _ end: ChainEnd, _ source: inout some HopSource, _ writer: borrowing MessageWriter
  ) -> ChainEnd {
    guard case .complete = end else { return end }
    if let refusal = judgedBinding(writer) { return .failed(refusal) }
    let link: String
    if let known = guardian {
      link = known
    } else {
      // Names that a wildcard or a DNAME of somebody's zone answers have no node of their own that could be marked.
      guard let entry = workspace.guards.entry(in: writer) else { return end }
      if let closure = entry.closure { return .failed(Complaints.closed(entry.link, closure)) }
      link = entry.link
    }
    if isDelegated { return .failed(Complaints.delegated(link)) }
    var isEmpty = true
    guard var reader = try? MessageReader(writer.message), (try? reader.readQuestion()) != nil else { return end }
    for _ in 0..<writer.recordCount(.answer) {
      guard let record = try? reader.readRecord() else { break }
      switch record.type {
      case .a, .aaaa:
        isEmpty = false
        let address = IPAddress(octets: writer.message.extracting(record.data).array)
        if let address, !workspace.networks.contains(address) {
          return .failed(Complaints.publicAddress(link, address))
        }
      // Their addresses and targets would be connected to as well (RFC 9460 §7.3).
      case .svcb, .https: return .failed(Complaints.serviceBinding(link))
      default: break
      }
    }
    let isMissing = writer.flags.rawValue & 15 == ResponseCode.nameError.rawValue
    if isMissing { return .failed(Complaints.noAddress(link)) }
    let type = resolution.query.type
    return isEmpty && (type == .a || type == .aaaa) ? seekOtherFamily(end, link, &source) : end
  }

  /// Judges the service bindings that are asked for at a port of a link's host, `_8443._https.git.corp.example`: whoever has
  /// them connects to what they name in the host's place (RFC 9460 §2.3, §9.1).
  private func judgedBinding(_ writer: borrowing MessageWriter) -> ExtendedError? {
    let type = resolution.query.type
    guard type == .svcb || type == .https, !workspace.guards.isEmpty, writer.recordCount(.answer) > 0,
      var host = writer.name(at: Query.nameOffset), host.startsWithUnderscore
    else { return nil }
    while host.startsWithUnderscore, let parent = host.parent { host = parent }
    guard let entry = workspace.guards.entry(for: host), var reader = try? MessageReader(writer.message),
      (try? reader.readQuestion()) != nil
    else { return nil }
    for _ in 0..<writer.recordCount(.answer) {
      guard let record = try? reader.readRecord() else { return nil }
      if record.type == .svcb || record.type == .https { return Complaints.serviceBinding(entry.link) }
    }
    return nil
  }

  /// A name without addresses of one family has none of that kind; without any, its endpoint is not there yet.
  @_lifetime(self: copy self)
  private mutating func seekOtherFamily(_ end: ChainEnd, _ link: String, _ source: inout some HopSource) -> ChainEnd {
    guard let (name, rule) = lastAsked else { return end }
    switch result(for: name, resolution.query.type == .a ? .aaaa : .a, rule, &source) {
    case .end(.waiting): return .waiting
    case .known(.answer(let answer)), .known(.stale(let answer, _)):
      return answer.ending == .noData || answer.ending == .nameError ? .failed(Complaints.noAddress(link)) : end
    case .known, .end: return end
    }
  }
}

extension Name {
  /// True when the first label is one of those that stand for a port or a protocol (RFC 8552).
  fileprivate var startsWithUnderscore: Bool { labelCount > 0 && wire[1] == UInt8(ascii: "_") }
}

extension LinkGuards {
  /// The entry of the first name in an answer's chain that is a link's: the question's, or one that a CNAME leads to.
  func entry(in answer: borrowing MessageWriter) -> Entry? {
    guard !isEmpty, let question = answer.name(at: Query.nameOffset) else { return nil }
    if let entry = entry(for: question) { return entry }
    guard var reader = try? MessageReader(answer.message), (try? reader.readQuestion()) != nil else { return nil }
    for _ in 0..<answer.recordCount(.answer) {
      guard let record = try? reader.readRecord() else { return nil }
      guard record.type == .cname, let target = answer.name(at: record.data.lowerBound) else { continue }
      if let entry = entry(for: target) { return entry }
    }
    return nil
  }
}
