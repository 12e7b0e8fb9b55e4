import Foundation
import SystemIO
import Testing
import Text

/// `backroad check`: each thing that can be wrong, with its place.
struct CheckCommandTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --no-token --client 10.1.0.0/16")
    _ = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example")
  }

  @Test func whatIsRightPasses() throws {
    try backroad.write("zones/README.md", "words")
    try backroad.write("zones/.git/config", "words")
    let outcome = try backroad("check")
    #expect(outcome.status == 0)
    #expect(outcome.output == "1 workspace, 1 zone, 1 link: nothing is wrong\n")
  }

  /// Who may ask as a workspace, and what is said where that are too many or none.
  static let askers = [
    (#"{ "clients": ["10.1.0.0/16", "fd00::/8", "192.0.2.0/24"] }"#, nil),
    (#"{ "clients": ["8.8.0.0/16"] }"#, "1:15: warning: 8.8.0.0/16 has public addresses in it, and whoever has one"),
    (#"{ "clients": ["8.8.0.0/16"], "own-networks": ["8.0.0.0/8"] }"#, nil),
    (#"{ "clients": ["10.0.0.0/7"] }"#, "1:15: warning: 10.0.0.0/7 has public addresses in it"),
    (#"{ "clients": ["0.0.0.0/0"] }"#, "1:15: warning: 0.0.0.0/0 is everybody, and whoever has one of them"),
    (#"{ "clients": ["2600::/12"] }"#, "1:15: warning: 2600::/12 has public addresses in it"),
    (#"{ "clients": [] }"#, " warning: nobody can ask as this workspace: it has no clients, tokens, listening"),
    (#"{ "listen": ["127.0.0.1:5301"] }"#, nil),
  ]

  @Test(arguments: askers) func whoMayAskIsLookedAt(settings: String, warning: String?) throws {
    try backroad.write("zones/acme/workspace.json", settings)
    let outcome = try backroad("check")
    #expect(outcome.status == 0)
    let told = outcome.output.split(separator: "\n").dropLast()
    #expect(told.count == (warning == nil ? 0 : 1), "\(outcome.output)")
    if let warning {
      #expect(told.first?.hasPrefix("zones/acme/workspace.json:\(warning)") == true, "\(outcome.output)")
    }
    #expect(try backroad("check --strict").status == (warning == nil ? 0 : 1))
  }

  @Test func foldersThatEverybodyMayWriteAreFound() throws {
    let folder = "\(backroad.folder)/zones"
    for (path, shown) in [(folder, "zones"), ("\(folder)/acme", "zones/acme")] {
      try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
      let outcome = try backroad("check")
      #expect(outcome.status == 0)
      #expect(outcome.output.hasPrefix("\(shown): warning: everybody on this machine may"), "\(outcome.output)")
      #expect(outcome.output.contains("o-w \(shown)\n"), "\(outcome.output)")
      #expect(try backroad("check --strict").status == 1)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    #expect(try backroad("check --strict").status == 0)
  }

  @Test func listenersThatTheInternetMayReachAreFound() throws {
    for (listen, why) in [
      ("0.0.0.0:53", "is every address of this machine"), ("[::]:53", "is every address of this machine"),
      ("8.8.8.8:53", "is a public address"), ("10.0.0.53:53", nil),
    ] {
      try backroad.write("backroad.json", #"{ "listen": ["\#(listen)"] }"#)
      let outcome = try backroad("check --config backroad.json")
      #expect(outcome.status == 0)
      let told = outcome.output.split(separator: "\n").dropLast()
      #expect(told.count == (why == nil ? 0 : 1), "\(outcome.output)")
      if let why {
        #expect(
          told.first?.hasPrefix("backroad.json: warning: the listening address \(listen) \(why)") == true,
          "\(outcome.output)")
      }
    }
  }

  /// A link that may be answered with public addresses, by its own word or by mistake.
  @Test func linksThatArePublicAreFound() throws {
    let path = "zones/acme/links/git.json"
    try backroad.write(
      path, try backroad.read(path).replacing("{\n", with: "{\n  \"public\": true,\n", maxReplacements: 1))
    let outcome = try backroad("check")
    #expect(
      outcome.output.contains("links/git.json: warning: the names of this link may be answered with public addresses"),
      "\(outcome.output)")
    #expect(try backroad("check --strict").status == 1)
  }

  /// A zone, what it does for a miss, and what of the public names that hides.
  static let hiding = [
    ("corp.test", "nxdomain", nil), ("in.examplecorp.com", "nxdomain", nil), ("examplecorp.com", "forward", nil),
    ("examplecorp.com", "nxdomain", "the public names of examplecorp.com"),
    ("example.co.uk", "nxdomain", "the public names of example.co.uk"),
    ("snowflakecomputing.com", "nxdomain", "the names of everybody who uses snowflakecomputing.com"),
    ("s3.us-east-1.amazonaws.com", "nxdomain", "the names of everybody who uses s3.us-east-1.amazonaws.com"),
    ("com", "nxdomain", "all public names below com"),
  ]

  @Test(arguments: hiding) func publicNamesThatAZoneHidesAreNamed(
    zone: String, miss: String, hidden: String?
  ) throws {
    try backroad.write("zones/acme/\(zone).zone", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns.x.\nw 60 IN A 10.0.0.1\n")
    try backroad.write(
      "zones/acme/workspace.json",
      #"{ "clients": ["10.1.0.0/16"], "zones": { "\#(zone)": { "miss": "\#(miss)" } } }"#)
    let outcome = try backroad("check")
    #expect(outcome.status == 0, "\(outcome.output)")
    let told = outcome.output.split(separator: "\n").filter { $0.contains("what this zone does not hold") }
    #expect(told.count == (hidden == nil ? 0 : 1), "\(outcome.output)")
    if let hidden, let line = told.first {
      #expect(
        line.hasPrefix("zones/acme/\(zone).zone: warning: what this zone does not hold of \(hidden) does not exist"),
        "\(line)")
      #expect(line.contains(#""zones": { "\#(zone)": { "miss": "forward" } }"#))
    }
  }

  /// A file and what it is made to say, and how that is told.
  static let mistakes = [
    (
      "acme/workspace.json", "{\n  \"client\": []\n}",
      "zones/acme/workspace.json:2:3: unknown key \"client\"; did you mean \"clients\"?"
    ),
    ("acme/workspace.json", "{\n", "zones/acme/workspace.json:"),
    ("acme/workspace.json", "{\"clients\": [\"10.1.0.1/16\"]}", "zones/acme/workspace.json:1:14: "),
    (
      "acme/corp.example.zone", "@ IN SOA ns a 1 2 3 4 5\n@ IN NS ns\nx IN A 10.0.0\n",
      "zones/acme/corp.example.zone:3:8: "
    ),
    ("acme/links/git.json", "{", "zones/acme/links/git.json:1:"),
    ("acme/links/new.json", "{}", "zones/acme/links/new.json:1:1: the key \"kind\" is missing"),
    ("acme/git.corp.example.zone", "", "zones/acme/git.corp.example.zone:1:1: no SOA"),
    (
      "globex/workspace.json", "{\"clients\": [\"10.1.0.0/16\"]}",
      "zones/globex/workspace.json:1:14: the clients 10.1.0.0/16 are those of"
    ),
    ("Globex/workspace.json", "{}", "zones/Globex: this folder is not served"),
    ("globex/x", "", "zones/globex/workspace.json: the file is missing"),
  ]

  @Test(arguments: mistakes.indices) func aMistakeIsFoundAtItsPlace(index: Int) throws {
    let (file, text, message) = Self.mistakes[index]
    try backroad.write("zones/\(file)", text)
    let outcome = try backroad("check")
    #expect(outcome.status == 1)
    #expect(outcome.errors == "")
    #expect(outcome.output.split(separator: "\n").contains { $0.hasPrefix(message) }, "\(outcome.output)")
    #expect(outcome.output.split(separator: "\n").last?.contains(" error") == true)
  }

  /// What cannot be read hides nothing of the rest, and what its absence makes others say is not told.
  @Test func whatCannotBeReadKeepsNothingElseFromBeingTold() throws {
    try backroad.write("secret", "{}")
    try Files.removeFile("\(backroad.folder)/zones/acme/workspace.json")
    for (file, target) in [
      ("workspace.json", "../../secret"), ("sh.example.zone", "/etc/shadow"), ("corp.example.zone", "../../secret"),
    ] {
      try Files.symbolicLink(to: target, at: "\(backroad.folder)/zones/acme/\(file)")
    }
    try backroad.write("zones/acme/bad.example.zone", "nonsense\n")
    let outcome = try backroad("check")
    #expect(outcome.status == 1)
    let lines = outcome.output.split(separator: "\n")
    for file in ["workspace.json", "sh.example.zone", "corp.example.zone"] {
      let told = lines.filter { $0.hasPrefix("zones/acme/\(file):") }
      #expect(told.count == 1 && told[0].contains("leads out of the folder"), "\(outcome.output)")
    }
    #expect(lines.contains { $0.hasPrefix("zones/acme/bad.example.zone:1:9: ") }, "\(outcome.output)")
  }

  @Test func aGeneratedZoneEditedByHandIsFound() throws {
    let path = "zones/acme/git.corp.example.zone"
    try backroad.write(path, try backroad.read(path).replacing("10.0.0.1", with: "10.0.0.9"))
    let outcome = try backroad("check")
    #expect(outcome.status == 1)
    #expect(outcome.output.hasPrefix("\(path): this generated zone is missing or not what the links say"))
  }

  @Test func warningsAreNoErrors() throws {
    try backroad.write(
      "zones/acme/workspace.json",
      "{\"zones\": {\"corp.example\": {\"miss\": \"forward\"}}, \"clients\": [\"10.1.0.0/16\"]}")
    let outcome = try backroad("check")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("zones/acme/workspace.json:1:12: warning: there is no zone"))
    #expect(outcome.output.hasSuffix("1 workspace, 1 zone, 1 link: 0 errors, 1 warning\n"))
  }

  @Test func aMissingFolderIsAnError() throws {
    let outcome = try backroad("check --zones none")
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("backroad: none: there is no such zones folder"))
  }

  // MARK: With a configuration

  @Test func claimsAreHeldToTheGrants() throws {
    _ = try backroad("workspace add beta --no-token --client 10.2.0.0/16")
    try backroad.write(
      "etc/backroad.json",
      "{ \"zones\": \"../zones\", \"grants\": { \"acme\": { \"clients\": [\"10.1.0.0/17\"] },\n \"gone\": {} } }")
    let outcome = try backroad("check --config etc/backroad.json --zones zones")
    #expect(outcome.status == 1 && outcome.errors == "")
    #expect(
      outcome.output == """
        etc/backroad.json:2:2: warning: there is no workspace gone, so nothing is granted by this; correct the name, or \
        remove the grant
        zones/acme/workspace.json:2:15: 10.1.0.0/16 is not in the grant of workspace acme (etc/backroad.json:1:36); \
        have it granted, or claim a part of what is
        zones/beta/workspace.json:2:15: 10.2.0.0/16 is not granted: etc/backroad.json has no grant for workspace beta; \
        have it granted, or claim a part of what is
        2 workspaces, 1 zone, 1 link: 2 errors, 1 warning

        """)
    // Without `--zones` the configuration's folder is looked at.
    let other = try backroad("check --config etc/backroad.json").output.replacing("etc/../zones", with: "zones")
    #expect(Set(other.split(separator: "\n")) == Set(outcome.output.split(separator: "\n")))
  }

  @Test func aMistakeOfTheConfigurationIsFoundToo() throws {
    try backroad.write("backroad.json", "{ \"grants\": { \"acme\": { \"client\": [] } } }")
    let outcome = try backroad("check")
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("backroad.json:1:25: unknown key \"client\"; did you mean \"clients\"?\n"))
    #expect(outcome.output.contains("1 workspace, 1 zone, 1 link: 1 error, 0 warnings"))
    // The folder is the one that the file names, wherever its error is; without that none is looked at.
    try backroad.write("etc/backroad.json", "{ \"zones\": \"../zones\", \"forwrd\": [] }")
    let named = try backroad("check --config etc/backroad.json")
    #expect(named.status == 1 && named.output.contains("etc/backroad.json:1:24: unknown key \"forwrd\""))
    #expect(named.output.contains("1 workspace, 1 zone, 1 link: 1 error, 0 warnings"))
    try backroad.write("etc/backroad.json", "{ \"zones\": \"../zones\", }}")
    let broken = try backroad("check --config etc/backroad.json")
    #expect(broken.status == 1 && broken.output.contains("etc/backroad.json:1:"))
    #expect(broken.output.contains("0 workspaces, 0 zones, 0 links: 1 error, 0 warnings"))
    try backroad.write("etc/backroad.json", "{ \"zones\": \"gone\", \"forwrd\": [] }")
    let neither = try backroad("check --config etc/backroad.json")
    #expect(neither.status == 1 && neither.output.contains("unknown key \"forwrd\""))
    #expect(neither.output.contains("etc/gone: there is no such zones folder"))
    let missing = try backroad("check --config none.json")
    #expect(missing.status == 1 && missing.errors.hasPrefix("backroad: none.json: cannot read the configuration"))
  }

  /// Where a key may be meant for the zones folder's, another folder is not looked at in its place.
  @Test(arguments: ["zone", "zoness", "zones-folder", "Zones"]) func aMistypedZonesFolderIsNotReplacedByTheUsual(
    key: String
  ) throws {
    try backroad.write("backroad.json", "{ \"\(key)\": \"zones\" }")
    let outcome = try backroad("check")
    #expect(outcome.status == 1 && outcome.output.contains("backroad.json:1:3: unknown key \"\(key)\""))
    #expect(
      outcome.output.hasSuffix(
        """
        no zones folder was looked at, as the configuration does not say which; name it with --zones DIR
        0 workspaces, 0 zones, 0 links: 1 error, 0 warnings

        """), "\(outcome.output)")
    let json = try JSON.parse(Array(try backroad("check --json").output.utf8), file: "-", comments: false)
    #expect(json.asObject?["zonesFolder"] == JSON(.null))
    #expect(try backroad("check --zones zones").output.hasSuffix("1 workspace, 1 zone, 1 link: 1 error, 0 warnings\n"))
    // A right key beside it says where it is.
    try backroad.write("backroad.json", "{ \"\(key)\": \"x\", \"zones\": \"zones\" }")
    let both = try JSON.parse(Array(try backroad("check --json").output.utf8), file: "-", comments: false)
    #expect(both.asObject?["zonesFolder"]?.asString == "zones" && both.asObject?["workspaces"]?.asInt == 1)
  }

  @Test func listeningAddressesAreThoseOfTheConfiguration() throws {
    try backroad.write("backroad.json", "{ \"listen\": [\"127.0.0.1:5300\"] }")
    try backroad.write(
      "zones/acme/workspace.json",
      "{ \"listen\": [\"127.0.0.1:5301\"], \"forward\": [{ \"zone\": \"a.example\", \"to\": [\"127.0.0.1:5300\"] }] }")
    let output = try backroad("check").output
    #expect(output.contains("warning: the server does not listen on 127.0.0.1:5301"))
    #expect(output.contains("the upstream 127.0.0.1:5300 is this server itself"))
  }

  /// Where in the configuration it stands, as everything else that is wrong there.
  @Test func anUpstreamOfTheConfigurationThatIsTheServerIsFoundAtItsPlace() throws {
    try backroad.write(
      "backroad.json",
      "{ \"listen\": [\"127.0.0.1:5300\"],\n  \"forward\": [{ \"zone\": \".\", \"to\": [\"127.0.0.1:5300\"] }] }")
    let outcome = try backroad("check")
    let place = "backroad.json:2:15: "
    #expect(outcome.output.contains(place + "the upstream 127.0.0.1:5300 is this server itself"), "\(outcome.output)")
    let serve = try backroad("serve")
    #expect(serve.status == 1 && serve.errors.contains(place + "the upstream 127.0.0.1:5300 is"), "\(serve.errors)")
    // A flag has no place.
    let flag = try backroad("serve --forward 127.0.0.1:5300")
    #expect(flag.status == 1 && flag.errors.hasPrefix("backroad: the upstream 127.0.0.1:5300 is"), "\(flag.errors)")
  }

  @Test func everyOverlapIsShownWithBothPlaces() throws {
    let halves = (0..<64).map { "\"10.1.\($0).0/24\"" }
    try backroad.write("zones/beta/workspace.json", "{ \"clients\": [\n\(halves.joined(separator: ",\n"))] }")
    let outcome = try backroad("check")
    #expect(outcome.status == 0, "without grants the operator wrote them")
    let lines = outcome.output.split(separator: "\n")
    for line in 0..<64 {
      let start =
        "zones/beta/workspace.json:\(line + 2):1: warning: the clients 10.1.\(line).0/24 lie in 10.1.0.0/16 of "
      #expect(lines.contains { $0.hasPrefix("\(start)workspace acme (zones/acme/workspace.json:2:15), ") })
    }
  }
}
