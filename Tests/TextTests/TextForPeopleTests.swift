import Testing
import Text

@Suite struct TextForPeople {
  @Test(arguments: [
    ("cleints", "clients"), ("Clients", "clients"), ("client", "clients"), ("forwrad", "forward"), ("zon", "zone"),
    ("zzzz", nil), ("", nil), ("forard", "forward"), (String(repeating: "a", count: 5000), nil),
  ]) func findsTheNearestWord(word: String, meant: String?) {
    #expect(nearest(to: word, among: ["clients", "forward", "zone"]) == meant)
  }

  @Test func quotesForATerminal() {
    #expect(quoted("a\u{1b}[31m\u{202e}b") == "\"a\\u{1b}[31m\\u{202e}b\"")
    #expect(quoted(String(repeating: "é", count: 90), maximumLength: 3) == "\"ééé…\"")
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
