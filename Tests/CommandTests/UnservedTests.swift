import Testing
import Text

/// Changes of a workspace that no server loads: they are made, and it is said that they are not served.
struct UnservedTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
    _ = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example")
    _ = try backroad("import hosts --workspace acme --link old --endpoint 10.0.0.1 old.corp.example")
  }

  private static let token = "workspace token acme"

  /// Every command that changes a workspace.
  static let lines = [
    "import hosts --workspace acme --link two --endpoint 10.0.0.2 two.corp.example",
    "import snowflake --workspace acme --link prod --endpoint \(endpoint)=10.1.0.10", "link remove acme git", token,
  ]

  private func lines() throws -> [String] {
    let made = try backroad("\(Self.token) --json").output
    let id = try JSON.parse(Array(made.utf8), file: "-", comments: false).asObject?["id"]?.asString
    return Self.lines + ["\(Self.token) --revoke \(try #require(id))"]
  }

  /// What is wrong, and how it is told after each of them.
  static let faults = [
    ("zones/acme/x.example.zone", "nonsense\n", "zones/acme/x.example.zone:1:9: "),
    (
      "zones/acme/workspace.json", "{ \"clients\": [\"10.1.0.0/16\"],\n \"clinets\": [], \"tokens\": TOKENS }",
      "zones/acme/workspace.json:2:2: unknown key \"clinets\""
    ),
    (
      "backroad.json", "{ \"grants\": { \"acme\": { \"clients\": [\"10.2.0.0/16\"], \"tokens\": 9 } } }",
      "10.1.0.0/16 is not in the grant of workspace acme"
    ),
  ]

  @Test(arguments: faults.indices, [false, true])
  func aChangeThatIsNotServedSaysSo(index: Int, isDry: Bool) throws {
    let (path, text, message) = Self.faults[index]
    // Tokens are not put into settings that cannot be read, nor made where the grant is not kept.
    let lines = try lines().filter { line in
      !line.hasPrefix(Self.token) || index == 0 || (path == "backroad.json" && line != Self.token)
    }
    let tokens = try JSON.parse(
      Array(try backroad.read("zones/acme/workspace.json").utf8), file: "-", comments: true
    ).asObject?["tokens"]
    try backroad.write(path, text.replacing("TOKENS", with: tokens?.compactText ?? ""))
    for line in lines {
      let before = try backroad.state()
      let words = "\(line)\(isDry ? " --dry-run" : "")"
      let plain = try backroad(words, input: snowflakeConfig("ab12345"))
      #expect(plain.status == 0, "\(words): \(plain.errors)")
      let warnings = plain.errors.split(separator: "\n").filter {
        $0.hasPrefix("backroad: warning: not served until this is mended: ")
      }
      #expect(warnings.count == 1 && warnings.allSatisfy { $0.contains(message) }, "\(words): \(plain.errors)")
      #expect(try (backroad.state() == before) == isDry, "\(words)")
    }
  }

  @Test func programsAreToldInAField() throws {
    for isBroken in [false, true] {
      if isBroken { try backroad.write("zones/acme/x.example.zone", "nonsense\n") }
      for line in try lines().map({ "\($0) --json" }) {
        let outcome = try backroad(line, input: snowflakeConfig("ab12345"))
        #expect(outcome.status == 0, "\(line): \(outcome.errors)")
        let json = try JSON.parse(Array(outcome.output.utf8), file: "-", comments: false)
        let errors = try #require(json.asObject?["notServed"]?.asArray, "\(line)")
        #expect(errors.isEmpty != isBroken, "\(line)")
        guard isBroken else { continue }
        let first = try #require(errors.first?.asObject, "\(line)")
        #expect(first["file"]?.asString == "zones/acme/x.example.zone" && first["line"]?.asInt == 1, "\(line)")
      }
      _ = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example")
    }
  }
}
