#if DEBUG
  import Bounds
  import Glibc
  import SystemIO
  import Testing
  import Text
  import Workspaces

  @testable import Storage

  /// What one workspace's reading may cost, however dear whoever writes the folder makes each system call.
  struct ReadingBudgetTests {
    let folder: TemporaryZones
    let hostile: WorkspaceName

    init() throws {
      folder = try TemporaryZones()
      hostile = try workspace("hostile")
      try folder.write("hostile/workspace.json", "{}")
      try folder.write("hostile/links/x.json", "{}")
      try folder.write("acme/workspace.json", "{}")
    }

    /// Zone files that are all links to one.
    private func addLinks(_ count: Int) throws {
      try folder.write("hostile/end", "x")
      for number in 0..<count {
        try Files.symbolicLink(to: "end", at: "\(folder.zones.path)/hostile/n\(number).example.zone")
      }
    }

    /// The zones folder, where each system call of a plan takes a thread so many nanoseconds.
    private func zones(_ plan: FaultPlan, nanosecondsOfCall: UInt64) -> ZonesFolder {
      ZonesFolder(path: folder.zones.path) { UInt64(plan.calls.count) * nanosecondsOfCall }
    }

    private func said(_ zones: ZonesFolder, _ plan: FaultPlan, _ read: (ZonesFolder) throws -> Void) -> String {
      plan.run { problem { try read(zones) } }
    }

    /// Thirty-eight links in a row, each as long as a path may be: the kernel takes 6.5 ms to open one file.
    @Test func longWaysEndTheReadingOfTheirOwnWorkspace() throws {
      try addLinks(1000)
      let reads: [(ZonesFolder) throws -> Void] = [
        { _ = try $0.source(of: hostile) }, { _ = try $0.source(of: hostile, within: Limits.Building.smallOctets) },
        { _ = try $0.contents(of: hostile) },
      ]
      for read in reads {
        let plan = FaultPlan()
        let zones = zones(plan, nanosecondsOfCall: 6_500_000)
        #expect(
          said(zones, plan, read).hasPrefix("\(zones.path)/hostile: reading this takes far longer than its files are"))
        // 250 ms, and 100 ms for each list of a thousand entries.
        #expect(plan.calls.filter { $0.hasPrefix("openat2") }.count < 80)
      }
      let plan = FaultPlan()
      #expect(
        said(zones(plan, nanosecondsOfCall: 6_500_000), plan) { _ = try $0.contents(of: workspace("acme")) }
          == "no problem")
    }

    /// Large files may take the time that their octets take, and what is read again is granted no time anew.
    @Test func octetsAreGrantedTheirTime() throws {
      var milliseconds = 0
      let budget = ReadingBudget("hostile") { UInt64(milliseconds) * 1_000_000 }
      func isSpent() -> Bool { problem { try budget.check() } != "no problem" }
      for reading in 1...2 {
        for file in 1...6 {
          budget.grant(octets: 64 << 20)
          milliseconds = Limits.Files.readingMilliseconds + file * 64 * Limits.Files.readingMillisecondsOfMebibyte
          #expect(!isSpent(), "reading \(reading), file \(file)")
        }
        milliseconds += 1
        #expect(isSpent(), "reading \(reading)")
        budget.repeats()
      }
    }

    /// What is granted for a folder's entries is granted once, however often it is read again.
    @Test func allRepetitionsTogetherHaveOneBudget() throws {
      try addLinks(100)
      let plan = FaultPlan()
      let path = "\(folder.zones.path)/hostile/.t"
      let zones = ZonesFolder(path: folder.zones.path) {
        // Somebody makes a file and removes it, all the time.
        _ = unsafe (mkdir(path, 0o755), rmdir(path))  // unsafe: the calls read the path.
        return UInt64(plan.calls.count) * 100_000
      }
      #expect(said(zones, plan) { _ = try $0.source(of: hostile) }.contains("reading this takes far longer"))
      #expect(plan.calls.filter { $0.hasPrefix("readdir") }.count > 200, "it was read more than once")
      #expect(plan.calls.count < 2800, "20 readings have 14,000")
    }

    /// As many files, a short link each, on a machine whose calls take 10 µs each.
    @Test func shortWaysHaveTimeEnough() throws {
      try addLinks(1000)
      let plan = FaultPlan()
      #expect(said(zones(plan, nanosecondsOfCall: 10_000), plan) { _ = try $0.source(of: hostile) } == "no problem")
      #expect(said(zones(plan, nanosecondsOfCall: 10_000), plan) { _ = try $0.contents(of: hostile) } == "no problem")
    }

    /// The first thread looks, so it has less time; what is not looked at is read instead.
    @Test func aLookEndsSoon() throws {
      try addLinks(500)
      let plan = FaultPlan()
      let zones = zones(plan, nanosecondsOfCall: 6_500_000)
      // The list's own calls cost nothing here.
      let listed = plan.calls.count
      #expect(plan.run { zones.stamp(of: hostile) } == nil)
      #expect(plan.calls.dropFirst(listed).filter { $0.hasPrefix("openat2") }.count < 5)
      let quick = FaultPlan()
      let first = quick.run { self.zones(quick, nanosecondsOfCall: 1).stamp(of: hostile) }
      #expect(first != nil && first == quick.run { self.zones(quick, nanosecondsOfCall: 1).stamp(of: hostile) })
    }
  }
#endif
