import TestKit
import Testing
import Wire

/// Names as text: RFC 1035 §5.1's presentation form, read and written.
@Suite struct NameTextTests {
  static let label63 = String(repeating: "a", count: 63)
  /// 255 octets on the wire: three labels of 63, one of 61, and the root.
  static let longest = [label63, label63, label63, String(repeating: "b", count: 61)].joined(separator: ".")

  @Test(
    arguments: [
      (".", [0]),
      ("com", [3, 0x63, 0x6f, 0x6d, 0]),
      ("com.", [3, 0x63, 0x6f, 0x6d, 0]),
      ("A.b", [1, 0x41, 1, 0x62, 0]),
      ("*.b.", [1, 0x2a, 1, 0x62, 0]),
      ("@", [1, 0x40, 0]),
      ("a\\.b", [3, 0x61, 0x2e, 0x62, 0]),
      ("a\\\\b", [3, 0x61, 0x5c, 0x62, 0]),
      ("\\065", [1, 0x41, 0]),
      ("\\000\\255", [2, 0, 255, 0]),
      ("\\0461", [2, 0x2e, 0x31, 0]),
      ("\\ \\\"\\;", [3, 0x20, 0x22, 0x3b, 0]),
      ("a\\.", [2, 0x61, 0x2e, 0]),
      ("é", [2, 0xc3, 0xa9, 0]),
    ] as [(String, [UInt8])])
  func readsText(text: String, wire: [UInt8]) throws {
    #expect(try Name(text).wire == wire)
  }

  @Test(
    arguments: [
      ("", .empty),
      ("..", .emptyLabel), (".a", .emptyLabel), ("a..b", .emptyLabel), ("a..", .emptyLabel),
      (label63 + "a", .labelTooLong), (label63 + "\\097.b", .labelTooLong), ("b." + label63 + "a.", .labelTooLong),
      (longest + "b", .nameTooLong), ("a." + longest, .nameTooLong),
      ("a\\", .badEscape), ("\\1", .badEscape), ("\\12", .badEscape), ("\\25a", .badEscape), ("\\256", .badEscape),
      ("\\999.a", .badEscape),
    ] as [(String, NameTextError)])
  func refusesText(text: String, error: NameTextError) {
    #expect(throws: error) { try Name(text) }
  }

  @Test func holdsTheLongestLabelAndName() throws {
    #expect(try Name(Self.label63).wire.count == 65)
    #expect(try Name(Self.longest).wire.count == 255)
    #expect(try Name(Self.longest + ".").wire.count == 255)
    let ones = Array(repeating: "a", count: 127).joined(separator: ".")
    #expect(try Name(ones).wire.count == 255)
    #expect(try Name(ones).labelCount == 127)
    #expect(throws: NameTextError.nameTooLong) { try Name(ones + ".a") }
  }

  @Test func readsRelativeToAnOrigin() throws {
    let origin = name("corp.example.")
    #expect(try Name("www", origin: origin).description == "www.corp.example.")
    #expect(try Name("www.", origin: origin).description == "www.")
    #expect(try Name("@", origin: origin) == origin)
    #expect(try Name("\\@", origin: origin).description == "\\@.corp.example.")
    #expect(try Name(".", origin: origin) == .root)
    #expect(throws: NameTextError.nameTooLong) { try Name(Self.longest, origin: origin) }
  }

  @Test(
    arguments: [
      ([0], ".", "."),
      ([1, 0x41, 1, 0x62, 0], "A.b.", "A.b"),
      ([3, 0x61, 0x2e, 0x62, 0], "a\\.b.", "a\\.b"),
      ([4, 0, 0x20, 0x7f, 0xff, 0], "\\000\\032\\127\\255.", "\\000\\032\\127\\255"),
      ([7, 0x22, 0x24, 0x28, 0x29, 0x3b, 0x40, 0x5c, 0], "\\\"\\$\\(\\)\\;\\@\\\\.", "\\\"\\$\\(\\)\\;\\@\\\\"),
      ([3, 0x2a, 0x2d, 0x5f, 0], "*-_.", "*-_"),
    ] as [([UInt8], String, String)])
  func writesText(wire: [UInt8], text: String, withoutDot: String) throws {
    let name = try #require(Name(wire: wire))
    #expect(name.description == text)
    #expect(name.textWithoutFinalDot == withoutDot)
  }

  @Test func everyOctetComesBack() throws {
    for octet in UInt8.min...UInt8.max {
      let name = try #require(Name(labels: [[octet], [0x61, octet]]))
      #expect(try Name(name.description).wire == name.wire)
      #expect(try Name(name.textWithoutFinalDot).wire == name.wire)
    }
  }

  @Test(arguments: Seeds.all) func randomNamesComeBack(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      let name = random.name()
      #expect(try Name(name.description).wire == name.wire)
    }
  }
}
