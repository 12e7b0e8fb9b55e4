import TestKit
import Testing

@testable import Server

/// The workers under seeds, from `BACKROAD_FIRST_SEED` on: a twentieth of `BACKROAD_SEEDS`, for each takes as long as twenty of
/// the forwarding.
struct WorkerSimulationTests {
  /// Seeds that once failed; they are run first, for ever.
  ///
  /// - 51, 164, 214: the first question after a while without any failed at once, though the upstream was back.
  /// - 20, 65: what was expected was wrong, of a question behind others at the stop and of a stale answer that was read late.
  static let kept: [UInt64] = [20, 51, 65, 164, 214]

  @Test(arguments: Self.kept)
  func keptSeed(_ seed: UInt64) throws { _ = try WorkerSimulation(seed: seed).run() }

  /// The seeds are dealt out to this many tests, which run at the same time.
  private static let parts = 4

  @Test(arguments: 0..<parts)
  func seeds(_ part: Int) throws {
    let first = Seeds.number("BACKROAD_FIRST_SEED", 1)
    let count = Seeds.number("BACKROAD_SEEDS", 400) / 20
    var total = WorkerSimulation.Figures()
    for seed in stride(from: first + part, to: first + count, by: Self.parts) {
      do {
        let simulation = try WorkerSimulation(seed: UInt64(seed))
        total.add(try simulation.run())
        if Seeds.number("BACKROAD_DIGESTS", 0) > 0 { print("digest of seed \(seed): \(simulation.digest.value)") }
      } catch {
        Issue.record("\(error)")
      }
    }
    print("Workers' simulation: \(total)")
  }

  @Test func sameSeedSameRun() throws {
    let runs = try (0..<2).map { _ in
      let simulation = try WorkerSimulation(seed: 42)
      _ = try simulation.run()
      return simulation.digest.value
    }
    #expect(runs[0] == runs[1])
  }
}

extension WorkerSimulation.Figures {
  /// Adds what another run did.
  mutating func add(_ other: Self) {
    seeds += 1
    steps += other.steps
    turns += other.turns
    questions += other.questions
    answers += other.answers
    connections += other.connections
    upstreamQueries += other.upstreamQueries
    leases += other.leases
    reloads += other.reloads
    faults += other.faults
    checks += other.checks
    evictions += other.evictions
  }
}
