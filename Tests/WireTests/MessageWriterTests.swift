import TestKit
import Testing
import Wire

/// Runs `body` with a writer of at most `limit` octets, and returns what it wrote.
func written(
  limit: Int = 65_535, capacity: Int? = nil, _ body: (inout MessageWriter) throws -> Void
) rethrows -> [UInt8] {
  var buffer = [UInt8](repeating: 0xee, count: capacity ?? limit)
  var count = 0
  let names = CompressionMemory(seed: .known)
  do {
    var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
    try body(&writer)
    count = writer.count
  }
  return Array(buffer[..<count])
}

/// Building responses: what is written, and that nothing is ever half written.
@Suite struct MessageWriterTests {
  static let query = RawMessage.query(wire("www.Example"), .a, id: 0xbeef, flags: 0x0130, additional: 1).opt().octets

  static func start(_ writer: inout MessageWriter) throws {
    let query = try Query(Self.query.span)
    #expect(writer.start(query, from: Self.query.span) == true)
  }

  @Test func startsWithTheQuestionOctetForOctet() throws {
    let message = try written { try Self.start(&$0) }
    // QR, RD and CD: the rest of the query's flags is not echoed, nor is its OPT.
    #expect(message == octets("beef 8110 0001 0000 0000 0000 <www.Example> 0001 0001"))
  }

