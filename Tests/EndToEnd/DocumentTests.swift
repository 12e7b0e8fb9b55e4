import Foundation
import Testing

extension EndToEnd {
  /// What the documents say is so.
  @Suite struct Documents {
    /// A command of the README and what the README says that it prints.
    struct Example: CustomStringConvertible, Sendable {
      let command: String
      let output: String
      var description: String { command }
    }

    /// The commands of a document's `console` blocks, those that are shown with output or that the test knows.
    static let examples: [Example] = {
      let file = Lab.repository.appendingPathComponent("README.md")
      let text = String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
      var examples: [Example] = []
      for block in text.components(separatedBy: "```console\n").dropFirst() {
        let code = block.components(separatedBy: "\n```")[0]
        for part in ("\n" + code).components(separatedBy: "\n$ ").dropFirst() {
          let lines = part.replacingOccurrences(of: " \\\n", with: " ").components(separatedBy: "\n")
          let command = lines[0].split(separator: " ").joined(separator: " ")
          examples.append(Example(command: command, output: lines.dropFirst().map { $0 + "\n" }.joined()))
        }
      }
      return examples
    }()

    @Test func theReadmeHasExamples() {
      #expect(Self.examples.count { $0.command.hasPrefix("dig ") } >= 6)
      #expect(Self.examples.count { $0.command.contains("backroad ") } >= 3)
    }

    /// All in order, in a copy of the repository's folder as the README starts from, with a server that runs all along.
    @Test func everyExampleOfTheReadmePrintsWhatItSays() throws {
      try Lab.run { lab in
        for name in ["zones/acme", "zones/globex", "Tests/EndToEnd/Fixtures/samples"] {
          let copy = lab.folder.appendingPathComponent(name)
          try FileManager.default.createDirectory(
            at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
          try FileManager.default.copyItem(at: Lab.repository.appendingPathComponent(name), to: copy)
        }
        let server = try lab.serve()
        for example in Self.examples {
          let words = try shellWords(example.command)
          switch words[0] {
          case "dig":
            try expect(example, soon: true) {
              let arguments = words.dropFirst().map { $0 == "5300" ? "\(server.address.port)" : $0 }
              return try lab.run("dig", Array(arguments)).output
            }
          case ".build/release/backroad":
            try expect(example, soon: false) {
              let outcome = try lab.run(Lab.backroad(), Array(words.dropFirst()))
              #expect(outcome.status == 0, "\(example): \(outcome.errors)")
              // The lines to copy are those of the running server, which here is not on the usual port.
              return outcome.output.replacingOccurrences(of: "-p \(server.address.port) ", with: "-p 5300 ")
            }
          case "swift", "Tests/run": break
          default: Issue.record("an example that is not checked: \(example)")
          }
        }
      }
    }

    /// Holds what is printed against what is shown; what follows a change of files may take a second.
    private func expect(_ example: Example, soon: Bool, _ run: () throws -> String) throws {
      var printed = try run()
      if soon {
        let deadline = Date().addingTimeInterval(1)
        while printed != example.output, Date() < deadline { printed = try run() }
      }
      #expect(printed == example.output, "\(example)")
    }

    /// The words of a command line; only single quotes count.
    private func shellWords(_ line: String) throws -> [String] {
      var words: [String] = []
      for (index, part) in line.components(separatedBy: "'").enumerated() {
        if index % 2 == 1 { words.append(part) } else { words += part.split(separator: " ").map(String.init) }
      }
      guard let first = words.first, !first.isEmpty else { throw LabError("an empty command in the README") }
      return words
    }

    /// Every file and folder that a document names as a link is there.
    @Test func everyLinkOfTheDocumentsLeadsSomewhere() throws {
      let files = FileManager.default
      let docs = try files.subpathsOfDirectory(atPath: Lab.repository.appendingPathComponent("docs").path)
      for document in ["README.md"] + docs.filter({ $0.hasSuffix(".md") }).map({ "docs/\($0)" }) {
        let file = Lab.repository.appendingPathComponent(document)
        let text = try String(contentsOf: file, encoding: .utf8)
        for part in text.components(separatedBy: "](").dropFirst() {
          let target = part.prefix { $0 != ")" && $0 != "#" }
          guard !target.isEmpty, !target.contains("://") else { continue }
          let path = file.deletingLastPathComponent().appendingPathComponent(String(target)).path
          #expect(files.fileExists(atPath: path), "\(document) leads to \(target)")
        }
      }
    }

    /// The configuration that docs/operations.md shows is right, and has every key of the table above it; those that cannot
    /// stand beside others are in its comments.
    @Test func theWholeConfigurationIsRightAndWhole() throws {
      let shown = try Page("docs/operations.md").blocks("`backroad.json`")[0]
      let keys = try Set(
        Page("docs/operations.md").rows("`backroad serve`").compactMap { cells in
          cells[1].split(separator: "\"").dropFirst().first.map(String.init)
        })
      #expect(keys.count > 10)
      for key in keys { #expect(shown.contains("\"\(key)\": "), "\(key)") }
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["10.1.0.0/16"])
        try lab.workspace("globex", clients: ["10.2.0.0/16"])
        try lab.write(shown, to: "backroad.json")
        let outcome = try lab.run(Lab.backroad(), ["check"])
        #expect(
          outcome.status == 0 && outcome.output.contains("nothing is wrong"), "\(outcome.output)\(outcome.errors)")
      }
    }

