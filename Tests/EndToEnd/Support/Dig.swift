import Foundation

/// What `dig` showed of one answer.
struct DigAnswer {
  struct Record: Hashable, CustomStringConvertible {
    let owner: String
    let ttlSeconds: Int
    let type: String
    let data: String

    /// As zone files write it, without the TTL and the class.
    var description: String { "\(owner) \(type) \(data)" }
  }

  /// `NOERROR`, `NXDOMAIN`, …; empty when there was no answer.
  var status = ""
  var flags: Set<String> = []
  var answer: [Record] = []
  var authority: [Record] = []
  /// The Extended DNS Error, as `15 (Blocked): (text)`.
  var error: String?
  /// The size that the server's OPT names.
  var payloadSize: Int?
  /// Octets of the message.
  var size = 0
  /// How many servers' answers `dig` looked at: more than one after a truncated one.
  var text = ""

  var usedTCP: Bool { text.contains("(TCP)") }
  /// True when `dig` asked over TCP because the first answer was truncated.
  var wasRetried: Bool { text.contains(";; Truncated, retrying in TCP mode.") }
  /// The answers' records without their TTLs.
  var records: [String] { answer.map(\.description) }
  /// The data of the last owner: the end of the chain, sorted.
  var addresses: [String] { answer.filter { $0.type == "A" || $0.type == "AAAA" }.map(\.data).sorted() }
}

/// The real `dig`.
enum Dig {
  static func ask(_ server: Endpoint, _ arguments: [String], in lab: Lab) throws -> DigAnswer {
    let outcome = try lab.run("dig", ["@\(server.host)", "-p", "\(server.port)", "+tries=1"] + arguments)
    return parse(outcome.output)
  }

  /// Asks for each of the lines, in one run of the program.
  static func ask(_ server: Endpoint, _ arguments: [String], each lines: [String], in lab: Lab) throws -> [DigAnswer] {
    let file = "questions-\(UUID().uuidString)"
    try lab.write(lines.joined(separator: "\n") + "\n", to: file)
    let outcome = try lab.run(
      "dig", ["@\(server.host)", "-p", "\(server.port)", "+tries=1"] + arguments + ["-f", file])
    let answers = outcome.output.components(separatedBy: "\n; <<>> DiG").dropFirst().map(parse)
    guard answers.count == lines.count else {
      throw LabError("\(answers.count) answers to \(lines.count) questions:\n\(outcome.output)\(outcome.errors)")
    }
    return answers
  }

  static func parse(_ text: String) -> DigAnswer {
    var answer = DigAnswer()
    answer.text = text
    var section = ""
    for line in text.split(separator: "\n").map(String.init) {
      if let status = value(after: "status: ", in: line) {
        answer.status = status
      } else if line.hasPrefix(";; flags: ") {
        let flags = line.dropFirst(10).prefix { $0 != ";" }
        answer.flags = Set(flags.split(separator: " ").map(String.init))
      } else if let size = value(after: "udp: ", in: line) {
        answer.payloadSize = Int(size)
      } else if line.hasPrefix("; EDE: ") {
        answer.error = String(line.dropFirst(7))
      } else if let size = value(after: ";; MSG SIZE  rcvd: ", in: line) {
        answer.size = Int(size) ?? 0
      } else if line.hasPrefix(";; "), line.hasSuffix(" SECTION:") {
        section = String(line.dropFirst(3).dropLast(9))
      } else if !line.hasPrefix(";"), let record = record(line) {
        if section == "ANSWER" { answer.answer.append(record) }
        if section == "AUTHORITY" { answer.authority.append(record) }
      }
    }
    return answer
  }

  /// The word that follows a mark, up to a comma or the line's end.
  private static func value(after mark: String, in line: String) -> String? {
    guard let range = line.range(of: mark) else { return nil }
    return String(line[range.upperBound...].prefix { $0 != "," })
  }

  /// A record as zone files write it, with all its fields; nil for other lines.
  static func record(_ line: String) -> DigAnswer.Record? {
    let fields = line.split(maxSplits: 4, whereSeparator: \.isWhitespace).map(String.init)
    guard fields.count == 5, let ttl = Int(fields[1]) else { return nil }
    return DigAnswer.Record(owner: fields[0], ttlSeconds: ttl, type: fields[3], data: fields[4])
  }
}
