import Wire

@testable import Forwarding

/// One upstream of the simulation: what it would answer, truthfully, and how it behaves.
struct SimulatedUpstream {
  let upstream: Upstream
  /// Its number, which stands in every address that it gives: whose data an answer holds is seen at a glance.
  let number: UInt8

  // Behaviour that lasts.
  var knowsEDNS = true
  var keepsCase = true
  var givesCookies = false
  /// Something on the way to it drops datagrams with EDNS.
  var dropsEDNS = false

  // Faults of the moment.
  var isSilent = false
  var refuses = false
  var fails = false
  var hasTCP = true

  /// What a name is like.
  enum Kind: Int, CaseIterable {
    case address, timeToLiveZero, chain, chainOutside, nameError, noData, large, lasting, broken, nameErrorWithoutSOA
  }

  /// A record as it is compared: the TTL is not part of it.
  struct Datum: Hashable {
    let owner: Name
    let type: RecordType
    let data: [UInt8]
  }

  struct Answer {
    var code: UInt16 = 0
    var answer: [(Datum, ttl: UInt32)] = []
    var authority: [(Datum, ttl: UInt32)] = []
    var isLarge = false
  }

  static func kind(of name: Name) -> Kind? {
    guard let label = name.labels.first, let last = label.last, last &- 0x30 < 10 else { return nil }
    return Kind(rawValue: Int(last - 0x30))
  }

  /// True for names about which every upstream is silent.
  static func isUnanswered(_ name: [UInt8]) -> Bool {
    name.count > 1
      && (lowercased(name[1]) == UInt8(ascii: "z") || Name(wire: name)?.isSubdomain(of: silentZone) == true)
  }

  /// A zone about which every upstream is silent, probes too.
  static let silentZone = Name(labels: [Array("silent".utf8)]) ?? .root

  /// True for names that are truncated over UDP, and about which every upstream is silent over TCP.
  static func isTruncated(_ name: [UInt8]) -> Bool { name.count > 1 && lowercased(name[1]) == UInt8(ascii: "y") }

  /// The truth about a question, as this upstream knows it.
  func truth(_ name: Name, _ type: RecordType) -> Answer {
    guard let kind = Self.kind(of: name) else { return Answer(code: 0, authority: [soa(name)]) }
    let mark = name.wire[1]
    func address(_ owner: Name, _ ttl: UInt32, _ last: UInt8 = 1) -> (Datum, ttl: UInt32) {
      (Datum(owner: owner, type: .a, data: [10, number, mark, last]), ttl)
    }
    func alias(_ target: Name) -> (Datum, ttl: UInt32) { (Datum(owner: name, type: .cname, data: target.wire), 3) }
    switch kind {
    case .broken: return Answer(code: 2)
    case .nameError: return Answer(code: 3, authority: [soa(name)])
    case .nameErrorWithoutSOA: return Answer(code: 3)
    case .noData: return Answer(authority: [soa(name)])
    case _ where type != .a: return Answer(authority: [soa(name)])
    case .address: return Answer(answer: [address(name, 12), address(name, 12, 2)])
    case .timeToLiveZero: return Answer(answer: [address(name, 0)])
    case .lasting: return Answer(answer: [address(name, 300)])
    case .chain, .chainOutside:
      let parent = kind == .chain ? name.parent ?? .root : Name.root
      let target = Name(labels: [Array("target".utf8)] + parent.labels) ?? .root
      return Answer(answer: [alias(target), address(target, 4)])
    case .large: return Answer(answer: (1...40).map { address(name, 5, $0) }, isLarge: true)
    }
  }

  private func soa(_ name: Name) -> (Datum, ttl: UInt32) {
    let zone = name.parent ?? .root
    let data = zone.wire + zone.wire + Array(repeating: 0, count: 19) + [4]
    return (Datum(owner: zone, type: .soa, data: data), 4)
  }

  /// The message for an answer, or nil when the upstream says nothing.
  func message(
    _ truth: Answer, to query: SentQuery, isStream: Bool, extra: [(Datum, ttl: UInt32)] = [], truncated: Bool = false
  ) -> [UInt8] {
    let isTruncated = !isStream && (truth.isLarge || truncated || Self.isTruncated(query.name))
    if !knowsEDNS, query.hasEDNS { return Self.encode(query, code: 1, Answer(), hasOPT: false, keepsCase) }
    var answer = truth
    if fails { answer = Answer(code: 2) }
    answer.answer += extra
    answer.authority += extra
    let hasOPT = query.hasEDNS && knowsEDNS
    var message = Self.encode(
      query, code: answer.code, isTruncated ? Answer() : answer, hasOPT: hasOPT, keepsCase, isTruncated: isTruncated,
      cookie: givesCookies ? query.cookie.map { Array($0.prefix(8)) + [UInt8](repeating: number, count: 8) } : nil)
    // A truncated message may hold anything.
    if isTruncated { message += [1, 2, 3] }
    return message
  }

  static func encode(
    _ query: SentQuery, code: UInt16, _ answer: Answer, hasOPT: Bool, _ keepsCase: Bool, isTruncated: Bool = false,
    cookie: [UInt8]? = nil
  ) -> [UInt8] {
    var flags: Flags = [.response, .recursionDesired, .recursionAvailable]
    if isTruncated { flags.insert(.truncated) }
    var octets: [UInt8] = []
    octets.append(bigEndian: query.id)
    octets.append(bigEndian: flags.rawValue | code)
    octets.append(bigEndian: UInt16(1))
    octets.append(bigEndian: UInt16(answer.answer.count))
    octets.append(bigEndian: UInt16(answer.authority.count))
    octets.append(bigEndian: UInt16(hasOPT ? 1 : 0))
    octets += keepsCase ? query.name : query.name.map { lowercased($0) }
    octets.append(bigEndian: query.type.rawValue)
    octets.append(bigEndian: UInt16(1))
    for (datum, ttl) in answer.answer + answer.authority {
      octets += datum.owner.wire
      octets.append(bigEndian: datum.type.rawValue)
      octets.append(bigEndian: UInt16(1))
      octets.append(bigEndian: ttl)
      octets.append(bigEndian: UInt16(datum.data.count))
      octets += datum.data
    }
    guard hasOPT else { return octets }
    octets += [0, 0, 41, 4, 0xd0, 0, 0, 0, 0]
    octets.append(bigEndian: UInt16(cookie.map { $0.count + 4 } ?? 0))
    if let cookie {
      octets.append(bigEndian: UInt16(10))
      octets.append(bigEndian: UInt16(cookie.count))
      octets += cookie
    }
    return octets
  }
}
