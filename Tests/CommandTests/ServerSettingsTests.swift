import Forwarding
import Server
import Testing
import Text
import Wire
import Workspaces

/// What a server is told by its file, its flags and resolv.conf.
struct ServerSettingsTests {
  private func settings(_ text: String) throws -> ServerSettings {
    try ServerSettings(Array(text.utf8), file: "etc/backroad.json")
  }

  private func told(_ rules: [ServerConfiguration.Rule]) -> [String] {
    rules.map { "\($0.zone) \($0.upstreams.map { "\($0)" }.joined(separator: " "))" }
  }

  @Test func aFileIsRead() throws {
    let file = try settings(
      """
      {
        // Comments are allowed.
        "listen": ["127.0.0.1:5300", "[::1]:5300"],
        "zones": "zones",
        "forward": [{ "zone": ".", "to": ["169.254.169.253"] }, { "zone": "corp.example", "to": ["10.0.0.1", "10.0.0.2:5353"] }],
        "workers": 3,
        "cache": 256
      }
      """)
    let configuration = try ServerSettings().configuration(over: file, resolvConf: [])
    #expect(configuration.listen.map(\.description) == ["127.0.0.1:5300", "[::1]:5300"])
    #expect(configuration.zones == "etc/zones")
    #expect(told(configuration.rules) == [". 169.254.169.253", "corp.example. 10.0.0.1 10.0.0.2:5353"])
    #expect(configuration.workerCount == 3)
    #expect(configuration.cacheMebibytes == 256)
  }

  @Test func metricsAreByWorkspaceOnlyWhereThatIsSaid() throws {
    let on = try settings("{\"metrics-by-workspace\": true}")
    let off = try settings("{\"metrics-by-workspace\": false}")
    var flag = ServerSettings()
    #expect(try flag.configuration(over: on, resolvConf: []).metricsByWorkspace)
    #expect(try !flag.configuration(over: off, resolvConf: []).metricsByWorkspace)
    #expect(try !flag.configuration(over: ServerSettings(), resolvConf: []).metricsByWorkspace)
    flag.metricsByWorkspace = true
    #expect(try flag.configuration(over: off, resolvConf: []).metricsByWorkspace)
  }

