import Foundation
import SystemIO
import Testing

/// Imports as a person makes them: their plans, their refusals, and what they leave when they are killed.
struct ImportCommandTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  static let importLine = "import snowflake --workspace acme --link prod --endpoint \(endpoint)=10.1.0.10"

  /// A form that customers send is read from a file or standard input; named in the place of a host, it is told of.
  @Test func aFormBecomesALinkToAGitServer() throws {
    let form = "- VPC Endpoint Service Name: com.amazonaws.vpce.us-east-1.vpce-svc-01\n- DNS record: git.corp.example\n"
    try backroad.write("form.txt", form)
    let line = "import vcs --workspace acme --link git --address 10.1.0.10"
    let mistaken = try backroad("\(line) form.txt")
    #expect(mistaken.status == 1 && mistaken.errors.contains("is a file here; to read it, write --from form.txt"))
    let done = try backroad("\(line) --from form.txt")
    #expect(done.status == 0 && done.output.contains("+ git.corp.example\n") && done.errors == "")
    let again = try backroad("\(line) --from -", input: form)
    #expect(again.status == 0 && again.output.contains("Nothing changes."))
  }

  @Test func aConfigBecomesALinkAndZones() throws {
    try backroad.write("config.json", snowflakeConfig("ab12345"))
    let dry = try backroad("\(Self.importLine) --dry-run config.json")
    #expect(dry.status == 0)
    #expect(dry.output.contains("+ ab12345.us-east-1.privatelink.snowflakecomputing.com"))
    #expect(try backroad.state().count == 2)
    let done = try backroad("\(Self.importLine) config.json")
    #expect(done.status == 0)
    #expect(done.errors == "")
    #expect(
      done.output.contains("ab12345.us-east-1.privatelink\n") || done.output.contains("ab12345.us-east-1.privatelink"))
    let state = try backroad.state()
    #expect(
      state.keys.sorted() == [
        "zones/acme/", "zones/acme/links/", "zones/acme/links/.undo", "zones/acme/links/prod.json",
        "zones/acme/privatelink.snowflakecomputing.com.zone", "zones/acme/\(endpoint).zone",
        "zones/acme/workspace.json",
      ])
    let again = try backroad("\(Self.importLine) -", input: snowflakeConfig("ab12345"))
    #expect(again.status == 0)
    #expect(again.output.contains("Nothing changes."))
    #expect(try backroad.state() == state)
    #expect(try backroad("check").output == "1 workspace, 2 zones, 1 link: nothing is wrong\n")
  }

  /// What is pasted, the command line, and where and how it is refused.
  static let refusals = [
    ("", importLine, "standard input:"),
    ("{\"privatelink-account-url\": \"ab12345.us", importLine, "standard input:1:"),
    ("{\"a\": \"b\", \"a\": \"c\"}", importLine, "standard input:1:"),
    (
      "{\"privatelink-account-url\": \"<account>.privatelink.snowflakecomputing.com\"}", importLine, "standard input:1:"
    ),
    ("{\"privatelink-account-url\": \"www.example.com\"}", importLine, "standard input:1:"),
    (snowflakeConfig("ab12345"), importLine.replacing("vpce-svc-0", with: "vpce-svc-1"), "standard input:1:"),
    (snowflakeConfig("ab12345"), importLine.replacing("vpce-0a", with: "https://vpce-0a"), "--endpoint: "),
    (
      snowflakeConfig("ab12345"), importLine + " missing.json",
      "missing.json: cannot read a private link config: No such"
    ),
    (snowflakeConfig("ab12345"), importLine + " zones", "zones: cannot read a private link config: Is a directory"),
    (String(repeating: " ", count: 2 << 20), importLine, "standard input: larger than 1024 KiB"),
  ]

  @Test(arguments: refusals.indices) func aRefusedImportChangesNothing(index: Int) throws {
    let (input, line, message) = Self.refusals[index]
    _ = try backroad(Self.importLine, input: snowflakeConfig("cd67890"))
    let before = try backroad.state()
    let outcome = try backroad(line, input: input)
    #expect(outcome.status == 1)
    #expect(outcome.output == "")
    #expect(outcome.errors.hasPrefix("backroad: \(message)"))
    #expect(try backroad.state() == before)
  }

  @Test func aHandWrittenZoneInTheWayIsLeftAlone() throws {
    try backroad.write("zones/acme/privatelink.snowflakecomputing.com.zone", "; mine\n")
    let before = try backroad.state()
    let outcome = try backroad(Self.importLine, input: snowflakeConfig("ab12345"))
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("backroad: zones/acme/privatelink.snowflakecomputing.com.zone:1:1: "))
    #expect(try backroad.state() == before)
  }

  @Test func hostsComeFromAFileToo() throws {
    try backroad.write("hosts.txt", "git.corp.example # the code\nci.corp.example\n")
    let line = "import hosts --workspace acme --link int --endpoint 10.1.0.20 --zone corp.example --miss forward"
    let done = try backroad("\(line) --from hosts.txt")
    #expect(done.status == 0)
    #expect(try backroad.read("zones/acme/corp.example.zone").contains("git"))
    #expect(try backroad.read("zones/acme/workspace.json").contains("\"miss\": \"forward\""))
    let wrong = try backroad("\(line) --from -", input: "git.corp.example\n  git.other.example\n")
    #expect(wrong.status == 1)
    #expect(wrong.errors.hasPrefix("backroad: standard input:2:3: "))
  }

  /// Of a long plan the start of each list is shown, what changes before what stays, and all where that is asked for.
  @Test func aLongPlanIsCutUnlessAllIsAskedFor() throws {
    let line = "import hosts --workspace acme --link int --endpoint 10.1.0.20 --from -"
    let hosts = (1000..<1500).map { "h\($0).corp.example" }
    let first = try backroad(line, input: hosts.joined(separator: "\n"))
    #expect(first.status == 0)
    let lines = first.output.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("  + h") } == 40 + 39, "so many hosts, and as many files with the link's")
    #expect(lines.count { $0 == "  and 460 more; --all shows them" } == 1)
    #expect(lines.count { $0 == "  and 461 more; --all shows them" } == 1)
    #expect(lines.count < 100)
    // The last host is the only new one.
    let second = try backroad("\(line) --dry-run", input: (hosts + ["z.corp.example"]).joined(separator: "\n"))
    #expect(second.output.contains("10.1.0.20:\n  + z.corp.example\n  = h1000.corp.example\n"), "\(second.output)")
    let all = try backroad("\(line) --all --dry-run", input: hosts.joined(separator: "\n"))
    #expect(all.output.split(separator: "\n").count { $0.hasPrefix("  = h") } == 500 && !all.output.contains("--all"))
    let json = try backroad("\(line) --json --dry-run", input: hosts.joined(separator: "\n"))
    #expect(json.output.ranges(of: "\"host\": ").count == 500)
    let removed = try backroad("link remove acme int")
    #expect(removed.output.split(separator: "\n").count { $0.hasPrefix("  - h") } == 40 + 39)
  }

  /// A hundred kills at random moments: each leaves all of the old or all of the new.
  @Test func aKilledImportLeavesTheOldOrTheNew() throws {
    try backroad.write("a.json", snowflakeConfig("ab12345"))
    try backroad.write("b.json", snowflakeConfig("cd67890"))
    let lines = ["a.json", "b.json"].map {
      "\(Self.importLine) --replace \($0)".split(separator: " ").map { String($0) }
    }
    var states: [[String: String]] = []
    let clock = ContinuousClock()
    var longest = Duration.zero
    for line in lines {
      let start = clock.now
      #expect(try backroad.run(line).status == 0)
      longest = max(longest, clock.now - start)
      states.append(withoutSerials(try backroad.state()))
    }
    #expect(states[0] != states[1])
    var outcomes = [0, 0]
    var interruptedCount = 0
    for round in 0..<100 {
      let (process, _, _) = try backroad.start(lines[round % 2])
      Thread.sleep(forTimeInterval: Double.random(in: 0...1.2) * longest.seconds)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let state = withoutSerials(try backroad.state().filter { !$0.key.hasPrefix("zones/.") })
      let which = try #require(states.firstIndex(of: state), "round \(round) left a mixture")
      outcomes[which] += 1
      if try Files.list("\(backroad.folder)/zones").count > 1 { interruptedCount += 1 }
    }
    #expect(interruptedCount > 0, "kills came in the middle of the change")
    #expect(outcomes.allSatisfy { $0 > 0 }, "kills came before and after the change")
    // The next import goes through, and clears away what the killed ones left.
    for line in lines { #expect(try backroad.run(line).status == 0) }
    #expect(withoutSerials(try backroad.state()) == states[1])
  }

  /// Serials go up with each change, so that equal contents have different ones; and what is kept of the last change is what
  /// there was before.
  private func withoutSerials(_ state: [String: String]) -> [String: String] {
    state.filter { !$0.key.hasSuffix(".undo") }.mapValues {
      $0.split(separator: "\n").filter { !$0.contains("SOA") }.joined(separator: "\n")
    }
  }
}

extension Duration {
  fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
