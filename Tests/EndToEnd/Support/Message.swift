/// DNS messages put together and read octet by octet: what the tests say and hear themselves is not made by the code
/// that they test.
enum Message {
  static func bigEndian(_ number: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
  }

  static func name(_ text: String) -> [UInt8] {
    text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
  }

  /// A query with recursion desired.
  static func query(_ host: String, type: Int = 1, id: UInt16) -> [UInt8] {
    bigEndian(Int(id)) + [1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name(host) + bigEndian(type) + [0, 1]
  }

  static func id(_ message: [UInt8]) -> UInt16 { UInt16(message[0]) << 8 | UInt16(message[1]) }
  static func code(_ message: [UInt8]) -> Int { Int(message[3] & 15) }
  static func answerCount(_ message: [UInt8]) -> Int { Int(message[6]) << 8 | Int(message[7]) }

  /// Where the question ends; the whole length when it is cut.
  static func questionEnd(_ message: [UInt8]) -> Int {
    var at = 12
    while at < message.count, message[at] != 0 { at += Int(message[at]) + 1 }
    return min(at + 5, message.count)
  }

  /// The question's name in lower case, with a dot after each label, and its type.
  static func question(_ message: [UInt8]) -> (name: String, type: Int) {
    var at = 12
    var text = ""
    while at < message.count, message[at] != 0 {
      let end = min(at + 1 + Int(message[at]), message.count)
      text += String(decoding: message[(at + 1)..<end], as: UTF8.self) + "."
      at = end
    }
    let type = at + 2 < message.count ? Int(message[at + 1]) << 8 | Int(message[at + 2]) : 0
    return (text.lowercased(), type)
  }

  /// One record for an answer to a query.
  struct Record: Sendable {
    let type: Int
    let ttlSeconds: Int
    let data: [UInt8]

    static func a(_ one: UInt8, _ two: UInt8, _ three: UInt8, _ four: UInt8, ttl: Int = 60) -> Record {
      Record(type: 1, ttlSeconds: ttl, data: [one, two, three, four])
    }
  }

  /// An answer to `query`, its records owned by the question's name.
  static func answer(_ query: [UInt8], _ records: [Record], code: Int = 0, truncated: Bool = false) -> [UInt8] {
    var message = Array(query[..<questionEnd(query)])
    message[2] = 0x80 | (query[2] & 1) | (truncated ? 2 : 0)
    message[3] = 0x80 | UInt8(code)
    message.replaceSubrange(6..<12, with: bigEndian(records.count) + [0, 0, 0, 0])
    for record in records {
      message += [0xc0, 12] + bigEndian(record.type) + [0, 1] + bigEndian(record.ttlSeconds >> 16)
      message += bigEndian(record.ttlSeconds & 0xffff) + bigEndian(record.data.count) + record.data
    }
    return message
  }
}
