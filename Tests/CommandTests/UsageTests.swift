import Foundation
import Testing

/// How command lines are read: helps, mistakes, exit statuses.
struct UsageTests {
  let backroad: Backroad
  init() throws { backroad = try Backroad() }

  static let commands = [
    "serve", "import snowflake", "import databricks", "import vcs", "import postgres", "import mysql",
    "import redshift", "import s3", "import hosts", "import", "workspace add", "workspace list",
    "workspace show", "workspace remove", "workspace token", "link list", "link show", "link remove", "link add",
    "link set-endpoint", "link state", "link failover", "link undo", "lease add", "lease list",
    "lease remove", "check", "explain", "doctor", "store copy", "store check", "replicas", "discover kubernetes",
    "status", "reload", "cache flush", "version",
  ]

  @Test func theHelpListsEveryCommandAndNoOther() throws {
    for line in ["--help", "-h", "help"] {
      let help = try backroad(line)
      #expect(help.status == 0)
      #expect(help.errors == "")
      let listed = help.output.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      let names = listed.map { line in
        line.dropFirst(2).split(separator: "  ", maxSplits: 1)[0].trimmingCharacters()
      }
      #expect(names == Self.commands)
    }
  }

  @Test(arguments: commands) func everyCommandHasHelp(command: String) throws {
    for flag in ["--help", "-h", "--no-such-flag --help"] {
      let help = try backroad("\(command) \(flag)")
      #expect(help.status == 0)
      #expect(help.output.hasPrefix("backroad \(command): "))
      #expect(help.output.contains("\nUsage: backroad \(command)"))
      #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 130 })
    }
    #expect(try backroad("help \(command)").output == backroad("\(command) --help").output)
  }

