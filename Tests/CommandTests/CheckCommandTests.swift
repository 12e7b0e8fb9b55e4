import Testing

/// `backroad check`: each thing that can be wrong, with its place.
struct CheckCommandTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
    _ = try backroad("import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example")
  }

  @Test func whatIsRightPasses() throws {
    try backroad.write("zones/README.md", "words")
    try backroad.write("zones/.git/config", "words")
    let outcome = try backroad("check")
    #expect(outcome.status == 0)
    #expect(outcome.output == "1 workspace, 1 zone, 1 link: nothing is wrong\n")
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

  @Test func aGeneratedZoneEditedByHandIsFound() throws {
    let path = "zones/acme/git.corp.example.zone"
    try backroad.write(path, try backroad.read(path).replacing("10.0.0.1", with: "10.0.0.9"))
    let outcome = try backroad("check")
    #expect(outcome.status == 1)
    #expect(outcome.output.hasPrefix("\(path): this generated zone is missing or not what the links say"))
  }

  @Test func warningsAreNoErrors() throws {
    try backroad.write("zones/acme/workspace.json", "{\"zones\": {\"corp.example\": {\"miss\": \"forward\"}}}")
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
}
