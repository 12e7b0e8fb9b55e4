import TestKit
import Testing
import Wire

/// Damaged messages: whatever libldns and this code do not agree about must be on a list that says why.
@Suite struct DisagreementTests {
  /// What is refused here and accepted by libldns, and why it is refused.
  static let stricter: [WireError.Reason: String] = [
    .trailingOctets: "octets behind the last record are room for smuggling; libldns does not look there",
    .badOPT: "options that do not fill OPT, a second OPT, or an owner: libldns takes the options as they are",
    .badPointer: "libldns follows pointers forwards and into the header (RFC 9267 §2)",
    .badDataLength: "libldns takes data that ends before its type's last field, or a name that goes on behind it",
    .truncated: "the same for a name whose last label goes on behind the data",
  ]

  /// What is accepted here and refused, or cut, by libldns: data of a type whose fields do not matter here, and which is
  /// taken as it is (RFC 3597 §4). libldns knows the type and looks inside.
  static func hasOpaqueData(_ message: ParsedMessage) -> Bool {
    (message.answer + message.authority + message.additional).contains { record in
      record.type != .opt && record.type != RecordType(65_280) && RecordData.layout(of: record.type) == [.rest]
    }
  }

  @Test(arguments: Seeds.all) func everyDisagreementIsExplained(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var seen: [String: Int] = [:]
    for _ in 0..<10_000 {
      let record = random.record()
      let whole = RawMessage(flags: 0x8180, counts: [1, 1, 0, 1]).question(wire("a.example"))
        .record(random.oneIn(2) ? pointer(12) : record.owner.wire, record.type, record.data)
        .opt(options: random.oneIn(2) ? option(15, [0, 18]) : [])
      let message = Self.mutated(whole.octets, &random)
      let ours = Result { try ParsedMessage(message) }
      let theirs = Result { try Judge.read(message) }
      let verdict = Self.verdict(ours, theirs)
      seen[verdict, default: 0] += 1
      if verdict.hasPrefix("unexplained"), seen[verdict] == 1 {
        Issue.record("\(verdict): a mutated \(record.type)\n\(ours)\n\(theirs)\n\(Self.hexadecimal(message))")
      }
    }
    #expect((seen["both accept"] ?? 0) > 1_000 && (seen["both refuse"] ?? 0) > 1_000, "\(seen)")
  }

  static func hexadecimal(_ octets: [UInt8]) -> String {
    octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  static func verdict(_ ours: Result<ParsedMessage, any Error>, _ theirs: Result<Judge.Reading, any Error>) -> String {
    switch (ours, theirs) {
    case (.success(let parsed), .success(let reading)):
      if Judge.reading(parsed) == reading { return "both accept" }
      return hasOpaqueData(parsed) ? "opaque here" : "unexplained: both accept, but differently"
    case (.success(let parsed), .failure(let error)):
      return hasOpaqueData(parsed) ? "opaque here" : "unexplained: only refused by libldns: \(error)"
    case (.failure, .failure): return "both refuse"
    case (.failure(let error), .success):
      guard let reason = (error as? WireError)?.reason else { return "unexplained: \(error)" }
      return "\(stricter[reason] == nil ? "unexplained: " : "")only refused here: \(reason)"
    }
  }

  /// The message with octets changed, cut out, put in, or its end cut off or drawn out.
  static func mutated(_ message: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var octets = message
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      let place = Int.random(in: octets.indices, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: octets[place] = UInt8.random(in: 0...255, using: &random)
      case 1: octets[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 2: octets[place] = random.pick([0, 0xc0, 0x3f, 0x40, 0x80, 0xff])
      case 3: octets.remove(at: place)
      case 4: octets.insert(UInt8.random(in: 0...255, using: &random), at: place)
      default: octets = random.oneIn(2) ? Array(octets[..<max(place, 12)]) : octets + random.octets(3)
      }
      if octets.count < 12 { return message }
    }
    return octets
  }
}
