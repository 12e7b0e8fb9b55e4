import Foundation
import SystemIO
import Testing
import Text

/// Commands that make, list, show and remove workspaces and links.
struct WorkspaceCommandTests {
  let backroad: Backroad
  init() throws { backroad = try Backroad() }

  @Test func aWorkspaceIsAddedShownAndRemoved() throws {
    let added = try backroad(
      "workspace add acme --no-token --client 10.1.0.0/16 --client fd00:1::/64 --client 10.1.0.0/16")
    #expect(added.status == 0)
    #expect(added.errors == "")
    #expect(added.output == "+ zones/acme/workspace.json\nworkspace acme added with 10.1.0.0/16, fd00:1::/64\n")
    let file = "{\n  \"clients\": [\"10.1.0.0/16\", \"fd00:1::/64\"]\n}\n"
    #expect(try backroad.state() == ["zones/acme/": "", "zones/acme/workspace.json": file])

    let list = try backroad("workspace list")
    #expect(
      list.output == """
        WORKSPACE  CLIENTS                   LINKS  ZONES  STATUS
        acme       10.1.0.0/16, fd00:1::/64  0      0      ok

        """)
    #expect(try backroad("workspace show acme").output.hasPrefix("workspace acme in zones/acme\nclients: 10.1.0.0/16"))

