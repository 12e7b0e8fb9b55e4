import Fleet
import Forwarding
import Storage
import Synchronization
import Testing
import Wire
import Workspaces

@testable import Server

/// A store of leases that does what the test says when it is written.
final class ScriptedLeaseStore: LeaseStore {
  /// Gives the revision of a change; the workspace is nil where leases end.
  typealias Write = @Sendable ([IPAddress], WorkspaceName?, UInt64) throws(LeaseStoreFailure) -> Int64

  private let write: Write

  init(_ write: @escaping Write) { self.write = write }

  func grant(
    _ addresses: [IPAddress], to workspace: WorkspaceName, seconds: UInt64, where counts: (WorkspaceName) -> Bool
  ) throws(LeaseStoreFailure) -> Int64 { try write(addresses, workspace, seconds) }

  func remove(_ addresses: [IPAddress], of workspace: WorkspaceName) throws(LeaseStoreFailure) -> Int64 {
    try write(addresses, nil, 0)
  }
}

/// A keeper of a store's leases, with workspaces that have no clients of their own.
struct FollowedLeaseRig {
  let keeper: LeaseKeeper
  /// How many snapshots the workers were handed.
  let handed: Handed

  final class Handed: Sendable {
    private let content = Mutex(0)
    var count: Int { content.withLock { $0 } }
    func add() { content.withLock { $0 += 1 } }
  }

  init(
    _ workspaces: [WorkspaceName], limits: LeaseLimits = .ofStore, log: Log,
    _ write: @escaping ScriptedLeaseStore.Write = { _, _, _ in 0 }
  ) throws {
    let handed = Handed()
    keeper = LeaseKeeper(store: StoreOfLeases(ScriptedLeaseStore(write)), limits: limits, seed: 7, log: log) { _ in
      handed.add()
      return []
    }
    self.handed = handed
    let loaded = try workspaces.map { name in
      try #require(
        Workspace.load(
          WorkspaceSource(
            name: name, folder: "\(name)", files: ["workspace.json": Array(#"{ "clients": [] }"#.utf8)]),
          serverRules: []
        ).workspace)
    }
    _ = keeper.adopt(Snapshot.make(loaded).snapshot)
  }

  /// Whose client an address is by what the workers have been handed.
  func holder(of address: IPAddress, at seconds: Int64) -> WorkspaceName? {
    guard let snapshot = keeper.snapshot else { return nil }
    return snapshot.leases.workspace(of: address, at: Self.moment(seconds).now).map { snapshot.workspaces[$0].name }
  }

  static func moment(_ seconds: Int64) -> LeaseKeeper.Moment {
    let nanoseconds = UInt64(seconds) * 1_000_000_000
    return LeaseKeeper.Moment(
      now: Instant(nanoseconds: nanoseconds),
      clock: LeaseClock(sinceBoot: UInt64(seconds) * 1000, wall: 1_700_000_000_000 + UInt64(seconds) * 1000))
  }

  func take(_ pods: [IPAddress: [UInt8]?], _ revision: Int64, at seconds: Int64) {
    keeper.take(pods, revision: revision, moment: Self.moment(seconds))
  }

  func hear(at seconds: Int64) { keeper.heard(at: Self.moment(seconds).now, moment: Self.moment(seconds)) }
}

/// The value of a pod's key as a discovery writes it.
func podValue(_ workspace: WorkspaceName, uid: String = "1") -> [UInt8] {
  PodRecord.octets(PodIdentity(workspace: workspace, uid: uid, namespace: "jobs", name: "c-\(uid)"), seconds: 60)
}
