import TestKit
import Testing
import Wire

/// What the writer writes, the reader reads: random messages, each at random limits. A failure shows its seed.
@Suite struct RoundTripTests {
  @Test(arguments: Seeds.all) func messagesComeBack(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      let question = random.name()
      let query = RawMessage.query(question.wire, random.pick(randomRecordTypes)).octets
      let limit = random.oneIn(2) ? 65_535 : Int.random(in: 300...1_500, using: &random)
      var expected: [Section: [ParsedRecord]] = [.answer: [], .authority: [], .additional: []]
      let message = try written(limit: limit) { writer in
        let checked = try Query(query.span)
        #expect(writer.start(checked, from: query.span) == true)
        for section in [Section.answer, .authority, .additional] {
          for _ in 0..<Int.random(in: 0...12, using: &random) {
            let record = random.record()
            let fits = writer.append(
              record.owner, record.type, record.class, ttl: record.ttlSeconds, data: record.data.span, to: section)
            if fits { expected[section]?.append(record) }
          }
        }
      }
      let parsed = try ParsedMessage(message)
      #expect(parsed.questions.first?.owner.wire == question.wire)
      for (section, records) in [
        (Section.answer, parsed.answer), (.authority, parsed.authority), (.additional, parsed.additional),
      ] {
        #expect(records == expected[section])
        // Names are equal in any case; compression must keep the case itself.
        #expect(records.map(\.owner.wire) == expected[section]?.map(\.owner.wire))
      }
    }
  }
}
