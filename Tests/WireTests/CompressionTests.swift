import TestKit
import Testing
import Wire

/// Compression of owners' names (RFC 1035 §4.1.4).
@Suite struct CompressionTests {
  /// The octets that a message with the question `www.Example.` has after it, when these owners get an empty record
  /// each, without the records' fixed parts.
  static func owners(_ owners: [String]) throws -> [[UInt8]] {
    var result: [[UInt8]] = []
    let message = try written {
      try MessageWriterTests.start(&$0)
      for owner in owners {
        let before = $0.count
        #expect(
          $0.append(name(owner), RecordType(65_280), .internet, ttl: 1, data: [UInt8]().span, to: .answer) == true)
        result.append($0.message.extracting(before..<($0.count - 10)).array)
      }
    }
    // Whatever is saved, the names are those that were given, in their own case.
    let parsed = try ParsedMessage(message)
    #expect(parsed.answer.map(\.owner.wire) == owners.map(wire))
    return result
  }

  @Test func pointsAtTheLongestKnownEnd() throws {
    // The question's name is at 12, its `Example` at 16; the first owner's own label is at 29.
    #expect(
      try Self.owners(["www.Example", "Example", "a.Example", "b.a.Example", "a.Example", "test", "a.test"]) == [
        octets("c00c"), octets("c010"), octets("01 'a' c010"), octets("01 'b' c035"), octets("c035"), octets("<test>"),
        octets("01 'a' c05d"),
      ])
  }

  /// A pointer would show the other name's case, so names that differ in case are not compressed against each other.
  @Test func keepsTheCase() throws {
    #expect(
      try Self.owners(["www.example", "WWW.Example", "WWW.Example"]) == [
        octets("<www.example>"), octets("03 'WWW' c010"), octets("c034"),
      ])
  }

  @Test func writesTheRootAsItself() throws {
    #expect(try Self.owners([".", "."]) == [[0], [0]])
  }

  @Test func comparesWholeLabels() throws {
    // `xExample` ends like `Example`, and a label may hold the very octets of another label's end.
    #expect(
      try Self.owners(["xExample", "a\\007Example"]) == [octets("<xExample>"), octets("09 'a' 07 'Example' 00")])
  }

  @Test func theTargetOfACNAMEIsKnown() throws {
    let message = try written {
      try MessageWriterTests.start(&$0)
      #expect(
        $0.append(name("www.Example"), .cname, .internet, ttl: 1, data: wire("target.test").span, to: .answer) == true)
      let before = $0.count
      #expect($0.append(name("target.test"), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: .answer) == true)
      let length = $0.count - before
      #expect(length == 2 + 10 + 4)
    }
    #expect(try ParsedMessage(message).answer[1].owner.description == "target.test.")
  }

  /// A record that did not fit leaves nothing behind that a later name could be pointed at.
  @Test func forgetsWhatDidNotFit() throws {
    let large = [UInt8](repeating: 0, count: 200)
    let message = try written(limit: 200) {
      try MessageWriterTests.start(&$0)
      for number in 0..<50 {
        #expect(
          $0.append(name("n\(number).gone.test"), .txt, .internet, ttl: 1, data: large.span, to: .answer) == false)
      }
      for (owner, length) in [("a.test", 8), ("b.a.test", 4), ("c.b.a.test", 4), ("d.c.b.a.test", 4)] {
        let before = $0.count
        #expect(
          $0.append(name(owner), RecordType(65_280), .internet, ttl: 1, data: [UInt8]().span, to: .answer) == true)
        let written = $0.count - before - 10
        #expect(written == length)
      }
    }
    #expect(
      try ParsedMessage(message).answer.map(\.owner.description) == [
        "a.test.", "b.a.test.", "c.b.a.test.", "d.c.b.a.test.",
      ])
  }

  /// The table is bounded: thousands of names cost no more than a few dozen each, and stay right (CVE-2024-8508's kind).
  @Test func isBoundedAndRightWithManyNames() throws {
    let owners = (0..<2_000).map { "n\($0 % 700).zone\($0 % 7).test" }
    let message = try written {
      try MessageWriterTests.start(&$0)
      for owner in owners {
        #expect($0.append(name(owner), .a, .internet, ttl: 1, data: [192, 0, 2, 1].span, to: .answer) == true)
      }
    }
    #expect(try ParsedMessage(message).answer.map(\.owner) == owners.map(name))
  }

  /// Pointers reach 16,383 octets far; names behind that are not pointed at.
  @Test func pointsAtNothingThatAPointerCannotReach() throws {
    let padding = [UInt8](repeating: 0, count: 8_000)
    let message = try written {
      try MessageWriterTests.start(&$0)
      for owner in [".", ".", "late.test", "late.test", "late.test"] {
        #expect($0.append(name(owner), RecordType(65_280), .internet, ttl: 1, data: padding.span, to: .answer) == true)
      }
    }
    #expect(
      try ParsedMessage(message).answer.map(\.owner.description) == [
        ".", ".", "late.test.", "late.test.", "late.test.",
      ])
  }
}
