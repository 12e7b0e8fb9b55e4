import Wire
import Zones

/// The rules of answering in their plainest form: lists that are searched from end to end, for each question anew.
struct Model {
  var zones: [Name: [ResourceRecord]] = [:]
  /// The zones whose misses are forwarded: nobody is asked here, so that a miss is what no zone holds.
  var open: Set<Name> = []

  /// What the model says: the text that `ModelTests.text` makes of a message, and which rule decided.
  struct Answer {
    var code = "NOERROR"
    var isAuthoritative = true
    var kind = ""
    var answer: [String] = []
    var authority: [String] = []

    /// What no zone holds is not answered here, but the chain so far is.
    mutating func leave(at link: Int) {
      kind = "elsewhere"
      if link == 0 { (code, isAuthoritative) = ("REFUSED", false) }
    }

    var text: String {
      let flags = isAuthoritative ? " aa ra" : " ra"
      return ([code + flags] + answer.sorted() + ["--"] + authority.sorted()).joined(separator: "\n")
    }
  }

  func answer(_ question: Name, _ type: RecordType) -> Answer {
    var result = Answer()
    var name = question
    // RFC 1034 §4.3.2, once for each name of the chain; 8 links, and then the last name.
    for link in 0...8 {
      guard let (apex, records) = closestZone(name) else {
        result.leave(at: link)
        return result
      }
      if let cut = delegation(name, apex, records, type) {
        result.kind = "referral"
        if link == 0 { result.isAuthoritative = false }
        result.authority = lines(records.filter { $0.owner == cut && $0.type == .ns }, cut)
        return result
      }
      if let dname = redirection(name, apex, records) {
        guard link < 8 else { return long }
        result.answer += lines([dname], dname.owner)
        guard let target = Name(wire: dname.data), let next = name.replacing(dname.owner, with: target) else {
          (result.code, result.kind) = ("YXDOMAIN", "yxdomain")
          return result
        }
        let cname = ResourceRecord(owner: name, type: .cname, ttlSeconds: dname.ttlSeconds, data: next.wire)
        result.answer += lines([cname], name)
        guard type != .cname, type != .any else {
          result.kind = "chain"
          return result
        }
        name = next
        continue
      }
      if open.contains(apex), isForwarded(name, type, apex, records) {
        result.leave(at: link)
        return result
      }
      guard let node = node(name, records) else {
        (result.code, result.kind) = ("NXDOMAIN", "nxdomain")
        result.authority = soa(records)
        return result
      }
      let found = records.filter { $0.owner == node }
      if let cname = found.first(where: { $0.type == .cname }), type != .cname, type != .any {
        guard link < 8, let next = Name(wire: cname.data) else { return long }
        result.answer += lines([cname], name)
        name = next
        continue
      }
      let wanted = type == .any ? found.map(\.type).min() : type
      let matching = found.filter { $0.type == wanted }
      result.kind = matching.isEmpty ? "nodata" : "data"
      result.answer += lines(matching, name)
      if matching.isEmpty { result.authority = soa(records) }
      return result
    }
    return long
  }

  private var long: Answer { Answer(code: "SERVFAIL", isAuthoritative: false, kind: "long") }

  /// Step 2: the zone that is the nearest ancestor, without what a deeper zone has taken.
  private func closestZone(_ name: Name) -> (Name, [ResourceRecord])? {
    let holding = zones.keys.filter { name.isSubdomain(of: $0) }
    guard let apex = holding.max(by: { $0.labelCount < $1.labelCount }) else { return nil }
    return (apex, (zones[apex] ?? []).filter { closestApex($0.owner) == apex })
  }

  private func closestApex(_ name: Name) -> Name? {
    zones.keys.filter { name.isSubdomain(of: $0) }.max { $0.labelCount < $1.labelCount }
  }

  /// Step 3b: the highest owner of NS between the apex and the name; DS at that very owner is the zone's own.
  private func delegation(
    _ name: Name, _ apex: Name, _ records: [ResourceRecord], _ type: RecordType
  ) -> Name? {
    let cuts = records.filter { $0.type == .ns && $0.owner != apex && name.isSubdomain(of: $0.owner) }.map(\.owner)
    guard let highest = cuts.min(by: { $0.labelCount < $1.labelCount }) else { return nil }
    return type == .ds && highest == name ? nil : highest
  }

  /// A DNAME above the name, unless the name's own zone says that the names between exist.
  private func redirection(_ name: Name, _ apex: Name, _ records: [ResourceRecord]) -> ResourceRecord? {
    records.first { $0.type == .dname && $0.owner != name && name.isSubdomain(of: $0.owner) }
  }

  /// The owner whose records answer: the name itself if it exists, be it without records, else the wildcard of the
  /// closest encloser (RFC 4592 §3.3.1); nil when there is neither.
  private func node(_ name: Name, _ records: [ResourceRecord]) -> Name? {
    if exists(name, records) { return name }
    var encloser = name.parent
    while let candidate = encloser, !exists(candidate, records) { encloser = candidate.parent }
    guard let wildcard = encloser?.prefixed(by: [0x2a]), exists(wildcard, records) else { return nil }
    return wildcard
  }

  /// What an open zone does not hold: names that it does not have, names without records, and what its own name lacks, but
  /// for one that has an address.
  private func isForwarded(_ name: Name, _ type: RecordType, _ apex: Name, _ records: [ResourceRecord]) -> Bool {
    guard let node = node(name, records) else { return true }
    let types = records.filter { $0.owner == node }.map(\.type)
    if types.isEmpty { return true }
    let isHost = types.contains { [.a, .aaaa, .alias].contains($0) }
    return node == apex && !isHost && type != .any && !types.contains(type)
  }

  private func exists(_ name: Name, _ records: [ResourceRecord]) -> Bool {
    records.contains { $0.owner.isSubdomain(of: name) }
  }

  private func soa(_ records: [ResourceRecord]) -> [String] {
    records.filter { $0.type == .soa }.flatMap { record in
      lines([ResourceRecord(owner: record.owner, type: .soa, ttlSeconds: 300, data: record.data)], record.owner)
    }
  }

  private func lines(_ records: [ResourceRecord], _ owner: Name) -> [String] {
    records.map { "\(owner.lowercased) \($0.ttlSeconds) \($0.type) \($0.data.map { Wire.lowercased($0) })" }
  }
}

extension Model: CustomStringConvertible {
  /// The zones as lists of records.
  var description: String {
    zones.sorted { $0.key < $1.key }.flatMap { apex, records in
      ["zone \(apex)\(open.contains(apex) ? ", open" : "")"]
        + records.map { "  \($0.owner) \($0.ttlSeconds) \($0.type) \(RecordText.text(of: $0.data, type: $0.type))" }
    }.joined(separator: "\n")
  }
}
