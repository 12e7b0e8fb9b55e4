import Bounds
import Links
import Testing
import Text
import Wire
import Workspaces
import Zones

/// Texts that cost `String` the square of their length to compare, hash or cut: no reader of outsiders' text pays more
/// for eight times as much than about eight times.
@Suite(.serialized) struct HostileTexts {
  /// A text of about so many octets.
  struct Run: Sendable, CustomStringConvertible {
    let description: String
    let text: @Sendable (Int) -> String

    init(_ description: String, _ text: @escaping @Sendable (Int) -> String) {
      self.description = description
      self.text = text
    }
  }

  static let runs = [
    Run("marks of two classes") {
      "a" + String(repeating: "\u{301}", count: $0 / 4) + String(repeating: "\u{316}", count: $0 / 4)
    },
    Run("as many marks as are taken") { octets in
      let one = "a" + String(repeating: "\u{301}", count: 15) + String(repeating: "\u{316}", count: 15)
      return String(repeating: one, count: octets / one.utf8.count)
    },
    Run("regional indicators") { String(repeating: "\u{1f1e6}", count: $0 / 4) },
    Run("joined") { String(repeating: "\u{1f469}\u{200d}", count: $0 / 7) },
    Run("jamo") { String(repeating: "\u{1100}", count: $0 / 6) + String(repeating: "\u{1161}", count: $0 / 6) },
    Run("letters that compose") { String(repeating: "e\u{301}", count: $0 / 3) },
    Run("ASCII") { String(repeating: "a", count: $0) },
    Run("colons and dots") { String(repeating: ":.", count: $0 / 2) },
    Run("quotes") { String(repeating: "'", count: $0) },
  ]

  /// Something that reads what an outsider wrote.
  struct Reader: Sendable, CustomStringConvertible {
    let description: String
    let read: @Sendable (String) -> Void

    init(_ description: String, _ read: @escaping @Sendable (String) -> Void) {
      self.description = description
      self.read = read
    }
  }

