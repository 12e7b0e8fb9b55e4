#if DEBUG
  import Foundation
  import Glibc
  import Storage
  import SystemIO
  import Testing
  import Wire
  import Workspaces

  @testable import Server

  /// Every system call that the keeping of leases makes fails once, in turn: what the server says of a lease, then and
  /// after a start, is what it said when it was asked.
  @Suite("Lease keeper: a system call that fails")
  struct LeaseKeeperFaultTests {
    /// What is asked for one after the other, enough for the journal to be written anew.
    private enum Request {
      case add(ClosedRange<UInt32>)
      case remove(ClosedRange<UInt32>)
    }

    private static let requests: [Request] = [
      .add(1...3), .remove(2...2), .add(1...1000), .add(1...1000), .add(1001...1001), .remove(1...1), .add(1002...1003),
    ]

    private func keeper(_ path: String, _ snapshot: Snapshot) throws -> LeaseKeeper {
      let keeper = try LeaseKeeper(path: path, seed: 7, log: Log()) { _ in [] }
      _ = keeper.adopt(snapshot)
      return keeper
    }

    private func listed(_ keeper: LeaseKeeper) -> Set<IPAddress> {
      Set(keeper.list(of: nil, after: nil, limit: 10_000).map(\.address))
    }

    /// Does all requests under a plan.
    ///
    /// - Returns: how many were refused.
    @discardableResult
    private func run(_ plan: FaultPlan, _ what: Comment) throws -> Int {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keeper-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = "\(folder.path)/\(LeaseJournal.standardPath)"
      let name = try #require(WorkspaceName("acme"))
      let source = WorkspaceSource(
        name: name, folder: "acme", files: ["workspace.json": Array(#"{ "clients": [] }"#.utf8)])
      let snapshot = Snapshot.make([try #require(Workspace.load(source, serverRules: []).workspace)]).snapshot
      var held: Set<IPAddress> = []
      var refused = 0
      try plan.run {
        let keeper = try keeper(path, snapshot)
        guard keeper.obstacle == nil else { return }
        for request in Self.requests {
          do throws(LeaseKeeper.Failure) {
            switch request {
            case .add(let addresses):
              _ = try keeper.add(addresses.map { .v4($0) }, to: name, ttlSeconds: 3600)
              held.formUnion(addresses.map { .v4($0) })
            case .remove(let addresses):
              try keeper.remove(addresses.map { .v4($0) }, of: name)
              held.subtract(addresses.map { .v4($0) })
            }
          } catch {
            // What was never granted cannot be removed either.
            if case .unwritten = error { refused += 1 }
          }
          #expect(listed(keeper) == held, what)
        }
      }
      #expect(listed(try self.keeper(path, snapshot)) == held, what)
      return refused
    }

    @Test("A lease that is refused is not there, then and after a start; one that is acknowledged is")
    func everyCallOnce() throws {
      let whole = FaultPlan()
      #expect(try run(whole, "nothing fails") == 0)
      #expect(whole.calls.contains { $0.hasPrefix("rename ") } && whole.calls.count > 30)
      var refusals = 0
      for number in 1...whole.calls.count {
        refusals += try run(
          FaultPlan(failing: number, .error(EIO)), "call \(number), \(whole.calls[number - 1]), fails")
      }
      #expect(refusals > 10)
    }
  }
#endif
