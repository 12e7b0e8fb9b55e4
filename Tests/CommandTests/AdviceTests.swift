import SystemIO
import Testing

/// What people are told who type or paste something else than what is taken: what it is, and what to write.
struct AdviceTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  private static let snowflake = "import snowflake --workspace acme --link prod --endpoint \(endpoint)=10.1.0.10"

  @Test func aFileThatIsTakenForAHostIsRecognized() throws {
    try backroad.write("hosts.txt", "git.corp.example\n")
    let outcome = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 hosts.txt")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors == "backroad: \"hosts.txt\" is a file here; to read hosts from it, write --from hosts.txt\n")
  }

  @Test func aStageThatIsLeftOutIsToldOfOnce() throws {
    let config = snowflakeConfig("ab12345").replacing(
      "}", with: #","privatelink-internal-stage":"mybucket.s3.us-east-1.amazonaws.com"}"#)
    let stage = "bucket.vpce-0ff-st.s3.us-east-1.vpce.amazonaws.com"
    let outcome = try backroad("\(Self.snowflake) --stage-endpoint \(stage) -", input: config)
    #expect(outcome.status == 0)
    let told = outcome.output.split(separator: "\n").filter { $0.contains("shape that storage has (") }
    #expect(told.count == 1 && told[0].hasSuffix("say so with --stage-host NAME"), "\(outcome.output)")
    #expect(!outcome.output.contains("the config has no privatelink-internal-stage"), "\(outcome.output)")
  }

  @Test func aMisspelledKeyIsNamed() throws {
    let outcome = try backroad(
      "\(Self.snowflake) -", input: #"{"privatelink-acount-url": "ab.us-east-1.privatelink.snowflakecomputing.com"}"#)
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(
        #"these keys are unknown: "privatelink-acount-url" (did you mean "privatelink-account-url"?)"#),
      "\(outcome.errors)")
  }

  @Test(arguments: [("Hello,\nhere it is:\n", "\nRegards\n"), ("```json\n", "\n```\n"), ("Hi ", "\n")])
  func aConfigInAMailIsRead(before: String, after: String) throws {
    let outcome = try backroad("\(Self.snowflake) -", input: before + snowflakeConfig("ab12345") + after)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("+ ab12345."), "\(outcome.output)")
    #expect(outcome.output.contains("was left out"), "\(outcome.output)")
  }

  @Test func aHostThatIsKeptIsToldOfAsSuch() throws {
    for line in [
      "import hosts --workspace acme --link one --endpoint 10.1.1.1 git.corp.example",
      "import hosts --workspace acme --link two --endpoint 10.1.1.1 git.corp.example",
    ] { #expect(try backroad(line).status == 0) }
    let outcome = try backroad("import hosts --workspace acme --link two --endpoint 10.1.2.9 wiki.corp.example")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(#"this input does not name it, and the link "two" keeps it: --prune removes such hosts"#),
      "\(outcome.errors)")
    let pruned = try backroad("import hosts --workspace acme --link two --endpoint 10.1.2.9 --prune wiki.corp.example")
    #expect(pruned.status == 0, "\(pruned.errors)")
  }

  @Test func severalAddressesMayStandWithCommas() throws {
    let line = "import hosts --workspace acme --link git --address"
    let outcome = try backroad("\(line) 10.1.1.1,10.1.1.2 git.corp.example")
    #expect(outcome.status == 0 && outcome.output.contains("10.1.1.1, 10.1.1.2"), "\(outcome.errors)")
    let wrong = try backroad("\(line) 10.1.1.1,x git.corp.example")
    #expect(wrong.errors.hasPrefix("backroad: --address: \"x\" is not an IP address"), "\(wrong.errors)")
  }

  @Test func tooManyAddressesAreThoseOfTheFlagThatHasThem() throws {
    let many = (1...65).map { "10.1.1.\($0)" }.joined(separator: ",")
    for flags in ["--address \(many)", "--endpoint 10.1.2.1 --address \(many)", "--endpoint \(many)"] {
      let outcome = try backroad("import hosts --workspace acme --link git \(flags) git.corp.example")
      let flag = flags.hasSuffix("--endpoint \(many)") ? "--endpoint" : "--address"
      #expect(
        outcome.status == 1 && outcome.errors == "backroad: \(flag): more than 64 addresses\n", "\(outcome.errors)")
    }
  }

  @Test func whoFindsNoServerIsToldThatItsInterfaceMayBeOff() throws {
    let outcome = try backroad("status")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.hasPrefix(
        "backroad: no server is running there, or one whose admin interface is off (--admin off): "),
      "\(outcome.errors)")
  }

  /// A command line, and what standard error starts with: of words that other programs have, or that stand elsewhere here.
  static let guesses = [
    ("lease rm", "unknown command \"rm\"; did you mean remove?"),
    ("lease delete", "unknown command \"delete\"; did you mean remove?"),
    ("workspace ls", "unknown command \"ls\"; did you mean list?"),
    ("reload acme", "\"acme\" is one argument too many; a workspace is named with --workspace \"acme\""),
    ("link show --workspace acme git", "the workspace stands without a flag here: backroad link show W LINK"),
    ("status --verbose", "unknown flag \"--verbose\"; no command says more; explain, doctor and status tell of"),
    ("explain --client x a.example", "--client: \"x\" is no address"),
    ("explain --client 10.0.0.1 a..b", "\"a..b\" is no name: an empty label"),
    ("explain --client 10.0.0.1 a.example AAAAA", "\"AAAAA\" is no record type; write A, AAAA, TYPE65"),
    ("explain --client 10.0.0.1 --token xyz a.example", "--token is hexadecimal"),
    (
      "explain --client 10.0.0.1 --workspace acme a.example",
      "name who asks: --client ADDR, or --workspace W, and not both"
    ),
  ]

  @Test(arguments: guesses) func aGuessIsToldWhatToWrite(line: String, message: String) throws {
    let outcome = try backroad(line)
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasPrefix("backroad: \(message)"), "\(outcome.errors)")
  }

  /// What a configuration holds, and what is told of it.
  static let configurations = [
    (#"{ "proxy": [] }"#, "unknown key \"proxy\"; did you mean \"proxies\"?"),
    (
      #"{ "forward": ["127.0.0.1:5399"] }"#,
      #"a forwarding rule names its zone, "." for all names; write { "zone": ".", "to": ["127.0.0.1:5399"] }"#
    ),
    (#"{ "listen": ["127.0.0.1:53", "127.0.0.1:53"] }"#, "127.0.0.1:53 is named twice as an address to listen on"),
  ]

  @Test(arguments: configurations) func aConfigurationThatIsNotIsToldWhatToWrite(text: String, message: String) throws {
    try backroad.write("backroad.json", text)
    let outcome = try backroad("check")
    #expect(outcome.status == 1 && outcome.output.contains(message), "\(outcome.output)")
  }
}