  /// A command line, what standard error starts with, and what it holds.
  static let mistakes = [
    (
      "",
      "name a command: serve, import, workspace, link, lease, check, explain, doctor, store, replicas, discover, status, reload, cache"
    ),
    ("chekc", "unknown command \"chekc\"; did you mean check?"),
    ("elucidate", "unknown command \"elucidate\"; there are"),
    ("import", "import what? snowflake, databricks, vcs, postgres, mysql, redshift, s3, hosts"),
    ("import snowflak", "unknown command \"snowflak\"; did you mean snowflake?"),
    ("import --workspace acme", "--link NAME is missing"),
    ("import --workspac acme", "unknown flag \"--workspac\"; did you mean --workspace?"),
    ("import config --workspace acme", "unknown command \"config\"; there are"),
    ("--zones z check", "the flag \"--zones\" stands before the command"),
    ("check --zone z", "unknown flag \"--zone\"; did you mean --zones?"),
    ("check --zones", "--zones needs a value: --zones DIR"),
    ("check --zones --json", "--zones needs a value: --zones DIR"),
    ("check --json=yes", "--json takes no value"),
    ("check --zones a --zones=b", "--zones is given twice"),
    ("check -x", "unknown flag \"-x\""),
    ("check a", "\"a\" is one argument too many"),
    ("check --zones a --store b", "--zones and --store say the same thing; leave one of them out"),
    ("check --store etcd:https://a:1", "--store: Backroad speaks no TLS to etcd"),
    ("store copy a a", "FROM and TO are the same store"),
    ("check -- --json", "\"--json\" is one argument too many"),
    ("workspace add", "arguments are missing: W"),
    ("workspace add Acme", "\"Acme\" is not a workspace's name"),
    (
      "workspace add acme --client 10.1.2.3/16",
      "--client: \"10.1.2.3/16\" has bits set after its length; write 10.1.0.0/16"
    ),
    ("workspace add acme --client x", "--client: \"x\" is not an address or prefix"),
    ("workspace show ../acme", "\"../acme\" is not a workspace's name"),
    ("link show acme", "arguments are missing: W LINK"),
    ("import snowflake --link a --endpoint 10.1.2.3", "--workspace W is missing"),
    ("link set-endpoint a", "arguments are missing: W NAME [VPCE[=ADDR,…]]"),
    ("link set-endpoint a b", "what is to change? name the endpoint, VPCE[=ADDR,…], or --address, --standby or"),
    ("link set-endpoint a b --failover-after soon", "--failover-after: \"soon\" is not a time: write it like 90s, 2m"),
    ("link set-endpoint a b --failover-after 2m,2d", "--failover-after: \"2d\" is not a time from 1s to 1d"),
    ("link failover a", "arguments are missing: W NAME…"),
    (
      "link set-endpoint a b --zone-affinity --no-zone-affinity",
      "--zone-affinity and --no-zone-affinity say opposite things; leave one out"
    ),
    ("link add a b --kind snowflak", "unknown kind \"snowflak\"; did you mean snowflake?"),
    ("link add a b --service vpce-svc-1", "--service: \"vpce-svc-1\" is not the name of an endpoint service"),
    ("import snowflake --workspace a --link B --endpoint 10.1.2.3", "\"B\" is not a link's name"),
    ("import snowflake --workspace a --link b --endpoint 10.1.2.3 --ttl 0", "--ttl is a whole number from 1 to 86400"),
    ("import hosts --workspace a --link b --endpoint 10.1.2.3 --port 0 h", "--port is a whole number from 1 to 65535"),
    ("import hosts --workspace a --link b --endpoint 10.1.2.3", "no hosts; name them as arguments"),
    ("import databricks --workspace a --link b --endpoint 10.1.2.3", "arguments are missing: URL"),
    ("import vcs --workspace a --link b --endpoint 10.1.2.3", "no hosts; name the server's as arguments"),
    (
      "import vcs --workspace a --link b --endpoint 10.1.2.3 --from x y",
      "hosts come as arguments or with --from, not both"
    ),
    (
      "import vcs --workspace a --link b --endpoint 10.1.2.3 --product githb h.c.example",
      "unknown product \"githb\"; did you mean github?"
    ),
    (
      "import vcs --workspace a --link b --endpoint 10.1.2.3 --product gitlab --subdomains h.c.example",
      "--subdomains is for the subdomain isolation of GitHub Enterprise Server"
    ),
    (
      "import hosts --workspace a --link b --endpoint 10.1.2.3 --from x y",
      "hosts come as arguments or with --from, not both"
    ),
    ("import hosts --workspace a --link b --endpoint 10.1.2.3 --zone c.example h.c.example", "what is --zone to do"),
    (
      "import hosts --workspace a --link b --endpoint 10.1.2.3 --miss forward h.c.example",
      "--miss says what a zone does"
    ),
    (
      "import hosts --workspace a --link b --endpoint 10.1.2.3 --zone c.example --miss drop h",
      "--miss is forward or nxdomain"
    ),
    ("serve --listen 127.0.0.1", "--listen: \"127.0.0.1\" has no port; write 127.0.0.1:53"),
    ("serve --listen localhost:53", "--listen: \"localhost:53\" is not an address and port"),
    ("serve --forward corp.example=x", "--forward: \"x\" is not an upstream's address"),
    ("serve --forward *.x.example=10.0.0.1", "--forward: \"*.x.example\" is not a zone's name: a zone is a name and"),
    (
      "serve --search *.svc",
      "--search: \"*.svc\" is not a zone's name: a zone is a name and everything below it: write"
    ),
    ("serve --workers -1", "--workers is a whole number from 0"),
    ("serve --admin 127.0.0.1", "--admin: \"127.0.0.1\" is neither a socket's path"),
    ("chekc --help", "unknown command \"chekc\"; did you mean check?"),
    ("check --hlep", "unknown flag \"--hlep\"; did you mean --help?"),
    ("--hlep", "unknown flag \"--hlep\"; did you mean --help?"),
    ("--verson", "unknown flag \"--verson\"; did you mean --version?"),
    ("link --hlep", "unknown flag \"--hlep\"; did you mean --help?"),
    ("tokn acme", "unknown command \"tokn\"; did you mean workspace token?"),
    ("snowflake import", "unknown command \"snowflake\"; did you mean import snowflake?"),
    ("rm acme", "unknown command \"rm\"; did you mean workspace remove, link remove or lease remove?"),
    (
      "lease add --workspace acme --ttl 60d 10.0.0.1",
      "--ttl is a time from 1s to 30d, not \"60d\""
    ),
    ("lease add --workspace acme --ttl 0s 10.0.0.1", "--ttl is a time from 1s to 30d, not \"0s\""),
    ("lease add --workspace acme --ttl 99999w 10.0.0.1", "--ttl is a time from 1s to 30d, not \"99999w\""),
    ("lease add --workspace acme --ttl soon 10.0.0.1", "--ttl is a time like 90s, 15m, 1h or 1d12h, not \"soon\""),
    ("status --admin localhost:1", "--admin: \"localhost:1\" is neither a socket's path"),
    ("reload --workspace A", "\"A\" is not a workspace's name"),
    ("cache flush a b", "\"b\" is one argument too many"),
  ]

  @Test(arguments: mistakes) func aMistakeIsNamedWithItsRemedy(line: String, message: String) throws {
    let outcome = try backroad(line)
    #expect(outcome.status == 2)
    #expect(outcome.output == "")
    #expect(outcome.errors.hasPrefix("backroad: \(message)"))
    #expect(outcome.errors.split(separator: "\n").last?.hasSuffix("--help") == true)
  }

  @Test func theVersionIsPrinted() throws {
    let version = try backroad("version")
    #expect(version.status == 0)
    #expect(version.output.hasPrefix("Backroad "))
    #expect(try backroad("--version").output == version.output)
  }

  /// `backroad workspace list | head -1` must not end in a message or a signal.
  @Test func aReaderThatGoesAwayIsNoError() throws {
    let (process, output, errors) = try backroad.start(["--help"])
    try output.fileHandleForReading.close()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 0)
    #expect(errors.fileHandleForReading.readDataToEndOfFile().isEmpty)
  }

  @Test func aFullDiskUnderTheOutputIsAnError() throws {
    let outcome = try backroad.run(["--help"], outputPath: "/dev/full")
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("backroad: cannot print: "))
  }
}

extension Substring {
  fileprivate func trimmingCharacters() -> String { String(self.reversed().drop { $0 == " " }.reversed()) }
}
