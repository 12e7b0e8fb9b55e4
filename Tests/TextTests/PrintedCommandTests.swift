import Foundation
import Testing

/// Every command line that a text of the program prints for a person to copy: what stands in it for a name goes through
/// `shellWord`, or a pattern's `*` would be expanded, and worse be run.
@Suite struct PrintedCommandTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// What else may stand in a command: other printed commands, flags with their words, and words of the program's own.
  private static let ownWords = [
    "command(", "options.link.command(", "Self.command(", "shellOperands(", "importCommand(", "again", "add", "service",
    "place", "pins", "port", "hosts", "kind", "kind.rawValue", "kind.port", "kind == .databricks ?", "last.isUndo ?",
    "HostText.port(", "other", "given", "listener.address",
  ]
  /// Of single files: addresses, workspaces' names, which are plain words, and what `NewToken` makes of numbers and hexadecimal digits.
  private static let ofFiles = [
    "HostsTargets.swift $0", "Askers.swift name", "LeaseRequest.swift holder", "LeaseRequest.swift address",
    "PlanText.swift server", "NewToken.swift server", "NewToken.swift option",
    "NewToken.swift text",
  ]

  /// The parts of a text in parentheses after a backslash, from a place on to the end of the command there.
  private static func interpolations(_ text: Substring) -> [Substring] {
    var found: [Substring] = []
    var at = text.startIndex
    while at < text.endIndex {
      let rest = text[at...]
      if rest.hasPrefix("\\(") {
        var depth = 0
        let start = text.index(at, offsetBy: 2)
        at = text.index(after: at)
        repeat {
          if text[at] == "(" { depth += 1 } else if text[at] == ")" { depth -= 1 }
          at = text.index(after: at)
        } while depth > 0 && at < text.endIndex
        found.append(text[start..<text.index(before: at)])
        continue
      }
      // The end of the text, or of the command in it.
      if rest.hasPrefix("\"") || rest.hasPrefix("\n") || rest.hasPrefix(";") || rest.hasPrefix(", ")
        || rest.hasPrefix(" (")
      {
        break
      }
      at = text.index(after: at)
    }
    return found
  }

  /// Texts that go on in the next line are one.
  private static func joined(_ source: String) -> String {
    source.components(separatedBy: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
      .replacing(/"\s*\+\s*"/, with: "")
  }

  @Test func namesInPrintedCommandsAreWordsOfAShell() throws {
    let sources = Self.root.appending(path: "Sources")
    let paths = try #require(FileManager.default.enumerator(atPath: sources.path)).compactMap { $0 as? String }
    var seen = 0
    for path in paths where path.hasSuffix(".swift") {
      let text = Self.joined(try String(contentsOf: sources.appending(path: path), encoding: .utf8))
      let starts =
        text.matches(
          of:
            #/(?:backroad (?:import|link|workspace|doctor|lease|explain|check|cache|store|reload)|aws ec2|dig) /#
        ).map(\.range.upperBound)
        + text.matches(of: #/ --[a-z]+(?:-[a-z]+)*[ =](?=\\\()/#).map(\.range.upperBound)
      for start in starts {
        for part in Self.interpolations(text[start...]) {
          seen += 1
          let isOwn = Self.ownWords.contains { word in
            word == part || ("(?".contains(word.last ?? " ") && part.hasPrefix(word))
          }
          let isWord =
            part.hasPrefix("word: ") || isOwn
            || Self.ofFiles.contains { path.hasSuffix($0.replacing(" \(part)", with: "")) && $0.hasSuffix(" \(part)") }
          #expect(isWord, "\(path): \\(\(part)) in a printed command is to be \\(word: …)")
        }
      }
    }
    #expect(seen > 60, "\(seen)")
  }
}
