/// The sections of a message that hold records.
public enum Section: Int, Sendable {
  case answer
  case authority
  case additional

  /// Where the header counts this section's records.
  @inlinable var countOffset: Int { 6 + 2 * rawValue }
}

/// Builds a response in the caller's buffer.
///
/// Nothing is ever half written: an append that does not fit within `limit` returns false and leaves the message as it
/// was, counts included. What must fit at the end (the OPT record) is set aside first with `reserve`.
public struct MessageWriter: ~Copyable, ~Escapable {
  @usableFromInline var octets: MutableSpan<UInt8>
  /// How many octets are written.
  public internal(set) var count = 0
  /// How many octets the message may have, what is reserved not counted.
  @usableFromInline var limit: Int
  /// Where the target of the last CNAME that `append` wrote stands, which owns what follows it; 0 before the first.
  public private(set) var lastTargetOffset = 0
  /// Where names stand that are compressed against.
  var names: CompressionTable
  /// True once the question's name is one of them: most answers from zones point to it and nothing else.
  var knowsQuestion = false

  /// Writes into `octets`, at most `limit` octets of it.
  ///
  /// - Parameter names: memory of the caller's for where names stand in the message.
  @_lifetime(copy octets, copy names)
  public init(_ octets: consuming MutableSpan<UInt8>, limit: Int, names: consuming CompressionTable) {
    self.limit = min(limit, octets.count, Int(UInt16.max))
    self.octets = octets
    self.names = names
  }

  /// The message as far as it is written.
  public var message: Span<UInt8> {
    @_lifetime(borrow self)
    get { octets.span.extracting(0..<count) }
  }

  /// Starts a response to `query`: the header with its id, opcode, RD and CD, and its question octet for octet.
  ///
  /// - Returns: false when not even that fits.
  @_lifetime(self: copy self)
  public mutating func start(_ query: Query, from message: Span<UInt8>) -> Bool {
    let end = query.questionEnd
    guard end <= limit else { return false }
    octets.copy(message.extracting(0..<end), to: 0)
    let kept: Flags = [.recursionDesired, .checkingDisabled]
    let flags: Flags = [.response, query.flags.opcodeBits, query.flags.intersection(kept)]
    octets.setBigEndian16(flags.rawValue, at: 2)
    octets.setBigEndian16(1, at: 4)
    octets.setBigEndian32(0, at: 6)
    octets.setBigEndian16(0, at: 10)
    count = end
    forgetNames()
    return true
  }

  /// Starts a message that is a header alone, as answers to questions that could not be read are.
  @_lifetime(self: copy self)
  public mutating func start(id: UInt16, flags: Flags) -> Bool {
    guard limit >= Header.length else { return false }
    octets.setBigEndian16(id, at: 0)
    octets.setBigEndian16(flags.rawValue, at: 2)
    octets.setBigEndian32(0, at: 4)
    octets.setBigEndian32(0, at: 8)
    count = Header.length
    forgetNames()
    return true
  }

  /// Appends a question; for those who build queries.
  @_lifetime(self: copy self)
  public mutating func appendQuestion(_ name: Name, _ type: RecordType, _ class: RecordClass) -> Bool {
    guard count + name.wire.count + 4 <= limit else { return false }
    octets.copy(name.wire.span, to: count)
    count += name.wire.count
    octets.setBigEndian16(type.rawValue, at: count)
    octets.setBigEndian16(`class`.rawValue, at: count + 2)
    count += 4
    octets.setBigEndian16(octets.span.bigEndian16(at: 4) + 1, at: 4)
    return true
  }

  /// Lowers the most octets that the message may have: to what this client takes.
  @_lifetime(self: copy self)
  @inlinable public mutating func restrict(to size: Int) { limit = min(limit, size) }

  /// Sets aside room at the end, for what must not be crowded out.
  @_lifetime(self: copy self)
  @inlinable public mutating func reserve(_ size: Int) { limit -= size }

  /// Gives back what `reserve` set aside.
  @_lifetime(self: copy self)
  @inlinable public mutating func release(_ size: Int) { limit += size }

  /// The header's flags.
  public var flags: Flags {
    get { Flags(rawValue: octets.span.bigEndian16(at: 2)) }
    @_lifetime(self: copy self)
    set { octets.setBigEndian16(newValue.rawValue, at: 2) }
  }

  /// Sets the low four bits of the RCODE.
  @_lifetime(self: copy self)
  public mutating func set(_ code: ResponseCode) {
    flags = Flags(rawValue: flags.rawValue & ~15 | code.rawValue & 15)
  }

  /// Sets the message's id.
  @_lifetime(self: copy self)
  public mutating func set(id: UInt16) { octets.setBigEndian16(id, at: 0) }

  /// How many records a section has.
  public func recordCount(_ section: Section) -> Int {
    Int(octets.span.bigEndian16(at: section.countOffset))
  }

