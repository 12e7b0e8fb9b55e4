import Forwarding
import Wire
import Workspaces

/// A connection to the store, by a number that never comes twice.
public struct StoreConnection: Hashable, Sendable, CustomStringConvertible {
  /// The number.
  public let rawValue: UInt64

  /// The connection of a number.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// `#7`.
  public var description: String { "#\(rawValue)" }
}

/// What a follower wants done. They are to be done in their order.
public enum FollowAction: Sendable {
  /// Make a connection to one of the store's endpoints, by its number in the address; then say `opened` or `ended`.
  case open(StoreConnection, endpoint: Int)
  /// Send octets on a connection that is open.
  case send(StoreConnection, [UInt8])
  /// Close a connection. It is not to be told of any more.
  case close(StoreConnection)
  /// Take over what the store holds.
  case take(StoreChange)
  /// All of the store has been handed on, by the pieces before this.
  case loaded(StoreLoad)
  /// So many of the workspaces are missing in the store, more than half: they stay until a person confirms.
  case held(missing: Int, of: Int)
  /// Workspaces that were held are gone: a person has confirmed it.
  case gone(Set<WorkspaceName>)
  /// Something for the log.
  case tell(FollowNews)
}

/// What the store holds, or no longer holds: either one revision's changes, whole, or a piece of a load.
///
/// Values are handed on as they are: whether one makes sense is for whoever takes them to find, and concerns its workspace,
/// or its address, alone.
public struct StoreChange: Hashable, Sendable {
  /// The revision that this is of; of a piece of a load, the one that the load is pinned to.
  public var revision: Int64
  /// A piece of a load: what it does not tell of may be of another revision until the load has ended.
  public var isPiece = false
  /// The workspaces that have changed.
  public var workspaces: [WorkspaceName: WorkspaceChange] = [:]
  /// The pods' addresses whose values have changed; nil for one that is gone.
  public var pods: [IPAddress: [UInt8]?] = [:]
  /// The replicas whose values have changed; nil for one that is gone.
  public var replicas: [String: [UInt8]?] = [:]
  /// Keys that are none of ours, or that could be nobody's, and why.
  public var strangers: [StrangeKey] = []

  /// Nothing has changed.
  public init(revision: Int64) { self.revision = revision }

  /// True when there is nothing to take.
  public var isEmpty: Bool { workspaces.isEmpty && pods.isEmpty && replicas.isEmpty && strangers.isEmpty }
}

/// What has become of a workspace's files.
public struct WorkspaceChange: Hashable, Sendable {
  /// The files are all that the workspace has: every other that is kept of it goes.
  public var isWhole = false
  /// The workspace is gone, with everything that is kept of it.
  public var isGone = false
  /// The files' octets, by their paths in the workspace's folder; nil for one that is gone.
  public var files: [String: [UInt8]?] = [:]
  /// Keys below the workspace's that are no files, and why; nil for one that is gone. As long as there is one, the workspace is
  /// not what somebody meant it to be.
  public var bad: [String: String?] = [:]
  /// Who made the last change, as they wrote it down.
  public var author: [UInt8]?

  /// Nothing has changed.
  public init() {}
}

/// A key below the prefix that is nobody's.
public struct StrangeKey: Hashable, Sendable {
  /// The key, as text.
  public let key: String
  /// What is wrong with it.
  public let why: String
}

/// The end of a load.
public struct StoreLoad: Hashable, Sendable {
  /// The revision of which everything was handed on.
  public let revision: Int64
  /// The workspaces that the store has.
  public let names: Set<WorkspaceName>
  /// Those that are gone, and are to be taken away.
  public let gone: Set<WorkspaceName>
  /// Those that are missing in the store and stay, until somebody confirms that they are gone, or they come back.
  public let held: Set<WorkspaceName>
  /// The store is not the one that was followed before.
  public let isOtherStore: Bool
  /// How many workspaces were as they had been handed on before, and were not handed on again.
  public let unchanged: Int
}

/// Something that people may want to know.
public enum FollowNews: Hashable, Sendable {
  /// The store is followed, at an endpoint.
  case following(endpoint: Int)
  /// It is not, for a reason; it is tried again, at the next endpoint.
  case failed(endpoint: Int, FollowFailure)
  /// Everything is loaded anew, for a reason.
  case loading(String)
  /// The store is another one than before, for a reason.
  case otherStore(String)
  /// What was known differed from what the store has, in so many workspaces and addresses.
  case differences(Int)
  /// The workspaces that were held are all back.
  case back
}

/// Why a store cannot be followed.
public enum FollowFailure: Error, Hashable, Sendable {
  /// A connection was not made, or ended; the text says why.
  case connection(String)
  /// An answer did not come in time.
  case timeout(String)
  /// What came is not what etcd says.
  case protocolFault(String)
  /// Etcd refused.
  case refused(EtcdError)
  /// The watch did not bring what was put.
  case silentWatch
  /// The watch has ended, for a reason.
  case canceled(String)
  /// The watch brought what it must not; the text says why. Everything is loaded anew.
  case torn(String)
  /// The user or the password is wrong, or one is needed.
  case credentials(String)
  /// The store is not one of this program's, or of another version; the text says what to do.
  case format(String)

  /// Somebody has to do something about it.
  public var isForPeople: Bool {
    switch self {
    case .credentials, .format: true
    case .refused(let error): error.isForbidden || error.isOutOfSpace
    default: false
    }
  }
}

extension FollowFailure: CustomStringConvertible {
  /// What is wrong, as part of a sentence.
  public var description: String {
    switch self {
    case .connection(let why), .protocolFault(let why), .torn(let why), .credentials(let why), .format(let why): why
    case .timeout(let what): "no answer in time (\(what))"
    case .refused(let error): "\(error)"
    case .silentWatch: "the watch is silent: what was put did not come by it"
    case .canceled(let why): "etcd ended the watch\(why.isEmpty ? "" : ": \(why)")"
    }
  }
}

/// What a follower has counted.
public struct FollowCounters: Hashable, Sendable {
  /// Loads that were begun, and those of them that ended.
  public var loads = 0
  /// Loads that ended.
  public var loaded = 0
  /// Pages of loads and comparisons.
  public var pages = 0
  /// Requests that were sent.
  public var requests = 0
  /// Revisions that came by the watch.
  public var revisions = 0
  /// Events that came by the watch.
  public var events = 0
  /// Canaries that came by the watch.
  public var canaries = 0
  /// Times that following ended with a failure.
  public var failures = 0
  /// Times that the store was found to be another one.
  public var otherStores = 0
  /// Comparisons that came to their end.
  public var comparisons = 0
  /// Workspaces and addresses in which comparisons found a difference.
  public var differences = 0
  /// Keys that are nobody's.
  public var strangers = 0

  /// Nothing yet.
  public init() {}
}

/// How a follower stands; for `status` and metrics.
public struct FollowReport: Hashable, Sendable {
  /// The endpoint that is used, or tried next.
  public var endpoint: Int
  /// The watch is there, and what it brings is live.
  public var isLive: Bool
  /// Everything is being loaded.
  public var isLoading: Bool
  /// The revision up to which everything was handed on; nil before the first load has ended.
  public var revision: Int64?
  /// The cluster; nil before it has said a word.
  public var clusterID: UInt64?
  /// When the store last proved that nothing is missed; nil for never.
  public var lastContact: Instant?
  /// The failure of the last try; nil since one has succeeded.
  public var failure: FollowFailure?
  /// How many workspaces are held.
  public var held: Int
  /// How many workspaces the store has, as far as is known.
  public var workspaces: Int
  /// How many pods' addresses the store has.
  public var pods: Int
}
