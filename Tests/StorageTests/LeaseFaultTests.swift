#if DEBUG
  import Glibc
  import SystemIO
  import Testing
  import Text
  import Wire
  import Workspaces

  @testable import Storage

  /// Every system call of the journal's life fails once, in turn, or is the last: what was acknowledged is what the next
  /// process finds.
  @Suite("Lease journal: a system call that fails")
  struct LeaseFaultTests {
    private typealias Held = [IPAddress: UInt64]
    private static let now = LeaseClock(sinceBoot: 5_000_000, wall: 1_763_726_400_000)
    private static let boot = "0c7b1c5e-0f6d-4f0e-9a39-3f1d7c2a5b10"

    /// What is done one after the other. The renewals make the file long enough to be written anew, and the change after
    /// them is the one that does it.
    private static func changes() throws -> [[LeaseRecord]] {
      let acme = try workspace("acme")
      func grant(_ addresses: ClosedRange<UInt32>, _ milliseconds: UInt64) -> [LeaseRecord] {
        addresses.map { .granted(.v4($0), acme, milliseconds: milliseconds) }
      }
      return [
        grant(1...3, 60_000), [.revoked(.v4(2))], grant(1...1000, 61_000), grant(1...1000, 62_000),
        grant(1001...1001, 60_000), [.revoked(.v4(1))], grant(1002...1003, 60_000),
      ]
    }

    private static func apply(_ change: [LeaseRecord], to held: inout Held) {
      for record in change {
        switch record {
        case .granted(let address, _, let milliseconds): held[address] = milliseconds
        case .revoked(let address): held[address] = nil
        }
      }
    }

    /// What a process that starts now finds.
    private func found(_ path: String) throws -> Held {
      var held: Held = [:]
      guard try Files.identity(path) != nil else { return held }
      let octets = try Files.read(path, maximumSize: 1 << 24)
      let log = LeaseLog(octets, boot: Self.boot, at: Self.now) { Self.apply([$0], to: &held) }
      #expect(log?.damages == [])
      return held
    }

    /// Runs everything under a plan.
    ///
    /// - Returns: how many changes were refused.
    @discardableResult
    private func run(_ plan: FaultPlan, startsAnew: Bool, dies: Bool = false, _ what: Comment) throws -> Int {
      let folder = try TemporaryZones()
      let path = "\(folder.zones.path)/\(LeaseJournal.standardPath)"
      var held: Held = [:]
      let acme = try workspace("acme")
      if startsAnew {
        var before = LeaseJournal(path: path, boot: "another")
        let change: [LeaseRecord] = [.granted(.v4(7), acme, milliseconds: 5_100_000)]
        try before.append(change, at: Self.now) { [] }
        // Of an earlier start of the machine: all the time since this one has passed.
        held[.v4(7)] = 100_000
      }
      var refused = 0
      try plan.run {
        var journal = LeaseJournal(path: path, boot: Self.boot)
        do {
          let recovery = try journal.recover(at: Self.now) { _ in }
          let records = held.map { LeaseRecord.granted($0.key, acme, milliseconds: $0.value) }
          if recovery.isDated { try journal.renew(records, at: Self.now) }
        } catch  where held.isEmpty || dies {
        } catch {
          // The server keeps what it has read, or holds and takes nothing; the file is as it was.
          #expect(try FaultPlan().run { try found(path) } == held, what)
          if !"\(error)".contains("anew") { return }
        }
        for change in try Self.changes() {
          var next = held
          Self.apply(change, to: &next)
          do {
            try journal.append(change, at: Self.now) {
              held.map { .granted($0.key, acme, milliseconds: $0.value) }
            }
            held = next
          } catch {
            refused += 1
            let left = try FaultPlan().run { try found(path) }
            // Of a process that died in the middle nobody knows whether its last change was done.
            if dies { return #expect(left == held || left == next, what) }
            #expect(left == held, what)
          }
        }
        #expect(try FaultPlan().run { try found(path) } == held, what)
      }
      return refused
    }

    @Test("A change that is refused is not found, one that is acknowledged is", arguments: [false, true])
    func everyCallOnce(startsAnew: Bool) throws {
      let whole = FaultPlan()
      #expect(try run(whole, startsAnew: startsAnew, "nothing fails") == 0)
      #expect(whole.calls.contains { $0.hasPrefix("rename ") } && whole.calls.count > 30)
      var refusals = 0
      for number in 1...whole.calls.count {
        for code in [EIO, ENOSPC, EINTR, EMFILE, EACCES] {
          let what: Comment = "call \(number), \(whole.calls[number - 1]), fails with \(code)"
          let refused = try run(FaultPlan(failing: number, .error(code)), startsAnew: startsAnew, what)
          #expect(refused <= 1, what)
          if code == EINTR { #expect(refused == 0, what) }
          refusals += refused
        }
        try run(
          FaultPlan(stoppingAt: number), startsAnew: startsAnew, dies: true, "dies at call \(number)")
      }
      #expect(refusals > 40)
    }

    @Test("A change is acknowledged only after the file that has it, and the folder that has the file, are on the disk")
    func order() throws {
      let plan = FaultPlan()
      try run(plan, startsAnew: true, "nothing fails")
      for (index, call) in plan.calls.enumerated() {
        let rest = plan.calls[(index + 1)...].map { $0.prefix { $0 != " " } }
        if call.hasPrefix("write ") {
          #expect(rest.first { $0 != "write" && $0 != "ftruncate" } == "fdatasync", "\(call)")
        }
        if call.hasPrefix("rename ") { #expect(rest.first { $0 != "open" } == "fsync", "\(call)") }
      }
    }

    /// Each lease is renewed again and again, and the file is never written anew.
    @Test func aFileThatCannotBeWrittenAnewIsToldOfAndBounded() throws {
      let folder = try TemporaryZones()
      let path = "\(folder.zones.path)/\(LeaseJournal.standardPath)"
      let acme = try workspace("acme")
      let most = 400 << 10
      var journal = LeaseJournal(path: path, boot: Self.boot, maximumOctets: most)
      var held: Held = [:]
      func renew(_ round: UInt64) throws -> Problem? {
        let records = (1...1000).map { LeaseRecord.granted(.v4($0), acme, milliseconds: 60_000 + round) }
        let before = held.map { LeaseRecord.granted($0.key, acme, milliseconds: $0.value) }
        let warning = try journal.append(records, at: Self.now) { before }
        Self.apply(records, to: &held)
        return warning
      }
      var warnings: [Problem] = []
      var refusal = "no problem"
      FaultPlan(failingEvery: "rename", code: EIO).run {
        for round in 0..<20 as Range<UInt64> where refusal == "no problem" {
          refusal = problem { if let warning = try renew(round) { warnings.append(warning) } }
        }
      }
      #expect(warnings.map(\.severity) == [.warning], "once, and not at each try")
      #expect(warnings.first?.message.hasPrefix("this grows, as it cannot be written anew") == true)
      #expect(refusal.hasPrefix("\(path): cannot write the leases anew"))
      #expect(try Files.identity(path) != nil)
      #expect(try Files.read(path, maximumSize: most).count > most / 2)
      #expect(try found(path) == held)
      // Once it can be written anew all goes on.
      #expect(try renew(30) == nil)
      #expect(try found(path) == held)
      #expect(try Files.read(path, maximumSize: most).count < most / 2)
    }
  }
#endif
