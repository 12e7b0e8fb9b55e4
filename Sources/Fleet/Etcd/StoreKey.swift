import Bounds
import Text
import Wire
import Workspaces

/// A key that Backroad has in the store.
public enum StoreKey: Hashable, Sendable {
  /// Which form the keys have: `StoreKeys.format`.
  case format
  /// A file of a workspace, by its path in the workspace's folder.
  case file(WorkspaceName, path: String)
  /// Who changed a workspace last, when, and by which command.
  case change(WorkspaceName)
  /// Who added a workspace last: whoever adds one holds its clients against all others of the same moment.
  case claims
  /// Whose client a pod's address is.
  case pod(IPAddress)
  /// A replica, by its name.
  case replica(String)
  /// What a replica writes to see whether its watch lives.
  case canary(String)
  /// Who leads in something.
  case leader(String)
}

/// The keys of one fleet: below its prefix, in the folder's layout.
public struct StoreKeys: Hashable, Sendable {
  /// What all keys start with, without the version: `/backroad`.
  public let prefix: String

  /// Keys below a prefix, which is a `StoreAddress`'s.
  public init(prefix: String = StoreAddress.defaultPrefix) { self.prefix = prefix }

  /// The value of the key `format`.
  public static let format = "backroad 1"

  /// That the keys have the form which this program knows: a part of everything that is written.
  public var hasForm: EtcdTransaction.Comparison {
    EtcdTransaction.Comparison(octets(of: .format), .value(Array(Self.format.utf8)))
  }

  /// What a key of the store is.
  public enum Reading: Hashable, Sendable {
    /// One of Backroad's.
    case key(StoreKey)
    /// None of Backroad's, or of a later version; it is left alone.
    case foreign
    /// Where one of Backroad's should be, and none: what is wrong, and whose workspace it is in, if it is in one.
    case bad(WorkspaceName?, reason: String)
  }

  /// Every key.
  public var all: KeyRange { .prefix(octets("")) }
  /// Every key of all workspaces.
  public var workspaces: KeyRange { .prefix(octets("ws/")) }
  /// Every key of one workspace.
  public func workspace(_ name: WorkspaceName) -> KeyRange { .prefix(octets("ws/\(name)/")) }
  /// Every pod.
  public var pods: KeyRange { .prefix(octets("pod/")) }
  /// Every replica.
  public var replicas: KeyRange { .prefix(octets("replica/")) }

  /// A key's octets.
  public func octets(of key: StoreKey) -> [UInt8] {
    switch key {
    case .format: octets("format")
    case .file(let name, let path): octets("ws/\(name)/\(path)")
    case .change(let name): octets("ws/\(name)/\(Self.changePath)")
    case .claims: octets("claims")
    case .pod(let address): octets("pod/\(address)")
    case .replica(let name): octets("replica/\(name)")
    case .canary(let name): octets("canary/\(name)")
    case .leader(let name): octets("leader/\(name)")
    }
  }

  private func octets(_ rest: String) -> [UInt8] { Array("\(prefix)/v1/\(rest)".utf8) }

  /// Where a workspace's last change is told of, beside its files.
  private static let changePath = ".change"

  // MARK: Reading

  /// What a key of the store is, whatever its octets are.
  public func read(_ key: [UInt8]) -> Reading {
    let start = octets("")
    guard key.starts(with: start) else { return .foreign }
    guard let rest = String(validating: key.dropFirst(start.count), as: UTF8.self) else {
      return .bad(workspace(ofRest: key.dropFirst(start.count)), reason: "a key that is not UTF-8")
    }
    guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) else {
      return rest.isSame(as: "format") ? .key(.format) : rest.isSame(as: "claims") ? .key(.claims) : .foreign
    }
    let name = String(rest[rest.utf8.index(after: slash)...])
    switch rest[..<slash] {
    case "ws": return readWorkspace(name)
    case "pod": return readPod(name)
    case "replica": return read(name) { .replica($0) }
    case "canary": return read(name) { .canary($0) }
    case "leader": return read(name) { .leader($0) }
    default: return .foreign
    }
  }

  /// The workspace of a key that goes on with no text.
  private func workspace(ofRest rest: ArraySlice<UInt8>) -> WorkspaceName? {
    let parts = rest.split(separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].elementsEqual("ws".utf8) else { return nil }
    return WorkspaceName(String(decoding: parts[1], as: UTF8.self))
  }

  private func readWorkspace(_ rest: String) -> Reading {
    let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/"))
    guard let name = WorkspaceName(rest[..<(slash ?? rest.endIndex)]) else {
      return .bad(nil, reason: "the name of a workspace has \(WorkspaceName.rule)")
    }
    guard let slash else { return .bad(name, reason: "a key of a workspace that names none of its files") }
    let path = String(rest[rest.utf8.index(after: slash)...])
    guard !path.isSame(as: Self.changePath) else { return .key(.change(name)) }
    if let reason = Self.fault(ofPath: path) { return .bad(name, reason: reason) }
    return .key(.file(name, path: path))
  }

  /// What is wrong with the path of a workspace's file; nil for one that a workspace's folder has and somebody reads.
  public static func fault(ofPath path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && !$0.isSame(as: ".") && !$0.isSame(as: "..") }) else {
      return "a path with an empty part, \".\" or \"..\""
    }
    guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { return "a path with a control character" }
    guard parts.allSatisfy({ $0.utf8.count <= Limits.Links.pathOctets }), path.utf8.count <= Limits.Links.pathOctets
    else { return "a path of more than \(Limits.Links.pathOctets) octets" }
    let isFile = path.isSame(as: WorkspaceSource.lastChange) || WorkspaceSource.isRead(path)
    let isLink =
      parts.count == 2 && parts[0].isSame(as: WorkspaceSource.linksFolder) && WorkspaceSource.isLink(String(parts[1]))
    return isFile || isLink ? nil : "no file of a workspace: it has workspace.json, links/NAME.json and ZONE.zone"
  }

  private func readPod(_ text: String) -> Reading {
    // One key for one address: another spelling would be another key of the same pod.
    guard let address = IPAddress(text), address.description.isSame(as: text) else {
      return .bad(nil, reason: "a pod's key ends in an address as Backroad writes it")
    }
    return .key(.pod(address))
  }

  private func read(_ name: String, _ key: (String) -> StoreKey) -> Reading {
    guard StoreKeys.isName(name) else {
      return .bad(nil, reason: "a name has letters, digits, \".\", \"_\" and \"-\", \(Limits.Fleet.nameOctets) at most")
    }
    return .key(key(name))
  }

  /// True for what a replica may be called.
  public static func isName(_ text: String) -> Bool {
    (1...Limits.Fleet.nameOctets).contains(text.utf8.count) && text.utf8.allSatisfy(isNameOctet)
  }
}