  static let readers: [Reader] = [
    Reader("keys of JSON") { text in
      _ = try? JSON.parse(Array("{\"clients\":[],\"\(text)\":1,\"\(text)b\":1}".utf8), file: "f", comments: true)
    },
    Reader("escapes of JSON") { text in
      let escaped = text.utf16.map { "\\u" + String(0x10000 + Int($0), radix: 16).dropFirst() }.joined()
      if let json = try? JSON.parse(Array("[\"\(escaped)\",\"\(escaped)\"]".utf8), file: "f", comments: true) {
        _ = json.asArray?[0].asString == "admin"
        _ = json.asArray?[0] == json.asArray?[1]
        _ = json.asArray.map { Set($0) }
      }
    },
    Reader("numbers of JSON") { text in
      let json = try? JSON.parse(
        Array("[1\(String(repeating: "0", count: text.utf8.count))]".utf8), file: "f", comments: true)
      _ = try? json?.asArray?[0].expectInt("a number", in: 0...1, file: "f")
    },
    Reader("workspace.json") { text in
      let list = "[\"\(text)\"]"
      let file = """
        {"clients": \(list), "listen": \(list), "search": \(list), "cache": "\(text)", "require": \(list),
        "tokens": [{"id": "\(text)", "sha256": "\(text)", "comment": "\(text)"}],
        "forward": [{"zone": "\(text)", "to": \(list)}], "zones": {"\(text)": {"miss": "\(text)"}}}
        """
      _ = try? WorkspaceFile(Array(file.utf8), file: "workspace.json")
    },
    Reader("link files") { text in
      for member in [
        "\"kind\": \"\(text)\"", "\"kind\": \"hosts\", \"answer\": \"\(text)\"",
        "\"kind\": \"hosts\", \"account\": \"\(text)\", \"endpoint\": {\"name\": \"\(text)\"}",
        "\"kind\": \"hosts\", \"endpoint\": {\"addresses\": [\"\(text)\"]}",
        "\"kind\": \"hosts\", \"endpoint\": {\"addresses\": [\"10.0.0.1\"]}, \"zones\": {\"a.b\": {\"a.b\": [\"\(text)\", \"\(text)\"]}}",
        "\"kind\": \"hosts\", \"endpoint\": {\"addresses\": [\"10.0.0.1\"]}, \"zones\": {\"\(text)\": {}}",
      ] { _ = try? LinkFileReader.read(Array("{\(member)}".utf8), name: "a", file: "f") }
    },
    Reader("pastes: values") { text in
      for key in ["account-name", "account-url", "connection-urls", "internal-stage", "vpce-id", "unheard-of"] {
        _ = try? importSnowflake("{\"privatelink-\(key)\": \"\(text)\"}", stage: "10.9.9.9")
        _ = try? importSnowflake("{\"privatelink-ocsp-url\": \"\(text)\", \"privatelink_ocsp-url\": \"\(text)\"}")
      }
    },
    Reader("pastes: keys") { text in _ = try? importSnowflake("{\"privatelink-\(text)\": \"a\", \"\(text)\": 1}") },
    Reader("pastes: rows of JSON") { text in
      _ = try? importSnowflake("[{\"KEY\": \"\(text)\", \"VALUE\": \"\(text)\"}, {\"\(text)\": \"\(text)\"}]")
    },
    Reader("pastes: no braces") { text in _ = try? importSnowflake("\"\(text)\": \"a\",") },
    Reader("pastes: CSV") { text in
      _ = try? importSnowflake("KEY,VALUE\n\(text),\(text)\nprivatelink-account-url,\(text)\n")
      _ = try? importSnowflake("\(text)\n\"{\"\"\(text)\"\":1}\"\n")
    },
    Reader("pastes: tables") { text in
      _ = try? importSnowflake("+---+---+\n| \(text) | VALUE |\n+---+---+\n| \(text) | \(text) |\n+---+---+\n")
      _ = try? importSnowflake(
        "+---+---+\n| KEY | VALUE |\n+---+---+\n| \(text) | \(text) |\n| \(text) | \(text) |\n+---+---+\n")
    },
    Reader("pastes: anything") { text in
      _ = try? importSnowflake(text)
      _ = try? importSnowflake("\"\(text)\"")
      _ = try? importSnowflake("select \(text)")
    },
    Reader("hosts") { text in
      if let items = try? HostsImport.items(Array("\(text)\n\(text).corp.example, a\n".utf8), file: "f") {
        _ = try? importHosts(items.map(\.text))
      }
    },
    Reader("Databricks' URLs") { text in
      for url in [
        text, "https://\(text)", "https://dbc-1.cloud.databricks.com/?o=\(text)", "\(text).azuredatabricks.net",
      ] {
        _ = try? importDatabricks(url, id: text, region: text)
      }
    },
    Reader("Git servers") { text in _ = try? importVCS([text, "git@\(text):a", "https://\(text)@a.b"], pages: text) },
    Reader("forms") { text in
      for form in [
        "\(text): a\nDNS record: \(text)\nRegion:\n\(text)\nPrivate hosted zone: \(text)\n",
        "> \(text)DNS record: \(text),\(text)\nService name: \(text)\n", "(\(text)):\(text)\n",
      ] { _ = try? importFile(form) }
    },
    Reader("endpoints") { text in
      for argument in [text, "vpce-\(text)", "\(text)=10.0.0.1", "10.0.0.1,\(text)"] {
        _ = try? Endpoint.read(argument, addresses: [text])
      }
    },
    Reader("what is told") { text in
      _ = nearest(to: text, among: ["clients", "forward"])
      _ = quoted(text)
      _ = onOneLine(text)
      _ = JSON.literal(text)
    },
  ]

  private static func seconds(_ reader: Reader, _ text: String, times: Int) -> Double {
    (0..<times).map { _ in processorSeconds { reader.read(text) } }.min() ?? 0
  }