  @Test func startsWithAHeaderAlone() throws {
    let message = written { #expect($0.start(id: 7, flags: [.response, .recursionDesired]) == true) }
    #expect(message == octets("0007 8100 0000 0000 0000 0000"))
    let nothing = written(limit: 11) { #expect($0.start(id: 7, flags: .response) == false) }
    #expect(nothing == [])
  }

  @Test func buildsQueries() throws {
    let message = written {
      #expect($0.start(id: 7, flags: .recursionDesired) == true)
      #expect($0.appendQuestion(name("example"), .mx, .internet) == true)
      #expect($0.appendOPT(payloadSize: 1232, code: .noError, dnssecOK: true) == true)
    }
    #expect(message == octets("0007 0100 0001 0000 0000 0001 <example> 000f 0001 00 0029 04d0 00008000 0000"))
    #expect(try Query(message.span).edns?.dnssecOK == true)
  }

  @Test func setsFlagsCodesAndId() throws {
    let message = try written {
      try Self.start(&$0)
      $0.set(.refused)
      $0.set(.nameError)
      $0.flags.insert(.authoritative)
      $0.set(id: 1)
    }
    let parsed = try ParsedMessage(message)
    #expect(parsed.header.id == 1)
    #expect(parsed.description == "NXDOMAIN aa rd cd")
  }

  @Test func countsEachSectionByItself() throws {
    let message = try written {
      try Self.start(&$0)
      for (section, count) in [(Section.answer, 3), (.authority, 2), (.additional, 1)] {
        for _ in 0..<count {
          #expect($0.append(name("a"), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: section) == true)
        }
        let counted = $0.recordCount(section)
        #expect(counted == count)
      }
    }
    let header = try ParsedMessage(message).header
    #expect([header.answerCount, header.authorityCount, header.additionalCount] == [3, 2, 1])
  }

  /// Records made ready beforehand get the pointer to their owner, and no TTL above the one that is asked for.
  @Test func appendsPreparedRecords() throws {
    let prepared = octets("c00c 0001 0001 0000012c 0004 c0000201 c00c 0001 0001 00000000 0004 c0000202")
    func message(maximumTTL: UInt32?) throws -> String {
      let octets = try written {
        try Self.start(&$0)
        #expect(
          $0.append(prepared: prepared.span, recordCount: 2, owner: 16, maximumTTL: maximumTTL, to: .answer) == true)
      }
      return try ParsedMessage(octets).answer.map(\.description).joined(separator: "\n")
    }
    #expect(try message(maximumTTL: nil) == "Example. 300 IN A 192.0.2.1\nExample. 0 IN A 192.0.2.2")
    #expect(try message(maximumTTL: 60) == "Example. 60 IN A 192.0.2.1\nExample. 0 IN A 192.0.2.2")
    #expect(try message(maximumTTL: 900) == "Example. 300 IN A 192.0.2.1\nExample. 0 IN A 192.0.2.2")
  }

  /// A pointer has 14 bits. An owner that it cannot reach is refused, not cut to another place.
  @Test func refusesAnOwnerThatNoPointerReaches() throws {
    let prepared = octets("c00c 0001 0001 0000012c 0004 c0000201")
    _ = try written {
      try Self.start(&$0)
      let before = $0.count
      #expect($0.append(prepared: prepared.span, recordCount: 1, owner: 0x4000, to: .answer) == false)
      let counts = ($0.count, $0.recordCount(.answer))
      #expect(counts == (before, 0))
      #expect($0.append(prepared: prepared.span, recordCount: 1, owner: 0x3fff, to: .answer) == true)
    }
  }

  /// A whole answer of several records, built at every limit: the records that fit are there whole, those that do not
  /// are not there at all, and what is behind the message stays untouched.
  @Test func writesNothingHalfAtAnyLimit() throws {
    let records: [(String, RecordType, [UInt8])] = [
      ("www.Example", .cname, wire("target.example")), ("target.example", .a, [192, 0, 2, 1]),
      ("x.target.example", .txt, octets("05 'hello'")), ("elsewhere.test", .mx, octets("000a <mx.test>")),
      (".", .ns, [0]),
    ]
    for limit in 0...220 {
      var buffer = [UInt8](repeating: 0xee, count: 240)
      var count = 0
      var appended: [Bool] = []
      let names = CompressionMemory(seed: .known)
      do {
        var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
        let query = try Query(Self.query.span)
        guard writer.start(query, from: Self.query.span) else {
          let written = writer.count
          #expect(limit < 29 && written == 0)
          continue
        }
        for (owner, type, data) in records {
          let before = writer.message.array
          let fits = writer.append(name(owner), type, .internet, ttl: 5, data: data.span, to: .answer)
          let after = writer.message.array
          #expect(fits || after == before)
          appended.append(fits)
        }
        let fits = writer.appendOPT(
          payloadSize: 1232, code: .noError, dnssecOK: false, error: ExtendedError(.other, "why"))
        appended.append(fits)
        count = writer.count
      }
      #expect(count <= limit)
      #expect(buffer[limit...].allSatisfy { $0 == 0xee })
      let parsed = try ParsedMessage(Array(buffer[..<count]))
      let expected = zip(records, appended).filter(\.1).map { "\(name($0.0.0))" }
      #expect(parsed.answer.map(\.owner.description) == expected)
      #expect((parsed.edns != nil) == appended.last)
      if limit >= 200 { #expect(appended.allSatisfy { $0 }) }
    }
  }

  @Test func writesNothingHalfOfPreparedRecordsAndQuestions() throws {
    let prepared = octets("c00c 0001 0001 0000012c 0004 c0000201 c00c 0001 0001 00000000 0004 c0000202")
    for limit in 29...62 {
      let message = try written(limit: limit, capacity: 80) {
        try Self.start(&$0)
        let fits = $0.append(prepared: prepared.span, recordCount: 2, owner: 12, to: .answer)
        #expect(fits == (limit >= 61))
      }
      #expect(try ParsedMessage(message).answer.count == (limit >= 61 ? 2 : 0))
    }
    for limit in 12...30 {
      let message = written(limit: limit) {
        #expect($0.start(id: 7, flags: []) == true)
        let fits = $0.appendQuestion(name("example"), .a, .internet)
        #expect(fits == (limit >= 25))
      }
      #expect(message.count == (limit >= 25 ? 25 : 12))
    }
  }

  /// The limit never goes past the buffer, whatever the caller says.
  @Test func keepsToItsBuffer() throws {
    let message = try written(limit: 65_535, capacity: 40) {
      try Self.start(&$0)
      #expect($0.append(name("a"), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: .answer) == false)
    }
    #expect(message.count == 29)
  }

  @Test func keepsRoomAside() throws {
    // 29 for the question, 16 for the record, 11 for OPT.
    for limit in 45...56 {
      let message = try written(limit: limit) {
        try Self.start(&$0)
        $0.reserve(MessageWriter.emptyOPTLength)
        let fits = $0.append(name("www.Example"), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: .answer)
        #expect(fits == (limit == 56))
        $0.release(MessageWriter.emptyOPTLength)
        #expect($0.appendOPT(payloadSize: 1232, code: .noError, dnssecOK: false) == true)
      }
      #expect(try ParsedMessage(message).edns != nil)
    }
  }

  @Test func isRestrictedButNeverWidened() throws {
    _ = try written(limit: 100) {
      $0.restrict(to: 45)
      $0.restrict(to: 90)
      try Self.start(&$0)
      #expect($0.append(name("www.Example"), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: .answer) == true)
      #expect($0.append(name("www.Example"), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: .answer) == false)
    }
  }

  @Test func takesRecordsBack() throws {
    func fill(_ writer: inout MessageWriter) throws {
      try Self.start(&writer)
      #expect(writer.append(name("a.test"), .cname, .internet, ttl: 1, data: wire("b.test").span, to: .answer) == true)
      #expect(writer.append(name("b.test"), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: .authority) == true)
    }
    let cleared = try written {
      try fill(&$0)
      $0.clear(to: 29)
      let (offset, count) = ($0.lastTargetOffset, $0.recordCount(.answer))
      #expect(offset == 0 && count == 0)
      // What was compressed against before is gone, and must not be pointed at.
      #expect($0.append(name("b.test"), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: .answer) == true)
    }
    #expect(try ParsedMessage(cleared).description == "NOERROR rd cd\nb.test. 1 IN A 192.0.2.1")
    let truncated = try written {
      try fill(&$0)
      $0.truncate(to: 29)
    }
    #expect(try ParsedMessage(truncated).description == "NOERROR tc rd cd")
  }

  @Test func findsNamesInWhatIsWritten() throws {
    _ = try written {
      try Self.start(&$0)
      #expect(
        $0.append(name("www.Example"), .cname, .internet, ttl: 1, data: wire("a.Example").span, to: .answer) == true)
      let (question, end, target) = ($0.name(at: 12), $0.name(at: 16), $0.name(at: $0.lastTargetOffset))
      #expect(question?.description == "www.Example.")
      #expect(end?.description == "Example.")
      #expect(target?.description == "a.Example.")
      let none = $0.name(at: $0.count)
      #expect(none == nil)
    }
  }
}
