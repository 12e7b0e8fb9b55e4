import Wire
import Zones

/// How far the zones lead from a name.
enum ZoneWalkEnd {
  /// The answer is written whole, or the negative one is.
  case complete
  /// Something did not fit.
  case overflow
  /// The name that stands at `owner` in the message is to be had by forwarding; the name itself, when it is the
  /// question's, stands there too.
  case leaves(owner: Int)
  /// The name that stands at `owner` has an ALIAS, at `node`, for the addresses that are asked for.
  case alias(owner: Int, node: Int)
  /// Another server's zone begins here; its NS records are written.
  case delegated
  /// The chain is too long, or a circle.
  case chainTooLong
  /// At a link's name that is not answered.
  case closed(node: Int)
}

/// Answering from a workspace's zones: a state machine that goes from name to name along CNAMEs (RFC 1034 §4.3.2).
///
/// It allocates nothing unless a DNAME rewrites a name.
struct ZoneWalk: ~Escapable {
  /// The longest chain of CNAMEs and DNAMEs in an answer, upstreams' hops among them.
  static var maximumHops: Int { 8 }

  let image: ZoneImageView
  let type: RecordType
  /// How many hops of the chain are written.
  var hops = 0
  /// The first name of the chain that is a link's, and may lead to what is public.
  private(set) var guardedNode: Int?

  @_lifetime(copy image)
  init(_ image: ZoneImageView, type: RecordType) {
    self.image = image
    self.type = type
  }

  /// Goes on from a name that stands at `start` in the message, and answers as far as the zones lead.
  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  mutating func answer(
    _ name: Span<UInt8>, at start: Int, _ hashes: inout NameHashes, _ writer: inout MessageWriter
  ) -> ZoneWalkEnd {
    var name = name
    var owner = start
    while true {
      hashes.fill(name, seed: image.seed)
      let found = image.lookup(name, hashes)
      guard holds(found) else { return .leaves(owner: owner) }
      switch found.outcome {
      case .noZone, .forwarded:
        return .leaves(owner: owner)
      case .missing:
        writer.set(.nameError)
        return appendSOA(of: found.node, owner, hashes, &writer)
      case .delegation where type == .ds && found.labelsBelow == 0:
        // RFC 4035 §3.1.4.1: a DS set, and that there is none, is said on the parent's side of the cut.
        noteAuthority(owner, &writer)
        return appendData(at: found.node, owner, hashes, &writer)
      case .delegation:
        return appendDelegation(found, owner, hashes, &writer)
      case .dname:
        return followDNAME(found, name, owner, &hashes, &writer)
      case .exact, .wildcard:
        let marks = image.marks(of: found.node)
        guard pass(found.node, marks) else { return .closed(node: found.node) }
        noteAuthority(owner, &writer)
        guard let cname = cname(at: found.node, marks) else {
          return appendData(at: found.node, owner, hashes, &writer)
        }
        guard hops < Self.maximumHops else { return .chainTooLong }
        hops += 1
        let next = writer.count + RecordSet.dataOffset
        guard append(cname, owner, .answer, &writer) else { return .overflow }
        name = image.firstData(cname)
        owner = next
      }
    }
  }

  /// Takes note of a link's name that the chain goes through; false when it ends there, because that is not answered.
  @inline(__always)
  mutating func pass(_ node: Int, _ marks: Node.Marks) -> Bool {
    guard !marks.isDisjoint(with: [.guarded, .closed]) else { return true }
    guardedNode = guardedNode ?? node
    return !marks.contains(.closed)
  }

  /// True when the zones have the say over the question that was looked up; false when it is to be had by forwarding.
  func holds(_ found: Lookup) -> Bool { image.holds(found, type) }

  /// AA speaks of the first owner in the answer section (RFC 1035 §4.1.1), so only the first zone decides it.
  @_lifetime(writer: copy writer)
  private func noteAuthority(_ owner: Int, _ writer: inout MessageWriter) {
    if owner == Query.nameOffset { writer.flags.insert(.authoritative) }
  }