  @_lifetime(self: copy self)
  private mutating func addRecords(_ added: Int, to section: Section) {
    // A record takes 11 octets at least, so a message of 65,535 has far fewer than that.
    octets.setBigEndian16(UInt16(recordCount(section) + added), at: section.countOffset)
  }

  /// Takes back every record.
  @_lifetime(self: copy self)
  public mutating func clear(to questionEnd: Int) {
    count = questionEnd
    octets.setBigEndian32(0, at: 6)
    octets.setBigEndian16(0, at: 10)
    forgetNames()
  }

  @_lifetime(self: copy self)
  private mutating func forgetNames() {
    // What was never looked up or kept needs no forgetting.
    if knowsQuestion || lastTargetOffset > 0 { names.forget() }
    knowsQuestion = false
    lastTargetOffset = 0
  }

  /// Puts records that were written before, after the same question, in the place of what is written.
  ///
  /// - Parameters:
  ///   - records: of the answer and authority sections; pointers in them lead to where they led then.
  ///   - flags: all of the header's.
  /// - Returns: false when they do not fit; nothing is changed then.
  @_lifetime(self: copy self)
  public mutating func replaceRecords(
    after questionEnd: Int, with records: Span<UInt8>, answers: UInt16, authorities: UInt16, flags: Flags
  ) -> Bool {
    guard questionEnd + records.count <= limit else { return false }
    clear(to: questionEnd)
    octets.copy(records, to: questionEnd)
    count = questionEnd + records.count
    octets.setBigEndian16(answers, at: Section.answer.countOffset)
    octets.setBigEndian16(authorities, at: Section.authority.countOffset)
    self.flags = flags
    return true
  }

  /// Lowers the TTL that stands at a place of the message.
  ///
  /// - Parameter seconds: less than the TTL.
  @_lifetime(self: copy self)
  public mutating func countDown(ttlAt offset: Int, by seconds: UInt32) {
    octets.setBigEndian32(octets.span.bigEndian32(at: offset) &- seconds, at: offset)
  }

  /// Takes back every record, and sets TC: the client asks again over TCP.
  @_lifetime(self: copy self)
  public mutating func truncate(to questionEnd: Int) {
    clear(to: questionEnd)
    flags.insert(.truncated)
  }

  /// The name that stands at a place of the message; nil when none does.
  public func name(at offset: Int) -> Name? {
    guard let reader = try? MessageReader(message) else { return nil }
    return try? reader.name(at: offset)
  }

  /// Appends records that were made ready beforehand, each starting with the two octets of a pointer, which becomes a
  /// pointer to the name at `owner`.
  ///
  /// - Parameters:
  ///   - owner: where in this message the owner's name stands; a pointer reaches 16,383 octets far.
  ///   - recordCount: how many records `records` is.
  ///   - maximumTTL: what no record's TTL may exceed, in seconds; nil keeps them as they are.
  /// - Returns: false when they do not fit, or no pointer reaches the owner; nothing is written then.
  @_lifetime(self: copy self)
  public mutating func append(
    prepared records: Span<UInt8>, recordCount: Int, owner: Int, maximumTTL: UInt32? = nil, to section: Section
  ) -> Bool {
    let end = count + records.count
    guard end <= limit, owner < 0x4000 else { return false }
    octets.copy(records, to: count)
    var at = count
    for _ in 0..<recordCount {
      set(pointerTo: owner, at: at)
      if let maximumTTL {
        octets.setBigEndian32(min(maximumTTL, octets.span.bigEndian32(at: at + 6)), at: at + 6)
      }
      at += 12 + Int(octets.span.bigEndian16(at: at + 10))
    }
    count = end
    addRecords(recordCount, to: section)
    return true
  }

  /// Appends one record, its owner's name compressed against what was appended this way before and the question.
  ///
  /// - Parameter data: uncompressed record data, of at most 65,535 octets.
  /// - Returns: false when it does not fit; nothing is written then.
  @_lifetime(self: copy self)
  public mutating func append(
    _ owner: Name, _ type: RecordType, _ class: RecordClass, ttl: UInt32, data: Span<UInt8>, to section: Section
  ) -> Bool {
    let match = match(owner.wire.span)
    guard let length = UInt16(exactly: data.count), count + match.length + 10 + data.count <= limit else {
      return false
    }
    _ = append(owner.wire.span, match)
    octets.setBigEndian16(type.rawValue, at: count)
    octets.setBigEndian16(`class`.rawValue, at: count + 2)
    octets.setBigEndian32(ttl, at: count + 4)
    octets.setBigEndian16(length, at: count + 8)
    octets.copy(data, to: count + 10)
    let start = count + 10
    count = start + data.count
    if type == .cname { noteTarget(at: start) }
    addRecords(1, to: section)
    return true
  }