    /// A synopsis names the flags that `--help` names, those and no others.
    @Test(arguments: ["docs/import.md", "docs/operations.md", "docs/links/life.md"]) func aSynopsisHasTheFlagsOfHelp(
      _ path: String
    ) throws {
      func flags(_ text: String) -> Set<Substring> {
        Set(text.split { !($0.isLetter || $0 == "-") }.filter { $0.hasPrefix("--") })
      }
      let text = try String(contentsOf: Lab.repository.appendingPathComponent(path), encoding: .utf8)
      let block = try #require(text.components(separatedBy: "```\n").first { $0.hasPrefix("backroad ") })
      try Lab.run { lab in
        for synopsis in ("\n" + block).components(separatedBy: "\nbackroad ").dropFirst() {
          let command = synopsis.split(separator: " ").prefix { word in
            word.first?.isLowercase == true && word.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
          }.map(String.init)
          let help = try lab.backroad(command + ["--help"]).components(separatedBy: "\n\n")
          let usage = try #require(help.first { $0.hasPrefix("Usage:") })
          #expect(flags(usage).symmetricDifference(flags(synopsis)) == [], "\(command)")
        }
      }
    }

    /// The edges that docs/architecture.md lists are those of the package.
    @Test func theDrawnModulesAreThePackages() throws {
      let file = Lab.repository.appendingPathComponent("docs/architecture.md")
      let text = try String(contentsOf: file, encoding: .utf8)
      var drawn: Set<String> = []
      for line in text.components(separatedBy: "\n") where line.contains("──▶") {
        let sides = line.components(separatedBy: "──▶")
        let from = sides[0].split(whereSeparator: { !$0.isLetter && !$0.isNumber }).last.map(String.init) ?? ""
        for to in sides[1].split(whereSeparator: { !$0.isLetter && !$0.isNumber }) { drawn.insert("\(from) → \(to)") }
      }
      #expect(drawn.symmetricDifference(try packageEdges()).isEmpty, "drawn: \(drawn.sorted())")
    }

    /// Every folder of the sources is a room whose files can be looked over, and every file or room that the page names is there.
    @Test func theRoomsAreThoseOfThePage() throws {
      let sources = Lab.repository.appendingPathComponent("Sources")
      var files: Set<String> = []
      for case let file as URL in try #require(
        FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
      {
        files.insert(String(file.path.dropFirst(sources.path.count + 1)))
      }
      let rooms = Dictionary(grouping: files.filter { $0.hasSuffix(".swift") }) {
        ($0 as NSString).deletingLastPathComponent
      }
      for (room, files) in rooms { #expect(files.count < 20, "\(room)") }
      let page = Lab.repository.appendingPathComponent("docs/architecture.md")
      let quoted = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "`")
      for name in stride(from: 1, to: quoted.count, by: 2).map({ quoted[$0] })
      where name.contains("/") || name.hasSuffix(".swift") {
        guard name.allSatisfy({ $0.isLetter || $0 == "/" || $0 == "." }), !name.hasPrefix("/"), name != "Package.swift"
        else { continue }
        #expect(
          name.contains("/") ? files.contains(name) : files.contains { $0.hasSuffix("/\(name)") },
          "\(name) is not there")
      }
    }

    /// The dependencies of all targets but tests, from the package's description.
    private func packageEdges() throws -> Set<String> {
      var result: Set<String> = []
      try Lab.run { lab in
        let swift = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":").map { "\($0)/swift" }
          .first { FileManager.default.isExecutableFile(atPath: $0) }
        let outcome = try lab.run(
          swift ?? "swift",
          [
            "package", "--package-path", Lab.repository.path, "--scratch-path",
            lab.folder.appendingPathComponent("scratch").path, "dump-package",
          ])
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        for target in object?["targets"] as? [[String: Any]] ?? [] {
          guard let name = target["name"] as? String, ["regular", "executable"].contains(target["type"] as? String),
            (target["path"] as? String)?.hasPrefix("Tests/") != true
          else { continue }
          for dependency in target["dependencies"] as? [[String: [Any?]]] ?? [] {
            if let to = dependency["byName"]?.first as? String { result.insert("\(name) → \(to)") }
          }
        }
      }
      return result
    }
  }
}
