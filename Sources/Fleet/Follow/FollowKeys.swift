import Text
import Wire
import Workspaces

/// A follower's keys, and the requests that it sends.
struct FollowKeys {
  /// What a key is to a follower.
  enum Place {
    case format
    case workspace(WorkspacePlace)
    case pod(IPAddress)
    case replica(String)
    /// Its own canary.
    case ownCanary
    /// What others need.
    case other
    /// Nobody's, and why.
    case strange(String)
  }

  let store: StoreKeys
  let format: [UInt8]
  let canary: [UInt8]
  let replica: [UInt8]

  init(prefix: String, replica: String) {
    store = StoreKeys(prefix: prefix)
    format = store.octets(of: .format)
    canary = store.octets(of: .canary(replica))
    self.replica = store.octets(of: .replica(replica))
  }

  func place(of key: [UInt8]) -> Place {
    switch store.read(key) {
    case .key(.format): .format
    case .key(.file(let name, let path)): .workspace(WorkspacePlace(name: name, path: path, fault: nil))
    case .key(.change(let name)): .workspace(WorkspacePlace(name: name, path: Knowledge.author, fault: nil))
    case .key(.pod(let address)): .pod(address)
    case .key(.replica(let id)): .replica(id)
    case .key(.canary): key == canary ? .ownCanary : .other
    case .key(.leader), .key(.claims): .other
    case .foreign: .strange("no key of this program's, or of a later version's")
    case .bad(let name, let reason): bad(key, of: name, reason)
    }
  }

  /// True for what is written of workspaces and pods, whatever is wrong with it: what `backroad replicas` goes by.
  func isContent(_ key: [UInt8]) -> Bool {
    key.starts(with: store.workspaces.start) || key.starts(with: store.pods.start)
  }

  /// A key that stands below a workspace's is that workspace's trouble, and nobody else's.
  private func bad(_ key: [UInt8], of name: WorkspaceName?, _ reason: String) -> Place {
    guard let name, let start = Optional(store.workspace(name).start), key.starts(with: start) else {
      return .strange(reason)
    }
    return .workspace(
      WorkspacePlace(name: name, path: WorkspacePlace.shown(key.dropFirst(start.count)), fault: reason))
  }

  // MARK: The format

  var noFormat: String {
    "there is no key \(quoted(String(decoding: format, as: UTF8.self))) before the store's others: it is not a store of "
      + "Backroad's, or nothing was written into it yet; `backroad store copy FROM TO` makes one"
  }

  func otherFormat(_ value: [UInt8]) -> String {
    "the store has the format \(quoted(cut(String(decoding: value, as: UTF8.self), toCharacters: 40))), and this program "
      + "knows \(quoted(StoreKeys.format)) alone: it is a later version's"
  }

  // MARK: Requests

  /// A request as it is sent to a member.
  func octets(_ request: EtcdRequest, to member: StoreAddress.Member, token: String?) throws(FollowFailure) -> [UInt8] {
    var fields: [(name: String, value: String)] = []
    // Without it a watch at a member that has lost its leader is silent.
    if request.isStream { fields.append(("Grpc-Metadata-hasleader", "true")) }
    if let token { fields.append(("Authorization", token)) }
    do throws(HTTPFailure) {
      return try RequestWriter.octets(
        "POST", request.path, host: member.hostField, fields: fields, body: request.body)
    } catch {
      throw .protocolFault("\(error)")
    }
  }
}

extension StoreAddress.Member {
  /// What stands in a request's Host field.
  var hostField: String {
    switch self {
    case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix: "localhost"
    }
  }
}
