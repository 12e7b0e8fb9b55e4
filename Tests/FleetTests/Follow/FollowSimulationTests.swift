import Fleet
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Following a store under seeds. A fifth of `BACKROAD_SEEDS` are run, from `BACKROAD_FIRST_SEED` on.
struct FollowSimulationTests {
  private static let parts = 2

  @Test(arguments: 0..<parts)
  func seeds(_ part: Int) throws {
    let first = Self.number("BACKROAD_FIRST_SEED", 1)
    let count = max(10, Self.number("BACKROAD_SEEDS", 0) / 5)
    var (seeds, steps, checks, loads, revisions, failures, others) = (0, 0, 0, 0, 0, 0, 0)
    for seed in stride(from: first + part, to: first + count, by: Self.parts) {
      let simulation = try FollowSimulation(seed: UInt64(seed))
      do { try simulation.run() } catch { Issue.record("\(error)") }
      let counters = simulation.world.follower.counters
      seeds += 1
      steps += simulation.world.steps
      checks += simulation.world.checks
      loads += counters.loaded
      revisions += counters.revisions
      failures += counters.failures
      others += counters.otherStores
    }
    print(
      "Following: \(seeds) seeds, \(steps) steps, \(checks) checks, \(loads) loads, \(revisions) revisions, "
        + "\(failures) failures, \(others) other stores")
  }

  private static func number(_ variable: String, _ otherwise: Int) -> Int {
    // unsafe: the environment is read, and nothing in this process writes it.
    unsafe getenv(variable).flatMap { unsafe Int(String(cString: $0)) } ?? otherwise
  }
}
