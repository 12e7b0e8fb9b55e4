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

  /// The last that was wanted of each store: the next is mostly a later one.
  private var last: [Int: (revision: Int64, taker: Taker)] = [:]

  /// What a store holds at a revision.
  mutating func of(_ model: StoreModel, at revision: Int64) -> Taker {
    var (reached, taker) = last[model.number] ?? (0, Taker())
    if reached > revision { (reached, taker) = (0, Taker()) }
    last[model.number] = nil
    if reached < revision {
      for number in (reached + 1)...revision {
        for event in model.history[number]?.events ?? [] { put(event, &taker) }
      }
    }
    last[model.number] = (revision, taker)
    return taker
  }

  private mutating func put(_ event: StoreModel.Event, _ taker: inout Taker) {
    let value = event.entry?.value
    switch place(event.key) {
    case .file(let name, let path):
      taker.files[name, default: [:]][path] = value
      if taker.files[name]?.isEmpty == true { taker.files[name] = nil }
    case .bad(let name, let path):
      if value == nil { taker.bad[name]?.remove(path) } else { taker.bad[name, default: []].insert(path) }
      if taker.bad[name]?.isEmpty == true { taker.bad[name] = nil }
    case .pod(let address): taker.pods[address] = value
    case .none: break
    }
  }

  /// True when a revision changes something that is handed on.
  mutating func isContent(_ events: [StoreModel.Event]) -> Bool {
    events.contains { if case .none = place($0.key) { false } else { true } }
  }
}
