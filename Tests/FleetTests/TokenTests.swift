import Bounds
import Fleet
import TestKit
import Testing

/// JSON as it comes: the same tokens wherever chunks end, and what is no JSON.
struct TokenTests {
  /// The tokens of a text, strings and numbers with what they say.
  static func tokens(pieces: [[UInt8]], limit: Int = 100, skipping: Set<String> = []) throws -> [String] {
    var tokens = JSONTokens(maximumStringOctets: limit)
    var found: [String] = []
    func note(_ token: JSONTokens.Token) {
      switch token {
      case .objectStart: found.append("{\(tokens.depth)")
      case .objectEnd: found.append("}\(tokens.depth)")
      case .arrayStart: found.append("[\(tokens.depth)")
      case .arrayEnd: found.append("]\(tokens.depth)")
      case .key: found.append("\(text(tokens.text)):")
      case .string: found.append("'\(text(tokens.text))'")
      case .longString: found.append("long")
      case .number: found.append(text(tokens.text))
      case .bool(let truth): found.append("\(truth)")
      case .null: found.append("null")
      }
    }
    for piece in pieces {
      var at = 0
      while let token = try tokens.next(piece.span, at: &at) {
        note(token)
        if token == .key, skipping.contains(text(tokens.text)) { tokens.skipValue() }
      }
      #expect(at == piece.count)
    }
    if let token = try tokens.finish() { note(token) }
    #expect(tokens.isBetweenValues)
    return found
  }

  static func tokens(_ text: String, limit: Int = 100, skipping: Set<String> = []) throws -> [String] {
    try tokens(pieces: [Array(text.utf8)], limit: limit, skipping: skipping)
  }