    let removed = try backroad("workspace remove acme")
    #expect(removed.status == 0)
    #expect(removed.output == "- zones/acme/workspace.json\nworkspace acme removed\n")
    #expect(try backroad.state() == [:])
    #expect(try backroad("workspace list").errors == "backroad: there are no workspaces in zones\n")
  }

  /// Nobody has to find out afterwards how the server is to know whose a query is.
  @Test func aNewWorkspaceHasATokenAndTheWaysToAskAsIt() throws {
    let added = try backroad("workspace add acme --client 10.1.0.0/16")
    #expect(added.status == 0 && added.errors == "", "\(added.errors)")
    let token = try #require(added.output.firstMatch(of: /\n\n  ([0-9a-f]{32})\n\n/)).1
    #expect(added.output.contains("dig @127.0.0.1 -p 5300 +ednsopt=65314:\(token) CH TXT whoami.backroad\n"))
    #expect(added.output.contains("\n  address   its client is in \"clients\" (10.1.0.0/16), or has a lease\n"))
    let file = try backroad.read("zones/acme/workspace.json")
    #expect(file.contains("\"sha256\"") && !file.contains(token), "\(file)")
    #expect(try backroad("workspace token acme --list").output.split(separator: "\n").count == 2)
    let dry = try backroad("workspace add globex --dry-run")
    #expect(dry.output.contains("would be made for workspace globex"), "\(dry.output)")
  }

  /// A workspace that is granted none has none, and is not refused for one that nobody asked for.
  @Test(arguments: [(0, false), (1, true)]) func aTokenIsMadeWhereOneIsGranted(tokens: Int, isMade: Bool) throws {
    try backroad.write(
      "backroad.json", #"{ "grants": { "acme": { "clients": ["10.1.0.0/16"], "tokens": \#(tokens) } } }"#)
    let added = try backroad("workspace add acme --client 10.1.0.0/16")
    #expect(added.status == 0 && added.output.contains("token ") == isMade, "\(added.output)\(added.errors)")
  }

  /// What check and the server's log say of the new claims, where it can still be chosen otherwise.
  @Test func whatMeetsOthersClaimsIsToldAtOnce() throws {
    let backroad = try Backroad()
    for line in ["workspace add acme --client 10.1.0.0/16", "workspace add globex --client 10.2.0.0/16"] {
      let outcome = try backroad(line)
      #expect(outcome.status == 0 && outcome.errors == "", "\(outcome.errors)")
    }
    let wide = try backroad("workspace add evil --client 0.0.0.0/0")
    #expect(wide.status == 0 && wide.output.contains("workspace evil added"))
    let lines = wide.errors.split(separator: "\n")
    #expect(lines.contains { $0.contains("zones/evil/workspace.json:") && $0.contains("takes in everybody") })
    for (client, name) in [("10.1.0.0/16", "acme"), ("10.2.0.0/16", "globex")] {
      #expect(
        lines.contains { $0.contains("zones/\(name)/") && $0.contains("\(client) lie in 0.0.0.0/0 of workspace evil") },
        "\(wide.errors)")
    }
    #expect(try backroad("check").output.split(separator: "\n").dropLast().count == lines.count, "and no others")
  }

  @Test func whatCannotBeDoneChangesNothing() throws {
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
    let before = try backroad.state()
    /// A command line, and what it is refused with.
    let refusals = [
      ("workspace add acme", "zones/acme: the workspace \"acme\" exists already"),
      ("workspace add globex --client 10.1.0.0/16", "zones/acme/workspace.json: the clients 10.1.0.0/16 are those of"),
      ("workspace add globex --zones none/zones", "none/zones: cannot make the zones folder: No such file"),
      ("workspace show acmee", "zones: there is no workspace \"acmee\" here; did you mean \"acme\"?"),
      ("workspace remove globex", "zones: there is no workspace \"globex\" here; make it with"),
      ("workspace list --zones none", "none: there is no such zones folder"),
      ("workspace list --zones input", "input: this is not a folder"),
      ("link show acme x", "the workspace \"acme\" has no link \"x\""),
      ("link remove acme x", "the workspace \"acme\" has no link \"x\""),
      ("import hosts --workspace globex --link x --endpoint 10.0.0.1 h.corp.example", "zones: there is no workspace"),
    ]
    try backroad.write("input", "")
    for (line, message) in refusals {
      let outcome = try backroad(line)
      #expect(outcome.status == 1, "\(line)")
      #expect(outcome.output == "", "\(line)")
      #expect(outcome.errors.hasPrefix("backroad: \(message)"), "\(line)")
      #expect(try backroad.state() == before, "\(line)")
    }
  }

  /// What is wrong in other workspaces, settings apart, is nobody else's matter.
  @Test func othersBrokenFoldersKeepNobodyFromAddingAWorkspace() throws {
    try backroad.write("zones/acme/workspace.json", "{ \"clients\": [\"10.1.0.0/16\"] }")
    try backroad.write("zones/acme/x.example.zone/in-the-way", "")
    try backroad.write("zones/bent/workspace.json", "{")
    let taken = try backroad("workspace add globex --client 10.1.0.0/16")
    #expect(taken.status == 1)
    #expect(taken.errors.contains("the clients 10.1.0.0/16 are those of the workspace acme"), "\(taken.errors)")
    let added = try backroad("workspace add globex --client 10.2.0.0/16")
    #expect(added.status == 0, "\(added.errors)")
    #expect(
      added.errors.hasPrefix("backroad: whether these are clients of the workspace bent is not known: zones/bent/"),
      "\(added.errors)")
  }

  /// The lock is everybody's, so that nothing is planned while it is held: what is wrong is said without waiting for it.
  @Test func plansAreMadeWithoutTheLock() throws {
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
    let holder = try Folder(opening: "\(backroad.folder)/zones/.backroad").lock("lock", within: 0)
    let dry = try backroad("import hosts --workspace acme --link x --endpoint 10.0.0.1 --dry-run h.corp.example")
    #expect(dry.status == 0, "\(dry.errors)")
    let wrong = try backroad("import hosts --workspace acme --link x --endpoint 10.0.0.1 a..corp.example")
    #expect(wrong.errors.contains("two dots in a row"), "\(wrong.errors)")
    let nothing = try backroad("link remove acme y")
    #expect(nothing.errors.contains("has no link"), "\(nothing.errors)")
    #expect(try backroad("workspace token acme --dry-run").status == 0)
    let unknown = try backroad("workspace token acme --revoke y")
    #expect(unknown.errors.contains("there is no token"), "\(unknown.errors)")
    let comment = String(repeating: "x", count: 1 << 20)
    try backroad.write("zones/acme/workspace.json", "{ \"clients\": [] } // \(comment)")
    let large = try backroad("workspace token acme")
    #expect(large.errors.contains("the limit is 1048576"), "\(large.errors)")
    _ = consume holder
  }

  #if DEBUG
    /// What was worked out before the lock was had is worked out anew.
    @Test(
      arguments: [
        "workspace token acme",
        "import hosts --workspace acme --link x --endpoint 10.0.0.1 --zone h.example --miss forward h.example",
      ])
    func whatAnotherChangedMeanwhileStays(line: String) throws {
      _ = try backroad("workspace add acme --client 10.1.0.0/16")
      let holder = try Folder(opening: "\(backroad.folder)/zones/.backroad").lock("lock", within: 0)
      try backroad.write("calls", "")
      let (process, _, _) = try backroad.start(
        line.split(separator: " ").map { String($0) },
        environment: ["BACKROAD_FAULT_LOG": "\(backroad.folder)/calls"])
      defer { process.terminate() }
      // Its first call finds the lock taken, the second waits for it.
      let end = Date().addingTimeInterval(20)
      while try backroad.read("calls").split(separator: "\n").count(where: { $0.hasPrefix("flock ") }) < 2 {
        try #require(Date() < end, "the command waits for the lock")
        usleep(1000)
      }
      try backroad.write("zones/acme/workspace.json", "{ \"clients\": [\"10.9.0.0/16\"] }\n")
      _ = consume holder
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      let settings = try backroad.read("zones/acme/workspace.json")
      #expect(settings.contains("10.9.0.0/16"), "\(settings)")
      #expect(settings.contains("sha256") || settings.contains("forward"), "\(settings)")
    }
  #endif

  @Test func dryRunsChangeNothing() throws {
    #expect(try backroad("workspace add acme --client 10.1.0.0/16 --dry-run").status == 0)
    #expect(try Files.identity("\(backroad.folder)/zones") == nil)
    _ = try backroad("workspace add acme")
    _ = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example")
    let before = try backroad.state()
    for line in [
      "workspace add globex --dry-run", "workspace remove acme --dry-run", "link remove acme git --dry-run",
      "import hosts --workspace acme --link git --endpoint 10.0.0.2 git.corp.example --dry-run",
      "import hosts --workspace acme --link two --endpoint 10.0.0.2 two.corp.example --dry-run",
    ] {
      let outcome = try backroad(line)
      #expect(outcome.status == 0, "\(line)")
      #expect(outcome.output != "", "\(line)")
      #expect(try backroad.state() == before, "\(line)")
    }
  }

  @Test func linksAreListedShownAndRemoved() throws {
    _ = try backroad("workspace add acme")
    let bare = try backroad.state()
    _ = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example")
    #expect(
      try backroad("link list").output == """
        WORKSPACE  LINK  KIND   STATE    SINCE  HOSTS  ENDPOINT
        acme       git   hosts  unknown  -      1      10.0.0.1

        """)
    #expect(try backroad("link list --workspace acme").output == backroad("link list").output)
    let show = try backroad("link show acme git").output
    #expect(show.hasPrefix("link git of workspace acme, kind hosts, TTL 60\nstate: unknown\n\nendpoint: 10.0.0.1\n"))
    #expect(show.contains("git.corp.example"))
    #expect(try backroad("workspace show acme").output.contains("git.corp.example"))
    let removed = try backroad("link remove acme git")
    #expect(removed.status == 0)
    #expect(removed.output.contains("- git.corp.example"))
    var expected = bare
    expected["zones/acme/links/"] = ""
    expected["zones/acme/links/.undo"] = try backroad.read("zones/acme/links/.undo")
    #expect(try backroad.state() == expected)
  }

  @Test func jsonIsForPrograms() throws {
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
    _ = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example")
    for (line, texts) in [
      ("workspace list --json", ["\"name\": \"acme\"", "\"10.1.0.0/16\"", "\"git\""]),
      ("workspace show acme --json", ["\"zone\": \"git.corp.example\"", "\"generated\": true"]),
      ("link list --json", ["\"workspace\": \"acme\"", "\"name\": \"git\"", "\"git.corp.example\""]),
      ("link show acme git --json", ["\"kind\": \"hosts\"", "\"10.0.0.1\""]),
      ("link remove acme git --dry-run --json", ["\"change\": \"removed\""]),
      ("check --json", ["\"errors\": 0", "\"workspaces\": 1"]),
    ] {
      let outcome = try backroad(line)
      #expect(outcome.status == 0, "\(line)")
      #expect(throws: Never.self, "\(line)") { try JSON.parse(Array(outcome.output.utf8), file: "-", comments: false) }
      for text in texts { #expect(outcome.output.contains(text), "\(line)") }
    }
  }

  @Test func theZonesOfClientsAreShown() throws {
    _ = try backroad("workspace add acme --client 10.1.0.0/16 --no-token")
    try backroad.write(
      "zones/acme/workspace.json",
      """
      { "clients": ["10.1.0.0/16"],
        "client-zones": { "us-east-1b": ["10.1.16.0/20", "10.1.64.0/24"], "us-east-1a": ["10.1.0.0/20"] } }
      """)
    let shown = try backroad("workspace show acme").output
    #expect(
      shown.contains(
        "clients: 10.1.0.0/16\nclients in us-east-1a: 10.1.0.0/20\nclients in us-east-1b: 10.1.16.0/20, 10.1.64"),
      "\(shown)")
    let json = try backroad("workspace show acme --json").output
    #expect(json.contains("\"us-east-1b\": [\"10.1.16.0/20\", \"10.1.64.0/24\"]"), "\(json)")
  }
}
