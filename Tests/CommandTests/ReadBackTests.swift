import Foundation
import SystemIO
import Testing

/// What a command would write and nobody could read again is refused with the limit's name, and nothing changes.
struct ReadBackTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  private func hosts(_ numbers: Range<Int>, _ length: Int = 3) -> String {
    let long = String(repeating: "h", count: length)
    return numbers.map { "\(long).\(long).\(long).h\($0).corp.example\n" }.joined()
  }

  private static let line =
    "import hosts --workspace acme --link git --endpoint 10.0.0.1 --zone corp.example --miss forward --from -"

  /// Each paste is within its limit, and the link that both make is not.
  @Test func aLinkThatGrowsTooLargeIsRefused() throws {
    #expect(try backroad(Self.line, input: hosts(0..<4500, 60)).status == 0)
    let before = try backroad.state()
    let refused = try backroad(Self.line, input: hosts(4500..<9000, 60))
    #expect(refused.status == 1)
    #expect(refused.output == "")
    #expect(refused.errors.contains("zones/acme/links/git.json: the input is "))
    #expect(refused.errors.contains("the limit is 1048576"))
    #expect(refused.errors.contains("nothing is written"))
    #expect(try backroad.state() == before)
    #expect(try backroad("link remove acme git").status == 0, "no command is kept from working")
  }

  @Test func aLinkOfTooManyHostsIsRefused() throws {
    #expect(try backroad(Self.line, input: hosts(0..<9000)).status == 0)
    let before = try backroad.state()
    let refused = try backroad(Self.line, input: hosts(9000..<11_000))
    #expect(refused.status == 1)
    #expect(refused.errors.contains("more than 10000 hosts in one link"))
    #expect(try backroad.state() == before)
  }

  @Test func settingsThatGrowTooLargeAreRefused() throws {
    let comment = String(repeating: "x", count: (1 << 20) - 60)
    try backroad.write("zones/acme/workspace.json", "// \(comment)\n{ \"clients\": [] }\n")
    let before = try backroad.state()
    for line in ["workspace token acme", Self.line] {
      let refused = try backroad(line, input: hosts(0..<1))
      #expect(refused.status == 1, "\(line)")
      #expect(refused.errors.contains("zones/acme/workspace.json: the input is "), "\(line): \(refused.errors)")
      #expect(try backroad.state() == before)
    }
  }

  /// What was wrong before stands in no import's way, as long as that does not make more of it.
  @Test func whatWasWrongBeforeStandsInNoWay() throws {
    try backroad.write("zones/acme/broken.example.zone", "nonsense here\n")
    #expect(try backroad(Self.line, input: hosts(0..<2)).status == 0)
  }
}
