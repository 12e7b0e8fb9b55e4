import FuzzTargets
import Testing

/// The worst inputs that are known, against the bound that the fuzzer for slowness has.
///
/// What is compared is CPU time with CPU time of the same build, and what these were before was dozens to hundreds of
/// times the bound; so the margin is wide enough for a busy machine and a build without the optimizer.
@Suite("Inputs that were slow once", .serialized)
struct SlowInputTests {
  static let target = SlowTarget()

  @Test("Those of 64 KB", arguments: SlowInput.worst().map(\.name))
  func large(name: String) throws {
    let input = try #require(SlowInput.worst().first { $0.name == name }?.input)
    #expect(Self.target.excess(of: input, margin: 4) == nil)
  }

  @Test("Those of one datagram", arguments: SlowInput.worst(size: 1232).map(\.name))
  func small(name: String) throws {
    let input = try #require(SlowInput.worst(size: 1232).first { $0.name == name }?.input)
    #expect(Self.target.excess(of: input, margin: 4) == nil)
  }

  @Test("Every kind is among them, and the fuzzer's inputs have one")
  func kinds() {
    #expect(Set(SlowInput.worst().map(\.input.kind)) == Set(SlowInput.Kind.allCases))
    #expect(SlowInput(fuzzed: []) == nil)
    #expect(SlowInput(fuzzed: [9, 1])?.kind == .zone)
  }
}
