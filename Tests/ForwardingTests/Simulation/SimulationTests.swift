import TestKit
import Testing

@testable import Forwarding

#if canImport(Glibc)
  import Glibc
#endif

/// The forwarding under seeds. `BACKROAD_SEEDS` is how many are run, from `BACKROAD_FIRST_SEED` on.
struct SimulationTests {
  /// Seeds that once failed; they are run first, for ever.
  ///
  /// - 240, 533, 744: an upstream that loses the case behind a network that drops EDNS; the repetition in plain case went
  ///   out with EDNS when the query that it repeated had none, so that no name ever resolved (`sendDatagram`).
  /// - 92: room for a socket was made for ever of a question whose payer had its answer already (`displace`).
  /// - 4081: the room that a try needed was made of its own question, which had ended when the try was sent (`send`).
  /// - 45, 1490: who joined a question that was asked in passing got no result when its try gave way (`join`). By now 1490 goes
  ///   another way.
  /// - 486: the first question after a while without any failed at once, though the upstream was back (`becameDoubtful`). By now
  ///   it goes another way too, so that a test in `DeadUpstreamTests` alone shows this.
  static let kept: [UInt64] = [45, 92, 240, 486, 533, 665, 744, 1490, 4081]

  @Test(arguments: Self.kept)
  func keptSeed(_ seed: UInt64) throws { _ = try Simulation(seed: seed).run() }

  /// The seeds are dealt out to this many tests, which run at the same time.
  private static let parts = 4

  @Test(arguments: 0..<parts)
  func seeds(_ part: Int) throws {
    let first = Seeds.number("BACKROAD_FIRST_SEED", 1)
    let count = Seeds.number("BACKROAD_SEEDS", 40)
    var total = Simulation.Figures()
    for seed in stride(from: first + part, to: first + count, by: Self.parts) {
      total.seeds += 1
      do {
        let figures = try Simulation(seed: UInt64(seed)).run()
        total.steps += figures.steps
        total.asks += figures.asks
        total.faults += figures.faults
        total.checks += figures.checks
        total.forgeries += figures.forgeries
        total.counters.add(figures.counters)
      } catch {
        Issue.record("\(error)")
      }
    }
    print(
      "Simulation: \(total.seeds) seeds, \(total.steps) steps, \(total.asks) questions, \(total.faults) faults "
        + "(\(total.forgeries) forgeries), \(total.checks) checks")
    print("  \(total.counters)")
  }

  @Test func sameSeedSameRun() throws {
    let figures = try (0..<2).map { _ in try Simulation(seed: 42).run() }
    #expect(figures[0].steps == figures[1].steps && figures[0].digest == figures[1].digest)
  }

  /// What another process is asked for by the test below.
  @Test func digestForAnotherProcess() throws {
    let seed = Seeds.number("BACKROAD_DIGEST_SEED", 0)
    if seed > 0 { print("digest \(try Simulation(seed: UInt64(seed)).run().digest.value) end") }
  }

  /// Hashes of the process's own seed decide nothing: another process does the same.
  @Test func sameSeedSameRunInAnotherProcess() throws {
    let seed = 3558
    let said = try #require(Self.outputOfThisProgram("BACKROAD_DIGEST_SEED=\(seed)", "digestForAnotherProcess"))
    let words = said.split(whereSeparator: \.isWhitespace)
    let at = try #require(words.firstIndex(of: "digest"), "the other process said: \(said)")
    #expect(try UInt64(words[at + 1]) == Simulation(seed: UInt64(seed)).run().digest.value)
  }

  private static func outputOfThisProgram(_ variable: String, _ filter: String) -> String? {
    let command = "\(variable) /proc/\(getpid())/exe --testing-library swift-testing --filter \(filter) 2>&1"
    // unsafe: the C library's pipe is read to its end and closed here.
    guard let pipe = unsafe popen(command, "r") else { return nil }
    defer { unsafe pclose(pipe) }
    var output: [UInt8] = []
    while true {
      let octet = unsafe fgetc(pipe)
      guard octet >= 0 else { return String(decoding: output, as: UTF8.self) }
      output.append(UInt8(truncatingIfNeeded: octet))
    }
  }
}
