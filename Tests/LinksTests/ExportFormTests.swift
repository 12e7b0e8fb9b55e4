import Testing
import Text

@testable import Links

/// A generator whose seed is the bug report.
struct Seeded: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A config as its keys and the text of their values.
private typealias Config = [(key: String, value: String)]

/// The ways in which clients export it.
private enum Form: CaseIterable {
  case raw, pretty, noBraces, doublyEncoded, oneCell, oneCellNoHeading, doublyEncodedCell, flattenedVariant
  case flattenedVarchar, flattenedTabs, flattenedAllColumns, ascii, asciiVarchar, asciiOneCell, rows, flattenedRows

  func text(_ config: Config, _ generator: inout Seeded) -> String {
    let json = JSON.object(config.map { ($0.key, .string($0.value)) })
    let function = "SYSTEM$GET_PRIVATELINK_CONFIG()"
    let widths = [Int.random(in: 12...40, using: &generator), Int.random(in: 20...60, using: &generator)]
    switch self {
    case .raw: return json.compactText
    case .pretty: return json.text.split(separator: "\n").joined(separator: "\r\n")
    case .noBraces: return String(json.compactText.dropFirst().dropLast())
    case .doublyEncoded: return JSON.literal(json.compactText)
    case .oneCell: return cell(function) + "\n" + cell(json.compactText) + "\n"
    case .oneCellNoHeading: return cell(json.compactText)
    case .doublyEncodedCell: return "\(function)\n" + cell(JSON.literal(json.compactText))
    case .flattenedVariant: return rows(["KEY", "VALUE"], config.map { [$0.key, cell(JSON.literal($0.value))] }, ",")
    case .flattenedVarchar: return rows(["key", "value"], config.map { [$0.key, cell($0.value)] }, ",")
    case .flattenedTabs: return rows(["Value", "Key"], config.map { [$0.value, $0.key] }, "\t")
    case .flattenedAllColumns:
      return rows(
        ["SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS"],
        config.map { ["1", $0.key, cell("['\($0.key)']"), "", cell(JSON.literal($0.value)), cell(json.compactText)] },
        ",")
    case .ascii: return table([["KEY", "VALUE"]] + config.map { [$0.key, JSON.literal($0.value)] }, widths)
    case .asciiVarchar:
      // Without quotes, a key that is wrapped in the middle of a word cannot be told from another: it wraps at a dash.
      return table([["KEY", "VALUE"]] + config.map { [$0.key, $0.value] }, [60, widths[1]])
    case .asciiOneCell:
      return "some banner\n" + table([[function], [json.compactText]], [widths[1]]) + "1 Row(s) produced.\n"
    case .rows: return JSON.array([.object([(function, .string(json.compactText))])]).text
    case .flattenedRows:
      return JSON.array(config.map { ["KEY": .string($0.key), "VALUE": .string(JSON.literal($0.value))] }).text
    }
  }

  private func cell(_ text: String) -> String {
    "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  private func rows(_ heading: [String], _ rows: [[String]], _ separator: String) -> String {
    ([heading] + rows).map { $0.joined(separator: separator) }.joined(separator: "\n") + "\n"
  }

  private func table(_ rows: [[String]], _ widths: [Int]) -> String {
    let rule = "+" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "+") + "+\n"
    var text = rule
    for (index, row) in rows.enumerated() {
      let cells = zip(row, widths).map(wrapped)
      for line in 0..<(cells.map(\.count).max() ?? 0) {
        let shown = zip(cells, widths).map { cell, width in
          let piece = line < cell.count ? cell[line] : ""
          return piece + String(repeating: " ", count: width - piece.count)
        }
        text += "| " + shown.joined(separator: " | ") + " |\n"
      }
      if index == 0 { text += rule }
    }
    return text + rule
  }

  /// The pieces of a cell, broken at a dash where one is near enough, not at a space.
  private func wrapped(_ text: String, _ width: Int) -> [String] {
    var pieces: [String] = []
    var rest = text[...]
    while rest.count > width {
      let line = rest.prefix(width)
      var end = line.lastIndex(of: "-").map { rest.index(after: $0) } ?? line.endIndex
      while rest[rest.index(before: end)] == " " { end = rest.index(before: end) }
      pieces.append(String(rest[..<end]))
      rest = rest[end...].drop { $0 == " " }
    }
    return pieces + [String(rest)]
  }
}

@Suite struct ExportForms {
  @Test func everyFormSaysTheSame() throws {
    for seed in 0..<40 as Range<UInt64> {
      var generator = Seeded(state: seed)
      let config = randomConfig(&generator)
      for form in Form.allCases {
        let text = form.text(config, &generator)
        do {
          let export = try ExportReader.read(Array(text.utf8), file: "x", function: SnowflakeKey.function)
          let read = try export.entries.map { [$0.key] + (try items($0.value, $0.key)) }
          let wanted = try config.map { [$0.key] + (try items(source($0.value), $0.key)) }
          #expect(read == wanted, "seed \(seed), \(form)\n\(text)")
        } catch { Issue.record("seed \(seed), \(form): \(error)\n\(text)") }
      }
    }
  }