  /// The CNAME to follow at a node; nil when there is none or it is itself what was asked for.
  private func cname(at node: Int, _ marks: Node.Marks) -> RecordSet? {
    guard marks.contains(.cname), type != .cname, type != .any else { return nil }
    return image.set(.cname, at: node)
  }

  @_lifetime(writer: copy writer)
  private func append(_ set: RecordSet, _ owner: Int, _ section: Section, _ writer: inout MessageWriter) -> Bool {
    writer.append(prepared: image.records(set), recordCount: Int(set.recordCount), owner: owner, to: section)
  }

  /// The name exists and has no CNAME: its records of the type, or the statement that there are none.
  @_lifetime(writer: copy writer)
  private func appendData(
    at node: Int, _ owner: Int, _ hashes: borrowing NameHashes, _ writer: inout MessageWriter
  ) -> ZoneWalkEnd {
    // RFC 8482 §4.1: one set is answer enough to ANY.
    if let set = type == .any ? image.firstSet(at: node) : image.set(type, at: node) {
      return append(set, owner, .answer, &writer) ? .complete : .overflow
    }
    if type == .a || type == .aaaa, image.marks(of: node).contains(.alias) {
      return .alias(owner: owner, node: node)
    }
    return appendSOA(of: node, owner, hashes, &writer)
  }

  /// A negative answer carries the SOA, from which clients learn how long it holds (RFC 2308 §3).
  @_lifetime(writer: copy writer)
  func appendSOA(
    of node: Int, _ owner: Int, _ hashes: borrowing NameHashes, _ writer: inout MessageWriter
  ) -> ZoneWalkEnd {
    noteAuthority(owner, &writer)
    let zone = image.zone(of: node)
    // The name stands in the message uncompressed, so its zone's name is the end of it.
    let apex = owner + hashes.length - Int(zone.apexLength)
    let fits = writer.append(prepared: image.negativeSOA(zone), recordCount: 1, owner: apex, to: .authority)
    return fits ? .complete : .overflow
  }

  @_lifetime(writer: copy writer)
  private func appendDelegation(
    _ found: Lookup, _ owner: Int, _ hashes: borrowing NameHashes, _ writer: inout MessageWriter
  ) -> ZoneWalkEnd {
    guard let set = image.set(.ns, at: found.node) else { return .delegated }
    let cut = owner + hashes.offset(ofLabel: found.labelsBelow)
    return append(set, cut, .authority, &writer) ? .delegated : .overflow
  }

  /// Writes the DNAME and the CNAME that it makes (RFC 6672 §3.1), and goes on from there.
  @_lifetime(self: copy self)
  @_lifetime(writer: copy writer)
  private mutating func followDNAME(
    _ found: Lookup, _ name: Span<UInt8>, _ owner: Int, _ hashes: inout NameHashes, _ writer: inout MessageWriter
  ) -> ZoneWalkEnd {
    guard let set = image.set(.dname, at: found.node), hops < Self.maximumHops else { return .chainTooLong }
    hops += 1
    noteAuthority(owner, &writer)
    let kept = hashes.offset(ofLabel: found.labelsBelow)
    guard append(set, owner + kept, .answer, &writer) else { return .overflow }
    let target = image.firstData(set)
    guard kept + target.count <= Name.maximumLength else {
      writer.set(.nameTooLong)
      return .complete
    }
    let records = image.records(set)
    var cname: [UInt8] = [0, 0, 0, UInt8(RecordType.cname.rawValue), 0, 1]
    for index in 6..<10 { cname.append(records[index]) }
    cname += [0, UInt8(kept + target.count)]
    for index in 0..<kept { cname.append(name[index]) }
    for index in target.indices { cname.append(target[index]) }
    let next = writer.count + RecordSet.dataOffset
    guard writer.append(prepared: cname.span, recordCount: 1, owner: owner, to: .answer) else { return .overflow }
    if type == .cname || type == .any { return .complete }
    return answer(cname.span.extracting(RecordSet.dataOffset...), at: next, &hashes, &writer)
  }
}
