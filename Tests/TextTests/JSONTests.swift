import Bounds
import Testing
import Text

private func parse(_ text: String, comments: Bool = false) throws(Problem) -> JSON {
  try JSON.parse(Array(text.utf8), file: "f.json", comments: comments)
}

private func complaint(_ text: String, comments: Bool = false) -> String? {
  do {
    _ = try parse(text, comments: comments)
    return nil
  } catch { return error.description }
}

@Suite struct JSONReading {
  @Test func readsEveryKindOfValue() throws {
    let json = try parse(#" { "a": [1, -2.5e+3, true, false, null], "b": {"c": "d"}, "": [] } "#)
    #expect(
      json == [
        "a": [1, JSON(.number("-2.5e+3")), true, false, nil], "b": ["c": "d"], "": [],
      ])
    #expect(json.asObject?["a"]?.asArray?.first?.asInt == 1)
    #expect(json.asObject?["a"]?.asArray?[1].asInt == nil)
  }

  @Test func knowsWhereValuesAndKeysStand() throws {
    let json = try parse("\u{feff}{\n  \"é\": 1,\r\n  \"b\": [\n\"x\"]}")
    let members = try #require(json.asObject?.members)
    #expect(json.position == Position(line: 1, column: 1))
    #expect(members[0].keyPosition == Position(line: 2, column: 3))
    #expect(members[0].value.position == Position(line: 2, column: 8))
    #expect(members[1].value.asArray?[0].position == Position(line: 4, column: 1))
  }

