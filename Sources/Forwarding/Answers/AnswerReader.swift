import Wire

/// Why a response, though it is the upstream's, is no answer.
enum Unusable: Error, Hashable {
  /// Neither an answer nor a statement that there is none: a referral, which is for resolvers that go on by themselves.
  case referral
  case damaged
  case tooManyRecords
  case tooLarge
  /// The chain of CNAMEs is too long, or leads back into itself.
  case endlessChain
  /// YXDOMAIN, and no DNAME that makes the name too long (RFC 6672 §2.2).
  case nameTooLongWithoutDNAME
  /// NXDOMAIN, and records of the name that is said not to exist.
  case nameErrorWithRecords

  /// For a person, after the upstream's name.
  var text: String {
    switch self {
    case .referral: "answered with a referral, so it does not resolve for this server"
    case .damaged: "answered with a damaged record"
    case .tooManyRecords: "answered with more records than are taken"
    case .tooLarge: "answered with more octets than are taken"
    case .endlessChain: "answered with a chain of CNAMEs that does not end"
    case .nameTooLongWithoutDNAME: "answered YXDOMAIN without a DNAME that makes the name too long"
    case .nameErrorWithRecords: "answered NXDOMAIN with records of the name"
    }
  }
}

/// Reads a response into an answer: goes along the chain from the question's name and keeps what is on it, nothing else.
///
/// Whatever else is in the message (other owners' records, NS, addresses in the additional section) is what poisoners
/// add, and is dropped. A chain is followed inside the rule's zone only: beyond it this upstream has no say
/// (the MaginotDNS attacks).
struct AnswerReader {
  private let question: ForwardQuestion
  private let response: Response
  private let settings: ForwardSettings
  /// The answer section's records of class IN, by owner.
  private var records = OwnedRecords()
  private var builder: AnswerBuilder
  /// The name that the chain has come to.
  private var current: Name
  private var visited: Set<Name>

  /// Reads a response whose code is NOERROR, NXDOMAIN or YXDOMAIN.
  static func read(
    _ response: Response, for question: ForwardQuestion, settings: ForwardSettings, now: Instant
  ) throws(Unusable) -> UpstreamAnswer {
    var reader = AnswerReader(response, question, settings)
    reader.records = try OwnedRecords(response.answer, in: response, maximumOctets: settings.maximumAnswerOctets)
    let ending = try reader.followChain()
    try reader.checkCode(ending)
    return try reader.finish(ending, now)
  }

  private init(_ response: Response, _ question: ForwardQuestion, _ settings: ForwardSettings) {
    self.response = response
    self.question = question
    self.settings = settings
    current = question.name
    visited = [question.name]
    builder = AnswerBuilder(question.name, settings)
  }

  /// The signatures over the records of a type, when they were asked for.
  private func signatures(_ owner: Name, _ type: RecordType, among all: OwnedRecords) -> [RecordView] {
    guard question.dnssecOK else { return [] }
    return all[owner, .rrsig].filter { covered(by: $0) == type }
  }

  /// The type that a signature is over: the first field of its data (RFC 4034 §3.1.1).
  private func covered(by signature: RecordView) -> RecordType? {
    guard signature.data.count >= 2 else { return nil }
    return RecordType(response.octets.span.bigEndian16(at: signature.data.lowerBound))
  }

  /// Goes along the chain; nil when it ends without records of the type that was asked for.
  private mutating func followChain() throws(Unusable) -> UpstreamAnswer.Ending? {
    while true {
      if try addEnd() { return .records }
      guard let next = try addStep() else { return nil }
      guard let target = next.target else { return .nameTooLong }
      current = target
      guard target.isSubdomain(of: question.rule.zone) else { return .elsewhere }
      guard visited.count <= settings.maximumChain, visited.insert(target).inserted else { throw .endlessChain }
    }
  }

  /// The code speaks of the chain's end (RFC 6604 §3), and what the message shows of that may not say otherwise: neither
  /// of the two would be the answer.
  private func checkCode(_ ending: UpstreamAnswer.Ending?) throws(Unusable) {
    switch ResponseCode(rawValue: response.code) {
    case .nameTooLong where ending != .nameTooLong && ending != .elsewhere: throw .nameTooLongWithoutDNAME
    case .nameError where ending == .records: throw .nameErrorWithRecords
    default: return
    }
  }

  /// Adds the records at the end of the chain, if the chain ends here.
  private mutating func addEnd() throws(Unusable) -> Bool {
    if question.type == .any {
      let types = records.types(of: current)
      for type in types { try builder.add(records[current, type], from: response, type, leadsOn: false) }
      return !types.isEmpty
    }
    let found = records[current, question.type]
    guard !found.isEmpty else { return false }
    try builder.add(found, from: response, question.type, leadsOn: false)
    if question.type != .rrsig {
      try builder.add(signatures: signatures(current, question.type, among: records), from: response)
    }
    return true
  }

