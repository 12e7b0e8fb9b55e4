import Bounds
import Foundation
import Testing
import Text
import Wire
import Zones

/// What bounds a master file, and the small readers in it.
@Suite struct LimitTests {
  private func problems(_ text: [UInt8]) -> [String] {
    MasterFile.parse(text, file: "f", origin: exampleCom).problems.map(\.description)
  }

  @Test func aFileThatIsTooLongIsNotRead() {
    let problems = problems([UInt8](repeating: 0x20, count: Limits.Zones.fileOctets + 1))
    #expect(problems == ["f:1:1: the file has 67108865 octets; at most 67108864 are read: split the zone"])
  }

  @Test func anItemThatIsTooLongIsRefused() {
    let item = [UInt8](repeating: 0x78, count: Limits.Zones.tokenOctets + 1)
    #expect(
      problems(Array("a TXT ".utf8) + item) == ["f:1:7: an item of more than 262144 octets: no record can hold it"])
    #expect(problems(Array("a TXT \"".utf8) + item + Array("\"".utf8)).count == 1)
  }

  /// Comparing text whose letters have marks without end costs their square, unless too long words are told by their
  /// length: minutes for these.
  @Test(.timeLimit(.minutes(1)), arguments: ["$X y", "a 1 X A 10.0.0.1", "a 1 IN X 10.0.0.1", "X", "a X A 10.0.0.1"])
  func wordsWithMarksWithoutEndAreRefused(_ line: String) {
    let marks = String(repeating: "\u{301}\u{316}", count: 60_000)
    #expect(!problems(Array(line.replacingOccurrences(of: "X", with: "X" + marks).utf8)).isEmpty)
  }

  @Test func tooManyItemsAreRefused() {
    let text = "a 1 TXT" + String(repeating: " x", count: Limits.Zones.tokensOfEntry)
    #expect(problems(Array(text.utf8)).count == 1)
  }

  @Test func tooMuchDataIsRefused() {
    let text = "a 1 TXT" + String(repeating: " x", count: 32_768)
    #expect(problems(Array(text.utf8)) == ["f:1:9: 65536 octets of data: a record holds at most 65535"])
  }

  @Test func columnsCountCharacters() {
    #expect(problems(Array("a 1 TXT \"äöü€😀\" \"x".utf8)).first?.hasPrefix("f:1:17: this quoted string") == true)
    #expect(problems(Array("\u{feff}x".utf8)).first?.hasPrefix("f:1:2: the record type is missing") == true)
  }

  @Test(arguments: [
    ("CNMAE", "CNAME"), ("cname", "CNAME"), ("AAA", "AAAA"), ("TXTT", "TXT"), ("SOAP", "SOA"), ("XYZZY", nil),
    ("", nil),
  ]) func theNearestWordIsFound(_ word: String, _ expected: String?) {
    #expect(nearest(to: word, among: ["A", "AAAA", "CNAME", "SOA", "TXT"]) == (word.isEmpty ? "A" : expected))
  }

  @Test func warningsSaySo() {
    let position = Position(line: 1, column: 2)
    #expect(Problem(file: "f", position: position, severity: .warning, "m").description == "f:1:2: warning: m")
    #expect(Problem(severity: .warning, "m").description == "warning: m")
    #expect(Problem(file: "f", "m").description == "f: m")
  }
}