  static let texts: [(json: String, tokens: String)] = [
    ("{}", "{1 }0"), (" [ ] \n{\t}\r\n", "[1 ]0 {1 }0"), ("", ""), ("{}{}", "{1 }0 {1 }0"),
    (#"{"a":{"b":[1,[],{}]},"c":"d"}"#, "{1 a: {2 b: [3 1 [4 ]3 {4 }3 ]2 }1 c: 'd' }0"),
    ("[true,false,null]", "[1 true false null ]0"), ("true false", "true false"),
    ("0 -0 12 -3.50 1e9 2E+07 0.1e-2", "0 -0 12 -3.50 1e9 2E+07 0.1e-2"),
    ("9223372036854775807 123456789012345678901234567890", "9223372036854775807 123456789012345678901234567890"),
    (#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\uDE00""#, "'\"\\/\u{8}\u{c}\n\r\tAé€😀'"),
    ("\"é€😀\u{7f}\"", "'é€😀\u{7f}'"), (#"{"":""}"#, "{1 : '' }0"),
    ("\"01234567\" \"0123456\" \"012345678901234567890\"", "'01234567' '0123456' '012345678901234567890'"),
  ]

  @Test func textsAreTheirTokensWhereverChunksEnd() throws {
    for (json, expected) in Self.texts {
      for pieces in cuts(Array(json.utf8)) {
        #expect(try Self.tokens(pieces: pieces).joined(separator: " ") == expected, "\(json)")
      }
    }
  }

  static let faults: [String] = [
    "{", "[", "\"", "{\"a\"", "{\"a\":", "[1", "[1,", "-", "1.", "1e", "1e+", "tru", "nul", "}", "]", "[}", "{]", ",",
    ":",
    "[,1]", "[1,]", "[1 2]", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{1:2}",
    "{\"a\"}",
    "{\"a\":}", "[\"a\":1]", "01", "-01", "00", "+1", ".5", "1.e5", "0x1", "NaN", "Infinity", "True", "trux", "nulL",
    "truee",
    "\"\t\"", "\"\n\"", "\"\u{0}\"", #""\x""#, #""\u12g4""#, #""\u12"#, #""\""#, #""\ud83d""#, #""\ud83dx""#,
    #""\ud83d\n""#,
    #""\ud83d\u0041""#, #""\ude00""#, "//\n1", "/* */1", "\u{feff}1", "[1]]",
  ]

  @Test func whatIsNoJSONIsAFault() {
    for fault in Self.faults {
      for pieces in cuts(Array(fault.utf8)) {
        #expect(throws: JSONFault.self, "\(fault)") { try Self.tokens(pieces: pieces) }
      }
      // Nor where nobody wants it.
      #expect(throws: JSONFault.self, "\(fault)") { try Self.tokens("{\"a\":\(fault)}", skipping: ["a"]) }
    }
  }

  @Test func stringsAreUTF8() throws {
    let bad: [[UInt8]] = [
      [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x41], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80],
      [0xe2, 0x82], [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff],
      [0xe2, 0x28, 0xa1],
    ]
    for octets in bad {
      for filling in 0..<9 {
        let string = [0x22] + [UInt8](repeating: 0x61, count: filling) + octets + [0x22]
        for pieces in cuts(string) { #expect(throws: JSONFault.self) { try Self.tokens(pieces: pieces) } }
      }
    }
    // Every scalar next to a border.
    for value in [0x80, 0x7ff, 0x800, 0xfff, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x3ffff, 0x40000, 0x10ffff] as [UInt32] {
      let scalar = try #require(Unicode.Scalar(value))
      for pieces in cuts(Array("\"\(scalar)\"".utf8)) {
        #expect(try Self.tokens(pieces: pieces) == ["'\(scalar)'"])
      }
    }
    // Every octet at every place of a word.
    for octet in UInt8(0x20)..<0x80 where octet != 0x22 && octet != 0x5c {
      for place in 0..<9 {
        let string = [UInt8](repeating: 0x61, count: place) + [octet] + [UInt8](repeating: 0x20, count: 8)
        #expect(try Self.tokens(pieces: [[0x22] + string + [0x22]]) == ["'\(text(string))'"])
      }
    }
  }

  @Test func whatNobodyWantsIsPassedOver() throws {
    let json = #"{"a":{"b":[{"a":"\u0041"},1e5],"c":null},"d":[true],"a":"x","a":12}"#
    for pieces in cuts(Array(json.utf8)) {
      #expect(
        try Self.tokens(pieces: pieces, skipping: ["a"]) == ["{1", "a:", "d:", "[2", "true", "]1", "a:", "a:", "}0"])
    }
    // A string that is passed over may have any length, and a number and a key too.
    let long = String(repeating: "1", count: 5000)
    #expect(
      try Self.tokens("{\"a\":[\"\(long)\",\(long),{\"\(long)\":1}],\"b\":1}", skipping: ["a"]) == [
        "{1", "a:", "b:", "1", "}0",
      ])
    var tokens = JSONTokens()
    tokens.skipValue()
    var at = 0
    let empty = Array("[]".utf8)
    #expect(try tokens.next(empty.span, at: &at) == .arrayStart)
    tokens.skipValue()
    #expect(try tokens.next(empty.span, at: &at) == .arrayEnd)
  }

  @Test func stringsNumbersKeysAndDepthHaveBounds() throws {
    for (count, expected) in [(8, "'aaaaaaaa'"), (9, "long"), (1000, "long")] {
      let json = Array("[\"\(String(repeating: "a", count: count))\",\"b\"]".utf8)
      for pieces in cuts(json) {
        #expect(try Self.tokens(pieces: pieces, limit: 8) == ["[1", expected, "'b'", "]0"])
      }
    }
    // Counted as kept, not as written.
    #expect(try Self.tokens(#""\u0041\u0041\u0041""#, limit: 3) == ["'AAA'"])
    #expect(try Self.tokens(#""\u0041\u0041é""#, limit: 3) == ["long"])
    let digits = String(repeating: "1", count: Limits.Fleet.numberOctets)
    #expect(try Self.tokens(digits) == [digits])
    #expect(throws: JSONFault.self) { try Self.tokens(digits + "1") }
    #expect(throws: JSONFault.self) {
      try Self.tokens("{\"\(String(repeating: "k", count: Limits.Fleet.keyOctets + 1))\":1}")
    }
    func nested(_ depth: Int) -> String {
      (0..<depth).map { $0 % 2 == 0 ? "[" : "{\"a\":" }.joined() + "1"
        + (0..<depth).reversed().map { $0 % 2 == 0 ? "]" : "}" }.joined()
    }
    #expect(try Self.tokens(nested(Limits.Fleet.depth)).count == 2 * Limits.Fleet.depth + Limits.Fleet.depth / 2 + 1)
    #expect(throws: JSONFault.self) { try Self.tokens(nested(Limits.Fleet.depth + 1)) }
    #expect(throws: JSONFault.self) { try Self.tokens("{\"a\":\(nested(100_000))}", skipping: ["a"]) }
  }
}