  /// The DNAME that is closest above the present name, of those that the rule's zone holds.
  private func closestDNAME() -> (owner: Name, view: RecordView)? {
    guard !records.owners(of: .dname).isEmpty else { return nil }
    var at = current.parent
    while let owner = at, owner.isSubdomain(of: question.rule.zone) {
      if let view = records[owner, .dname].first { return (owner, view) }
      at = owner.parent
    }
    return nil
  }

  /// Adds the CNAME that leads on from here, with the DNAME that it was made from.
  ///
  /// - Returns: nil when nothing leads on; no target when a DNAME made it too long.
  private mutating func addStep() throws(Unusable) -> (target: Name?, Void)? {
    let dname = closestDNAME()
    if let dname {
      try builder.add([dname.view], from: response, .dname, owner: dname.owner, leadsOn: false)
      try builder.add(signatures: signatures(dname.owner, .dname, among: records), from: response)
      let data = try builder.data(of: dname.view, in: response)
      guard let base = Name(wire: data) else { throw .damaged }
      guard let target = current.replacing(dname.owner, with: base) else { return (nil, ()) }
      // The CNAME is made here (RFC 6672 §3.1): one that says something else than its DNAME is not to be believed.
      try builder.addCNAME(to: target, ttlSeconds: dname.view.ttlSeconds)
      return (target, ())
    }
    guard let cname = records[current, .cname].first else { return nil }
    try builder.add([cname], from: response, .cname, leadsOn: true)
    let signed = signatures(current, .cname, among: records)
    guard let target = builder.target else { throw .damaged }
    try builder.add(signatures: signed, from: response)
    builder.step()
    return (target, ())
  }

  /// Decides what the end of the chain means, and adds what a negative answer needs.
  private mutating func finish(
    _ ending: UpstreamAnswer.Ending?, _ now: Instant
  ) throws(Unusable) -> UpstreamAnswer {
    let authority = try OwnedRecords(
      response.authority, in: response, maximumOctets: settings.maximumAnswerOctets)
    builder.startAuthority()
    let end: UpstreamAnswer.Ending
    if let ending {
      end = ending
    } else if response.flags.responseCode == ResponseCode.nameError.rawValue {
      end = .nameError
    } else {
      let hasSOA = authority.owners(of: .soa).contains { current.isSubdomain(of: $0) }
      // An authoritative server that does not resolve leaves the end of a chain to who asks; a resolver gives it all.
      if !hasSOA, visited.count > 1 {
        end = .elsewhere
      } else if !hasSOA, !authority.owners(of: .ns).isEmpty {
        throw .referral
      } else {
        end = .noData
      }
    }
    if end == .noData || end == .nameError { try addSOA(authority) }
    if question.dnssecOK, end != .elsewhere { try addProofs(authority) }
    return try builder.answer(
      end, chainEnd: current, now, isAuthenticated: response.flags.contains(.authenticData))
  }

  /// Adds the SOA of the zone that says no; without one the answer is not kept (RFC 2308 §5).
  private mutating func addSOA(_ authority: OwnedRecords) throws(Unusable) {
    guard let owner = authority.owners(of: .soa).first(where: { current.isSubdomain(of: $0) }),
      let soa = authority[owner, .soa].first
    else {
      builder.limit(ttlSeconds: 0)
      return
    }
    let data = try builder.data(of: soa, in: response)
    let minimum = data.span.bigEndian32(at: data.count - 4)
    let highest = min(settings.maximumNegativeTTLSeconds, ForwardSettings.highestNegativeTTLSeconds)
    let ttl = min(min(soa.ttlSeconds, minimum), highest)
    builder.limit(ttlSeconds: ttl)
    try builder.add([soa], from: response, .soa, owner: owner, leadsOn: false, ttlAtMost: ttl)
    try builder.add(signatures: signatures(owner, .soa, among: authority), from: response)
  }

  /// Adds the NSEC and NSEC3 records that prove a negative or wildcard answer (RFC 4035 §3.1.3, RFC 5155 §7.2).
  private mutating func addProofs(_ authority: OwnedRecords) throws(Unusable) {
    for type in [RecordType(47), RecordType(50)] {
      for owner in authority.owners(of: type) where owner.isSubdomain(of: question.rule.zone) {
        let views = authority[owner, type]
        try builder.add(views, from: response, type, owner: owner, leadsOn: false)
        try builder.add(signatures: signatures(owner, type, among: authority), from: response)
      }
    }
  }
}