  @Test func placesAreThoseOfTheInputInEveryForm() throws {
    let host = "kd1.us-east-1.evil.example"
    for form in Form.allCases {
      var generator = Seeded(state: 7)
      let text = form.text([("privatelink-account-url", host)], &generator)
      // In a wrapped table the host has no one place.
      guard
        let found = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().lazy.compactMap({ line in
          line.element.firstRange(of: host).map { (line.offset + 1, line.element[..<$0.lowerBound].count + 1) }
        }).first
      else { continue }
      let message = refusal { _ = try importSnowflake(text) }
      #expect(message.hasPrefix("cfg:\(found.0):\(found.1): \"\(host)\""), "\(form): \(message)\n\(text)")
    }
  }

  @Test func keysThatWrapInTheMiddleOfAWordAreJoined() throws {
    let table = """
      +------------------+---------------------+
      | KEY              | VALUE               |
      |------------------+---------------------|
      | privatelink-acco | kd1.us-east-1.priva |
      | unt-url          | telink.snowflakecom |
      |                  | puting.com          |
      | privatelink-conn |                     |
      | ection-urls      |                     |
      | privatelink-vpce | com.amazonaws.vpce. |
      | -id              | us-east-1.vpce-svc- |
      |                  | 0123456789abcdef0   |
      +------------------+---------------------+
      """
    let export = try ExportReader.read(Array(table.utf8), file: "x", function: SnowflakeKey.function)
    #expect(
      export.entries.map(\.key) == ["privatelink-account-url", "privatelink-connection-urls", "privatelink-vpce-id"])
    #expect(
      export.entries.map(\.value.string) == ["kd1.us-east-1.privatelink.snowflakecomputing.com", "", serviceName])
  }

  /// A heading ends where it has its names: without a rule below it each line was taken for more of it, and it was read anew
  /// for each, which costs the square of the lines.
  @Test func aHeadingEndsWithoutARuleBelowIt() throws {
    let count = 2_000
    for (heading, kind) in [("| KEY | VALUE |", "privatelink-x"), ("| TYPE | HOST |\n|      |  |", "x")] {
      let table = "+--+--+\n\(heading)\n" + (0..<count).map { "| \(kind)\($0) | a\($0).example |\n" }.joined()
      let rows = ASCIITable.rows(of: try source(table), function: SnowflakeKey.function)
      #expect(rows.count == count + 1 && rows[0].map(\.count).reduce(0, +) <= 8, "\(rows.count) rows")
    }
    let wrapped = "+--+--+\n| K | VAL |\n| EY | UE |\n| | |\n| privatelink-x | y |\n"
    let rows = ASCIITable.rows(of: try source(wrapped), function: SnowflakeKey.function)
    #expect(rows.map { $0.map(\.string) } == [["KEY", "VALUE"], ["privatelink-x", "y"]])
  }

  /// Whatever is pasted, there is an answer, and soon.
  @Test func anyInputEnds() {
    let size = 40_000
    for unit in [
      "\"", "|\n", "|-\n", "| a | b |\n", "[", "{\"a\":", ",", "\n", "\\", "\"\"", "a,b\n", "privatelink-x,\"\"\n",
      "+-", "<", "P", "é",
    ] {
      for start in [
        "", "{\"privatelink-account-url\": \"", "KEY,VALUE\n", "+--+\n| KEY | VALUE |\n", "\"privatelink-a\":\"",
      ] {
        let text = start + String(repeating: unit, count: size / unit.utf8.count)
        _ = refusal { _ = try importSnowflake(text) }
      }
    }
  }

  @Test func damagedInputsNeverCrash() {
    for seed in 0..<150 as Range<UInt64> {
      var generator = Seeded(state: seed)
      let form = Form.allCases.randomElement(using: &generator) ?? .raw
      var bytes = Array(form.text(randomConfig(&generator), &generator).utf8)
      for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[at] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + 40))
        case 2: bytes.insert(contentsOf: Array("\"{[|,\n\\".utf8).shuffled(using: &generator).prefix(2), at: at)
        default: bytes = Array(bytes.prefix(at))
        }
      }
      guard let endpoint = try? readEndpoint(vpce) else { continue }
      let options = SnowflakeImport.Options(LinkRequest("prod", endpoint: endpoint))
      _ = refusal { _ = try SnowflakeImport.plan(bytes, file: "x", options: options, in: workspace()) }
    }
  }

  private func source(_ text: String) throws -> SourceText {
    try SourceText(file: Array(text.utf8), named: "x", maximumOctets: 1 << 20)
  }

  private func items(_ value: SourceText, _ key: String) throws -> [String] {
    try ListText.items(value, key: key, file: "x").map(\.string)
  }

  private func randomConfig(_ generator: inout Seeded) -> Config {
    let keys = SnowflakeKey.function.keys.sorted().shuffled(using: &generator)
    return keys.prefix(Int.random(in: 1...keys.count, using: &generator)).map { key in
      let hosts = (0..<Int.random(in: 1...3, using: &generator)).map { _ in host(&generator) }
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: return (key, "[" + hosts.joined(separator: ", ") + "]")
      case 1: return (key, JSON.array(hosts.map { .string($0) }).compactText)
      case 2: return (key, "[]")
      default: return (key, hosts[0])
      }
    }
  }

  private func host(_ generator: inout Seeded) -> String {
    let letters = Array("abcxyz019_-")
    let label = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
      letters.randomElement(using: &generator) ?? "a"
    }
    return "a\(String(label))z.us-east-1.privatelink.snowflakecomputing.com"
  }
}
