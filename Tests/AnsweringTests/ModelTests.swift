import Answering
import TestKit
import Testing
import Wire
import Zones

/// Answers from random zones, against a model that goes through the list of records by the letter of RFC 1034 §4.3.2,
/// RFC 4592 and RFC 6672. A failure shows its seed, the zone and the question.
@Suite struct ModelTests {
  @Test(arguments: Seeds.all) func answersLikeTheModel(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var asked = 0
    while asked < 3_000 {
      guard let (server, model) = Self.zones(&random) else { continue }
      for _ in 0..<25 {
        let question = random.questionName()
        let type = random.pick([RecordType.a, .aaaa, .txt, .cname, .mx, .ns, .soa, .dname, .any, .ds])
        let query = RawMessage.query(question.wire, type, flags: 0).octets
        let answer = try ParsedMessage(#require(server.answer(query, via: .tcp)))
        let expected = model.answer(question, type)
        asked += 1
        if Self.text(answer) != expected.text {
          Issue.record("\(question) \(type): got\n\(Self.text(answer))\nexpected\n\(expected.text)\nin\n\(model)")
          return
        }
      }
    }
  }

  /// What is never asked for is never compared.
  @Test func questionsReachEveryWayThatAnAnswerCanEnd() {
    var random = SeededGenerator(seed: 1)
    var kinds: Set<String> = []
    for _ in 0..<20_000 where kinds.count < 8 {
      guard let (_, model) = Self.zones(&random) else { continue }
      for _ in 0..<25 { kinds.insert(model.answer(random.questionName(), random.pick([.a, .cname])).kind) }
    }
    #expect(kinds == ["data", "nodata", "nxdomain", "referral", "chain", "long", "elsewhere", "yxdomain"])
  }

  /// Sets in order, records of each by their text: the order inside a set means nothing.
  static func text(_ message: ParsedMessage) -> String {
    let head = message.description.split(separator: "\n").first ?? ""
    func lines(_ records: [ParsedRecord]) -> [String] {
      records.map { "\($0.owner.lowercased) \($0.ttlSeconds) \($0.type) \($0.data.map { Wire.lowercased($0) })" }
    }
    return ([String(head)] + lines(message.answer).sorted() + ["--"] + lines(message.authority).sorted())
      .joined(separator: "\n")
  }

  /// Some zones, as a server and as a model; nil when the random records make no zones.
  static func zones(_ random: inout SeededGenerator) -> (TestServer, Model)? {
    var zones: [String: String] = [:]
    var model = Model()
    // A circle that no single zone's checks can see.
    let circle = random.oneIn(4) ? ["example": "a 50 CNAME b.test.\n", "test": "b 50 CNAME a.example.\n"] : [:]
    for apex in ["example", "b.example", "test"] where apex != "b.example" || random.oneIn(2) {
      var text = TestWorkspace.preamble + (circle[apex] ?? "")
      for _ in 0..<Int.random(in: 1...14, using: &random) { text += random.recordLine(apex) }
      let zoneName = name(apex)
      let (zone, _) = Zone.check(MasterFile.parse(Array(text.utf8), file: apex, origin: zoneName), apex: zoneName)
      guard let zone else { return nil }
      zones[apex] = text
      model.zones[zoneName] = zone.records
    }
    model.open = Set(zones.keys.filter { _ in random.oneIn(3) }.sorted().map { name($0) })
    let misses = model.open.map { "\"\($0.textWithoutFinalDot)\": { \"miss\": \"forward\" }" }.joined(separator: ", ")
    let settings = "{ \"clients\": [\"10.0.0.0/8\"], \"zones\": { \(misses) } }"
    return (TestServer(zones: zones, settings: settings), model)
  }
}

extension SeededGenerator {
  /// A relative name of few labels, so that names meet.
  mutating func relativeName() -> String {
    (0..<Int.random(in: 1...3, using: &self)).map { _ in pick(["a", "b", "c", "*"]) }.joined(separator: ".")
  }

  mutating func targetName() -> String {
    oneIn(12) ? "x.elsewhere." : relativeName() + pick([".example.", ".b.example.", ".test."])
  }

  /// A line of a zone; whether it fits the others is for the zone's checks to say.
  mutating func recordLine(_ apex: String) -> String {
    let owner = oneIn(10) ? "@" : relativeName()
    switch Int.random(in: 0..<12, using: &self) {
    case 0...4: return "\(owner) 60 A 192.0.2.\(Int.random(in: 1...9, using: &self))\n"
    case 5...6: return "\(owner) 60 TXT \"t\(Int.random(in: 1...3, using: &self))\"\n"
    case 7...9: return "\(owner) 50 CNAME \(targetName())\n"
    case 10: return "\(owner) 40 NS ns.elsewhere.\n"
    default:
      // 252 or 254 octets: one label of one octet fits before the shorter, none before the longer.
      let long = [63, 63, 63, pick([58, 60])].map { String(repeating: "l", count: $0) }.joined(separator: ".")
      return "\(owner) 30 DNAME \(oneIn(3) ? long + "." : targetName())\n"
    }
  }

  mutating func questionName() -> Name {
    let zone = pick(["example", "example", "b.example", "test", "test", "elsewhere"])
    if oneIn(12) { return TestKit.name(zone) }
    let text = relativeName() + "." + (oneIn(4) ? relativeName() + "." : "") + zone
    return TestKit.name(oneIn(6) ? text.uppercased() : text)
  }
}
