import Bounds
import Text
import Wire
import Zones

/// Makes each snapshot from the one before it: what did not change is shared, whatever the number of workspaces.
///
/// What a workspace's change costs beyond that workspace is one step for each prefix of all, to lay them out, and a copy
/// of what is known of tokens and listening addresses; neither sorts or hashes what others claim again.
public struct SnapshotBuilder: Sendable {
  /// The last one that was built.
  public private(set) var snapshot: Snapshot

  private let pool: WorkspaceSlotPool
  private let own: OwnAddresses
  private let toldOfWorkspace: Int
  /// What the next snapshot has otherwise; nil for a workspace that is gone.
  private var changes: [WorkspaceName: Workspace?] = [:]
  /// Of the last change: each has one of its own.
  private var lastGeneration: UInt64 = 0
  /// The prefixes that the last snapshot's workspaces claim, in order.
  private var prefixClaims: [ClientMap.Claim] = []

  /// Starts without workspaces.
  ///
  /// - Parameters:
  ///   - grants: what each workspace may claim; nil where all files are the operator's own. The workspaces that are set
  ///     have been held to them.
  ///   - own: where the server listens, as far as that is known.
  ///   - toldOfWorkspace: how many claims in conflict are told of a workspace; the rest is counted.
  ///   - countsQueries: true for slots that have a tally.
  public init(
    grants: Grants? = nil, own: OwnAddresses = OwnAddresses(),
    toldOfWorkspace: Int = Limits.Workspaces.conflictsTold, countsQueries: Bool = false
  ) {
    pool = WorkspaceSlotPool(countsQueries: countsQueries)
    self.own = own
    self.toldOfWorkspace = toldOfWorkspace
    snapshot = Snapshot(
      WorkspaceTable(), ClientMap([]), ClaimTable(), ZoneImageDirectory(), grants: grants.map { GrantTable($0) })
  }

  /// Has the next snapshot hold a workspace, in the place of the one of its name if there is one.
  public mutating func set(_ workspace: Workspace) { changes[workspace.name] = .some(workspace) }

  /// Has the next snapshot not hold a workspace.
  public mutating func remove(_ name: WorkspaceName) { changes[name] = .some(nil) }

  /// Makes the next snapshot.
  ///
  /// A prefix, token or listening address that two workspaces claim is nobody's: its clients are refused until the files
  /// agree.
  ///
  /// - Returns: an error for each claim that two workspaces make, and, without grants, a warning for each prefix that is
  ///   in another workspace's or is everybody's. All of them name both, and are of claims that have changed or that meet
  ///   one that has; those of one file are next to each other.
  public mutating func build() -> [ClaimProblem] {
    guard !changes.isEmpty else { return [] }
    var workspaces = snapshot.workspaces
    var claims = snapshot.claims
    var images: [ZoneImageDirectory.Change] = []
    // The slots whose prefixes or other claims are new.
    var (newPrefixes, newClaims): (Set<Int>, Set<Int>) = ([], [])
    var grantTable = snapshot.grants
    // In order, so that the same folder gives the same slots.
    for (name, workspace) in changes.sorted(by: { $0.key < $1.key }) {
      let known = workspaces.slots[name]
      let before = known.flatMap { workspaces[$0] }
      guard let slot = known ?? (workspace == nil ? nil : pool.take(for: name)) else { continue }
      lastGeneration += 1
      if known == nil || workspace == nil {
        // Only then: it copies the names of all.
        workspaces.slots[name] = workspace == nil ? nil : slot
        workspaces.membership = lastGeneration
        grantTable?.set(name, workspace == nil ? nil : slot)
      }
      let zonal = setZonalImages(workspace, name, before: workspaces.members[slot.number]?.zonal ?? [:], &images)
      workspaces.members[slot.number] = workspace.map { .init(slot: slot, workspace: $0, zonal: zonal) }
      images.append(.init(slot: slot.number, image: workspace?.image, generation: lastGeneration))
      if !Self.haveSamePrefixes(before, workspace) { newPrefixes.insert(slot.number) }
      if before?.claims ?? WorkspaceClaims() != workspace?.claims ?? WorkspaceClaims() {
        claims.replace(before?.claims, with: workspace?.claims, of: slot)
        newClaims.insert(slot.number)
      }
    }
    changes = [:]
    let clients = newPrefixes.isEmpty ? snapshot.clients : layOut(workspaces, newPrefixes)
    snapshot = Snapshot(workspaces, clients, claims, snapshot.images.changed(images), grants: grantTable)
    var conflicts = Conflicts(
      snapshot, own, changed: newPrefixes.union(newClaims), toldOfWorkspace: toldOfWorkspace)
    conflicts.addPrefixes(of: newPrefixes, prefixClaims)
    conflicts.addClaims(of: newClaims)
    return conflicts.problems
  }

  /// Gives each image for clients of an availability zone a slot of its own, the same as before where there was one.
  private mutating func setZonalImages(
    _ workspace: Workspace?, _ name: WorkspaceName, before: [String: WorkspaceSlot],
    _ images: inout [ZoneImageDirectory.Change]
  ) -> [String: WorkspaceSlot] {
    var slots: [String: WorkspaceSlot] = [:]
    for (zone, image) in workspace?.zonalImages ?? [] {
      let slot = before[zone] ?? pool.take(for: name)
      slots[zone] = slot
      lastGeneration += 1
      images.append(.init(slot: slot.number, image: image, generation: lastGeneration))
    }
    for (zone, slot) in before where slots[zone] == nil {
      lastGeneration += 1
      images.append(.init(slot: slot.number, image: nil, generation: lastGeneration))
    }
    return slots
  }

  private static func haveSamePrefixes(_ before: Workspace?, _ after: Workspace?) -> Bool {
    (before?.clients ?? []).elementsEqual(after?.clients ?? []) {
      $0.prefix == $1.prefix && $0.zone == $1.zone
    }
  }

  /// Puts the new prefixes of some workspaces among those of the others, which are in order already.
  private mutating func layOut(_ workspaces: WorkspaceTable, _ changed: Set<Int>) -> ClientMap {
    var new: [ClientMap.Claim] = []
    for slot in changed {
      guard let member = workspaces.members[slot] else { continue }
      for (index, client) in member.workspace.clients.enumerated() {
        let image = client.zone.flatMap { member.zonal[$0] } ?? member.slot
        new.append(
          .init(
            prefix: client.prefix, slot: member.slot.index, image: image.index,
            index: Int32(truncatingIfNeeded: index)))
      }
    }
    new.sort()
    var merged: [ClientMap.Claim] = []
    merged.reserveCapacity(prefixClaims.count + new.count)
    var next = 0
    for claim in prefixClaims where !changed.contains(Int(claim.slot)) {
      while next < new.count, new[next] < claim {
        merged.append(new[next])
        next += 1
      }
      merged.append(claim)
    }
    merged += new[next...]
    prefixClaims = merged
    return ClientMap(sorted: merged)
  }
}
