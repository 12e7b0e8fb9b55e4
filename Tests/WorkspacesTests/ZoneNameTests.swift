import Testing
import Text
import Wire

@testable import Workspaces

/// A pattern in the place of a zone would match nothing, and private names would go to whoever is asked for all others.
struct ZoneNameTests {
  static let patterns = [
    ("*.corp.example", "corp.example"), (".corp.example", "corp.example"), ("*.*.corp.example.", "corp.example."),
    ("*", "."), ("", "."), ("*.", "."), ("..", "."),
  ]

  @Test(arguments: patterns) func aPatternIsRefusedWithWhatToWrite(text: String, meant: String) {
    #expect(
      throws: Problem("\(quoted(text)) is not a zone's name: a zone is a name and everything below it: write \(meant)")
    ) {
      try ForwardRuleText.zone(text)
    }
  }

  @Test(arguments: [".", "corp.example", "a*.corp.example", "x.*.example"]) func aNameIsTaken(text: String) throws {
    #expect(try ForwardRuleText.zone(text) == Name(text))
  }

  /// Everything that names a zone: rules, search domains, settings, files.
  @Test func itIsSoWhereverAZoneIsNamed() {
    let texts = [
      #"{ "clients": [], "forward": [{ "zone": "*.x.example", "to": ["10.0.0.1"] }] }"#,
      #"{ "clients": [], "search": ["*.x.example"] }"#,
      #"{ "clients": [], "zones": { "*.x.example": { "miss": "forward" } } }"#, #"{ "clients": [] }"#,
    ]
    for (index, text) in texts.enumerated() {
      var files = [WorkspaceFile.fileName: Array(text.utf8)]
      if index == texts.count - 1 { files["*.x.example.zone"] = Array("@ SOA a. b. 1 1 1 1 1\n@ NS a.\n".utf8) }
      guard let name = WorkspaceName("acme") else { return }
      let (loaded, problems) = Workspace.load(
        WorkspaceSource(name: name, folder: "acme", files: files), serverRules: [])
      #expect(loaded == nil)
      #expect(problems.contains { $0.message.contains("below it: write x.example") }, "\(problems)")
    }
  }
}
