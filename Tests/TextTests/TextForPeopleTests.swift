import Testing
import Text

@Suite struct TextForPeople {
  @Test(arguments: [
    ("cleints", "clients"), ("Clients", "clients"), ("client", "clients"), ("forwrad", "forward"), ("zon", "zone"),
    ("zzzz", nil), ("", nil), ("forard", "forward"), (String(repeating: "a", count: 5000), nil),
  ]) func findsTheNearestWord(word: String, meant: String?) {
    #expect(nearest(to: word, among: ["clients", "forward", "zone"]) == meant)
  }

  /// Looking at what is near alone finds what looking at all of it finds.
  @Test func theNearestIsThatOfTheWholeTable() {
    func slips(_ a: [Character], _ b: [Character]) -> Int {
      var table = (0...a.count).map { i in (0...b.count).map { i == 0 ? $0 : $0 == 0 ? i : 0 } }
      for i in 0..<a.count {
        for j in 0..<b.count {
          var cost = min(table[i][j + 1] + 1, table[i + 1][j] + 1, table[i][j] + (a[i] == b[j] ? 0 : 1))
          if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, table[i - 1][j - 1] + 1) }
          table[i + 1][j + 1] = cost
        }
      }
      return table[a.count][b.count]
    }
    var state: UInt64 = 1
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(truncatingIfNeeded: (state >> 33) % UInt64(bound))
    }
    for _ in 0..<3000 {
      let word = String((0..<(1 + random(12))).map { _ in ["a", "b", "c"][random(3)] as Character })
      let candidates = (0..<3).map { _ in String((0..<random(14)).map { _ in ["a", "b", "c"][random(3)] as Character })
      }
      guard !candidates.contains("\(word)s") else { continue }
      let most = max(1, word.count / 3)
      let counts = candidates.map { slips(Array(word), Array($0)) }
      let least = counts.min() ?? 0
      let expected = least <= most ? counts.firstIndex(of: least).map { candidates[$0] } : nil
      #expect(nearest(to: word, among: candidates) == expected, "\(word) among \(candidates)")
    }
  }

  @Test func quotesForATerminal() {
    #expect(quoted("a\u{1b}[31m\u{202e}b") == "\"a\\u{1b}[31m\\u{202e}b\"")
    #expect(quoted(String(repeating: "é", count: 90), maximumLength: 3) == "\"ééé…\"")
  }

  /// The quotes end where the text does: what is in it cannot end them.
  @Test func whatIsQuotedCannotEndItsQuotes() {
    #expect(quoted(#"a" is fine; "b\"#) == #""a\" is fine; \"b\\""#)
  }

  /// What a file says is told of, and its length is not its author's to choose.
  @Test func messagesAndCellsHaveALongestLength() throws {
    let long = String(repeating: "é", count: 100_000)
    #expect(Problem(long).message.unicodeScalars.count == 500)
    #expect(Problem(String(repeating: "é", count: 500)).message.unicodeScalars.last == "é")
    let number = try JSON.parse(Array(String(repeating: "9", count: 900_000).utf8), file: "f", comments: false)
    #expect {
      try number.expectInt("\"ttl\"", in: 1...5, file: "f")
    } throws: { error in
      "\(error)" == "f:1:1: \"ttl\" must be a whole number from 1 to 5, not \(String(repeating: "9", count: 39))…"
    }
    var table = Table("HOST", "FROM")
    table.add("a", long)
    for index in 0..<2000 { table.add("h\(index)", "b") }
    let widest = table.text.split(separator: "\n").map(\.unicodeScalars.count).max()
    #expect(widest == 6 + 120 + 1)
    #expect(table.text.utf8.count < 2001 * 140)
  }

  @Test func alignsColumns() {
    var table = Table("WORKSPACE", "CLIENTS", "LINKS")
    #expect(table.isEmpty)
    table.add("acme", "10.0.0.0/8, fd00::/8", "2")
    table.add("é\u{1b}", "")
    #expect(
      table.text == """
        WORKSPACE  CLIENTS               LINKS
        acme       10.0.0.0/8, fd00::/8  2
        é\\u{1b}

        """)
  }

  @Test func remarksStandBelowTheirRowAndWhole() {
    var table = Table("HOST", "VERDICT")
    let long = String(repeating: "n", count: 2000)
    table.add("a", "wrong", remarks: [long, "e\u{1b}\nd", String(repeating: "x", count: 100_000)])
    table.add("b", "ok")
    let lines = table.text.split(separator: "\n").map { String($0) }
    #expect(lines.count == 6 && table.text.utf8.count < 6000)
    #expect(
      lines[..<4] == ["HOST  VERDICT", "a     wrong", "  \(long)", "  e\\u{1b}\\u{a}d"] && lines[5] == "b     ok")
  }

  @Test func sourceTextKeepsPlacesThroughItsOperations() throws {
    let text = try SourceText(file: Array("\u{feff} é x \r\n y\n".utf8), named: "f", maximumOctets: 100)
    let lines = text.lines
    #expect(lines.map(\.string) == [" é x ", " y"])
    #expect(lines[0].trimmed.string == "é x")
    #expect(lines[0].trimmed.position(0) == Position(line: 1, column: 2))
    #expect(lines[0].trimmed.position(3) == Position(line: 1, column: 4))
    #expect(lines[1].trimmed.position(0) == Position(line: 2, column: 2))
    var joined = lines[0].trimmed
    joined.append(lines[1].trimmed)
    #expect(joined.string == "é xy")
    #expect(joined.position(4) == Position(line: 2, column: 2))
    #expect(joined.position(99) == Position(line: 2, column: 3))
    #expect(SourceText().trimmed.string == "")
  }
}
