import Wire

/// Whom addresses are granted to, by the slots of a snapshot.
public struct GrantTable: Sendable {
  /// By address, the grant's number.
  private let prefixes: ClientMap
  private let numbers: [WorkspaceName: Int]
  /// The slot of each grant's workspace, by the grant's number; -1 while there is no such workspace.
  private var slots: [Int32]

  init(_ grants: Grants) {
    let all = grants.all.sorted { $0.key < $1.key }
    prefixes = ClientMap(
      all.enumerated().flatMap { number, grant in
        grant.value.clients.map { ClientMap.Entry(prefix: $0, workspace: number) }
      })
    numbers = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1.key, $0) })
    slots = Array(repeating: -1, count: all.count)
  }

  /// Notes the slot of a workspace; nil for one that is gone.
  mutating func set(_ name: WorkspaceName, _ slot: WorkspaceSlot?) {
    if let number = numbers[name] { slots[number] = slot?.index ?? -1 }
  }

  /// True when an address is granted to another workspace than that of a slot.
  func isOthers(_ address: IPAddress, than slot: Int) -> Bool {
    guard let entry = prefixes.find(address), let number = prefixes.workspace(at: entry) else { return false }
    return Int(slots[number]) != slot
  }
}
