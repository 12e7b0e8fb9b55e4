import Text
import Wire
import Zones

/// Everything the server answers from at one moment. It never changes; `SnapshotBuilder` makes the next one of it, which
/// shares what did not change.
public final class Snapshot: Sendable {
  /// By slot.
  public let workspaces: WorkspaceTable
  /// Whose client an address is.
  public let clients: ClientMap
  /// Whose a token or a listening address is.
  public let claims: ClaimTable
  /// The workspaces' zones, by slot; those for clients of availability zones have slots of their own.
  public let images: ZoneImageDirectory
  /// Whose an address is for a while.
  public let leases: LeaseTable
  /// Whom addresses are granted to; nil where there are no grants.
  public let grants: GrantTable?

  init(
    _ workspaces: WorkspaceTable, _ clients: ClientMap, _ claims: ClaimTable, _ images: ZoneImageDirectory,
    leases: LeaseTable = LeaseTable(), grants: GrantTable? = nil
  ) {
    self.workspaces = workspaces
    self.clients = clients
    self.claims = claims
    self.images = images
    self.leases = leases
    self.grants = grants
  }

  /// The same with other leases, which were made for this one.
  public func with(_ leases: LeaseTable) -> Snapshot {
    Snapshot(workspaces, clients, claims, images, leases: leases, grants: grants)
  }

  /// Puts workspaces of different names together, for those who do not go on to change them.
  ///
  /// - Parameters:
  ///   - grants: what each may claim, which the workspaces have been held to.
  ///   - own: where the server listens, as far as that is known.
  /// - Returns: with the snapshot, a problem for each claim of two of them that meet, naming both.
  public static func make(
    _ workspaces: [Workspace], grants: Grants? = nil, own: OwnAddresses = OwnAddresses()
  ) -> (snapshot: Snapshot, problems: [Problem]) {
    var builder = SnapshotBuilder(grants: grants, own: own, toldOfWorkspace: .max)
    for workspace in workspaces { builder.set(workspace) }
    let problems = builder.build().map(\.problem)
    return (builder.snapshot, problems)
  }
}

/// The workspaces of a snapshot, each with the slot that it keeps in the next ones.
public struct WorkspaceTable: Sendable {
  struct Member {
    let slot: WorkspaceSlot
    let workspace: Workspace
    /// Where the images for clients of availability zones are, by the zone's name.
    var zonal: [String: WorkspaceSlot] = [:]
  }

  var members = SlotTable<Member>()
  /// By name.
  var slots: [WorkspaceName: WorkspaceSlot] = [:]
  /// Another number whenever a workspace has come or gone.
  public internal(set) var membership: UInt64 = 0
  /// How many there are.
  public var count: Int { slots.count }

  /// The number of a workspace's slot by its name; nil when there is none of the name.
  public func slot(of name: WorkspaceName) -> Int? { slots[name]?.number }

  /// The workspace of a slot that the snapshot's own maps named; traps for any other.
  public subscript(slot: Int) -> Workspace {
    guard let member = members[slot] else { preconditionFailure("no workspace has slot \(slot)") }
    return member.workspace
  }

  /// The workspace that has a slot; nil when it has gone since, whoever may have its number now.
  public subscript(slot: WorkspaceSlot) -> Workspace? {
    guard let member = members[slot.number], member.slot === slot else { return nil }
    return member.workspace
  }

  /// The slot of a number that the snapshot's own maps named, to be kept beyond the snapshot; traps for any other.
  public func slot(_ number: Int) -> WorkspaceSlot {
    guard let member = members[number] else { preconditionFailure("no workspace has slot \(number)") }
    return member.slot
  }

  /// Where the queries of a slot's workspace are counted; nil where they are not, or the slot is nobody's.
  public func tally(of slot: Int) -> WorkspaceTally? { members[slot]?.slot.tally }

  /// Every workspace with its slot's number.
  public var all: some Sequence<(slot: Int, workspace: Workspace)> {
    members.all.lazy.map { (slot: $0.slot.number, workspace: $0.workspace) }
  }
}
