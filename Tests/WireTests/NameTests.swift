import TestKit
import Testing
import Wire

/// Names as octets: their limits, and what they are to each other.
@Suite struct NameTests {
  @Test(
    arguments: [
      [], [1], [1, 0x61], [0, 0], [1, 0x61, 0, 0], [64] + Array(repeating: 0x61, count: 64) + [0], [0xc0, 0x0c],
      [0x80, 0], [3, 0x61, 0],
      Array(repeating: [63] + Array(repeating: 0x61, count: 63), count: 4).flatMap { $0 } + [0],
    ] as [[UInt8]])
  func refusesOctetsThatAreNotOneName(wire: [UInt8]) {
    #expect(Name(wire: wire) == nil)
  }

  @Test func refusesLabelsOutsideTheLimits() {
    let label63 = Array(repeating: UInt8(0x61), count: 63)
    #expect(Name(labels: [[]]) == nil)
    #expect(Name(labels: [label63 + [0x61]]) == nil)
    #expect(Name(labels: [label63, label63, label63, Array(label63.dropLast(2))])?.wire.count == 255)
    #expect(Name(labels: [label63, label63, label63, Array(label63.dropLast(1))]) == nil)
    #expect(Name(labels: [[UInt8]]()) == .root)
  }

  @Test func knowsItsLabels() {
    let www = name("www.Example.com")
    #expect(www.labelOffsets == [0, 4, 12])
    #expect(www.labelCount == 3)
    #expect(www.labels == [Array("www".utf8), Array("Example".utf8), Array("com".utf8)])
    #expect(www.parent == name("example.com"))
    #expect(www.parent?.parent?.parent == .root)
    #expect(Name.root.parent == nil)
    #expect(Name.root.isRoot && !www.isRoot)
    #expect(Name.root.labelCount == 0)
  }

  @Test(arguments: [("*.a", true), ("*", true), ("a.*", false), ("**.a", false), ("a", false), (".", false)])
  func knowsAWildcard(text: String, expected: Bool) {
    #expect(name(text).isWildcard == expected)
  }

  @Test func isEqualInAnyCaseOfASCIILettersAlone() {
    #expect(name("wWw.EXAMPLE.com") == name("www.example.COM"))
    #expect(name("wWw.EXAMPLE.com").hashValue == name("www.example.COM").hashValue)
    // The octets 0x5b to 0x60 and their counterparts 32 higher are no letters, nor are those above 127.
    #expect(name("\\[") != name("\\{"))
    #expect(name("\\@") != name("\\`"))
    #expect(name("\\193") != name("\\225"))
    #expect(name("WWW.Example").lowercased.description == "www.example.")
    #expect(name("WWW.Example").description == "WWW.Example.")
  }

  @Test(arguments: [
    ("www.example.com", "example.com", true), ("example.com", "EXAMPLE.com", true), ("a", ".", true), (".", ".", true),
    ("example.com", "www.example.com", false), ("badexample.com", "example.com", false), ("com", "org", false),
    // The octets of one label end like a whole name.
    ("a\\007example\\003com", "example.com", false), (".", "a", false),
  ])
  func isBelowByWholeLabels(below: String, above: String, expected: Bool) {
    #expect(name(below).isSubdomain(of: name(above)) == expected)
  }

  @Test func isPrefixedWithinTheLimits() {
    let label63 = Array(repeating: UInt8(0x61), count: 63)
    #expect(name("b").prefixed(by: Array("a".utf8)) == name("a.b"))
    #expect(name("b").prefixed(by: []) == nil)
    #expect(name("b").prefixed(by: label63 + [0x61]) == nil)
    let three = Name(labels: [label63, label63, label63])
    #expect(three?.prefixed(by: Array(label63.dropLast(2)))?.wire.count == 255)
    #expect(three?.prefixed(by: Array(label63.dropLast(1))) == nil)
  }

  /// RFC 6672 §2.2, the table of its examples.
  @Test(
    arguments: [
      ("a.example.com", "example.com", "example.net", "a.example.net"),
      ("a.b.example.com", "Example.com", "example.net", "a.b.example.net"),
      ("ab.example.com", "b.example.com", "example.net", nil),
      ("foo.example.com", "example.com", ".", "foo"),
      ("com", "com", "net", "net"),
      ("shortloop.x.x", "x", ".", "shortloop.x"),
    ] as [(String, String, String, String?)])
  func replacesItsEnd(owner: String, end: String, target: String, expected: String?) {
    #expect(name(owner).replacing(name(end), with: name(target)) == expected.map(name))
  }

  @Test func replacesItsEndUpTo255Octets() {
    let label61 = String(repeating: "a", count: 61)
    let fits = name([label61, label61, label61, String(repeating: "b", count: 60), "x"].joined(separator: "."))
    #expect(fits.wire.count == 250)
    #expect(fits.replacing(name("x"), with: name("abcdef"))?.wire.count == 255)
    #expect(fits.replacing(name("x"), with: name("abcdefg")) == nil)
  }

  /// The very list of RFC 4034 §6.1.
  @Test func isOrderedCanonically() {
    let ordered = [
      "example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE", "z.example", "\\001.z.example",
      "*.z.example", "\\200.z.example",
    ].map(name)
    #expect(ordered.reversed().sorted() == ordered)
    #expect(Name.root < ordered[0])
    #expect(!(name("A") < name("a")) && !(name("a") < name("A")))
  }
}