  /// Appends records of one owner that were made ready beforehand, each starting with two octets for a pointer, with
  /// a TTL of their own; the owner's name is compressed as `append(_:_:_:ttl:data:to:)` does.
  ///
  /// - Parameters:
  ///   - owner: in uncompressed wire form; empty to point to `ownerOffset` instead.
  ///   - ownerOffset: where in this message the owner's name stands; a pointer reaches 16,383 octets far.
  /// - Returns: false when they do not fit, or no pointer reaches the owner; nothing is written then.
  @_lifetime(self: copy self)
  public mutating func append(
    prepared records: Span<UInt8>, owner: Span<UInt8>, ownerOffset: Int = Header.length, ttlSeconds: UInt32,
    to section: Section
  ) -> Bool {
    guard owner.isEmpty else { return append(prepared: records, named: owner, ttlSeconds, to: section) }
    guard ownerOffset < 0x4000, count + records.count <= limit else { return false }
    var at = 0
    while at < records.count { at = append(record: records, at: at, owner: ownerOffset, ttlSeconds, to: section) }
    return true
  }

  /// The same with the owner's name: written once, and pointed at by the records that follow.
  @_lifetime(self: copy self)
  private mutating func append(
    prepared records: Span<UInt8>, named owner: Span<UInt8>, _ ttlSeconds: UInt32, to section: Section
  ) -> Bool {
    let match = match(owner)
    // Where no pointer reaches the name, or saves anything, it is written again for each record.
    let isReached = match.length == 2 || match.length > 2 && count < 0x4000
    var (recordCount, at) = (0, 0)
    while at < records.count {
      recordCount += 1
      at = Self.end(ofRecordAt: at, in: records)
    }
    let names = isReached ? match.length + 2 * (recordCount - 1) : match.length * recordCount
    guard recordCount > 0 else { return true }
    guard count + names + records.count - 2 * recordCount <= limit else { return false }
    var place: Int?
    at = 0
    while at < records.count {
      if let place, isReached {
        at = append(record: records, at: at, owner: place, ttlSeconds, to: section)
      } else {
        place = append(owner, match)
        at = append(record: records, at: at, owner: nil, ttlSeconds, to: section)
      }
    }
    return true
  }

  /// Copies one prepared record, for which there must be room.
  ///
  /// - Parameter owner: where its name stands; nil when that was just written.
  /// - Returns: where the next one is in `records`.
  @_lifetime(self: copy self)
  private mutating func append(
    record records: Span<UInt8>, at: Int, owner: Int?, _ ttlSeconds: UInt32, to section: Section
  ) -> Int {
    if let owner {
      set(pointerTo: owner, at: count)
      count += 2
    }
    let end = Self.end(ofRecordAt: at, in: records)
    let start = count
    octets.copy(records.extracting((at + 2)..<end), to: start)
    octets.setBigEndian32(ttlSeconds, at: start + 4)
    count += end - at - 2
    if records.bigEndian16(at: at + 2) == RecordType.cname.rawValue { noteTarget(at: start + 10) }
    addRecords(1, to: section)
    return end
  }

  private static func end(ofRecordAt at: Int, in records: Span<UInt8>) -> Int {
    at + 12 + Int(records.bigEndian16(at: at + 10))
  }

  /// The target of a CNAME is the owner of what follows it.
  @_lifetime(self: copy self)
  private mutating func noteTarget(at offset: Int) {
    lastTargetOffset = offset
    remember(nameAt: offset)
  }

  /// How many octets an OPT record without options takes.
  @inlinable public static var emptyOPTLength: Int { 11 }

  /// Appends the OPT record, with an Extended DNS Error if there is one (RFC 6891 §6.1, RFC 8914 §2).
  ///
  /// Room that was reserved for it must have been released.
  /// - Parameter errorText: printable ASCII, for a person; see `ExtendedError`.
  @_lifetime(self: copy self)
  public mutating func appendOPT(
    payloadSize: UInt16, code: ResponseCode, dnssecOK: Bool, error: ExtendedError? = nil
  ) -> Bool {
    let optionLength = error?.optionLength ?? 0
    guard let length = UInt16(exactly: optionLength), count + 11 + optionLength <= limit else { return false }
    octets[count] = 0
    octets.setBigEndian16(RecordType.opt.rawValue, at: count + 1)
    octets.setBigEndian16(payloadSize, at: count + 3)
    // The lower four bits are in the header; a code has twelve.
    octets[count + 5] = UInt8(truncatingIfNeeded: code.rawValue >> 4)
    octets[count + 6] = 0
    octets.setBigEndian16(dnssecOK ? 0x8000 : 0, at: count + 7)
    octets.setBigEndian16(length, at: count + 9)
    if let error {
      octets.setBigEndian16(ExtendedError.optionCode, at: count + 11)
      octets.setBigEndian16(length - 4, at: count + 13)
      octets.setBigEndian16(error.code.rawValue, at: count + 15)
      octets.copy(error.octets.span, to: count + 17)
    }
    count += 11 + optionLength
    addRecords(1, to: .additional)
    return true
  }
}