  /// What grows with the square costs 64 times as much, and 24 is further from both than a busy machine carries it.
  @Test(arguments: readers) func everyReaderIsLinear(reader: Reader) {
    for run in Self.runs {
      let small = Self.seconds(reader, run.text(4096), times: 3)
      let large = Self.seconds(reader, run.text(32_768), times: 2)
      #expect(large < 24 * max(small, 0.001), "\(reader), \(run): \(small) s, and \(large) s for eight times as much")
    }
  }

  private static func hosts(_ count: Int) -> String {
    (0..<count).map { "a\($0).privatelink.snowflakecomputing.com\n" }.joined()
  }

  /// Each line is told of, and is looked for among all that was told of before.
  @Test func linesWithValuesAloneAreReadInLinearTime() {
    func seconds(_ text: String, times: Int) -> Double {
      (0..<times).map { _ in processorSeconds { _ = try? importSnowflake(text) } }.min() ?? 0
    }
    let (small, large) = (seconds(Self.hosts(2500), times: 2), seconds(Self.hosts(20_000), times: 1))
    #expect(large < 24 * max(small, 0.001), "\(small) s, and \(large) s for eight times as many")
  }

  @Test func ofMoreThanAnybodyReadsTheNumberIsTold() throws {
    let function = ExportedFunction(
      name: "f", heading: "F", keys: [], knows: { _ in false }, keyOfValue: { $0.contains(".") ? "key of \($0)" : nil })
    let notes = try ExportReader.read(Array(Self.hosts(1000).utf8), file: "f", function: function).notes
    #expect(notes.count == Limits.Links.remarks + 1 && notes.last == "and \(1001 - Limits.Links.remarks) more of these")
  }

  @Test func textsWithTooManyMarksAreRefused() throws {
    let marks = { (count: Int) in "[\"a" + String(repeating: "\u{316}", count: count) + "\"]" }
    _ = try JSON.parse(Array(marks(30).utf8), file: "f", comments: false)
    #expect(
      refusal { _ = try JSON.parse(Array(marks(31).utf8), file: "f", comments: false) }
        == "f:1:34: more than 30 combining marks on one character, which no text has; remove them")
    let escaped = "[\"a" + String(repeating: "\\u0316", count: 31) + "\"]"
    #expect(
      refusal { _ = try JSON.parse(Array(escaped.utf8), file: "f", comments: false) }.contains(":1:184: more than"))
    #expect(refusal { _ = try importSnowflake(marks(31)) }.contains("more than 30 combining marks"))
    #expect(refusal { _ = try HostsImport.items(Array(marks(31).utf8), file: "f") }.contains("more than 30 combining"))
  }

  /// RFC 8259 §8.3: keys are the same when they are so unit by unit.
  @Test func keysAreComparedOctetByOctet() throws {
    let json = try JSON.parse(Array("{\"é\": 1, \"e\u{301}\": 2}".utf8), file: "f", comments: false)
    #expect(json.asObject?["é"]?.asInt == 1 && json.asObject?["e\u{301}"]?.asInt == 2)
    #expect(JSON.string("é") != JSON.string("e\u{301}"))
    let long = String(repeating: "k", count: 1025)
    #expect(
      refusal { _ = try JSON.parse(Array("{\"\(long)\": 1}".utf8), file: "f", comments: false) }
        .hasPrefix("f:1:2: a key longer than 1024 octets: \"kkk"))
  }

  /// U+212A is no letter of ASCII, though `k` is its lower case.
  @Test func lettersThatFoldToASCIIAreNotASCII() {
    let host = "a.privatelin\u{212a}.snowflakecomputing.com"
    #expect(
      refusal { _ = try importSnowflake("{\"privatelink-account-url\": \"\(host)\"}") }
        .contains("is not a host name: it holds \"\u{212a}\""))
    #expect(refusal { _ = try importHosts(["\u{212a}.corp.example"]) }.contains("it holds"))
    #expect(refusal { _ = try importHosts([String(repeating: "a.", count: 1025)]) }.contains("longer than 2048 octets"))
  }
}
