import Text
import Wire
import Zones

/// Makes each snapshot from the one before it: what did not change is shared, whatever the number of workspaces.
public struct SnapshotBuilder: Sendable {
  /// The last one that was built.
  public private(set) var snapshot = Snapshot(WorkspaceTable(), ClientMap([]), ClaimTable(), ZoneImageDirectory())

  private let pool: WorkspaceSlotPool
  /// What the next snapshot has otherwise; nil for a workspace that is gone.
  private var changes: [WorkspaceName: Workspace?] = [:]
  /// Of the last change: each has one of its own.
  private var lastGeneration: UInt64 = 0

  /// Starts without workspaces.
  ///
  /// - Parameter countsQueries: true for slots that have a tally.
  public init(countsQueries: Bool = false) { pool = WorkspaceSlotPool(countsQueries: countsQueries) }

  /// Has the next snapshot hold a workspace, in the place of the one of its name if there is one.
  public mutating func set(_ workspace: Workspace) { changes[workspace.name] = .some(workspace) }

  /// Has the next snapshot not hold a workspace.
  public mutating func remove(_ name: WorkspaceName) { changes[name] = .some(nil) }

  /// Makes the next snapshot.
  ///
  /// A prefix, token or listening address that two workspaces claim is nobody's: its clients are refused until the files
  /// agree.
  ///
  /// - Returns: a problem for each claim that two workspaces make, naming both; none where no claims have changed.
  public mutating func build() -> [Problem] {
    guard !changes.isEmpty else { return [] }
    var workspaces = snapshot.workspaces
    var images: [ZoneImageDirectory.Change] = []
    var (arePrefixesNew, areClaimsNew) = (false, false)
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
      }
      workspaces.members[slot.number] = workspace.map { .init(slot: slot, workspace: $0) }
      images.append(.init(slot: slot.number, image: workspace?.image, generation: lastGeneration))
      arePrefixesNew = arePrefixesNew || before?.clients ?? [] != workspace?.clients ?? []
      areClaimsNew = areClaimsNew || before?.claims ?? WorkspaceClaims() != workspace?.claims ?? WorkspaceClaims()
    }
    changes = [:]
    var problems: [Problem] = []
    let clients = arePrefixesNew ? Self.clients(of: workspaces, &problems) : snapshot.clients
    let claims = areClaimsNew ? ClaimTable(workspaces, &problems) : snapshot.claims
    snapshot = Snapshot(workspaces, clients, claims, snapshot.images.changed(images))
    return problems
  }

  /// Whose client an address is, where the workspaces agree on that.
  private static func clients(of workspaces: WorkspaceTable, _ problems: inout [Problem]) -> ClientMap {
    var claims: [Claim] = []
    for (slot, workspace) in workspaces.all {
      for index in workspace.clients.indices { claims.append(Claim(slot, workspace.clients[index].prefix, index)) }
    }
    claims.sort { $0.prefix < $1.prefix }
    var entries: [ClientMap.Entry] = []
    var disputed: [(claim: Claim, first: Workspace)] = []
    var start = 0
    while start < claims.count {
      let end = claims[start...].firstIndex { $0.prefix != claims[start].prefix } ?? claims.count
      let rivals = claims[start..<end].sorted { workspaces[$0.slot].name < workspaces[$1.slot].name }
      entries.append(.init(prefix: claims[start].prefix, workspace: rivals.count == 1 ? rivals[0].slot : nil))
      for rival in rivals.dropFirst() { disputed.append((rival, workspaces[rivals[0].slot])) }
      start = end
    }
    disputed.sort { a, b in
      let (x, y) = (workspaces[a.claim.slot].name, workspaces[b.claim.slot].name)
      return (x, a.claim.index) < (y, b.claim.index)
    }
    problems += disputed.map { claim, first in Self.dispute(over: claim, by: workspaces[claim.slot], first) }
    return ClientMap(entries)
  }

  /// A workspace's word that a prefix is of its clients.
  private struct Claim {
    let slot: Int
    let prefix: IPPrefix
    /// Among the workspace's own.
    let index: Int

    init(_ slot: Int, _ prefix: IPPrefix, _ index: Int) {
      self.slot = slot
      self.prefix = prefix
      self.index = index
    }
  }

  private static func dispute(over claim: Claim, by workspace: Workspace, _ first: Workspace) -> Problem {
    Problem(
      file: "\(workspace.folder)/\(WorkspaceFile.fileName)", position: workspace.clients[claim.index].position,
      """
      the clients \(claim.prefix) are those of workspace \(first.name) too, so both are refused; \
      leave the prefix to one of them
      """)
  }
}
