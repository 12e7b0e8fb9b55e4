import Wire

/// Puts an `UpstreamAnswer` together, set by set, within the limits.
struct AnswerBuilder {
  private let settings: ForwardSettings
  private var octets: [UInt8]
  private var sets: [RecordSet] = []
  private var authorityStart: Int?
  private var ttlSeconds: UInt32
  /// Where the owner of the present hop stands in the octets.
  private var ownerOffset = 0
  private var hop: UInt8 = 0

  init(_ name: Name, _ settings: ForwardSettings) {
    self.settings = settings
    octets = name.wire
    ttlSeconds = settings.maximumTTLSeconds
  }

  /// A record's data with names written out.
  func data(of view: RecordView, in response: Response) throws(Unusable) -> [UInt8] {
    do throws(WireError) {
      return try MessageReader(response.octets.span).uncompressedData(of: view)
    } catch {
      throw .damaged
    }
  }

  /// Adds records of one type; of the present hop's owner, or of another that is given.
  mutating func add(
    _ views: [RecordView], from response: Response, _ type: RecordType, owner: Name? = nil, leadsOn: Bool,
    ttlAtMost: UInt32 = .max
  ) throws(Unusable) {
    guard views.count <= settings.maximumRecordsPerSet else { throw .tooManyRecords }
    let ownerPlace = if let owner { try place(of: owner) } else { ownerOffset }
    // The TTLs of a set that differ count as the smallest (RFC 2181 §5.2).
    let ttl = min(views.map(\.ttlSeconds).min() ?? 0, ttlAtMost, settings.maximumTTLSeconds)
    let start = octets.count
    for view in views { try append(type, try data(of: view, in: response)) }
    close(ownerPlace, start, ttl, type, views.count, leadsOn)
  }

  /// Adds signatures over the set that was added last: same owner, and no longer a TTL.
  mutating func add(signatures views: [RecordView], from response: Response) throws(Unusable) {
    guard let last = sets.last, !views.isEmpty else { return }
    guard views.count <= settings.maximumRecordsPerSet else { throw .tooManyRecords }
    let ttl = min(views.map(\.ttlSeconds).min() ?? 0, last.ttlSeconds)
    let start = octets.count
    for view in views { try append(.rrsig, try data(of: view, in: response)) }
    close(Int(last.owner), start, ttl, .rrsig, views.count, false)
  }

  /// Adds the CNAME that a DNAME stands for, and goes on to its target.
  mutating func addCNAME(to target: Name, ttlSeconds: UInt32) throws(Unusable) {
    let start = octets.count
    try append(.cname, target.wire)
    close(ownerOffset, start, min(ttlSeconds, settings.maximumTTLSeconds), .cname, 1, true)
    step()
  }

  /// Where the CNAME that was added last leads.
  var target: Name? {
    sets.last.flatMap { RecordData.name(in: octets, at: Int($0.start) + RecordSet.dataOffset) }
  }

  /// Goes on to the target of the present hop's CNAME, whose name stands in the CNAME's data.
  mutating func step() {
    guard let cname = sets.last(where: { $0.leadsOn }) else { return }
    ownerOffset = Int(cname.start) + RecordSet.dataOffset
    hop += 1
  }

  /// What is added from here on is for the authority section.
  mutating func startAuthority() { authorityStart = sets.count }

  /// The answer holds for no longer than this.
  mutating func limit(ttlSeconds limit: UInt32) { ttlSeconds = min(ttlSeconds, limit) }

  func answer(
    _ ending: UpstreamAnswer.Ending, chainEnd: Name, _ now: Instant, isAuthenticated: Bool
  ) throws(Unusable) -> UpstreamAnswer {
    // Exact sizes: answers are kept by the million.
    return UpstreamAnswer(
      ending: ending, chainEnd: chainEnd, storedAt: now, ttlSeconds: ttlSeconds, isAuthenticated: isAuthenticated,
      octets: Array(octets[...]), sets: Array(sets[...]), authorityStart: authorityStart ?? sets.count)
  }

  private mutating func append(_ type: RecordType, _ data: [UInt8]) throws(Unusable) {
    try makeRoom(for: RecordSet.dataOffset + data.count)
    octets += [0, 0]
    octets.append(bigEndian: type.rawValue)
    octets.append(bigEndian: RecordClass.internet.rawValue)
    octets.append(bigEndian: UInt32(0))
    octets.append(bigEndian: UInt16(truncatingIfNeeded: data.count))
    octets += data
  }

  private mutating func close(
    _ owner: Int, _ start: Int, _ ttl: UInt32, _ type: RecordType, _ count: Int, _ leadsOn: Bool
  ) {
    limit(ttlSeconds: ttl)
    sets.append(
      RecordSet(
        owner: UInt32(truncatingIfNeeded: owner), start: UInt32(truncatingIfNeeded: start),
        end: UInt32(truncatingIfNeeded: octets.count), ttlSeconds: ttl, type: type,
        count: UInt16(truncatingIfNeeded: count), hop: hop, leadsOn: leadsOn))
  }

  /// Where a name stands that is the present owner or above it; another name is added.
  private mutating func place(of name: Name) throws(Unusable) -> Int {
    if let length = RecordData.nameLength(octets[ownerOffset...]) {
      let start = ownerOffset + length - name.wire.count
      if start >= ownerOffset, octets[start..<(ownerOffset + length)].elementsEqual(name.wire) { return start }
    }
    try makeRoom(for: name.wire.count)
    octets += name.wire
    return octets.count - name.wire.count
  }

  /// Throws as soon as it is plain that the answer is too large: two octets of a message may stand for a name of 255.
  private func makeRoom(for count: Int) throws(Unusable) {
    guard octets.count + count <= settings.maximumAnswerOctets else { throw .tooLarge }
  }
}