  @Test func probesAndTheLameduckAreThoseOfTheFlagsOrTheFile() throws {
    let file = try settings(#"{ "probes": "0.0.0.0:9354", "lameduck": 15 }"#)
    var flags = ServerSettings()
    let standard = try flags.configuration(over: ServerSettings(), resolvConf: [])
    #expect(standard.probes == nil && standard.lameduckSeconds == 0)
    let read = try flags.configuration(over: file, resolvConf: [])
    #expect(read.probes?.description == "0.0.0.0:9354" && read.lameduckSeconds == 15)
    flags.lameduck = 0
    flags.probes = try ServerSettings.probesAddress("[::1]:80")
    let chosen = try flags.configuration(over: file, resolvConf: [])
    #expect(chosen.probes?.description == "[::1]:80" && chosen.lameduckSeconds == 0)
    for text in [
      #"{ "probes": "9354" }"#, #"{ "probes": "0.0.0.0" }"#, #"{ "probes": "/run/probes.sock" }"#,
      #"{ "lameduck": 601 }"#,
      #"{ "lameduck": -1 }"#,
    ] {
      #expect(throws: Problems.self, "\(text)") { try settings(text) }
    }
  }

  @Test func linksAreWatchedUnlessThatIsSwitchedOff() throws {
    let off = try settings(#"{ "watch": false, "watch-every": 5 }"#)
    var flags = ServerSettings()
    let standard = try flags.configuration(over: ServerSettings(), resolvConf: [])
    #expect(standard.watches && standard.watchSeconds == 30)
    #expect(try !flags.configuration(over: off, resolvConf: []).watches)
    #expect(try flags.configuration(over: off, resolvConf: []).watchSeconds == 5)
    (flags.watches, flags.watchSeconds) = (false, 7)
    #expect(try !flags.configuration(over: settings(#"{ "watch": true }"#), resolvConf: []).watches)
    #expect(try flags.configuration(over: off, resolvConf: []).watchSeconds == 7)
  }

  @Test func searchDomainsAreClosedBesideTheRules() throws {
    let file = try settings(
      #"{ "search": ["cluster.local", "Corp.example"], "forward": [{"zone": "corp.example", "to": ["10.0.0.1"]}] }"#)
    var flags = ServerSettings()
    let rules = try flags.configuration(over: file, resolvConf: []).serverRules
    #expect(try rules.match(Name("a.cluster.local"))?.origin == .searchList)
    #expect(try rules.match(Name("a.corp.example"))?.isClosed == false)
    #expect(try rules.match(Name("a.invalid"))?.origin == .specialNames)
    flags.search = []
    // What is left is the special name local.
    let without = try flags.configuration(over: file, resolvConf: []).serverRules
    #expect(try without.match(Name("a.cluster.local"))?.origin == .specialNames)
  }

  @Test func grantsAreRead() throws {
    let file = try settings(#"{ "grants": { "acme": { "clients": ["10.1.0.0/16"] } } }"#)
    #expect(try ServerSettings().configuration(over: file, resolvConf: []).grants?.all.count == 1)
    #expect(try ServerSettings().configuration(over: settings("{}"), resolvConf: []).grants == nil)
    // Ten thousand workspaces' fit.
    let many = (0..<10_000).map {
      "\"workspace-\($0)\": { \"clients\": [\"10.\($0 / 256).\($0 % 256).0/24\", \"fd00:\(String($0, radix: 16))::/64\"], \"tokens\": 4 }"
    }
    #expect(try settings("{ \"grants\": { \(many.joined(separator: ",\n")) } }").grants?.all.count == 10_000)
  }

  static let mistakes = [
    ("{\"search\": [\".\"]}", "etc/backroad.json:1:13: the root is no search domain: nothing would be asked of any"),
    ("{\"grants\": {\"A\": {}}}", "etc/backroad.json:1:13: \"A\" is not a workspace's name"),
    (
      "{\"metrics-by-workspace\": 1}",
      "etc/backroad.json:1:26: \"metrics-by-workspace\" must be true or false, not a number"
    ),
    ("{\"listne\": []}", "etc/backroad.json:1:2: unknown key \"listne\"; did you mean \"listen\"?"),
    ("{\"listen\": []}", "etc/backroad.json:1:12: \"listen\" is a list of 1 to 256 addresses"),
    ("{\"listen\": [\"localhost:53\"]}", "etc/backroad.json:1:13: \"localhost:53\" is not an address and port"),
    (
      "{\"listen\": [\"10.0.0.1\"]}",
      "etc/backroad.json:1:13: \"10.0.0.1\" has no port; write 10.0.0.1:53 for DNS's own"
    ),
    ("{\"zones\": \"\"}", "etc/backroad.json:1:11: \"zones\" is a folder's path"),
    ("{\"workers\": -1}", "etc/backroad.json:1:13: \"workers\" must be a whole number from 0 to 1024, not -1"),
    ("{\"cache\": 0}", "etc/backroad.json:1:11: \"cache\" must be a whole number from 1 to 65536, not 0"),
    (
      "{\"forward\": [{\"zone\": \".\", \"to\": [\"x\"]}]}",
      "etc/backroad.json:1:35: \"x\" is not an upstream's address"
    ),
    (
      "{\"forward\": [{\"zone\": \"a\", \"to\": []},\n{\"zone\": \"A\", \"to\": []}]}",
      "etc/backroad.json:2:1: a second rule for A., the first is in line 1"
    ),
    ("[]", "etc/backroad.json:1:1: "),
    ("", "etc/backroad.json:1:1: "),
  ]

  @Test(arguments: mistakes) func aMistakeIsNamedWithItsPlace(text: String, message: String) {
    let problems = #expect(throws: Problems.self) { try settings(text) }
    #expect(problems?.all.count == 1)
    #expect(problems?.all.first?.description.hasPrefix(message) == true, "\(problems?.all.first?.description ?? "")")
  }

  @Test func everyMistakeIsTold() {
    let problems = #expect(throws: Problems.self) {
      try settings("{\"listen\": 1, \"zones\": 2, \"workers\": 3.5, \"x\": 4}")
    }
    #expect(problems?.all.count == 4)
  }

  @Test func flagsWin() throws {
    let file = try settings(
      "{\"listen\": [\"10.0.0.1:53\"], \"zones\": \"/a\", \"workers\": 1, \"cache\": 8, \"forward\": []}")
    var flags = ServerSettings()
    flags.listen = [try ServerSettings.listenAddress("127.0.0.1:5301")]
    flags.zones = "b"
    flags.workers = 2
    flags.cache = 16
    flags.rules = try ServerSettings.rules(flags: ["10.0.0.1", "corp.example=10.0.0.2", "10.0.0.3:5353"])
    let configuration = try flags.configuration(over: file, resolvConf: Array("nameserver 10.9.9.9".utf8))
    #expect(configuration.listen.map(\.description) == ["127.0.0.1:5301"])
    #expect(configuration.zones == "b")
    #expect(configuration.workers == 2)
    #expect(configuration.cacheMebibytes == 16)
    #expect(try ServerSettings().configuration(over: file, resolvConf: []).cacheMebibytes == 8)
    #expect(try ServerSettings().configuration(over: ServerSettings(), resolvConf: []).cacheMebibytes == 64)
    #expect(told(configuration.rules) == [". 10.0.0.1 10.0.0.3:5353", "corp.example. 10.0.0.2"])
  }

  @Test func withoutForwardTheMachinesOwnNameServersAreAsked() throws {
    let text = """
      # a comment
      search corp.example
      nameserver 10.0.0.1
      nameserver\t10.0.0.2 \r
      nameserver 10.0.0.1
      nameserver fe80::1%eth0
      nameserver 10.0.0.3
      nameserver dns.example
      nameserver
      options ndots:5
      """
    let configuration = try ServerSettings().configuration(over: ServerSettings(), resolvConf: Array(text.utf8))
    #expect(told(configuration.rules) == [". 10.0.0.1 10.0.0.2 fe80::1@eth0"])
    let none = try ServerSettings().configuration(over: ServerSettings(), resolvConf: [])
    #expect(none.rules == [])
    let closed = try ServerSettings().configuration(over: settings("{\"forward\": []}"), resolvConf: Array(text.utf8))
    #expect(closed.rules == [])
  }

  /// Queries to itself would go round until they die of age.
  @Test(arguments: [
    ("127.0.0.1:53", "127.0.0.1"), ("0.0.0.0:53", "127.0.0.53"), ("[::]:53", "::1"), ("0.0.0.0:53", "10.7.7.7"),
    ("[::]:53", "fd00::7"),
  ])
  func theServerIsNotItsOwnUpstream(listen: String, upstream: String) throws {
    var flags = ServerSettings()
    flags.listen = [try ServerSettings.listenAddress(listen)]
    let resolvConf = Array("nameserver \(upstream)\nnameserver 10.0.0.1\n".utf8)
    let interfaces = ["127.0.0.1", "10.7.7.7", "fd00::7"].compactMap { IPAddress($0) }
    let configuration = try flags.configuration(over: ServerSettings(), interfaces: interfaces, resolvConf: resolvConf)
    #expect(told(configuration.rules) == [". 10.0.0.1"])
    flags.rules = try ServerSettings.rules(flags: [upstream])
    let problem = #expect(throws: Problem.self) {
      try flags.configuration(over: ServerSettings(), interfaces: interfaces, resolvConf: [])
    }
    #expect(problem?.message.contains("is this server itself") == true)
    flags.rules = try ServerSettings.rules(flags: [upstream.contains(":") ? "[\(upstream)]:5353" : upstream + ":5353"])
    #expect(throws: Never.self, "another port is another server") {
      try flags.configuration(over: ServerSettings(), interfaces: interfaces, resolvConf: [])
    }
  }
}
