import Admin
import Fleet
import Server
import Storage
import SystemIO
import Text
import Wire
import Workspaces

/// Who keeps the leases that a command changes.
enum LeaseServer {
  /// A running server, which has them in its journal or its store.
  case running(AdminClient)
  /// The store itself, without any server.
  case store(EtcdLeases, any Store)

  func add(_ addresses: [IPAddress], to workspace: WorkspaceName, seconds: UInt32) throws -> JSON {
    switch self {
    case .running(let server):
      return try server.ask(
        .post, ["v1", "leases"],
        body: [
          "workspace": .string("\(workspace)"), "addresses": .array(addresses.map { .string("\($0)") }),
          "ttl": .number(seconds),
        ])
    case .store(let leases, let store):
      guard try store.contains(workspace) else { throw try store.noWorkspace(workspace) }
      try telling {
        () throws(LeaseStoreFailure) in
        _ = try leases.grant(addresses, to: workspace, seconds: UInt64(seconds)) { name in
          // One that cannot be looked up is taken to be there.
          (try? store.contains(name)) != false
        }
      }
      let ends = System.wallClockSeconds() + UInt64(seconds)
      return [
        "leases": .array(
          addresses.map {
            [
              "address": .string("\($0)"), "workspace": .string("\(workspace)"), "secondsLeft": .number(seconds),
              "ends": .number(ends),
            ]
          })
      ]
    }
  }

  func remove(_ addresses: [IPAddress], of workspace: WorkspaceName) throws -> JSON {
    switch self {
    case .running(let server):
      return try server.ask(
        .post, ["v1", "leases", "remove"],
        body: ["workspace": .string("\(workspace)"), "addresses": .array(addresses.map { .string("\($0)") })])
    case .store(let leases, _):
      try telling { () throws(LeaseStoreFailure) in _ = try leases.remove(addresses, of: workspace) }
      return ["removed": .number(addresses.count)]
    }
  }

  func list(of workspace: WorkspaceName?) throws -> [JSON] {
    switch self {
    case .running(let server): return try Self.list(of: workspace, server)
    case .store(let leases, let store):
      if let workspace, try !store.contains(workspace) { throw try store.noWorkspace(workspace) }
      let now = System.wallClockSeconds()
      var found: [EtcdLeases.Entry] = []
      try telling { () throws(LeaseStoreFailure) in found = try leases.list(of: workspace) }
      return found.map { entry in
        [
          "address": .string("\(entry.address)"), "workspace": .string("\(entry.workspace)"),
          "secondsLeft": entry.secondsLeft.map { .number($0) } ?? nil,
          "ends": entry.secondsLeft.map { .number(now + $0) } ?? nil,
        ]
      }
    }
  }

  private static func list(of workspace: WorkspaceName?, _ server: AdminClient) throws -> [JSON] {
    var leases: [JSON] = []
    while true {
      var query = [(key: "limit", value: "10000")]
      if let workspace { query.append((key: "workspace", value: "\(workspace)")) }
      if let last = leases.last { query.append((key: "after", value: last.string("address"))) }
      let page = try server.ask(.get, ["v1", "leases"], query)
      leases += page.list("leases")
      guard page["more"]?.content == .bool(true), !page.list("leases").isEmpty else { return leases }
    }
  }

  private func telling(_ body: () throws(LeaseStoreFailure) -> Void) throws(Problem) {
    do throws(LeaseStoreFailure) {
      try body()
    } catch {
      switch error {
      case .refused(let refusal): throw Problem(refusal.message)
      case .problem(let problem): throw problem
      }
    }
  }
}

extension Arguments {
  /// The running server, unless a flag names a store in etcd: that is changed without one.
  func leaseKeeper() throws -> LeaseServer {
    guard let text = value(.store), StoreAddress.isMeant(by: text), !has(.admin),
      let address = try storeAddress(over: .init())
    else { return .running(try runningServer()) }
    let file = hasOwnConfiguration ? try configurationFile() : ServerSettings()
    return .store(
      EtcdLeases(address, try storeCredentials(over: file), ofServer: false), try store(over: file))
  }
}
