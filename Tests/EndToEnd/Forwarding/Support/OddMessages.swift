// Messages as real servers never send them.

extension Message {
  /// A record with an owner of its own.
  struct OwnedRecord: Sendable {
    let owner: String
    let record: Record

    static func a(_ owner: String, _ address: [UInt8], ttl: Int = 60) -> OwnedRecord {
      OwnedRecord(owner: owner, record: Record(type: 1, ttlSeconds: ttl, data: address))
    }

    static func cname(_ owner: String, _ target: String, ttl: Int = 60) -> OwnedRecord {
      OwnedRecord(owner: owner, record: Record(type: 5, ttlSeconds: ttl, data: name(target)))
    }

    static func ns(_ owner: String, _ target: String) -> OwnedRecord {
      OwnedRecord(owner: owner, record: Record(type: 2, ttlSeconds: 3600, data: name(target)))
    }

    /// An SOA by which negative answers are kept for so long.
    static func soa(_ owner: String, minimum: Int) -> OwnedRecord {
      let numbers = [1, 3600, 600, 86_400, minimum].flatMap { bigEndian($0 >> 16) + bigEndian($0 & 0xffff) }
      let data = name("ns." + owner) + name("root." + owner) + numbers
      return OwnedRecord(owner: owner, record: Record(type: 6, ttlSeconds: minimum, data: data))
    }
  }

  /// A response to `query` with records in every section.
  static func response(
    _ query: [UInt8], answer: [OwnedRecord] = [], authority: [OwnedRecord] = [], additional: [OwnedRecord] = [],
    code: Int = 0
  ) -> [UInt8] {
    var message = Message.answer(query, [], code: code)
    let counts = [answer.count, authority.count, additional.count]
    message.replaceSubrange(6..<12, with: counts.flatMap(bigEndian))
    for owned in answer + authority + additional {
      let record = owned.record
      message += name(owned.owner) + bigEndian(record.type) + [0, 1]
      message += bigEndian(record.ttlSeconds >> 16) + bigEndian(record.ttlSeconds & 0xffff)
      message += bigEndian(record.data.count) + record.data
    }
    return message
  }

  /// The same message with another id.
  static func with(id: UInt16, _ message: [UInt8]) -> [UInt8] { bigEndian(Int(id)) + message.dropFirst(2) }

  /// The same message with the case of the question's letters turned.
  static func turningCase(_ message: [UInt8]) -> [UInt8] {
    var message = message
    for at in 12..<(questionEnd(message) - 5) where (message[at] | 0x20) >= 0x61 && (message[at] | 0x20) <= 0x7a {
      message[at] ^= 0x20
    }
    return message
  }

  /// The same message with the question's letters in lower case, as servers answer that do not keep it.
  static func loweringCase(_ message: [UInt8]) -> [UInt8] {
    var message = message
    for at in 12..<(questionEnd(message) - 5) where message[at] >= 0x41 && message[at] <= 0x5a { message[at] |= 0x20 }
    return message
  }
}