  @Test(arguments: [
    (#""a\"\\\/\b\f\n\r\t\u00e9""#, "a\"\\/\u{8}\u{c}\n\r\té"), (#""\ud83d\uDE00""#, "😀"),
    (#""smart “ é""#, "smart “ é"),
    (#""é 😀""#, "é 😀"),
  ]) func resolvesEscapes(text: String, content: String) throws {
    #expect(try parse(text).asString == content)
  }

  @Test func allowsCommentsAndFinalCommasWherePeopleWrite() throws {
    let text = "// first\n{ /* a */ \"a\": [1, 2, ], // rest\n \"b\": {}, /* end */ }\n// last"
    #expect(try parse(text, comments: true) == ["a": [1, 2], "b": [:]])
    #expect(complaint(text) == "f.json:1:1: a comment, which is not allowed here; remove it")
    #expect(complaint("{\"a\": 1,}") == "f.json:1:9: a comma before \"}\"; remove the comma")
    #expect(complaint("[,]", comments: true) != nil)
    #expect(complaint("[1,,2]", comments: true) != nil)
    #expect(complaint("1 /* x", comments: true) == "f.json:1:3: this comment is not closed; end it with */")
  }

  @Test(arguments: [
    ("", "f.json:1:1: there is no JSON here: the text is empty"),
    ("{\"a\": 1,\n \"a\": 2}", "f.json:2:2: the key \"a\" is given twice: first at line 1, column 2; keep one of them"),
    ("[1 2]", "f.json:1:4: expected \",\" or \"]\" for the bracket of line 1, column 1, found \"2\""),
    ("{\"a\" 1}", "f.json:1:6: expected \":\" after the key \"a\", found \"1\""),
    ("{a: 1}", "f.json:1:2: expected a key in double quotes or \"}\", found \"a\""),
    ("[\"a\nb\"]", "f.json:1:4: a line end inside a string; close the string that starts at line 1, column 2"),
    ("[\"ab", "f.json:1:5: the text ends inside the string that starts at line 1, column 2"),
    ("{\"a\":", "f.json:1:6: the text ends where a value should be; part of it is missing"),
    ("1 2", "f.json:1:3: unexpected \"2\" after the end of the JSON value; remove what follows it"),
    ("01", "f.json:1:2: a number must not start with 0"),
    ("1.", "f.json:1:3: expected a digit, found the end of the text"),
    ("nul", "f.json:1:1: expected a value, found \"n\"; write text in double quotes"),
    ("[“a”]", "f.json:1:2: expected a value, found \"“\"; write text in double quotes"),
  ]) func saysWhatIsWrongAndWhere(text: String, message: String) {
    #expect(complaint(text) == message)
  }

  @Test(arguments: [#""\x""#, #""\u12""#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, #""\ug000""#, #""\"#])
  func refusesBadEscapes(text: String) {
    #expect(complaint(text) != nil)
  }

  @Test func boundsDepthAndSize() throws {
    let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try parse(nested(Limits.JSON.depth))
    #expect(complaint(nested(Limits.JSON.depth + 1)) == "f.json:1:33: nested more than 32 deep; flatten it")
    #expect(complaint(String(repeating: "[", count: 100_000)) != nil)
    #expect(complaint("\"" + String(repeating: "a", count: Limits.JSON.octets) + "\"") != nil)
  }

  @Test func refusesWhatIsNotUTF8() {
    do {
      _ = try JSON.parse([0x22, 0x0a, 0xc3, 0xa9, 0xff, 0x22], file: "f.json", comments: false)
      Issue.record("accepted")
    } catch {
      #expect(error.description == "f.json:2:2: this is not UTF-8 text; save the file as UTF-8")
    }
  }

  @Test func namesTheNearestKnownKey() throws {
    let object = try #require(try parse(#"{"cleints": [], "miss": 1, "qqqqqq": 2}"#).asObject)
    #expect(
      object.unknownKeys(known: ["clients", "forward"], file: "w.json").map(\.description) == [
        "w.json:1:2: unknown key \"cleints\"; did you mean \"clients\"?",
        "w.json:1:17: unknown key \"miss\"; the known keys are \"clients\", \"forward\"",
        "w.json:1:28: unknown key \"qqqqqq\"; the known keys are \"clients\", \"forward\"",
      ])
    #expect(throws: Problem.self) { try object.check(known: ["clients"], file: nil) }
  }

  @Test func expectationsSayWhatIsThere() throws {
    let json = try parse("[true, 70000]")
    #expect(throws: Problem(file: "f", position: json.position, "\"to\" must be a string, not a list")) {
      try json.expectString("\"to\"", file: "f")
    }
    #expect(throws: Problem.self) { try json.expectObject("x", file: "f") }
    #expect(throws: Problem.self) { try json.asArray?[1].expectInt("x", in: 1...65535, file: "f") }
    #expect(throws: Problem.self) { try json.asArray?[0].expectInt("x", in: 1...65535, file: "f") }
    #expect(try json.asArray?[1].expectInt("x", in: 1...70000, file: "f") == 70000)
  }

  @Test func findsJSONInAJSONStringAtItsPlaceInTheFile() throws {
    let bytes = Array(#"{"v": "[\"a\", b]"}"#.utf8)
    let text = try SourceText(file: bytes, named: "f", maximumOctets: 100)
    let value = try #require(try JSON.parse(text, file: "f", comments: false).asObject?["v"])
    let inner = try JSON.unescaped(string: value.octets, in: text, file: "f")
    #expect(inner.string == #"["a", b]"#)
    #expect(
      throws: Problem(
        file: "f", position: Position(line: 1, column: 16),
        "expected a value, found \"b\"; write text in double quotes")
    ) {
      try JSON.parse(inner, file: "f", comments: false)
    }
  }
}

@Suite struct JSONWriting {
  @Test func writesForPeople() {
    let json: JSON = [
      "kind": "snowflake", "addresses": ["10.0.0.1", "10.0.0.2"], "none": [], "empty": [:], "ttl": 60, "on": true,
      "hosts": [["host": "a", "key": nil], ["host": "b", "key": "k"]],
      "deep": [["a": ["b": [1]]]],
      "long": .array((0..<12).map { .string("host-\($0).example") }),
    ]
    #expect(
      json.text == """
        {
          "kind": "snowflake",
          "addresses": ["10.0.0.1", "10.0.0.2"],
          "none": [],
          "empty": {},
          "ttl": 60,
          "on": true,
          "hosts": [
            { "host": "a", "key": null },
            { "host": "b", "key": "k" }
          ],
          "deep": [
            {
              "a": { "b": [1] }
            }
          ],
          "long": [
            "host-0.example",
            "host-1.example",
            "host-2.example",
            "host-3.example",
            "host-4.example",
            "host-5.example",
            "host-6.example",
            "host-7.example",
            "host-8.example",
            "host-9.example",
            "host-10.example",
            "host-11.example"
          ]
        }

        """)
  }

  @Test func escapesWhatWouldNotSurvive() throws {
    let text = "q\" b\\ n\n t\t esc\u{1b} del\u{7f} c1\u{9b} ls\u{2028} é 😀"
    let written = JSON.string(text).text
    #expect(written == #""q\" b\\ n\n t\t esc\#u{5c}u001b del\#u{5c}u007f c1\#u{5c}u009b ls\#u{5c}u2028 é 😀""# + "\n")
    #expect(try parse(written).asString == text)
  }

  @Test func readsBackWhatItWrote() throws {
    for seed in 0..<300 as Range<UInt64> {
      var generator = SplitMix(state: seed)
      let json = randomJSON(depth: 4, &generator)
      #expect(try parse(json.text) == json, "seed \(seed)")
      #expect(try parse(json.compactText) == json, "seed \(seed)")
    }
  }
}

private struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

private func randomJSON(depth: Int, _ generator: inout SplitMix) -> JSON {
  let letters = ["a", "\"", "\\", "\n", "\u{1}", "é", "😀", "/", " "]
  let text = (0..<Int.random(in: 0...6, using: &generator)).map { _ in letters.randomElement(using: &generator) ?? "" }
  switch Int.random(in: 0...(depth == 0 ? 3 : 5), using: &generator) {
  case 0: return nil
  case 1: return JSON(.bool(Bool.random(using: &generator)))
  case 2: return .number(Int64.random(in: .min ... .max, using: &generator))
  case 3: return .string(text.joined())
  case 4:
    let count = Int.random(in: 0...4, using: &generator)
    return .array((0..<count).map { _ in randomJSON(depth: depth - 1, &generator) })
  default:
    let count = Int.random(in: 0...4, using: &generator)
    return .object((0..<count).map { (text.joined() + "\($0)", randomJSON(depth: depth - 1, &generator)) })
  }
}
