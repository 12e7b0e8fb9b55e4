import SystemIO
import Testing

/// Where the zones folder is: every command finds it by one rule, `--zones`, then the configuration, then `zones`.
struct ZonesFolderTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    try backroad.write("etc/backroad.json", #"{ "zones": "data/zones", "admin": "off" }"#)
    try Files.makeFolder("\(backroad.folder)/etc/data")
  }

  /// Every command that works on files, in an order in which each has something to do.
  private static let lines = [
    "workspace add acme --client 10.1.0.0/16", "workspace token acme",
    "import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example", "workspace list",
    "workspace show acme", "link list", "link show acme git", "check", "link remove acme git", "workspace remove acme",
  ]

  private func run(_ backroad: Backroad, _ flags: String) throws {
    for line in Self.lines {
      let outcome = try backroad("\(line) \(flags)")
      #expect(outcome.status == 0, "\(line): \(outcome.errors)")
      #expect(try !Files.list(backroad.folder).contains("zones"), "\(line)")
    }
  }

  @Test func theConfigurationSaysWhereItIs() throws {
    try run(backroad, "--config etc/backroad.json")
    #expect(try Files.list("\(backroad.folder)/etc/data") == ["zones"])
  }

  @Test func theConfigurationThatIsHereSaysSoToo() throws {
    try backroad.write("backroad.json", #"{ "zones": "etc/data/here" }"#)
    try run(backroad, "")
    #expect(try Files.list("\(backroad.folder)/etc/data") == ["here"])
  }

  @Test func theFlagWins() throws {
    try run(backroad, "--config etc/backroad.json --zones etc/data/flag")
    #expect(try Files.list("\(backroad.folder)/etc/data") == ["flag"])
  }

  /// A configuration that is wrong keeps nobody from looking at a folder that they name, and says so to all others.
  @Test func aWrongConfigurationIsToldWhereItMatters() throws {
    try backroad.write("backroad.json", #"{ "zone": "z" }"#)
    try Files.makeFolder("\(backroad.folder)/z")
    #expect(try backroad("workspace list --zones z").status == 0)
    let outcome = try backroad("workspace list")
    #expect(outcome.status == 1 && outcome.errors.contains("unknown key \"zone\""), "\(outcome.errors)")
  }

  /// A server is looked for in the folder that a flag names, whatever a configuration that merely lies here says; one that
  /// is named too says where its server is asked.
  @Test func theFlagSaysWhoseServerIsAsked() throws {
    try backroad.write("backroad.json", #"{ "zones": "z", "admin": "here/admin.sock", "forwrd": [] }"#)
    for line in ["status", "reload", "cache flush", "lease list", "explain --client 10.0.0.1 a.example"] {
      let outcome = try backroad("\(line) --zones other")
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains(": other/.backroad/admin.sock does not answer"), "\(line): \(outcome.errors)")
    }
    try backroad.write("backroad.json", #"{ "zones": "z", "admin": "here/admin.sock" }"#)
    for (flags, place) in [
      ("", "here/admin.sock"), ("--zones other --config backroad.json", "here/admin.sock"),
      ("--zones other --admin ./x.sock", "./x.sock"), ("--admin ./x.sock", "./x.sock"),
    ] {
      let outcome = try backroad("status \(flags)")
      #expect(outcome.errors.contains(": \(place) does not answer"), "\(flags): \(outcome.errors)")
    }
  }

  @Test(arguments: [
    (#"["10.0.0.53:53", "127.0.0.1:5310"]"#, "dig @10.0.0.53 "), (#"["0.0.0.0:5310"]"#, "dig @127.0.0.1 -p 5310 "),
    (#"["[::]:53"]"#, "dig @::1 "),
  ]) func theLinesToCopyAskWhereTheServerListens(listen: String, line: String) throws {
    try backroad.write("backroad.json", #"{ "listen": \#(listen) }"#)
    #expect(try backroad("workspace add acme --client 10.1.0.0/16").status == 0)
    let imported = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example")
    #expect(imported.output.contains(line), "\(imported.output)\(imported.errors)")
    let token = try backroad("workspace token acme")
    #expect(token.output.contains(line), "\(token.output)\(token.errors)")
  }

  @Test func doctorAsksWhereTheServerListens() throws {
    // Nothing listens there.
    try backroad.write("backroad.json", #"{ "listen": ["127.0.0.1:1"] }"#)
    #expect(try backroad("workspace add acme --client 10.1.0.0/16").status == 0)
    let outcome = try backroad("doctor --workspace acme")
    #expect(outcome.status == 1 && outcome.errors.contains("the server at 127.0.0.1:1 cannot"), "\(outcome.errors)")
  }

  @Test(arguments: UsageTests.commands) func whoeverTakesZonesTakesAConfiguration(command: String) throws {
    let help = try backroad("\(command) --help").output
    // Where stores are operands the configuration says who may ask them; and some know no folder.
    guard !command.hasPrefix("store ") else { return }
    #expect((help.contains("--zones DIR") || help.contains("--store STORE")) == help.contains("--config FILE"))
  }
}
