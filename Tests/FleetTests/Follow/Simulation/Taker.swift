import Fleet
import Wire
import Workspaces

/// What somebody has who takes everything that a follower hands on.
struct Taker: Hashable {
  var files: [WorkspaceName: [String: [UInt8]]] = [:]
  var bad: [WorkspaceName: Set<String>] = [:]
  var pods: [IPAddress: [UInt8]] = [:]

  mutating func take(_ change: StoreChange) {
    for (name, workspace) in change.workspaces {
      if workspace.isGone || workspace.isWhole { remove(name) }
      if workspace.isGone { continue }
      for (path, octets) in workspace.files {
        files[name, default: [:]][path] = octets
        if octets != nil { bad[name]?.remove(path) }
      }
      for (path, why) in workspace.bad {
        if why == nil { bad[name]?.remove(path) } else { bad[name, default: []].insert(path) }
      }
      if bad[name]?.isEmpty == true { bad[name] = nil }
      if files[name]?.isEmpty == true { files[name] = nil }
    }
    for (address, octets) in change.pods { pods[address] = octets }
  }

  mutating func remove(_ name: WorkspaceName) {
    files[name] = nil
    bad[name] = nil
  }

  var names: Set<WorkspaceName> { Set(files.keys).union(bad.keys) }
}

/// What a taker should have of a store.
struct Expectation {
  enum Place {
    case file(WorkspaceName, String)
    case bad(WorkspaceName, String)
    case pod(IPAddress)
    case none
  }

  let keys: StoreKeys
  private var places: [[UInt8]: Place] = [:]

  init(keys: StoreKeys) { self.keys = keys }

  mutating func place(_ key: [UInt8]) -> Place {
    if let place = places[key] { return place }
    let place: Place =
      switch keys.read(key) {
      case .key(.file(let name, let path)): .file(name, path)
      case .key(.pod(let address)): .pod(address)
      case .bad(let name?, _) where key.starts(with: keys.workspace(name).start):
        .bad(name, String(decoding: key.dropFirst(keys.workspace(name).start.count), as: UTF8.self))
      default: .none
      }
    places[key] = place
    return place
  }

  /// What a store holds at a revision.
  mutating func of(_ model: StoreModel, at revision: Int64) -> Taker {
    var taker = Taker()
    for key in model.keys.keys {
      guard let entry = model.entry(key, at: revision) else { continue }
      switch place(key) {
      case .file(let name, let path): taker.files[name, default: [:]][path] = entry.value
      case .bad(let name, let path): taker.bad[name, default: []].insert(path)
      case .pod(let address): taker.pods[address] = entry.value
      case .none: break
      }
    }
    return taker
  }

  /// True when a revision changes something that is handed on.
  mutating func isContent(_ events: [StoreModel.Event]) -> Bool {
    events.contains { if case .none = place($0.key) { false } else { true } }
  }
}
